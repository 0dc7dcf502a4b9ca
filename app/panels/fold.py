"""A heading that shows or hides what is under it."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.theme import Theme


def open_folds(root: QWidget) -> tuple[str, ...]:
    """Return the names of the folds in a window that are open, in order of the alphabet."""
    return tuple(sorted(fold.name for fold in root.findChildren(Fold) if fold.is_open))


def set_open_folds(root: QWidget, names: Collection[str]) -> None:
    """Open the folds of these names in a window, and close the others."""
    for fold in root.findChildren(Fold):
        fold.set_open(fold.name in names)


class Fold(QWidget):
    """Widgets under a heading with a caret, folded away at first.

    Parameters
    ----------
    theme : Theme
        Colours the caret.
    title : str
        The heading.
    tip : str
        What is under it.
    parent : QWidget, optional
        The parent.

    Signals
    -------
    toggled(bool)
        It was opened or closed.
    """

    toggled = Signal(bool)

    def __init__(self, theme: Theme, title: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._title = theme, title
        self.head = QToolButton()
        self.head.setObjectName("fold")
        self.head.setCheckable(True)
        self.head.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.head.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.head.setIconSize(QSize(12, 12))
        self.head.setFixedHeight(24)
        self.head.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.head.setToolTip(tip)
        self.head.setAccessibleName(title)
        self.head.setStyleSheet(
            "QToolButton#fold { text-align: left; padding-left: 2px; }"
            "QToolButton#fold:checked { background: transparent; }"
        )
        self.body = QWidget()
        self.inside = QVBoxLayout(self.body)
        self.inside.setContentsMargins(0, 2, 0, 4)
        self.inside.setSpacing(5)
        self.body.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(self.body)
        self.head.toggled.connect(self._on_toggled)
        theme.changed.connect(self._dress)
        self.set_count(0)
        self._dress()

    @property
    def name(self) -> str:
        """The heading, without a count."""
        return self._title

    def set_count(self, count: int) -> None:
        """Say in the heading how many of the things under it are on."""
        self.head.setText(f"  {self._title} · {count}" if count else f"  {self._title}")

    def set_open(self, is_open: bool) -> None:
        """Show or hide what is under the heading."""
        self.head.setChecked(is_open)

    @property
    def is_open(self) -> bool:
        """Whether it is shown."""
        return self.head.isChecked()

    def _on_toggled(self, is_open: bool) -> None:
        self.body.setVisible(is_open)
        self._dress()
        self.toggled.emit(is_open)

    def _dress(self) -> None:
        self.head.setIcon(self._theme.icon("caret-down" if self.is_open else "caret-right"))
