"""How long work reports its progress and is told to stop."""

from __future__ import annotations

from collections.abc import Callable

from core.errors import Cancelled

Progress = Callable[[float, str], None]
"""Called with the fraction done, from 0 to 1, and a short text for people."""

CancelCheck = Callable[[], bool]
"""Returns True as soon as the work should stop."""


def report(progress: Progress | None, fraction: float, text: str = "") -> None:
    """Report progress if anybody listens.

    Parameters
    ----------
    progress : callable or None
        The listener.
    fraction : float
        The part that is done, from 0 to 1.
    text : str
        What is being done, for people.
    """
    if progress is not None:
        progress(min(max(fraction, 0.0), 1.0), text)


def part_of(
    progress: Progress | None, begin: float, end: float, text: str | None = None
) -> Progress | None:
    """Report a part of the work as that part of the whole.

    Parameters
    ----------
    progress : callable or None
        Listens to the whole.
    begin, end : float
        Where the part begins and ends, as fractions of the whole.
    text : str, optional
        Said in place of what the part says.

    Returns
    -------
    callable or None
        Listens to the part; None if nobody listens to the whole.
    """
    if progress is None:
        return None
    return lambda fraction, said: report(progress, begin + fraction * (end - begin), text or said)


def check_cancelled(cancelled: CancelCheck | None, what: str = "The work") -> None:
    """Raise `Cancelled` if the work should stop.

    Parameters
    ----------
    cancelled : callable or None
        The check.
    what : str
        Name of the work, for the message.

    Raises
    ------
    Cancelled
        If the check returns True.
    """
    if cancelled is not None and cancelled():
        raise Cancelled(what)
