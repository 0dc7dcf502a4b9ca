from __future__ import annotations

import re

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog

from app.exports.figure_dialog import FigureDialog
from app.exports.figure_export import RADIUS, WHAT, available, save_figure
from app.exports.provenance import PROVENANCE, read_png_text
from app.figures import Figures
from app.measuring import measure
from app.panels.charts import CHARTS
from core.cubes import CubeSequence
from core.errors import InvalidRequest
from tests.app.conftest import WAIT_MS
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def figures() -> Figures:
    """An explosion forecast one voxel beside where it is."""
    forecast = analytic_evolution(24, 5, uniform=True)
    moved = np.roll(forecast.density, 1, axis=1)
    truth = CubeSequence({"density": moved}, forecast.times_myr, forecast.sequence.size_pc)
    return measure(truth, forecast.control, forecast)


@pytest.mark.parametrize("width_mm", [88.0, 180.0])
def test_a_png_is_as_wide_as_the_column_and_says_where_it_is_from(figures, tmp_path, width_mm):
    path = tmp_path / "plots.png"
    text = {"Software": "Shellsight test", PROVENANCE: '{"file": "run"}'}
    assert save_figure(figures, path, width_mm=width_mm, text=text) == path
    image = QImage(str(path))
    assert image.width() == pytest.approx(width_mm / 25.4 * 300, abs=1)
    assert image.dotsPerMeterX() == pytest.approx(300 / 0.0254, rel=0.01)
    assert image.pixelColor(2, 2).name() == "#ffffff"
    assert read_png_text(path)[PROVENANCE] == '{"file": "run"}'
    # The curves are there, in the colours of meaning on paper.
    small = image.scaledToWidth(1000)
    seen = {
        small.pixelColor(x, y).name() for x in range(small.width()) for y in range(small.height())
    }
    for color in ("#b87a10", "#cf3c7d"):
        wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
        nearest = min(
            sum(abs(int(c[i : i + 2], 16) - w) for i, w in zip((1, 3, 5), wanted, strict=True))
            for c in seen
        )
        assert nearest < 40, color


def test_vector_formats_hold_every_plot(figures, tmp_path):
    for suffix, start in ((".svg", b"<?xml"), (".pdf", b"%PDF")):
        path = tmp_path / f"plots{suffix}"
        save_figure(figures, path, width_mm=180.0, what=WHAT, text={"Software": "Shellsight"})
        data = path.read_bytes()
        assert data.startswith(start)
        assert b"Shellsight" in data
    width = re.search(r'<svg[^>]* width="([\d.]+)pt"', (tmp_path / "plots.svg").read_text())
    assert width is not None
    assert float(width[1]) == pytest.approx(180 / 25.4 * 72, abs=0.5)
    assert not list(tmp_path.glob(".*"))


def test_what_cannot_be_drawn_is_refused(figures, tmp_path):
    path = tmp_path / "plots.png"
    only_forecast = Figures(None, {"forecast": figures.curves["forecast"]})
    assert available(Figures()) == ()
    assert available(only_forecast) == (RADIUS,)
    assert available(figures) == WHAT
    cases = [
        (figures, path.with_suffix(".doc"), {}, "end the name"),
        (figures, path, {"what": ("weather",)}, "no plot 'weather'"),
        (figures, path, {"what": ()}, "No plot was named"),
        (figures, path, {"width_mm": 3.0}, "40 to 400 mm"),
        (figures, path, {"level": 0.7}, "0.5, 0.9"),
        (only_forecast, path, {"what": ("overlap",)}, "needs a forecast and a truth"),
        (Figures(), path, {"what": (RADIUS,)}, "forecast first"),
        (figures, tmp_path / "no" / "plots.png", {}, "no directory"),
    ]
    for measured, where, options, says in cases:
        with pytest.raises(InvalidRequest, match=says):
            save_figure(measured, where, **options)
    assert list(tmp_path.iterdir()) == []


def test_undefined_values_leave_gaps(figures, tmp_path):
    """The first frames often have no surface to measure a distance from."""
    distances = figures.comparison.column("surface_distance_pc")
    assert np.isnan(distances[0])
    save_figure(figures, tmp_path / "gap.png", what=("distance",))


def test_the_dialog_offers_what_there_is(qtbot):
    dialog = FigureDialog((RADIUS,), "distance")
    qtbot.addWidget(dialog)
    assert dialog.what == (RADIUS,)
    assert not dialog.boxes["overlap"].isEnabled()
    dialog.boxes[RADIUS].click()
    assert not dialog.save_button.isEnabled()
    dialog.boxes[RADIUS].click()
    dialog.width_choice.setCurrentIndex(1)
    with qtbot.waitSignal(dialog.chosen) as caught:
        dialog.save_button.click()
    assert caught.args == [(RADIUS,), 180.0]


def test_the_window_writes_the_plots_it_shows(qtbot, window, figures, tmp_path, monkeypatch):
    assert not window.actions_["export_plots"].isEnabled()
    window.document.set_figures(figures)
    assert window.actions_["export_plots"].isEnabled()
    window.plots.choice.setCurrentIndex(2)
    window.plots.choice.activated.emit(2)
    assert window.document.look.plot == CHARTS[2].key == "distance"
    wanted = tmp_path / "figure"
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *_args, **_more: (str(wanted), "SVG (*.svg)")
    )
    qtbot.mouseClick(window.plots.export_button, Qt.MouseButton.LeftButton)
    dialog = window.findChild(FigureDialog)
    assert dialog.what == (RADIUS, "distance")
    dialog.save_button.click()
    path = tmp_path / "figure.svg"
    qtbot.waitUntil(path.exists, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    assert b"shellsight-provenance" in path.read_bytes()
