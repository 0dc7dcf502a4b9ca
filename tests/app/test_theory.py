"""Theory in the window: its curve among the radii, and itself among the models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import core
from app.data.source import Source
from app.document import Document
from app.forecasts import forecasting
from app.forecasts.forecasting import is_theory
from app.measuring import measure, theory_curve
from app.panels.forecast import ForecastPanel
from app.panels.plots import PlotsPanel
from app.theme import Theme
from core.cubes import Cube
from core.shells.remnant import Remnant
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(24, 6, uniform=True)


@pytest.fixture
def theme(qapp):
    return Theme()


@pytest.fixture
def document(evolution):
    document = Document()
    source = Source(
        Path("run"), "run", "SWIFT", len(evolution), tuple(evolution.times_myr), (60.0,)
    )
    document.open_source(source, evolution.sequence, evolution.control)
    return document


def test_the_curve_is_the_remnant_in_the_gas_around():
    cube = Cube({"density": np.full((24, 24, 24), 1.3)}, 60.0, time_myr=0.5)
    curve = theory_curve(cube, 0.6)
    assert curve is not None
    assert (curve.times_myr[0], curve.times_myr[-1]) == (0.5, 0.6)
    np.testing.assert_allclose(
        curve.radius_pc, Remnant(1.3).radius_pc(curve.times_myr - 0.5), rtol=1e-5
    )
    assert "1.3 Msun/pc³" in curve.description
    assert "Kim & Ostriker 2015" in curve.description
    assert theory_curve(cube, 0.5) is None
    assert theory_curve(Cube({"density": np.zeros((8, 8, 8))}, 60.0), 0.1) is None


def test_the_plot_shows_it_with_a_legend_and_its_source(qtbot, document, evolution, theme):
    panel = PlotsPanel(document, theme)
    qtbot.addWidget(panel)
    assert panel.theory_key.isHidden()
    document.set_forecast(evolution)
    document.set_figures(measure(evolution.sequence, evolution.control, evolution))
    curve = document.figures.theory
    assert curve is not None
    assert not panel.theory_key.isHidden()
    assert panel.theory_key.toolTip() == curve.description
    drawn = [item.getData()[0] for item in panel.radius.plot.getPlotItem().listDataItems()]
    assert any(np.array_equal(times, curve.times_myr) for times in drawn)
    top = panel.radius.plot.getPlotItem().getViewBox().viewRange()[1][1]
    assert top > curve.radius_pc[-1]


def test_theories_can_be_chosen_and_have_no_device(qtbot, document, theme):
    choices = {choice.key: choice for choice in forecasting.models()}
    assert {"thin-shell", "snowplough"} <= set(choices)
    assert "Kim & Ostriker 2015" in choices["thin-shell"].tip
    assert next(iter(choices)) == "unet-32"
    panel = ForecastPanel(document, theme)
    qtbot.addWidget(panel)
    panel.set_networks(list(choices.values()))
    assert panel.device.isEnabled()
    panel.network.setCurrentIndex(panel.network.findData("thin-shell"))
    assert panel.model == "thin-shell"
    assert is_theory(panel.model)
    assert not panel.device.isEnabled()
    assert not panel.averaging.isEnabled()
    assert "CPU" in panel.device.toolTip()
    panel.network.setCurrentIndex(0)
    assert panel.device.isEnabled()


def test_the_energy_can_be_chosen_where_the_model_knows_several(qtbot, document, theme):
    choices = {choice.key: choice for choice in forecasting.models()}
    low, high = choices["unet-32"].energies_erg
    panel = ForecastPanel(document, theme)
    qtbot.addWidget(panel)
    assert panel.energy_erg is None
    panel.set_networks(list(choices.values()))
    assert (panel.energy_erg is not None) == panel.energy.isEnabled() == (low < high)
    panel.network.setCurrentIndex(panel.network.findData("thin-shell"))
    assert panel.energy_erg == pytest.approx(1e51)
    panel.energy.setValue(2.5)
    assert panel.energy_erg == pytest.approx(2.5e51)


def test_the_window_forecasts_with_a_theory(evolution):
    made = forecasting.forecast(evolution.sequence[0], "thin-shell", "auto", 4)
    assert isinstance(made.forecast, core.Forecast)
    assert made.forecast.provenance["model"] == "thin-shell"
    assert made.forecast.energy_erg == 1e51
    assert made.device.startswith("CPU")
    strong = forecasting.forecast(evolution.sequence[0], "thin-shell", "auto", 4, 3e51)
    assert strong.forecast.energy_erg == 3e51
    emptied = [(one.density[-1] < 0.5).sum() for one in (made.forecast, strong.forecast)]
    assert emptied[1] > 1.2 * emptied[0]
