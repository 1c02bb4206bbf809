"""The command line: flags, the terminal, and what each command does with them."""
