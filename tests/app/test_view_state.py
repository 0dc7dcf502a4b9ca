from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.scene import camera as geometry
from app.scene.colormaps import NAMES, ROLE_COLORS, colorize, lookup_table
from app.view_state import CameraState, LayerState, TransferFunction
from core.errors import InvalidRequest


def test_states_are_values():
    assert TransferFunction() == TransferFunction()
    assert replace(LayerState(), shell=False) != LayerState()
    assert hash(CameraState((1.0, 0.0, 0.0))) == hash(CameraState((1.0, 0.0, 0.0)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: TransferFunction(range_dex=(1.0, 1.0)),
        lambda: TransferFunction(opacity_points=()),
        lambda: TransferFunction(opacity_points=((0.0, 0.1), (-1.0, 0.2))),
        lambda: LayerState(shell_opacity=1.5),
        lambda: LayerState(shell_level=1.0),
    ],
)
def test_impossible_states_are_refused(make):
    with pytest.raises(InvalidRequest):
        make()


def test_view_state_needs_no_qt_and_no_vtk():
    code = (
        "import sys, app.view_state, app.scene.prepare, app.scene.camera, app.scene.colormaps;"
        "print([m for m in sys.modules if m.split('.')[0] in ('PySide6', 'pyvista', 'vtkmodules')])"
    )
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"


def test_maps_run_from_dark_to_light():
    for name in NAMES:
        table = lookup_table(name).astype(float)
        light = table @ [0.2126, 0.7152, 0.0722]
        assert table.shape == (256, 3)
        assert light[-1] > light[0] + 100
    light = lookup_table("deep-blue").astype(float) @ [0.2126, 0.7152, 0.0722]
    assert np.all(np.diff(light) >= 0)


def test_colorize_takes_the_ends_of_the_range():
    colors = colorize(np.array([[-9.0, -1.0], [1.0, 9.0]]), "deep-blue", (-1.0, 1.0))
    assert colors.shape == (2, 2, 3)
    np.testing.assert_array_equal(colors[0, 0], colors[0, 1])
    np.testing.assert_array_equal(colors[1, 1], lookup_table("deep-blue")[-1])


def test_unknown_map_names_those_that_exist():
    with pytest.raises(InvalidRequest, match="deep-blue"):
        lookup_table("rainbow")


def test_meaning_colours():
    assert (ROLE_COLORS["truth"], ROLE_COLORS["forecast"]) == ("#ffc35a", "#ef5f9c")


@pytest.mark.parametrize("aspect", [0.5, 0.77, 1.0, 2.0])
@pytest.mark.parametrize("size_pc", [6.0, 60.0])
def test_default_camera_shows_the_whole_cube(aspect, size_pc):
    eye = geometry.default_camera(size_pc, aspect)
    half = size_pc / 2
    corners = np.array(np.meshgrid(*[[-half, half]] * 3)).reshape(3, -1).T
    pixels = geometry.project(eye, corners, 400 * aspect, 400)
    assert pixels.min() > 0
    assert pixels[:, 0].max() < 400 * aspect
    assert pixels[:, 1].max() < 400


def test_project_puts_the_focus_in_the_middle_and_up_is_up():
    eye = CameraState((100.0, 0.0, 0.0), view_angle=90.0)
    np.testing.assert_allclose(geometry.project(eye, (0, 0, 0), 300, 200), [150, 100])
    np.testing.assert_allclose(geometry.project(eye, (0, 0, 50), 300, 200), [150, 50])
    # Looking along -x with z up, +y lies to the right.
    assert geometry.project(eye, (0, 10, 0), 300, 200)[0] > 150
    assert np.isnan(geometry.project(eye, (200, 0, 0), 300, 200)).all()


def test_scale_at_the_focal_depth():
    eye = CameraState((100.0, 0.0, 0.0), view_angle=90.0)
    assert geometry.pixels_per_pc(eye, 200) == pytest.approx(1.0)


def test_orbit_keeps_distance_and_stops_at_the_poles():
    eye = geometry.default_camera()
    turned = geometry.orbit(geometry.orbit(eye, 360.0, 0.0), 0.0, 500.0)
    assert geometry.distance(turned) == pytest.approx(geometry.distance(eye))
    right, up, forward = geometry.axes(turned)
    assert np.isfinite([right, up, forward]).all()
    assert forward[2] < -0.99


def test_zoom_is_bounded_and_pan_moves_eye_and_focus():
    eye = geometry.default_camera()
    assert geometry.distance(geometry.zoom(eye, 1e9)) == pytest.approx(12.0)
    assert geometry.distance(geometry.zoom(eye, 1e-9)) == pytest.approx(1200.0)
    moved = geometry.pan(eye, 3.0, 4.0)
    step = np.subtract(moved.position, eye.position)
    np.testing.assert_allclose(step, np.subtract(moved.focal_point, eye.focal_point), atol=1e-9)
    assert np.linalg.norm(step) == pytest.approx(5.0)
