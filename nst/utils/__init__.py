"""Files, folders, text and the system: what knows nothing of pictures."""
