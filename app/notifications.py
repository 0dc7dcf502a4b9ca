"""One door for everything that goes wrong, from any thread.

Errors that a user can mend are shown as they are; anything else is a defect:
its traceback goes to the log file and the user sees one short sentence.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import Literal

import platformdirs
from PySide6.QtCore import QObject, Qt, Signal, Slot

from core.errors import MissingDependency, ShellsightError, UnknownFormat

logger = logging.getLogger("shellsight")

MAX_CHARACTERS = 240

Level = Literal["info", "warning", "error"]


@dataclass(frozen=True)
class Remedy:
    """What the user can do about a notice, as a button beside it.

    Parameters
    ----------
    label : str
        Text of the button.
    run : callable
        What it does.
    """

    label: str
    run: Callable[[], object]


@dataclass(frozen=True)
class Notice:
    """Something to tell the user.

    Parameters
    ----------
    text : str
        One or two sentences: what happened and what to do.
    level : {"info", "warning", "error"}
        How serious it is.
    details : str
        More, for those who press *Details*: traceback or the full reasons.
    remedy : Remedy or None
        What can be done about it.
    """

    text: str
    level: Level = "info"
    details: str = ""
    remedy: Remedy | None = None


def log_path() -> Path:
    """Return the log file: ``shellsight.log`` in the user's log directory."""
    return Path(platformdirs.user_log_dir("shellsight", appauthor=False)) / "shellsight.log"


def start_log(path: Path | None = None) -> None:
    """Write the log to a file, at most 1 MB and two older ones.

    Parameters
    ----------
    path : Path, optional
        The file; by default `log_path`. A directory that cannot be written
        to leaves the program without a log file, never without a window.
    """
    path = path or log_path()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=2**20, backupCount=2, encoding="utf-8")
    except OSError as error:
        logger.warning("No log file: %s", error)
        return
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)


def notice_for(error: BaseException, doing: str = "") -> Notice:
    """Turn an exception into words.

    Parameters
    ----------
    error : BaseException
        What was raised.
    doing : str
        What was being done, for example ``"Opening run_3"``.

    Returns
    -------
    Notice
        The message of a `ShellsightError` as it is; a short sentence for
        everything else, with the traceback as details.
    """
    details = "".join(traceback.format_exception(error))
    prefix = f"{doing}: " if doing else ""
    if isinstance(error, MissingDependency):
        text = f"{prefix}{error}"
        return Notice(shorten(text), "error", f"{error.install}\n")
    if isinstance(error, UnknownFormat) and len(error.reasons) == 1:
        # The user said which format it is: there is one reason, and it is the answer.
        name, reason = next(iter(error.reasons.items()))
        text = f"{error.path.name} is not a {name} file: {reason}."
        return Notice(shorten(text), "error", f"{error.path}\n\n{name}: {reason}")
    if isinstance(error, UnknownFormat):
        tried = "\n".join(f"{name}: {reason}" for name, reason in error.reasons.items())
        text = (
            f"{error.path.name} is not a snapshot Shellsight can read. "
            "Details says why each format said no."
        )
        return Notice(text, "error", f"{error.path}\n\nEach format was tried:\n{tried}")
    if isinstance(error, ShellsightError):
        path = getattr(error, "path", None)
        text = str(error).replace(str(path), path.name) if isinstance(path, Path) else str(error)
        return Notice(shorten(text), "error", str(error))
    if isinstance(error, MemoryError):
        text = f"{prefix}not enough memory. Close other programs or open fewer frames."
        return Notice(text, "error", details)
    if isinstance(error, OSError) and error.strerror:
        where = f" ({error.filename})" if error.filename else ""
        return Notice(f"{prefix}{error.strerror}{where}.", "error", details)
    what = str(error).strip().splitlines()
    summary = shorten(f"{type(error).__name__}{': ' + what[0] if what else ''}")
    text = f"{prefix}something went wrong in Shellsight ({summary}). Nothing else was changed."
    return Notice(text, "error", f"{details}\nLog file: {log_path()}")


def shorten(text: str) -> str:
    """Return as much of a message as a bar can show; the details have all of it."""
    first = text.strip().splitlines()[0] if text.strip() else ""
    return first if len(first) <= MAX_CHARACTERS else f"{first[: MAX_CHARACTERS - 1].rstrip()}…"


def longer(text: str) -> str:
    """Return a message as details, if the bar cannot show all of it."""
    return text if shorten(text) != text.strip() else ""


class Notifications(QObject):
    """Receives errors and messages from any thread; `raised` fires in its own.

    Signals
    -------
    raised(Notice)
    """

    raised = Signal(object)
    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._arrived.connect(self._show, Qt.ConnectionType.AutoConnection)
        self._hooks: tuple | None = None

    def info(self, text: str, details: str = "", remedy: Remedy | None = None) -> None:
        """Tell something good to know."""
        self._arrived.emit(Notice(shorten(text), "info", details or longer(text), remedy))

    def warn(self, text: str, details: str = "") -> None:
        """Tell something that needs attention."""
        logger.warning(text)
        self._arrived.emit(Notice(text, "warning", details))

    def error(self, error: BaseException, doing: str = "") -> None:
        """Tell that something failed, and log it in full if it is a defect."""
        notice = notice_for(error, doing)
        if isinstance(error, ShellsightError):
            logger.warning("%s", notice.text)
        else:
            logger.error("%s", notice.text, exc_info=error)
        self._arrived.emit(notice)

    def install(self) -> None:
        """Catch what nobody caught, in any thread."""
        if self._hooks is None:
            self._hooks = (sys.excepthook, threading.excepthook)
            sys.excepthook = self._uncaught
            threading.excepthook = lambda args: self._uncaught(
                args.exc_type, args.exc_value, args.exc_traceback
            )

    def uninstall(self) -> None:
        """Put back the hooks that were there before `install`."""
        if self._hooks is not None:
            sys.excepthook, threading.excepthook = self._hooks
            self._hooks = None

    def _uncaught(
        self,
        kind: type[BaseException],
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Also on the terminal: before the window shows there is nowhere else.
        sys.__excepthook__(kind, error if error is not None else kind(), trace)
        if issubclass(kind, KeyboardInterrupt):
            return
        self.error(error if error is not None else kind())

    @Slot(object)
    def _show(self, notice: Notice) -> None:
        self.raised.emit(notice)
