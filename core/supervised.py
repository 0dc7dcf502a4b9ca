"""How a program that started this one, such as the window, hears of its progress and stops it.

The environment variable `VARIABLE` turns it on. Then progress goes to stdout,
a line each, and the standard input is listened to: the word *stop* asks the
work to come to an end where it can be taken up again; the end of the input
means that the other program is gone, however it went, and so does this one.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass

VARIABLE = "SHELLSIGHT_SUPERVISED"
MARK = "\x1e"
"""Begins a line for the other program: what RFC 7464 puts before each text of JSON."""
STOP = "stop"
NICENESS = 3
"""The window the other program may show comes first."""

_told_to_stop = threading.Event()


@dataclass(frozen=True)
class Told:
    """What a line says.

    Parameters
    ----------
    fraction : float
        The part that is done, from 0 to 1.
    text : str
        What is being done, for people.
    frame : int or None
        Number of a frame that is complete.
    """

    fraction: float | None = None
    text: str = ""
    frame: int | None = None


def is_on() -> bool:
    """Tell whether another program listens."""
    return bool(os.environ.get(VARIABLE))


def begin() -> None:
    """Listen to the other program; call it once, before the work."""
    if hasattr(os, "nice"):
        with suppress(OSError):
            os.nice(NICENESS)
    threading.Thread(target=_listen, daemon=True).start()


def stop_requested() -> bool:
    """Whether the other program wants the work to stop; False if there is none."""
    return _told_to_stop.is_set()


def tell_progress(fraction: float, text: str = "") -> None:
    """Tell how far the work is.

    Parameters
    ----------
    fraction : float
        The part that is done, from 0 to 1.
    text : str
        What is being done, for people.
    """
    _write({"fraction": round(float(fraction), 5), "text": text})


def tell_frame(index: int) -> None:
    """Tell that a frame is complete.

    Parameters
    ----------
    index : int
        Its number.
    """
    if is_on():
        _write({"frame": index})


def read_line(line: str) -> Told | None:
    """Understand a line of such a program.

    Parameters
    ----------
    line : str
        A line of its standard output.

    Returns
    -------
    Told or None
        What it says; None if it is text for people.
    """
    if not line.startswith(MARK):
        return None
    try:
        return Told(**json.loads(line[len(MARK) :]))
    except (ValueError, TypeError):
        return None


def _write(content: dict[str, object]) -> None:
    sys.stdout.write(f"{MARK}{json.dumps(content)}\n")
    sys.stdout.flush()


def _listen() -> None:
    with suppress(OSError, ValueError):
        for line in sys.stdin:
            if line.strip() == STOP:
                _told_to_stop.set()
    # Nobody is left to work for. Files appear under their names only when they are complete.
    os._exit(1)
