"""When the next frame is due while frames follow each other. No Qt.

Frames need not be evenly spaced in time: each stays as long as the time to
the next one asks for.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FRAME_MS = 140.0
"""Time that a frame of typical spacing stays at normal speed: slow enough for software rendering
to keep up."""

LEAST_MS, MOST_MS = 25.0, 1500.0
"""No frame stays shorter, nor longer, whatever the spacing."""

LAST_MS = 500.0
"""How long the last frame stays before the first follows."""

SPEEDS = (0.5, 1.0, 2.0, 4.0)


def stay_ms(times_myr: NDArray[np.float64], frame: int, speed: float = 1.0) -> float:
    """Return how long a frame stays before the next.

    Parameters
    ----------
    times_myr : ndarray
        Times of the frames in Myr, increasing.
    frame : int
        The frame shown.
    speed : float
        How fast frames follow each other; 1 is the usual speed.

    Returns
    -------
    float
        Milliseconds.
    """
    if frame >= len(times_myr) - 1:
        return LAST_MS / speed
    steps = np.diff(times_myr)
    share = float(steps[frame] / np.median(steps))
    return float(np.clip(share * FRAME_MS, LEAST_MS, MOST_MS)) / speed
