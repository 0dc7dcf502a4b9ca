"""Colours, fonts and icons of the window: Fusion, an own palette, a short style sheet."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

import qtawesome
from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QAbstractButton, QApplication

from core.errors import ShellsightError
from core.resources import icon_path, resources_path

ThemeName = Literal["dark", "light"]


@dataclass(frozen=True)
class Colors:
    """The colours of one theme; `truth` and `forecast` mean the same everywhere."""

    window: str
    panel: str
    base: str
    raised: str
    hover: str
    line: str
    track: str
    text: str
    secondary: str
    faint: str
    neutral: str
    accent: str
    accent_hover: str
    accent_text: str
    ok: str
    warning: str
    error: str
    truth: str
    forecast: str
    handle: str
    handle_edge: str
    grid_alpha: float


DARK = Colors(
    window="#14161a",
    panel="#1a1d22",
    base="#121417",
    raised="#24282f",
    hover="#2a2f37",
    line="#2a2e36",
    track="#2f343d",
    text="#dfe3ea",
    secondary="#98a1af",
    faint="#646d7b",
    neutral="#7b8594",
    accent="#4a9df0",
    accent_hover="#3a86d6",
    accent_text="#ffffff",
    ok="#5bbf7a",
    warning="#e0a24a",
    error="#e5707a",
    truth="#ffc35a",
    forecast="#ef5f9c",
    handle="#e8ebf0",
    handle_edge="#e8ebf0",
    grid_alpha=0.07,
)

LIGHT = Colors(
    window="#eceef2",
    panel="#f7f8fa",
    base="#ffffff",
    raised="#ffffff",
    hover="#e4e7ed",
    line="#d6dae2",
    track="#d3d8e1",
    text="#1d2129",
    secondary="#5d6675",
    faint="#98a1b0",
    neutral="#8791a1",
    accent="#2f7de1",
    accent_hover="#1f68c4",
    accent_text="#ffffff",
    ok="#3f9d5f",
    warning="#b87a10",
    error="#c9414e",
    truth="#b87a10",
    forecast="#cf3c7d",
    handle="#ffffff",
    handle_edge="#aab2c0",
    grid_alpha=0.12,
)

THEMES: dict[ThemeName, Colors] = {"dark": DARK, "light": LIGHT}

# Clean faces that are common on Linux, macOS and Windows, best first.
FAMILIES = (
    "Inter",
    "Inter Variable",
    "SF Pro Text",
    "Segoe UI",
    "Noto Sans",
    "Cantarell",
    "Ubuntu",
    "Roboto",
    "Source Sans 3",
    "Liberation Sans",
    "Helvetica Neue",
    "DejaVu Sans Condensed",
    "DejaVu Sans",
)
BODY_PX = 12


class Theme(QObject):
    """The look of the application, and a signal for those who paint themselves.

    Signals
    -------
    changed()
        Emitted after the palette and the style sheet were replaced.
    """

    changed = Signal()

    def __init__(self, name: ThemeName = "dark", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name: ThemeName = name
        self._family = _find_family()

    @property
    def name(self) -> ThemeName:
        """Which theme is on."""
        return self._name

    @property
    def colors(self) -> Colors:
        """Its colours."""
        return THEMES[self._name]

    def apply(self, name: ThemeName | None = None) -> None:
        """Dress the application.

        Parameters
        ----------
        name : {"dark", "light"}, optional
            The theme; by default the one that is on.
        """
        self._name = name or self._name
        app = QApplication.instance()
        if isinstance(app, QApplication):
            app.setStyle("Fusion")
            app.setPalette(_palette(self.colors))
            app.setFont(self.font())
            app.setStyleSheet(style_sheet(self.colors))
        self.changed.emit()

    def font(self, pixels: int = BODY_PX, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
        """Return the interface font with digits of one width.

        Parameters
        ----------
        pixels : int
            Its size.
        weight : QFont.Weight
            Its weight.

        Returns
        -------
        QFont
            The font.
        """
        font = QFont(self._family)
        font.setPixelSize(pixels)
        font.setWeight(weight)
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)
        font.setFeature(QFont.Tag("tnum"), 1)
        return font

    def icon(self, name: str, color: str | None = None, checked: str | None = None) -> QIcon:
        """Return a Phosphor icon.

        Parameters
        ----------
        name : str
            Its name, for example ``"folder-open"``.
        color : str, optional
            Its colour; by default that of secondary text.
        checked : str, optional
            Its colour while checked; by default that of text.

        Returns
        -------
        QIcon
            The icon.
        """
        colors = self.colors
        disabled = QColor(colors.faint)
        disabled.setAlpha(110)
        return qtawesome.icon(
            f"ph.{name}",
            color=color or colors.secondary,
            color_on=checked or color or colors.text,
            color_disabled=disabled,
        )

    def dress(self, button: QAbstractButton, name: str, size: int = 16) -> None:
        """Give a button an icon that follows the theme.

        Parameters
        ----------
        button : QAbstractButton
            The button.
        name : str
            Name of the icon.
        size : int
            Its size in pixels.
        """
        button.setIconSize(QSize(size, size))
        _IconKeeper(self, button, name)


class _IconKeeper(QObject):
    """Repaints the icon of a button when the theme changes; lives and dies with the button."""

    def __init__(self, theme: Theme, button: QAbstractButton, name: str) -> None:
        super().__init__(button)
        self._theme, self._button, self._name = theme, button, name
        theme.changed.connect(self.update)
        self.update()

    def update(self) -> None:
        """Paint the icon in the colours of the theme."""
        self._button.setIcon(self._theme.icon(self._name))


def _find_family() -> str:
    """Choose the interface font: bundled, installed, or the system's own."""
    with suppress(ShellsightError):  # an incomplete installation still gets a window
        for path in sorted((resources_path() / "fonts").glob("*.[ot]tf")):
            QFontDatabase.addApplicationFont(str(path))
    installed = set(QFontDatabase.families())
    for family in FAMILIES:
        if family in installed:
            return family
    return QFontDatabase.systemFont(QFontDatabase.SystemFont.GeneralFont).family()


def _palette(colors: Colors) -> QPalette:
    """Return the palette for Fusion."""
    palette = QPalette()
    role = QPalette.ColorRole
    for which, color in {
        role.Window: colors.panel,
        role.WindowText: colors.text,
        role.Base: colors.base,
        role.AlternateBase: colors.panel,
        role.Text: colors.text,
        role.PlaceholderText: colors.faint,
        role.Button: colors.raised,
        role.ButtonText: colors.text,
        role.BrightText: colors.text,
        role.ToolTipBase: colors.raised,
        role.ToolTipText: colors.text,
        role.Highlight: colors.hover,
        role.HighlightedText: colors.text,
        role.Link: colors.accent,
        role.LinkVisited: colors.accent,
        role.Light: colors.hover,
        role.Midlight: colors.raised,
        role.Mid: colors.line,
        role.Dark: colors.line,
        role.Shadow: colors.base,
        role.Accent: colors.accent,
    }.items():
        palette.setColor(which, QColor(color))
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, QColor(colors.faint))
    return palette


def _icon_url(name: str) -> str:
    """Return a shipped icon as style sheets want it, "" in a broken installation."""
    try:
        return icon_path(name).as_posix()
    except ShellsightError:
        return ""


def style_sheet(colors: Colors) -> str:
    """Return the style sheet: only what a palette cannot say.

    Parameters
    ----------
    colors : Colors
        The theme's colours.

    Returns
    -------
    str
        The sheet.
    """
    c = colors
    return f"""
QMainWindow {{ background: {c.window}; }}
QMainWindow::separator {{ background: {c.line}; width: 1px; height: 1px; }}
QMainWindow::separator:hover {{ background: {c.accent}; }}
QToolTip {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.line};
    padding: 4px 6px; }}
QWidget#central {{ background: {c.window}; }}
QWidget#topBar, QWidget#panel, QStatusBar {{ background: {c.panel}; }}
QWidget#topBar {{ border-bottom: 1px solid {c.line}; }}
QStatusBar {{ border-top: 1px solid {c.line}; color: {c.secondary}; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {c.secondary}; font-size: 11px; }}
QFrame#line {{ background: {c.line}; border: none; }}
QScrollArea, QScrollArea > QWidget > QWidget#panel {{ background: {c.panel}; border: none; }}
QLabel#section {{ color: {c.secondary}; font-size: 11px; font-weight: 600; }}
QLabel#secondary {{ color: {c.secondary}; font-size: 11px; }}
QLabel#formLabel {{ color: {c.secondary}; }}
QLabel#legend {{ font-size: 10px; }}
QLabel#plotTitle {{ font-size: 11px; }}
QLabel#faint {{ color: {c.faint}; font-size: 11px; }}
QLabel#appName {{ font-size: 14px; font-weight: 600; }}
QLabel#documentTitle {{ color: {c.secondary}; }}
QLabel#time {{ font-size: 14px; font-weight: 600; }}
QLabel#consequence {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 7px;
    padding: 8px 12px; }}
QLabel#consequence[wrong="true"] {{ color: {c.error}; }}
QListWidget#sites {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 7px;
    outline: 0; padding: 2px; }}
QListWidget#sites::item {{ border-radius: 5px; padding-left: 2px; }}
QListWidget#sites::item:hover, QListWidget#sites::item:selected {{ background: {c.hover};
    color: {c.text}; }}
QLabel#hero {{ font-size: 20px; font-weight: 600; }}
QMenuBar {{ background: transparent; color: {c.secondary}; spacing: 0; }}
QMenuBar::item {{ padding: 5px 8px; border-radius: 6px; background: transparent; }}
QMenuBar::item:selected, QMenuBar::item:pressed {{ background: {c.hover}; color: {c.text}; }}
QMenu {{ background: {c.raised}; border: 1px solid {c.line}; padding: 4px; }}
QMenu::item {{ padding: 5px 24px 5px 22px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c.accent}; color: {c.accent_text}; }}
QMenu::item:disabled {{ color: {c.faint}; background: transparent; }}
QMenu::separator {{ height: 1px; background: {c.line}; margin: 4px 6px; }}
QMenu::indicator {{ width: 14px; height: 14px; left: 4px; }}
QToolButton {{ border: none; border-radius: 6px; padding: 4px; background: transparent; }}
QToolButton:hover, QToolButton:checked {{ background: {c.hover}; }}
QToolButton:checked:disabled {{ background: transparent; }}
QToolButton#play {{ background: {c.accent}; border-radius: 15px; }}
QToolButton#play:hover {{ background: {c.accent_hover}; }}
QToolButton#play:disabled {{ background: {c.track}; }}
QPushButton {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 6px;
    padding: 5px 12px; }}
QPushButton:hover {{ background: {c.hover}; }}
QPushButton:disabled {{ color: {c.faint}; background: {c.panel}; }}
QPushButton:focus {{ border-color: {c.accent}; }}
QPushButton#primary {{ background: {c.accent}; color: {c.accent_text}; border: none;
    border-radius: 7px; padding: 8px; font-size: 13px; font-weight: 600; }}
QPushButton#primary:hover {{ background: {c.accent_hover}; }}
QPushButton#primary:disabled {{ background: {c.track}; color: {c.faint}; }}
QPushButton#link {{ background: transparent; border: none; color: {c.accent};
    padding: 3px 6px; }}
QPushButton#link:hover {{ background: {c.hover}; }}
QDoubleSpinBox {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 6px;
    padding: 3px 7px; }}
QDoubleSpinBox::up-button {{ subcontrol-position: top right; width: 20px; border: none; }}
QDoubleSpinBox::down-button {{ subcontrol-position: bottom right; width: 20px; border: none; }}
QDoubleSpinBox::up-arrow {{ image: url("{_icon_url("caret-up")}"); width: 10px; height: 10px; }}
QDoubleSpinBox::down-arrow {{ image: url("{_icon_url("caret-down")}"); width: 10px; height: 10px; }}
QDoubleSpinBox:hover {{ border-color: {c.neutral}; }}
QDoubleSpinBox:disabled {{ color: {c.faint}; }}
QComboBox {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 6px;
    padding: 4px 8px; }}
QComboBox:hover {{ border-color: {c.neutral}; }}
QComboBox:disabled {{ color: {c.faint}; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url("{_icon_url("caret-down")}"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {c.raised}; border: 1px solid {c.line};
    selection-background-color: {c.hover}; outline: 0; padding: 3px; }}
QSlider::groove:horizontal {{ height: 3px; border-radius: 1px; background: {c.track}; }}
QSlider::sub-page:horizontal {{ height: 3px; border-radius: 1px; background: {c.accent}; }}
QSlider::handle:horizontal {{ width: 12px; height: 12px; margin: -5px 0; border-radius: 6px;
    background: {c.handle}; border: 1px solid {c.handle_edge}; }}
QSlider#soft::sub-page:horizontal {{ background: {c.neutral}; }}
QSlider#soft::sub-page:horizontal:disabled {{ background: {c.track}; }}
QSlider#soft::handle:horizontal {{ width: 10px; height: 10px; margin: -4px 0; border-radius: 5px;
    background: {c.handle if c.handle_edge != c.handle else c.secondary};
    border: 1px solid {c.handle_edge if c.handle_edge != c.handle else c.secondary}; }}
QSlider#soft::handle:horizontal:disabled {{ background: {c.faint}; border-color: {c.faint}; }}
QProgressBar {{ background: {c.track}; border: none; border-radius: 2px; max-height: 4px;
    min-height: 4px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 2px; }}
QTreeWidget {{ background: {c.panel}; border: none; outline: 0;
    show-decoration-selected: 1; }}
QTreeWidget::item {{ height: 24px; border-radius: 5px; border: none; }}
QTreeWidget::item:hover, QTreeWidget::item:selected {{ background: {c.hover}; color: {c.text}; }}
QTreeWidget::branch {{ background: {c.panel}; }}
QTableWidget {{ background: {c.panel}; border: none; outline: 0; gridline-color: transparent;
    selection-background-color: {c.hover}; selection-color: {c.text}; }}
QTableWidget::item {{ padding: 0 2px; border: none; }}
QTableWidget::item:hover {{ background: {c.hover}; }}
QHeaderView, QHeaderView::section {{ background: {c.panel}; color: {c.secondary}; border: none;
    font-size: 10px; padding: 2px; }}
QPlainTextEdit, QTextBrowser, QLineEdit {{ background: {c.base}; border: 1px solid {c.line};
    border-radius: 6px; padding: 4px; }}
QDoubleSpinBox QLineEdit {{ background: transparent; border: none; padding: 0 0 0 5px; }}
QScrollBar:vertical {{ background: transparent; width: 8px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {c.track}; border-radius: 4px; min-height: 24px; }}
QScrollBar:horizontal {{ background: transparent; height: 8px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {c.track}; border-radius: 4px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: none; border: none; width: 0; height: 0; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QFrame#notice {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 8px; }}
QFrame#dropTarget {{ border: 1px dashed {c.faint}; border-radius: 12px; }}
"""
