"""The Shellsight window: everything that knows widgets, threads and 3D views."""
