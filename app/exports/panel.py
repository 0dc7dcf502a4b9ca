"""One view of a picture with its slice, drawn off screen as often as needed."""

from __future__ import annotations

import os
from dataclasses import replace

os.environ.setdefault("QT_API", "pyside6")

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QFont, QImage, QPainter

from app.exports.pictures import Sheet, Shot
from app.exports.sheet_layout import Cell
from app.exports.subjects import Subject, subject_of
from app.look import ViewRole
from app.preferences.display_units import DENSITY, DensityDisplay
from app.scene import camera as geometry
from app.scene.colorbar import paint_color_bar
from app.scene.easel import Easel
from app.scene.overlay import BACKGROUND, LABEL_COLOR, Annotations, paint, text
from app.scene.prepare import PLANE_POINTS
from app.scene.slice_painting import (
    gas_image,
    height_of,
    outlines_of,
    paint_measures,
    paint_plane,
    placement_of,
)
from app.scene.temperature import colour_alike, gas_plane, gas_transfer
from app.view_state import CameraState, TransferFunction

REFERENCE_PIXELS = 480.0
"""Annotations have their size on screen in a picture this large, and grow with it."""

MOST_PLANE_POINTS, OUTLINE_POINTS = 2048, 512
"""Points along an edge of a slice: finer than any cube is."""


class Panel:
    """One view of a picture, drawn as often as needed.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    role : {"truth", "forecast", "third"}
        The view.
    cell : Cell
        Where it is on the picture.
    sheet : Sheet
        The picture it is part of.
    font : QFont
        Font of the annotations.
    """

    def __init__(self, shot: Shot, role: ViewRole, cell: Cell, sheet: Sheet, font: QFont) -> None:
        self.role, self.cell = role, cell
        self._sheet, self._font = sheet, font
        self._site = shot.material.site_of(role)
        self._density = DENSITY[shot.density]
        self.size = size = (cell.view.width, cell.view.height)
        # A slice takes room of the view, but letters stay as large as without one.
        self._scale = min(size[0], sheet.size[1]) / REFERENCE_PIXELS
        self._subject = self._first = subject = subject_of(shot, role)
        # The lower a view is, the more of it the scale of colours takes.
        room = max(REFERENCE_PIXELS * self._scale / size[1], 1.0) if self._has_bar else 0.0
        self._eye = _eye(shot, role, size[0] / size[1], room)
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

    def take(self, shot: Shot) -> None:
        """Draw other data from now on, in the colours and to the scales of the first.

        Parameters
        ----------
        shot : Shot
            The same view of other data.
        """
        new = subject_of(shot, self.role)
        details = new.details
        if details is not None and self._first.details is not None:
            details = details.scaled_as(self._first.details)
        colour_alike(new.prepared, self._first.prepared)
        self._subject = replace(self._subject, prepared=new.prepared, details=details)
        self._easel.take(new.prepared, details)

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
            scale = self._easel.stage.scale
            if scale is not None:
                _paint_color_bar(painter, logical, *scale, 0.0, self._font)
            else:
                self._paint_own_bar(painter, logical)
        painter.end()
        return image

    def paint_slice(self, painter: QPainter, time_myr: float) -> None:
        """Draw the plane through the explosion at its place on the picture.

        Parameters
        ----------
        painter : QPainter
            Draws on the whole picture, in its pixels.
        time_myr : float
            The time in Myr; the nearest frame is drawn.
        """
        cell, subject = self.cell.slice, self._subject
        if cell is None:
            return
        prepared, layers, scale = subject.prepared, subject.layers, self._scale
        index = self.frame_at(time_myr)
        rect = QRectF(0, 0, cell.width / scale, cell.height / scale)
        place = placement_of(rect, prepared.size_pc, self._site)
        points = round(min(max(place.edge * scale, PLANE_POINTS), MOST_PLANE_POINTS))
        height = height_of(self._site, prepared.size_pc)
        plane = gas_plane(prepared, index, layers, height, points)
        image = gas_image(plane, gas_transfer(prepared, layers, subject.transfer))
        fine = max(min(points // 2, OUTLINE_POINTS), PLANE_POINTS)
        lines = outlines_of(prepared, index, self.role, layers, self._site, fine)
        painter.save()
        painter.translate(cell.left, cell.top)
        painter.scale(scale, scale)
        painter.setClipRect(rect)
        if not self._sheet.transparent:
            painter.fillRect(rect, QColor(BACKGROUND))
        paint_plane(painter, place, image, lines, layers, self._site)
        if self._sheet.annotations:
            paint_measures(painter, rect, place, self._site[2], self._font)
        painter.restore()

    def _paint_own_bar(self, painter: QPainter, picture: QRectF) -> None:
        subject = self._subject
        own = bool(subject.label)
        label = _own_label(subject) if own else _density_label(self._density)
        shift = 0.0 if own else self._density.log_shift
        _paint_color_bar(painter, picture, label, subject.transfer, shift, self._font)

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


def _eye(shot: Shot, role: ViewRole, aspect: float, room: float) -> CameraState:
    """Return the eye of a view; room is what the scale of colours needs, 1 in a square."""
    camera = shot.cameras.get(role)
    if camera is not None:
        return widened(camera, shot.aspects.get(role, aspect), aspect)
    size_pc = shot.material.size_pc
    if shot.side:
        eye = geometry.standard_camera(shot.side, size_pc, aspect)
    else:
        eye = geometry.default_camera(size_pc, aspect)
    if room > 0.0:
        farther = geometry.zoom(eye, 0.95 - 0.12 * (min(room, 4.0) - 1.0), size_pc)
        eye = geometry.pan(farther, 0.0, -0.035 * room * size_pc)
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


def _density_label(density: DensityDisplay) -> str:
    return f"{density.log_label}  [{density.unit}]"


def _own_label(subject: Subject) -> str:
    unit = subject.unit if subject.unit.startswith("[") or not subject.unit else f"[{subject.unit}]"
    return f"{subject.label}  {unit}"


def _paint_color_bar(
    painter: QPainter,
    picture: QRectF,
    label: str,
    transfer: TransferFunction,
    shift: float,
    font: QFont,
) -> None:
    length = min(picture.width() * 0.32, 150.0)
    left = picture.center().x() - length / 2
    top = picture.bottom() - 34
    place = QRectF(left, top, length, 24)
    paint_color_bar(painter, place, transfer, font, label="", shift=shift)
    middle = QPointF(picture.center().x(), top - 3)
    text(painter, middle, label.strip(), font, 10, LABEL_COLOR, centered=True)
