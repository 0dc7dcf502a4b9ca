"""The live views: they need a display (Xvfb will do), as Qt's off-screen platform has no OpenGL."""

from __future__ import annotations

import gc
import os
import weakref

import numpy as np
import pytest

os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.scene.box import box_edges, facing_octant
from app.scene.camera import default_camera, orbit
from app.scene.link import CameraLink
from app.scene.overlay import format_time, scale_length
from app.scene.slices import SliceView
from app.scene.view import SceneView
from app.scene.viewport import STILL_MS
from app.view_state import CameraState, LayerState, TransferFunction
from core.cubes import CubeSequence
from tests.helpers import analytic_evolution


@pytest.fixture(autouse=True)
def _display(qapp):
    if QGuiApplication.platformName() == "offscreen":
        pytest.skip("3D views need a display: run under Xvfb")


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(16, 8, dimple=0.2)


@pytest.fixture
def make_view(qtbot):
    views = []

    def make(role="truth", size=(240, 260)):
        view = SceneView(role)
        qtbot.addWidget(view, before_close_func=lambda widget: widget.close_view())
        view.resize(*size)
        view.show()
        qtbot.waitExposed(view)
        views.append(view)
        return view

    return make


@pytest.fixture
def view(make_view, evolution):
    view = make_view()
    view.set_title("Truth", "analytic")
    view.set_evolution(evolution.sequence, evolution.control, evolution.site_pc)
    return view


def pixels(image):
    image = image.convertToFormat(image.Format.Format_RGB888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return rows[:, : 3 * image.width()].reshape(image.height(), image.width(), 3).astype(int)


def gold(image):
    red, green, blue = np.moveaxis(pixels(image), -1, 0)
    return int(((red > 110) & (red - blue > 60) & (green > blue)).sum())


def test_an_empty_view_says_so(make_view):
    view = make_view("forecast")
    assert view.frame is None
    assert view._overlay.notes.empty_text == "No forecast yet"
    view.set_empty_text("Press Forecast")
    assert view._overlay.notes.empty_text == "Press Forecast"
    view.show_time(0.05)
    assert view.frame is None
    assert not view.image().isNull()


def test_time_moves_in_place(view, evolution):
    actors = len(view._canvas.renderer.GetViewProps())
    volume = view._stage.volume
    for moment in (0.0, 0.0139, 0.05, 9.0, -1.0):
        view.show_time(moment)
        assert view.frame == evolution.sequence.nearest(moment)
        shown = view._stage.prepared.volume(view.frame)
        np.testing.assert_array_equal(volume.grid["log_density"], shown.ravel())
    assert view._stage.volume is volume
    assert len(view._canvas.renderer.GetViewProps()) == actors
    assert view._overlay.notes.time_myr == 0.0


def test_another_evolution_keeps_the_time_and_leaves_no_actors(view):
    view.show_time(0.042)
    actors = len(view._canvas.renderer.GetViewProps())
    other = analytic_evolution(16, 4)
    view.set_evolution(other.sequence, other.control)
    assert view.frame == 3
    assert len(view._canvas.renderer.GetViewProps()) == actors
    view.set_evolution(None, None)
    assert view.frame is None
    assert view._overlay.notes.empty_text == "No snapshot open"
    assert len(view._canvas.renderer.GetViewProps()) == actors - 1


def test_shell_needs_a_control_and_a_visible_layer(view, evolution):
    shell = view._stage.shell
    view.show_time(0.049)
    assert shell.actor.GetVisibility()
    assert shell.n_triangles > 100
    view.set_layers(LayerState(shell=False))
    assert not shell.actor.GetVisibility()
    view.set_layers(LayerState(shell_opacity=0.0))
    assert not shell.actor.GetVisibility()
    view.set_layers(LayerState())
    assert shell.actor.GetVisibility()
    view.show_time(0.0)
    assert not shell.actor.GetVisibility()
    view.set_evolution(evolution.sequence, None)
    view.show_time(0.049)
    assert not shell.actor.GetVisibility()


def test_level_changes_the_surface(view):
    view.show_time(0.049)
    volumes = []
    for level in (0.1, 0.5):
        view.set_layers(LayerState(shell_level=level))
        volumes.append(view._stage.shell.mapper.GetInput().volume)
    assert volumes[0] < volumes[1]


def test_layers_switch_actors_and_annotations(view):
    view.set_layers(LayerState(volume=False, box=False, site=False))
    stage = view._stage
    assert not stage.volume.actor.GetVisibility()
    assert not stage.box.actor.GetVisibility()
    assert view._overlay.notes.site_pc is None
    assert view._overlay.notes.edges is None
    view.set_layers(LayerState(cut=False))
    assert not stage.volume.mapper.GetCropping()
    assert len(view._overlay.notes.edges.cut_front) == 0
    view.set_layers(LayerState())
    assert stage.volume.mapper.GetCropping()


def test_transfer_function_reaches_the_volume(view):
    view.set_transfer(TransferFunction("magma", (-3.0, 2.0), ((-3.0, 0.0), (2.0, 0.8))))
    look = view._stage.volume.actor.GetProperty()
    assert look.GetScalarOpacity().GetValue(2.0) == pytest.approx(0.8)
    view.set_layers(LayerState(volume_opacity=0.5))
    assert look.GetScalarOpacity().GetValue(2.0) == pytest.approx(0.4)
    assert look.GetRGBTransferFunction().GetRange() == (-3.0, 2.0)


def test_camera_is_told_once_and_not_when_unchanged(view, qtbot):
    told = []
    view.camera_changed.connect(told.append)
    eye = orbit(view.camera(), 30.0, 0.0)
    view.set_camera(eye)
    view.set_camera(eye)
    assert told == [eye]
    assert view.camera() == eye
    np.testing.assert_allclose(view._canvas.camera.position, eye.position)
    view.reset_camera()
    assert len(told) == 2
    assert view.camera().view_up == (0.0, 0.0, 1.0)


def test_the_cube_is_fitted_until_the_eye_is_moved(view, qtbot):
    wide = view.camera()
    view.resize(240, 500)
    qtbot.waitUntil(lambda: view.camera() != wide)
    assert view.camera() == default_camera(60.0, 240 / 500)
    eye = orbit(view.camera(), 10.0, 0.0)
    view.set_camera(eye)
    view.resize(400, 300)
    qtbot.wait(20)
    assert view.camera() == eye


def test_drag_turns_and_wheel_zooms_coarsely_then_finely(view, qtbot):
    before = view.camera()
    canvas = view._canvas
    middle = QPoint(120, 130)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=middle)
    qtbot.mouseMove(canvas, middle + QPoint(30, 0))
    canvas.dragged.emit(30.0, 0.0, False)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=middle + QPoint(30, 0))
    assert view.camera() != before
    assert view._stage.coarse
    assert view._stage.volume.mapper.GetImageSampleDistance() == 2.0
    qtbot.waitUntil(lambda: not view._stage.coarse, timeout=STILL_MS * 10)
    assert view._stage.volume.mapper.GetImageSampleDistance() == 1.0
    position = np.linalg.norm(view.camera().position)
    canvas.wheeled.emit(2.0)
    assert np.linalg.norm(view.camera().position) < position


def test_coarse_holds_until_told_otherwise(view, qtbot):
    view.set_coarse(True)
    view.turn(5.0, 0.0)
    qtbot.wait(2 * STILL_MS)
    assert view._stage.coarse
    view.set_coarse(False)
    qtbot.waitUntil(lambda: not view._stage.coarse, timeout=STILL_MS * 10)


def test_linked_views_share_one_eye_and_both_repaint(make_view, evolution, qtbot):
    first, second = make_view("truth"), make_view("forecast")
    link = CameraLink([first, second])
    for view in (first, second):
        view.set_evolution(evolution.sequence, evolution.control)
    painted = []
    second._canvas.frame_drawn.connect(lambda: painted.append(1))
    qtbot.wait(30)
    painted.clear()
    first.turn(25.0, 5.0)
    qtbot.waitUntil(lambda: second.camera() == first.camera() and bool(painted), timeout=3000)
    assert link.enabled


def test_nothing_is_drawn_while_nothing_changes(view, qtbot):
    qtbot.wait(2 * STILL_MS)
    painted = []
    view._canvas.frame_drawn.connect(lambda: painted.append(1))
    qtbot.wait(400)
    assert painted == []


def test_keys_and_files_reach_the_window(view, qtbot):
    assert not view._canvas.acceptDrops()
    parent = QWidget()
    qtbot.addWidget(parent)
    for key in (Qt.Key.Key_Q, Qt.Key.Key_W, Qt.Key.Key_E, Qt.Key.Key_3):
        qtbot.keyClick(view._canvas, key)
    assert view.isVisible()
    assert not view._canvas._closed


def test_picture_shows_the_shell_and_scales(view):
    view.show_time(0.049)
    image = view.image()
    assert (image.width(), image.height()) == (240, 260)
    assert gold(image) > 300
    double = view.image(2)
    assert (double.width(), double.height()) == (480, 520)
    view.set_layers(LayerState(shell=False, site=False))
    assert gold(view.image()) < 100


def test_live_pixels_show_the_shell(view, qtbot):
    view.show_time(0.049)
    qtbot.wait(50)
    assert gold(view._canvas.grabFramebuffer()) > 300


def test_closing_is_idempotent_and_later_calls_are_harmless(view, evolution):
    view.close_view()
    view.close_view()
    view.show_time(0.02)
    view.set_evolution(evolution.sequence, evolution.control)
    view.set_camera(default_camera())
    view.set_layers(LayerState(box=False))
    view.set_transfer(TransferFunction("magma"))
    view.set_coarse(True)
    view.reset_camera()
    view.close()


def test_a_closed_view_is_freed(make_view, evolution, qtbot):
    view = SceneView("truth")
    view.set_evolution(evolution.sequence, evolution.control)
    view.show()
    qtbot.waitExposed(view)
    view.close_view()
    gone = weakref.ref(view._stage)
    view.deleteLater()
    qtbot.wait(10)
    del view
    gc.collect()
    assert gone() is None


def test_slice_outlines_the_cavity(qtbot):
    evolution = analytic_evolution(32, 8, uniform=True, site_pc=(4.0, -3.0, 2.0))
    slice_view = SliceView("truth")
    qtbot.addWidget(slice_view)
    slice_view.resize(300, 200)
    slice_view.set_evolution(evolution.sequence, evolution.control, evolution.site_pc)
    assert slice_view.outlines == []
    slice_view.show_time(1.0)
    assert slice_view.frame == 7
    (line,) = slice_view.outlines
    offsets = (line - 0.5) * 60.0 - [4.0, -3.0]
    np.testing.assert_allclose(np.hypot(*offsets.T), 13.0, atol=0.9)
    assert gold(slice_view.image(2)) > 200
    slice_view.set_layers(LayerState(shell=False))
    assert slice_view.outlines == []
    slice_view.set_transfer(TransferFunction("magma"))
    slice_view.set_evolution(None, None)
    assert slice_view.frame is None
    assert not slice_view.image().isNull()


def test_slice_has_x_to_the_right_and_y_upwards(qtbot):
    density = np.full((1, 16, 16, 16), 0.1, np.float32)
    density[:, 9:, 9:, :] = 20.0  # large x and large y
    slice_view = SliceView("truth")
    qtbot.addWidget(slice_view)
    slice_view.resize(200, 200)
    slice_view.set_evolution(CubeSequence({"density": density}, [0.0], 60.0), None)
    slice_view.set_layers(LayerState(site=False))
    light = pixels(slice_view.image()).sum(axis=2)
    assert light[40:80, 120:180].mean() > light[120:160, 20:80].mean() + 200


def test_edges_before_the_gas_are_those_of_the_near_faces():
    eye = default_camera()
    octant = facing_octant(eye, (0.0, 0.0, 0.0))
    assert octant == (1, 1, 1)
    edges = box_edges(eye, 60.0, octant, (0.0, 0.0, 0.0))
    assert [len(part) for part in (edges.front, edges.back)] == [9, 3]
    assert [len(part) for part in (edges.cut_front, edges.cut_back)] == [6, 3]
    inside = CameraState((1.0, 2.0, 3.0))
    assert len(box_edges(inside, 60.0, None, (0.0, 0.0, 0.0)).front) == 0


def test_the_cut_does_not_flicker_at_a_plane():
    octant = facing_octant(CameraState((100.0, 1.0, 50.0)), (0.0, 0.0, 0.0))
    just_past = CameraState((100.0, -1.0, 50.0))
    assert facing_octant(just_past, (0.0, 0.0, 0.0), octant) == octant
    far_past = CameraState((100.0, -30.0, 50.0))
    assert facing_octant(far_past, (0.0, 0.0, 0.0), octant) == (1, -1, 1)


def test_labels():
    assert format_time(0.084) == "t = 0.084 Myr"
    assert format_time(-0.0001) == "t = 0.000 Myr"
    assert format_time(-0.007) == "t = \N{MINUS SIGN}0.007 Myr"
    assert format_time(12.5) == "t = 12.50 Myr"
    assert scale_length(3.48, 342) == 10
    assert scale_length(0.003, 342) == 10000


def test_playing_is_coarse_only_where_drawing_is_slow(view, qtbot):
    view.redraw()
    qtbot.wait(50)
    view._fine_seconds = 0.001
    view.show_time(0.007)
    view.show_time(0.014)
    assert not view._stage.coarse
    view._fine_seconds = 0.2
    view.show_time(0.021)
    view.show_time(0.028)
    assert view._stage.coarse
    qtbot.waitUntil(lambda: not view._stage.coarse, timeout=STILL_MS * 10)


def test_a_view_survives_being_hidden_and_moved_to_another_window(view, qtbot):
    view.hide()
    view.show_time(0.014)
    view.show()
    other = QWidget()
    qtbot.addWidget(other)
    view.setParent(other)
    other.resize(240, 260)
    other.show()
    view.show()
    qtbot.waitExposed(other)
    view.show_time(0.049)
    qtbot.wait(50)
    assert gold(view._canvas.grabFramebuffer()) > 300
    view.setParent(None)
