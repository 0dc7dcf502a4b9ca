"""Where views and slices lie on a picture, as in the window. No Qt."""

from __future__ import annotations

from typing import NamedTuple

from app.exports.pictures import Sheet
from app.scene.proportions import BESIDE, UNDER, is_wide


class Place(NamedTuple):
    """A rectangle of a picture, in pixels of the file."""

    left: int
    top: int
    width: int
    height: int


class Cell(NamedTuple):
    """What one view has of a picture."""

    view: Place
    slice: Place | None


def cells(sheet: Sheet, count: int) -> tuple[Cell, ...]:
    """Share a picture among its views.

    Parameters
    ----------
    sheet : Sheet
        The picture.
    count : int
        Views side by side.

    Returns
    -------
    tuple of Cell
        From left to right; with slices each view has its own under it, or
        beside it where there is more room.
    """
    width, height = sheet.size
    gap = max(2, round(width / 200))
    each = (width - gap * (count - 1)) // count
    found = []
    for number in range(count):
        left = number * (each + gap)
        view, plane = Place(left, 0, each, height), None
        if sheet.slices and is_wide(each, height):
            wide = round((each - gap) * BESIDE[0] / sum(BESIDE))
            view = Place(left, 0, wide, height)
            plane = Place(left + wide + gap, 0, each - gap - wide, height)
        elif sheet.slices:
            high = round((height - gap) * UNDER[0] / sum(UNDER))
            view = Place(left, 0, each, high)
            plane = Place(left, high + gap, each, height - gap - high)
        found.append(Cell(view, plane))
    return tuple(found)
