"""Live mode: an explosion that is dragged through the cloud, and its forecast."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import core
from app.forecasts.forecast_request import ForecastRequest
from app.forecasts.live_forecast import (
    REACH_PC,
    LiveForecaster,
    neighbourhood,
    reach_voxels,
    shifted_back,
    voxels_to,
)
from app.forecasts.newest import Newest
from core.cubes import Cube
from core.errors import Cancelled
from tests.app.conftest import WAIT_MS
from tests.core.synthetic import gas, write_gadget
from tests.helpers import lognormal_gas

THIN = ForecastRequest("thin-shell", "cpu", 1, None)


@pytest.fixture(scope="module")
def cube() -> Cube:
    return Cube({"density": lognormal_gas(32)}, 60.0, (5.0, 6.0, 7.0), time_myr=0.5)


# -- without a window ----------------------------------------------------------


def test_only_the_newest_request_waits():
    requests: Newest[int] = Newest()
    assert requests.take(0.0) is None
    for value in range(100):
        requests.put(value)
    assert requests.waiting
    assert requests.take(0.0) == 99
    assert not requests.waiting
    later = threading.Timer(0.05, requests.put, (7,))
    later.start()
    assert requests.take(10.0) == 7


def test_the_explosion_stays_within_reach(cube):
    assert reach_voxels(cube) == 8
    assert voxels_to(cube, (3.0, -3.0, 0.4)) == (2, -2, 0)
    assert voxels_to(cube, (100.0, -100.0, 0.0)) == (8, -8, 0)
    large = Cube({"density": np.ones((4, 4, 4))}, 8.0)
    assert reach_voxels(large) == 2


def test_a_cube_alone_goes_on_as_it_is_at_its_faces(cube):
    around = neighbourhood(cube, None)
    assert around.around == "edge"
    np.testing.assert_array_equal(around.at((0, 0, 0)).density, cube.density)
    shifted = around.at((3, 0, -2))
    np.testing.assert_array_equal(shifted.density[:29, :, 2:], cube.density[3:, :, :-2])
    for layer in shifted.density[29:, :, 2:]:
        np.testing.assert_array_equal(layer, cube.density[-1, :, :-2])
    np.testing.assert_allclose(shifted.center_pc, (10.625, 6.0, 3.25))


def test_what_is_shifted_comes_back():
    values = np.arange(2 * 4**3, dtype=np.float32).reshape(2, 4, 4, 4)
    np.testing.assert_array_equal(shifted_back(values, (0, 0, 0), -1.0), values)
    back = shifted_back(values, (1, -2, 0), -1.0)
    np.testing.assert_array_equal(back[:, 1:, :2], values[:, :-1, 2:])
    assert (back[:, 0] == -1).all()
    assert (back[:, :, 2:] == -1).all()


def test_gas_around_a_cube_is_read_from_a_large_snapshot(tmp_path):
    series = core.open(write_gadget(tmp_path / "large.hdf5", gas(20_000, 120.0), BoxSize=120.0))
    cube = core.voxelize(series, size_pc=60.0, n=32, center_pc=(60.0, 60.0, 60.0))[0]
    around = neighbourhood(cube, series)
    assert around.around == "box"
    there = core.voxelize(series, size_pc=60.0, n=32, center_pc=(67.5, 60.0, 52.5))[0]
    inside = (slice(1, -1),) * 3  # at the faces only the larger cube has the particles beyond
    for offset, expected in (((0, 0, 0), cube), ((4, 0, -4), there)):
        found = around.at(offset).density[inside]
        np.testing.assert_allclose(found, expected.density[inside], rtol=1e-3, atol=1e-6)


def test_a_periodic_box_is_its_own_neighbour(tmp_path):
    series = core.open(write_gadget(tmp_path / "periodic.hdf5", gas(20_000)))
    assert series.periodic
    cube = core.voxelize(series, size_pc=60.0, n=16)[0]
    around = neighbourhood(cube, series)
    assert around.around == "periodic"
    expected = np.roll(cube.density, (-3, 0, 2), (0, 1, 2))
    np.testing.assert_array_equal(around.at((3, 0, -2)).density, expected)


def test_a_forecast_in_the_middle_is_the_usual_one(cube):
    made = LiveForecaster(neighbourhood(cube, None)).forecast(THIN, (0, 0, 0))
    usual = core.Forecaster("thin-shell").forecast(cube)
    np.testing.assert_allclose(made.forecast.density, usual.density, rtol=1e-5)
    assert made.forecast.site_pc == (0.0, 0.0, 0.0)
    assert made.fine


def test_a_forecast_elsewhere_is_made_of_the_gas_there(cube):
    """As if the cube had been cut around the explosion, put back where the gas is."""
    live = LiveForecaster(neighbourhood(cube, None))
    moved = live.forecast(THIN, (4, 0, -3)).forecast
    assert moved.site_pc == (7.5, 0.0, -5.625)
    assert moved.sequence.center_pc == cube.center_pc
    np.testing.assert_array_equal(moved.density[0], cube.density)
    there = core.Forecaster("thin-shell").forecast(live.around.at((4, 0, -3)))
    effect = there.density[-1] / there.control.density[-1]
    ratio = moved.density[-1] / cube.density
    np.testing.assert_allclose(ratio[4:, :, :-3], effect[:-4, :, 3:], rtol=1e-4)
    emptied = np.argwhere(ratio < 0.5).mean(0)
    usual = live.forecast(THIN, (0, 0, 0)).forecast
    before = np.argwhere(usual.density[-1] / cube.density < 0.5).mean(0)
    assert emptied[0] > before[0] + 1
    assert emptied[2] < before[2] - 1


def test_more_energy_reaches_further(cube):
    live = LiveForecaster(neighbourhood(cube, None))
    weak, strong = (
        live.forecast(ForecastRequest("thin-shell", "cpu", 1, energy), (2, 2, 2)).forecast
        for energy in (3e50, 3e51)
    )
    assert strong.energy_erg == 3e51
    cavities = [(one.density[-1] < 0.5 * cube.density).sum() for one in (weak, strong)]
    assert cavities[1] > 1.3 * cavities[0]


def test_a_network_is_coarse_while_it_moves_and_fine_afterwards(cube, models, monkeypatch):
    monkeypatch.setattr("core.models.registry.models_path", lambda: models)
    request = ForecastRequest("default", "cpu", 2, None)
    live = LiveForecaster(neighbourhood(cube, None), {("default", "cpu"): 0.01})
    coarse = live.forecast(request, (1, 0, 0), fine=False)
    assert coarse.said == "one orientation"
    assert coarse.forecast.provenance["averaging"] == 1
    fine = live.forecast(request, (1, 0, 0))
    assert fine.fine
    assert fine.forecast.provenance["averaging"] == 2
    assert fine.forecast.probability is not None
    assert fine.forecast.provenance["gas_beyond_the_cube"] == "edge"
    assert fine.forecast.calibration is None
    with pytest.raises(Cancelled):
        live.forecast(request, (2, 0, 0), cancelled=lambda: True)


def test_a_slow_network_leaves_the_mouse_to_a_theory(cube, models, monkeypatch):
    monkeypatch.setattr("core.models.registry.models_path", lambda: models)
    live = LiveForecaster(neighbourhood(cube, None), {("default", "cpu"): 2.0})
    made = live.forecast(ForecastRequest("default", "cpu", 2, None), (1, 0, 0), fine=False)
    assert made.forecast.provenance["model"] == "thin-shell"
    assert "thin shell" in made.said
    assert not made.fine


# -- in the window -------------------------------------------------------------


def wait_idle(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)


@pytest.fixture
def live(qtbot, window, sample_file):
    """The window in live mode, with a theory; a forecast was made before."""
    from app.forecasts.forecasting import Choice

    window.open_paths([sample_file])
    wait_idle(qtbot, window)
    panel = window.forecast_panel
    panel.set_networks([Choice("thin-shell", "Thin shell", energies_erg=(1e49, 1e53))])
    window.forecast()
    wait_idle(qtbot, window)
    assert window.document.figures.comparison is not None
    qtbot.keyClick(window, Qt.Key.Key_V)
    assert window.live.is_on
    qtbot.waitUntil(lambda: window.live.is_complete, timeout=WAIT_MS)
    return window


def test_live_mode_follows_the_mouse_and_leaves_no_trace(qtbot, live):
    window, document = live, live.document
    kept, figures = document.shown_forecast, window.document.shown_forecast.figures
    assert document.preview.kind == "live"
    assert window.forecast_panel.live.isVisible()
    assert not window.forecast_panel.button.isEnabled()
    assert document.figures.curves == {}
    column = window.centre.columns["forecast"]
    start, end = (column.slice.pixel_of(*at).toPoint() for at in ((0, 0), (7.5, -5.625)))
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(column.slice, left, pos=start)
    for step in range(1, 11):
        QTest.mouseMove(column.slice, start + (end - start) * step / 10)
    QTest.mouseRelease(column.slice, left, pos=end)
    assert window.live.site_pc == (7.5, -5.625, 0.0)
    assert column.view.marked_pc == (7.5, -5.625, 0.0)
    qtbot.waitUntil(lambda: window.live.is_complete, timeout=WAIT_MS)
    assert document.forecast.site_pc == (7.5, -5.625, 0.0)
    assert not document.matches
    assert document.truth_site_pc == (0.0, 0.0, 0.0)
    assert "no truth" in window.centre.columns["truth"].view._overlay.notes.subtitle
    assert "beyond the cube" in window.forecast_panel.live.note.text()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not window.live.is_on
    assert not window.actions_["live"].isChecked()
    assert document.shown_forecast is kept
    assert document.figures is figures
    assert document.forecast is kept.forecast
    qtbot.waitUntil(lambda: window.jobs.running("live") is None, timeout=WAIT_MS)


def test_marker_keys_and_energy_move_it(qtbot, live):
    live.forecast_panel.energy.setValue(5.0)
    qtbot.waitUntil(lambda: live.live.is_complete, timeout=WAIT_MS)
    assert live.document.forecast.energy_erg == pytest.approx(5e51)
    assert not live.document.matches
    column = live.centre.columns["forecast"]
    canvas, eye = column.view.canvas, column.view.camera()
    left = Qt.MouseButton.LeftButton
    at = column.view.pixel_of((0.0, 0.0, 0.0)).toPoint()
    QTest.mousePress(canvas, left, pos=at)
    QTest.mouseMove(canvas, at + QPoint(0, -40))
    QTest.mouseRelease(canvas, left, pos=at + QPoint(0, -40))
    x, y, z = live.live.site_pc
    assert z > 1.8  # the eye looks down a little, and up is mostly along z
    assert column.view.camera() == eye
    # Beside the marker a drag turns the view, as ever.
    QTest.mousePress(canvas, left, pos=QPoint(30, 120))
    QTest.mouseMove(canvas, QPoint(60, 120))
    QTest.mouseRelease(canvas, left, pos=QPoint(60, 120))
    assert column.view.camera() != eye
    assert live.live.site_pc == (x, y, z)
    # Keys step by a voxel, and the time stays.
    live.live.move_to((0.0, 0.0, 0.0))
    frame, voxel = live.document.frame, live.live.voxel_pc
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_PageDown):
        qtbot.keyClick(live.centre.columns["forecast"].view.canvas, key)
    np.testing.assert_allclose(live.live.site_pc, (2 * voxel, voxel, -voxel))
    assert live.document.frame == frame
    live.forecast_panel.live.centre.click()
    assert live.live.site_pc == (0.0, 0.0, 0.0)
    live.live.leave()
    qtbot.keyClick(live, Qt.Key.Key_Left)
    assert live.document.frame == frame - 1


def test_a_live_forecast_can_be_kept(qtbot, live):
    live.live.move_to((REACH_PC, 0.0, 0.0))
    qtbot.waitUntil(lambda: live.forecast_panel.live.keep.isEnabled(), timeout=WAIT_MS)
    live.forecast_panel.live.keep.click()
    assert not live.live.is_on
    entry = live.document.shown_forecast
    assert entry.forecast.site_pc == (15.0, 0.0, 0.0)
    assert "at +15.0, 0, 0 pc" in entry.name
    assert len(live.document.forecasts) == 2
    qtbot.waitUntil(lambda: live.document.shown_forecast.is_measured, timeout=WAIT_MS)
    assert live.document.figures.comparison is None
    live.document.show_forecast(live.document.forecasts[0].id)
    assert live.document.figures.comparison is not None


def test_closing_ends_live_mode(qtbot, live, sample_file):
    live.actions_["close_file"].trigger()
    assert not live.live.is_on
    assert live.document.preview is None
    live.open_paths([sample_file])
    wait_idle(qtbot, live)
    qtbot.keyClick(live, Qt.Key.Key_V)
    live.live.step((1, 0, 0))
    assert live.close()
    assert not any(job.is_running and not job.is_cancelled for job in live.jobs._running)
