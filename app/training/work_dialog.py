"""A dialog whose work goes on in a process of its own: how far it is, and what went wrong."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QWidget

from app.form_parts import duration
from app.long_work import LongWork
from app.panels.parts import ProgressBar
from core.errors import ShellsightError


class WorkDialog(QDialog):
    """What dialogs share that set one kind of long work going, and stay open beside it.

    Parameters
    ----------
    parent : QWidget, optional
        The parent.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bar = ProgressBar()
        self.state = QLabel("")
        self._work: tuple[LongWork, str] | None = None

    def set_busy(self, busy: bool, other: str = "") -> None:
        """Show that the work goes on, or what else does that has to end first."""
        raise NotImplementedError

    def follow(self, work: LongWork, name: str) -> None:
        """Show from now on how the work of a name goes."""
        self._work = (work, name)
        work.changed.connect(self.show_work)
        work.progressed.connect(self._on_progress)

    def show_work(self) -> None:
        """Show what goes on now."""
        what = self._work[0].what if self._work is not None else None
        ours = self._is_ours()
        self.set_busy(ours, "" if what is None or ours else what.title)

    def show_progress(self, fraction: float, text: str, seconds: float | None) -> None:
        """Show how far the work is."""
        self.bar.setValue(round(1000 * fraction))
        left = f", about {duration(seconds)} left" if seconds is not None else ""
        self.state.setText(f"{text[:1].upper()}{text[1:]}{left}")

    def say(self, text: str, wrong: bool = False) -> None:
        """Say something beside the bar."""
        self.state.setText(text)
        self.state.setProperty("wrong", wrong)
        self.state.style().polish(self.state)

    def takes(self, error: BaseException) -> bool:
        """Say what is wrong, if it is for people and the dialog is seen.

        Parameters
        ----------
        error : BaseException
            What ended the work.

        Returns
        -------
        bool
            Whether it was said; if not, somebody else has to.
        """
        said = self.isVisible() and isinstance(error, ShellsightError)
        if said:
            self.say(str(error), wrong=True)
        return said

    def _progress_row(self, name: str) -> QHBoxLayout:
        self.bar.setFixedWidth(180)
        self.bar.setAccessibleName(name)
        self.state.setObjectName("secondary")
        self.state.setWordWrap(True)
        self.state.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        line = QHBoxLayout()
        line.addWidget(self.bar)
        line.addWidget(self.state, 1)
        return line

    def _is_ours(self) -> bool:
        if self._work is None:
            return False
        work, name = self._work
        return work.what is not None and work.what.name == name

    def _on_progress(self, fraction: float, text: str, seconds: float | None) -> None:
        if self._is_ours():
            self.show_progress(fraction, text, seconds)
