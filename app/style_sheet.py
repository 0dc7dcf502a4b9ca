"""The palette and the style sheet: how widgets look in the colours of a theme."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPalette

from app.colors import Colors
from core.errors import ShellsightError
from core.resources import icon_path


def palette(colors: Colors) -> QPalette:
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
QLabel#keys {{ font-weight: 600; }}
QLabel#faint {{ color: {c.faint}; font-size: 11px; }}
QLabel#appName {{ font-size: 14px; font-weight: 600; }}
QLabel#documentTitle {{ color: {c.secondary}; }}
QLabel#time {{ font-size: 14px; font-weight: 600; }}
QLabel#consequence {{ background: {c.base}; border: 1px solid {c.line}; border-radius: 7px;
    padding: 8px 12px; }}
QLabel#consequence[wrong="true"], QLabel#secondary[wrong="true"],
QLineEdit[wrong="true"] {{ color: {c.error}; }}
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
QToolButton#live {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 7px;
    padding: 6px 12px; font-weight: 600; }}
QToolButton#live:hover {{ background: {c.hover}; }}
QToolButton#live:checked {{ border-color: {c.forecast}; color: {c.forecast}; }}
QToolButton#live:disabled {{ color: {c.faint}; background: {c.panel}; }}
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
QAbstractSpinBox {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 6px;
    padding: 3px 7px; }}
QAbstractSpinBox::up-button {{ subcontrol-position: top right; width: 20px; border: none; }}
QAbstractSpinBox::down-button {{ subcontrol-position: bottom right; width: 20px; border: none; }}
QAbstractSpinBox::up-arrow {{ image: url("{_icon_url("caret-up")}"); }}
QAbstractSpinBox::down-arrow {{ image: url("{_icon_url("caret-down")}"); }}
QAbstractSpinBox::up-arrow, QAbstractSpinBox::down-arrow {{ width: 10px; height: 10px; }}
QAbstractSpinBox:hover {{ border-color: {c.neutral}; }}
QAbstractSpinBox:disabled {{ color: {c.faint}; }}
QComboBox {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 6px;
    padding: 4px 8px; }}
QComboBox#plotChoice {{ background: transparent; border: none; padding: 0 2px;
    font-size: 11px; max-height: 18px; }}
QComboBox:hover {{ border-color: {c.neutral}; }}
QComboBox:disabled {{ color: {c.faint}; }}
QComboBox::drop-down {{ border: none; width: 22px; }}
QComboBox::down-arrow {{ image: url("{_icon_url("caret-down")}"); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {c.raised}; border: 1px solid {c.line};
    selection-background-color: {c.hover}; outline: 0; padding: 3px; }}
QCheckBox::indicator, QListView::indicator {{ width: 13px; height: 13px; border-radius: 4px;
    border: 1px solid {c.neutral}; background: {c.base}; }}
QCheckBox::indicator:hover, QCheckBox::indicator:focus {{ border-color: {c.accent}; }}
QCheckBox::indicator:checked, QListView::indicator:checked {{ border-color: {c.accent};
    background: {c.accent}; image: url("{_icon_url("check")}"); }}
QCheckBox::indicator:disabled, QListView::indicator:disabled {{ border-color: {c.line}; }}
QCheckBox::indicator:checked:disabled {{ border-color: {c.faint}; background: {c.faint}; }}
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
QTabWidget::pane {{ border: none; border-top: 1px solid {c.line}; }}
QTabBar::tab {{ background: transparent; color: {c.secondary}; padding: 5px 12px;
    border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {c.text}; border-bottom-color: {c.accent}; }}
QHeaderView, QHeaderView::section {{ background: {c.panel}; color: {c.secondary}; border: none;
    font-size: 10px; padding: 2px; }}
QPlainTextEdit, QTextBrowser, QLineEdit {{ background: {c.base}; border: 1px solid {c.line};
    border-radius: 6px; padding: 4px; }}
QAbstractSpinBox QLineEdit {{ background: transparent; border: none; padding: 0; }}
QScrollBar:vertical {{ background: transparent; width: 8px; margin: 0; }}
QScrollBar::handle:vertical {{ background: {c.track}; border-radius: 4px; min-height: 24px; }}
QScrollBar:horizontal {{ background: transparent; height: 8px; margin: 0; }}
QScrollBar::handle:horizontal {{ background: {c.track}; border-radius: 4px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: none; border: none; width: 0; height: 0; }}
QToolButton#recent {{ text-align: left; padding: 0 8px; color: {c.text}; }}
QFrame#palette {{ background: {c.raised}; border: 1px solid {c.track}; }}
QLineEdit#paletteLine {{ background: transparent; border: none; border-radius: 0;
    border-bottom: 1px solid {c.line}; padding: 11px 13px; font-size: 15px; }}
QListWidget#paletteList {{ background: transparent; border: none; outline: 0; padding: 4px 0; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QFrame#notice {{ background: {c.raised}; border: 1px solid {c.line}; border-radius: 8px; }}
QFrame#dropTarget {{ border: 1px dashed {c.faint}; border-radius: 12px; }}
"""
