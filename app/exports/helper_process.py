"""Work in a process of its own: drawing that would hold up the window, or fall over alone.

VTK draws with Python's lock held, so a thread would not do. The work is a
function of a module; it gets its arguments, a ``progress`` and a ``cancelled``.

The arrays among the arguments go over as they lie in memory, piece by piece:
packing a run of some 100 MB in one go would hold Python's lock, and with it
the window, for the better part of a second. They are sent when the other
process listens, so that one that dies early is noticed.
"""

from __future__ import annotations

import io
import multiprocessing
import os
import pickle
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Any

import numpy as np

from core import errors
from core.errors import Cancelled, InvalidRequest, ShellsightError
from core.progress import CancelCheck, Progress, report

_POLL_S = 0.05
_PATIENCE_S = 2.0
"""Time a process has to stop by itself and to remove what it has begun."""


_PIECE = 4 * 2**20
"""Bytes that are sent at once; whether to stop is asked in between."""


def _read_only(items: dict[Any, Any]) -> Mapping[Any, Any]:
    return MappingProxyType(items)


def _as_it_is(array: Any) -> Any:
    return array


class _Packer(pickle.Pickler):
    """Packs everything but the contents of arrays, which it sets aside."""

    def __init__(self, stream: io.BytesIO, arrays: list[pickle.PickleBuffer]) -> None:
        super().__init__(stream, protocol=5, buffer_callback=arrays.append)

    def reducer_override(self, thing: Any) -> Any:
        """Take apart what Python does not pack by itself."""
        if isinstance(thing, MappingProxyType):  # cubes keep their fields in one
            return _read_only, (dict(thing),)
        if isinstance(thing, np.ndarray) and type(thing) is not np.ndarray:
            # NumPy sets aside the contents of its own arrays only, not those of mapped files.
            return _as_it_is, (np.asarray(thing),)
        return NotImplemented


class _Lost(Exception):
    """The parent is gone."""


def run_apart(
    work: Callable[..., Any],
    *arguments: Any,
    what: str = "The work",
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Any:
    """Call a function in another process and wait for it; to be called from a worker thread.

    Parameters
    ----------
    work : callable
        A function of a module; called as ``work(*arguments, progress=...,
        cancelled=...)``.
    *arguments
        What it gets; copied.
    what : str
        Name of the work, for messages.
    progress : callable, optional
        Told what the work reports.
    cancelled : callable, optional
        Asked all the time whether to stop.

    Returns
    -------
    object
        What the work returns; copied.

    Raises
    ------
    Cancelled
        If told to stop; the process has ended then.
    ShellsightError
        What the work raises, or that its process has died.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there,), name="shellsight-drawing", daemon=True)
    try:
        process.start()
        there.close()
        _hand_over(here, process, (work, arguments), what, cancelled)
        return _listen(here, process, what, progress, cancelled)
    finally:
        here.close()
        if process.pid is not None:
            process.join(_PATIENCE_S)
            if process.is_alive():
                process.kill()
                process.join()
            process.close()


def _hand_over(
    pipe: Connection,
    process: Any,
    task: tuple[Callable[..., Any], tuple[Any, ...]],
    what: str,
    cancelled: CancelCheck | None,
) -> None:
    """Send the work and its arguments, once the other process listens."""

    def check() -> None:
        if cancelled is not None and cancelled():
            process.kill()
            raise Cancelled(what)

    arrays: list[pickle.PickleBuffer] = []
    stream = io.BytesIO()
    _Packer(stream, arrays).dump(task)
    views = [array.raw() for array in arrays]
    try:
        while not pipe.poll(_POLL_S):
            check()
        pipe.recv()
        pipe.send((stream.getvalue(), [view.nbytes for view in views]))
        for view in views:
            for start in range(0, view.nbytes, _PIECE):
                check()
                pipe.send_bytes(view[start : start + _PIECE])
    except (EOFError, OSError):
        raise _died(process, what) from None
    finally:
        for view in views:
            view.release()
        for array in arrays:
            array.release()


def _take_over(pipe: Connection) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Receive what `_hand_over` sends."""
    pipe.send("ready")
    packed, sizes = pipe.recv()
    arrays = []
    for size in sizes:
        array = bytearray(size)
        for start in range(0, size, _PIECE):
            pipe.recv_bytes_into(array, start)
        arrays.append(array)
    task: tuple[Callable[..., Any], tuple[Any, ...]] = pickle.loads(packed, buffers=arrays)
    return task


def _died(process: Any, what: str) -> ShellsightError:
    process.join(_PATIENCE_S)
    return ShellsightError(
        f"{what} broke off: its process ended with code {process.exitcode}. "
        "The graphics driver or the memory may be the reason; a smaller picture may work."
    )


def _listen(
    pipe: Connection,
    process: Any,
    what: str,
    progress: Progress | None,
    cancelled: CancelCheck | None,
) -> Any:
    told = begun = False
    waited = 0.0
    while True:
        if cancelled is not None and cancelled() and not told:
            told = True
            if not begun:  # it still loads its libraries, and hears nothing
                process.kill()
                raise Cancelled(what)
            pipe.send("stop")
        if not pipe.poll(_POLL_S):
            waited += _POLL_S if told else 0.0
            if waited > _PATIENCE_S:
                process.kill()
                raise Cancelled(what)
            continue
        try:
            kind, *rest = pipe.recv()
        except (EOFError, OSError):
            if told:
                raise Cancelled(what) from None
            raise _died(process, what) from None
        begun = True
        if kind == "progress":
            report(progress, *rest)
        elif kind == "done":
            return rest[0]
        elif told or kind == "cancelled":
            raise Cancelled(what)
        else:
            raise _error(*rest)


def _error(name: str, message: str, trace: str) -> Exception:
    """Raise what was raised there; errors with a constructor of their own keep their words."""
    if name == "InvalidRequest":
        return InvalidRequest(message)
    kind = getattr(errors, name, None)
    if isinstance(kind, type) and issubclass(kind, ShellsightError):
        return ShellsightError(message)
    return RuntimeError(f"{message}\n\n{trace}")


def _serve(pipe: Connection) -> None:
    """Do the work in the other process."""
    stopped = False

    def progress(fraction: float, text: str = "") -> None:
        try:
            pipe.send(("progress", fraction, text))
        except OSError:
            raise _Lost from None

    def cancelled() -> bool:
        nonlocal stopped
        if not stopped and pipe.poll():
            stopped = True
        return stopped

    try:
        work, arguments = _take_over(pipe)
        answer: tuple[Any, ...] = ("done", work(*arguments, progress=progress, cancelled=cancelled))
    except _Lost:
        os._exit(1)
    except Cancelled:
        answer = ("cancelled",)
    except Exception as error:
        answer = ("failed", type(error).__name__, str(error), traceback.format_exc())
    with suppress(OSError):  # nobody listens any more
        pipe.send(answer)
    pipe.close()
    # All files are closed: graphics drivers take seconds to say goodbye, and some fall over.
    os._exit(0)
