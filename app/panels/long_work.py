"""In the status bar: what goes on in a process of its own, how far it is, and how to stop it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.long_work import LongWork
from app.panels.forecast import time_left
from app.panels.parts import ElidedLabel, ProgressBar, flat_button
from app.theme import Theme


class LongWorkPanel(QWidget):
    """A name, a bar, the time left and a button; hidden while nothing goes on.

    Signals
    -------
    show_requested(str)
        The user wants to see more of the work of this name.
    """

    show_requested = Signal(str)

    def __init__(self, work: LongWork, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work = work
        self.name = QToolButton()
        self.name.setObjectName("longWork")
        self.name.setToolTip("Show its dialog")
        self.name.setAccessibleName("Show what goes on")
        self.name.clicked.connect(self._on_name)
        self.text = ElidedLabel("", Qt.TextElideMode.ElideRight)
        self.text.setFixedWidth(210)
        self.text.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.bar = ProgressBar()
        self.bar.setFixedWidth(110)
        self.bar.setAccessibleName("Progress of the work in its own process")
        self.left = QLabel("")
        self.left.setMinimumWidth(70)
        self.stop = flat_button(theme, "x", "Stop it; what is there is kept", 20)
        self.stop.clicked.connect(work.stop)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 6, 0)
        layout.setSpacing(8)
        for widget in (self.name, self.text, self.bar, self.left, self.stop):
            layout.addWidget(widget)
        work.changed.connect(self._on_changed)
        work.progressed.connect(self._on_progress)
        self._on_changed()

    def _on_changed(self) -> None:
        what = self._work.what
        self.setVisible(what is not None)
        self.bar.setValue(0)
        self.left.setText("")
        self.text.set_full_text("Starting" if what is not None else "")
        self.name.setText(what.title if what is not None else "")
        self.stop.setEnabled(what is not None)

    def _on_progress(self, fraction: float, text: str, seconds: float | None) -> None:
        self.bar.setValue(round(1000 * fraction))
        self.text.set_full_text(text)
        self.text.setToolTip(text)
        self.left.setText("" if seconds is None else time_left(seconds))

    def _on_name(self) -> None:
        if self._work.what is not None:
            self.show_requested.emit(self._work.what.name)
