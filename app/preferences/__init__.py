"""What the user prefers, whatever is open."""
