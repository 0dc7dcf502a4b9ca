"""Time: play, step, and a track with one tick per frame."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QActionGroup,
    QColor,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QSizePolicy, QToolButton, QWidget

from app.document import Document
from app.events import ForecastChanged, LookChanged, SourceChanged, TimeChanged, TruthChanged
from app.panels.parts import flat_button
from app.panels.playing import SPEEDS, stay_ms
from app.theme import Theme

INSET = 18
TRACK_Y = 15
RADIUS = 7


class Track(QWidget):
    """A line of time: ticks for frames, a playhead to drag, marks for the forecast.

    Signals
    -------
    requested(float)
        A time in Myr the user asks for.
    dragged(bool)
        The user took or let go of the playhead.
    """

    requested = Signal(float)
    dragged = Signal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._times: NDArray[np.float64] = np.empty(0)
        self._forecast: tuple[float, float] | None = None
        self._time = 0.0
        self._held = False
        self.setMinimumSize(QSize(160, 44))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setToolTip("Drag or click to go to a time; the wheel and ← → step frame by frame")
        self.setAccessibleName("Timeline")
        theme.changed.connect(self.update)

    def set_times(
        self, times_myr: NDArray[np.float64], forecast: tuple[float, float] | None
    ) -> None:
        """Show the frames there are.

        Parameters
        ----------
        times_myr : ndarray
            Time of each frame in Myr.
        forecast : tuple of float or None
            First and last time of the forecast in Myr.
        """
        self._times, self._forecast = times_myr, forecast
        self.setEnabled(len(times_myr) > 1)
        self.update()

    def set_time(self, time_myr: float) -> None:
        """Put the playhead at a time in Myr."""
        self._time = time_myr
        self.update()

    # -- geometry ----------------------------------------------------------

    def _range(self) -> tuple[float, float]:
        if len(self._times) == 0:
            return 0.0, 1.0
        first, last = float(self._times[0]), float(self._times[-1])
        return (first, last) if last > first else (first, first + 1e-9)

    def position(self, time_myr: float) -> float:
        """Return the x coordinate of a time, in pixels."""
        first, last = self._range()
        return INSET + (time_myr - first) / (last - first) * (self.width() - 2 * INSET)

    def _time_at(self, x: float) -> float:
        first, last = self._range()
        share = (x - INSET) / max(self.width() - 2 * INSET, 1)
        return first + min(max(share, 0.0), 1.0) * (last - first)

    # -- painting ----------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colors = self._theme.colors
        left, right = float(INSET), float(self.width() - INSET)
        painter.setPen(Qt.PenStyle.NoPen)
        self._bar(painter, left, right, QColor(colors.track))
        if len(self._times) < 2:
            return
        here = self.position(self._time)
        if self._forecast is not None:
            tint = QColor(colors.forecast)
            tint.setAlpha(110)
            first, last = self._forecast
            self._bar(painter, self.position(first), self.position(last), tint)
        self._bar(painter, left, here, QColor(colors.accent))
        self._ticks(painter, left, right)
        self._marks(painter)
        painter.setPen(QPen(QColor(colors.handle_edge), 1))
        painter.setBrush(QColor(colors.handle))
        painter.drawEllipse(QPointF(here, TRACK_Y), RADIUS, RADIUS)
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(colors.accent), 1.5))
            painter.drawEllipse(QPointF(here, TRACK_Y), RADIUS + 2.5, RADIUS + 2.5)

    def _bar(self, painter: QPainter, left: float, right: float, color: QColor) -> None:
        painter.setBrush(color)
        painter.drawRoundedRect(QRectF(left, TRACK_Y - 2, max(right - left, 0), 4), 2, 2)

    def _ticks(self, painter: QPainter, left: float, right: float) -> None:
        colors = self._theme.colors
        painter.setPen(QPen(QColor(colors.neutral), 1))
        for moment in self._times:
            x = round(self.position(float(moment))) + 0.5
            painter.drawLine(QPointF(x, TRACK_Y + 9), QPointF(x, TRACK_Y + 12))
        painter.setPen(QColor(colors.secondary))
        painter.setFont(self._theme.font(10))
        step = nice_step(self._range()[1] - self._range()[0], (right - left) / 60)
        decimals = max(2, int(np.ceil(-np.log10(step) - 1e-9)))
        first, last = self._range()
        for index in range(int(np.ceil(first / step - 1e-6)), int(last / step + 1e-6) + 1):
            x = self.position(index * step)
            box = QRectF(x - 30, TRACK_Y + 13, 60, 14)
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{index * step:.{decimals}f}")

    def _marks(self, painter: QPainter) -> None:
        """Triangles: gold where the truth starts, rose where the forecast does."""
        colors = self._theme.colors
        painter.setPen(Qt.PenStyle.NoPen)
        starts = [(float(self._times[0]), colors.truth)]
        if self._forecast is not None:
            starts.append((self._forecast[0], colors.forecast))
        same = len(starts) == 2 and abs(self.position(starts[1][0]) - self.position(starts[0][0]))
        for place, (moment, color) in enumerate(starts):
            # Side by side where both start together.
            shift = (place * 10 - 5) if len(starts) == 2 and same < 8 else 0
            x = self.position(moment) + shift
            painter.setBrush(QColor(color))
            painter.drawPolygon(QPolygonF([QPointF(x - 4, 0), QPointF(x + 4, 0), QPointF(x, 6)]))

    # -- input -------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._held = True
            self.dragged.emit(True)
            self.requested.emit(self._time_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self.requested.emit(self._time_at(event.position().x()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._held:
            self._held = False
            self.dragged.emit(False)

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._step(-1 if event.angleDelta().y() > 0 else 1)
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        ends = {Qt.Key.Key_Home: 0, Qt.Key.Key_End: -1}
        if event.key() in ends and len(self._times):
            self.requested.emit(float(self._times[ends[Qt.Key(event.key())]]))
        else:
            super().keyPressEvent(event)

    def _step(self, frames: int) -> None:
        if len(self._times):
            here = int(np.argmin(np.abs(self._times - self._time)))
            wanted = min(max(here + frames, 0), len(self._times) - 1)
            self.requested.emit(float(self._times[wanted]))


class TimelinePanel(QWidget):
    """Play, step, track and the time shown.

    Signals
    -------
    dragged(bool)
        The playhead is being dragged: draw coarse.
    """

    dragged = Signal(bool)

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._theme = theme
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._advance)
        self._due = 0.0
        self._playing = False
        self.track = Track(theme)
        self.track.requested.connect(document.go_to)
        self.track.dragged.connect(self.dragged)
        self.first = flat_button(theme, "skip-back", "First frame (Home)", 30)
        self.back = flat_button(theme, "caret-left", "One frame back (←)", 30)
        self.play = flat_button(theme, "play", "Play or pause (Space)", 30)
        self.play.setObjectName("play")
        self.forward = flat_button(theme, "caret-right", "One frame on (→)", 30)
        self.last = flat_button(theme, "skip-forward", "Last frame (End)", 30)
        self.loop = flat_button(theme, "repeat", "Start again after the last frame", 30)
        self.loop.setCheckable(True)
        self.loop.clicked.connect(lambda on: document.change_look(loop=on))
        self.speed = QToolButton()
        self.speed.setObjectName("speed")
        self.speed.setFixedSize(38, 30)
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.speed.setToolTip("How fast frames follow each other")
        self.speed.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.speed.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self.speed.setMenu(self._speed_menu())
        self.time = QLabel("–")
        self.time.setObjectName("time")
        self.time.setToolTip("Time of the frame shown")
        self.frame = QLabel("")
        self.frame.setObjectName("secondary")
        self.first.clicked.connect(lambda: self.go_to_end(-1))
        self.back.clicked.connect(lambda: self.step(-1))
        self.play.clicked.connect(self.toggle)
        self.forward.clicked.connect(lambda: self.step(1))
        self.last.clicked.connect(lambda: self.go_to_end(1))
        self._lay_out()
        for event in (SourceChanged, TruthChanged, ForecastChanged):
            document.subscribe(event, lambda _: self._on_frames())
        document.subscribe(TimeChanged, lambda _: self._on_time())
        document.subscribe(LookChanged, lambda _: self._on_look())
        theme.changed.connect(self._paint_play)
        self._on_look()
        self._on_frames()

    def _speed_menu(self) -> QMenu:
        menu = QMenu(self)
        choices = QActionGroup(menu)
        for speed in SPEEDS:
            action = menu.addAction(_speed_text(speed))
            action.setCheckable(True)
            action.setData(speed)
            action.triggered.connect(
                lambda _=False, speed=speed: self._document.change_look(speed=speed)
            )
            choices.addAction(action)
        return menu

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 8, 10, 0)
        layout.setSpacing(6)
        top = Qt.AlignmentFlag.AlignTop
        for button in (self.first, self.back, self.play, self.forward, self.last):
            layout.addWidget(button, 0, top)
        layout.addWidget(self.track, 1)
        self.time.setMinimumWidth(82)
        self.time.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.time.setFixedHeight(30)
        self.frame.setMinimumWidth(96)
        self.frame.setFixedHeight(30)
        layout.addWidget(self.time, 0, top)
        layout.addWidget(self.frame, 0, top)
        layout.addWidget(self.speed, 0, top)
        layout.addWidget(self.loop, 0, top)

    @property
    def is_playing(self) -> bool:
        """Whether frames follow each other by themselves."""
        return self._playing

    def toggle(self) -> None:
        """Play, or pause."""
        self.stop() if self.is_playing else self.start()

    def start(self) -> None:
        """Play; from the beginning if the last frame is shown."""
        times = self._document.times_myr
        if len(times) < 2:
            return
        if not self._document.look.loop and self._document.frame == len(times) - 1:
            self._document.go_to(float(times[0]))
        self._playing = True
        self._due = time.monotonic()
        self._wait()
        self._paint_play()

    def stop(self) -> None:
        """Pause."""
        self._playing = False
        self._timer.stop()
        self._paint_play()

    def step(self, frames: int) -> None:
        """Pause and go some frames on or back."""
        self.stop()
        self._document.step(frames)

    def go_to_end(self, which: int) -> None:
        """Pause and go to the first (-1) or last (1) frame."""
        self.stop()
        times = self._document.times_myr
        if len(times):
            self._document.go_to(float(times[0 if which < 0 else -1]))

    def _wait(self) -> None:
        """Let the frame stay as long as the time to the next one asks for."""
        document = self._document
        stay = stay_ms(document.times_myr, document.frame, document.look.speed) / 1000
        now = time.monotonic()
        # What drawing took counts; frames that come too late are not made up for, nor left out.
        self._due = max(self._due + stay, now)
        self._timer.start(round(1000 * (self._due - now)))

    def _advance(self) -> None:
        if not self._document.step(1, wrap=self._document.look.loop):
            self.stop()
        else:
            self._wait()

    def _on_frames(self) -> None:
        document = self._document
        forecast = document.forecast
        span = None
        if forecast is not None:
            span = (float(forecast.times_myr[0]), float(forecast.times_myr[-1]))
        times = document.times_myr
        self.track.set_times(times, span)
        buttons = (self.first, self.back, self.play, self.forward, self.last)
        for button in (*buttons, self.speed, self.loop):
            button.setEnabled(len(times) > 1)
        if len(times) < 2:
            self.stop()
        self._on_time()

    def _on_time(self) -> None:
        document = self._document
        count = len(document.times_myr)
        self.track.set_time(document.time_myr)
        self.time.setText(f"{document.time_myr:.3f} Myr" if count else "–")
        texts = {0: "no frames", 1: "one frame"}
        self.frame.setText(texts.get(count, f"frame {document.frame} of {count - 1}"))

    def _on_look(self) -> None:
        look = self._document.look
        self.loop.setChecked(look.loop)
        self.speed.setText(_speed_text(look.speed))
        self.speed.setAccessibleName(f"Speed of playing: {_speed_text(look.speed)}")
        for action in self.speed.menu().actions():
            action.setChecked(action.data() == look.speed)

    def _paint_play(self) -> None:
        name = "pause-fill" if self.is_playing else "play-fill"
        color = self._theme.colors.accent_text
        self.play.setIcon(self._theme.icon(name, color, color))


def _speed_text(speed: float) -> str:
    return f"{speed:g}×"


def nice_step(span: float, at_most: float) -> float:
    """Return a round spacing (1, 2 or 5 times a power of ten) for labels.

    Parameters
    ----------
    span : float
        The range to label.
    at_most : float
        Labels there is room for.

    Returns
    -------
    float
        The spacing.
    """
    raw = span / max(at_most, 1.0)
    power = 10.0 ** np.floor(np.log10(raw))
    for factor in (1.0, 2.0, 5.0):
        if raw <= factor * power * (1 + 1e-9):
            return float(factor * power)
    return float(10.0 * power)
