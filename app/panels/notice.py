"""A quiet bar above the views: what went wrong, and what to do."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from app.guidance.dialogs import DetailsDialog
from app.notifications import Notice
from app.panels.parts import flat_button
from app.theme import Theme

INFO_MS = 6000
ICONS = {"info": "info", "warning": "warning", "error": "warning-circle"}


class NoticeBar(QFrame):
    """Shows one notice at a time; what is only good to know goes by itself."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._theme = theme
        self.notice: Notice | None = None
        self._icon = QLabel()
        self.text = QLabel("")
        self.text.setWordWrap(True)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self.details = QPushButton("Details")
        self.details.setObjectName("link")
        self.details.setToolTip("The whole story, to read or to copy")
        self.details.clicked.connect(self.show_details)
        self.remedy = QPushButton()
        self.remedy.setObjectName("link")
        self.remedy.setAccessibleName("Do something about it")
        self.remedy.setToolTip("What can be done about it")
        self.remedy.clicked.connect(self._mend)
        dismiss = flat_button(theme, "x", "Dismiss", 22)
        dismiss.clicked.connect(self.dismiss)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 6, 8, 6)
        layout.setSpacing(8)
        layout.addWidget(self._icon)
        layout.addWidget(self.text, 1)
        layout.addWidget(self.remedy)
        layout.addWidget(self.details)
        layout.addWidget(dismiss)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INFO_MS)
        self._timer.timeout.connect(self.dismiss)
        theme.changed.connect(self._paint_icon)
        self.hide()

    def show_notice(self, notice: Notice) -> None:
        """Show a notice in place of the one before.

        Parameters
        ----------
        notice : Notice
            What to say.
        """
        self.notice = notice
        self.text.setText(notice.text)
        self.text.setToolTip(notice.text)
        self.details.setVisible(bool(notice.details))
        self.remedy.setVisible(notice.remedy is not None)
        if notice.remedy is not None:
            self.remedy.setText(notice.remedy.label)
            self.remedy.setAccessibleName(notice.remedy.label)
        self._paint_icon()
        self.show()
        brief = notice.level == "info" and notice.remedy is None and not notice.details
        self._timer.start() if brief else self._timer.stop()

    def dismiss(self) -> None:
        """Hide the bar."""
        self._timer.stop()
        self.notice = None
        self.hide()

    def _mend(self) -> None:
        notice = self.notice
        self.dismiss()
        if notice is not None and notice.remedy is not None:
            notice.remedy.run()

    def show_details(self) -> None:
        """Show the whole story."""
        if self.notice is not None:
            DetailsDialog(self.notice, self.window()).open()

    def _paint_icon(self) -> None:
        if self.notice is None:
            return
        colors = self._theme.colors
        tints = {"info": colors.accent, "warning": colors.warning, "error": colors.error}
        icon = self._theme.icon(ICONS[self.notice.level], tints[self.notice.level])
        self._icon.setPixmap(icon.pixmap(QSize(18, 18)))
