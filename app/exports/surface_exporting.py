"""The command that writes shells as surfaces."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget

from app.data.files import ask_name
from app.document import Document
from app.exports import provenance
from app.exports.surface_dialog import SurfaceDialog
from app.exports.surfaces import Shells, save_surfaces
from app.figures import Role
from app.jobs import Job, Jobs, Reporter
from app.measuring import stand_in_control
from app.notifications import Notifications
from app.settings import Settings

JOB = "export"


class SurfaceExporting(QObject):
    """Asks whose shell is written, and writes it in a worker.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    document : Document
        What is open.
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
        return {"export_surfaces": self.choose_surfaces}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        document = self._document
        compared = document.truth is not None and document.control is not None
        shell = compared or document.forecast is not None
        return {"export_surfaces": shell and not document.choosing}

    def _shells(self) -> dict[Role, Shells]:
        """Return the shells there are."""
        document = self._document
        truth, forecast = document.truth, document.forecast
        found: dict[Role, Shells] = {}
        behind = stand_in_control(truth, document.control, forecast)
        if truth is not None and behind is not None:
            level = document.layers("truth").shell_level
            found["truth"] = Shells(truth, behind, document.site_pc, level)
        if forecast is not None:
            level = document.layers("forecast").shell_level
            found["forecast"] = Shells(forecast.sequence, forecast.control, document.site_pc, level)
        return found

    def choose_surfaces(self) -> None:
        """Ask whose shell is written, of which frames, and how."""
        shells = self._shells()
        if not shells:
            return
        known = {role: (each.level, len(each.sequence)) for role, each in shells.items()}
        dialog = SurfaceDialog(known, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.chosen.connect(self._ask_surfaces)
        dialog.open()

    def _ask_surfaces(self, role: Role, every: bool, suffix: str) -> None:
        path = ask_name(self._window, self._settings, "Export surfaces", f"{role}{suffix}", suffix)
        if path is not None:
            self.save_surfaces(path, role, every=every)

    def save_surfaces(self, path: Path, role: Role, *, every: bool = False) -> Job | None:
        """Write the shell of the truth or the forecast.

        Parameters
        ----------
        path : Path
            The file.
        role : {"truth", "forecast"}
            Whose shell.
        every : bool
            Of all frames instead of the one shown.

        Returns
        -------
        Job or None
            The work, started; None if there is no shell.
        """
        shells = self._shells().get(role)
        if shells is None:
            self._notifications.warn(f"There is no shell of the {role} to write.")
            return None
        document = self._document
        sequence = shells.sequence
        shown = sequence.nearest(document.time_myr)
        frames = tuple(range(len(sequence))) if every else (shown,)
        told = provenance.describe(truth=document.truth, forecast=document.forecast, role=role)

        def work(reporter: Reporter) -> tuple[Path, ...]:
            return save_surfaces(
                shells,
                frames,
                path,
                told,
                progress=reporter.progress,
                cancelled=reporter.cancelled,
            )

        def say(saved: Any) -> None:
            count = len(saved)
            self._notifications.info(
                f"Saved {saved[0]}" if count == 1 else f"Saved {count} surfaces, {saved[0]} …"
            )

        job = self._jobs.create(JOB, work)
        job.finished.connect(say)
        job.failed.connect(lambda error: self._notifications.error(error, "The surfaces"))
        job.start()
        return job
