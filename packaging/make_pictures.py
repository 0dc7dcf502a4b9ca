"""Make the pictures of the README and of the guide, from the real window.

xvfb-run -a -s "-screen 0 1600x1000x24" python packaging/make_pictures.py --out DIR [NAME…]

Every state and dialog of the window has a name (`--list`); without names, all
are drawn, at the size of the screen. To look at all of them before a release,
run it in both themes, with screens of 1600x1000 and 1280x720. With `--guide`
those that the README and the guide show go to resources/screenshots.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_API", "pyside6")

import h5py
import numpy as np
from PySide6.QtCore import QRect, QSettings, Qt
from PySide6.QtGui import QGuiApplication, QPixmap
from PySide6.QtWidgets import QApplication, QDialog, QScrollArea, QWidget

from app.colors import ThemeChoice
from app.panels.fold import Fold

PATIENCE_S = 300.0
SCREENSHOTS = Path(__file__).resolve().parents[1] / "resources" / "screenshots"
GUIDE = (
    "main",
    "difference",
    "layers",
    "live",
    "forecasts",
    "candidates",
    "units",
    "new-supernova",
    "save-picture",
)
"""What the README and the guide show."""

GUIDE_PX = 1280


class Studio:
    """The window, and what it takes to bring it into a state.

    Parameters
    ----------
    application : QApplication
        The program.
    out : Path
        Where the pictures go.
    theme : {"dark", "light"}
        How the window is dressed.
    scratch : Path
        For files that the pictures need.
    """

    def __init__(
        self, application: QApplication, out: Path, theme: ThemeChoice, scratch: Path
    ) -> None:
        from app.notifications import Notifications
        from app.settings import Settings
        from app.theme import Theme
        from app.window import Window

        self.application, self.out, self.scratch = application, out, scratch
        self.guide = False
        store = QSettings(str(scratch / "settings.ini"), QSettings.Format.IniFormat)
        self.settings = Settings(store)
        self.settings.preferences = replace(self.settings.preferences, theme=theme)
        look = Theme(self.settings.theme)
        look.apply()
        notifications = Notifications()
        self.window = Window(self.settings, look, notifications)
        screen = QGuiApplication.primaryScreen().geometry()
        self.window.setGeometry(screen)
        self.window.show()
        self.window.activateWindow()
        self.window.start()
        self.until(lambda: self.window.document.forecast is not None)
        self.rest()

    def until(self, condition: Callable[[], bool]) -> None:
        """Let the window work until a condition holds."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end:
                raise SystemExit("The window did not get there.")
            self.wait(0.02)

    def wait(self, seconds: float) -> None:
        """Let the window work for a while."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.application.processEvents()
            time.sleep(0.005)

    def rest(self) -> None:
        """Let the window finish what it does, and draw it well."""
        self.until(lambda: self.window.jobs.running() is None)
        self.wait(2.5)

    def do(self, *commands: str) -> None:
        """Give commands."""
        for command in commands:
            self.window.actions_[command].trigger()
            self.wait(0.1)
        self.rest()

    def sample(self) -> None:
        """Show the sample with its forecast, as after the first start."""
        window = self.window
        window.document.close()
        window.document.change_look(**vars(type(window.document.look)()))
        window.centre.notices.dismiss()
        window.open_sample()
        self.until(lambda: bool(window.document.figures.curves))
        self.rest()

    def dialogs(self) -> list[QDialog]:
        """Return the dialogs that are open."""
        dialogs = [one for one in self.application.topLevelWidgets() if isinstance(one, QDialog)]
        return [one for one in dialogs if one.isVisible()]

    def close_dialogs(self) -> None:
        """Close what lies over the window."""
        for one in self.dialogs():
            one.close()
        self.wait(0.3)

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        """Take a picture of the screen, or of what it shows of a widget."""
        self.wait(0.3)
        picture: QPixmap = QGuiApplication.primaryScreen().grabWindow(0)
        if widget is not None:
            picture = _part(picture, widget)
        self._keep(picture, self.out / f"{name}.png")
        if self.guide and name in GUIDE:
            dialogs = self.dialogs()
            if dialogs:
                picture = _part(picture, dialogs[-1])
            elif picture.width() > GUIDE_PX:
                smooth = Qt.TransformationMode.SmoothTransformation
                picture = picture.scaledToWidth(GUIDE_PX, smooth)
            self._keep(picture, SCREENSHOTS / f"{name}.jpg")

    def _keep(self, picture: QPixmap, path: Path) -> None:
        picture.save(str(path), quality=88)
        print(path, flush=True)


def _part(picture: QPixmap, widget: QWidget) -> QPixmap:
    """Cut what is seen of a widget out of a picture of the screen."""
    ratio = picture.devicePixelRatio()
    corner = widget.mapToGlobal(widget.rect().topLeft())
    return picture.copy(QRect(corner * ratio, widget.size() * ratio))


def _panel(studio: Studio, side: str, name: str) -> None:
    studio.shoot(name, studio.window.docks[side])


def start(studio: Studio) -> None:
    """Draw the page before anything is open."""
    studio.window.document.close()
    studio.rest()
    studio.shoot("start")


def main_window(studio: Studio) -> None:
    """Draw truth and forecast of the sample."""
    studio.sample()
    studio.shoot("main")
    for side in ("left", "right", "bottom"):
        _panel(studio, side, f"panel-{side}")


def third(studio: Studio) -> None:
    """Draw the third view: difference, uncertainty, control."""
    studio.sample()
    studio.do("show_third")
    studio.shoot("difference")
    for which in ("uncertainty", "control"):
        studio.do(f"third_{which}")
        studio.shoot(which)


def one_view(studio: Studio) -> None:
    """Draw one view with all the room, from the diagonal, without slices and panels."""
    studio.sample()
    studio.do("maximise", "look_isometric", "left", "right", "bottom")
    studio.shoot("alone")
    studio.do("maximise", "left", "right", "bottom", "reset_camera")


def layers(studio: Studio) -> None:
    """Draw surfaces, planes, arrows, the other shell."""
    studio.sample()
    panel = studio.window.layers
    for fold in panel.findChildren(Fold):
        fold.set_open(True)
    studio.do("overlay")
    document = studio.window.document
    document.change_layers(("truth", "forecast"), dense=True, velocity=True, plane_z=True)
    studio.rest()
    studio.shoot("layers")
    _scrolled(studio, "left", "panel-layers")
    for fold in panel.findChildren(Fold):
        fold.set_open(False)


def _scrolled(studio: Studio, side: str, name: str) -> None:
    area = studio.window.docks[side].findChild(QScrollArea)
    if area is None:
        return
    bar = area.verticalScrollBar()
    bar.setValue(bar.maximum())
    studio.wait(0.5)
    _panel(studio, side, name)
    bar.setValue(0)


def transfer(studio: Studio) -> None:
    """Draw colours and opacity over the histogram."""
    studio.sample()
    _scrolled(studio, "right", "panel-measurements")
    studio.shoot("transfer", studio.window.transfer)


def live(studio: Studio) -> None:
    """Draw live mode with the explosion moved."""
    studio.sample()
    studio.do("live")
    studio.window.live.move_to((5.625, -7.5, 3.75))
    studio.until(lambda: studio.window.live.is_complete)
    studio.rest()
    studio.shoot("live")
    studio.do("live")


def kept(studio: Studio) -> None:
    """Draw several forecasts of one snapshot."""
    studio.sample()
    panel = studio.window.forecast_panel
    for energy in (2.0, 0.5):
        panel.energy.setValue(energy)
        studio.do("forecast")
    studio.shoot("forecasts")
    studio.do("compare")
    studio.shoot("compare-forecasts")
    studio.close_dialogs()
    panel.energy.setValue(1.0)


def overview(studio: Studio) -> None:
    """Draw a large snapshot, and how the place of the explosion is chosen."""
    studio.window.open_paths([large_snapshot(studio.scratch)])
    studio.rest()
    studio.shoot("overview")
    studio.do("find_sites")
    studio.window.site.choose_site(0)
    studio.rest()
    studio.shoot("candidates")
    studio.do("cut_out")
    studio.do("forecast")
    studio.shoot("forecast-only")


def units(studio: Studio) -> None:
    """Draw how units are asked for that a file does not state."""
    path = studio.scratch / "gas.npy"
    np.save(path, _cloud(32))
    studio.window.open_paths([path])
    studio.wait(2.0)
    studio.shoot("units")
    studio.close_dialogs()
    studio.rest()


def errors(studio: Studio) -> None:
    """Draw what is said of a file that cannot be read."""
    studio.sample()
    path = studio.scratch / "broken.hdf5"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 500)
    studio.window.open_paths([path])
    studio.rest()
    studio.shoot("error")
    studio.window.centre.notices.dismiss()


def _dialogs(*commands: str) -> Callable[[Studio], None]:
    def draw(studio: Studio) -> None:
        studio.sample()
        for command in commands:
            studio.window.actions_[command].trigger()
            studio.wait(2.5)
            studio.shoot(command.replace("_", "-"))
            studio.close_dialogs()

    draw.__doc__ = f"Draw the dialogs: {', '.join(commands)}."
    return draw


def supernova(studio: Studio) -> None:
    """Draw a new supernova: asked for, and while it is computed."""
    studio.sample()
    window = studio.window
    window.actions_["new_supernova"].trigger()
    studio.wait(3.0)
    dialog = window.supernova.dialog
    assert dialog is not None
    dialog.cells.setCurrentIndex(0)
    dialog.path.setText("mine.shell.h5")
    studio.wait(1.0)
    studio.shoot("new-supernova")
    dialog.path.setText(str(studio.scratch / "mine.shell.h5"))
    dialog.start.click()
    source = window.document.source
    studio.until(lambda: window.document.source not in (None, source))
    studio.until(lambda: window.document.truth is not None and len(window.document.truth) > 9)
    studio.wait(1.0)
    studio.shoot("supernova-running")
    studio.until(lambda: window.document.figures.comparison is not None)
    studio.rest()
    studio.shoot("supernova-done")
    window.centre.notices.dismiss()


def models(studio: Studio) -> None:
    """Draw the card of a model."""
    studio.sample()
    studio.window.forecast_panel.card_button.click()
    studio.wait(1.0)
    studio.shoot("card")
    studio.close_dialogs()


STATES: dict[str, Callable[[Studio], None]] = {
    "start": start,
    "main": main_window,
    "third": third,
    "alone": one_view,
    "layers": layers,
    "transfer": transfer,
    "live": live,
    "kept": kept,
    "overview": overview,
    "units": units,
    "errors": errors,
    "supernova": supernova,
    "models": models,
    "export": _dialogs("save_picture", "export_movie", "export_plots", "export_surfaces"),
    "work": _dialogs("evaluate", "fine_tune"),
    "help": _dialogs("preferences", "palette", "keys", "about"),
}


def _cloud(n: int, size_pc: float = 60.0, seed: int = 5) -> np.ndarray:
    """Make a turbulent cloud: density in Msun/pc^3."""
    import torch

    from core.simulate.cloud import make_cloud
    from core.simulate.parameters import SimulationParameters

    torch.set_num_threads(1)
    parameters = SimulationParameters(n=n, seed=seed)
    return make_cloud(parameters)[0, 0].numpy()


def large_snapshot(folder: Path) -> Path:
    """Write a snapshot of 200 pc as Gadget does: particles of a turbulent cloud, some stars."""
    path = folder / "snapshot_012.hdf5"
    if path.exists():
        return path
    size, n, count = 200.0, 64, 300_000
    density = _cloud(n).astype(np.float64)
    rng = np.random.default_rng(3)
    share = density.ravel() / density.sum()
    cells = rng.choice(n**3, count, p=share)
    places = np.stack(np.unravel_index(cells, density.shape), 1) + rng.random((count, 3))
    voxel = size / n
    mass = np.full(count, density.sum() * voxel**3 / count)
    local = density.ravel()[cells]
    columns = {
        "Coordinates": places * voxel,
        "Masses": mass,
        "Velocities": rng.normal(0.0, 5.0, (count, 3)),
        "Density": local,
        "InternalEnergy": np.full(count, 0.6),
        "SmoothingLength": 2.0 * (mass / local) ** (1 / 3),
        "ParticleIDs": np.arange(count),
    }
    cgs = {"UnitLength_in_cm": 3.0857e18, "UnitMass_in_g": 1.9884e33}
    numbers = np.array([count, 0, 0, 0, 0, 0])
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(
            {
                "BoxSize": size,
                "Time": 2.5,
                "Redshift": 0.0,
                "NumFilesPerSnapshot": 1,
                "NumPart_ThisFile": numbers,
                "NumPart_Total": numbers,
                "MassTable": np.zeros(6),
                "UnitVelocity_in_cm_per_s": 1e5,
                **cgs,
            }
        )
        for name, values in columns.items():
            file[f"PartType0/{name}"] = values
    return path


def main() -> None:
    """Draw the states asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="states (all by default)")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--guide", action="store_true", help="renew those of the guide")
    parser.add_argument("--list", action="store_true", help="list the states")
    options = parser.parse_args()
    if options.list:
        for name, draw in STATES.items():
            print(f"{name:10} {(draw.__doc__ or '').strip()}")
        return
    unknown = set(options.names) - set(STATES)
    if unknown:
        parser.error(f"nobody knows {', '.join(sorted(unknown))}; see --list")
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for kind in ("CONFIG", "STATE", "CACHE", "DATA"):
            os.environ[f"XDG_{kind}_HOME"] = str(Path(scratch) / kind.lower())
        application = QApplication(sys.argv[:1])
        application.setApplicationName("Shellsight")
        studio = Studio(application, options.out, options.theme, Path(scratch))
        studio.guide = options.guide
        for name in options.names or STATES:
            STATES[name](studio)
        studio.close_dialogs()
        studio.window.close()


if __name__ == "__main__":
    main()
