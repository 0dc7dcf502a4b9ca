"""The views of a picture side by side, drawn off screen as often as needed, and annotated."""

from __future__ import annotations

import os
from dataclasses import replace
from types import TracebackType

os.environ.setdefault("QT_API", "pyside6")

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.exports.pictures import Sheet, Shot
from app.exports.subjects import Subject, subject_of
from app.look import ViewRole
from app.scene import camera as geometry
from app.scene.colorbar import LABEL, UNIT, paint_color_bar
from app.scene.easel import Easel
from app.scene.overlay import LABEL_COLOR, Annotations, paint, text
from app.view_state import CameraState, TransferFunction
from core.progress import CancelCheck, Progress, check_cancelled, report

REFERENCE_PIXELS = 480.0
"""Annotations have their size on screen in a picture this large, and grow with it."""

_application: list[QGuiApplication] = []


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


class Panel:
    """One view of a picture, drawn as often as needed.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    role : {"truth", "forecast", "third"}
        The view.
    size : tuple of int
        Width and height in pixels of the file.
    sheet : Sheet
        The picture it is part of.
    font : QFont
        Font of the annotations.
    """

    def __init__(
        self, shot: Shot, role: ViewRole, size: tuple[int, int], sheet: Sheet, font: QFont
    ) -> None:
        self.role, self.size = role, size
        self._sheet, self._font = sheet, font
        self._site = shot.material.site_pc
        self._scale = min(size) / REFERENCE_PIXELS
        self._subject = subject = subject_of(shot, role)
        self._eye = _eye(shot, role, size[0] / size[1], self._has_bar)
        self._easel = Easel(
            subject.prepared,
            role,
            size,
            subject.transfer,
            subject.layers,
            line_width=max(self._scale, 0.5),
            transparent=sheet.transparent,
            fine=sheet.fine,
            details=subject.details,
        )

    @property
    def name(self) -> str:
        """What the view is called."""
        return self._subject.title.lower()

    @property
    def _has_bar(self) -> bool:
        return self._sheet.color_bar and self._subject.layers.volume

    def close(self) -> None:
        """Let go of the graphics."""
        self._easel.close()

    def frame_at(self, time_myr: float) -> int:
        """Return the index of the frame that is shown at a time."""
        return self._subject.prepared.nearest(time_myr)

    def draw(self, time_myr: float, angle_deg: float = 0.0) -> QImage:
        """Draw the frame nearest to a time.

        Parameters
        ----------
        time_myr : float
            The time in Myr.
        angle_deg : float
            How far the eye has turned around the cube.

        Returns
        -------
        QImage
            The view, annotated.
        """
        eye = geometry.orbit(self._eye, angle_deg, 0.0) if angle_deg else self._eye
        index = self.frame_at(time_myr)
        image = _image(self._easel.draw(index, eye))
        width, height = self.size
        logical = QRectF(0, 0, width / self._scale, height / self._scale)
        painter = QPainter(image)
        painter.scale(self._scale, self._scale)
        paint(painter, logical, self._notes(index), eye, self._font)
        if self._has_bar:
            scale = (_label(self._subject), self._subject.transfer)
            _paint_color_bar(painter, logical, *(self._easel.stage.scale or scale), self._font)
        painter.end()
        return image

    def _notes(self, index: int) -> Annotations:
        subject = self._subject
        layers, written = subject.layers, self._sheet.annotations
        # Box and explosion are layers, which Qt draws over the scene: they stay.
        return Annotations(
            role=self.role,
            title=subject.title if written else "",
            subtitle=subject.subtitle if written else "",
            time_myr=float(subject.prepared.times_myr[index]) if written else None,
            measures=written,
            site_pc=self._site if layers.site else None,
            edges=self._easel.stage.edges if layers.box else None,
            caption=self._easel.stage.caption if written else "",
            dots=subject.dots,
        )


class Board:
    """The views of a shot side by side; a context that lets go of the graphics at its end.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    sheet : Sheet
        The picture.

    Raises
    ------
    InvalidRequest
        If there is nothing to draw, or data for a view are missing.
    """

    def __init__(self, shot: Shot, sheet: Sheet) -> None:
        shot.check()
        application = ensure_application()
        font = application.font() if isinstance(application, QApplication) else QFont()
        self.sheet = sheet
        width, height = sheet.size
        count = len(shot.views)
        self._gap = max(2, round(width / 200)) if count > 1 else 0
        each = (width - self._gap * (count - 1)) // count
        self.panels: list[Panel] = []
        try:
            for role in shot.views:
                self.panels.append(Panel(shot, role, (each, height), sheet, font))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the graphics."""
        for panel in self.panels:
            panel.close()

    def frames_at(self, time_myr: float) -> tuple[int, ...]:
        """Return the frame of each view that is shown at a time."""
        return tuple(panel.frame_at(time_myr) for panel in self.panels)

    def draw(
        self,
        time_myr: float,
        angle_deg: float = 0.0,
        *,
        progress: Progress | None = None,
        cancelled: CancelCheck | None = None,
    ) -> QImage:
        """Draw every view.

        Parameters
        ----------
        time_myr, angle_deg : float
            See `Panel.draw`.
        progress : callable, optional
            Told the fraction done.
        cancelled : callable, optional
            Asked before every view whether to stop.

        Returns
        -------
        QImage
            The picture.
        """
        width, height = self.sheet.size
        clear = self.sheet.transparent
        form = QImage.Format.Format_RGBA8888_Premultiplied if clear else QImage.Format.Format_RGB888
        whole = QImage(width, height, form)
        whole.fill(Qt.GlobalColor.transparent if clear else Qt.GlobalColor.black)
        painter = QPainter(whole)
        try:
            for place, panel in enumerate(self.panels):
                check_cancelled(cancelled, "The picture")
                report(progress, place / len(self.panels), f"Drawing the {panel.name}")
                left = place * (panel.size[0] + self._gap)
                painter.drawImage(left, 0, panel.draw(time_myr, angle_deg))
        finally:
            painter.end()
        return whole


def _eye(shot: Shot, role: ViewRole, aspect: float, color_bar: bool) -> CameraState:
    camera = shot.cameras.get(role)
    if camera is not None:
        return widened(camera, shot.aspects.get(role, aspect), aspect)
    size_pc = shot.material.size_pc
    if shot.side:
        eye = geometry.standard_camera(shot.side, size_pc, aspect)
    else:
        eye = geometry.default_camera(size_pc, aspect)
    if color_bar:  # the cube makes room for it
        eye = geometry.pan(geometry.zoom(eye, 0.95, size_pc), 0.0, -0.035 * size_pc)
    return replace(eye, parallel=shot.look.orthographic)


def widened(camera: CameraState, made_for: float, aspect: float) -> CameraState:
    """Open an eye wider, so that a narrower picture shows all that a view shows.

    Parameters
    ----------
    camera : CameraState
        The eye.
    made_for, aspect : float
        Width over height of the view and of the picture.

    Returns
    -------
    CameraState
        With the same width of what is seen, if the picture is narrower;
        otherwise the same eye.
    """
    if aspect >= made_for:
        return camera
    half = np.tan(np.deg2rad(camera.view_angle / 2)) * made_for / aspect
    return replace(camera, view_angle=float(min(2 * np.rad2deg(np.arctan(half)), 150.0)))


def _image(pixels: NDArray[np.uint8]) -> QImage:
    data = np.ascontiguousarray(pixels)
    height, width, channels = data.shape
    form = (
        QImage.Format.Format_RGB888
        if channels == 3
        else QImage.Format.Format_RGBA8888_Premultiplied
    )
    return QImage(data.data, width, height, channels * width, form).copy()


def _label(subject: Subject) -> str:
    if not subject.label:
        return f"{LABEL}  {UNIT}"
    unit = subject.unit if subject.unit.startswith("[") or not subject.unit else f"[{subject.unit}]"
    return f"{subject.label}  {unit}"


def _paint_color_bar(
    painter: QPainter, picture: QRectF, label: str, transfer: TransferFunction, font: QFont
) -> None:
    length = min(picture.width() * 0.32, 150.0)
    left = picture.center().x() - length / 2
    top = picture.bottom() - 34
    paint_color_bar(painter, QRectF(left, top, length, 24), transfer, font, label="")
    middle = QPointF(picture.center().x(), top - 3)
    text(painter, middle, label.strip(), font, 10, LABEL_COLOR, centered=True)
