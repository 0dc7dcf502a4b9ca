"""Sessions in the File menu: save what is open, and bring it back."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

import core
from app.data import files
from app.events import SourceChanged
from app.jobs import Job, Reporter
from app.notifications import Remedy
from app.sessions.fingerprints import FileEntry, Fingerprints, find_all
from app.sessions.gathering import gather, members, with_checksums
from app.sessions.locate_dialog import LocateDialog, Wanted
from app.sessions.restoring import Restoring
from app.sessions.session import SUFFIX, Session, read_session, session_json, write_session
from app.workflow import with_suffix
from core.errors import ShellsightError
from core.evolution import Evolution, Forecast
from core.progress import CancelCheck

if TYPE_CHECKING:
    from app.window import Window

FILTERS = f"Sessions (*{SUFFIX});;Pictures that carry a session (*.png);;All files (*)"


class Sessions(QObject):
    """Saves what is open, and brings it back.

    Parameters
    ----------
    window : Window
        The window whose sessions they are.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._path: Path | None = None
        self._fingerprints = Fingerprints()
        self._saved: weakref.WeakKeyDictionary[Evolution, Path] = weakref.WeakKeyDictionary()
        self._restoring: Restoring | None = None
        self._source: Path | None = None
        window.document.subscribe(SourceChanged, lambda _: self._on_source())
        window.workflow.forecast_saved.connect(self._remember_forecast)

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {
            "open_session": self.choose_open,
            "save_session": self.save_again,
            "save_session_as": self.choose_save,
        }

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        something = self._window.document.source is not None
        return {"save_session": something, "save_session_as": something}

    @property
    def is_restoring(self) -> bool:
        """Whether a session is being brought back."""
        return self._restoring is not None

    # -- saving ----------------------------------------------------------------

    def text(self, path: Path | None = None) -> str:
        """Return what is open as text, for a picture to carry.

        Parameters
        ----------
        path : Path, optional
            The picture; the files are named as seen from its folder too.

        Returns
        -------
        str
            JSON. Checksums that were not read yet are missing: nothing is
            read here.
        """
        folder = None if path is None else Path(path).absolute().parent
        return session_json(self.gathered().in_folder(folder))

    def save_again(self) -> None:
        """Save to the same file again; ask for a name if there is none yet."""
        if self._path is None:
            self.choose_save()
        else:
            self.save(self._path)

    def choose_save(self) -> None:
        """Ask for a name and save the session."""
        source = self._window.document.source
        name = (self._path.name if self._path else "") or (
            f"{source.path.name.split('.')[0]}{SUFFIX}" if source is not None else f"run{SUFFIX}"
        )
        path = files.ask_new_file(
            self._window, self._window.settings, "Save the session", name, f"Sessions (*{SUFFIX})"
        )
        if path is not None:
            self.save(path)

    def save(self, path: Path) -> Job:
        """Write the session to a file.

        Parameters
        ----------
        path : Path
            The file; its suffix is added where it is missing.

        Returns
        -------
        Job
            The work.
        """
        path = with_suffix(Path(path), SUFFIX).absolute()
        checksums = self.checksums()
        session = self.gathered()

        def work(reporter: Reporter) -> None:
            reporter.progress(0.1, f"Writing {path.name}")
            write_session(checksums(session, reporter.cancelled), path)

        def finish() -> None:
            self._path = path
            self._window.settings.add_recent(path)
            self._window.data.refresh()
            count = sum(entry.file is None for entry in session.forecasts)
            if not count:
                self._window.notifications.info(f"Saved {path}")
                return
            one = count == 1
            self._window.notifications.info(
                f"Saved {path.name}. {'Its forecast is' if one else 'Its forecasts are'} "
                f"made again when it is opened.",
                f"{path}\n\nA session names its files; it does not hold them. Forecasts that were "
                "not saved to a file are computed again, with the same settings.",
                Remedy("Save It Beside" if one else "Save Them Beside", self.save_forecasts),
            )

        job = self._window.jobs.create(f"save {path}", work)
        job.finished.connect(lambda _: finish())
        job.failed.connect(
            lambda error: self._window.notifications.error(error, f"Saving {path.name}")
        )
        job.start()
        return job

    def save_forecasts(self) -> Job | None:
        """Write the forecasts beside the session that was saved last, and save it again.

        Returns
        -------
        Job or None
            The work; None without a session.
        """
        path = self._path
        if path is None:
            return None
        kept = [(n, each.forecast) for n, each in enumerate(self._window.document.forecasts, 1)]
        targets = [
            (forecast, path.with_name(f"{path.stem}.forecast-{number}.shell.h5"))
            for number, forecast in kept
            if isinstance(forecast, Forecast) and forecast not in self._saved
        ]

        def work(reporter: Reporter) -> None:
            for done, (forecast, target) in enumerate(targets):
                reporter.progress(done / len(targets), f"Writing {target.name}")
                core.save(forecast, target)
                reporter.publish((forecast, target))

        job = self._window.jobs.create(f"save {path}", work)
        job.published.connect(lambda pair: self._remember_forecast(*pair))
        job.finished.connect(lambda _: self.save(path))
        job.failed.connect(
            lambda error: self._window.notifications.error(error, "Saving the forecasts")
        )
        job.start()
        return job

    def _remember_forecast(self, forecast: Evolution, path: Path) -> None:
        self._saved[forecast] = path

    def gathered(self) -> Session:
        """Return what is open; nothing is read."""
        return gather(self._window, self._fingerprints, self._saved)

    def checksums(self) -> Callable[[Session, CancelCheck], Session]:
        """Return what reads the checksums of the files that are open now, in a worker."""
        document = self._window.document
        of_run = {
            str(path.absolute()): members(source)
            for source in (document.source, document.control_source)
            if source is not None
            for path in (source.request.paths if source.request is not None else (source.path,))
        }
        return lambda session, stop: with_checksums(session, of_run, self._fingerprints, stop)

    # -- opening ---------------------------------------------------------------

    def choose_open(self) -> None:
        """Ask for a session and open it."""
        settings = self._window.settings
        for path in files.ask_files(self._window, settings, "Open a session", FILTERS)[:1]:
            self.open(path)

    def open(self, path: Path) -> Job | None:
        """Open a session, or the one that a picture carries.

        Parameters
        ----------
        path : Path
            The file.

        Returns
        -------
        Job or None
            The reading of its files; None if that has not begun, because the
            session cannot be read, or files have to be located first.
        """
        path = Path(path).absolute()
        try:
            read = read_session(path)
        except ShellsightError as error:
            self._window.notifications.error(error)
            return None

        def begun() -> None:
            self._path = path if path.suffix == SUFFIX else None
            self._window.settings.add_recent(path)
            self._window.data.refresh()

        return self.restore(read.session, path.parent, path.name, read.notes, begun)

    def restore(
        self,
        session: Session,
        folder: Path | None,
        title: str,
        notes: tuple[str, ...],
        begun: Callable[[], None],
        ended: Callable[[bool], None] = lambda whole: None,
    ) -> Job | None:
        """Bring a session back, once all of its files are found.

        Parameters
        ----------
        session : Session
            The session.
        folder : Path or None
            Where it was read from, where its files may be near.
        title : str
            Its name, for people.
        notes : tuple of str
            What is to be said of it in the end.
        begun : callable
            Called when it begins.
        ended : callable, optional
            Called when it has ended, with whether all is there.

        Returns
        -------
        Job or None
            As for `open`.
        """
        wanted = tuple(_wanted(session))
        found = find_all((item.entry for item in wanted), folder)
        if all(item.entry.path in found for item in wanted):
            return self._start(session, found, title, notes, begun, ended)
        dialog = LocateDialog(title, wanted, folder, self._window.settings, self._window)

        def go_on(paths: dict[str, Path]) -> None:
            gone = tuple(
                f"{item.what} {item.entry.name} was not found; the session is without it."
                for item in wanted
                if item.entry.path not in paths
            )
            self._start(session, paths, title, notes + gone, begun, ended)

        dialog.located.connect(go_on)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()
        return None

    def _start(
        self,
        session: Session,
        found: Mapping[str, Path],
        title: str,
        notes: tuple[str, ...],
        begun: Callable[[], None],
        ended: Callable[[bool], None],
    ) -> Job | None:
        paths = dict(found)
        if session.source is not None and session.source.sample:
            try:
                paths[session.source.files[0].path] = self._window.sample_path()
            except ShellsightError as error:
                self._window.notifications.error(error)
                return None
        restoring = Restoring(self._window, session, paths, title, notes, self._fingerprints)
        restoring.loaded.connect(self._remember_forecast)
        restoring.done.connect(lambda _: self._on_restored(restoring))
        restoring.done.connect(ended)
        self._restoring = restoring
        job = restoring.start()
        begun()
        return job

    def _on_restored(self, restoring: Restoring) -> None:
        if self._restoring is restoring:
            self._restoring = None

    def _on_source(self) -> None:
        """Another file has no session to save it to yet."""
        source = self._window.document.source
        path = source.path if source is not None else None
        if path != self._source:
            self._source = path
            if not self.is_restoring:
                self._path = None


def session_text(window: Window, path: Path | None = None) -> str:
    """Return the session of a window as text, for a picture to carry.

    Parameters
    ----------
    window : Window
        The window.
    path : Path, optional
        The picture.

    Returns
    -------
    str
        JSON; see `Sessions.text`.
    """
    return window.sessions.text(path)


def _wanted(session: Session) -> list[Wanted]:
    """List the files that a session cannot, or can, do without."""
    listed: list[Wanted] = []

    def add(entry: FileEntry, what: str, needed: bool = False) -> None:
        listed.append(Wanted(entry, what, needed))

    if session.source is not None and not session.source.sample:
        for entry in session.source.files:
            add(entry, "Data", True)
    if session.control is not None and not session.control.sample:
        for entry in session.control.files:
            add(entry, "Control")
    for forecast in session.forecasts:
        if forecast.file is not None:
            add(forecast.file, "Forecast")
    return listed
