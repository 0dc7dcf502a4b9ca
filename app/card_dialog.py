"""What there is to know of a model, to read."""

from __future__ import annotations

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
        # Headings are a little larger than the text, not twice as large.
        self.text.document().setDefaultStyleSheet("table { border-collapse: collapse; }")
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
        """Give tables thin lines and room, which Markdown does not say."""
        from PySide6.QtGui import QTextFrameFormat, QTextTable

        line = self.palette().mid().color()
        root = self.text.document().rootFrame()
        for frame in root.childFrames():
            if isinstance(frame, QTextTable):
                style = frame.format().toTableFormat()
                style.setBorder(0.5)
                style.setBorderBrush(line)
                style.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
                style.setBorderCollapse(True)
                style.setCellPadding(5)
                style.setCellSpacing(0)
                style.setBottomMargin(10)
                frame.setFormat(style)
