"""How the preview network is trained: pictures drawn by procedures, the tasks, and the command."""
