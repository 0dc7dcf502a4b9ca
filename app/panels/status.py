"""The line at the bottom: what goes on, and what is shown."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.document import Document
from app.events import (
    ForecastChanged,
    OverviewChanged,
    PlaceChanged,
    SourceChanged,
    TruthChanged,
)
from app.jobs import Job, Jobs
from app.panels.parts import ElidedLabel, ProgressBar
from app.theme import Theme

SAID_MS = 10_000


class StatusPanel(QWidget):
    """A dot, a text and a thin bar for the work that goes on; the grid at the right."""

    def __init__(
        self, document: Document, jobs: Jobs, theme: Theme, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._document, self._jobs, self._theme = document, jobs, theme
        self._hint = ""
        self._probe = ""
        self._said = ""
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(SAID_MS)
        self._quiet.timeout.connect(lambda: self.say(""))
        self.dot = QLabel("●")
        self.text = ElidedLabel("Ready")
        self.text.setMinimumWidth(300)
        self.bar = ProgressBar()
        self.bar.setFixedWidth(140)
        self.bar.hide()
        self.grid = QLabel("")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 0)
        layout.setSpacing(8)
        layout.addWidget(self.dot)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.bar)
        layout.addStretch(1)
        layout.addWidget(self.grid)
        jobs.changed.connect(self.refresh)
        jobs.progressed.connect(self._on_progress)
        for event in (SourceChanged, TruthChanged, ForecastChanged, OverviewChanged):
            document.subscribe(event, lambda _: self.refresh())
        # What was said of one place is not true of the next.
        document.subscribe(PlaceChanged, lambda _: self.say(""))
        theme.changed.connect(self.refresh)
        self.refresh()

    def set_hint(self, text: str) -> None:
        """Show a hint instead of the state; "" takes it away."""
        self._hint = text
        self.refresh()

    def say(self, text: str) -> None:
        """Show a text for a while, unless something goes on."""
        self._said = text
        self._quiet.start() if text else self._quiet.stop()
        self.refresh()

    def show_probe(self, text: str) -> None:
        """Show what is under the mouse instead of the grid; "" shows that again."""
        if text != self._probe:
            self._probe = text
            self.grid.setText(text or self._grid_text())

    def refresh(self) -> None:
        """Show the state."""
        job = self._jobs.running()
        colors = self._theme.colors
        self.dot.setStyleSheet(f"color: {colors.accent if job else colors.ok}; font-size: 9px;")
        self.bar.setVisible(job is not None)
        if self._hint:
            self.text.set_full_text(self._hint)
        elif job is None:
            state = "Ready" if self._document.source else "Nothing is open"
            self.text.set_full_text(self._said or state)
            self.bar.setValue(0)
        self.grid.setText(self._probe or self._grid_text())

    def _grid_text(self) -> str:
        cubes = None if self._document.choosing else self._document.truth
        if cubes is None and self._document.forecast is not None:
            cubes = self._document.forecast.sequence
        text = ""
        overview = self._document.overview() if self._document.choosing else None
        if overview is not None:
            edges = " × ".join(f"{edge:.4g}" for edge in overview.box_pc)
            text = f"{edges} pc · {overview.density.voxel_pc:.3g} pc per coarse voxel"
        elif cubes is not None:
            text = f"{cubes.n}³ cells · {cubes.size_pc:.4g} pc · {cubes.voxel_pc:.4g} pc per cell"
        return text

    def _on_progress(self, job: Job, fraction: float, text: str) -> None:
        if job is self._jobs.running() and not self._hint:
            self.bar.setValue(round(1000 * fraction))
            self.text.set_full_text(text)
