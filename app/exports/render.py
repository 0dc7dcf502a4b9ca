"""Pictures without a window: the same layers, colours and annotations as the live views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from PySide6.QtGui import QImage

from app.exports import provenance
from app.exports.board import Board
from app.exports.pictures import Material, Sheet, Shot, about
from app.exports.subjects import TITLES
from app.look import Look, ViewRole
from app.view_state import CameraState, LayerState, TransferFunction
from core.cubes import CubeSequence
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.progress import CancelCheck, Progress, check_cancelled, report


@dataclass(frozen=True)
class PictureStyle:
    """How a picture looks.

    Parameters
    ----------
    transfer : TransferFunction
        Colours and opacities of the gas.
    layers : LayerState
        What is shown.
    camera : CameraState or None
        The eye; None for the one that shows the whole cube.
    titles : Mapping of str to (str, str)
        Title and subtitle by role; "Truth" and "Forecast" otherwise.
    color_bar : bool
        Whether the scale of colours is drawn.
    """

    transfer: TransferFunction = field(default_factory=TransferFunction)
    layers: LayerState = field(default_factory=LayerState)
    camera: CameraState | None = None
    titles: Mapping[str, tuple[str, str]] | None = None
    color_bar: bool = True


def shot_of(evolutions: Mapping[str, Evolution], style: PictureStyle | None = None) -> Shot:
    """Return the shot of evolutions side by side.

    Parameters
    ----------
    evolutions : Mapping of str to Evolution
        By role: "truth", "forecast" or both.
    style : PictureStyle, optional
        How they look.

    Returns
    -------
    Shot
        What is drawn.

    Raises
    ------
    InvalidRequest
        If a role is unknown, or there is none.
    """
    style = style or PictureStyle()
    for role in evolutions:
        if role not in TITLES:
            raise InvalidRequest(f"A picture shows {' or '.join(TITLES)}, not '{role}'.")
    views: list[ViewRole] = [role for role in TITLES if role in evolutions]
    if not views:
        raise InvalidRequest("There is nothing to draw.")
    truth, forecast = evolutions.get("truth"), evolutions.get("forecast")
    shown = truth or forecast
    material = Material(
        truth=None if truth is None else _told(truth),
        control=None if truth is None else truth.control,
        forecast=forecast,
        site_pc=(0.0, 0.0, 0.0) if shown is None else shown.site_pc,
    )
    look = Look(truth=style.layers, forecast=style.layers, transfer=style.transfer)
    eyes = {} if style.camera is None else dict.fromkeys(views, style.camera)
    given = style.titles or {}
    titles = {role: given[role] for role in views if role in given}
    return Shot(material, tuple(views), look, eyes, titles=titles)


def _told(evolution: Evolution) -> CubeSequence:
    """Return the frames with all that is known of where they come from."""
    sequence = evolution.sequence
    known = {**sequence.provenance, **evolution.provenance}
    return replace(sequence, provenance=known)


def render_picture(
    evolution: Evolution,
    role: str,
    time_myr: float,
    size: tuple[int, int] = (1200, 1200),
    style: PictureStyle | None = None,
) -> QImage:
    """Draw one evolution at one time, annotated.

    Parameters
    ----------
    evolution : Evolution
        What to draw.
    role : str
        "truth" or "forecast": the colour of the shell.
    time_myr : float
        The nearest frame is drawn, and its time written.
    size : tuple of int
        Width and height in pixels.
    style : PictureStyle, optional
        How it looks.

    Returns
    -------
    QImage
        The picture.

    Raises
    ------
    InvalidRequest
        If the role is unknown or the size is too small to draw in.
    """
    sheet = Sheet(*size, color_bar=style.color_bar if style else True)
    with Board(shot_of({role: evolution}, style), sheet) as board:
        return board.draw(time_myr)


def render_pictures(
    evolutions: Mapping[str, Evolution],
    time_myr: float,
    size: tuple[int, int],
    path: Path | str,
    style: PictureStyle | None = None,
) -> Path:
    """Draw evolutions side by side and save the picture.

    Parameters
    ----------
    evolutions : Mapping of str to Evolution
        By role: "truth", "forecast" or both.
    time_myr : float
        The frames nearest to it are drawn.
    size : tuple of int
        Width and height of the whole picture in pixels.
    path : Path or str
        Where to save it; the extension decides the format.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InvalidRequest
        If there is nothing to draw, or the file cannot be written.
    """
    sheet = Sheet(*size, color_bar=style.color_bar if style else True)
    return save_picture(shot_of(evolutions, style), sheet, time_myr, Path(path))


def save_picture(
    shot: Shot,
    sheet: Sheet,
    time_myr: float,
    path: Path,
    session: str | None = None,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Path:
    """Draw a shot and save the picture with where it comes from.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    sheet : Sheet
        The picture.
    time_myr : float
        The frames nearest to it are drawn.
    path : Path
        Where to save it; the suffix decides the format.
    session : str, optional
        The session, which PNG files carry.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between the views whether to stop.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidRequest
        If there is nothing to draw, or the file cannot be written.
    Cancelled
        If told to stop; nothing is written.
    """
    provenance.check_picture_path(path)
    with Board(shot, sheet) as board:
        image = board.draw(time_myr, progress=progress, cancelled=cancelled)
    check_cancelled(cancelled, "The picture")
    report(progress, 0.9, f"Writing {path.name}")
    told = about(shot, sheet, time_myr=time_myr)
    return provenance.save_image(image, path, provenance.texts(told, session))
