"""Markdown to read: calm headings, tables with lines, pictures no wider than the page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, QUrl
from PySide6.QtGui import (
    QHideEvent,
    QImage,
    QResizeEvent,
    QShowEvent,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFormat,
    QTextFrameFormat,
    QTextTable,
)
from PySide6.QtWidgets import QTextBrowser, QWidget

MARGIN_PX = 18
WIDEST_PX = 900
"""Beyond this, pictures are not enlarged with the window."""


OBJECT = "\ufffc"
"""Stands in a text for a picture."""

FIT_MS = 60
"""Pictures are scaled anew when the page has kept its width for so long."""


@dataclass(frozen=True)
class _Picture:
    """A picture of the page: where it stands, and as it was read."""

    position: int
    name: str
    image: QImage


class Page(QTextBrowser):
    """A page of Markdown.

    Parameters
    ----------
    markdown : str
        Its text.
    folder : Path, optional
        Where its pictures are.
    parent : QWidget, optional
        The parent.
    """

    def __init__(
        self, markdown: str, folder: Path | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setOpenExternalLinks(True)
        self.document().setDocumentMargin(MARGIN_PX)
        if folder is not None:
            self.document().setBaseUrl(QUrl.fromLocalFile(f"{folder}/"))
        self._pictures: list[_Picture] = []
        self._fitting = QTimer(self)
        self._fitting.setSingleShot(True)
        self._fitting.setInterval(FIT_MS)
        self._fitting.timeout.connect(self._fit_pictures)
        self.setMarkdown(markdown)
        self._calm_down()
        if folder is not None:
            self._find_pictures(folder)

    def headings(self, level: int) -> list[tuple[str, QTextBlock]]:
        """Return the headings of a level, with their places.

        Parameters
        ----------
        level : int
            1 for the title, 2 for sections.

        Returns
        -------
        list of (str, QTextBlock)
            In the order of the page.
        """
        found = []
        block = self.document().begin()
        while block.isValid():
            if block.blockFormat().headingLevel() == level:
                found.append((block.text(), block))
            block = block.next()
        return found

    def show_block(self, block: QTextBlock) -> None:
        """Scroll until a block is at the top."""
        top = self.document().documentLayout().blockBoundingRect(block).top()
        self.verticalScrollBar().setValue(round(top) - MARGIN_PX // 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isVisible():
            self._fitting.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_pictures()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._fitting.stop()

    def _find_pictures(self, folder: Path) -> None:
        """Note where pictures are."""
        block = self.document().begin()
        while block.isValid():
            fragments = block.begin()
            while not fragments.atEnd():
                fragment = fragments.fragment()
                style = fragment.charFormat()
                if style.isImageFormat():
                    name = style.toImageFormat().name()
                    image = QImage(str(folder / name))
                    if not image.isNull():
                        self._pictures.append(_Picture(fragment.position(), name, image))
                fragments += 1
            block = block.next()

    def _fit_pictures(self) -> None:
        """Scale pictures to the page: smoothly, which the layout of texts does not."""
        room = self.viewport().width() - 2 * MARGIN_PX - 4
        kind = QTextDocument.ResourceType.ImageResource.value
        cursor, dense = QTextCursor(self.document()), self.devicePixelRatioF()
        cursor.beginEditBlock()
        for picture in self._pictures:
            cursor.setPosition(picture.position)
            cursor.setPosition(picture.position + 1, QTextCursor.MoveMode.KeepAnchor)
            style = cursor.charFormat().toImageFormat()
            width = min(picture.image.width(), room, WIDEST_PX)
            if style.width() == width:
                continue
            smooth = Qt.TransformationMode.SmoothTransformation
            scaled = picture.image.scaledToWidth(round(width * dense), smooth)
            self.document().addResource(kind, QUrl(picture.name), scaled)
            style.setWidth(width)
            style.setHeight(round(scaled.height() / dense))
            cursor.setCharFormat(style)
        cursor.endEditBlock()
        # Qt would lay out the rest when it is scrolled to, with places that are wrong until then.
        self.document().markContentsDirty(0, self.document().characterCount())

    def _calm_down(self) -> None:
        """Give headings, paragraphs and tables room, which Markdown does not say."""
        line = self.palette().mid().color()
        for frame in self.document().rootFrame().childFrames():
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
        block = self.document().begin()
        while block.isValid():
            cursor = QTextCursor(block)
            level = block.blockFormat().headingLevel()
            room = QTextBlockFormat()
            # A picture is a line, too, which needs no room between it and the next.
            if OBJECT not in block.text():
                room.setLineHeight(130, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
            if cursor.currentTable() is None:
                first = block == self.document().begin()
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
