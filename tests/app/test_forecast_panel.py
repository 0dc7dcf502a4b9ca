"""The forecast panel: models with their cards, energy, coverage, and forecasts that grow."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

import core
from app.data.source import Source
from app.document import Document
from app.forecasts import forecasting, model_card
from app.forecasts.card_dialog import CardDialog
from app.forecasts.compare_dialog import CompareDialog
from app.forecasts.forecast_list import Preview
from app.forecasts.forecast_request import ForecastRequest
from app.forecasts.forecasting import Choice
from app.measuring import measure
from app.panels.energy import EnergyField
from app.panels.forecast import ForecastPanel, time_left
from app.panels.forecasts import series_color
from app.theme import Theme
from core.coverage import LEVELS
from core.evolution import Evolution, Forecast
from core.models.analytic import ANALYTIC_MODELS
from tests.app.conftest import WAIT_MS
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def evolution() -> Evolution:
    return analytic_evolution(16, 5, uniform=True)


@pytest.fixture
def theme(qapp) -> Theme:
    return Theme()


@pytest.fixture
def document(evolution) -> Document:
    document = Document()
    source = Source(Path("run"), "run", "SWIFT", 5, tuple(evolution.times_myr), (60.0,))
    document.open_source(source, evolution.sequence, evolution.control)
    return document


@pytest.fixture
def panel(qtbot, document, theme) -> ForecastPanel:
    panel = ForecastPanel(document, theme)
    qtbot.addWidget(panel)
    panel.set_networks(
        [
            Choice("net", "Net", energies_erg=(3e50, 3e51), card="# Net\n\nA card."),
            Choice("one", "One energy"),
        ]
    )
    return panel


def by_network(evolution: Evolution, **changes) -> Forecast:
    """The same as a forecast of the shipped network, with what is known of its misses."""
    known = core.coverage.read_calibration(
        core.coverage.calibration_path(core.resources.models_path() / "unet-32.safetensors")
    )
    provenance = {"model": "unet-32", "averaging": 4, "velocity": True}
    return Forecast(
        evolution.sequence,
        evolution.control,
        provenance=provenance | changes,
        calibration=known,
    )


def test_the_energy_is_chosen_by_its_logarithm(qtbot):
    field = EnergyField()
    qtbot.addWidget(field)
    assert not field.has_choice
    field.set_range(1e49, 1e53)
    field.show()
    assert field.slider.isVisible()
    middle = (field.slider.minimum() + field.slider.maximum()) // 2
    with qtbot.waitSignal(field.changed):
        field.slider.setValue(middle + 100)
    assert field.energy_erg == pytest.approx(1e52, rel=0.01)
    field.spin.setValue(0.1)
    assert field.slider.value() == middle - 100
    field.set_range(3e50, 3e51)
    assert field.energy_erg == pytest.approx(3e50)
    field.set_energy(1e53)
    assert field.energy_erg == pytest.approx(3e51)


def test_the_request_is_what_is_chosen(panel):
    panel.energy.setValue(2.0)
    panel.averaging.setCurrentIndex(panel.averaging.findData(8))
    assert panel.request == ForecastRequest("net", "auto", 8, 2e51)
    panel.network.setCurrentIndex(1)
    assert panel.energy_erg is None
    assert not panel.energy_field.isEnabled()
    panel.choose(ForecastRequest("net", "auto", 16, 5e50))
    assert panel.request == ForecastRequest("net", "auto", 16, 5e50)


def test_coverage_needs_a_calibrated_forecast(panel, document, evolution):
    coverage = panel.coverage
    assert not coverage.slider.isEnabled()
    assert "Forecast first" in coverage.slider.toolTip()
    document.set_forecast(evolution)
    assert "simulation" in coverage.slider.toolTip()
    document.set_forecast(by_network(evolution, averaging=1))
    assert not coverage.slider.isEnabled()
    assert "calibrated for forecasts averaged over 4" in coverage.slider.toolTip()
    document.set_forecast(by_network(evolution))
    assert coverage.slider.isEnabled()
    assert "margin of" in coverage.slider.toolTip()


def test_choosing_a_coverage_shows_its_region(panel, document, evolution):
    document.set_forecast(by_network(evolution))
    coverage = panel.coverage
    assert coverage.value.text() == "99 %"
    coverage.slider.setValue(0)
    assert document.layers("forecast").coverage == LEVELS[0] == 0.9
    assert document.layers("forecast").reached
    assert not document.layers("truth").reached
    assert coverage.value.text() == "90 %"
    coverage.shown.click()
    assert not document.layers("forecast").reached


def test_cards_can_be_read(qtbot, panel, tmp_path):
    weights = tmp_path / "mine.safetensors"
    config = {
        "name": "mine",
        "architecture": "unet",
        "n": 32,
        "size_pc": 60.0,
        "frames": 19,
        "interval_myr": 0.007,
        "energy_erg": 1e51,
        "energy_range_erg": (3e50, 3e51),
    }
    bare = model_card.of_network(weights, config)
    assert "no card" in bare
    assert "3e+50 to 3e+51 erg" in bare
    weights.with_suffix(".md").write_text("# Mine\n", encoding="utf-8")
    assert model_card.of_network(weights, config) == "# Mine\n"
    theory = model_card.of_theory(ANALYTIC_MODELS["thin-shell"])
    assert "- Kim & Ostriker 2015, ApJ 802, 99" in theory
    shipped = {choice.key: choice for choice in forecasting.models()}["unet-32"]
    assert shipped.calibrated
    dialog = CardDialog(shipped.label, shipped.card)
    qtbot.addWidget(dialog)
    text = dialog.text.toPlainText()
    assert text.startswith("unet-32")
    assert "Limits" in text
    with qtbot.waitSignal(panel.card_requested):
        panel.card_button.click()


def test_the_list_shows_chooses_renames_and_removes(panel, document, evolution, theme):
    rows = panel.forecasts.rows
    assert panel.forecasts.isHidden()
    first = document.set_forecast(evolution, "first", said="5 frames")
    second = document.set_forecast(evolution, "second")
    assert not panel.forecasts.isHidden()
    assert [rows.item(k).text() for k in range(2)] == ["first", "second"]
    assert rows.item(0).toolTip() == "first\n5 frames"
    assert rows.currentRow() == 1
    rows.setCurrentRow(0)
    assert document.shown_forecast.id == first
    colors = [series_color(entry, document, theme) for entry in document.forecasts]
    assert colors[0] == theme.colors.forecast != colors[1]
    rows.item(1).setText("other")
    assert document.forecasts[1].name == "other"
    rows.item(1).setText("  ")
    assert rows.item(1).text() == "other"
    document.show_preview(Preview("live", evolution))
    assert not rows.isEnabled()
    document.end_preview()
    panel.forecasts.remove_button.click()
    assert [entry.id for entry in document.forecasts] == [second]
    assert rows.currentRow() == 0
    panel.forecasts.remove_button.click()
    assert panel.forecasts.isHidden()


def test_forecasts_are_compared_in_a_table(qtbot, document, evolution, theme):
    for scale in (1.0, 1.3):
        sequence = replace(
            evolution.sequence, fields={"density": evolution.density ** np.float32(scale)}
        )
        forecast = replace(evolution, sequence=sequence)
        number = document.set_forecast(forecast, f"scale {scale:g}")
        document.set_figures(measure(document.truth, document.control, forecast), number)
    document.go_to(0.014)
    dialog = CompareDialog(document, theme)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.table.rowCount() == 2
    perfect = dialog.table.item(0, 1)
    assert perfect.text() == "1.00"
    assert perfect.font().bold()
    error = dialog.values(document.forecasts[1])[-1]
    assert error > 0.01
    dialog.frames.setCurrentIndex(1)
    assert dialog.values(document.forecasts[0])[0] == pytest.approx(1.0)
    dialog.copy()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert lines[0].startswith("Forecast\tCavity IoU")
    assert lines[1].startswith("scale 1\t1.00")
    dialog.table.cellClicked.emit(0, 0)
    assert document.shown_forecast.name == "scale 1"


def test_time_left_is_readable():
    assert [time_left(seconds) for seconds in (1.23, 42.4, 600.0)] == [
        "1.2 s left",
        "42 s left",
        "10 min left",
    ]


@pytest.fixture
def mim(models, monkeypatch) -> str:
    """A small 3D-MIM that has learnt nothing, for the cubes of the sample."""
    import torch

    from core.models.mim_forecast import config_arguments
    from core.models.registry import ModelConfig, save_model

    monkeypatch.setattr("core.models.registry.models_path", lambda: models)
    torch.manual_seed(0)
    config = ModelConfig(
        "mim-test", architecture="mim3d", arguments=config_arguments(4, 4, 3), frames=4
    )
    path = models / "mim-test.safetensors"
    save_model(config.build().state_dict(), config, path)
    return str(path)


def test_frames_are_given_as_they_come(mim, sample_file):
    cube = core.load(sample_file).sequence[0]
    seen: list[Evolution] = []
    made = forecasting.forecast(cube, mim, "cpu", 1, growing=seen.append)
    assert [len(one) for one in seen] == [1, 2, 3, 4, 5]
    for one in seen:
        np.testing.assert_array_equal(one.density, made.forecast.density[: len(one)])
        np.testing.assert_array_equal(one.control.density[-1], cube.density)
    at_once: list[Evolution] = []
    forecasting.forecast(cube, "thin-shell", "cpu", 1, growing=at_once.append)
    assert at_once == []


def test_a_full_gpu_leaves_the_forecast_to_the_cpu(monkeypatch, sample_file, mim):
    cube = core.load(sample_file).sequence[0]
    original = core.Forecaster

    def full(model, *, device, averaging):
        if device != "cpu":
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return original(model, device=device, averaging=averaging)

    monkeypatch.setattr("core.Forecaster", full)
    made = forecasting.forecast(cube, mim, "cuda:0", 1)
    assert "on the CPU" in made.note
    assert made.device.startswith("CPU")


def test_the_window_keeps_forecasts_and_shows_growing_ones(
    qtbot, window, sample_file, mim, monkeypatch
):
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    panel, document = window.forecast_panel, window.document
    panel.set_networks([Choice("thin-shell", "Thin shell"), Choice(mim, "3D-MIM")])
    window.forecast()
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    first = document.shown_forecast
    assert first.name == "thin-shell"
    assert first.is_measured
    panel.network.setCurrentIndex(1)
    # Esc while it grows brings back what was there.
    lengths: list[int] = []

    def grow_and_cancel(preview: Preview) -> None:
        Document.show_preview(document, preview)
        lengths.append(len(preview.forecast))
        if len(lengths) == 2:
            qtbot.keyClick(window, Qt.Key.Key_Escape)

    monkeypatch.setattr(document, "show_preview", grow_and_cancel)
    job = window.forecast()
    with qtbot.waitSignal(job.done, timeout=WAIT_MS):
        pass
    assert lengths[:2] == [1, 2]
    assert document.preview is None
    assert document.shown_forecast is first
    assert document.figures is first.figures
    # The second time it may end, and both are kept.
    lengths += [0, 0]
    window.forecast()
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    assert [entry.name for entry in document.forecasts] == ["thin-shell", "mim-test · mean of 4"]
    assert document.figures.comparison is not None
    document.show_forecast(first.id)
    assert document.figures is first.figures
    drawn = window.plots.radius.plot.getPlotItem().listDataItems()
    thin = [item for item in drawn if item.opts["pen"].widthF() == 1.0]
    assert len(thin) >= 1
