"""Somebody who presses everything, in an order that a seed decides.

Nothing may raise, nothing may be logged as a defect, and in the end the
window closes. ``SHELLSIGHT_MONKEY_SECONDS`` lets it go on for longer; then no
single step may take long either, and it is told where the longest ones spent
their time. ``SHELLSIGHT_MONKEY_SEED`` repeats a run.
"""

from __future__ import annotations

import itertools
import logging
import os
import random
import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

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
from tests.stalls import StackSampler

SECONDS = float(os.environ.get("SHELLSIGHT_MONKEY_SECONDS", "8"))
SEED = int(os.environ.get("SHELLSIGHT_MONKEY_SEED", "1"))
LONG = SECONDS > 60
LONGEST_S = 1.0
"""A step in a run of minutes, in wall-clock time; on a busy machine, where that is mostly the
others', in processor time of the main thread."""

SMALL = (1280, 720)

NEVER = ("quit", "full_screen")
"""Commands that would end the run, or need a window manager."""

KEYS = (
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_Space),
    *(Qt.Key.Key_Escape, Qt.Key.Key_Tab, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Return),
)


@dataclass(frozen=True, order=True)
class Step:
    """What the monkey did at once.

    Parameters
    ----------
    took, busy : float
        How long it lasted, and how long the main thread worked, in seconds.
    begun : float
        When, on the clock of `time.perf_counter`.
    what : str
        In words.
    """

    took: float
    busy: float
    begun: float
    what: str


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
        self.size = (window.width(), window.height())
        self.steps: dict[Callable[[], str], int] = {
            self.command: 6,
            self.use: 10,
            self.key: 4,
            self.drag: 3,
            self.curve: 2,
            self.third: 2,
            self.live: 2,
            self.forecast: 1,
            self.storm: 1,
            self.session: 1,
            self.resize: 1,
            self.small: 1,
        }

    def step(self) -> Step:
        """Do one thing, and tell how long it took."""
        action = self.random.choices(list(self.steps), list(self.steps.values()))[0]
        begun, busy = time.perf_counter(), time.thread_time()
        self.diary.append(action())
        QApplication.processEvents()
        took, worked = time.perf_counter() - begun, time.thread_time() - busy
        return Step(took, worked, begun, self.diary[-1])

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
        self.stroke(widget)
        return f"dragged over {type(widget).__name__}"

    def stroke(self, widget: QWidget) -> None:
        """Drag over a widget, now and then with a double-click at the end."""
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

    def curve(self) -> str:
        if self.stage is not self.window:
            return "watched"
        self.stroke(self.window.transfer.editor)
        return "drew the opacities"

    def trigger(self, *keys: str) -> None:
        """Carry out commands that are possible now, as the menu does."""
        for key in keys:
            if self.window.actions_[key].isEnabled():
                self.window.actions_[key].trigger()

    def third(self) -> str:
        if self.stage is not self.window:
            return "watched"
        kind = self.random.choice(("third_difference", "third_uncertainty", "third_control"))
        self.trigger(kind)
        return f"chose {kind}"

    def live(self) -> str:
        if self.stage is not self.window:
            return "watched"
        if not self.window.live.is_on or self.random.random() < 0.2:
            self.trigger("live")
            return "began or left live mode"
        self.stroke(self.window.centre.columns["forecast"].slice)
        return "moved the explosion"

    def forecast(self) -> str:
        """Forecast with some network or theory, and keep it beside the others."""
        if self.stage is not self.window:
            return "watched"
        model = self.window.forecast_panel.network
        model.setCurrentIndex(self.random.randrange(max(model.count(), 1)))
        self.trigger("forecast")
        return f"forecast with {model.currentText()}"

    def storm(self) -> str:
        if self.stage is not self.window:
            return "watched"
        for key in ("undo", "redo", "undo", "redo"):
            self.trigger(*(self.random.randint(1, 6) * [key]))
        return "undid and redid"

    def session(self) -> str:
        if self.stage is not self.window:
            return "watched"
        key = self.random.choice(("save_session_as", "open_session"))
        self.trigger(key)
        return f"command {key}"

    def small(self) -> str:
        small = (self.window.width(), self.window.height()) == SMALL
        self.window.resize(*(self.size if small else SMALL))
        return "made the window small, or large again"

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


class Names:
    """Answers for the dialogs that ask for files: new names, and what there is to open.

    Parameters
    ----------
    folder : Path
        Where new files are.
    sample : Path
        A file that can be opened.
    """

    def __init__(self, folder: Path, sample: Path) -> None:
        self._folder, self._sample = folder, sample
        self._numbers = itertools.count()

    def new(self, *args: object, **options: object) -> tuple[str, str]:
        return str(self._folder / f"{next(self._numbers)}.out"), ""

    def old(self, *args: object, **options: object) -> tuple[str, str]:
        saved = sorted(self._folder.glob("*.shellsight"))
        sessions = any("shellsight" in str(text) for text in (*args, *options.values()))
        return str(saved[-1] if saved and sessions else self._sample), ""

    def several(self, *args: object, **options: object) -> tuple[list[str], str]:
        return [self.old(*args, **options)[0]], ""

    def directory(self, *args: object, **options: object) -> str:
        return str(self._folder)


def is_too_long(step: Step) -> bool:
    """Whether a step froze the window; others may be at work on the same machine."""
    busy_machine = os.getloadavg()[0] > (os.cpu_count() or 1)
    return (step.busy if busy_machine else step.took) > LONGEST_S


@pytest.mark.timeout(SECONDS + 240)
def test_a_monkey_breaks_nothing(qtbot, window, sample_file, tmp_path, defects, monkeypatch):
    names = Names(tmp_path, sample_file)
    for asked, answer in (
        ("getSaveFileName", names.new),
        ("getOpenFileName", names.old),
        ("getOpenFileNames", names.several),
        ("getExistingDirectory", names.directory),
    ):
        monkeypatch.setattr(QFileDialog, asked, answer)
    # A menu would wait for a hand.
    monkeypatch.setattr(QMenu, "exec", lambda *args: None)
    window.start()
    qtbot.waitUntil(lambda: window.document.truth is not None, timeout=60_000)
    monkey = Monkey(window, SEED)
    steps: list[Step] = []
    end = time.monotonic() + SECONDS
    sampler = StackSampler(keep_s=SECONDS) if LONG else None
    with sampler or nullcontext():
        while time.monotonic() < end:
            steps.append(monkey.step())
    print(f"\n{len(steps)} steps with seed {SEED}; the longest:")
    for step in sorted(steps, reverse=True)[:8]:
        print(f"  {step.took:6.2f} s ({step.busy:.2f} s at work)  {step.what}")
        if sampler is not None:
            for took, where in sampler.causes(step.begun, step.begun + step.took):
                print(f"          {took:.2f} s  {where}")
    assert len(steps) > 5
    assert defects == [], "\n".join(monkey.diary[-12:])
    if LONG:
        assert not [step for step in steps if is_too_long(step)]
    for dialog in [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog)]:
        dialog.close()
    assert window.document.truth is None or isinstance(window.document.truth, CubeSequence)
    assert window.close()
    assert window.jobs.running() is None
