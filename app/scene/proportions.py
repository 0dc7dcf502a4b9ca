"""How the room of a column is shared by a 3D view and its slice. No Qt."""

from __future__ import annotations

UNDER, BESIDE = (450, 222), (600, 400)
"""Parts of the room for the view and for the slice, under it or beside it."""

WIDE = 1.35
"""Width over height from which the slice has its place beside the view."""


def is_wide(width: float, height: float) -> bool:
    """Whether the slice has its place beside the view, not under it."""
    return width > WIDE * height
