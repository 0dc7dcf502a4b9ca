"""What there is to know of a model, to read."""

from __future__ import annotations

from PySide6.QtGui import (
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
)
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QTextBrowser, QVBoxLayout, QWidget


class CardDialog(QDialog):
    """The card of a model.

    Parameters
    ----------
    title : str
        The model's name.
    markdown : str
        Its card.
    parent : QWidget, optional
        The parent.
    """

    def __init__(self, title: str, markdown: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.resize(760, 640)
        self.text = QTextBrowser()
        self.text.setOpenExternalLinks(True)
        self.text.setAccessibleName("Model card")
        self.text.setToolTip("What the model is, what it was trained on, and how well it does")
        self.text.document().setDocumentMargin(18)
        self.text.setMarkdown(markdown)
        self._calm_down()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip("Close the card (Esc)")
        close.setAccessibleName("Close")
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)

    def _calm_down(self) -> None:
        """Give headings, paragraphs and tables room, which Markdown does not say."""
        line = self.palette().mid().color()
        for frame in self.text.document().rootFrame().childFrames():
            if isinstance(frame, QTextTable):
                style = frame.format().toTableFormat()
                style.setBorder(0.5)
                style.setBorderBrush(line)
                style.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
                style.setBorderCollapse(True)
                style.setCellPadding(5)
                style.setCellSpacing(0)
                style.setTopMargin(4)
                style.setBottomMargin(12)
                frame.setFormat(style)
        block = self.text.document().begin()
        while block.isValid():
            cursor = QTextCursor(block)
            level = block.blockFormat().headingLevel()
            room = QTextBlockFormat()
            room.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            if cursor.currentTable() is None:
                first = block == self.text.document().begin()
                room.setTopMargin(16 if level and not first else 0)
                room.setBottomMargin(6 if level or block.textList() is None else 2)
            cursor.mergeBlockFormat(room)
            if level:
                # Headings of a page are twice as large as its text: too loud here.
                size = QTextCharFormat()
                size.setProperty(QTextFormat.Property.FontSizeAdjustment, 2 if level == 1 else 1)
                cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
                cursor.mergeCharFormat(size)
            block = block.next()
