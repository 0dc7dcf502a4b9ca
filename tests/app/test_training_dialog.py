"""Fine-tuning from the window: a real process, a network of a few weights."""

from __future__ import annotations

import csv

import pytest
from PySide6.QtCore import Qt

from app.forecasts.forecasting import Choice
from app.training.training_process import TrainingRequest, can_resume, curves, weights_in
from tests.tiny_data import TINY, tiny_data

START_MS = 240_000


@pytest.fixture
def base(tmp_path):
    """Weights of a tiny network, to start from."""
    import torch

    from core.models import registry

    torch.manual_seed(1)
    path = tmp_path / "tiny.safetensors"
    registry.save_model(TINY.model.build().state_dict(), TINY.model, path)
    return path


@pytest.fixture
def dialog(window, base, tmp_path):
    window.forecast_panel.set_networks(
        [Choice(str(base), "Tiny"), Choice("snowplough", "Snowplough")]
    )
    window.actions_["fine_tune"].trigger()
    dialog = window.training.dialog
    dialog.data.setText(str(tiny_data(tmp_path / "data")))
    dialog.out.setText(str(tmp_path / "run"))
    return dialog


def press_start(dialog, qtbot) -> None:
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)


def steps_of(folder) -> list[int]:
    with (folder / "metrics.csv").open(newline="") as file:
        return [int(row["step"]) for row in csv.DictReader(file)]


def test_stopped_taken_up_again_and_used(qtbot, window, dialog, base, tmp_path):
    run = tmp_path / "run"
    assert dialog.network.count() == 1  # A theory has no weights.
    assert dialog.start.text() == "Train"
    dialog.minutes.setValue(60.0)
    press_start(dialog, qtbot)
    assert dialog.start.text() == "Stop"
    qtbot.waitUntil(lambda: "loss" in dialog.state.text(), timeout=START_MS)
    press_start(dialog, qtbot)
    qtbot.waitUntil(lambda: window.long_work.what is None, timeout=START_MS)
    assert "Resume" in dialog.state.text()
    assert can_resume(run)
    assert dialog.start.text() == "Resume"

    # The budget holds what was spent before.
    dialog.minutes.setValue(0.1)
    press_start(dialog, qtbot)
    qtbot.waitUntil(lambda: window.long_work.what is None, timeout=START_MS)
    assert dialog.state.text().startswith("Done")
    steps = steps_of(run)
    assert steps == sorted(steps)
    assert steps[-1] > 1
    drawn = dialog.lines["train_loss"].getOriginalDataset()
    assert len(drawn[0]) == len(steps) == len(curves(run)["train_loss"])
    assert weights_in(run).name == "tiny.best.safetensors"

    assert dialog.use.isEnabled()
    qtbot.mouseClick(dialog.use, Qt.MouseButton.LeftButton)
    panel = window.forecast_panel
    qtbot.waitUntil(lambda: panel.model == str(weights_in(run)), timeout=30_000)
    assert panel.network.currentText() == "tiny, run"
    assert panel.network.count() == 3


def test_what_is_wrong_is_said_in_the_dialog(qtbot, window, dialog, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    dialog.data.setText(str(empty))
    press_start(dialog, qtbot)
    qtbot.waitUntil(lambda: window.long_work.what is None, timeout=START_MS)
    assert str(empty) in dialog.state.text()
    assert dialog.start.isEnabled()


def test_settings_follow_the_budget(tmp_path):
    request = TrainingRequest(tmp_path, "default", 60.0, tmp_path / "run")
    assert "save_minutes = 2" in request.settings()
    words = request.arguments()
    assert words[:2] == ["train", str(tmp_path / "run" / "settings.toml")]
    assert "--from=default" in words
    assert weights_in(tmp_path) is None
    assert curves(tmp_path) == {}
