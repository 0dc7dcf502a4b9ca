"""The newest of what was asked for: requests that come faster than they can be met. No Qt."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Newest(Generic[T]):
    """Holds one request at most: a newer one takes the place of one that waits.

    Any thread may put, another one takes.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: T | None = None

    def put(self, value: T) -> None:
        """Ask for something else."""
        with self._changed:
            self._value = value
            self._changed.notify()

    def take(self, seconds: float) -> T | None:
        """Return what was asked for last, and forget it.

        Parameters
        ----------
        seconds : float
            How long to wait for a request if there is none.

        Returns
        -------
        object or None
            The request; None if none came.
        """
        with self._changed:
            if self._value is None:
                self._changed.wait(seconds)
            value, self._value = self._value, None
            return value

    @property
    def waiting(self) -> bool:
        """Whether there is a request that nobody has taken."""
        with self._changed:
            return self._value is not None
