"""A new supernova, from its dialog to the opened series: real processes, few cells."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QMessageBox

import core
from app.form_parts import duration
from app.supernova.recipe import Recipe, frames_folder, free_name
from core import supervised

START_MS = 240_000
"""A process imports PyTorch first, which takes long on a busy machine."""

UNIFORM = Recipe(turbulence="none", n=32, frames=3)
ENDLESS = Recipe(turbulence="none", n=32, frames=60)


def wait(qtbot, condition) -> None:
    qtbot.waitUntil(condition, timeout=START_MS)


def done(window) -> bool:
    return window.long_work.what is None


def test_a_recipe_is_what_the_simulator_gets():
    recipe = Recipe(turbulence="mach", mach=7.0, place="-8,0,4", frames=5, allow_coarse=True)
    parameters = recipe.parameters()
    assert parameters.mach == 7.0
    assert parameters.duration_myr == pytest.approx(0.133)
    words = recipe.arguments(Path("run.shell.h5"))
    assert words[0] == "simulate"
    assert "--site=-8,0,4" in words
    assert "--mach=7.0" in words
    assert words[-1] == "--allow-coarse"
    assert UNIFORM.parameters().velocity_dispersion_kms == 0.0


def test_names_are_never_taken_twice(tmp_path):
    first = free_name(tmp_path, UNIFORM.name)
    first.touch()
    second = free_name(tmp_path, UNIFORM.name)
    assert second.name == "supernova-32-seed1-2.shell.h5"
    frames_folder(second).mkdir()
    assert free_name(tmp_path, UNIFORM.name).name == "supernova-32-seed1-3.shell.h5"


def test_times_are_said_as_precisely_as_they_are_known():
    assert [duration(s) for s in (0.2, 7.4, 48.0, 700.0, 9000.0)] == [
        "1 s",
        "7 s",
        "50 s",
        "12 min",
        "2.5 h",
    ]


def test_lines_of_a_process_are_told_from_text():
    told = supervised.read_line('\x1e{"fraction": 0.5, "text": "Half"}\n')
    assert told == supervised.Told(0.5, "Half")
    assert supervised.read_line('\x1e{"frame": 3}') == supervised.Told(frame=3)
    assert supervised.read_line("Wrote run.shell.h5") is None
    assert supervised.read_line("\x1e{broken") is None


def test_a_process_dies_with_its_parent(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from app import processes; from app.supernova.recipe import Recipe;"
        "from pathlib import Path;"
        "recipe = Recipe(turbulence='none', n=32, frames=100);"
        "say = lambda index: print(index, flush=True);"
        "processes.run(recipe.arguments(Path(sys.argv[2])), each_frame=say)"
    )
    root = str(Path(__file__).parents[2])
    out = tmp_path / "run.shell.h5"
    with subprocess.Popen(
        [sys.executable, "-c", code, root, str(out)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().strip() == "0"
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    folder = frames_folder(out)
    counts = [len(list(folder.glob("*.h5")))]
    # One more frame may have been under way; then nothing is written any more.
    end = time.monotonic() + 120
    while time.monotonic() < end:
        time.sleep(1.0)
        counts.append(len(list(folder.glob("*.h5"))))
        if len(counts) > 3 and len(set(counts[-4:])) == 1:
            break
    assert counts[-1] < 100
    assert not out.exists()
    assert not _children_writing_to(out)


def _children_writing_to(out: Path) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if os.fsencode(str(out)) in words:
            found.append(entry.parent.name)
    return found


@pytest.fixture
def dialog(qtbot, window, settings, tmp_path):
    """The dialog when the machine has been measured."""
    settings.simulations = tmp_path
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    dialog = window.supernova.dialog
    wait(qtbot, lambda: "M☉" in dialog.facts.text())
    return dialog


def choose(combo, data) -> None:
    combo.setCurrentIndex(combo.findData(data))


def test_from_the_dialog_to_the_series_with_control_and_forecast(qtbot, window, dialog, tmp_path):
    """What a person does: a uniform cloud, three frames, and Simulate."""
    assert dialog.isVisible()
    assert "about" in dialog.time.text()
    slow = dialog.time.text()
    choose(dialog.turbulence, "none")
    choose(dialog.cells, 32)
    assert dialog.time.text() != slow
    assert not dialog.seed.isEnabled()
    # Too dense for the cells: refused, with the reason, unless it is allowed.
    dialog.density.setValue(500.0)
    assert not dialog.start.isEnabled()
    assert "Take at least" in dialog.problem.text()
    dialog.coarse.setChecked(True)
    assert dialog.start.isEnabled()
    dialog.coarse.setChecked(False)
    choose(dialog.density_unit, "msun")
    dialog.density.setValue(1.0)
    dialog.frames.setValue(3)
    assert dialog.out == tmp_path / "supernova-32-seed1.shell.h5"
    # Nothing is replaced without a question.
    (tmp_path / "mine.shell.h5").touch()
    dialog.path.setText(str(tmp_path / "mine"))
    assert not dialog.start.isEnabled()
    assert "already" in dialog.state.text()
    dialog.suggest_name()
    lengths: list[int] = []
    from app.events import TruthChanged

    window.document.subscribe(
        TruthChanged,
        lambda _: lengths.append(len(window.document.truth) if window.document.truth else 0),
    )
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    assert window.undertaking.isVisible()
    wait(qtbot, lambda: done(window) and window.jobs.running() is None)
    document = window.document
    assert {1, 2, 3} <= set(lengths)  # The frames came one by one.
    assert document.complete
    assert document.source.series is not None
    assert len(document.truth) == len(document.control) == 3
    assert document.forecast is not None
    np.testing.assert_allclose(document.truth.times_myr, [0, 0.0665, 0.133])
    wait(qtbot, lambda: bool(document.figures.curves))
    assert document.figures.curve("truth", 0.5).mean_pc[-1] > 3
    kept = core.load(dialog.out.with_name("supernova-32-seed1.shell.h5"))
    np.testing.assert_array_equal(kept.density, document.truth.density)
    assert not frames_folder(document.source.path).exists()
    assert window.settings.recent_files[0] == document.source.path
    assert not window.undertaking.isVisible()


def test_stopping_keeps_the_frames_there_are_until_they_are_discarded(
    qtbot, window, tmp_path, monkeypatch
):
    out = tmp_path / "long.shell.h5"
    window.supernova.start(ENDLESS, out)
    # Kindly refused: one after the other.
    assert window.supernova.start(UNIFORM, tmp_path / "other.shell.h5") is None
    assert "goes on" in window.centre.notices.notice.text
    wait(qtbot, lambda: window.document.truth is not None and len(window.document.truth) >= 2)
    # Neither Esc nor closing another file ends it.
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert not done(window)
    qtbot.mouseClick(window.undertaking.stop, Qt.MouseButton.LeftButton)
    wait(qtbot, lambda: done(window) and out.exists() and window.jobs.running() is None)
    wait(qtbot, lambda: window.document.complete)
    assert not _children_writing_to(out)
    document = window.document
    assert 2 <= len(document.truth) < 60
    assert document.source.path == out
    notice = window.centre.notices.notice
    assert "are kept in long.shell.h5" in notice.text
    assert len(core.open(out).control) >= len(document.truth)
    notice.remedy.run()
    assert not out.exists()
    assert window.document.source is None


def test_a_run_that_is_not_shown_any_more_is_offered_at_the_end(
    qtbot, window, sample_file, tmp_path
):
    out = tmp_path / "aside.shell.h5"
    window.supernova.start(UNIFORM, out)
    wait(qtbot, lambda: window.document.source is not None)
    window.open_paths([sample_file])
    wait(qtbot, lambda: done(window) and window.jobs.running() is None)
    assert window.document.source.path == sample_file
    notice = window.centre.notices.notice
    assert "complete: aside.shell.h5" in notice.text
    notice.remedy.run()
    wait(qtbot, lambda: window.document.source.path == out)


def test_a_refused_explosion_brings_the_dialog_back(qtbot, window, dialog, tmp_path):
    window.supernova.start(Recipe(turbulence="none", n=16, frames=2), tmp_path / "no.shell.h5")
    wait(qtbot, lambda: done(window) and dialog.problem.text() != "")
    assert "Take at least 26 cells" in dialog.problem.text()
    assert window.document.source is None
    assert not frames_folder(tmp_path / "no.shell.h5").exists()


def test_closing_asks_and_ends_it(qtbot, window, tmp_path):
    out = tmp_path / "late.shell.h5"
    job = window.supernova.start(ENDLESS, out)
    asked: list[str] = []

    def answer(button: str) -> None:
        box = window.findChild(QMessageBox)
        if box is None or not box.isVisible():
            QTimer.singleShot(50, lambda: answer(button))
            return
        asked.append(box.informativeText())
        next(one for one in box.buttons() if one.text() == button).click()
        box.deleteLater()

    QTimer.singleShot(0, lambda: answer("Keep Working"))
    assert not window.close()
    assert not done(window)
    qtbot.wait(10)
    QTimer.singleShot(0, lambda: answer("Stop and Close"))
    assert window.close()
    assert job.is_cancelled
    assert str(frames_folder(out)) in asked[0]
    assert not _children_writing_to(out)
