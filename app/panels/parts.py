"""Small pieces that panels share: headings, lines, flat buttons, numbers."""

from __future__ import annotations

import math
from typing import TypeVar

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QSizePolicy,
    QToolButton,
    QWidget,
)

from app.theme import Theme


def section(text: str, *buttons: QWidget) -> QWidget:
    """Return a heading with buttons at its right.

    Parameters
    ----------
    text : str
        The heading.
    *buttons : QWidget
        What stands at the right.

    Returns
    -------
    QWidget
        The row.
    """
    row = QWidget()
    layout = QHBoxLayout(row)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(2)
    label = QLabel(text)
    label.setObjectName("section")
    layout.addWidget(label)
    layout.addStretch(1)
    for button in buttons:
        layout.addWidget(button)
    row.setFixedHeight(26)
    return row


def line() -> QFrame:
    """Return a horizontal line, one pixel high."""
    frame = QFrame()
    frame.setObjectName("line")
    frame.setFixedHeight(1)
    return frame


def flat_button(theme: Theme, icon: str, tip: str, size: int = 24) -> QToolButton:
    """Return a flat button with an icon.

    Parameters
    ----------
    theme : Theme
        Colours the icon.
    icon : str
        Name of a Phosphor icon.
    tip : str
        Tooltip, also read to people who cannot see the icon.
    size : int
        Edge length in pixels.

    Returns
    -------
    QToolButton
        The button.
    """
    button = QToolButton()
    button.setFixedSize(size, size)
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    theme.dress(button, icon, min(size - 8, 16))
    return button


Number = TypeVar("Number", bound=QAbstractSpinBox)


def inset(field: Number) -> Number:
    """Begin the text of a field for a number where that of lists begins.

    Style sheets cannot say so: they do not move the line edit within it.
    """
    field.lineEdit().setTextMargins(6, 0, 0, 0)
    return field


class ProgressBar(QProgressBar):
    """A thin bar that is drawn when the window is next.

    Qt's draws itself at once whenever its value changes, and with it every 3D
    view that has something new to show: the window would wait for them.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextVisible(False)
        self.setRange(0, 1000)

    def setValue(self, value: int) -> None:
        self.setUpdatesEnabled(False)
        super().setValue(value)
        self.setUpdatesEnabled(True)


class ElidedLabel(QLabel):
    """A label that shortens its text in the middle instead of forcing its width."""

    def __init__(
        self,
        text: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._mode = mode
        self._full = ""
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setMinimumWidth(20)
        self.set_full_text(text)

    def set_full_text(self, text: str) -> None:
        """Show a text, as much of it as fits."""
        self._full = text
        self._elide()

    @property
    def full_text(self) -> str:
        """The whole text."""
        return self._full

    def resizeEvent(self, event: object) -> None:
        self._elide()

    def _elide(self) -> None:
        shown = self.fontMetrics().elidedText(self._full, self._mode, max(self.width(), 20))
        self.setText(shown)


def number(value: float | None, decimals: int = 2, *, sign: bool = False) -> str:
    """Write a number as figures are shown everywhere.

    Parameters
    ----------
    value : float or None
        The number; None and NaN become an en dash.
    decimals : int
        Digits after the point.
    sign : bool
        Whether a plus sign is written.

    Returns
    -------
    str
        With a true minus sign and thin spaces between thousands.
    """
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{value:{'+' if sign else ''},.{decimals}f}".replace(",", "\u2009")
    if float(text.replace("\u2009", "").replace("+", "")) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−")
