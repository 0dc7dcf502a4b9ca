"""Asking for the units of a file that states none, with the consequence of each choice."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.data.opening import UnitsClue
from core.constants import MSUN_G, NH_PER_DENSITY, PARSEC_CM
from core.errors import InvalidRequest
from core.units import UnitSystem

UNITS = {
    "length": ("pc", "kpc", "Mpc", "cm", "m", "km"),
    "mass": ("Msun", "1e10 Msun", "g", "kg"),
    "density": ("Msun/pc^3", "g/cm^3", "H/cm^3"),
    "velocity": ("km/s", "pc/Myr", "cm/s", "m/s"),
    "time": ("Myr", "Gyr", "kyr", "yr", "s"),
}
"""What the dialog offers; a number may be typed before each, as in “1.5 kpc”."""

DENSITIES = {
    "Msun/pc^3": 1.0,
    "g/cm^3": PARSEC_CM**3 / MSUN_G,
    "H/cm^3": 1.0 / NH_PER_DENSITY,
}
"""Units of density in Msun/pc^3; H/cm^3 counts hydrogen nuclei."""

FOLLOWS = "follows from length and velocity"


@dataclass(frozen=True)
class Choice:
    """What was chosen.

    Parameters
    ----------
    units : UnitSystem
        The units.
    remember : bool
        Whether they are meant for the whole folder.
    """

    units: UnitSystem
    remember: bool


def asked_for(clue: UnitsClue) -> tuple[str, ...]:
    """Return the quantities whose units a person is asked for.

    Parameters
    ----------
    clue : UnitsClue
        The file's numbers.

    Returns
    -------
    tuple of str
        Keys of `UNITS`. Grids hold densities: their unit is easier to tell
        than the mass in a voxel.
    """
    rows = ["length", "density" if clue.cells else "mass"]
    if "velocity" in clue.missing or "time" not in clue.missing:
        rows.append("velocity")
    if "time" in clue.missing:
        rows.append("time")
    return tuple(rows)


def parse_density(text: str) -> float:
    """Read a unit of density.

    Parameters
    ----------
    text : str
        For example ``"Msun/pc^3"`` or ``"1.5 g/cm^3"``.

    Returns
    -------
    float
        The unit in Msun/pc^3.

    Raises
    ------
    InvalidRequest
        If it is none.
    """
    number, _, unit = text.strip().rpartition(" ")
    try:
        size = float(number or 1.0) * DENSITIES[unit]
    except (KeyError, ValueError):
        known = ", ".join(DENSITIES)
        raise InvalidRequest(f"“{text}” is no unit of density; use one of {known}.") from None
    if not 0.0 < size < float("inf"):
        raise InvalidRequest(f"A unit must be a positive number, not “{text}”.")
    return size


class UnitsDialog(QDialog):
    """Asks for the units of a file that states none, and says what each choice means.

    Signals
    -------
    chosen(Choice)
        The user accepted.
    """

    chosen = Signal(object)

    def __init__(self, clue: UnitsClue, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clue = clue
        self.setWindowTitle("Units of the file")
        self.setWindowModality(Qt.WindowModality.WindowModal)
        self.setMinimumWidth(500)
        intro = QLabel(
            f"<b>{clue.path.name}</b> does not state its units of {_listed(clue.missing)}. "
            "Choose them; nothing is opened before you do."
        )
        intro.setWordWrap(True)
        detail = QLabel(clue.detail)
        detail.setObjectName("secondary")
        detail.setWordWrap(True)
        detail.setVisible(bool(clue.detail))
        offered = self._offered(clue)
        self.combos = {name: self._combo(name, offered.get(name, "")) for name in asked_for(clue)}
        self.consequence = QLabel("")
        self.consequence.setObjectName("consequence")
        self.consequence.setWordWrap(True)
        self.consequence.setTextFormat(Qt.TextFormat.RichText)
        self.consequence.setMinimumHeight(56)
        self.consequence.setToolTip("What the numbers in the file mean in these units")
        self.remember = QCheckBox("Remember for this folder")
        self.remember.setChecked(True)
        self.remember.setToolTip(
            f"Files in {clue.path.parent} that state no units are read in these from now on"
        )
        form = QFormLayout()
        form.setHorizontalSpacing(14)
        form.setVerticalSpacing(8)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for name, combo in self.combos.items():
            label = QLabel(self._title(name))
            label.setObjectName("formLabel")
            label.setMinimumHeight(combo.sizeHint().height())
            form.addRow(label, combo)
        buttons = QDialogButtonBox()
        self.open_button = QPushButton("Open")
        self.open_button.setObjectName("primary")
        self.open_button.setMinimumWidth(96)
        self.open_button.setDefault(True)
        buttons.addButton(self.open_button, QDialogButtonBox.ButtonRole.AcceptRole)
        buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 18, 20, 14)
        layout.setSpacing(12)
        for widget in (intro, detail):
            layout.addWidget(widget)
        layout.addLayout(form)
        layout.addWidget(self.consequence)
        layout.addWidget(self.remember)
        layout.addStretch(1)
        layout.addWidget(buttons)
        for combo in self.combos.values():
            combo.currentTextChanged.connect(self._explain)
        self._explain()
        self.resize(self.width(), layout.heightForWidth(self.minimumWidth()))

    def _offered(self, clue: UnitsClue) -> dict[str, str]:
        offered = dict(part.split("=", 1) for part in clue.offer.split(",") if "=" in part)
        if clue.cells and offered:
            try:
                units = UnitSystem.parse(clue.offer)
                density = units.density
            except InvalidRequest:
                return offered
            offered.setdefault("time", f"{units.time_myr:.6g} Myr")
            plain = abs(density - 1.0) < 1e-6
            offered["density"] = "Msun/pc^3" if plain else f"{density:.6g} Msun/pc^3"
        return offered

    def _title(self, name: str) -> str:
        clue = self._clue
        if clue.cells and abs(clue.box - clue.cells) < 1e-9:
            # The file counts voxels and frames: so does its unit.
            return {"length": "Edge of a voxel", "time": "Time between frames"}.get(
                name, name.capitalize()
            )
        return name.capitalize()

    def _combo(self, name: str, offered: str) -> QComboBox:
        combo = QComboBox()
        combo.setEditable(True)
        combo.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        if name == "time" and "velocity" in asked_for(self._clue):
            combo.addItem(FOLLOWS)
        combo.addItems(UNITS[name])
        if offered:
            if combo.findText(offered) < 0:
                combo.insertItem(0, offered)
            combo.setCurrentIndex(combo.findText(offered))
        tip = (
            f"The file's unit of {name}; a number may stand before it, as in “1.5 {UNITS[name][0]}”"
        )
        combo.setToolTip(tip)
        combo.setAccessibleName(name.capitalize())
        return combo

    @property
    def units(self) -> UnitSystem:
        """The units chosen.

        Raises
        ------
        InvalidRequest
            If what was typed is no unit.
        """
        texts = {
            name: combo.currentText().strip()
            for name, combo in self.combos.items()
            if combo.currentText() != FOLLOWS
        }
        if "density" in texts:
            density = parse_density(texts.pop("density"))
            # The mass of a cube of the unit length filled at the unit density.
            length = UnitSystem.parse(f"length={texts['length']},mass=Msun,velocity=km/s").length_pc
            texts["mass"] = f"{density * length**3!r} Msun"
        return UnitSystem.parse(",".join(f"{name}={text}" for name, text in texts.items()))

    def _explain(self) -> None:
        try:
            units = self.units
        except InvalidRequest as error:
            text = str(error)
            self.consequence.setText(text[text.find(": ") + 2 :] if ": " in text else text)
            self.consequence.setProperty("wrong", True)
            self.open_button.setEnabled(False)
        else:
            first, *rest = self._clue.consequence(units).split(", ")
            self.consequence.setText(f"That makes <b>{first}</b>,<br>{', '.join(rest)}")
            self.consequence.setProperty("wrong", False)
            self.open_button.setEnabled(True)
        # A property does not repaint by itself.
        self.consequence.style().polish(self.consequence)

    def accept(self) -> None:
        try:
            units = self.units
        except InvalidRequest:
            return
        super().accept()
        self.chosen.emit(Choice(units, self.remember.isChecked()))


def _listed(words: tuple[str, ...]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
