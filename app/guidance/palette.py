"""The command palette: everything the program can do, found by typing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.guidance.search import Match, match
from app.theme import Theme

WIDTH, ROW, ROWS = 620, 34, 11
ENTRY_ROLE = Qt.ItemDataRole.UserRole
MATCH_ROLE = Qt.ItemDataRole.UserRole + 1
_MOVES = (Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown)


@dataclass(frozen=True)
class Entry:
    """Something to choose.

    Parameters
    ----------
    text : str
        Its name.
    where : str
        Where else it is found, for example the menu.
    run : callable
        What it does.
    keys : str
        Its shortcut as people read it, or "".
    icon : QIcon
        Its icon; may be null.
    enabled : bool
        Whether it can be done now.
    why : str
        Why not.
    checked : bool
        Whether it is on.
    """

    text: str
    where: str
    run: Callable[[], object]
    keys: str = ""
    icon: QIcon | None = None
    enabled: bool = True
    why: str = ""
    checked: bool = False


class Palette(QFrame):
    """A line to type in, and below it what fits.

    Parameters
    ----------
    entries : sequence of Entry
        All there is to choose from, the likeliest first.
    theme : Theme
        Colours.
    parent : QWidget
        The window over which it appears.
    """

    def __init__(self, entries: Sequence[Entry], theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("palette")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setAccessibleName("Command palette")
        self._window = parent
        self._entries = tuple(entries)
        self.line = QLineEdit()
        self.line.setObjectName("paletteLine")
        self.line.setPlaceholderText("What do you want to do?")
        self.line.setAccessibleName("Search commands, recent files and models")
        self.line.setToolTip("Type a few letters; ↑ and ↓ choose, Enter does it, Esc closes")
        self.line.setClearButtonEnabled(False)
        self.line.installEventFilter(self)
        self.list = QListWidget()
        self.list.setObjectName("paletteList")
        self.list.setAccessibleName("What fits")
        self.list.setToolTip("")
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setItemDelegate(_Row(theme, self.list))
        self.list.itemClicked.connect(lambda _: self.choose())
        self.nothing = QLabel("Nothing fits")
        self.nothing.setObjectName("secondary")
        self.nothing.setContentsMargins(14, 10, 14, 12)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        for widget in (self.line, self.list, self.nothing):
            layout.addWidget(widget)
        self.line.textChanged.connect(self.search)
        self.search("")

    def open(self) -> None:
        """Show it near the top of the window, ready to type."""
        window = self._window.window()
        width = min(WIDTH, window.width() - 40)
        self.setFixedWidth(width)
        corner = window.mapToGlobal(window.rect().topLeft())
        self.move(corner.x() + (window.width() - width) // 2, corner.y() + 72)
        self.show()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def search(self, query: str) -> None:
        """List what fits, the best first.

        Parameters
        ----------
        query : str
            What was typed.
        """
        found: list[tuple[float, int, Entry, Match]] = []
        for place, entry in enumerate(self._entries):
            fit = match(query, entry.text)
            score = -1.0 if fit is None else fit.score
            if fit is None:
                # The menu may be named too, but says less than the name.
                whole = match(query, f"{entry.text} {entry.where}")
                if whole is None:
                    continue
                fit, score = Match(whole.score), 0.5 * whole.score - 20.0
            found.append((score - (4.0 if not entry.enabled and query else 0.0), place, entry, fit))
        found.sort(key=lambda item: (-item[0], item[1]))
        self.list.clear()
        for _, _, entry, fit in found:
            item = QListWidgetItem(entry.text)
            item.setData(ENTRY_ROLE, entry)
            item.setData(MATCH_ROLE, fit.places)
            item.setSizeHint(QSize(0, ROW))
            item.setToolTip(entry.why if not entry.enabled else "")
            keys = f", {entry.keys}" if entry.keys else ""
            state = f", not now: {entry.why}" if not entry.enabled else ""
            reading = f"{entry.text}, {entry.where}{keys}{state}"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, reading)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        self.list.setVisible(bool(found))
        self.nothing.setVisible(not found)
        self.list.setFixedHeight(min(len(found), ROWS) * ROW + 8)
        self.adjustSize()

    def texts(self) -> list[str]:
        """Return the names of what is listed."""
        return [self.list.item(row).text() for row in range(self.list.count())]

    @property
    def current(self) -> Entry | None:
        """What is chosen."""
        item = self.list.currentItem()
        entry = item.data(ENTRY_ROLE) if item is not None else None
        return entry if isinstance(entry, Entry) else None

    def choose(self) -> None:
        """Do what is chosen, once the palette is gone; what cannot be done stays."""
        entry = self.current
        if entry is None or not entry.enabled:
            return
        self.close()
        entry.run()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        pressed = event.type() == QEvent.Type.KeyPress
        if watched is self.line and pressed and isinstance(event, QKeyEvent):
            return self._press(event)
        return super().eventFilter(watched, event)

    def _press(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.choose()
        elif key == Qt.Key.Key_Escape:
            self.close()
        elif key in _MOVES and self.list.count():
            step = ROWS - 1 if key in _MOVES[2:] else 1
            sign = -1 if key in (Qt.Key.Key_Up, Qt.Key.Key_PageUp) else 1
            row, count = self.list.currentRow() + sign * step, self.list.count()
            # One step goes round at the ends; a page stops there.
            self.list.setCurrentRow(row % count if step == 1 else min(max(row, 0), count - 1))
        else:
            return False
        return True


class _Row(QStyledItemDelegate):
    """Draws an entry: icon, name with the letters typed, where it is found, its keys."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        entry: Entry = index.data(ENTRY_ROLE)
        places: tuple[int, ...] = index.data(MATCH_ROLE) or ()
        colors, rect = self._theme.colors, option.rect
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if option.state & QStyle.StateFlag.State_Selected:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(colors.hover))
            painter.drawRoundedRect(rect.adjusted(5, 1, -5, -1), 6, 6)
        if entry.icon is not None and not entry.icon.isNull():
            mode = QIcon.Mode.Normal if entry.enabled else QIcon.Mode.Disabled
            entry.icon.paint(painter, QRect(rect.left() + 14, rect.top() + 9, 16, 16), mode=mode)
        text = rect.adjusted(42, 0, -16, 0)
        right = self._draw_keys(painter, text, entry)
        aside = entry.where if entry.enabled else entry.why
        if entry.checked:
            aside = f"on · {aside}"
        small = self._theme.font(11)
        painter.setFont(small)
        painter.setPen(QColor(colors.secondary if entry.enabled else colors.faint))
        end = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        area = QRect(text.left(), text.top(), right - text.left(), text.height())
        taken = painter.fontMetrics().horizontalAdvance(aside)
        painter.drawText(area, end, aside)
        area.setRight(right - taken - 12)
        color = colors.text if entry.enabled else colors.faint
        accent = colors.accent if entry.enabled else colors.secondary
        self._draw_name(painter, area, entry.text, places, color, accent)
        painter.restore()

    def _draw_keys(self, painter: QPainter, text: QRect, entry: Entry) -> int:
        """Draw the shortcut at the right; return where it begins."""
        if not entry.keys:
            return text.right()
        colors = self._theme.colors
        painter.setFont(self._theme.font(11))
        width = painter.fontMetrics().horizontalAdvance(entry.keys) + 14
        cap = QRect(text.right() - width, text.center().y() - 9, width, 19)
        painter.setPen(QColor(colors.line))
        painter.setBrush(QColor(colors.base))
        painter.drawRoundedRect(cap, 5, 5)
        painter.setPen(QColor(colors.secondary if entry.enabled else colors.faint))
        painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, entry.keys)
        return cap.left() - 12

    def _draw_name(
        self,
        painter: QPainter,
        area: QRect,
        name: str,
        places: tuple[int, ...],
        color: str,
        accent: str,
    ) -> None:
        """Draw the name, the letters typed in bold."""
        plain, bold = self._theme.font(13), self._theme.font(13, QFont.Weight.DemiBold)
        painter.setFont(plain)
        shown = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, area.width())
        typed = set(places) if shown == name else set()
        x = area.left()
        base = area.center().y() + painter.fontMetrics().ascent() // 2 - 1
        start = 0
        while start < len(shown):
            stop = start + 1
            while stop < len(shown) and (stop in typed) == (start in typed):
                stop += 1
            painter.setFont(bold if start in typed else plain)
            painter.setPen(QColor(accent if start in typed else color))
            painter.drawText(x, base, shown[start:stop])
            x += painter.fontMetrics().horizontalAdvance(shown[start:stop])
            start = stop
