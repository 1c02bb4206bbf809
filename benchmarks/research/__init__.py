"""What decides about presets and networks: pictures judged."""
