"""What was chosen for an export: remembered from one to the next. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, NamedTuple, TypeVar

from app.exports.pictures import Sheet
from app.exports.reel import BETWEEN, MOTIONS, MOVIE_SUFFIXES, Between, Motion, Reel
from app.look import VIEW_ROLES
from core.errors import InvalidRequest

ALL = "all"
"""Every view that is seen."""

PICTURE_FORMATS = ((".png", "PNG"), (".jpg", "JPEG"), (".tif", "TIFF"))
MOVIE_FORMATS = ((".mp4", "MP4 (H.264)"), (".gif", "GIF"))

SIZES: tuple[tuple[str, int, int], ...] = (
    ("Full HD", 1920, 1080),
    ("HD", 1280, 720),
    ("4K", 3840, 2160),
    ("8K", 7680, 4320),
    ("Square", 2000, 2000),
    ("Column of a paper, 88 mm at 300 dpi", 1040, 780),
    ("Page of a paper, 180 mm at 300 dpi", 2126, 1063),
)
"""Name, width and height."""


class Screens(NamedTuple):
    """Size of the views on the screen in pixels, without their slices and with them."""

    bare: tuple[int, int]
    with_slices: tuple[int, int]


@dataclass(frozen=True)
class PictureChoice:
    """How a picture was wanted last.

    Parameters
    ----------
    views : str
        "all" or a role.
    width, height, scale, transparent, annotations, color_bar, slices
        As in `Sheet`.
    suffix : str
        The format.
    """

    views: str = ALL
    width: int = 1920
    height: int = 1080
    scale: int = 1
    transparent: bool = False
    annotations: bool = True
    color_bar: bool = True
    suffix: str = ".png"
    slices: bool = False

    @property
    def sheet(self) -> Sheet:
        """The picture; refuses sizes that cannot be drawn."""
        return Sheet(
            self.width,
            self.height,
            self.scale,
            self.transparent and self.suffix != ".jpg",
            self.annotations,
            self.color_bar,
            slices=self.slices,
        )

    @property
    def reel(self) -> Reel | None:
        """A picture does not move."""
        return None


@dataclass(frozen=True)
class MovieChoice:
    """How a movie was wanted last.

    Parameters
    ----------
    views, width, height, annotations, color_bar, slices
        As for a picture.
    motion, fps, seconds, between
        As in `Reel`.
    fine : bool
        Smooth edges, which take four times as long.
    suffix : str
        The format.
    """

    views: str = ALL
    width: int = 1280
    height: int = 720
    annotations: bool = True
    color_bar: bool = True
    motion: Motion = "time"
    fps: int = 25
    seconds: float = 8.0
    fine: bool = False
    suffix: str = ".mp4"
    slices: bool = False
    between: Between = "few"

    @property
    def sheet(self) -> Sheet:
        """Its pictures; refuses sizes that cannot be drawn."""
        return Sheet(
            self.width,
            self.height,
            annotations=self.annotations,
            color_bar=self.color_bar,
            fine=self.fine,
            slices=self.slices,
        )

    @property
    def reel(self) -> Reel:
        """How it goes on."""
        return Reel(self.motion, self.fps, self.seconds, self.between)


Choice = TypeVar("Choice", PictureChoice, MovieChoice)

_ALLOWED: Mapping[str, tuple[object, ...]] = {
    "views": (ALL, *VIEW_ROLES),
    "motion": tuple(MOTIONS),
    "between": tuple(BETWEEN),
}
_SUFFIXES: Mapping[type, tuple[str, ...]] = {
    PictureChoice: tuple(suffix for suffix, _ in PICTURE_FORMATS),
    MovieChoice: MOVIE_SUFFIXES,
}


def recalled(usual: Choice, values: Mapping[str, Any]) -> Choice:
    """Take what was remembered, as far as it still makes sense.

    Parameters
    ----------
    usual : PictureChoice or MovieChoice
        What to begin with.
    values : Mapping of str to object
        What was remembered; may be from another version, or nonsense.

    Returns
    -------
    PictureChoice or MovieChoice
        The choice.
    """
    choice = usual
    for field in fields(usual):
        value = values.get(field.name)
        before = getattr(usual, field.name)
        allowed = _ALLOWED.get(field.name)
        if field.name == "suffix":
            allowed = _SUFFIXES[type(usual)]
        if type(value) is not type(before) or (allowed is not None and value not in allowed):
            continue
        changes: dict[str, Any] = {field.name: value}
        choice = replace(choice, **changes)
    try:
        _ = choice.sheet, choice.reel
    except InvalidRequest:
        return usual
    return choice


def to_remember(choice: PictureChoice | MovieChoice) -> dict[str, Any]:
    """Return the values to remember of a choice."""
    return asdict(choice)
