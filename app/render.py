"""Pictures without a window: the same layers, colours and annotations as the live views."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.scene import camera as geometry
from app.scene.box import box_edges, facing_octant
from app.scene.colorbar import LABEL, UNIT, paint_color_bar
from app.scene.overlay import LABEL_COLOR, Annotations, paint, text, to_image
from app.scene.prepare import prepare
from app.scene.still import draw_still
from app.view_state import CameraState, LayerState, TransferFunction
from core.errors import InvalidRequest
from core.evolution import Evolution

ROLES: Mapping[str, str] = {"truth": "Truth", "forecast": "Forecast"}

REFERENCE_PIXELS = 480.0
"""Annotations have their size on screen in a picture this large, and grow with it."""

_application: list[QGuiApplication] = []


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


def ensure_application() -> QGuiApplication:
    """Return Qt's application, made without a display when there is none yet.

    Text is drawn by Qt, which wants an application but no window.

    Returns
    -------
    QGuiApplication
        The running one, or a new one on Qt's off-screen platform.
    """
    existing = QGuiApplication.instance()
    if isinstance(existing, QGuiApplication):
        return existing
    if not _application:
        _application.append(QApplication(["shellsight", "-platform", "offscreen"]))
    return _application[0]


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
    if role not in ROLES:
        raise InvalidRequest(f"A picture shows {' or '.join(ROLES)}, not '{role}'.")
    width, height = size
    if min(size) < 64 or max(size) > 8192:
        raise InvalidRequest(f"A picture has 64 to 8192 pixels a side, not {width} x {height}.")
    style = style or PictureStyle()
    application = ensure_application()
    sequence = evolution.sequence
    prepared = prepare(sequence, evolution.control, evolution.site_pc)
    index = prepared.nearest(time_myr)
    scale = min(width, height) / REFERENCE_PIXELS
    eye = style.camera or _default_eye(sequence.size_pc, width / height, style.color_bar)
    image = to_image(
        draw_still(prepared, role, index, eye, size, style.transfer, style.layers, max(scale, 0.5))
    )
    layers = style.layers
    corner = prepared.cut_corner_pc
    octant = facing_octant(eye, corner) if layers.cut and layers.volume else None
    title, subtitle = (style.titles or {}).get(role, (ROLES[role], ""))
    notes = Annotations(
        role=role,
        title=title,
        subtitle=subtitle,
        time_myr=float(prepared.times_myr[index]),
        site_pc=evolution.site_pc if layers.site else None,
        edges=box_edges(eye, sequence.size_pc, octant, corner) if layers.box else None,
    )
    font = application.font() if isinstance(application, QApplication) else QFont()
    painter = QPainter(image)
    painter.scale(scale, scale)
    logical = QRectF(0, 0, width / scale, height / scale)
    paint(painter, logical, notes, eye, font)
    if style.color_bar and layers.volume:
        _paint_color_bar(painter, logical, style.transfer, font)
    painter.end()
    return image


def _default_eye(size_pc: float, aspect: float, color_bar: bool) -> CameraState:
    eye = geometry.default_camera(size_pc, aspect)
    if color_bar:  # the cube makes room for it
        eye = geometry.pan(geometry.zoom(eye, 0.95, size_pc), 0.0, -0.035 * size_pc)
    return eye


def _paint_color_bar(
    painter: QPainter, picture: QRectF, transfer: TransferFunction, font: QFont
) -> None:
    length = min(picture.width() * 0.32, 150.0)
    left = picture.center().x() - length / 2
    top = picture.bottom() - 34
    paint_color_bar(painter, QRectF(left, top, length, 24), transfer, font, label="")
    middle = QPointF(picture.center().x(), top - 3)
    text(painter, middle, f"{LABEL}  {UNIT}", font, 10, LABEL_COLOR, centered=True)


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
        By role: "truth", "forecast" or both, drawn in this order.
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
    if not evolutions:
        raise InvalidRequest("There is nothing to draw.")
    path = Path(path)
    width, height = size
    gap = max(2, round(width / 200)) if len(evolutions) > 1 else 0
    each = (width - gap * (len(evolutions) - 1)) // len(evolutions)
    ensure_application()
    sheet = QImage(width, height, QImage.Format.Format_RGB32)
    sheet.fill(Qt.GlobalColor.black)
    painter = QPainter(sheet)
    for place, (role, evolution) in enumerate(evolutions.items()):
        picture = render_picture(evolution, role, time_myr, (each, height), style)
        painter.drawImage(place * (each + gap), 0, picture)
    painter.end()
    temporary = path.with_name(f".{path.stem}.part{path.suffix}")
    if not sheet.save(str(temporary)):
        temporary.unlink(missing_ok=True)
        raise InvalidRequest(
            f"{path}: cannot save a picture there. The folder must exist and be writable, "
            "and the name end in .png, .jpg or .tif."
        )
    temporary.replace(path)
    return path
