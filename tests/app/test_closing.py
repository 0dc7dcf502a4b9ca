"""Closing the window while a process of its own works: real programs from start to end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app.supernova.recipe import frames_folder
from app.training.training_process import can_resume
from tests.tiny_data import TINY, tiny_data

TIMEOUT_S = 240
"""A process imports PyTorch first, which takes long on a busy machine."""

PROGRAM = """
import json, sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
import app.main, app.window
from app.supernova.recipe import Recipe
from app.training.training_process import TrainingRequest

kind, when, *paths = sys.argv[1:]

def begin(window):
    if kind == "supernova":
        recipe = Recipe(turbulence="none", n=64, frames=60)
        return window.supernova.start(recipe, Path(paths[0]))
    window.training.show_dialog()
    data, base, out = paths
    return window.training.start(TrainingRequest(Path(data), base, 60.0, Path(out)))

def answer(buttons):
    box = QApplication.activeModalWidget()
    if not isinstance(box, QMessageBox):
        QTimer.singleShot(20, lambda: answer(buttons))
        return
    button = next(one for one in box.buttons() if one.text() == buttons[0])
    print(json.dumps([box.text(), box.informativeText(), button.text()]), flush=True)
    button.click()
    if buttons[1:]:
        QTimer.singleShot(100, lambda: answer(buttons[1:]))

def close(window):
    window.close()
    # It was to be kept; now it is not.
    assert window.isVisible() and window.long_work.what is not None
    QTimer.singleShot(0, window, window.close)

def start(window, request=None):
    job = begin(window)
    QTimer.singleShot(0, lambda: answer(["Keep Working", "Stop and Close"]))
    if when == "at once":
        QTimer.singleShot(0, lambda: close(window))
        return
    done = []
    def working(fraction, text):
        if fraction > 0 and not done:
            done.append(QTimer.singleShot(0, lambda: close(window)))
    job.progress.connect(working)
    job.failed.connect(lambda error: print(error, file=sys.stderr) or window.close())

app.window.Window.start = start
sys.exit(app.main.main([]))
"""


def run(tmp_path: Path, *words: str) -> tuple[subprocess.CompletedProcess[str], list[list[str]]]:
    """Start the program, let it close itself, and return what it was asked."""
    homes = {f"XDG_{name}_HOME": str(tmp_path) for name in ("CONFIG", "STATE", "CACHE")}
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words],
        env=os.environ | homes,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    asked = [json.loads(line) for line in process.stdout.splitlines() if line.startswith("[")]
    return process, asked


def processes_about(path: Path) -> list[str]:
    """Return the processes whose command names a path."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes()
        except OSError:
            continue
        if os.fsencode(str(path)) in words:
            found.append(words.replace(b"\0", b" ").decode(errors="replace"))
    return found


def check(process: subprocess.CompletedProcess[str], out: Path) -> None:
    assert process.returncode == 0, process.stderr
    assert "Traceback" not in process.stderr
    assert processes_about(out) == []


@pytest.mark.parametrize("when", ["at once", "working"])
def test_closing_while_a_supernova_is_simulated(qapp, tmp_path, when):
    out = tmp_path / "late.shell.h5"
    process, asked = run(tmp_path, "supernova", when, str(out))
    check(process, out)
    assert [button for *_, button in asked] == ["Keep Working", "Stop and Close"]
    assert all("New supernova goes on" in text for text, *_ in asked)
    assert str(frames_folder(out)) in asked[0][1]
    # Nothing is half written, and nothing grows any more.
    before = sorted(frames_folder(out).glob("*"))
    time.sleep(0.5)
    assert sorted(frames_folder(out).glob("*")) == before
    assert not out.exists()


@pytest.mark.parametrize("when", ["at once", "working"])
def test_closing_while_a_network_is_fine_tuned(qapp, tmp_path, when):
    import torch

    from core.models import registry

    torch.manual_seed(1)
    base = tmp_path / "tiny.safetensors"
    registry.save_model(TINY.model.build().state_dict(), TINY.model, base)
    data, out = tiny_data(tmp_path / "data"), tmp_path / "run"
    process, asked = run(tmp_path, "training", when, str(data), str(base), str(out))
    check(process, out)
    assert [button for *_, button in asked] == ["Keep Working", "Stop and Close"]
    assert all("Fine-tuning goes on" in text for text, *_ in asked)
    assert str(out) in asked[0][1]
    # What was trained can be taken up again: it was asked to stop, not killed.
    # Closed at once it may, or may not, have come so far.
    if when == "working":
        assert can_resume(out)
