"""Sessions: what is open, written down and brought back, also after a crash."""
