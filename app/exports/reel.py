"""How a movie goes on: what moves, how long, and what is between the snapshots. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from app.exports.pictures import Sheet
from core.errors import InvalidRequest

Motion = Literal["time", "turntable", "both"]
MOTIONS: Mapping[Motion, str] = {
    "time": "Through time",
    "turntable": "Turntable",
    "both": "Through time, turning",
}

MOVIE_SUFFIXES = (".mp4", ".gif")
MOST_FPS = 60
MOST_SECONDS = 600.0

Between = Literal["few", "always", "never"]
BETWEEN: Mapping[Between, str] = {
    "few": "Interpolated where snapshots are few",
    "always": "Interpolated",
    "never": "Each shown until the next",
}
"""What a movie through time shows between the snapshots."""

FEW_PER_SECOND = 8.0
"""Fewer snapshots than this in a second of a movie are seen to jump."""


@dataclass(frozen=True)
class Reel:
    """How a movie goes on.

    Parameters
    ----------
    motion : {"time", "turntable", "both"}
        What moves: the time, the eye around the cube once, or both.
    fps : int
        Pictures a second.
    seconds : float
        Length.
    between : {"few", "always", "never"}
        Whether pictures between the snapshots are interpolated: where there
        are fewer than `FEW_PER_SECOND` of them in a second, or always, or
        never.

    Raises
    ------
    InvalidRequest
        If there is no such motion, or a number is out of range.
    """

    motion: Motion = "time"
    fps: int = 25
    seconds: float = 8.0
    between: Between = "few"

    def __post_init__(self) -> None:
        if self.motion not in MOTIONS:
            raise InvalidRequest(f"A movie shows {', '.join(MOTIONS)}, not '{self.motion}'.")
        if self.between not in BETWEEN:
            raise InvalidRequest(
                f"Snapshots are interpolated {', '.join(BETWEEN)}, not '{self.between}'."
            )
        if not 1 <= self.fps <= MOST_FPS:
            raise InvalidRequest(f"A movie has 1 to {MOST_FPS} pictures a second, not {self.fps}.")
        if not 0.0 < self.seconds <= MOST_SECONDS:
            raise InvalidRequest(
                f"A movie lasts up to {MOST_SECONDS:g} seconds, not {self.seconds:g}."
            )

    @property
    def n_pictures(self) -> int:
        """Pictures of the movie."""
        return max(round(self.fps * self.seconds), 1)

    def interpolates(self, n_snapshots: int) -> bool:
        """Whether pictures between so many snapshots are interpolated."""
        if self.motion == "turntable" or n_snapshots < 2:
            return False
        few = n_snapshots / self.seconds < FEW_PER_SECOND
        return self.between == "always" or (self.between == "few" and few)

    def n_drawn(self, n_snapshots: int) -> int:
        """Pictures that are drawn: those alike only once."""
        if self.motion == "time" and not self.interpolates(n_snapshots):
            return min(self.n_pictures, n_snapshots)
        return self.n_pictures

    def told(self, n_snapshots: int) -> dict[str, Any]:
        """Say how a movie of so many snapshots goes on, for its provenance."""
        between = self.interpolates(n_snapshots)
        how = f"in log density between {n_snapshots} snapshots" if between else False
        return {
            "motion": self.motion,
            "fps": self.fps,
            "seconds": self.seconds,
            "interpolated": how,
        }


def movie_sheet(sheet: Sheet) -> Sheet:
    """Return the size of a movie: even sides, which video needs, and nothing see-through."""
    return replace(
        sheet,
        width=sheet.width - sheet.width % 2,
        height=sheet.height - sheet.height % 2,
        transparent=False,
    )


def moments(
    reel: Reel, times_myr: NDArray[np.float64], still_myr: float
) -> list[tuple[float, float]]:
    """List the pictures of a movie.

    Parameters
    ----------
    reel : Reel
        How it goes on.
    times_myr : ndarray
        Times of the frames there are, in Myr.
    still_myr : float
        The time shown where it does not move.

    Returns
    -------
    list of (float, float)
        Time in Myr and angle in degrees by which the eye has turned. Time
        passes evenly, as on a clock, from the first frame to the last; a
        turntable ends one step before where it began, so that it can go on.
    """
    count = reel.n_pictures
    parts = np.arange(count) / max(count, 1)
    angles = 360.0 * parts if reel.motion != "time" else np.zeros(count)
    if reel.motion == "turntable":
        times = np.full(count, still_myr)
    else:
        first, last = float(np.min(times_myr)), float(np.max(times_myr))
        times = np.linspace(first, last, count) if count > 1 else np.array([last])
    return [(float(time), float(angle)) for time, angle in zip(times, angles, strict=True)]
