"""The addresses of the studio, one module for each group."""
