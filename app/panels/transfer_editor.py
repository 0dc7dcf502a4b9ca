"""The opacity curve over the histogram of the density, with the colours under it, to drag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from app.panels import transfer_painting as painting
from app.panels.histogram import Histogram
from app.panels.opacity import (
    Axes,
    opacity_at,
    span_of,
    with_moved,
    with_point,
    with_range,
    without_point,
)
from app.preferences.display_units import DENSITY, DensityDisplay
from app.theme import Theme
from app.view_state import TransferFunction

HEIGHT = 186
SIDE = 4.0
CURVE_HEIGHT = 148.0
TOP, BOTTOM = 10.0, 7.0
"""Room for points at full and at no opacity."""

NEAR_PX = 9.0
"""A point this close to the pointer is meant."""

STEP_DEX, FINE_STEP_DEX = 0.05, 0.01
STEP_OPACITY = 0.02
STEP_FACTOR = 1.15


@dataclass(frozen=True)
class Grip:
    """What is dragged: a point of the curve, or an end of the colour range."""

    kind: str  # "point" or "end"
    index: int


class TransferEditor(QWidget):
    """Shows a transfer function, and tells how the user changes it.

    Points are dragged, added with a click on the curve or a double-click
    anywhere, and removed with the right button or Delete. The two grips on the
    ramp are the ends of the colour range. With the keyboard: Page Up and Page
    Down choose a point, arrows move it, Insert and Delete add and remove.

    Parameters
    ----------
    theme : Theme
        Its colours.
    parent : QWidget, optional
        The parent.

    Signals
    -------
    edited(TransferFunction)
        Another transfer function, at every movement.
    dragged(bool)
        A drag begins or ends.
    """

    edited = Signal(object)
    dragged = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._transfer = TransferFunction()
        self._histogram: Histogram | None = None
        self._log = False
        self._surfaces: Mapping[str, float] = {}
        self._display = DENSITY["mass"]
        self._selected: int | None = None
        self._hovered: Grip | None = None
        self._grip: Grip | None = None
        self._held_span: tuple[float, float] | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(180)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Opacity of the gas by its density, over how often each density occurs.\n"
            "Drag a point; click on the curve to add one; right-click or Delete removes it.\n"
            "Page Up and Page Down choose a point, arrows move it (with Shift finely).\n"
            "Drag the grips on the ramp to set the range of the colours."
        )
        self.setAccessibleName("Opacity curve")
        self._tell()
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(260, HEIGHT)

    # What is shown

    @property
    def transfer(self) -> TransferFunction:
        """The transfer function as it is shown."""
        return self._transfer

    @property
    def selected(self) -> int | None:
        """Index of the point the keys move."""
        return self._selected

    def set_transfer(self, transfer: TransferFunction) -> None:
        """Show another transfer function."""
        self._transfer = transfer
        if self._selected is not None and self._selected >= len(transfer.opacity_points):
            self._selected = None
        self._tell()
        self.update()

    def set_histogram(self, histogram: Histogram | None) -> None:
        """Show how often each density occurs."""
        self._histogram = histogram
        self.update()

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Show opacities on a logarithmic axis, or a linear one."""
        self._log = logarithmic
        self.update()

    def set_surfaces(self, surfaces: Mapping[str, float]) -> None:
        """Mark where surfaces are: log10 density by role."""
        self._surfaces = dict(surfaces)
        self.update()

    def set_display(self, display: DensityDisplay) -> None:
        """Label densities in another unit."""
        self._display = display
        self.update()

    @property
    def axes(self) -> Axes:
        """Where densities and opacities are."""
        data = self._histogram.span_dex if self._histogram is not None else None
        # While an end is dragged the axis must not run away from under the pointer.
        span = self._held_span or span_of(self._transfer, data)
        width = max(self.width() - 2 * SIDE, 1.0)
        return Axes(SIDE, TOP, width, CURVE_HEIGHT - TOP - BOTTOM, span, self._log)

    def point_at(self, index: int) -> QPointF:
        """Return where a point is, in pixels."""
        place, opacity = self._transfer.opacity_points[index]
        return QPointF(self.axes.x(place), self.axes.y(opacity))

    def end_at(self, end: int) -> QPointF:
        """Return where an end of the colour range is, in pixels."""
        return QPointF(self.axes.x(self._transfer.range_dex[end]), painting.RAMP_Y)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painting.paint_curve_area(
            painter,
            painting.Picture(
                axes=self.axes,
                area=QRectF(0, 0, self.width(), CURVE_HEIGHT),
                transfer=self._transfer,
                histogram=self._histogram,
                surfaces=self._surfaces,
                display=self._display,
                selected=self._selected,
                marked=self._marked,
                focused=self.hasFocus(),
                end=self._end_marked,
            ),
            self._theme,
        )
        painter.end()

    @property
    def _marked(self) -> int | None:
        """The point whose values are written beside it."""
        for grip in (self._grip, self._hovered):
            if grip is not None:
                return grip.index if grip.kind == "point" else None
        return self._selected if self.hasFocus() else None

    @property
    def _end_marked(self) -> int | None:
        for grip in (self._grip, self._hovered):
            if grip is not None:
                return grip.index if grip.kind == "end" else None
        return None

    # Changing it

    def _change(self, transfer: TransferFunction) -> None:
        if transfer != self._transfer:
            self.set_transfer(transfer)
            self.edited.emit(transfer)

    def _set_points(self, points: tuple[tuple[float, float], ...]) -> None:
        self._change(replace(self._transfer, opacity_points=points))

    def _select(self, index: int | None) -> None:
        self._selected = index
        self._tell()
        self.update()

    def _tell(self) -> None:
        """Describe the curve to those who cannot see it."""
        points = self._transfer.opacity_points
        text = f"{len(points)} points"
        if self._selected is not None:
            place, opacity = points[self._selected]
            text = f"Point {self._selected + 1} of {len(points)}: {place:.2f} dex, {opacity:.3g}"
        self.setAccessibleDescription(text)

    def add_point(self, place: float, opacity: float) -> None:
        """Add a point and select it.

        Parameters
        ----------
        place : float
            log10 of the density in Msun/pc^3.
        opacity : float
            0 to 1.
        """
        points, index = with_point(self._transfer.opacity_points, place, opacity)
        self._set_points(points)
        self._select(index)

    def remove_point(self, index: int) -> None:
        """Take a point away; two remain at least."""
        self._hovered = None
        points = without_point(self._transfer.opacity_points, index)
        if points != self._transfer.opacity_points:
            self._selected = None if self._selected is None else min(index, len(points) - 1)
            self._set_points(points)

    # The mouse

    def _grip_at(self, at: QPointF) -> Grip | None:
        def distance(place: QPointF) -> float:
            step = place - at
            return float((step.x() ** 2 + step.y() ** 2) ** 0.5)

        if at.y() > CURVE_HEIGHT:
            ends = sorted((abs(self.end_at(end).x() - at.x()), end) for end in (0, 1))
            return Grip("end", ends[0][1]) if ends[0][0] <= NEAR_PX else None
        points = range(len(self._transfer.opacity_points))
        near = min(((distance(self.point_at(index)), index) for index in points), default=None)
        return Grip("point", near[1]) if near is not None and near[0] <= NEAR_PX else None

    def _on_curve(self, at: QPointF) -> bool:
        if at.y() > CURVE_HEIGHT:
            return False
        axes = self.axes
        here = opacity_at(self._transfer.opacity_points, axes.place(at.x()))
        return abs(axes.y(here) - at.y()) <= 0.7 * NEAR_PX

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        grip = self._grip_at(at)
        if event.button() == Qt.MouseButton.RightButton:
            if grip is not None and grip.kind == "point":
                self.remove_point(grip.index)
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if grip is None and self._on_curve(at):
            axes = self.axes
            place = axes.place(at.x())
            self.add_point(place, opacity_at(self._transfer.opacity_points, place))
            grip = Grip("point", self._selected or 0)
        self._select(grip.index if grip is not None and grip.kind == "point" else None)
        if grip is not None:
            self._grip = grip
            self._held_span = self.axes.span_dex
            QToolTip.hideText()
            self.dragged.emit(True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, axes = event.position(), self.axes
        grip = self._grip
        if grip is None:
            self._hovered = self._grip_at(at)
            on_curve = self._hovered is None and self._on_curve(at)
            shape = Qt.CursorShape.CrossCursor if on_curve else Qt.CursorShape.ArrowCursor
            if self._hovered is not None:
                across = self._hovered.kind == "end"
                shape = (
                    Qt.CursorShape.SizeHorCursor if across else Qt.CursorShape.PointingHandCursor
                )
            self.setCursor(shape)
            self.update()
        elif grip.kind == "end":
            self._change(with_range(self._transfer, grip.index, axes.place(at.x())))
        else:
            low, high = axes.span_dex
            place = min(max(axes.place(at.x()), low), high)
            points = self._transfer.opacity_points
            self._set_points(with_moved(points, grip.index, place, axes.opacity(at.y())))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None and event.button() == Qt.MouseButton.LeftButton:
            self._grip = None
            self._held_span = None
            self.dragged.emit(False)
            self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if event.button() != Qt.MouseButton.LeftButton or at.y() > CURVE_HEIGHT:
            return
        if self._grip_at(at) is None:
            self.add_point(self.axes.place(at.x()), self.axes.opacity(at.y()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hovered = None
        self.update()

    # The keyboard

    def event(self, event: QEvent) -> bool:
        # Arrows step through time, Delete and others may be commands: not while a point has them.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in _KEYS
            and not event.modifiers() & _OTHERS
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, points = event.key(), self._transfer.opacity_points
        if key not in _KEYS or event.modifiers() & _OTHERS:
            super().keyPressEvent(event)
            return
        if self._selected is None:
            self._select(0)
            if key not in _MOVES:
                return
        index = self._selected or 0
        place, opacity = points[index]
        if key in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            step = 1 if key == Qt.Key.Key_PageUp else -1
            self._select(min(max(index + step, 0), len(points) - 1))
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.remove_point(index)
        elif key == Qt.Key.Key_Insert:
            other = points[index + 1 if index + 1 < len(points) else index - 1]
            self.add_point((place + other[0]) / 2, (opacity + other[1]) / 2)
        elif key in _MOVES:
            across, up = _MOVES[Qt.Key(key)]
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            place += across * (FINE_STEP_DEX if fine else STEP_DEX)
            if self._log and up:
                opacity = max(opacity, 1e-3) * STEP_FACTOR ** (up * (0.25 if fine else 1.0))
            else:
                opacity += up * STEP_OPACITY * (0.2 if fine else 1.0)
            self._set_points(with_moved(points, index, place, opacity))


_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}
_KEYS = {
    *_MOVES,
    Qt.Key.Key_PageUp,
    Qt.Key.Key_PageDown,
    Qt.Key.Key_Delete,
    Qt.Key.Key_Backspace,
    Qt.Key.Key_Insert,
}
_OTHERS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
