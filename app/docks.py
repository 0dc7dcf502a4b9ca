"""The panels around the views as docks without title bars."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QVBoxLayout, QWidget

AREAS = {
    "left": (Qt.DockWidgetArea.LeftDockWidgetArea, 236),
    "right": (Qt.DockWidgetArea.RightDockWidgetArea, 304),
    "bottom": (Qt.DockWidgetArea.BottomDockWidgetArea, 232),
}
"""Where each dock is, and how wide (or high) it is at first."""

LOW_WINDOW = 850
LOW_BOTTOM = 180
"""In a window lower than this, the bottom dock leaves the views more room."""


def stack(*panels: QWidget, stretch: int) -> QWidget:
    """Put panels under each other.

    Parameters
    ----------
    *panels : QWidget
        From top to bottom.
    stretch : int
        Index of the one that takes what is left.

    Returns
    -------
    QWidget
        The column.
    """
    inside = QWidget()
    inside.setObjectName("panel")
    inside.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    layout = QVBoxLayout(inside)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(0)
    for index, panel in enumerate(panels):
        layout.addWidget(panel, 1 if index == stretch else 0)
    return inside


class Column(QScrollArea):
    """Lets a column scroll where the window is too low for it, but never cuts off its sides."""

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._content = content
        self.setWidget(content)
        content.installEventFilter(self)

    def minimumSizeHint(self) -> QSize:
        """Return a size in which the whole width of the column is seen, the bar beside it."""
        width = self._content.minimumSizeHint().width()
        return QSize(width + self.verticalScrollBar().sizeHint().width(), 60)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


def scrolled(content: QWidget) -> QScrollArea:
    """Let a column scroll where the window is too low for it."""
    return Column(content)


def add_docks(window: QMainWindow, contents: dict[str, QWidget]) -> dict[str, QDockWidget]:
    """Give a window its docks; left and right ones reach down to the bottom.

    Parameters
    ----------
    window : QMainWindow
        The window.
    contents : dict of str to QWidget
        For each name in `AREAS`, what is in the dock.

    Returns
    -------
    dict of str to QDockWidget
        The docks by name.
    """
    left, right = AREAS["left"][0], AREAS["right"][0]
    window.setCorner(Qt.Corner.BottomLeftCorner, left)
    window.setCorner(Qt.Corner.BottomRightCorner, right)
    docks = {}
    for name, (area, _) in AREAS.items():
        dock = QDockWidget()
        dock.setObjectName(name)
        dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(contents[name])
        window.addDockWidget(area, dock)
        docks[name] = dock
    docks["left"].setMinimumWidth(200)
    docks["right"].setMinimumWidth(260)
    docks["bottom"].setMinimumHeight(150)
    return docks


def set_first_sizes(window: QMainWindow, docks: dict[str, QDockWidget]) -> None:
    """Give docks the sizes of a first start."""
    sides = [docks["left"], docks["right"]]
    widths = [AREAS["left"][1], AREAS["right"][1]]
    window.resizeDocks(sides, widths, Qt.Orientation.Horizontal)
    height = AREAS["bottom"][1] if window.height() >= LOW_WINDOW else LOW_BOTTOM
    window.resizeDocks([docks["bottom"]], [height], Qt.Orientation.Vertical)
