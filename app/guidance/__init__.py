"""Finding one's way: command palette, keys, about."""
