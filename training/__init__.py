"""How the preview network is trained: pictures drawn by procedures, kernels learned layer by layer, and the command."""
