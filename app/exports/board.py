"""The views of a picture side by side, drawn off screen as often as needed, and annotated."""

from __future__ import annotations

from dataclasses import replace
from types import TracebackType

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QGuiApplication, QImage, QPainter
from PySide6.QtWidgets import QApplication

from app.exports.between import material_at
from app.exports.panel import Panel
from app.exports.pictures import Sheet, Shot
from app.exports.sheet_layout import cells
from app.fonts import interface_family
from core.progress import CancelCheck, Progress, check_cancelled, report

FIELDS = ("density", "temperature", "velocity")

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


class Board:
    """The views of a shot side by side; a context that lets go of the graphics at its end.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    sheet : Sheet
        The picture.
    between : bool
        Whether what is between the frames is interpolated (see
        `app.exports.between`); the nearest frame is drawn otherwise.

    Raises
    ------
    InvalidRequest
        If there is nothing to draw, or data for a view are missing.
    """

    def __init__(self, shot: Shot, sheet: Sheet, *, between: bool = False) -> None:
        shot.check()
        ensure_application()
        font = QFont(interface_family())
        self.sheet = sheet
        self._shot, self._between = shot, between
        self.panels: list[Panel] = []
        try:
            for role, cell in zip(shot.views, cells(sheet, len(shot.views)), strict=True):
                self.panels.append(Panel(shot, role, cell, sheet, font))
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
        if self._between:
            now = replace(self._shot, material=material_at(self._shot.material, time_myr, FIELDS))
            for panel in self.panels:
                panel.take(now)
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
                view = panel.cell.view
                painter.drawImage(view.left, view.top, panel.draw(time_myr, angle_deg))
                panel.paint_slice(painter, time_myr)
        finally:
            painter.end()
        return whole
