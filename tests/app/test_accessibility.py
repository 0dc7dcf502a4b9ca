"""Every control can be reached by keys and says what it is; colours can be told apart."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)
from skimage.color import rgb2lab

from app.actions import COMMANDS
from app.colors import DARK, LIGHT
from app.data.open_as import OpenAsDialog
from app.data.opening import UnitsClue
from app.data.units_dialog import UnitsDialog
from app.guidance.dialogs import DetailsDialog
from app.notifications import Notice
from app.scene.colormaps import ROLE_COLORS
from tests.app.test_window import wait_idle

CONTROLS = (
    QAbstractButton,
    QComboBox,
    QAbstractSpinBox,
    QAbstractSlider,
    QLineEdit,
    QPlainTextEdit,
    QTextEdit,
    QAbstractItemView,
    QTabBar,
)
PARTS_OF_CONTROLS = (QScrollBar, QHeaderView)


def controls(root: QWidget) -> list[QWidget]:
    """The controls under a widget, without the parts that Qt makes its own controls of."""
    found = []
    for widget in root.findChildren(QWidget):
        if not isinstance(widget, CONTROLS) or isinstance(widget, PARTS_OF_CONTROLS):
            continue
        owner = widget.parentWidget()
        inner = False
        while owner is not None and owner is not root:
            inner |= isinstance(owner, QComboBox | QAbstractSpinBox | QLineEdit | QFileDialog)
            inner |= isinstance(owner, QAbstractItemView | QTabBar)
            owner = owner.parentWidget()
        if not inner and not widget.objectName().startswith("qt_"):
            found.append(widget)
    return found


def is_standard(button: QWidget) -> bool:
    """Whether it is a Close or Cancel that says all by its name."""
    return isinstance(button.parentWidget(), QDialogButtonBox)


def faults(root: QWidget, shortcuts: set[str]) -> list[str]:
    """What is missing, control by control."""
    found = []
    for widget in controls(root):
        text = widget.text() if isinstance(widget, QAbstractButton) else ""
        missing = []
        if not (widget.accessibleName() or text):
            missing.append("name")
        if not widget.toolTip() and not is_standard(widget):
            missing.append("tooltip")
        action = getattr(widget, "defaultAction", lambda: None)()
        reachable = bool(widget.focusPolicy() & Qt.FocusPolicy.TabFocus)
        if not reachable and not (action is not None and action.objectName() in shortcuts):
            missing.append("way by keys")
        if missing:
            name = widget.accessibleName() or text or widget.objectName()
            where = type(widget.parentWidget()).__name__
            found.append(f"{type(widget).__name__} “{name}” in {where}: no {', '.join(missing)}")
    return found


@pytest.fixture
def shortcuts() -> set[str]:
    return {command.key for command in COMMANDS if command.shortcut}


@pytest.fixture
def whole(qtbot, window, sample_file):
    """The window with everything in it."""
    window.start()
    qtbot.waitUntil(
        lambda: window.jobs.running() is None and window.document.figures.comparison is not None,
        timeout=60_000,
    )
    return window


def unvisited(window: QWidget) -> list[str]:
    """Controls in use that Tab does not come to."""
    wanted = {
        widget
        for widget in controls(window)
        if widget.isVisible()
        and widget.isEnabled()
        and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
    }
    visited: set[QWidget] = set()
    widget = window.nextInFocusChain()
    while widget is not window and widget not in visited:
        visited.add(widget)
        widget = widget.nextInFocusChain()
    return [f"{type(w).__name__} {w.accessibleName()}" for w in wanted - visited]


def test_every_control_of_the_window(whole, shortcuts):
    assert len(controls(whole)) > 40
    assert faults(whole, shortcuts) == []
    assert unvisited(whole) == []


def test_every_control_of_the_start_page(window, sample_file, shortcuts):
    window.settings.add_recent(sample_file)
    window._refresh()
    page = window.centre.start_page
    assert len(controls(page)) >= 4
    assert faults(page, shortcuts) == []


def no_files(monkeypatch) -> None:
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *args, **options: ("", ""))
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args, **options: ([], ""))
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args, **options: "")


def dialogs_on_screen() -> list[QDialog]:
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, QDialog)]
    return [dialog for dialog in shown if dialog.isVisible()]


def test_every_control_of_every_dialog(qtbot, whole, shortcuts, monkeypatch):
    no_files(monkeypatch)
    window, seen, found = whole, [], []
    asking = [c.key for c in COMMANDS if c.text.endswith("…")] + ["keys", "about"]
    for key in asking:
        if not window.actions_[key].isEnabled():
            continue
        window.actions_[key].trigger()
        QApplication.processEvents()
        for dialog in dialogs_on_screen():
            seen.append(dialog.windowTitle())
            found += [f"{dialog.windowTitle()}: {fault}" for fault in faults(dialog, shortcuts)]
            dialog.close()
        wait_idle(qtbot, window)
    assert {"Preferences", "Keyboard shortcuts", "About Shellsight"} <= set(seen)
    assert all(seen), "a dialog has no title"
    assert found == []


def test_every_control_of_dialogs_that_appear_by_themselves(
    qtbot, qapp, settings, tmp_path, shortcuts
):
    clue = UnitsClue(tmp_path / "a.hdf5", ("length",), 60.0, 1.0, 1000.0)
    for dialog in (
        DetailsDialog(Notice("Something", "error", "All of it")),
        UnitsDialog(clue),
        OpenAsDialog(settings),
    ):
        qtbot.addWidget(dialog)
        dialog.show()
        assert dialog.windowTitle()
        assert faults(dialog, shortcuts) == [], type(dialog).__name__
        dialog.close()


def test_no_two_commands_share_a_key():
    keys = [
        QKeySequence(key).toString()
        for command in COMMANDS
        for key in (command.shortcut, command.also)
        if key
    ]
    assert [key for key, count in Counter(keys).items() if count > 1] == []
    assert all(keys), "Qt does not know a key"


def test_every_command_is_named_once_in_its_menu():
    names = Counter((c.menu, c.text) for c in COMMANDS if c.key)
    assert [name for name, count in names.items() if count > 1] == []


# -- colours ---------------------------------------------------------------------

# Linear RGB as seen with one kind of cones missing (Machado, Oliveira & Fernandes 2009).
BLINDNESS = {
    "none": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
APART = 20.0
"""Distance in CIELAB; about 2 is the least that can be seen at all."""


def rgb(color: str) -> np.ndarray:
    return np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255.0


def linear(color: str) -> np.ndarray:
    value = rgb(color)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def seen(color: str, blindness: str) -> np.ndarray:
    """CIELAB of a colour as somebody sees it."""
    light = np.clip(np.asarray(BLINDNESS[blindness]) @ linear(color), 0.0, 1.0)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return rgb2lab(srgb[None, None, :])[0, 0]


def contrast(front: str, back: str) -> float:
    """Contrast as WCAG defines it: 1 to 21."""
    weights = np.array([0.2126, 0.7152, 0.0722])
    bright, dim = sorted((weights @ linear(c) for c in (front, back)), reverse=True)
    return float((bright + 0.05) / (dim + 0.05))


@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("colors", [DARK, LIGHT], ids=["dark", "light"])
def test_truth_and_forecast_can_be_told_apart(colors, blindness):
    pairs = [(colors.truth, colors.forecast)]
    if colors is DARK:
        pairs.append((ROLE_COLORS["truth"], ROLE_COLORS["forecast"]))
    for truth, forecast in pairs:
        assert np.linalg.norm(seen(truth, blindness) - seen(forecast, blindness)) > APART


@pytest.mark.parametrize("colors", [DARK, LIGHT], ids=["dark", "light"])
def test_text_can_be_read(colors):
    for back in (colors.panel, colors.base, colors.raised):
        assert contrast(colors.text, back) >= 7.0
        assert contrast(colors.secondary, back) >= 4.5
    for meaning in (colors.truth, colors.forecast, colors.error, colors.warning):
        assert contrast(meaning, colors.panel) >= 3.0


# -- room ------------------------------------------------------------------------


def clipped(root: QWidget) -> list[str]:
    """Labels and buttons that show less of their text than they have."""
    found = []
    for widget in root.findChildren(QWidget):
        if not widget.isVisible() or not isinstance(widget, QLabel | QAbstractButton):
            continue
        text = widget.text()
        if not text or widget.sizePolicy().horizontalPolicy().name == "Ignored":
            continue
        if isinstance(widget, QLabel) and (widget.wordWrap() or "<" in text):
            continue
        if isinstance(widget, QAbstractButton) and not text:
            continue
        icon_only = getattr(widget, "toolButtonStyle", lambda: None)()
        if icon_only == Qt.ToolButtonStyle.ToolButtonIconOnly:
            continue
        if widget.width() + 1 < widget.minimumSizeHint().width():
            found.append(f"{type(widget).__name__} “{text}” in {type(widget.parent()).__name__}")
    return found


def test_nothing_is_cut_off(qtbot, whole):
    for size in ((1280, 720), (1600, 1000)):
        whole.resize(*size)
        QApplication.processEvents()
        assert (whole.width(), whole.height()) == size, "the window does not get that small"
        assert clipped(whole) == []
        for name in ("left", "right"):
            bar = whole.docks[name].widget().horizontalScrollBar()
            assert bar.maximum() == 0, f"the {name} panels are wider than their dock at {size}"


def test_the_menus_say_all_they_do(window):
    for command in COMMANDS:
        if command.key:
            assert window.actions_[command.key].statusTip() == command.tip
