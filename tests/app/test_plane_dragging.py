"""Planes that are moved with the mouse, the wheel and keys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.document import Document
from app.history import History
from app.look import VIEW_ROLES
from app.scene import camera as geometry
from app.scene.camera import default_camera, standard_camera
from app.scene.grips import Veil, dragged_offset, faces_eye, grip_at, offset_range, turned
from app.scene.plane_sheet import arrow_direction
from app.scene.planes import plane_of
from app.view_state import LayerState, TransferFunction
from tests.app.conftest import WAIT_MS
from tests.app.test_probe import hover

SIZE = 60.0
PICTURE = (500.0, 400.0)
SITE = (3.0, -2.0, 1.0)
CLEAR = Veil()


def pixel(camera, place) -> tuple[float, float]:
    x, y = geometry.project(camera, place, *PICTURE)
    return float(x), float(y)


def held(layers, camera, place, veil=CLEAR):
    return grip_at(layers, SITE, SIZE, camera, pixel(camera, place), PICTURE, veil)


# -- without a window ----------------------------------------------------------


@pytest.mark.parametrize("parallel", [False, True])
@pytest.mark.parametrize("name", ["x", "y", "z", "free"])
def test_what_is_held_stays_under_the_mouse(name, parallel):
    camera = replace(default_camera(), parallel=parallel)
    layers = LayerState(free_azimuth_deg=100.0)
    layers = replace(layers, **{f"plane_{name}": True, f"plane_{name}_pc": 4.0})
    origin, normal = plane_of(layers, name, SITE)
    grip = held(layers, camera, origin)
    assert grip.name == name
    np.testing.assert_allclose(grip.place_pc, origin, atol=1e-6)
    to = pixel(camera, origin + 7.0 * normal)
    moved = dragged_offset(grip, camera, pixel(camera, origin), to, PICTURE)
    assert moved == pytest.approx(11.0, abs=1e-6)
    still = dragged_offset(grip, camera, pixel(camera, origin), pixel(camera, origin), PICTURE)
    assert still == pytest.approx(4.0, abs=1e-9)


@pytest.mark.parametrize(("eye", "sign"), [("+x", -1.0), ("-x", 1.0)])
def test_a_plane_that_faces_the_eye_is_pushed_away_upwards(eye, sign):
    camera = standard_camera(eye)
    layers = LayerState(plane_x=True)
    grip = held(layers, camera, SITE)
    assert faces_eye(grip, camera)
    start = pixel(camera, SITE)
    per_pc = geometry.pixels_per_pc(camera, PICTURE[1])
    up = dragged_offset(grip, camera, start, (start[0] + 3, start[1] - 5 * per_pc), PICTURE)
    assert up == pytest.approx(sign * 5.0)
    np.testing.assert_array_equal(arrow_direction(grip, camera, *PICTURE), [0.0, -1.0])


def test_only_what_is_seen_is_held():
    camera = default_camera()
    layers = LayerState(plane_z=True, plane_x=True)
    # The nearest of two planes, and nothing beside them.
    in_front = held(layers, camera, (SITE[0], 10.0, -20.0))
    assert in_front.name == "x"
    assert grip_at(layers, SITE, SIZE, camera, (2.0, 2.0), PICTURE, CLEAR) is None
    assert held(replace(layers, planes_opacity=0.0), camera, SITE) is None
    # Gas hides what is behind it, unless it is cut away there.
    lone = LayerState(plane_z=True)
    dense = Veil(np.full((8, 8, 8), 3.0, np.float32), TransferFunction())
    behind = (-5.0, -5.0, SITE[2])
    assert held(lone, camera, behind).name == "z"
    assert held(lone, camera, behind, dense) is None
    # The eye looks into the octant of large x, y and z.
    opened = replace(dense, octant=(1, 1, 1), corner_pc=(-29.0, -29.0, SITE[2]))
    assert held(lone, camera, behind, opened).name == "z"
    shell = np.ones((9, 9, 9), np.float32)
    assert held(lone, camera, behind, Veil(shell=shell)).name == "z"
    assert held(lone, camera, behind, Veil(shell=-shell)) is None


def test_a_plane_seen_edge_on_is_held_at_its_outline():
    camera = standard_camera("+x", parallel=True)
    layers = LayerState(plane_y=True, plane_y_pc=5.0)
    at = pixel(camera, (30.0, 3.0, 12.0))
    grip = grip_at(layers, SITE, SIZE, camera, (at[0] + 3.0, at[1]), PICTURE, CLEAR)
    assert grip.name == "y"
    assert grip_at(layers, SITE, SIZE, camera, (at[0] + 9.0, at[1]), PICTURE, CLEAR) is None
    start = (at[0] + 3.0, at[1])
    to = (start[0] + geometry.pixels_per_pc(camera, PICTURE[1]) * 6.0, at[1])
    assert dragged_offset(grip, camera, start, to, PICTURE) == pytest.approx(11.0, abs=1e-6)


def test_planes_stay_in_the_cube_and_in_the_range_of_the_panel():
    assert offset_range(SITE, SIZE, (1.0, 0.0, 0.0)) == (-30.0, 27.0)
    low, high = offset_range((0.0, 0.0, 0.0), SIZE, tuple(np.ones(3) / np.sqrt(3)))
    assert (low, high) == (-30.0, 30.0)


def test_a_plane_rolls_with_the_mouse():
    camera = standard_camera("+x")  # right is y, up is z
    assert turned((1.0, 0.0, 0.0), camera, 50.0, 0.0) == pytest.approx((20.0, 0.0), abs=0.05)
    azimuth, elevation = turned((1.0, 0.0, 0.0), camera, 0.0, -50.0)
    assert (azimuth, elevation) == pytest.approx((0.0, 20.0), abs=0.05)
    # Over the pole and on.
    azimuth, elevation = turned((1.0, 0.0, 0.0), camera, 0.0, -300.0)
    assert abs(azimuth) == pytest.approx(180.0, abs=0.05)
    assert elevation == pytest.approx(60.0, abs=0.05)


def test_a_turn_is_one_edit_whichever_angles_change():
    document = Document()
    is_held = [True]
    history = History(document, lambda: is_held[0])
    before = document.look
    document.change_layers(VIEW_ROLES, free_azimuth_deg=40.0)
    document.change_layers(VIEW_ROLES, free_azimuth_deg=50.0, free_elevation_deg=10.0)
    document.change_layers(VIEW_ROLES, free_elevation_deg=35.0)
    is_held[0] = False
    history.release()
    assert len(history) == 1
    assert history.undo_text == "azimuth of free plane"  # the other angle is as it was
    history.undo()
    assert document.look == before
    history.redo()
    assert document.layers("truth").free_azimuth_deg == 50.0
    document.change_layers(VIEW_ROLES, free_azimuth_deg=0.0, free_elevation_deg=0.0)
    assert history.undo_text == "direction of free plane"


# -- in the window -------------------------------------------------------------


@pytest.fixture
def opened(qtbot, window, sample_file):
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.centre.columns["truth"].view.frame is not None, timeout=WAIT_MS)
    window.document.change_layers(VIEW_ROLES, volume=False, shell=False)
    return window


def point(at: QPointF) -> QPoint:
    return QPoint(round(at.x()), round(at.y()))


def drag(canvas, start: QPoint, end: QPoint, modifier=Qt.KeyboardModifier.NoModifier) -> None:
    left = Qt.MouseButton.LeftButton
    QTest.mousePress(canvas, left, modifier, start)
    for step in range(1, 6):
        QTest.mouseMove(canvas, start + (end - start) * step / 5)
    QTest.mouseRelease(canvas, left, modifier, end)


def test_planes_are_dragged_in_every_view_at_once(qtbot, opened):
    window, document = opened, opened.document
    view = window.centre.columns["truth"].view
    eye = view.camera()
    assert not window.actions_["plane_on"].isEnabled()
    document.change_layers(VIEW_ROLES, plane_z=True)
    assert window.actions_["plane_on"].isEnabled()
    start = view.pixel_of((-8.0, 4.0, 0.0))
    end = view.pixel_of((-8.0, 4.0, 9.0))
    hover(view.canvas, start)
    sheet = window.planes._sheets["truth"]
    qtbot.waitUntil(lambda: sheet.isVisible())
    assert sheet.words == "Plane across z: 0.0 pc"
    assert view.canvas.cursor().shape() == Qt.CursorShape.SizeVerCursor
    window.editing.history.clear()
    drag(view.canvas, point(start), point(end))
    offsets = [document.layers(role).plane_z_pc for role in VIEW_ROLES]
    assert offsets == pytest.approx([9.0] * 3, abs=0.3)
    assert view.camera() == eye
    assert not view._coarse_wanted
    assert len(window.editing.history) == 1
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert document.layers("forecast").plane_z_pc == 0.0
    # A click moves nothing, and a drag that comes back leaves it where it was.
    document.change_layers(VIEW_ROLES, plane_z_pc=0.12345)
    window.editing.history.clear()
    at = point(view.pixel_of((-8.0, 4.0, 0.12345)))
    QTest.mouseClick(view.canvas, Qt.MouseButton.LeftButton, pos=at)
    assert document.layers("truth").plane_z_pc == 0.12345
    drag(view.canvas, at, at)
    assert document.layers("truth").plane_z_pc == 0.123
    document.change_layers(VIEW_ROLES, plane_z_pc=0.0)
    # Beside the plane, and with Shift upon it, a drag is the camera's.
    drag(view.canvas, QPoint(20, 60), QPoint(50, 60))
    turned_to = view.camera()
    assert turned_to != eye
    at = point(view.pixel_of((-8.0, 4.0, 0.0)))
    drag(view.canvas, at, at + QPoint(30, 0), Qt.KeyboardModifier.ShiftModifier)
    assert view.camera() != turned_to
    assert document.layers("truth").plane_z_pc == 0.0
    # Gone with the plane.
    document.change_layers(VIEW_ROLES, plane_z=False)
    hover(view.canvas, start)
    qtbot.waitUntil(lambda: not sheet.isVisible())
    assert view.canvas.cursor().shape() == Qt.CursorShape.OpenHandCursor


def test_the_free_plane_turns_with_ctrl(opened):
    window, document = opened, opened.document
    view = window.centre.columns["truth"].view
    document.change_layers(VIEW_ROLES, plane_free=True)
    layers, eye = document.layers("truth"), view.camera()
    at = point(view.pixel_of((0.0, 0.0, 0.0)))
    drag(view.canvas, at, at + QPoint(50, 0), Qt.KeyboardModifier.ControlModifier)
    after = document.layers("truth")
    assert after.plane_free_pc == layers.plane_free_pc
    before, now = (plane_of(each, "free", (0.0,) * 3)[1] for each in (layers, after))
    angle = np.rad2deg(np.arccos(np.clip(before @ now, -1.0, 1.0)))
    assert 5.0 < angle <= 20.5
    # Other planes do not turn: the view does.
    document.change_layers(VIEW_ROLES, plane_free=False, plane_x=True)
    assert view.camera() == eye
    drag(view.canvas, at, at + QPoint(50, 0), Qt.KeyboardModifier.ControlModifier)
    assert view.camera() != eye


def test_wheel_and_keys_step_by_a_cell(qtbot, opened):
    window, document = opened, opened.document
    view = window.centre.columns["truth"].view
    voxel = document.truth.voxel_pc
    document.change_layers(VIEW_ROLES, plane_x=True, plane_z=True)
    at = view.pixel_of((0.0, -12.0, -20.0))
    eye = view.camera()

    def wheel(modifier, turns):
        event = QWheelEvent(
            at,
            view.canvas.mapToGlobal(at),
            QPoint(),
            QPoint(0, 120 * turns),
            Qt.MouseButton.NoButton,
            modifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(view.canvas, event)

    wheel(Qt.KeyboardModifier.ShiftModifier, 1)
    wheel(Qt.KeyboardModifier.ShiftModifier, 1)
    assert document.layers("truth").plane_x_pc == pytest.approx(2 * voxel)
    assert view.camera() == eye
    qtbot.keyClick(window, Qt.Key.Key_BracketLeft)
    assert document.layers("third").plane_x_pc == pytest.approx(voxel)
    assert document.layers("third").plane_z_pc == 0.0
    document.change_layers(VIEW_ROLES, plane_x=False)
    window.planes._on_exit()
    qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert document.layers("truth").plane_z_pc == pytest.approx(voxel)
    # They stop at the faces.
    for _ in range(40):
        qtbot.keyClick(window, Qt.Key.Key_BracketRight)
    assert document.layers("truth").plane_z_pc == pytest.approx(30.0)
    wheel(Qt.KeyboardModifier.NoModifier, 1)
    assert view.camera() != eye
