"""The guide: what can be done, with pictures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QTextCursor, QTextDocument
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.guidance.page import Page
from core.resources import resources_path

CONTENTS_WIDTH = 210
ROW_PX = 26


def guide_path() -> Path:
    """Return the file of the guide."""
    return resources_path() / "guide" / "guide.md"


class GuideDialog(QDialog):
    """The guide beside its contents; it stays open while one tries what it says.

    Parameters
    ----------
    parent : QWidget, optional
        The window.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Guide")
        path = guide_path()
        self.page = Page(path.read_text(encoding="utf-8"), path.parent)
        self.page.setAccessibleName("Guide")
        self.page.setToolTip("What can be done, and how")
        self.contents = QListWidget()
        self.contents.setObjectName("sites")
        self.contents.setFixedWidth(CONTENTS_WIDTH)
        self.contents.setAccessibleName("Contents")
        self.contents.setToolTip("The sections of the guide; Enter or a click goes there")
        self._sections = self.page.headings(2)
        for text, _ in self._sections:
            item = QListWidgetItem(text)
            item.setSizeHint(QSize(10, ROW_PX))
            self.contents.addItem(item)
        self.contents.currentRowChanged.connect(self.show_section)
        self.contents.itemClicked.connect(lambda item: self.show_section(self.contents.row(item)))
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search the guide")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the guide")
        self.search.setToolTip("Enter finds the next place, Shift+Enter the one before")
        self.search.textChanged.connect(lambda _: self._find_from_start())
        self.search.installEventFilter(self)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip("Close the guide (Esc)")
        # Enter in the search field finds; it does not close.
        close.setAutoDefault(False)
        left = QVBoxLayout()
        left.addWidget(self.search)
        left.addWidget(self.contents, 1)
        both = QHBoxLayout()
        both.addLayout(left)
        both.addWidget(self.page, 1)
        layout = QVBoxLayout(self)
        layout.addLayout(both, 1)
        layout.addWidget(buttons)
        room = self.screen().availableGeometry()
        self.resize(min(1180, room.width() - 60), min(820, room.height() - 60))
        self.page.setFocus()

    def show_section(self, row: int) -> None:
        """Show a section of the guide.

        Parameters
        ----------
        row : int
            Its place in the contents.
        """
        if 0 <= row < len(self._sections):
            self.page.show_block(self._sections[row][1])

    def go_to_match(self, *, backwards: bool = False) -> bool:
        """Go to the next place of what is searched for, from the other end if there is none.

        Parameters
        ----------
        backwards : bool
            Whether to go to the one before.

        Returns
        -------
        bool
            Whether there is any.
        """
        flags = QTextDocument.FindFlag(0)
        if backwards:
            flags |= QTextDocument.FindFlag.FindBackward
        text = self.search.text()
        found = bool(text) and self.page.find(text, flags)
        if text and not found:
            to_end = QTextCursor.MoveOperation.End if backwards else QTextCursor.MoveOperation.Start
            self.page.moveCursor(to_end)
            found = self.page.find(text, flags)
        self.search.setProperty("wrong", bool(text) and not found)
        self.search.style().polish(self.search)
        return found

    def _find_from_start(self) -> None:
        self.page.moveCursor(QTextCursor.MoveOperation.Start)
        self.go_to_match()

    def eventFilter(self, watched: object, event: QEvent) -> bool:
        if watched is self.search and event.type() == QEvent.Type.KeyPress:
            key, held = event.key(), event.modifiers()  # type: ignore[attr-defined]
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self.go_to_match(backwards=bool(held & Qt.KeyboardModifier.ShiftModifier))
                return True
        return super().eventFilter(watched, event)  # type: ignore[arg-type]
