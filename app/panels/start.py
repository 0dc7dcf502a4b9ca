"""Where to begin, while nothing is open."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.panels.parts import ElidedLabel
from app.theme import Theme

INVITATION = "Drop a snapshot here, open the sample, or make a new supernova"
FORMATS = "SWIFT, Gadget, AREPO, GIZMO, Athena++, RAMSES, The Well, 3D-MIM, VTK and NumPy files"
SHOWN = 5
"""Recent files on the page; the File menu has all."""

RECENT_WIDTH = 460


class StartPage(QFrame):
    """Shown while nothing is open.

    Parameters
    ----------
    theme : Theme
        Colours the icons.
    parent : QWidget, optional
        The parent.

    Signals
    -------
    open_requested(), folder_requested(), sample_requested(), supernova_requested()
        The buttons.
    path_requested(Path)
        A recent file.
    """

    open_requested = Signal()
    folder_requested = Signal()
    sample_requested = Signal()
    supernova_requested = Signal()
    path_requested = Signal(object)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("dropTarget")
        self._theme = theme
        self._recent: tuple[Path, ...] = ()
        self.heading = QLabel()
        self.heading.setObjectName("hero")
        self.heading.setWordWrap(True)
        self.heading.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.hint = QLabel(FORMATS)
        self.hint.setObjectName("secondary")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.buttons = self._make_buttons()
        self.recent = QWidget()
        self.recent.setFixedWidth(RECENT_WIDTH)
        self._rows = QVBoxLayout(self.recent)
        self._rows.setContentsMargins(0, 0, 0, 0)
        self._rows.setSpacing(1)
        self.keys = QLabel("<b>Ctrl+K</b> finds every command, <b>?</b> shows the keys")
        self.keys.setObjectName("faint")
        self.keys.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 16, 24, 16)
        layout.setSpacing(10)
        layout.addStretch(3)
        for widget, gap in (
            (self.heading, 2),
            (self.hint, 10),
            (self.buttons, 12),
            (self.recent, 4),
            (self.keys, 0),
        ):
            # Text that is aligned by its layout gets no room for a second line.
            wraps = isinstance(widget, QLabel)
            center = Qt.AlignmentFlag(0) if wraps else Qt.AlignmentFlag.AlignHCenter
            layout.addWidget(widget, 0, center)
            layout.addSpacing(gap)
        layout.addStretch(4)
        self.set_busy("")

    def _make_buttons(self) -> QWidget:
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(10)
        for place, (text, tip, icon, signal, primary) in enumerate(
            (
                (
                    "Open the sample",
                    "A simulated supernova with its forecast",
                    "cube",
                    self.sample_requested,
                    True,
                ),
                ("Open a file…", "Choose a snapshot (Ctrl+O)", "file", self.open_requested, False),
                (
                    "New supernova…",
                    "Simulate an explosion in a cloud of your own (Ctrl+N)",
                    "sparkle",
                    self.supernova_requested,
                    False,
                ),
                (
                    "Open a folder…",
                    "Choose a directory with the snapshots of one run (Ctrl+Shift+O)",
                    "folder-open",
                    self.folder_requested,
                    False,
                ),
            )
        ):
            button = QPushButton(text)
            button.setToolTip(tip)
            button.setAccessibleDescription(tip)
            button.setMinimumSize(190, 38)
            button.setIconSize(QSize(16, 16))
            button.clicked.connect(signal)
            if primary:
                button.setObjectName("primary")
            else:
                self._theme.dress(button, icon)
            grid.addWidget(button, place // 2, place % 2)
        return holder

    def set_recent(self, paths: Sequence[Path]) -> None:
        """List files opened lately.

        Parameters
        ----------
        paths : sequence of Path
            The last one first; those that are gone are left out.
        """
        shown = tuple(path for path in paths if path.exists())[:SHOWN]
        if shown == self._recent:
            return
        self._recent = shown
        while (item := self._rows.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        if shown:
            heading = QLabel("Opened lately")
            heading.setObjectName("section")
            heading.setContentsMargins(8, 0, 0, 2)
            self._rows.addWidget(heading)
        for path in shown:
            self._rows.addWidget(self._row(path))
        self._show_parts()

    def _row(self, path: Path) -> QToolButton:
        """Return a flat button with a file's name and its folder."""
        row = QToolButton()
        row.setObjectName("recent")
        row.setToolTip(f"Open {path}")
        row.setAccessibleName(f"Open {path.name} in {path.parent}")
        row.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        row.setFixedHeight(28)
        row.setText(path.name)
        row.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._theme.dress(row, "folder" if path.is_dir() else "file")
        row.clicked.connect(lambda: self.path_requested.emit(path))
        folder = ElidedLabel(str(path.parent), parent=row)
        folder.setObjectName("faint")
        folder.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        folder.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        left = min(row.sizeHint().width() + 12, RECENT_WIDTH - 90)
        folder.setGeometry(left, 0, RECENT_WIDTH - left - 10, 28)
        return row

    @property
    def busy(self) -> bool:
        """Whether something is being opened."""
        return self.heading.text() != INVITATION

    def set_busy(self, text: str) -> None:
        """Say what is being opened, or invite to open something."""
        self.heading.setText(text or INVITATION)
        self._show_parts()

    def _show_parts(self) -> None:
        for part in (self.hint, self.buttons, self.keys):
            part.setVisible(not self.busy)
        self.recent.setVisible(not self.busy and bool(self._recent))
