"""The bar at the top: menus, the commands used most, and what is open."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QMenuBar, QToolButton, QWidget

from app.actions import COMMANDS, Actions
from app.panels.parts import ElidedLabel

HEIGHT = 44
TOOLS = (
    ("open_file", "save_forecast", "save_picture"),
    ("show_third", "slices", "link", "cut", "reset_camera"),
)
SUBMENUS = {
    "Export": ("File", "copy_picture"),
    "Third View Shows": ("View", "maximise"),
    "Look From": ("View", "link"),
}
"""Menus within menus, and the command they stand before."""

RIGHT_TOOLS = ("left", "bottom", "right")


class TopBar(QWidget):
    """Menus made from the commands, tool buttons, the title."""

    def __init__(self, actions: Actions, icon: QIcon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("topBar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFixedHeight(HEIGHT)
        logo = QLabel()
        logo.setPixmap(icon.pixmap(QSize(20, 20)))
        name = QLabel("Shellsight")
        name.setObjectName("appName")
        self.menus = QMenuBar()
        self.menus.setNativeMenuBar(False)
        self.recent = QMenu("Open Recent", self)
        self._fill_menus(actions)
        self.title = ElidedLabel("")
        self.title.setObjectName("documentTitle")
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(14, 0, 12, 0)
        layout.setSpacing(4)
        layout.addWidget(logo)
        layout.addSpacing(4)
        layout.addWidget(name)
        layout.addSpacing(8)
        layout.addWidget(self.menus, 0, Qt.AlignmentFlag.AlignVCenter)
        for group in TOOLS:
            layout.addSpacing(6)
            layout.addWidget(_divider())
            layout.addSpacing(6)
            for key in group:
                layout.addWidget(_tool(actions, key))
        layout.addWidget(self.title, 1)
        for key in RIGHT_TOOLS:
            layout.addWidget(_tool(actions, key))
        layout.addSpacing(6)
        layout.addWidget(_divider())
        layout.addSpacing(6)
        self.theme_button = QToolButton()
        self.theme_button.setFixedSize(30, 30)
        self.theme_button.setIconSize(QSize(18, 18))
        self.theme_button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        layout.addWidget(self.theme_button)
        layout.addWidget(_tool(actions, "keys"))

    def _fill_menus(self, actions: Actions) -> None:
        menus: dict[str, QMenu] = {}
        current: QMenu | None = None
        for command in COMMANDS:
            if not command.key:
                if current is not None:
                    current.addSeparator()
                continue
            if command.menu not in menus:
                menus[command.menu] = self._new_menu(command.menu, menus)
                menus[command.menu].setToolTipsVisible(True)
            current = menus[command.menu]
            current.addAction(actions[command.key])
            if command.key == "open_as":
                current.addMenu(self.recent)

    def _new_menu(self, name: str, menus: dict[str, QMenu]) -> QMenu:
        """Add a menu to the bar, or to the menu it is part of, before that one's last group."""
        if name not in SUBMENUS:
            return self.menus.addMenu(name)
        parent, before = SUBMENUS[name]
        menu = QMenu(name, self)
        anchor = next(a for a in menus[parent].actions() if a.objectName() == before)
        menus[parent].insertMenu(anchor, menu)
        return menu


def _tool(actions: Actions, key: str) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(actions[key])
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
    button.setFixedSize(30, 30)
    button.setIconSize(QSize(18, 18))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setAccessibleName(actions[key].text())
    return button


def _divider() -> QFrame:
    divider = QFrame()
    divider.setObjectName("line")
    divider.setFixedSize(1, 20)
    return divider
