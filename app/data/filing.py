"""The commands of the File menu: what is asked of the user before files are read or written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog, QMenu, QWidget

from app.data import files
from app.data.open_as import OpenAsDialog
from app.data.opening import UnitsNeeded
from app.data.reading import Reading
from app.data.source import OpenRequest
from app.data.surveying import Survey
from app.data.units_dialog import Choice, UnitsDialog
from app.data.watching import Watch
from app.document import Document
from app.exports import exporting
from app.figures import Role
from app.jobs import Job
from app.notifications import Notifications
from app.sessions.session import is_session_file
from app.settings import Settings
from app.workflow import Workflow, with_suffix
from core.errors import AmbiguousFormat, ShellsightError
from core.remembered_units import remember

if TYPE_CHECKING:
    from core.units import UnitSystem

CONTROL_TITLE = "Open the run without the explosion"


class Filing(QObject):
    """Asks for files, formats, units and names, and sets the work going.

    Parameters
    ----------
    window : QWidget
        Parent of the dialogs.
    document : Document
        What is open.
    reading : Reading
        Reads files.
    survey : Survey
        Finds places.
    watch : Watch
        Looks for new snapshots.
    workflow : Workflow
        Writes files.
    notifications : Notifications
        Where errors arrive.
    settings : Settings
        Recent files and the last folder.
    sample : callable
        Finds the sample.
    open_session : callable
        Opens a session.
    """

    def __init__(
        self,
        window: QWidget,
        document: Document,
        reading: Reading,
        survey: Survey,
        watch: Watch,
        workflow: Workflow,
        notifications: Notifications,
        settings: Settings,
        sample: Callable[[], Path],
        open_session: Callable[[Path], Job | None],
    ) -> None:
        super().__init__(window)
        self._window, self._document = window, document
        self._reading, self._workflow = reading, workflow
        self._survey, self._watch = survey, watch
        self._notifications, self._settings = notifications, settings
        self._sample = sample
        self._open_session = open_session
        reading.units_needed.connect(self._ask_units)
        reading.format_needed.connect(self._ask_format)
        workflow.saved.connect(lambda path: notifications.info(f"Saved {path}"))

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command of the menu does, by its key."""
        return {
            "open_file": self.choose_file,
            "open_folder": self.choose_folder,
            "open_as": self.choose_as,
            "open_sample": self.open_sample,
            "watch": self._watch.set_on,
            "control_folder": self.choose_control_folder,
            "control_file": self.choose_control_file,
            "load_sites": self.choose_sites,
            "save_forecast": self.choose_save_forecast,
            "export_comparison": self.choose_export,
            "export_truth": lambda: self.choose_export_cubes("truth"),
            "export_forecast": lambda: self.choose_export_cubes("forecast"),
            "export_ids": self.choose_export_ids,
            "export_subset": self.choose_export_subset,
            "close_file": self._reading.close_file,
        }

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        document = self._document
        source = document.source
        series = source.series if source is not None else None
        attachable = document.truth is not None and document.complete and not document.choosing
        particles, forecast = exporting.particles_and_forecast(document)
        hit = particles is not None and forecast is not None
        return {
            "watch": series is not None,
            "control_folder": attachable,
            "control_file": attachable,
            "load_sites": series is not None,
            "save_forecast": document.forecast is not None,
            "export_comparison": document.figures.comparison is not None,
            "export_truth": document.truth is not None and document.complete,
            "export_forecast": document.forecast is not None,
            "export_ids": hit,
            "export_subset": hit and particles is not None and particles.format in SUBSETS,
            "close_file": source is not None,
        }

    # -- opening -------------------------------------------------------------

    def open_paths(self, paths: Sequence[Path], units: UnitSystem | None = None) -> Job | None:
        """Open a file, a directory, several files of one run, or a session."""
        return self.open(OpenRequest(tuple(Path(path) for path in paths), units=units))

    def open(self, request: OpenRequest) -> Job | None:
        """Open what the user asks for; None if nothing has begun."""
        sessions = [path for path in request.paths if is_session_file(path)]
        if not sessions:
            return self._reading.open(request)
        if len(request.paths) > 1:
            self._notifications.warn("A session brings its own files: open it by itself.")
            return None
        return self._open_session(sessions[0])

    def open_sample(self) -> Job | None:
        """Open the sample and forecast it."""
        try:
            path = self._sample()
        except ShellsightError as error:
            self._notifications.error(error)
            return None
        return self._reading.open(OpenRequest((path,)), forecast_at_once=True, remember=False)

    def choose_file(self) -> None:
        """Ask for files and open them."""
        if paths := files.ask_files(self._window, self._settings, "Open a snapshot"):
            self.open_paths(paths)

    def choose_folder(self) -> None:
        """Ask for a directory and open it."""
        title = "Open a directory of snapshots"
        if paths := files.ask_folder(self._window, self._settings, title):
            self.open_paths(paths)

    def choose_as(self) -> None:
        """Ask for files and their format, and open them."""
        dialog = OpenAsDialog(self._settings, parent=self._window)
        dialog.chosen.connect(self.open)
        _show(dialog)

    def choose_trajectory(self, trajectory: int) -> None:
        """Open another run of the file that is open."""
        source = self._document.source
        request = source.request if source is not None else None
        if request is not None and trajectory != request.trajectory:
            self.open(replace(request, trajectory=trajectory))

    def _ask_format(self, error: AmbiguousFormat, request: OpenRequest) -> None:
        found = " and ".join(error.formats)
        reason = f"<b>{error.path.name}</b> looks like {found}. Which is it?"
        dialog = OpenAsDialog(self._settings, request.paths, error.formats, reason, self._window)
        dialog.chosen.connect(
            lambda chosen: self.open(replace(request, paths=chosen.paths, format=chosen.format))
        )
        _show(dialog)

    def _ask_units(self, error: UnitsNeeded, retry: Callable[[UnitSystem], object]) -> None:
        dialog = UnitsDialog(error.clue, self._window)

        def take(choice: Choice) -> None:
            if choice.remember:
                remember(error.clue.path, choice.units)
            retry(choice.units)

        dialog.chosen.connect(take)
        _show(dialog)

    def choose_control_folder(self) -> None:
        """Ask for a directory with the control run."""
        for path in files.ask_folder(self._window, self._settings, CONTROL_TITLE):
            self.open_control(path)

    def choose_control_file(self) -> None:
        """Ask for a file with the control run."""
        for path in files.ask_files(self._window, self._settings, CONTROL_TITLE)[:1]:
            self.open_control(path)

    def open_control(self, path: Path) -> Job | None:
        """Attach a control run to the truth."""
        return self._reading.open_control(OpenRequest((Path(path),)))

    def choose_sites(self) -> None:
        """Ask for a list of places."""
        title = "Open a list of places"
        for path in files.ask_files(self._window, self._settings, title, files.TABLES)[:1]:
            self._survey.load_sites(path)

    def fill_recent(self, menu: QMenu) -> None:
        """List the recent files in a menu."""
        menu.clear()
        paths = self._settings.recent_files
        for path in paths:
            action = menu.addAction(str(path))
            action.triggered.connect(lambda _=False, path=path: self.open_paths([path]))
        if paths:
            menu.addSeparator()
            menu.addAction("Forget All", lambda: self._settings.forget_recent(None))
        else:
            menu.addAction("Nothing yet").setEnabled(False)

    # -- writing ---------------------------------------------------------------

    def choose_save_forecast(self) -> None:
        """Ask for a name and save the forecast."""
        if path := self._ask("Save the forecast", "forecast.shell.h5", "*.shell.h5"):
            self._workflow.save_forecast(path)

    def choose_export(self) -> None:
        """Ask for a name and export the comparison."""
        if path := self._ask("Export the comparison", "comparison.csv", "*.csv"):
            self._workflow.export_comparison(path)

    def choose_export_cubes(self, role: Role) -> None:
        """Ask for a name and a format, and export the cubes of the truth or the forecast."""
        path, chosen = files.ask_new_file_and_kind(
            self._window, self._settings, f"Export the {role}", role, exporting.FILTERS
        )
        if path is None:
            return
        if path.suffix.lower() not in exporting.SUFFIX_OF.values() and path.suffix != ".h5":
            path = with_suffix(path, exporting.SUFFIX_OF.get(chosen, ".hdf5"))
        self._workflow.export_cubes(role, path)

    def choose_export_ids(self) -> None:
        """Ask for a name and export the IDs of the particles that are hit."""
        if path := self._ask("Export the affected particles", "affected.csv", "*.csv"):
            self._workflow.export_affected(path)

    def choose_export_subset(self) -> None:
        """Ask for a name and export the particles that are hit as a snapshot."""
        if path := self._ask("Export the affected particles", "affected.hdf5", "*.hdf5"):
            self._workflow.export_affected(path, subset=True)

    def _ask(self, title: str, name: str, pattern: str) -> Path | None:
        return files.ask_new_file(self._window, self._settings, title, name, pattern)


SUBSETS = ("SWIFT", "Gadget")
"""Formats in which a part of a snapshot can be written."""


def _show(dialog: QDialog) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.open()
