"""All keys and what the mouse does, on one sheet, from the table of commands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.actions import COMMANDS, MOUSE, key_text

COLUMNS = 3
HEADING_ROWS = 1.6
"""Height of a heading and the space above it, in rows."""


@dataclass(frozen=True)
class KeyRow:
    """One line of the sheet.

    Parameters
    ----------
    keys : str
        The keys, or what the mouse does, as people read it.
    what : str
        What that does, in short.
    tip : str
        What it does, in a sentence.
    """

    keys: str
    what: str
    tip: str = ""


def sheet() -> dict[str, tuple[KeyRow, ...]]:
    """Return the lines of the sheet by the menu they belong to; the mouse comes last."""
    groups: dict[str, list[KeyRow]] = {}
    for command in COMMANDS:
        if command.shortcut:
            keys = " or ".join(key_text(k) for k in (command.shortcut, command.also) if k)
            row = KeyRow(keys, command.text.rstrip("…"), command.tip)
            groups.setdefault(command.menu, []).append(row)
    groups["Mouse"] = [KeyRow(keys, what) for keys, what in MOUSE]
    return {name: tuple(rows) for name, rows in groups.items()}


def columns(groups: dict[str, tuple[KeyRow, ...]], count: int) -> list[list[str]]:
    """Share groups out to columns of about the same height, in their order.

    Parameters
    ----------
    groups : dict
        The lines of each group.
    count : int
        How many columns, at most.

    Returns
    -------
    list of list of str
        Names of the groups of each column.
    """
    heights = {name: len(rows) + HEADING_ROWS for name, rows in groups.items()}
    # The least height at which the groups, one after the other, fill no more columns.
    limit = max(heights.values())
    while True:
        shared: list[list[str]] = [[]]
        filled = 0.0
        for name, height in heights.items():
            if shared[-1] and filled + height > limit:
                shared.append([])
                filled = 0.0
            shared[-1].append(name)
            filled += height
        if len(shared) <= count:
            return shared
        limit += 0.5


class KeysDialog(QDialog):
    """The sheet; what is typed leaves only the lines in which it occurs."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Keyboard shortcuts")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._groups = sheet()
        self._lines: list[tuple[KeyRow, str, QLabel, QLabel]] = []
        self._headings: dict[str, QLabel] = {}
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search keys and commands")
        self.search.setAccessibleName("Search keys and commands")
        self.search.setToolTip("Shows only the lines in which this occurs")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self.show_only)
        self.nothing = QLabel("Nothing fits")
        self.nothing.setObjectName("secondary")
        self.nothing.hide()
        content = QWidget()
        content.setObjectName("panel")
        row = QHBoxLayout(content)
        row.setContentsMargins(0, 0, 8, 0)
        row.setSpacing(34)
        for names in columns(self._groups, COLUMNS):
            row.addLayout(self._column(names))
        area = QScrollArea()
        area.setWidget(content)
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        area.setAccessibleName("Keys")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setToolTip("Close (Esc)")
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 16, 14)
        layout.setSpacing(12)
        for widget in (self.search, area, self.nothing, buttons):
            layout.addWidget(widget)
        room = parent.size() if parent is not None else self.screen().size()
        size = content.sizeHint()
        self.resize(
            min(size.width() + 60, room.width() - 40), min(size.height() + 130, room.height() - 40)
        )

    def _column(self, names: Sequence[str]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(6)
        for name in names:
            heading = QLabel(name)
            heading.setObjectName("section")
            self._headings[name] = heading
            column.addWidget(heading)
            grid = QGridLayout()
            grid.setHorizontalSpacing(14)
            grid.setVerticalSpacing(4)
            grid.setColumnMinimumWidth(0, 96)
            grid.setColumnStretch(1, 1)
            for place, line in enumerate(self._groups[name]):
                keys, what = QLabel(line.keys), QLabel(line.what)
                keys.setObjectName("keys")
                keys.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                for label in (keys, what):
                    label.setToolTip(line.tip)
                grid.addWidget(keys, place, 0)
                grid.addWidget(what, place, 1)
                self._lines.append((line, name, keys, what))
            column.addLayout(grid)
            column.addSpacing(8)
        column.addStretch(1)
        return column

    def show_only(self, text: str) -> None:
        """Leave only the lines in which a text occurs; those of a menu of that name stay."""
        wanted = text.strip().lower()
        shown: set[str] = set()
        for line, name, keys, what in self._lines:
            fits = wanted in f"{line.keys} {line.what} {line.tip} {name}".lower()
            keys.setVisible(fits)
            what.setVisible(fits)
            if fits:
                shown.add(name)
        for name, heading in self._headings.items():
            heading.setVisible(name in shown)
        self.nothing.setVisible(not shown)

    def lines(self) -> list[KeyRow]:
        """Return the lines that are shown."""
        return [line for line, _, keys, _ in self._lines if not keys.isHidden()]
