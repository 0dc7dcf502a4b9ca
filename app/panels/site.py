"""The place of the explosion: candidates, coordinates, and the cube that is cut out there."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.data.place import CELLS, CUBE_CELLS, CUBE_PC, Method, Place, has_choice, parse_number
from app.document import Document
from app.events import OverviewChanged, PlaceChanged, SourceChanged, TruthChanged
from app.panels.parts import flat_button, line, section
from app.scene.markers import KIND_COLORS
from app.theme import Theme
from core.cutout import Cutout
from core.errors import InvalidRequest
from core.sites import Site

METHODS: tuple[tuple[Method, str, str], ...] = (
    ("cic", "Cloud-in-cell", "Each particle is shared among the eight nearest voxels"),
    ("sph", "SPH kernel", "Each particle is spread over its smoothing length: smoother, slower"),
)

ROWS_SHOWN = 6
ROW_HEIGHT = 24
NOTE_HEIGHT = 28

DIGITS = 5
"""Significant digits of a coordinate: there is room for no more, and no need."""


def in_print(label: str) -> str:
    """Write the units of a label as they are printed: M☉ and cm⁻³ instead of Msun and cm^-3."""
    return label.replace("Msun", "M☉").replace("cm^-3", "cm⁻³")


class _Note(QLabel):
    """Two lines of small text; their height does not depend on their width.

    Else the whole column of panels would ask for its preferred height
    instead of its least.
    """

    def __init__(self) -> None:
        super().__init__("")
        self.setObjectName("secondary")
        self.setWordWrap(True)
        self.setFixedHeight(NOTE_HEIGHT)
        self.setAlignment(Qt.AlignmentFlag.AlignTop)

    def hasHeightForWidth(self) -> bool:
        return False


class SitePanel(QWidget):
    """List of candidates, the cube's centre, size and voxels, and *Cut out*.

    Signals
    -------
    cut_requested()
        The user wants the cube.
    choose_requested()
        The user wants to see the whole box again.
    list_requested()
        The user wants to load a list of places.
    find_requested()
        The user wants candidates to be looked for.
    said(str)
        What had to be changed to fit the cube into the box.
    """

    cut_requested = Signal()
    choose_requested = Signal()
    list_requested = Signal()
    find_requested = Signal()
    said = Signal(str)

    def __init__(self, document: Document, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._theme = document, theme
        self._listed: tuple[Site, ...] = ()
        load = flat_button(theme, "list-plus", "Load a list of places: CSV with x, y, z in pc")
        load.clicked.connect(self.list_requested)
        self.find_button = flat_button(
            theme, "magnifying-glass", "Look for candidates in the snapshot"
        )
        self.find_button.clicked.connect(self.find_requested)
        self.list = QListWidget()
        self.list.setObjectName("sites")
        self.list.setToolTip("Candidates for the place of the explosion; choose one")
        self.list.setIconSize(QSize(18, 18))
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.list.setAccessibleName("Candidates for the place of the explosion")
        self.list.currentRowChanged.connect(self._take_row)
        self.list.itemClicked.connect(lambda item: self._take_row(self.list.row(item)))
        self.fields = {name: self._field(name) for name in ("x", "y", "z", "size")}
        self.cells = self._combo("Voxels along an edge of the cube")
        for n in CELLS:
            self.cells.addItem(f"{n}³", n)
        self.cells.activated.connect(lambda _: self.commit())
        self.method = self._combo("How particles become voxels")
        for key, label, tip in METHODS:
            self.method.addItem(label, key)
            self.method.setItemData(self.method.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.method.activated.connect(lambda _: self.commit())
        self.note = _Note()
        self.button = QPushButton("Cut out")
        self.button.setObjectName("primary")
        self.button.setCursor(Qt.CursorShape.PointingHandCursor)
        self.button.setToolTip("Read the cube from every snapshot (Enter)")
        self.button.clicked.connect(self.request_cut)
        self.another = QPushButton("Choose another place")
        self.another.setToolTip("Show the whole snapshot again (P)")
        self.another.clicked.connect(self.choose_requested)
        self._lay_out(load)
        for event in (SourceChanged, TruthChanged, PlaceChanged, OverviewChanged):
            document.subscribe(event, lambda _: self.refresh())
        theme.changed.connect(self._color)
        self.refresh()

    # -- building ------------------------------------------------------------

    def _field(self, name: str) -> QLineEdit:
        field = QLineEdit()
        axis = name in "xyz"
        tip = f"{name} of the cube’s centre, in pc" if axis else "Edge of the cube, in pc"
        field.setToolTip(tip)
        field.setAccessibleName(tip)
        field.setAlignment(Qt.AlignmentFlag.AlignRight)
        field.setMinimumWidth(30)
        field.textEdited.connect(lambda _: self._check())
        field.editingFinished.connect(self.commit)
        # The window's Enter comes first, unless the cube of before is shown already.
        field.returnPressed.connect(self.request_cut)
        return field

    def _combo(self, tip: str) -> QComboBox:
        combo = QComboBox()
        combo.setToolTip(tip)
        combo.setAccessibleName(tip)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(4)
        return combo

    def _lay_out(self, load: QWidget) -> None:
        center = QHBoxLayout()
        center.setSpacing(4)
        for name in "xyz":
            label = QLabel(name)
            label.setObjectName("secondary")
            center.addWidget(label)
            center.addWidget(self.fields[name], 1)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        for row, text, tip in (
            (0, "Edge, voxels", "Edge of the cube in pc, and voxels along it"),
            (1, "Filled by", "How particles become voxels"),
        ):
            label = QLabel(text)
            label.setObjectName("secondary")
            label.setToolTip(tip)
            grid.addWidget(label, row, 0)
        grid.addWidget(self.fields["size"], 0, 1)
        grid.addWidget(self.cells, 0, 2)
        grid.addWidget(self.method, 1, 1, 1, 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 8)
        layout.setSpacing(6)
        layout.addWidget(line())
        layout.addWidget(section("Place of the explosion", self.find_button, load))
        layout.addWidget(self.list)
        layout.addLayout(center)
        layout.addLayout(grid)
        layout.addWidget(self.note)
        layout.addWidget(self.button)
        layout.addWidget(self.another)

    # -- state ---------------------------------------------------------------

    @property
    def is_cut(self) -> bool:
        """Whether the cube of the fields is the one that is shown."""
        document = self._document
        truth, place = document.truth, document.place
        if truth is None or place is None or document.choosing:
            return False
        same = (truth.center_pc == place.center_pc) and abs(truth.size_pc - place.size_pc) < 1e-6
        return same and truth.n == place.n and self._cut_method == place.method

    @property
    def _cut_method(self) -> str:
        truth = self._document.truth
        how = str(truth.provenance.get("voxelized_by", "")) if truth is not None else ""
        return "sph" if "sph" in how.lower() else "cic"

    def refresh(self) -> None:
        """Show the document's state."""
        document = self._document
        source, place = document.source, document.place
        box = source.box if source is not None else None
        self.setVisible(box is not None and place is not None)
        if source is None or box is None or place is None:
            return
        self._fill_list()
        for name, value in zip("xyz", place.center_pc, strict=True):
            self._write(self.fields[name], value)
        self._write(self.fields["size"], place.size_pc)
        self.cells.setCurrentIndex(self.cells.findData(place.n))
        self.method.setCurrentIndex(self.method.findData(place.method))
        particles = source.series is not None and source.series.kind == "particles"
        self.method.setEnabled(particles and source.has_kernel)
        self.method.setToolTip(
            "How particles become voxels"
            if particles and source.has_kernel
            else "The file has no smoothing lengths: cloud-in-cell is exact in mass"
            if particles
            else "Cells are shared among the voxels they overlap"
        )
        movable = box.periodic or box.is_larger_than(place.size_pc)
        for name in "xyz":
            self.fields[name].setEnabled(movable)
        self.button.setVisible(document.choosing or not self.is_cut)
        self.another.setVisible(not document.choosing and has_choice(box))
        self.note.setText(self._describe(place))
        self._color()

    def _describe(self, place: Place) -> str:
        text = f"{place.size_pc / place.n:.3g} pc per voxel"
        if abs(place.size_pc - CUBE_PC) > 0.01 * CUBE_PC:
            return f"{text}. Networks forecast cubes of {CUBE_PC:g} pc."
        if place.n != CUBE_CELLS:
            return f"{text}. Networks forecast {CUBE_CELLS}³ voxels."
        return text

    @staticmethod
    def _write(field: QLineEdit, value: float) -> None:
        text = f"{value:.{DIGITS}g}".replace("-", "\N{MINUS SIGN}")
        if field.text() != text:
            field.setText(text)
            field.setCursorPosition(0)

    def _fill_list(self) -> None:
        sites, chosen = self._document.sites, self._document.chosen_site
        source = self._document.source
        box = source.box if source is not None else None
        # Beside a cube of a larger box the list gives way to the layers.
        folded = not self._document.choosing and box is not None and has_choice(box)
        self.list.setVisible(not folded and (self._document.choosing or bool(sites)))
        self.list.blockSignals(True)
        if sites is not self._listed:
            self._listed = sites
            self.list.clear()
            for number, site in enumerate(sites, 1):
                item = QListWidgetItem(self._badge(site, number), in_print(site.label))
                x, y, z = site.position_pc
                item.setToolTip(f"{in_print(site.label)}\nx, y, z = {x:.5g}, {y:.5g}, {z:.5g} pc")
                item.setSizeHint(QSize(10, ROW_HEIGHT))
                self.list.addItem(item)
        rows = min(max(len(sites), 1), ROWS_SHOWN)
        self.list.setFixedHeight(rows * ROW_HEIGHT + 6)
        self.list.setCurrentRow(-1 if chosen is None else chosen)
        if chosen is None:
            self.list.clearSelection()
        self.list.blockSignals(False)

    def _badge(self, site: Site, number: int) -> QIcon:
        """Draw a ring in the colour of the kind with the number inside, as in the view."""
        color = QColor(KIND_COLORS.get(site.kind, "#ffffff"))
        if self._theme.name == "light":
            color = color.darker(170)
        ratio = 2
        pixmap = QPixmap(18 * ratio, 18 * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(color, 1.5))
        painter.drawEllipse(QPointF(9, 9), 7.6, 7.6)
        painter.setFont(self._theme.font(9))
        painter.drawText(0, 0, 18, 18, int(Qt.AlignmentFlag.AlignCenter), str(number))
        painter.end()
        return QIcon(pixmap)

    # -- input -----------------------------------------------------------------

    def _take_row(self, row: int) -> None:
        if 0 <= row < len(self._listed):
            self.choose_site(row)

    def choose_site(self, index: int) -> None:
        """Put the cube around a candidate.

        Parameters
        ----------
        index : int
            Its place in the list, from 0.
        """
        place, sites = self._document.place, self._document.sites
        if place is None or not 0 <= index < len(sites):
            return
        cutout = Cutout(sites[index].position_pc, place.size_pc)
        self._move(replace(place, cutout=cutout))

    def commit(self) -> bool:
        """Put the cube where the fields say.

        Returns
        -------
        bool
            Whether the fields make sense.
        """
        place = self._document.place
        if place is None:
            return False
        try:
            wanted = self._typed(place)
        except InvalidRequest:
            self._check()
            return False
        if wanted != place:
            self._move(wanted)
        return True

    def _typed(self, place: Place) -> Place:
        """Return the place that the fields describe; a field left alone keeps its exact value."""
        values = []
        for name, before in zip("xyz", place.center_pc, strict=True):
            values.append(self._value(name, before))
        size = self._value("size", place.size_pc)
        x, y, z = values
        method = cast(Method, self.method.currentData())
        return Place(Cutout((x, y, z), size), int(self.cells.currentData()), method)

    def _value(self, name: str, before: float) -> float:
        typed = parse_number(self.fields[name].text(), "The edge" if name == "size" else name)
        same = f"{typed:.{DIGITS}g}" == f"{before:.{DIGITS}g}"
        return before if same else typed

    def _check(self) -> None:
        """Say while typing what is wrong."""
        place = self._document.place
        if place is None:
            return
        try:
            typed = self._typed(place)
        except InvalidRequest as error:
            self.note.setText(str(error))
            self.note.setStyleSheet(f"color: {self._theme.colors.error};")
            self.button.setEnabled(False)
            return
        self.note.setText(self._describe(typed))
        self._color()
        self.button.setEnabled(True)
        self.button.setVisible(True)

    def _move(self, place: Place) -> None:
        said = self._document.move(place)
        # The fields may hold what did not fit.
        self.refresh()
        if said:
            self.said.emit(said)

    def request_cut(self) -> None:
        """Take what is typed and ask for the cube, unless it is shown already."""
        if self.commit() and not self.is_cut:
            self.cut_requested.emit()

    def _color(self) -> None:
        self.note.setStyleSheet("")
        self.button.setEnabled(True)
        if self.sender() is self._theme:
            self._listed = ()
            self._fill_list()
