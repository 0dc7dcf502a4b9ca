"""What is asked of pictures and movies alike before they are drawn, and how far this is."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.exports.export_choice import (
    SIZES,
    MovieChoice,
    PictureChoice,
    Screens,
)
from app.exports.pictures import (
    LEAST_PIXELS,
    MOST_PIXELS,
    Sheet,
)
from app.form_parts import combo, duration
from app.panels.parts import ProgressBar, inset
from core.errors import InvalidRequest

CUSTOM = "Own size"


class ExportDialog(QDialog):
    """Views, size and what is written on the picture; a line says what will come out.

    The dialog stays while the drawing goes on, and does not block the window.

    Parameters
    ----------
    title : str
        Its title.
    views : sequence of (str, str)
        Key and name of the views that can be drawn.
    screens : Screens
        Size of the views on the screen.
    choice : PictureChoice or MovieChoice
        What to begin with.
    seconds_per_megapixel : float
        How long a million pixels took last; 0 if nobody knows.
    parent : QWidget, optional
        The window.

    Signals
    -------
    chosen(object)
        The user wants it: the choice.
    cancel_requested()
        The drawing is to stop.
    """

    chosen = Signal(object)
    cancel_requested = Signal()

    def __init__(
        self,
        title: str,
        views: Sequence[tuple[str, str]],
        screens: Screens,
        choice: PictureChoice | MovieChoice,
        seconds_per_megapixel: float = 0.0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self._choice = choice
        self._speed = seconds_per_megapixel
        self._busy = False
        self.views = combo(views, "Views", "What is drawn")
        select(self.views, choice.views)
        self._screens = screens
        sizes = [
            ((width, height), _size_text(name, width, height)) for name, width, height in SIZES
        ]
        self.preset = combo(
            [(screens.bare, ""), *sizes, (None, CUSTOM)],
            "Usual sizes",
            "Sizes that are often wanted",
        )
        self.width_spin = _pixels(choice.width, "Width of the picture in pixels")
        self.height_spin = _pixels(choice.height, "Height of the picture in pixels")
        self.annotations = check(
            "Titles, time, scale and axes", choice.annotations, "Write on the views what they show"
        )
        self.color_bar = check(
            "Scale of colours", choice.color_bar, "Draw which colour is which density"
        )
        self.slices = check(
            "Slices below the views",
            choice.slices,
            "Draw the plane through the explosion under each view, or beside it where it is wide",
        )
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(16)
        self.form.setVerticalSpacing(10)
        sides = QHBoxLayout()
        sides.setSpacing(8)
        sides.addWidget(self.width_spin, 1)
        times = QLabel("×")
        times.setObjectName("secondary")
        sides.addWidget(times)
        sides.addWidget(self.height_spin, 1)
        self.form.addRow("Views", self.views)
        self.form.addRow("", self.slices)
        self.form.addRow("Size", self.preset)
        self.form.addRow("", sides)
        self.holder = QWidget()
        self.holder.setLayout(self.form)
        self.form.setContentsMargins(0, 0, 0, 0)
        self.note = QLabel()
        self.note.setObjectName("secondary")
        self.note.setWordWrap(True)
        self.bar = ProgressBar()
        self.bar.setAccessibleName("Progress of the drawing")
        self.bar.hide()
        buttons = QDialogButtonBox()
        self.export = buttons.addButton("Export…", QDialogButtonBox.ButtonRole.AcceptRole)
        self.export.setToolTip("Choose a name and draw")
        self.export.setDefault(True)
        self.cancel = buttons.addButton("Close", QDialogButtonBox.ButtonRole.RejectRole)
        self.cancel.setToolTip("Export nothing")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(18, 16, 18, 14)
        layout.setSpacing(12)
        layout.addWidget(self.holder)
        layout.addWidget(self.note)
        layout.addWidget(self.bar)
        layout.addStretch(1)
        layout.addWidget(buttons)
        self.setMinimumWidth(430)
        self._show_screen()
        self._show_preset()
        self.slices.toggled.connect(lambda _: self._on_slices())
        self.preset.activated.connect(lambda _: self._take_preset())
        for spin in (self.width_spin, self.height_spin):
            spin.valueChanged.connect(lambda _: self._show_preset())
            spin.valueChanged.connect(lambda _: self.estimate())

    # -- for those derived ---------------------------------------------------

    @property
    def choice(self) -> PictureChoice | MovieChoice:
        """What is chosen now."""
        raise NotImplementedError

    def described(self) -> str:
        """Say what will come out; raises `InvalidRequest` if nothing can."""
        raise NotImplementedError

    def finish(self) -> None:
        """Close the form: checks at its end, and the first estimate."""
        self.form.addRow("Show", self.annotations)
        self.form.addRow("", self.color_bar)
        self.estimate()

    # -- size ------------------------------------------------------------------

    def _show_screen(self) -> None:
        """Offer the size on the screen, which is another one with slices."""
        size = self._screens.with_slices if self.slices.isChecked() else self._screens.bare
        self.preset.setItemData(0, size)
        self.preset.setItemText(0, _size_text("On the screen", *size))

    def _on_slices(self) -> None:
        as_shown = self.preset.currentIndex() == 0
        self._show_screen()
        if as_shown:
            self._take_preset()
        self._show_preset()
        self.estimate()

    def _take_preset(self) -> None:
        size = self.preset.currentData()
        if size is not None:
            self.width_spin.setValue(size[0])
            self.height_spin.setValue(size[1])

    def _show_preset(self) -> None:
        size = (self.width_spin.value(), self.height_spin.value())
        places = [self.preset.itemData(place) for place in range(self.preset.count())]
        known = next((place for place, each in enumerate(places) if each == size), None)
        self.preset.setCurrentIndex(len(places) - 1 if known is None else known)

    def estimate(self) -> None:
        """Say what will come out, or why nothing can."""
        if self._busy:
            return
        try:
            self.note.setText(self.described())
            possible = True
        except InvalidRequest as error:
            self.note.setText(str(error))
            possible = False
        self.export.setEnabled(possible)

    def time_text(self, sheet: Sheet, pictures: int = 1) -> str:
        """Say how long drawing will take, if it is known."""
        if self._speed <= 0.0:
            return ""
        strength = 1.0 if sheet.fine else 0.25
        return f" · about {duration(self._speed * strength * sheet.n_pixels / 1e6 * pictures)}"

    # -- going on ----------------------------------------------------------------

    def set_busy(self, busy: bool) -> None:
        """Show that it is drawn, or that another can be."""
        self._busy = busy
        self.holder.setEnabled(not busy)
        self.export.setEnabled(not busy)
        self.bar.setVisible(busy)
        self.bar.setValue(0)
        self.cancel.setText("Cancel" if busy else "Close")
        self.cancel.setToolTip("Stop drawing; nothing is written" if busy else "Export nothing")
        self.note.setText("Starting…")
        self.estimate()

    def show_progress(self, fraction: float, text: str) -> None:
        """Show how far it is."""
        self.bar.setValue(round(1000 * fraction))
        self.note.setText(text)

    def finish_drawing(self) -> None:
        """Close: what was wanted is there."""
        self.set_busy(False)
        super().accept()

    def accept(self) -> None:
        """Tell what was chosen; the dialog stays."""
        if self.export.isEnabled():
            self.chosen.emit(self.choice)

    def reject(self) -> None:
        """Stop the drawing if it goes on; else close."""
        if self._busy:
            self.cancel_requested.emit()
        else:
            super().reject()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._busy:
            self.cancel_requested.emit()
        super().closeEvent(event)


def _size_text(name: str, width: int, height: int) -> str:
    return f"{name}, {width} × {height}"


def _pixels(value: int, tip: str) -> QSpinBox:
    spin = inset(QSpinBox())
    spin.setRange(LEAST_PIXELS, MOST_PIXELS)
    spin.setValue(value)
    spin.setToolTip(tip)
    spin.setAccessibleName(tip)
    spin.setSingleStep(10)
    spin.setAlignment(Qt.AlignmentFlag.AlignRight)
    return spin


def check(text: str, on: bool, tip: str) -> QCheckBox:
    """Return a box to check.

    Parameters
    ----------
    text : str
        What is written beside it, also its name for people who do not see it.
    on : bool
        Whether it is checked.
    tip : str
        Its tooltip.

    Returns
    -------
    QCheckBox
        The box.
    """
    box = QCheckBox(text)
    box.setChecked(on)
    box.setToolTip(tip)
    box.setAccessibleName(text)
    return box


def select(box: QComboBox, key: object) -> None:
    """Choose what stands for a key, or the first if nothing does."""
    place = box.findData(key)
    box.setCurrentIndex(max(place, 0))
