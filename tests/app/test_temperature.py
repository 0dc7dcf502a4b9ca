"""The temperature in the slices and in the bars under the views."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import core
from app.look import VIEW_ROLES
from app.scene.prepare import PreparedEvolution
from app.scene.slices import SliceView
from app.scene.temperature import gas_plane, transfer_of
from app.view_state import LayerState
from app.views.probe import read_gas
from core.cubes import CubeSequence
from core.evolution import Simulation
from tests.app.conftest import WAIT_MS
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(32, 5)


@pytest.fixture(scope="module")
def hot(evolution):
    """The same gas, hot in the cavity."""
    sequence = evolution.sequence
    cavity = sequence.density < 0.5 * evolution.control.density
    fields = {
        "density": sequence.density,
        "temperature": np.where(cavity, 1e6, 50.0).astype(np.float32),
    }
    return CubeSequence(fields, sequence.times_myr, sequence.size_pc)


@pytest.fixture
def prepared(hot, evolution):
    return PreparedEvolution(hot, evolution.control)


def test_the_slice_shows_temperature_where_the_view_does(qtbot, prepared, evolution):
    flat = SliceView("truth")
    qtbot.addWidget(flat)
    flat.resize(220, 160)
    flat.set_prepared(prepared, (0.0, 0.0, 0.0))
    flat.show_time(float(prepared.times_myr[4]))
    cold, usual = flat.image(), flat.transfer
    warm = LayerState(volume_field="temperature", shell=False, site=False)
    flat.set_layers(warm)
    assert flat.transfer == transfer_of(prepared) != usual
    temperature = prepared.sequence.fields["temperature"][4]
    values = gas_plane(prepared, 4, warm, 0.5)
    assert values.max() == pytest.approx(np.log10(temperature.max()), abs=0.3)
    assert flat.image() != cold
    # The place of a double-click is still told with its density.
    picked = []
    flat.picked.connect(picked.append)
    QTest.mouseDClick(flat, Qt.MouseButton.LeftButton, pos=flat.pixel_of(2.0, 1.0).toPoint())
    x, y, _ = picked[0].position_pc
    expected = prepared.log_density_at(4, (x, y, 0.0))
    assert picked[0].log_density == pytest.approx(expected)
    # Another time, and gas that has no temperature.
    flat.show_time(float(prepared.times_myr[1]))
    later = flat.image()
    assert later != cold
    plain = PreparedEvolution(evolution.sequence, evolution.control)
    flat.set_prepared(plain, (0.0, 0.0, 0.0))
    assert flat.transfer == usual


def test_the_bar_under_a_view_says_what_its_colours_mean(qtbot, window, hot, evolution, tmp_path):
    path = tmp_path / "hot.shell.h5"
    core.save(Simulation(hot, evolution.control, provenance={"method": "test"}), path)
    window.open_paths([path])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    truth, other = (window.centre.columns[role] for role in ("truth", "forecast"))
    assert truth.bar.accessibleName() == "Colours of the gas"
    field = window.layers.field
    field.setCurrentIndex(field.findData("temperature"))
    field.activated.emit(field.currentIndex())
    assert truth.bar.accessibleName() == "Colours of log T"
    assert "in K" in truth.bar.toolTip()
    warm = transfer_of(truth.view.prepared)
    assert truth.bar._own == truth.slice.transfer == warm
    # What is seen is picked: hot gas, with its density.
    picked = []
    truth.view.picked.connect(picked.append)
    window.document.go_to(float(hot.times_myr[-1]))
    window.document.change_layers(shell=False, cut=False)
    truth.view._on_double_click(truth.view.pixel_of((0.0, 0.0, 0.0)))
    place, density = picked[0].position_pc, picked[0].log_density
    assert density == pytest.approx(truth.view.prepared.log_density_at(4, place))
    reading = read_gas(window.document.truth, None, float(hot.times_myr[-1]), place)
    assert reading.temperature > 1e4
    # Nobody forecasts a temperature: density there, and the bar says so.
    assert window.document.layers("forecast").volume_field == "temperature"
    assert other.bar._own is None
    window.document.change_layers(VIEW_ROLES, volume_field="density")
    assert truth.bar._own is None
    assert truth.bar.accessibleName() == "Colours of the gas"
