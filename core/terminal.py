"""What the command line shows on a terminal: progress, trouble, plain values."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as ProgressBar

from core import supervised
from core.errors import InvalidRequest
from core.progress import Progress


@contextmanager
def progress_bar(text: str) -> Iterator[Progress]:
    """Show a bar on the terminal, and nothing in a pipe, while the block runs.

    A program that started this one is told instead, see `core.supervised`.

    Parameters
    ----------
    text : str
        What is done, until the work says it better.

    Yields
    ------
    callable
        To be called with the fraction done and a text.
    """
    if supervised.is_on():

        def tell(fraction: float, detail: str = "") -> None:
            supervised.tell_progress(fraction, detail or text)

        yield tell
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    console = Console(stderr=True)
    bar = ProgressBar(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar:
        task = bar.add_task(text, total=1.0)

        def update(fraction: float, detail: str = "") -> None:
            bar.update(task, completed=fraction, description=detail or text)

        yield update


def start_log(debug: bool) -> None:
    """Send the log to stderr: warnings, or everything of Shellsight's own.

    Parameters
    ----------
    debug : bool
        Whether to show everything.
    """
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s: %(message)s", force=True
    )
    logging.getLogger("shellsight").setLevel(logging.DEBUG if debug else logging.WARNING)


def one_line(error: Exception) -> str:
    """Say in one line what went wrong.

    Parameters
    ----------
    error : Exception
        An error that a person can mend.

    Returns
    -------
    str
        The line.
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}." if error.filename else f"{error.strerror}."
    return " ".join(str(error).split())


def plain(value: Any) -> Any:
    """Turn arrays and numpy numbers into what JSON knows.

    Parameters
    ----------
    value : object
        Nested mappings and sequences of plain or numpy values, and paths.

    Returns
    -------
    object
        The same; undefined numbers are None.
    """
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, Path) else value


def require_folder(target: Path | None) -> None:
    """Refuse, before hours of work, to write where nothing can be written.

    Parameters
    ----------
    target : Path or None
        The file to be written, if any.

    Raises
    ------
    InvalidRequest
        If its folder does not exist, or it is a directory itself.
    """
    if target is None:
        return
    folder = target.resolve().parent
    if not folder.is_dir():
        raise InvalidRequest(f"{target}: the folder {folder} does not exist.")
    if target.is_dir():
        raise InvalidRequest(f"{target} is a directory; name a file.")
