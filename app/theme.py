"""The theme that is on, its font and its icons; it may follow the system."""

from __future__ import annotations

import qtawesome
from PySide6.QtCore import QObject, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFont, QGuiApplication, QIcon
from PySide6.QtWidgets import QAbstractButton, QApplication

from app.colors import THEMES, Colors, ThemeChoice, ThemeName
from app.fonts import interface_family
from app.style_sheet import palette, style_sheet

BODY_PX = 12


class Theme(QObject):
    """The look of the application, and a signal for those who paint themselves.

    Signals
    -------
    changed()
        Emitted after the palette and the style sheet were replaced.
    """

    changed = Signal()

    def __init__(self, choice: ThemeChoice = "dark", parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._choice: ThemeChoice = choice
        self._system: ThemeName = "dark"
        self._dressed: QApplication | None = None
        self._family = interface_family()
        if QGuiApplication.instance() is not None:
            hints = QGuiApplication.styleHints()
            self._system = _named(hints.colorScheme())
            hints.colorSchemeChanged.connect(self.follow)

    @property
    def choice(self) -> ThemeChoice:
        """What was asked for: a theme, or to do as the system does."""
        return self._choice

    @property
    def name(self) -> ThemeName:
        """Which theme is on."""
        return self._system if self._choice == "system" else self._choice

    @property
    def colors(self) -> Colors:
        """Its colours."""
        return THEMES[self.name]

    def follow(self, scheme: Qt.ColorScheme) -> None:
        """Take over what the system changed to, if that was asked for.

        Parameters
        ----------
        scheme : Qt.ColorScheme
            The system's; dark where it has no opinion.
        """
        before, self._system = self.name, _named(scheme)
        if self.name != before:
            self.apply()

    def apply(self, choice: ThemeChoice | None = None) -> None:
        """Dress the application.

        Parameters
        ----------
        choice : {"dark", "light", "system"}, optional
            The theme; by default the one that is on.
        """
        self._choice = choice or self._choice
        app = QApplication.instance()
        if isinstance(app, QApplication):
            # Each of these dresses every widget again: only what is another.
            if self._dressed is not app:
                app.setStyle("Fusion")
                app.setFont(self.font())
                self._dressed = app
            app.setPalette(palette(self.colors))
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


def _named(scheme: Qt.ColorScheme) -> ThemeName:
    return "light" if scheme == Qt.ColorScheme.Light else "dark"
