"""Somebody who presses everything, in an order that a seed decides.

Nothing may raise, nothing may be logged as a defect, and in the end the
window closes. ``SHELLSIGHT_MONKEY_SECONDS`` lets it go on for longer, and
then no single step may take long either; ``SHELLSIGHT_MONKEY_SEED`` repeats
a run.
"""

from __future__ import annotations

import logging
import os
import random
import time
from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QToolButton,
    QWidget,
)

from app.actions import COMMANDS
from core.cubes import CubeSequence

SECONDS = float(os.environ.get("SHELLSIGHT_MONKEY_SECONDS", "8"))
SEED = int(os.environ.get("SHELLSIGHT_MONKEY_SEED", "1"))
LONGEST_S = 5.0
"""A step in a run of minutes: generous, as machines that test may be busy."""

NEVER = ("quit", "full_screen")
"""Commands that would end the run, or need a window manager."""

KEYS = (
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space),
    *(Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return),
)


def opens_menu(widget: QWidget) -> bool:
    """Whether a button opens a menu, which waits for a real hand to choose."""
    return isinstance(widget, QPushButton | QToolButton) and widget.menu() is not None


class Monkey:
    """Does something at random with what is on the screen.

    Parameters
    ----------
    window : QWidget
        The window.
    seed : int
        Decides everything.
    """

    def __init__(self, window: QWidget, seed: int) -> None:
        self.window, self.random = window, random.Random(seed)
        self.diary: list[str] = []
        self.steps: dict[Callable[[], str], int] = {
            self.command: 6,
            self.use: 10,
            self.key: 4,
            self.drag: 3,
            self.resize: 1,
        }

    def step(self) -> float:
        """Do one thing; return how long it took, in seconds."""
        action = self.random.choices(list(self.steps), list(self.steps.values()))[0]
        begun = time.perf_counter()
        self.diary.append(action())
        QApplication.processEvents()
        return time.perf_counter() - begun

    @property
    def stage(self) -> QWidget:
        """What is in front: a dialog, or the window."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            return popup
        dialogs = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog)]
        shown = [dialog for dialog in dialogs if dialog.isVisible()]
        return shown[-1] if shown else self.window

    def command(self) -> str:
        if self.stage is not self.window:
            self.stage.close()
        keys = [c.key for c in COMMANDS if c.key and c.key not in NEVER]
        key = self.random.choice(keys)
        self.window.actions_[key].trigger()
        return f"command {key}"

    def use(self) -> str:
        kinds = (QAbstractButton, QComboBox, QAbstractSlider, QAbstractSpinBox, QLineEdit)
        stage = self.stage
        if isinstance(stage, QMenu):
            stage.close()
            return "closed a menu"
        found = [
            w
            for w in stage.findChildren(QWidget)
            if isinstance(w, kinds)
            and w.isVisible()
            and w.isEnabled()
            # Pressing OK in a dialog may start work of hours, which has tests of its own.
            and not isinstance(w.parentWidget(), QDialogButtonBox)
            and not opens_menu(w)
        ]
        if not found:
            stage.close()
            return f"closed {type(stage).__name__}"
        widget = self.random.choice(found)
        name = widget.accessibleName() or type(widget).__name__
        if isinstance(widget, QAbstractButton):
            if stage is not self.window and getattr(widget, "isDefault", lambda: False)():
                stage.close()
                return f"closed {type(stage).__name__}"
            widget.click()
        elif isinstance(widget, QComboBox):
            widget.setCurrentIndex(self.random.randrange(max(widget.count(), 1)))
            widget.activated.emit(widget.currentIndex())
        elif isinstance(widget, QAbstractSlider):
            widget.setValue(self.random.randint(widget.minimum(), widget.maximum()))
        elif isinstance(widget, QAbstractSpinBox):
            widget.stepBy(self.random.choice((-3, -1, 1, 3)))
        elif isinstance(widget, QLineEdit) and not widget.isReadOnly():
            QTest.keyClicks(widget, self.random.choice(("12", "-3", "abc", "1e9", " ")))
        return f"used {name} in {type(stage).__name__}"

    def key(self) -> str:
        key = self.random.choice(KEYS)
        stage = self.stage
        if stage is not self.window and key == Qt.Key.Key_Return:
            key = Qt.Key.Key_Escape
        QTest.keyClick(stage, key)
        return f"key {key.name}"

    def drag(self) -> str:
        if self.stage is not self.window:
            return "watched"
        # Text that can be selected can be dragged away, which waits for a real hand to let go.
        views = [
            w
            for w in self.window.centre.findChildren(QWidget)
            if w.isVisible() and not isinstance(w, QLabel | QLineEdit) and not opens_menu(w)
        ]
        widget = self.random.choice(views) if views else self.window
        place = lambda: QPoint(  # noqa: E731
            self.random.randrange(max(widget.width(), 1)),
            self.random.randrange(max(widget.height(), 1)),
        )
        button = self.random.choice((Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton))
        QTest.mousePress(widget, button, Qt.KeyboardModifier.NoModifier, place())
        for _ in range(3):
            QTest.mouseMove(widget, place())
            QApplication.processEvents()
        QTest.mouseRelease(widget, button, Qt.KeyboardModifier.NoModifier, place())
        if self.random.random() < 0.2:
            QTest.mouseDClick(widget, button, Qt.KeyboardModifier.NoModifier, place())
        return f"dragged over {type(widget).__name__}"

    def resize(self) -> str:
        self.window.resize(self.random.randint(960, 1300), self.random.randint(600, 800))
        return "resized"


class Defects(logging.Handler):
    """Collects what is logged as a defect."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(self.format(record))


@pytest.fixture
def defects():
    handler = Defects()
    logger = logging.getLogger("shellsight")
    logger.addHandler(handler)
    yield handler.records
    logger.removeHandler(handler)


@pytest.mark.timeout(SECONDS + 240)
def test_a_monkey_breaks_nothing(qtbot, window, sample_file, tmp_path, defects, monkeypatch):
    names = iter(range(10**6))
    new_file = lambda *args, **options: (str(tmp_path / f"{next(names)}.out"), "")  # noqa: E731
    old_file = lambda *args, **options: (str(sample_file), "")  # noqa: E731
    monkeypatch.setattr(QFileDialog, "getSaveFileName", new_file)
    monkeypatch.setattr(QFileDialog, "getOpenFileName", old_file)
    monkeypatch.setattr(
        QFileDialog, "getOpenFileNames", lambda *args, **options: ([str(sample_file)], "")
    )
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args, **options: str(tmp_path))
    # A menu would wait for a hand.
    monkeypatch.setattr(QMenu, "exec", lambda *args: None)
    window.start()
    qtbot.waitUntil(lambda: window.document.truth is not None, timeout=60_000)
    monkey = Monkey(window, SEED)
    steps: list[tuple[float, str]] = []
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        took = monkey.step()
        steps.append((took, monkey.diary[-1]))
    steps.sort(reverse=True)
    print(f"\n{len(steps)} steps with seed {SEED}; the longest:")
    for took, what in steps[:5]:
        print(f"  {took:6.2f} s  {what}")
    assert len(steps) > 5
    assert defects == [], "\n".join(monkey.diary[-12:])
    if SECONDS > 60:
        assert steps[0][0] < LONGEST_S, steps[0]
    for dialog in [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog)]:
        dialog.close()
    assert window.document.truth is None or isinstance(window.document.truth, CubeSequence)
    assert window.close()
    assert window.jobs.running() is None
