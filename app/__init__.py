"""The Qt program; only this package knows widgets, threads and pictures."""
