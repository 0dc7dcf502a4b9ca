"""Views that are drawn one after the other, and garbage that waits for the main thread."""

from __future__ import annotations

import gc
import threading

import pytest
from PySide6.QtCore import QObject, Signal

from app.garbage import YOUNG_ENOUGH, Garbage
from app.scene.turns import BUDGET_S, LOST_MS, Turns
from app.scene.viewport import LONGEST_DRAW_S, MOST_GRAIN, RAYS, grain_for


class View(QObject):
    """Draws when the event loop comes round, as widgets do."""

    drawn = Signal()

    def __init__(self, name: str, seconds: float, log: list[str], shown: bool = True) -> None:
        super().__init__()
        self.name, self.draw_seconds, self._log, self._shown = name, seconds, log, shown
        self.under_mouse = False
        self.asked = 0

    def draw_now(self) -> None:
        self.asked += 1
        self._log.append(self.name)

    def paint(self) -> None:
        self.drawn.emit()

    def isVisible(self) -> bool:
        return self._shown

    def underMouse(self) -> bool:
        return self.under_mouse


@pytest.fixture
def log() -> list[str]:
    return []


def test_quick_views_are_drawn_together(qapp, log):
    turns = Turns()
    views = [View(name, BUDGET_S / 4, log) for name in "abc"]
    for view in views:
        turns.ask(view)
    assert log == ["a", "b", "c"]


def test_slow_views_are_drawn_one_by_one_that_under_the_mouse_first(qtbot, log):
    turns = Turns()
    a, b, c = (View(name, 2 * BUDGET_S, log) for name in "abc")
    c.under_mouse = True
    for view in (a, b, c, b):
        turns.ask(view)
    assert log == [], "not in the turn in which they were asked for"
    qtbot.waitUntil(lambda: log == ["c"])
    c.paint()
    assert log == ["c"], "the event loop has its turn before the next one"
    qtbot.waitUntil(lambda: log == ["c", "a"])
    a.paint()
    qtbot.waitUntil(lambda: log == ["c", "a", "b"])
    b.paint()
    turns.ask(a)
    qtbot.waitUntil(lambda: log == ["c", "a", "b", "a"])


def test_a_view_that_is_drawn_anyway_is_not_drawn_again(qtbot, log):
    turns = Turns()
    a, b = (View(name, 2 * BUDGET_S, log) for name in "ab")
    turns.ask(a)
    turns.ask(b)
    qtbot.waitUntil(lambda: log == ["a"])
    b.paint()  # as after a change of its size
    a.paint()
    qtbot.wait(20)
    assert log == ["a"]


def test_a_view_that_is_never_drawn_is_not_waited_for_for_ever(qtbot, log):
    turns = Turns()
    a, b = (View(name, 2 * BUDGET_S, log) for name in "ab")
    turns.ask(a)
    turns.ask(b)
    qtbot.waitUntil(lambda: log == ["a", "b"], timeout=20 * LOST_MS)


def test_hidden_and_lost_views_hold_nobody_up(qtbot, log):
    turns = Turns()
    hidden, lost, last = View("h", 1.0, log, shown=False), View("l", 1.0, log), View("z", 1.0, log)
    turns.ask(hidden)
    turns.ask(last)
    qtbot.waitUntil(lambda: log == ["h", "z"])
    turns.ask(lost)
    del lost
    gc.collect()
    last.paint()
    turns.ask(last)
    qtbot.waitUntil(lambda: log == ["h", "z", "z"])


class Knot:
    """Holds itself, and tells in which thread it ends."""

    def __init__(self, ended: list[threading.Thread]) -> None:
        self.itself, self._ended = self, ended

    def __del__(self) -> None:
        self._ended.append(threading.current_thread())


def test_garbage_ends_on_the_main_thread_only(qtbot):
    parent = QObject()
    garbage = Garbage(parent)
    try:
        ended: list[threading.Thread] = []
        Knot(ended)
        made: list[list] = []
        worker = threading.Thread(target=lambda: made.extend([] for _ in range(50 * YOUNG_ENOUGH)))
        worker.start()
        worker.join()
        assert ended == [], "a worker looked for garbage"
        qtbot.waitUntil(lambda: bool(ended), timeout=5000)
        assert set(ended) == {threading.main_thread()}
        assert len(made) == 50 * YOUNG_ENOUGH
    finally:
        garbage.stop()
    assert gc.isenabled()


def test_large_views_of_slow_machines_are_drawn_with_fewer_rays():
    pace = LONGEST_DRAW_S / (2 * RAYS)
    assert grain_for(pace, 2 * RAYS) == 1.0
    assert grain_for(pace, 2 * RAYS * 1.44) == pytest.approx(1.2)
    assert grain_for(pace, 20 * RAYS) == MOST_GRAIN
    assert grain_for(1.0, RAYS) == 1.0, "a small view keeps all its rays"
    assert grain_for(1.0, 2.25 * RAYS) == pytest.approx(1.5)
