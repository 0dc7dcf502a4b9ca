"""Where the main thread spends its time while the window does not answer."""

from __future__ import annotations

import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from types import CodeType

SAMPLE_S = 0.01
DEPTH = 3
"""Lines of a cause: the innermost ones in our own code, and where they led."""

ROOT = str(Path(__file__).resolve().parents[1])


@dataclass(frozen=True)
class Sample:
    """What the main thread did at a moment.

    Parameters
    ----------
    at : float
        When, on the clock of `time.perf_counter`.
    where : str
        The innermost lines of the program, the outer ones first.
    """

    at: float
    where: str


class StackSampler:
    """Looks every now and then at what the main thread is doing; a context.

    Parameters
    ----------
    keep_s : float
        How far back it remembers, in seconds.
    """

    def __init__(self, keep_s: float = 60.0) -> None:
        self._keep_s = keep_s
        self._main = threading.main_thread().ident or 0
        self._samples: list[Sample] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stack sampler", daemon=True)

    def __enter__(self) -> StackSampler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ending.wait(SAMPLE_S):
            lines = _lines(self._main)
            now = time.perf_counter()
            self._samples.append(Sample(now, _place(lines)))
            if now - self._samples[0].at > 2 * self._keep_s:
                self._samples = [one for one in self._samples if now - one.at < self._keep_s]

    def causes(self, begun: float, ended: float, most: int = 4) -> list[tuple[float, str]]:
        """Tell what took the time between two moments.

        Parameters
        ----------
        begun, ended : float
            The moments, on the clock of `time.perf_counter`.
        most : int
            How many causes to name.

        Returns
        -------
        list of (float, str)
            Seconds and place, the longest first. C code that keeps the
            interpreter's lock hides the thread: its time goes to the sample
            that follows it.
        """
        seconds: Counter[str] = Counter()
        before = begun
        for sample in list(self._samples):
            if sample.at >= begun:
                seconds[sample.where] += max(min(sample.at, ended) - before, 0.0)
                before = max(min(sample.at, ended), before)
                if sample.at > ended:
                    break
        return [(took, where) for where, took in seconds.most_common(most)]


def _lines(thread: int) -> list[tuple[CodeType, int]]:
    """Functions and lines of a thread, the innermost first.

    Quick, and without anything that would let other threads run: a frame that
    ended meanwhile would give up its objects, widgets among them, in this one.
    """
    found = []
    frame = sys._current_frames().get(thread)
    while frame is not None:
        found.append((frame.f_code, frame.f_lineno))
        frame = frame.f_back
    return found


def _place(lines: list[tuple[CodeType, int]]) -> str:
    """The innermost lines of our own code, and the innermost of all."""
    if not lines:
        return ""
    own = [one for one in lines if _is_ours(one[0])][:DEPTH]
    named = own if own and own[0] is lines[0] else [lines[0], *own]
    return " < ".join(f"{Path(code.co_filename).stem}:{at} {code.co_name}" for code, at in named)


def _is_ours(code: CodeType) -> bool:
    return code.co_filename.startswith(ROOT) and ".venv" not in code.co_filename
