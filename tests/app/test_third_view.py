"""What the third view shows, without a window, and its place in the real one."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QPoint, Qt

from app.look import THIRD_KINDS, Look
from app.scene.colormaps import lookup_table
from app.scene.prepare import refine
from app.scene.third import DIFFERENCE, THIRD_TITLES, third_scene
from app.view_state import LayerState, TransferFunction
from core.cubes import CubeSequence
from core.errors import InvalidRequest
from core.evolution import Forecast
from tests.app.conftest import WAIT_MS
from tests.helpers import analytic_evolution

SITE = (4.0, -3.0, 2.0)


@pytest.fixture(scope="module")
def truth():
    return analytic_evolution(24, 6, uniform=True, site_pc=SITE)


@pytest.fixture(scope="module")
def forecast(truth):
    """A forecast whose cavity is half a dex less deep than the truth's, and its spread."""
    hollow = truth.density < 0.1
    density = np.where(hollow, truth.density * 10**0.5, truth.density).astype(np.float32)
    probability = np.where(hollow, 0.9, 0.02).astype(np.float32)
    return Forecast(
        replace(truth.sequence, fields={"density": density}),
        truth.control,
        truth.site_pc,
        provenance={"model": "a model"},
        probability=probability,
    )


def dark(color):
    return int(color.astype(int).sum())


# -- without a window --------------------------------------------------------


def test_the_difference_is_signed_and_in_dex(truth, forecast):
    scene = third_scene("difference", truth.sequence, truth.control, forecast)
    assert (scene.title, scene.missing) == ("Difference", "")
    prepared = scene.prepared
    assert prepared.quantity == "difference"
    np.testing.assert_allclose(prepared.times_myr, truth.times_myr)
    hollow = truth.density[5] < 0.1
    field = prepared.field(5)
    np.testing.assert_allclose(field[hollow], 0.5, atol=1e-5)
    np.testing.assert_allclose(field[~hollow], 0.0, atol=1e-6)
    # Undisturbed at the start: nothing differs, and nothing is opaque.
    np.testing.assert_allclose(prepared.volume(0), 0.0, atol=1e-5)
    np.testing.assert_allclose(prepared.volume(5), refine(field, prepared.volume_points))
    assert prepared.log_density_at(5, SITE) == pytest.approx(-2.0)


def test_gold_is_denser_and_rose_is_emptier():
    table = lookup_table(DIFFERENCE.colormap)
    emptier, same, denser = (table[at].astype(int) for at in (60, 128, 195))
    assert emptier[2] > emptier[1] + 40  # rose: more blue than green
    assert denser[1] > denser[2] + 60  # gold: more green than blue
    assert same.sum() < 90
    assert [dark(c) for c in table[128:]] == sorted(dark(c) for c in table[128:])
    assert [dark(c) for c in table[:128]] == sorted((dark(c) for c in table[:128]), reverse=True)
    places, opacity = zip(*DIFFERENCE.opacity_points, strict=True)
    np.testing.assert_allclose(places, -np.array(places[::-1]))
    np.testing.assert_allclose(opacity, opacity[::-1])


def test_the_difference_outlines_both_shells(truth, forecast):
    marks = third_scene("difference", truth.sequence, truth.control, forecast).prepared.marks(
        5, 0.5
    )
    assert set(marks) == {"truth", "forecast"}
    axis = np.linspace(-30, 30, len(marks["truth"]))
    z, y, x = np.meshgrid(axis - SITE[2], axis - SITE[1], axis - SITE[0], indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    for field in marks.values():
        assert (field[radius < 10] < 0).all()
        assert (field[radius > 16] > 0).all()


def test_frames_of_the_truth_outside_the_forecast_are_left_out(truth, forecast):
    late = truth.sequence.at(truth.times_myr[2:4])
    whole = truth.sequence
    short = Forecast(late, truth.control.at(truth.times_myr[2:4]), SITE)
    scene = third_scene("difference", whole, truth.control, short)
    np.testing.assert_allclose(scene.prepared.times_myr, truth.times_myr[2:4])
    assert scene.prepared.nearest(0.0) == 0
    # Where the truth has a frame between those of the forecast, the forecast is interpolated.
    between = whole.at([0.5 * (truth.times_myr[2] + truth.times_myr[3])])
    field = third_scene("difference", between, None, short).prepared.field(0)
    np.testing.assert_allclose(field, 0.0, atol=1e-4)


def test_the_probability_and_its_even_edge(truth, forecast):
    scene = third_scene("uncertainty", truth.sequence, truth.control, forecast)
    prepared = scene.prepared
    assert prepared.quantity == "probability"
    for values in (prepared.volume(5), prepared.plane(5, 0.5)):
        assert 0.0 <= values.min() < 0.05
        assert 0.85 < values.max() <= 1.0
    assert set(prepared.marks(5, 0.5)) == {"truth", "forecast"}
    assert (prepared.marks(5, 0.5)["forecast"] < 0).any()
    alone = third_scene("uncertainty", None, None, forecast)
    assert set(alone.prepared.marks(5, 0.5)) == {"forecast"}


def test_the_control_is_the_truths_or_else_the_forecasts(truth, forecast):
    own = third_scene("control", truth.sequence, truth.control, forecast, name="a run")
    assert own.subtitle == "no explosion · a run"
    assert own.transfer is None
    np.testing.assert_allclose(own.prepared.field(3), np.log10(truth.control.density[3]))
    other = third_scene("control", truth.sequence, None, forecast)
    assert "forecast by a model" in other.subtitle
    assert other.prepared.times_myr is forecast.control.times_myr


@pytest.mark.parametrize(
    ("kind", "given", "says"),
    [
        ("difference", (), "needs a truth"),
        ("difference", ("truth",), "needs a forecast"),
        ("difference", ("other",), "different cubes"),
        ("difference", ("before",), "no frame in the forecast"),
        ("uncertainty", (), "Press Forecast"),
        ("uncertainty", ("theory",), "no spread"),
        ("control", (), "No control"),
    ],
)
def test_it_says_what_is_missing(truth, forecast, kind, given, says):
    sequence = truth.sequence
    known = {
        (): (None, None),
        ("truth",): (sequence, None),
        ("other",): (CubeSequence({"density": np.ones((1, 8, 8, 8), np.float32)}, [0.0], 60.0),),
        ("before",): (replace(sequence, times_myr=sequence.times_myr - 1.0),),
        ("theory",): (None, replace(forecast, probability=None)),
    }[given]
    seen, made = known if len(known) == 2 else (*known, forecast)
    scene = third_scene(kind, seen, None, made)
    assert scene.prepared is None
    assert says in scene.missing
    assert scene.title == THIRD_TITLES[kind]


def test_only_gas_is_cut_and_takes_the_colours_of_the_gas(truth, forecast):
    own = TransferFunction("magma")
    for kind in THIRD_KINDS:
        scene = third_scene(kind, truth.sequence, truth.control, forecast)
        layers = scene.layers_of(LayerState(dense=True))
        gas = kind == "control"
        assert (layers.cut, layers.dense) == (gas, gas)
        assert (scene.colors_of(own) is own) == gas
        assert bool(scene.label) != gas


def test_a_look_refuses_what_is_no_view():
    for wrong in (
        {"hidden": ("truth", "forecast", "third")},
        {"hidden": ("fourth",)},
        {"maximised": "fourth"},
        {"third_kind": "weather"},
    ):
        with pytest.raises(InvalidRequest):
            Look(**wrong)


# -- in the window -----------------------------------------------------------


@pytest.fixture
def opened(qtbot, window, truth, forecast, sample_file):
    """The window with a run, its control, and a forecast that was not made here."""
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    document = window.document
    document.set_cube(document.source, truth.sequence, truth.control, None)
    document.set_forecast(forecast)
    document.go_to(float(truth.times_myr[-1]))
    return window


def pixels(image):
    image = image.convertToFormat(image.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def golden(image):
    red, green, blue = np.moveaxis(pixels(image), -1, 0)
    return int(((red > 70) & (red - blue > 35) & (green - blue > 15)).sum())


def test_the_third_view_is_made_when_it_is_wanted(qtbot, opened):
    window = opened
    assert set(window.centre.columns) == {"truth", "forecast"}
    qtbot.keyClick(window, Qt.Key.Key_3)
    column = window.centre.columns["third"]
    assert column.isVisible()
    assert column.view.frame == column.slice.frame == 5
    assert column.view._overlay.notes.title == "Difference"
    assert column.view._overlay.notes.dots == ("truth", "forecast")
    assert column.bar.accessibleName() == "Colours of Δ log ρ"
    # Denser than the truth in the whole cavity.
    assert golden(column.view.image()) > 300
    assert golden(column.slice.image()) > 500
    qtbot.keyClick(window, Qt.Key.Key_Home)
    assert column.view.frame == 0
    assert golden(column.slice.image()) < 50
    qtbot.keyClick(window, Qt.Key.Key_3)
    assert not column.isVisible()


def test_its_title_chooses_what_it_shows(qtbot, opened):
    window = opened
    window.actions_["third_uncertainty"].trigger()
    column = window.centre.columns["third"]
    assert column.view._overlay.notes.title == "Uncertainty"
    assert "probability" in column.view._overlay.notes.subtitle
    column.chooser.choices["control"].trigger()
    assert window.document.look.third_kind == "control"
    assert column.view._stage.prepared.quantity == "density"
    assert column.bar.accessibleName() == "Colours of the gas"
    assert window.actions_["third_control"].isChecked()
    assert not window.actions_["third_uncertainty"].isChecked()
    window.actions_["third_control"].trigger()
    assert not column.isVisible()


def test_rings_follow_level_and_layer(opened):
    window = opened
    window.actions_["show_third"].trigger()
    stage = window.centre.columns["third"].view._stage
    shown = {role: layer.actor.GetVisibility() for role, layer in stage.rings.items()}
    assert shown == {"truth": 1, "forecast": 1}
    assert not stage.shell.actor.GetVisibility()
    window.document.change_layers(("third",), shell=False)
    assert not any(layer.actor.GetVisibility() for layer in stage.rings.values())


def test_it_says_in_the_window_what_is_missing(qtbot, window, sample_file):
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    window.actions_["third_uncertainty"].trigger()
    notes = window.centre.columns["third"].view._overlay.notes
    assert "Press Forecast" in notes.empty_text
    assert notes.time_myr is None
    # The sample brings its control.
    window.actions_["third_control"].trigger()
    assert window.centre.columns["third"].view.frame == window.document.frame


def test_a_double_click_on_a_difference_means_the_gas_there(qtbot, opened):
    window = opened
    window.actions_["show_third"].trigger()
    view = window.centre.columns["third"].slice
    told = []
    view.picked.connect(told.append)
    at = view.pixel_of(SITE[0], SITE[1]).toPoint()
    qtbot.mouseDClick(view, Qt.MouseButton.LeftButton, pos=QPoint(at.x(), at.y()))
    assert told[0].log_density == pytest.approx(-2.0, abs=0.3)
