"""The 3D scene: layers, linked views and slices."""
