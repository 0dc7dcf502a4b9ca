"""What there is to know of a model, to read."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QVBoxLayout, QWidget

from app.guidance.page import Page


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
        self.text = Page(markdown)
        self.text.setAccessibleName("Model card")
        self.text.setToolTip("What the model is, what it was trained on, and how well it does")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        close = buttons.button(QDialogButtonBox.StandardButton.Close)
        close.setToolTip("Close the card (Esc)")
        close.setAccessibleName("Close")
        layout = QVBoxLayout(self)
        layout.addWidget(self.text)
        layout.addWidget(buttons)
