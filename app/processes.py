"""Running Shellsight's own commands in separate processes: progress, stopping, errors. No Qt.

The process hears that this one is gone, however it went, and ends as well
(see `core.supervised`).
"""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import core
from core import supervised
from core.errors import Cancelled, ShellsightError
from core.progress import CancelCheck, Progress, report

_LOOK_S = 0.05
"""Time between looks whether the process is to be stopped."""
_DEFECT = 2000
"""As many characters of what a failed process said are shown."""


class ProcessFailed(ShellsightError):
    """A separate process ended before its work was done."""


def run(
    arguments: Sequence[str],
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
    each_frame: Callable[[int], None] | None = None,
    patience_s: float = 0.0,
) -> str:
    """Run a command of Shellsight in a process of its own, and wait for it.

    Parameters
    ----------
    arguments : sequence of str
        Verb and options, as after ``shellsight``.
    progress : callable, optional
        Told what the process tells.
    cancelled : callable, optional
        Asked some twenty times a second whether to stop.
    each_frame : callable, optional
        Receives the number of each frame that the process completes.
    patience_s : float
        How long a process that is asked to stop may take to put its work
        where it can be taken up again; then, or at once for 0, it is killed.

    Returns
    -------
    str
        What the process printed for people.

    Raises
    ------
    Cancelled
        If it was stopped.
    ShellsightError
        What the process said was wrong.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complaints:
        process = subprocess.Popen(
            [*_interpreter(), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=_environment(),
            encoding="utf-8",
            errors="replace",
        )
        lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        assert process.stdout is not None
        assert process.stdin is not None
        reader = threading.Thread(target=_pass_on, args=(process.stdout, lines), daemon=True)
        reader.start()
        said: list[str] = []
        stopped = False
        try:
            while (line := _next(lines)) is not None:
                if cancelled is not None and cancelled():
                    stopped = True
                    _stop(process, patience_s)
                    break
                told = supervised.read_line(line)
                if told is None:
                    said.append(line)
                elif told.frame is not None and each_frame is not None:
                    each_frame(told.frame)
                elif told.fraction is not None:
                    report(progress, told.fraction, told.text)
            if not stopped:
                process.wait()
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            reader.join()
            process.stdout.close()
            process.stdin.close()
        if stopped:
            raise Cancelled("The separate process")
        if process.returncode != 0:
            complaints.seek(0)
            raise _failure(process.returncode, complaints.read().strip())
        return "".join(said)


def _interpreter() -> list[str]:
    """Return what starts the command line; a bundle is its own."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "core"]


def _environment() -> dict[str, str]:
    root = str(Path(core.__file__).resolve().parents[1])
    path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH", ""))))
    return {
        **os.environ,
        supervised.VARIABLE: "1",
        "PYTHONPATH": path,
        "PYTHONIOENCODING": "utf-8",
    }


def _pass_on(stream: IO[str], lines: queue.SimpleQueue[str | None]) -> None:
    for line in stream:
        lines.put(line)
    lines.put(None)


def _next(lines: queue.SimpleQueue[str | None]) -> str | None:
    """Return the next line, "" if there is none yet, None after the last."""
    try:
        return lines.get(timeout=_LOOK_S)
    except queue.Empty:
        return ""


def _stop(process: subprocess.Popen[str], patience_s: float) -> None:
    """Ask a process to stop, and kill it when patience is at its end."""
    assert process.stdin is not None
    if patience_s > 0:
        try:
            process.stdin.write(f"{supervised.STOP}\n")
            process.stdin.flush()
        except OSError:
            return  # It has just ended by itself.
        end = time.monotonic() + patience_s
        while process.poll() is None and time.monotonic() < end:
            time.sleep(_LOOK_S)
    if process.poll() is None:
        process.kill()


def _failure(code: int, complaint: str) -> ShellsightError:
    """Make an error of what a process said before it ended."""
    last = complaint.splitlines()[-1] if complaint else ""
    if code == 2 and last.startswith("shellsight: "):
        return ProcessFailed(last.removeprefix("shellsight: "))
    if code == 2 and last:
        return ProcessFailed(last.strip("│ "))
    how = f"was ended by signal {-code}" if code < 0 else f"failed with code {code}"
    text = f"The separate process {how}; what it has written so far is kept."
    return ProcessFailed(f"{text}\n{complaint[-_DEFECT:]}".strip())
