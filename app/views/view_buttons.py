"""The few controls that lie over a view: what it shows, how much room it has, and its menu."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from app.document import Document
from app.events import LookChanged
from app.look import THIRD_KINDS, Look, ThirdKind, ViewRole
from app.scene.lettering import font_of
from app.scene.overlay import MARGIN
from app.scene.third import THIRD_TIPS, THIRD_TITLES
from app.scene.viewport import Viewport
from app.theme import Theme

SIZE = 22
ICON = 16
TOP = 27
QUIET, LOUD = "#aab3c1", "#eef1f6"

# Views are dark in every theme, and so is what lies over them.
STYLE = """
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 5px;
    padding: 2px; }
QToolButton:hover, QToolButton:pressed { background: #2a2f37; }
QToolButton:focus { border-color: #4a9df0; }
QToolButton::menu-indicator { image: none; }
"""


def maximised(look: Look, role: ViewRole, on: bool) -> Look:
    """Return the look with all the room for one view, or with the room shared again."""
    return replace(look, maximised=role if on else "")


class ViewButtons(QWidget):
    """Maximise, and a menu, at the right of a view's subtitle.

    Parameters
    ----------
    role : {"truth", "forecast", "third"}
        Which view it is.
    document : Document
        Its look is changed.
    theme : Theme
        Draws the icons.
    view : Viewport
        What the buttons lie over.
    """

    align_requested = Signal()

    def __init__(self, role: ViewRole, document: Document, theme: Theme, view: Viewport) -> None:
        super().__init__(view)
        self._role: ViewRole = role
        self._document, self._theme, self._view = document, theme, view
        self.setStyleSheet(STYLE)
        self.more = self._button("dots-three", "What can be done with this view")
        self.room = self._button("corners-out", "")
        self.room.clicked.connect(self.toggle_maximised)
        self.menu = QMenu(self)
        self.menu.setToolTipsVisible(True)
        self.maximise = self.menu.addAction("Maximise")
        self.maximise.setToolTip("Give this view all the room, or share it again (Z)")
        self.maximise.triggered.connect(self.toggle_maximised)
        self.hide_view = self.menu.addAction("Hide")
        self.hide_view.setToolTip("Leave this view out; the View menu brings it back")
        self.hide_view.triggered.connect(self._hide)
        self.menu.addSeparator()
        self.align = self.menu.addAction("Align Views to This One")
        self.align.setToolTip("Let the other views look from where this one does (A)")
        self.align.triggered.connect(self.align_requested)
        self.more.setMenu(self.menu)
        self.more.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.more)
        row.addWidget(self.room)
        self.setFixedSize(2 * SIZE, SIZE)
        view.reserve(2 * SIZE + 4)
        view.installEventFilter(self)
        document.subscribe(LookChanged, lambda _: self.refresh())
        self.refresh()
        self._place()

    def _button(self, icon: str, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setFixedSize(SIZE, SIZE)
        button.setIconSize(QSize(ICON, ICON))
        button.setIcon(self._theme.icon(icon, QUIET))
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setCursor(Qt.CursorShape.ArrowCursor)
        button.setToolTip(name)
        button.setAccessibleName(name)
        return button

    def refresh(self) -> None:
        """Show what the buttons would do now."""
        look = self._document.look
        on = look.maximised == self._role
        name = "Show the other views too" if on else "Give this view all the room"
        self.room.setIcon(self._theme.icon("corners-in" if on else "corners-out", QUIET))
        self.room.setToolTip(name + " (Z, or double-click on the title)")
        self.room.setAccessibleName(name)
        self.maximise.setText("Show the Other Views Too" if on else "Maximise")
        self.hide_view.setEnabled(len(look.shown) > 1)
        self.align.setEnabled(len(look.shown) > 1)

    def toggle_maximised(self) -> None:
        """Give the view all the room, or share it again."""
        look = self._document.look
        self._document.set_look(maximised(look, self._role, look.maximised != self._role))

    def _hide(self) -> None:
        self._document.set_look(self._document.look.with_shown(self._role, False))

    def _place(self) -> None:
        self.move(round(self._view.width() - MARGIN - self.width() + 5), TOP - SIZE // 2 + 8)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._view and event.type() == QEvent.Type.Resize:
            self._place()
        return False


class ThirdChooser(QToolButton):
    """The title of the third view, which opens a menu of what it may show.

    Parameters
    ----------
    document : Document
        Its look is changed.
    theme : Theme
        Gives the font.
    view : Viewport
        Whose title it covers: the title itself is one of the view's annotations.
    """

    def __init__(self, document: Document, theme: Theme, view: Viewport) -> None:
        super().__init__(view)
        self._document, self._theme = document, theme
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.ArrowCursor)
        self.setToolTip("Choose what the third view shows")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.choices = {kind: menu.addAction(THIRD_TITLES[kind]) for kind in THIRD_KINDS}
        for kind, action in self.choices.items():
            action.setCheckable(True)
            action.setToolTip(THIRD_TIPS[kind])
            action.triggered.connect(lambda _on, kind=kind: self._choose(kind))
        menu.addSeparator()
        none = menu.addAction("None")
        none.setToolTip("Leave the third view out (3)")
        none.triggered.connect(lambda: document.set_look(document.look.with_shown("third", False)))
        menu.aboutToShow.connect(lambda: none.setEnabled(len(document.look.shown) > 1))
        self.setMenu(menu)
        document.subscribe(LookChanged, lambda _: self.refresh())
        self.refresh()

    def _choose(self, kind: ThirdKind) -> None:
        self._document.change_look(third_kind=kind)
        self.refresh()  # a choice clicked again stays checked

    def refresh(self) -> None:
        """Cover the title there is now."""
        kind = self._document.look.third_kind
        for other, action in self.choices.items():
            action.setChecked(other == kind)
        title = THIRD_TITLES[kind]
        self.setAccessibleName(f"Third view shows: {title}")
        font = font_of(self._theme.font(), 14, QFont.Weight.DemiBold)
        width = QFontMetricsF(font).horizontalAdvance(title)
        self.setGeometry(QRect(int(MARGIN) - 6, int(MARGIN) - 6, round(width) + 22 + 24, 24))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lively = self.underMouse() or self.isDown()
        if lively or self.hasFocus():
            painter.setPen(QPen(QColor("#4a9df0"), 1) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(255, 255, 255, 22 if lively else 0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        pen = QPen(QColor(LOUD if lively else QUIET), 1.5)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        x, y = self.width() - 14.0, self.height() / 2 - 1.0
        painter.drawPolyline([QPointF(x - 4, y), QPointF(x, y + 4), QPointF(x + 4, y)])
        painter.end()
