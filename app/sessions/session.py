"""A session: everything that brings a window back, as one value and as a file. No Qt.

The file is JSON. Its version has two numbers: files of the same first number
are read by every program that knows it, whatever the second; fields that are
missing take their defaults, and those that are unknown are left aside.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.data.place import Place
from app.data.source import OpenRequest
from app.exports.provenance import SESSION, read_png_text, software
from app.forecasts.forecast_request import ForecastRequest
from app.look import Look
from app.sessions.encoding import Json, decoded, encoded
from app.sessions.fingerprints import FileEntry
from app.view_state import CameraState, Vector3
from core.errors import InvalidRequest
from core.sites import Site
from core.units import UnitSystem
from core.writers.atomic import replacing

SUFFIX = ".shellsight"

FORMAT = "shellsight-session"
VERSION = (1, 0)
"""The first number grows when older programs could no longer make sense of a file."""

MAX_BYTES = 16 * 2**20
"""A file larger than this is no session: it is not read."""


@dataclass(frozen=True)
class SourceEntry:
    """What was opened, and how.

    Parameters
    ----------
    files : tuple of FileEntry
        A file, a folder, or several files of one run.
    format : str or None
        Name of the reader; None where it was found.
    units : UnitSystem or None
        Units of files that state none.
    trajectory : int
        Which run of a file that holds several.
    sample : bool
        Whether it is the simulation that ships with Shellsight, wherever
        that is installed.
    """

    files: tuple[FileEntry, ...]
    format: str | None = None
    units: UnitSystem | None = None
    trajectory: int = 0
    sample: bool = False

    def __post_init__(self) -> None:
        if not self.files:
            raise InvalidRequest("it names no file")

    @property
    def name(self) -> str:
        """A short name for messages."""
        return self.files[0].name

    def request(self, paths: Mapping[str, Path], place: Place | None = None) -> OpenRequest:
        """Return what is to be opened.

        Parameters
        ----------
        paths : Mapping of str to Path
            Where each of the files is now.
        place : Place, optional
            The cube to cut out at once.

        Returns
        -------
        OpenRequest
            For `Reading.open`.
        """
        found = tuple(paths[entry.path] for entry in self.files)
        return OpenRequest(found, self.format, self.units, self.trajectory, place=place)


@dataclass(frozen=True)
class ForecastEntry:
    """A forecast: what was asked for, and the file it was saved to, if it was.

    Parameters
    ----------
    request : ForecastRequest or None
        What was asked for; without a file it is forecast again.
    file : FileEntry or None
        The saved forecast.
    name : str
        What people call it.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    matches : bool
        Whether the truth shows the same explosion.
    """

    request: ForecastRequest | None = None
    file: FileEntry | None = None
    name: str = ""
    site_pc: Vector3 = (0.0, 0.0, 0.0)
    matches: bool = True


@dataclass(frozen=True)
class Session:
    """Everything that brings a window back.

    Parameters
    ----------
    source : SourceEntry or None
        What is open.
    control : SourceEntry or None
        The run without the explosion that was attached to it.
    place : Place or None
        The cube that was cut out, or is to be.
    choosing : bool
        Whether the whole box is shown, to choose the place.
    sites : tuple of Site
        The candidates for the place.
    look : Look
        Layers, colours and arrangement of the views.
    cameras : Mapping of str to CameraState
        The eye of each view that was moved, by the view's name.
    time_myr : float
        The time shown.
    forecasts : tuple of ForecastEntry
        The forecasts, in the order they were made.
    shown : int
        Which of them is shown.
    settings : ForecastRequest
        What the panel of the forecast is set to.
    docks : str
        How the panels are arranged, as Qt writes it, in base64.
    folds : tuple of str
        The sections of the panels that are open.
    """

    source: SourceEntry | None = None
    control: SourceEntry | None = None
    place: Place | None = None
    choosing: bool = False
    sites: tuple[Site, ...] = ()
    look: Look = field(default_factory=Look)
    cameras: Mapping[str, CameraState] = field(default_factory=dict)
    time_myr: float = 0.0
    forecasts: tuple[ForecastEntry, ...] = ()
    shown: int = 0
    settings: ForecastRequest = field(default_factory=ForecastRequest)
    docks: str = ""
    folds: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[FileEntry, ...]:
        """Every file the session names, but for those of the shipped sample."""
        sources = (entry for entry in (self.source, self.control) if entry is not None)
        named = [file for source in sources if not source.sample for file in source.files]
        return (*named, *(f.file for f in self.forecasts if f.file is not None))

    def in_folder(self, folder: Path | None) -> Session:
        """Return the session with the ways from a folder to its files, or without any."""

        def source_in(source: SourceEntry | None) -> SourceEntry | None:
            if source is None:
                return None
            return replace(source, files=tuple(f.relative_to(folder) for f in source.files))

        return replace(
            self,
            source=source_in(self.source),
            control=source_in(self.control),
            forecasts=tuple(
                entry if entry.file is None else replace(entry, file=entry.file.relative_to(folder))
                for entry in self.forecasts
            ),
        )


def finite(camera: CameraState) -> bool:
    """Whether an eye is somewhere at all."""
    values = (*camera.position, *camera.focal_point, *camera.view_up, camera.view_angle)
    return bool(np.isfinite(values).all())


# ---------------------------------------------------------------- writing


def session_json(session: Session, *, written: bool = True) -> str:
    """Write a session down.

    Parameters
    ----------
    session : Session
        The session.
    written : bool
        Say when, and by which version of the program.

    Returns
    -------
    str
        JSON.
    """
    envelope: dict[str, Json] = {"format": FORMAT, "version": ".".join(map(str, VERSION))}
    if written:
        envelope["program"] = software()
        envelope["written"] = datetime.now(UTC).isoformat(timespec="seconds")
    envelope["session"] = encoded(session)
    return json.dumps(envelope, indent=1, ensure_ascii=False, allow_nan=False)


def write_session(session: Session, path: Path) -> None:
    """Write a session to a file, which appears when it is complete.

    Parameters
    ----------
    session : Session
        The session; its files are named as seen from the file's folder too.
    path : Path
        The file.

    Raises
    ------
    InvalidRequest
        If it cannot be written.
    """
    text = session_json(session.in_folder(Path(path).absolute().parent))
    with replacing(path) as partial:
        partial.write_text(text, encoding="utf-8")


# ---------------------------------------------------------------- reading


@dataclass(frozen=True)
class ReadSession:
    """A session as it was read.

    Parameters
    ----------
    session : Session
        The session.
    path : Path
        The file.
    notes : tuple of str
        What was left aside.
    """

    session: Session
    path: Path
    notes: tuple[str, ...] = ()


def is_session_file(path: Path) -> bool:
    """Whether a file is opened as a session: by its name; a picture may carry one."""
    return path.suffix.lower() in (SUFFIX, ".png")


def read_session(path: Path) -> ReadSession:
    """Read a session from its file, or from a picture that carries one.

    Parameters
    ----------
    path : Path
        ``*.shellsight`` or ``*.png``.

    Returns
    -------
    ReadSession
        The session, and what was left aside.

    Raises
    ------
    InvalidRequest
        If the file cannot be read or holds no session; the message says
        where it is wrong.
    """
    path = Path(path)
    if path.suffix.lower() == ".png":
        text = read_png_text(path).get(SESSION)
        if text is None:
            raise InvalidRequest(
                f"{path.name} carries no session. Pictures that Shellsight exports do, "
                "unless another program has saved them again."
            )
    else:
        text = _text_of(path)
    session, notes = parse_session(text, path.name)
    return ReadSession(session, path, notes)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidRequest(f"{path.name} is too large for a session.")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be read ({error.strerror or error}).") from error
    except UnicodeDecodeError as error:
        raise InvalidRequest(f"{path.name} is not a session: it is no text.") from error


def parse_session(text: str, name: str = "The session") -> tuple[Session, tuple[str, ...]]:
    """Make sense of what `session_json` wrote, perhaps with another version.

    Parameters
    ----------
    text : str
        JSON.
    name : str
        Where it is from, for errors.

    Returns
    -------
    session : Session
        The session.
    notes : tuple of str
        What was left aside.

    Raises
    ------
    InvalidRequest
        If it is no session, is damaged, or of a version that is too new.
    """
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
        raise InvalidRequest(f"{name} is not a session, or is damaged{where}: {error}.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InvalidRequest(f"{name} is not a session of Shellsight.")
    version = _version(content.get("version"), name)
    if version[0] > VERSION[0]:
        raise InvalidRequest(
            f"{name} was written by a newer Shellsight: its version is "
            f"{version[0]}.{version[1]}, and this program reads up to {VERSION[0]}. "
            "Install the newer one to open it."
        )
    notes: list[str] = []
    try:
        session = decoded(Session, content.get("session"), "session", notes)
    except (InvalidRequest, RecursionError) as error:
        raise InvalidRequest(f"{name}: {error}") from error
    return session, tuple(notes)


def _version(stated: Json, name: str) -> tuple[int, int]:
    major, _, minor = str(stated).partition(".")
    if not (major.isdecimal() and minor.isdecimal() and len(major + minor) < 10):
        raise InvalidRequest(f"{name}: version must be two numbers such as “1.0”, not {stated!r}.")
    return int(major), int(minor)
