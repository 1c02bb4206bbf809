"""Files, folders, hashes, settings and the system: helpers that import nothing heavy."""
