"""Asking for a new supernova: cloud, explosion and grid, what they mean and how long it takes."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from app.data import files
from app.form_parts import LABEL_WIDTH, combo, duration, form, number, row
from app.panels.parts import flat_button, inset, section
from app.panels.parts import number as written
from app.settings import Settings
from app.supernova.recipe import TIMES_MYR, Recipe, Turbulence, default_folder, free_name, is_taken
from app.theme import Theme
from core.constants import NH_PER_DENSITY
from core.errors import ShellsightError

if TYPE_CHECKING:
    from core.simulate.cost import Speed
    from core.simulate.outlook import Outlook

CELLS = (32, 64, 128)
PLACES = (
    ("centre", "Centre of the cloud"),
    ("random", "Random, follows from the seed"),
    ("densest", "Densest gas"),
    ("", "Coordinates"),
)
STARTING_S = 5.0
"""What a process of its own needs before its first step."""

TURBULENCE: tuple[tuple[Turbulence, str, str], ...] = (
    ("dispersion", "Velocity dispersion", " km/s"),
    ("mach", "Mach number", ""),
    ("none", "None: uniform gas", ""),
)


class SupernovaDialog(QDialog):
    """What to simulate, and what that means.

    Parameters
    ----------
    settings : Settings
        Remembers the folder.
    theme : Theme
        Colours the icons.
    parent : QWidget, optional
        The window.

    Signals
    -------
    requested(Recipe, Path)
        Simulate this into that file.
    """

    requested = Signal(object, object)

    def __init__(self, settings: Settings, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings, self._theme = settings, theme
        self._speed: Speed | None = None
        self._busy = ""
        self._suggested = ""
        self._replaced: Path | None = None
        self.setWindowTitle("New supernova")
        self._make_fields()
        columns = QHBoxLayout()
        columns.setSpacing(22)
        left = QVBoxLayout()
        left.setSpacing(6)
        for title, fields in (
            ("The cloud", self._cloud_form()),
            ("The explosion", self._explosion_form()),
            ("The grid", self._grid_form()),
        ):
            left.addWidget(section(title))
            left.addLayout(fields)
        left.addStretch(1)
        columns.addLayout(left, 5)
        columns.addLayout(self._outlook_column(), 4)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 12, 20, 14)
        layout.setSpacing(10)
        layout.addLayout(columns)
        layout.addLayout(self._file_row())
        layout.addLayout(self._buttons())
        self._connect()
        self.suggest_name()
        self._on_kind()
        self._explain()

    # -- building --------------------------------------------------------------

    def _make_fields(self) -> None:
        self.density = number(0.01, 1000.0, 41.2, 2, "Mean density of the gas")
        self.density_unit = combo(
            (("nH", "H / cm³"), ("msun", "M☉ / pc³")), "Unit of the density", "Unit of the density"
        )
        self.turbulence = combo(
            [(key, text) for key, text, _ in TURBULENCE],
            "Turbulence",
            "How the turbulence is given; gas without any is uniform",
        )
        self.strength = number(0.1, 100.0, 10.0, 1, "Strength of the turbulence")
        self.index = number(3.0, 5.0, 4.0, 2, "The turbulence's power falls as k to minus this")
        self.index.setToolTip(
            "The turbulence's power falls as k to minus this: 4 Burgers, 3.67 Kolmogorov"
        )
        self.seed = inset(QSpinBox())
        self.seed.setRange(0, 2**31 - 1)
        self.seed.setValue(1)
        self.seed.setToolTip("Another seed is another cloud; the same seed is the same cloud")
        self.seed.setAccessibleName("Seed of the turbulence")
        self.dice = flat_button(self._theme, "dice-five", "Another cloud: throw the dice")
        self.age = number(0.1, 10.0, 2.5, 1, "Time for which turbulence shapes the cloud", " Myr")
        self.metallicity = number(0.01, 3.0, 1.0, 2, "Metals, which cool the gas", " × the Sun’s")
        self.energy = number(0.01, 100.0, 1.0, 2, "Energy of the explosion", " × 10⁵¹ erg")
        self.place = combo(PLACES, "Place", "Where in the cloud it explodes: there is the middle")
        self.coordinates = [
            number(-30.0, 30.0, 0.0, 1, f"{axis} from the cloud’s centre", " pc") for axis in "xyz"
        ]
        self.cells = combo(
            [(n, f"{n}³ cells of {60 / n:.3g} pc") for n in CELLS],
            "Resolution",
            "Twice as fine takes about sixteen times as long",
        )
        self.cells.setCurrentIndex(1)
        self.frames = inset(QSpinBox())
        self.frames.setRange(2, 100)
        self.frames.setValue(20)
        self.frames.setToolTip(f"Frames that are kept, over {TIMES_MYR} Myr as the forecast")
        self.frames.setAccessibleName("Number of frames")
        self.device = combo((("cpu", "Processor"),), "Device", "Where it is computed")
        self.coarse = QCheckBox("Explode even where cells are too large")
        self.coarse.setToolTip(
            "The heat is then radiated before it has moved the gas: expect too little momentum"
        )
        self.path = QLineEdit()
        self.path.setToolTip("The file the simulation is written to")
        self.path.setAccessibleName("File to write")
        self.browse = QPushButton("Choose…")
        self.browse.setToolTip("Choose where the simulation is saved")

    def _cloud_form(self) -> QFormLayout:
        return form(
            ("Mean density", row(self.density, self.density_unit)),
            ("Turbulence", row(self.turbulence, self.strength)),
            ("Spectral index", self.index),
            ("Seed", row(self.seed, self.dice)),
            ("Age", self.age),
            ("Metallicity", self.metallicity),
        )

    def _explosion_form(self) -> QFormLayout:
        self.where = row(*self.coordinates)
        self._explosion = form(
            ("Energy", self.energy), ("Place", self.place), ("x, y, z", self.where)
        )
        return self._explosion

    def _grid_form(self) -> QFormLayout:
        grid = form(("Resolution", self.cells), ("Frames", self.frames), ("Device", self.device))
        grid.addRow(self.coarse)
        grid.setRowVisible(self.device, False)
        self._grid = grid
        return grid

    def _outlook_column(self) -> QVBoxLayout:
        self.facts = QLabel("Working it out…")
        self.facts.setObjectName("consequence")
        self.facts.setTextFormat(Qt.TextFormat.RichText)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.facts.setMinimumSize(290, 190)
        self.facts.setToolTip("What these numbers mean")
        self.facts.setWordWrap(True)
        self.problem = QLabel("")
        self.problem.setObjectName("consequence")
        self.problem.setWordWrap(True)
        self.problem.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problem.hide()
        self.time = QLabel("")
        self.time.setObjectName("time")
        self.time.setWordWrap(True)
        self.time.setToolTip("From the speed of this machine, measured when the dialog opened")
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(section("What it means"))
        column.addWidget(self.facts)
        column.addWidget(self.problem)
        column.addStretch(1)
        column.addWidget(self.time)
        return column

    def _file_row(self) -> QHBoxLayout:
        line = QHBoxLayout()
        label = QLabel("Save as")
        label.setObjectName("formLabel")
        label.setFixedWidth(LABEL_WIDTH)
        label.setBuddy(self.path)
        for widget in (label, self.path, self.browse):
            line.addWidget(widget)
        return line

    def _buttons(self) -> QHBoxLayout:
        self.state = QLabel("")
        self.state.setObjectName("secondary")
        self.start = QPushButton("Simulate")
        self.start.setObjectName("primary")
        self.start.setDefault(True)
        self.start.setMinimumWidth(130)
        close = QPushButton("Close")
        close.setToolTip("Close the dialog; the numbers stay")
        close.clicked.connect(self.reject)
        line = QHBoxLayout()
        line.addWidget(self.state, 1)
        line.addWidget(close)
        line.addWidget(self.start)
        return line

    def _connect(self) -> None:
        self.density_unit.currentIndexChanged.connect(self._on_unit)
        self.turbulence.currentIndexChanged.connect(self._on_kind)
        self.place.currentIndexChanged.connect(self._on_kind)
        self.dice.clicked.connect(lambda: self.seed.setValue(random.randrange(1, 1_000_000)))
        self.browse.clicked.connect(self._browse)
        self.start.clicked.connect(self._on_start)
        for spin in (
            self.density,
            self.strength,
            self.index,
            self.age,
            self.metallicity,
            self.energy,
            *self.coordinates,
        ):
            spin.valueChanged.connect(self._explain)
        self.frames.valueChanged.connect(self._explain)
        for choice in (self.turbulence, self.place, self.cells, self.device):
            choice.currentIndexChanged.connect(self._explain)
        for name in (self.seed.valueChanged, self.cells.currentIndexChanged):
            name.connect(self.suggest_name)
        self.coarse.toggled.connect(self._explain)
        self.path.textChanged.connect(self._refresh)

    # -- what is chosen ----------------------------------------------------------

    @property
    def recipe(self) -> Recipe:
        """What is to be simulated."""
        kind: Turbulence = self.turbulence.currentData()
        usual = Recipe()
        density = self.density.value()
        if self.density_unit.currentData() == "nH":
            density /= NH_PER_DENSITY
        place = str(self.place.currentData())
        return Recipe(
            density=density,
            turbulence=kind,
            dispersion_kms=self.strength.value() if kind == "dispersion" else usual.dispersion_kms,
            mach=self.strength.value() if kind == "mach" else usual.mach,
            index=self.index.value(),
            seed=self.seed.value(),
            age_myr=self.age.value(),
            metallicity=self.metallicity.value(),
            energy_erg=1e51 * self.energy.value(),
            place=place or ",".join(f"{spin.value():g}" for spin in self.coordinates),
            n=int(self.cells.currentData()),
            frames=self.frames.value(),
            allow_coarse=self.coarse.isChecked(),
            device=str(self.device.currentData()),
        )

    @property
    def out(self) -> Path:
        """The file to write."""
        name = self.path.text().strip()
        path = Path(name).expanduser()
        return path if name.endswith(".shell.h5") else path.with_name(f"{path.name}.shell.h5")

    def suggest_name(self) -> None:
        """Offer a name that nothing has yet, in the folder used last."""
        typed = self.path.text() not in ("", self._suggested)
        if typed and not is_taken(self.out):
            return
        folder = self._settings.simulations or default_folder()
        self._suggested = str(free_name(folder, self.recipe.name))
        self.path.setText(self._suggested)

    # -- state -------------------------------------------------------------------

    def set_machine(self, speed: Speed, has_gpu: bool) -> None:
        """Take what was found out about the machine; until then nothing can be worked out."""
        self._speed = speed
        if has_gpu and self.device.findData("cuda") < 0:
            self.device.addItem("GPU", "cuda")
            self._grid.setRowVisible(self.device, True)
        self._explain()

    def set_busy(self, what: str) -> None:
        """Say that something goes on that has to end first; "" for nothing."""
        self._busy = what
        self._refresh()

    def refuse(self, why: str) -> None:
        """Say why the last simulation was refused."""
        self._show_problem(why)

    def _on_unit(self) -> None:
        factor = NH_PER_DENSITY if self.density_unit.currentData() == "nH" else 1 / NH_PER_DENSITY
        value = self.density.value() * factor
        self.density.setDecimals(2 if factor > 1 else 4)
        self.density.setMinimum(0.01 if factor > 1 else 0.0003)
        self.density.setValue(value)

    def _on_kind(self) -> None:
        """Offer only what counts for what is chosen."""
        kind = self.turbulence.currentData()
        suffix = next(suffix for key, _, suffix in TURBULENCE if key == kind)
        self.strength.setSuffix(suffix)
        for field in (self.strength, self.index, self.seed, self.dice, self.age):
            field.setEnabled(kind != "none")
        self._explosion.setRowVisible(self.where, self.place.currentData() == "")

    def _explain(self) -> None:
        """Work out what the numbers mean, and how long it takes."""
        if self._speed is None:
            self._refresh()
            return
        from core.simulate.cost import work_of
        from core.simulate.outlook import outlook

        recipe = self.recipe
        try:
            parameters = recipe.parameters()
            found = outlook(parameters)
        except ShellsightError as error:
            self.facts.setText("")
            self.time.setText("")
            self._show_problem(str(error), refused=True)
            return
        self.facts.setText(_table(found))
        refused = bool(found.problem) and not recipe.allow_coarse
        self._show_problem(found.problem, refused=refused)
        if recipe.device == "cpu":
            seconds = STARTING_S + self._speed.seconds(work_of(parameters))
            self.time.setText(f"Takes about {duration(seconds)} here")
        else:
            self.time.setText("")

    def _show_problem(self, text: str, refused: bool = False) -> None:
        tick = f"tick “{self.coarse.text()}”"
        text = text.replace("allow it (require_resolved=False, --allow-coarse)", tick)
        self._refused = refused
        self.problem.setText(text)
        self.problem.setProperty("wrong", refused)
        self.problem.style().polish(self.problem)
        self.problem.setVisible(bool(text))
        self._refresh()

    _refused = False

    def _refresh(self) -> None:
        named = bool(self.path.text().strip())
        taken = named and is_taken(self.out) and self.out != self._replaced
        ready = self._speed is not None and not self._refused and not self._busy
        self.start.setEnabled(ready and named and not taken)
        self.start.setToolTip(
            f"{self._busy} goes on; wait until it is done"
            if self._busy
            else "Simulate in the background; the frames show as they come (Enter)"
        )
        self.state.setText(
            f"{self._busy} goes on: see the status bar"
            if self._busy
            else f"{self.out.name} is there already: choose another name"
            if taken
            else ""
        )

    def _browse(self) -> None:
        title = "Save the simulation as"
        path = files.ask_new_file(self, self._settings, title, self.out.name, "*.shell.h5")
        if path is not None:
            self.path.setText(str(path))
            self._replaced = self.out  # The user was asked whether to replace it.
            self._refresh()

    def _on_start(self) -> None:
        self._settings.simulations = self.out.parent
        self.requested.emit(self.recipe, self.out)


def _table(found: Outlook) -> str:
    """Write the figures as a small table."""
    cells = found.shell_formation_pc / found.cell_pc
    rows = (
        ("Gas in the box", f"{written(found.mass_msun, 0)} M☉"),
        ("Mean density", f"{found.number_density:.3g} H / cm³"),
        ("Temperature", f"{found.temperature_k:.0f} K"),
        ("Speed of sound", f"{found.sound_speed_kms:.2f} km/s"),
        (
            "Turbulence",
            f"{found.dispersion_kms:.3g} km/s, Mach {found.mach:.3g}"
            if found.dispersion_kms > 0
            else "none",
        ),
        ("Shell forms at", f"{found.shell_formation_pc:.3g} pc, {cells:.2g} cells"),
        ("Energy put within", f"{found.injection_pc:.3g} pc"),
        ("Time followed", f"{found.duration_myr:.3g} Myr"),
    )
    lines = "".join(
        f"<tr><td style='padding:2px 18px 2px 0'>{name}</td>"
        f"<td style='padding:2px 0'><b>{value}</b></td></tr>"
        for name, value in rows
    )
    return f"<table>{lines}</table>"
