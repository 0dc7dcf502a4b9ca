"""What a session keeps of a window: gathered from it, and its files' checksums read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from app.forecasts.forecast_list import KeptForecast
from app.forecasts.forecast_request import ForecastRequest
from app.panels.fold import open_folds
from app.scene.viewport import Viewport
from app.sessions.fingerprints import FileEntry, Fingerprints
from app.sessions.session import ForecastEntry, Session, SourceEntry, finite
from core.errors import InvalidRequest, ShellsightError
from core.progress import CancelCheck

if TYPE_CHECKING:
    from app.data.source import Source
    from app.window import Window
    from core.evolution import Evolution

WHOLE = "whole"
"""The view of the whole box, beside those named by their role."""


def views(window: Window) -> dict[str, Viewport]:
    """Return every 3D view of a window by the name a session gives it."""
    columns = {str(role): column.view for role, column in window.centre.columns.items()}
    return {**columns, WHOLE: window.centre.whole.view}


def members(source: Source | None) -> tuple[Path, ...]:
    """Return the files that belong to what is open."""
    return source.series.paths if source is not None and source.series is not None else ()


def gather(window: Window, fingerprints: Fingerprints, saved: Mapping[Evolution, Path]) -> Session:
    """Return what brings a window back as it is now.

    Parameters
    ----------
    window : Window
        The window.
    fingerprints : Fingerprints
        Knows the checksums that were read before; nothing is read here.
    saved : Mapping of Evolution to Path
        The forecasts that were saved, and where.

    Returns
    -------
    Session
        Without the ways from a folder to its files.
    """
    document, panel = window.document, window.forecast_panel
    cameras = {
        name: view.camera()
        for name, view in views(window).items()
        if not view.fitted and finite(view.camera())
    }
    alone = document.truth is None and not document.choosing
    kept = () if alone else document.forecasts
    shown = document.shown_forecast
    return Session(
        source=_entry(document.source, fingerprints, window.sample_path),
        control=_entry(document.control_source, fingerprints, window.sample_path),
        place=document.place,
        choosing=document.choosing,
        sites=document.sites,
        look=document.look,
        cameras=cameras,
        time_myr=document.time_myr,
        forecasts=tuple(_forecast(each, fingerprints, saved) for each in kept),
        shown=next((i for i, each in enumerate(kept) if each is shown), 0),
        settings=ForecastRequest(
            panel.model, panel.device_key, panel.averaging_count, panel.energy_erg
        ),
        docks=bytes(window.saveState().toBase64().data()).decode("ascii"),
        folds=open_folds(window),
    )


def _entry(
    source: Source | None, fingerprints: Fingerprints, sample: Callable[[], Path]
) -> SourceEntry | None:
    if source is None:
        return None
    request = source.request
    paths = request.paths if request is not None else (source.path,)
    files = tuple(fingerprints.known(path, members(source)) for path in paths)
    if request is None:
        return SourceEntry(files)
    try:
        shipped = len(paths) == 1 and paths[0].absolute() == sample().absolute()
    except ShellsightError:
        shipped = False
    return SourceEntry(files, request.format, request.units, request.trajectory, shipped)


def _forecast(
    kept: KeptForecast, fingerprints: Fingerprints, saved: Mapping[Evolution, Path]
) -> ForecastEntry:
    path = saved.get(kept.forecast)
    return ForecastEntry(
        request=kept.request,
        file=None if path is None else fingerprints.known(path),
        name=kept.name,
        site_pc=kept.forecast.site_pc,
        matches=kept.matches,
    )


def with_checksums(
    session: Session,
    of_run: Mapping[str, Sequence[Path]],
    fingerprints: Fingerprints,
    cancelled: CancelCheck | None = None,
) -> Session:
    """Read the checksums of a session's files, in a worker.

    Parameters
    ----------
    session : Session
        The session.
    of_run : Mapping of str to sequence of Path
        The files that belong to the run, for each folder of the session.
    fingerprints : Fingerprints
        Those read before; what has not changed is not read again.
    cancelled : callable, optional
        Asked between files whether to stop.

    Returns
    -------
    Session
        With checksums, but for files that cannot be read.
    """

    def read(entry: FileEntry) -> FileEntry:
        try:
            return fingerprints.read(Path(entry.path), of_run.get(entry.path, ()), cancelled)
        except InvalidRequest:
            return entry

    def filled(source: SourceEntry | None) -> SourceEntry | None:
        if source is None:
            return None
        return replace(source, files=tuple(read(entry) for entry in source.files))

    return replace(
        session,
        source=filled(session.source),
        control=filled(session.control),
        forecasts=tuple(
            entry if entry.file is None else replace(entry, file=read(entry.file))
            for entry in session.forecasts
        ),
    )
