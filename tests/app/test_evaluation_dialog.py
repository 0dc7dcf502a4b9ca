"""Evaluating networks from the window: real processes on a few small runs."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog

import core
from app.forecasts.forecasting import Choice
from core.errors import InvalidRequest
from core.evolution import Simulation
from core.training.scores import EvaluationTable
from tests.helpers import analytic_evolution

START_MS = 240_000


@pytest.fixture
def data(tmp_path):
    """Two runs of two clouds."""
    folder = tmp_path / "data"
    folder.mkdir()
    for seed in (1, 2):
        made = analytic_evolution(32, 3, dimple=0.05 * seed)
        run = Simulation(made.sequence, made.control, provenance={"seed": seed})
        core.save(run, folder / f"run{seed}.shell.h5")
    return folder


@pytest.fixture
def dialog(window, models):
    weights = str(models / "unet-32.safetensors")
    window.forecast_panel.set_networks(
        [
            Choice(weights, "Tiny", "A network"),
            Choice("nobody", "Nobody", "No network"),
            Choice("snowplough", "Snowplough", "A theory"),
        ]
    )
    window.actions_["evaluate"].trigger()
    return window.evaluation.dialog


def evaluate(qtbot, window, dialog) -> None:
    qtbot.mouseClick(dialog.start, Qt.MouseButton.LeftButton)
    assert window.long_work.what is not None
    qtbot.waitUntil(lambda: window.long_work.what is None, timeout=START_MS)


def test_the_table_of_a_folder(qtbot, window, dialog, data, tmp_path, monkeypatch):
    assert dialog.isVisible()
    assert not dialog.start.isEnabled()
    dialog.path.setText(str(data))
    assert [dialog.models.item(row).text() for row in range(2)] == ["Tiny", "Nobody"]
    assert dialog.models.count() == 2  # Theories are in the table anyway.
    assert len(dialog.chosen) == 1
    evaluate(qtbot, window, dialog)
    table, grid = window.evaluation.result.table, dialog.table
    assert table.n_simulations == 2
    assert grid.rowCount() == len(table.rows) > 6
    assert "2 clouds" in dialog.heading.text()
    methods = {grid.item(row, 0).text() for row in range(grid.rowCount())}
    assert {"Network", "Thin shell", "Snowplough", "Best possible sphere"} <= methods
    heads = [grid.horizontalHeaderItem(k).text() for k in range(grid.columnCount())]
    assert heads[:3] == ["Method", "Myr", "cavity IoU"]
    assert "0.5" in grid.horizontalHeaderItem(2).toolTip()

    # Sorted by a figure, the best comes first or last, and numbers sort as numbers.
    grid.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    values = [grid.item(row, 2).value for row in range(grid.rowCount())]
    assert values == sorted(values, reverse=True)
    assert "…" in grid.item(0, 2).text()
    dialog.intervals.setChecked(False)
    assert "…" not in grid.item(0, 2).text()

    # One frame.
    dialog.times.setCurrentIndex(dialog.times.count() - 1)
    last = dialog.times.currentData()
    assert grid.rowCount() == sum(row.time_myr == last for row in table.rows)

    qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].split("\t")[:2] == ["Method", "Myr"]
    assert len(lines) == grid.rowCount() + 1

    path = tmp_path / "table.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: (str(path), ""))
    qtbot.mouseClick(dialog.export, Qt.MouseButton.LeftButton)
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(table.rows)
    assert float(rows[0]["cavity_iou"]) == pytest.approx(table.rows[0].mean["cavity_iou"])


def test_what_is_wrong_is_said_in_the_dialog(qtbot, window, dialog, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    dialog.path.setText(str(empty))
    evaluate(qtbot, window, dialog)
    assert "there is no simulation" in dialog.state.text()
    assert dialog.start.isEnabled()
    assert dialog.table.rowCount() == 0


def test_a_table_comes_back_from_its_plain_values(data):
    from core.training.evaluate import evaluate as measure

    table = measure(core.Forecaster("snowplough"), sorted(data.iterdir()))
    again = EvaluationTable.from_dict(table.as_dict())
    assert again.as_dict() == table.as_dict()
    assert replace(again, rows=()) == replace(table, rows=())
    with pytest.raises(InvalidRequest):
        EvaluationTable.from_dict({"rows": 3})
