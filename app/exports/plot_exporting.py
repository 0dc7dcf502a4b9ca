"""The command that writes the plots as a figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from app.data import files
from app.document import Document
from app.exports import provenance
from app.exports.figure_dialog import FigureDialog
from app.exports.figure_export import SUFFIXES, available, save_figure
from app.jobs import Job, Jobs, Reporter
from app.measuring import measured_level
from app.notifications import Notifications
from app.settings import Settings

FILTERS = "PNG, 300 dpi (*.png);;SVG (*.svg);;PDF (*.pdf)"


class PlotExporting(QObject):
    """Asks for plots, a width and a name, and writes the figure in a worker.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    document : Document
        What was measured.
    jobs : Jobs
        Where the work goes on.
    notifications : Notifications
        Where success and errors arrive.
    settings : Settings
        The last folder.
    """

    def __init__(
        self,
        window: QWidget,
        document: Document,
        jobs: Jobs,
        notifications: Notifications,
        settings: Settings,
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._jobs = window, document, jobs
        self._notifications, self._settings = notifications, settings

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {"export_plots": self.choose}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        return {"export_plots": bool(self._document.figures.curves)}

    def choose(self) -> None:
        """Ask which plots, how wide, and for a name."""
        drawable = available(self._document.figures)
        if not drawable:
            self._notifications.warn("There is nothing measured to plot yet: forecast first.")
            return
        dialog = FigureDialog(drawable, self._document.look.plot, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._ask_name)
        dialog.open()

    def _ask_name(self, what: Sequence[str], width_mm: float) -> None:
        path, kind = files.ask_new_file_and_kind(
            self._window, self._settings, "Export the plots", "plots.png", FILTERS
        )
        if path is None:
            return
        if path.suffix.lower() not in SUFFIXES:
            chosen = next((each for each in SUFFIXES if each in kind), SUFFIXES[0])
            path = path.with_name(path.name + chosen)
        self.save(path, what, width_mm)

    def save(self, path: Path, what: Sequence[str], width_mm: float) -> Job:
        """Write the figure.

        Parameters
        ----------
        path : Path
            The file; its suffix says the format.
        what : sequence of str
            The plots (see `app.exports.figure_export.WHAT`).
        width_mm : float
            Width of the figure in mm.

        Returns
        -------
        Job
            The work, started.
        """
        document = self._document
        figures, level = document.figures, measured_level(document.layers("truth").shell_level)
        source = document.source
        told = provenance.describe(
            truth=document.truth,
            forecast=document.forecast,
            file=source.name if source is not None else None,
            plots=list(what),
        )

        def work(reporter: Reporter) -> Path:
            reporter.progress(0.1, f"Drawing {path.name}")
            return save_figure(
                figures,
                path,
                width_mm=width_mm,
                what=what,
                level=level,
                text=provenance.texts(told),
            )

        job = self._jobs.create(f"save {path}", work)
        job.finished.connect(lambda saved: self._notifications.info(f"Saved {saved}"))
        job.failed.connect(lambda error: self._notifications.error(error, f"Saving {path.name}"))
        job.start()
        return job
