from __future__ import annotations

import gc
import weakref

import pytest
from PySide6.QtCore import QObject, Signal

from app.scene.camera import default_camera, orbit
from app.scene.link import CameraLink


class View(QObject):
    """A view without a picture that, like a real one, tells of every movement."""

    camera_changed = Signal(object)

    def __init__(self, camera=None):
        super().__init__()
        self._camera = camera or default_camera()
        self.moves = []

    def camera(self):
        return self._camera

    def set_camera(self, camera):
        self._camera = camera
        self.moves.append(camera)
        self.camera_changed.emit(camera)


@pytest.fixture
def views(qapp):
    return [View(), View(), View()]


def test_others_follow_once_per_turn_of_the_event_loop(views, qtbot):
    link = CameraLink(views)
    steps = [orbit(default_camera(), angle, 0.0) for angle in (5.0, 10.0, 15.0)]
    for step in steps:
        views[1].set_camera(step)
    assert views[0].moves == []
    qtbot.waitUntil(lambda: views[2].camera() == steps[-1], timeout=1000)
    assert views[0].moves == [steps[-1]]
    assert views[2].moves == [steps[-1]]
    assert views[1].moves == steps  # nothing echoed
    assert link.enabled


def test_no_echo_goes_on_for_ever(views, qtbot):
    link = CameraLink(views)
    views[0].set_camera(orbit(default_camera(), 20.0, 0.0))
    qtbot.wait(60)
    assert [len(view.moves) for view in views] == [1, 1, 1]
    link.flush()
    assert [len(view.moves) for view in views] == [1, 1, 1]


def test_unlinked_views_go_their_own_way_and_come_together_again(views, qtbot):
    link = CameraLink(views)
    link.set_enabled(False)
    views[2].set_camera(orbit(default_camera(), 20.0, 0.0))
    qtbot.wait(20)
    assert views[0].moves == []
    link.set_enabled(True)
    assert {view.camera() for view in views} == {default_camera()}


def test_a_view_that_joins_takes_the_camera(qapp):
    eye = orbit(default_camera(), 40.0, 10.0)
    first, late = View(eye), View()
    link = CameraLink([first])
    link.add(late)
    link.add(late)
    assert late.moves == [eye]
    assert first.moves == []


def test_the_link_holds_no_view(views, qtbot):
    link = CameraLink(views)
    gone = weakref.ref(views.pop())
    gc.collect()
    assert gone() is None
    eye = orbit(default_camera(), 9.0, 0.0)
    views[0].set_camera(eye)
    link.flush()
    assert views[1].camera() == eye


def test_views_do_not_hold_the_link(views):
    link = CameraLink(views)
    gone = weakref.ref(link)
    del link
    gc.collect()
    assert gone() is None
    views[0].set_camera(orbit(default_camera(), 9.0, 0.0))
    assert views[1].moves == []
