"""Which views are seen, and where their eyes are, in the real window."""

from __future__ import annotations

import os

import numpy as np
import pytest

os.environ.setdefault("QT_API", "pyside6")

from PySide6.QtCore import QPoint, Qt

from app.look import Look
from app.scene import camera as geometry
from app.scene.box import box_edges, facing_octant
from app.scene.camera import STANDARD_VIEWS, orbit, project, standard_camera
from app.scene.picking import pick_gas, ray
from app.view_state import CameraState, TransferFunction
from core.errors import InvalidRequest
from tests.app.conftest import WAIT_MS

# -- without a window --------------------------------------------------------


def test_views_are_shown_and_hidden_beside_those_that_are_seen():
    look = Look()
    assert look.shown == ("truth", "forecast")
    three = look.with_shown("third", True)
    assert three.shown == ("truth", "forecast", "third")
    alone = three.with_shown("truth", False).with_shown("third", False)
    assert alone.shown == ("forecast",)
    assert alone.with_shown("forecast", False) is alone


def test_showing_another_view_ends_maximising():
    look = Look(maximised="truth")
    assert look.shown == ("truth",)
    both = look.with_shown("third", True)
    assert (both.shown, both.maximised) == (("truth", "third"), "")
    assert look.with_shown("truth", False) is look


@pytest.mark.parametrize("name", STANDARD_VIEWS)
@pytest.mark.parametrize("aspect", [0.6, 1.0, 2.0])
@pytest.mark.parametrize("parallel", [False, True])
def test_standard_views_show_the_whole_cube(name, aspect, parallel):
    eye = standard_camera(name, 60.0, aspect, parallel=parallel)
    corners = np.array([[x, y, z] for x in (-30, 30) for y in (-30, 30) for z in (-30, 30)])
    at = project(eye, corners, 400.0 * aspect, 400.0) / [400.0 * aspect, 400.0]
    assert (at > 0.02).all()
    assert (at < 0.98).all()
    across = (at.max(axis=0) - at.min(axis=0)).max()
    assert across > 0.55


def test_axes_point_where_they_should():
    right, up, forward = geometry.axes(standard_camera("+x"))
    np.testing.assert_allclose([right, up, forward], [[0, 1, 0], [0, 0, 1], [-1, 0, 0]], atol=1e-3)
    right, up, _ = geometry.axes(standard_camera("+z"))
    np.testing.assert_allclose([right, up], [[1, 0, 0], [0, 1, 0]], atol=1e-3)


@pytest.mark.parametrize("name", ["+z", "-z"])
def test_turning_on_from_above_does_not_jump(name):
    eye = standard_camera(name)
    turned = orbit(eye, 1.0, 0.0)
    for before, after in zip(geometry.axes(eye), geometry.axes(turned), strict=True):
        assert np.dot(before, after) > np.cos(np.deg2rad(4.0))


def test_there_is_no_other_standard_view():
    with pytest.raises(InvalidRequest, match="isometric"):
        standard_camera("+w")


def test_parallel_lines_of_sight_keep_the_scale():
    eye = CameraState((200.0, 30.0, 60.0), parallel=True)
    right, _, forward = geometry.axes(eye)
    near, far = (np.array([depth * forward, depth * forward + right]) for depth in (-40.0, 40.0))
    scale = geometry.pixels_per_pc(eye, 500.0)
    for pair in (near, far):
        left, there = project(eye, pair, 400.0, 500.0)
        assert np.hypot(*(there - left)) == pytest.approx(scale)
    # In perspective the scale is the same at the focal point only.
    one = CameraState((200.0, 30.0, 60.0))
    left, there = project(one, near, 400.0, 500.0)
    assert np.hypot(*(there - left)) > 1.1 * scale


def test_what_is_seen_along_parallel_lines_is_picked():
    field = np.full((31, 31, 31), -3.0, np.float32)
    field[15, 18:21, 15] = 2.0  # z, y, x: at y = +8 pc
    eye = CameraState((200.0, 0.0, 0.0), parallel=True)
    pixel = project(eye, (0.0, 8.0, 0.0), 400.0, 500.0)
    found = pick_gas(field, 60.0, ray(eye, *pixel, 400.0, 500.0), TransferFunction())
    np.testing.assert_allclose(found.position_pc, (0.0, 8.0, 0.0), atol=2.5)
    assert facing_octant(eye, (0.0, 0.0, 0.0))[0] == 1
    assert len(box_edges(eye, 60.0).front) == 4  # one face is seen, edge-on the others


# -- in the window -----------------------------------------------------------


@pytest.fixture
def opened(qtbot, window, sample_file):
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    return window


def seen(window):
    return tuple(role for role, column in window.centre.columns.items() if column.isVisible())


def assert_fits(view):
    """The whole cube is seen, under the title, and it fills the view one way or the other."""
    corners = np.array([[x, y, z] for x in (-30, 30) for y in (-30, 30) for z in (-30, 30)])
    at = project(view.camera(), corners, view.width(), view.height())
    size = view.width(), view.height()
    assert (at > 0).all()
    assert (at < size).all()
    assert at[:, 1].min() > 40
    assert ((at.max(axis=0) - at.min(axis=0)) / size).max() > 0.65


def test_keys_show_and_hide_views_and_one_stays(qtbot, opened):
    window = opened
    assert seen(window) == ("truth", "forecast")
    qtbot.keyClick(window, Qt.Key.Key_2)
    assert seen(window) == ("truth",)
    assert not window.actions_["show_truth"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_1)
    assert seen(window) == ("truth",)
    qtbot.keyClick(window, Qt.Key.Key_3)
    assert seen(window) == ("truth", "third")
    assert window.actions_["show_third"].isChecked()
    assert not window.actions_["show_forecast"].isChecked()


def test_a_double_click_on_the_title_maximises(qtbot, opened):
    window = opened
    column = window.centre.columns["forecast"]
    canvas, title = column.view._canvas, QPoint(90, 18)
    qtbot.mouseDClick(canvas, Qt.MouseButton.LeftButton, pos=title)
    assert window.document.look.maximised == "forecast"
    assert seen(window) == ("forecast",)
    qtbot.waitUntil(lambda: column.width() > 0.9 * window.centre.views.width())
    column.buttons.room.click()
    assert seen(window) == ("truth", "forecast")
    window.actions_["maximise"].trigger()
    assert len(seen(window)) == 1
    window.actions_["maximise"].trigger()
    assert len(seen(window)) == 2


def test_the_menu_of_a_view_hides_it(opened):
    window = opened
    buttons = window.centre.columns["truth"].buttons
    buttons.hide_view.trigger()
    assert seen(window) == ("forecast",)
    assert not window.centre.columns["forecast"].buttons.hide_view.isEnabled()


def test_every_control_over_a_view_has_a_name_and_a_tip(opened):
    window = opened
    window.actions_["show_third"].trigger()
    for column in window.centre.columns.values():
        controls = [column.buttons.more, column.buttons.room]
        controls += [column.chooser] if column.chooser is not None else []
        for control in controls:
            assert control.toolTip()
            assert control.accessibleName()
            assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_what_was_hidden_catches_up(qtbot, opened):
    window = opened
    window.actions_["show_truth"].trigger()
    window.document.go_to(float(window.document.times_myr[3]))
    column = window.centre.columns["truth"]
    assert column.view.frame == 0
    window.actions_["show_truth"].trigger()
    assert column.view.frame == column.slice.frame == 3


def test_undoing_brings_the_arrangement_back(opened):
    document = opened.document
    before = document.look
    opened.actions_["third_control"].trigger()
    opened.actions_["maximise"].trigger()
    document.set_look(before)
    assert seen(opened) == ("truth", "forecast")
    assert not opened.actions_["maximise"].isChecked()


def test_aligning_moves_the_others_even_if_they_are_not_linked(qtbot, opened):
    window = opened
    window.actions_["show_third"].trigger()
    truth, other, third = (window.centre.columns[r] for r in ("truth", "forecast", "third"))
    window.actions_["link"].trigger()
    eye = orbit(truth.view.camera(), 40.0, 10.0)
    other.view.set_camera(eye)
    qtbot.wait(50)
    assert truth.view.camera() != eye
    other.buttons.align.trigger()
    assert truth.view.camera() == third.view.camera() == eye


def test_views_that_fit_go_on_fitting_when_others_come(qtbot, opened):
    window = opened
    window.actions_["show_third"].trigger()
    views = [column.view for column in window.centre.columns.values()]
    qtbot.waitUntil(lambda: len({view.height() for view in views}) == 1)
    qtbot.keyClick(window, Qt.Key.Key_R)
    qtbot.wait(50)
    assert all(view.fitted for view in views)
    window.actions_["show_third"].trigger()
    window.actions_["show_forecast"].trigger()
    column = window.centre.columns["truth"]
    qtbot.waitUntil(lambda: column.width() > 0.9 * window.centre.views.width())
    assert_fits(views[0])


def test_standard_views_and_parallel_lines(qtbot, opened):
    window = opened
    qtbot.keyClick(window, Qt.Key.Key_4)
    truth, other = (column.view for column in window.centre.columns.values())
    assert truth.standpoint == other.standpoint == "+x"
    for view in (truth, other):
        assert view.camera().position[0] > 100
        _, up, forward = geometry.axes(view.camera())
        np.testing.assert_allclose([up, forward], [[0, 0, 1], [-1, 0, 0]], atol=1e-6)
    qtbot.keyClick(window, Qt.Key.Key_O)
    assert window.document.look.orthographic
    assert truth._canvas.camera.GetParallelProjection()
    eye = truth.camera()
    assert eye.parallel
    assert truth._canvas.camera.GetParallelScale() == pytest.approx(
        0.5 * truth.height() / geometry.pixels_per_pc(eye, truth.height())
    )
    truth.turn(10.0, 0.0)
    qtbot.waitUntil(lambda: other.camera() == truth.camera())
    assert other.camera().parallel
    qtbot.keyClick(window, Qt.Key.Key_O)
    assert not truth.camera().parallel


def test_a_wide_view_has_its_slice_beside_it(qtbot, opened):
    window = opened
    column = window.centre.columns["truth"]
    assert not column.is_wide
    assert column.slice.y() > column.view.y()
    window.resize(1500, 720)
    window.actions_["bottom"].trigger()
    window.actions_["maximise"].trigger()
    seen_now = window.centre.columns[window.document.look.shown[0]]
    qtbot.waitUntil(lambda: seen_now.is_wide)
    qtbot.waitUntil(lambda: seen_now.slice.x() > seen_now.view.x())
    assert seen_now.slice.height() > 0.9 * seen_now.height()
    # The eye follows the room there is.
    assert_fits(seen_now.view)


def test_a_picture_shows_what_is_seen(qtbot, opened):
    window = opened
    for keys in ((), ("show_third",), ("show_truth",), ("slices",), ("maximise",)):
        for key in keys:
            window.actions_[key].trigger()
        qtbot.wait(30)
        image = window.centre.picture(1)
        assert image.size() == window.centre.views.size()
        for column in window.centre.columns.values():
            if not column.isVisible():
                continue
            # Each view is drawn where it is: its title is there.
            place = column.view.mapTo(window.centre.views, QPoint(18, 20))
            colors = {
                image.pixelColor(place.x() + x, place.y() + y).name()
                for x in (-6, 0, 6)
                for y in range(-5, 6)
            }
            assert len(colors) > 2
