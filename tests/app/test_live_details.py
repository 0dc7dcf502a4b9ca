"""Coverage, particles and rings that follow an explosion in live mode."""

from __future__ import annotations

import json
import os
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import Qt

import core
from app.document import Document
from app.forecasts.forecast_list import Preview
from app.forecasts.live_details import DetailsWanted, LiveDetails, envelope_of, live_details
from app.look import Look
from app.scene.details import Details
from app.scene.prepare import PreparedEvolution
from app.view_state import LayerState
from app.views.layer_needs import missing
from core.coverage import LEVELS, Calibration, Need, calibration_to_json
from core.cubes import Cube
from tests.app.conftest import WAIT_MS
from tests.core.synthetic import gas, write_gadget
from tests.helpers import lognormal_gas


def calibration() -> Calibration:
    """One run in each of twelve clouds, margins of 2 pc and more."""
    pc = tuple(2.0 + k for k in range(len(LEVELS)))
    needs = tuple(Need(f"seed {k}", f"run {k}", pc, pc) for k in range(12))
    return Calibration("thin-shell", "", 1, False, needs)


@pytest.fixture(scope="module")
def forecast():
    """A theory's forecast, as if runs had said what it misses."""
    cube = Cube({"density": lognormal_gas(32)}, 60.0)
    made = core.Forecaster("thin-shell").forecast(cube)
    return replace(made, calibration=calibration())


@pytest.fixture(scope="module")
def prepared(forecast):
    return PreparedEvolution(forecast.sequence, forecast.control)


def test_only_what_is_seen_is_made(forecast, prepared):
    assert DetailsWanted.of(Look()) == DetailsWanted((0.5,))
    seen = LayerState(shell_level=0.9, reached=True, coverage=0.95, probable=True)
    look = Look(forecast=seen, truth=LayerState(cube_particles=True))
    assert DetailsWanted.of(look) == DetailsWanted((0.9,), 0.95, 0.5, particles=True)
    plain = replace(look, truth=LayerState(cube_particles=True, reached_particles=False))
    assert not DetailsWanted.of(plain).particles
    bare = live_details(forecast, prepared, 3, DetailsWanted(), fine=True)
    assert bare.details.envelope is None
    assert bare.reached_myr is None


def test_the_frame_that_is_shown_is_as_among_all(forecast, prepared):
    """One frame at once has the same regions as all of them."""
    wanted = DetailsWanted((0.5,), 0.95, None, particles=True)
    whole = forecast.reached(0.95)
    for frame in (0, 1, 12, 19):
        moving, still = (
            live_details(forecast, prepared, frame, wanted, fine=fine) for fine in (False, True)
        )
        assert (moving.fine, still.fine) == (False, True)
        for made in (moving, still):
            assert made.details.coverage == 0.95
            np.testing.assert_array_equal(made.details.envelope[frame], whole[frame])
            assert not made.details.envelope[[i for i in range(20) if i != frame]].any()
        by_then = moving.reached_myr <= forecast.times_myr[frame]
        region = core.shells.reached_region(
            forecast.density[frame], forecast.control.density[frame]
        )
        np.testing.assert_array_equal(by_then, region)
        assert np.isnan(moving.reached_myr[~region]).all()
    assert whole[19].sum() > whole[1].sum() > 0


def test_a_coarse_forecast_takes_the_margin_of_good_ones(forecast):
    strict = replace(forecast, calibration=replace(forecast.calibration, averaging=4))
    coarse = replace(strict, provenance={**forecast.provenance, "averaging": 1})
    assert envelope_of(coarse, 0.95, 12) is None
    expected = forecast.reached(0.95)[12]
    made = envelope_of(coarse, 0.95, 12, fine=False)
    np.testing.assert_array_equal(made[12], expected)
    unknown = replace(forecast, calibration=None)
    assert envelope_of(unknown, 0.95, 12, fine=False) is None


def test_an_envelope_that_is_completed_is_drawn_anew(forecast, prepared):
    part = live_details(forecast, prepared, 5, DetailsWanted((0.5,), 0.95), fine=True).details
    assert (part.reached(5) < 0).any()
    assert not (part.reached(12) < 0).any()
    full = part.updated(forecast, None, forecast.reached(0.95), 0.95, {})
    assert (full.reached(12) < 0).any()
    assert full.envelope_key(12) != part.envelope_key(12)
    same = full.updated(forecast, None, full.envelope, 0.95, {})
    assert same.reached(12) is full.reached(12)


def test_the_reason_why_nothing_is_promised(forecast, prepared):
    document = Document()
    made_up = {**forecast.provenance, "gas_beyond_the_cube": "edge"}
    moved = replace(forecast, calibration=None, site_pc=(4.0, 0.0, 0.0), provenance=made_up)
    document.show_preview(Preview("live", moved))
    assert "beyond the cube" in missing(document, "coverage")
    strict = replace(forecast, calibration=replace(forecast.calibration, averaging=4))
    coarse = replace(strict, provenance={**forecast.provenance, "averaging": 1})
    for fine in (False, True):
        drawn = LiveDetails(Details(prepared, coarse), fine=fine)
        document.show_preview(Preview("live", coarse, drawn=drawn))
        reason = missing(document, "coverage")
        assert ("averaged over 4" in reason) == fine
        assert bool(reason) == fine


# -- in the window -------------------------------------------------------------


@pytest.fixture
def live(qtbot, window, tmp_path, monkeypatch):
    """Live mode in a periodic box of particles, whose surroundings are known."""
    from app.forecasts.forecasting import Choice

    known = json.dumps(calibration_to_json(calibration()))
    (tmp_path / "thin-shell.coverage.json").write_text(known)
    monkeypatch.setattr("core.forecast.models_path", lambda: tmp_path)
    rng = np.random.default_rng(3)
    columns = gas(12_000)
    columns["Masses"] = rng.lognormal(0.0, 0.5, 12_000).astype(np.float32) * 20.0
    window.open_paths([write_gadget(tmp_path / "periodic.hdf5", columns)])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    window.forecast_panel.set_networks([Choice("thin-shell", "Thin shell")])
    window.forecast()
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    window.document.change_layers(
        ("truth", "forecast"), volume=False, reached=True, coverage=0.95, cube_particles=True
    )
    layering = window.layering
    qtbot.waitUntil(lambda: layering.envelope is not None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: bool(layering.particles.forecast), timeout=WAIT_MS)
    qtbot.keyClick(window, Qt.Key.Key_V)
    qtbot.waitUntil(lambda: window.live.is_complete, timeout=WAIT_MS)
    return window


def center_of(mask, voxel_pc):
    n = mask.shape[-1]
    return (np.argwhere(mask).mean(axis=0) + 0.5 - n / 2) * voxel_pc


def test_coverage_and_particles_follow_the_explosion(qtbot, live):
    window, document, layering = live, live.document, live.layering
    view = window.centre.columns["forecast"].view
    voxel = document.truth.voxel_pc
    frame = view.frame
    shown = view._stage.surfaces.layers["reached"].actor
    assert shown.GetVisibility()
    before = center_of(layering.envelope[frame], voxel)
    assert np.abs(before).max() < 3.0
    window.live.move_to((9.0, -5.6, 0.0))
    seen: list[bool] = []
    view.canvas.frame_drawn.connect(lambda: seen.append(bool(shown.GetVisibility())))
    qtbot.waitUntil(lambda: window.live.is_complete, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: document.forecast.site_pc[0] > 8.0, timeout=WAIT_MS)
    after = center_of(layering.envelope[frame], voxel)
    np.testing.assert_allclose(after - before, document.forecast.site_pc, atol=2.0)
    details = view._stage.details
    assert details.envelope is layering.envelope
    assert details.coverage == 0.95
    assert shown.GetVisibility()
    qtbot.waitUntil(lambda: len(seen) > 0)
    assert all(seen)  # Never a picture without it.
    # The other frames follow at rest.
    qtbot.waitUntil(lambda: layering.envelope.any(axis=(1, 2, 3))[1:].all(), timeout=WAIT_MS)
    np.testing.assert_array_equal(layering.envelope, document.forecast.reached(0.95))
    details = view._stage.details
    # The particles that are reached are those around the new place.
    qtbot.waitUntil(lambda: window.jobs.running("particles") is None, timeout=WAIT_MS)
    for role in ("truth", "forecast"):
        sample = window.centre.columns[role].view._stage.details.particles[
            0 if role == "truth" else frame
        ]
        reached = sample.reached(document.forecast.times_myr[-1])
        assert 10 < reached.sum() < len(reached) / 2
        middle = sample.positions_pc[reached].mean(axis=0)
        np.testing.assert_allclose(middle, document.forecast.site_pc, atol=3.0)
    # Another share is taken at rest as well.
    document.change_layers(("forecast",), coverage=0.99)
    qtbot.waitUntil(lambda: layering.coverage == 0.99, timeout=WAIT_MS)
    assert layering.envelope[frame].sum() >= details.envelope[frame].sum()
    # All is as it was when live mode ends.
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    kept = document.forecast
    assert document.preview is None
    qtbot.waitUntil(lambda: layering.envelope is not None, timeout=WAIT_MS)
    np.testing.assert_array_equal(layering.envelope, kept.reached(0.99))
    qtbot.waitUntil(lambda: window.jobs.running("particles") is None, timeout=WAIT_MS)
    sample = layering.particles.forecast[frame]
    reached = sample.positions_pc[sample.reached(kept.times_myr[-1])].mean(axis=0)
    assert np.abs(reached).max() < 3.0
