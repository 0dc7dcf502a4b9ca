"""A window with its own settings, a small network and a small sample."""

from __future__ import annotations

import os
import time
from pathlib import Path

import h5py
import numpy as np
import pytest

os.environ.setdefault("QT_API", "pyside6")

import core
from core.evolution import Simulation
from tests.core.synthetic import gas, write_gadget
from tests.helpers import analytic_evolution

SNAPSHOTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "snapshots"
WAIT_MS = 30_000


@pytest.fixture(scope="session")
def sample_file(tmp_path_factory) -> Path:
    """An analytic explosion with its control, in the native format."""
    evolution = analytic_evolution(32, 5)
    simulation = Simulation(evolution.sequence, evolution.control, provenance={"method": "test"})
    path = tmp_path_factory.mktemp("sample") / "explosion.shell.h5"
    core.save(simulation, path)
    return path


@pytest.fixture(scope="session")
def models(tmp_path_factory) -> Path:
    """A folder with a network of the real architecture, tiny and untrained."""
    import torch

    from core.models import registry

    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("models")
    config = registry.ModelConfig(registry.DEFAULT_MODEL, arguments={"widths": [4, 4]})
    network = config.build()
    registry.save_model(network.state_dict(), config, folder / f"{config.name}.safetensors")
    return folder


@pytest.fixture
def snapshots() -> Path:
    if not SNAPSHOTS.is_dir():
        pytest.skip("the snapshots of other codes are not beside the repository")
    return SNAPSHOTS


@pytest.fixture(autouse=True)
def own_homes(tmp_path_factory, monkeypatch):
    """Units remembered and logs go where no other test finds them."""
    for name in ("CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path_factory.mktemp(name.lower())))


@pytest.fixture
def settings(tmp_path):
    from PySide6.QtCore import QSettings

    from app.settings import Settings

    return Settings(QSettings(str(tmp_path / "settings.ini"), QSettings.Format.IniFormat))


@pytest.fixture
def window(qtbot, qapp, settings, sample_file, models, monkeypatch):
    """A window on the screen, with nothing open."""
    from PySide6.QtGui import QGuiApplication

    if QGuiApplication.platformName() == "offscreen":
        pytest.skip("3D views need a display: run under Xvfb")
    from app.window import Window

    monkeypatch.setattr("core.models.registry.models_path", lambda: models)
    monkeypatch.setattr("app.window.sample_path", lambda: sample_file)
    window = Window(settings)
    window.resize(1100, 720)
    window.show()
    # Keys reach the active window only; without a window manager somebody has to say which.
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=5000)
    yield window
    window.close()
    window.deleteLater()
    qapp.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    qapp.processEvents()


@pytest.fixture
def slow_forecast(monkeypatch):
    """Make every forecast last until it is cancelled, ten seconds at most."""
    from core.forecast import Forecaster

    original = Forecaster.forecast

    def forecast(self, cube, *, progress=None, cancelled=None, **options):
        for step in range(500):
            core.progress.report(progress, step / 500, "Waiting")
            core.progress.check_cancelled(cancelled, "The forecast")
            time.sleep(0.02)
        return original(self, cube, progress=progress, cancelled=cancelled, **options)

    monkeypatch.setattr(Forecaster, "forecast", forecast)


def _truncated(folder: Path) -> Path:
    whole = write_gadget(folder / "whole.hdf5", gas(4096))
    path = folder / "truncated.hdf5"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    return path


def _no_snapshot(folder: Path) -> Path:
    path = folder / "weather.hdf5"
    with h5py.File(path, "w") as file:
        file["rain"] = np.arange(10)
    return path


def _nan(folder: Path) -> Path:
    columns = gas()
    columns["Masses"][3] = np.nan
    return write_gadget(folder / "nan.hdf5", columns)


def _no_gas(folder: Path) -> Path:
    return write_gadget(folder / "no_gas.hdf5", gas(0))


BAD_FILES = {
    "truncated": _truncated,
    "no snapshot": _no_snapshot,
    "nan mass": _nan,
    "no gas": _no_gas,
}


@pytest.fixture(params=BAD_FILES)
def bad_file(request, tmp_path) -> Path:
    """A file that cannot be opened, one kind after the other."""
    return BAD_FILES[request.param](tmp_path)


@pytest.fixture
def unitless_file(tmp_path) -> Path:
    return write_gadget(tmp_path / "unitless.hdf5", gas(4096), units=None)
