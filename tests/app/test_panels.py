from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel

from app.data.opening import UnitsClue
from app.data.source import Source
from app.data.units_dialog import UnitsDialog, asked_for
from app.document import Document
from app.forecasts.forecasting import Choice
from app.guidance.dialogs import versions
from app.measuring import measure, stand_in_control
from app.panels.data import DataPanel, FactsPanel
from app.panels.forecast import ForecastPanel
from app.panels.layers import LayersPanel
from app.panels.measurements import MeasurementsPanel
from app.panels.parts import number
from app.panels.playing import FRAME_MS, LAST_MS, stay_ms
from app.panels.plots import PlotsPanel
from app.panels.time_plot import Key, Legend
from app.panels.timeline import TimelinePanel, nice_step
from app.settings import MAX_RECENT
from app.theme import Theme
from core.cubes import CubeSequence
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(24, 6, uniform=True)


@pytest.fixture(scope="module")
def figures(evolution):
    return measure(evolution.sequence, evolution.control, evolution)


@pytest.fixture
def theme(qapp):
    return Theme()


@pytest.fixture
def document(evolution):
    document = Document()
    source = Source(
        Path("run"), "run", "SWIFT", len(evolution), tuple(evolution.times_myr), (60.0,)
    )
    document.open_source(source, evolution.sequence, evolution.control)
    return document


@pytest.fixture
def compared(document, evolution, figures):
    document.set_forecast(evolution)
    document.set_figures(figures)
    return document


def test_numbers():
    assert number(None) == number(math.nan) == "–"
    assert number(-1.234, 1) == "−1.2"
    assert number(-0.001, 2) == "0.00"
    assert number(0.5, 2, sign=True) == "+0.50"
    assert number(12345, 0) == "12\u2009345"


@pytest.mark.parametrize(("span", "room", "step"), [(0.133, 8, 0.02), (10, 10, 1), (14, 3, 5)])
def test_ticks_are_round(span, room, step):
    assert nice_step(span, room) == pytest.approx(step)


def test_measuring_a_perfect_forecast(figures):
    assert figures.comparison.control_source == "given"
    assert figures.comparison.rows[-1].affected_iou == pytest.approx(1)
    truth, forecast = (figures.curve(role, 0.5) for role in ("truth", "forecast"))
    np.testing.assert_allclose(truth.mean_pc, forecast.mean_pc)
    assert truth.mean_pc[-1] == pytest.approx(13, abs=0.6)


def test_measuring_without_a_truth(evolution):
    figures = measure(None, None, evolution)
    assert figures.comparison is None
    assert set(figures.curves) == {"forecast"}


def test_the_forecasts_control_stands_in(evolution):
    late = evolution.times_myr[-1] + 0.1
    longer = CubeSequence(
        {"density": np.concatenate([evolution.density, evolution.density[-1:]])},
        np.append(evolution.times_myr, late),
        evolution.sequence.size_pc,
    )
    behind = stand_in_control(longer, None, evolution)
    np.testing.assert_allclose(behind.times_myr, evolution.times_myr)
    assert stand_in_control(longer, None, None) is None
    figures = measure(longer, None, evolution)
    assert figures.comparison.control_source == "forecast"
    assert len(figures.curve("truth", 0.5).times_myr) == len(evolution)


def test_timeline_follows_and_asks(qtbot, document, theme):
    panel = TimelinePanel(document, theme)
    qtbot.addWidget(panel)
    panel.resize(700, 60)
    panel.show()
    panel.forward.click()
    assert document.frame == 1
    assert panel.time.text() == "0.007 Myr"
    assert panel.frame.text() == "frame 1 of 5"
    track = panel.track
    place = QPoint(round(track.position(0.028)), 15)
    qtbot.mouseClick(track, Qt.MouseButton.LeftButton, pos=place)
    assert document.frame == 4
    panel.last.click()
    assert document.frame == 5
    panel.step(1)
    assert document.frame == 5


def test_timeline_plays_round_or_to_the_end(qtbot, document, theme):
    panel = TimelinePanel(document, theme)
    qtbot.addWidget(panel)
    panel.loop.click()
    assert not document.look.loop
    document.step(3)
    panel.toggle()
    assert panel.is_playing
    qtbot.waitUntil(lambda: not panel.is_playing, timeout=5000)
    assert document.frame == 5
    panel.loop.click()
    assert document.look.loop
    panel.toggle()
    qtbot.waitUntil(lambda: document.frame == 1, timeout=5000)
    panel.toggle()
    assert not panel.is_playing


def test_frames_stay_as_long_as_the_time_to_the_next():
    even = np.arange(5) * 0.007
    assert stay_ms(even, 1) == pytest.approx(FRAME_MS)
    assert stay_ms(even, 1, 4.0) == pytest.approx(FRAME_MS / 4)
    assert stay_ms(even, 4) == LAST_MS
    uneven = np.array([0.0, 0.0001, 0.0051, 0.0101, 0.0201])
    stays = [stay_ms(uneven, frame) for frame in range(4)]
    assert stays[0] < stays[1] == pytest.approx(stays[2])
    assert stays[3] == pytest.approx(2 * stays[2])


def test_the_speed_is_chosen_from_a_menu_and_remembered(qtbot, document, theme):
    panel = TimelinePanel(document, theme)
    qtbot.addWidget(panel)
    actions = panel.speed.menu().actions()
    assert [action.text() for action in actions] == ["0.5×", "1×", "2×", "4×"]
    actions[2].trigger()
    assert document.look.speed == 2.0
    assert panel.speed.text() == "2×"
    document.change_look(speed=0.5)
    assert actions[0].isChecked()


def test_timeline_without_frames_cannot_play(qtbot, theme):
    panel = TimelinePanel(Document(), theme)
    qtbot.addWidget(panel)
    panel.toggle()
    assert not panel.is_playing
    assert not panel.play.isEnabled()


def test_momentum_is_shown_where_the_truth_moves(qtbot, document, evolution, theme):
    sequence = evolution.sequence
    axis = (np.arange(sequence.n) - 0.5 * (sequence.n - 1)) * sequence.voxel_pc
    place = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    outward = place / np.linalg.norm(place, axis=-1, keepdims=True)
    speeds = 20.0 * (np.arange(len(sequence)) > 0)
    velocity = speeds[:, None, None, None, None] * outward
    moving = replace(sequence, fields={"density": sequence.density, "velocity": velocity})
    document.set_forecast(evolution)
    panel = MeasurementsPanel(document, theme)
    qtbot.addWidget(panel)
    document.go_to(0.07)
    label = "p, 10⁵ M⊙ km/s"
    document.set_figures(measure(sequence, evolution.control, evolution))
    assert label not in {cells[0] for _, cells in panel.rows()}
    document.set_figures(measure(moving, evolution.control, evolution))
    tip, cells = next(row for row in panel.rows() if row[1][0] == label)
    assert "Momentum away from the site" in tip
    figure = document.figures.comparison.row_at(0.07).momentum_truth
    assert figure > 1e4
    assert cells[1:] == (number(figure / 1e5, 2), "", "")


def test_measurements_show_the_frame(qtbot, compared, theme):
    panel = MeasurementsPanel(compared, theme)
    qtbot.addWidget(panel)
    compared.go_to(0.035)
    rows = {cells[0]: cells for _, cells in panel.rows()}
    assert rows["Cavity radius, pc"][3] == "0.00"
    assert float(rows["Cavity radius, pc"][1]) == pytest.approx(13, abs=0.6)
    assert rows["Affected IoU"][2] == "1.00"
    swept = rows["Swept-up, M⊙"]
    assert swept[1] == swept[2] != "0"
    assert swept[3] == "0"
    assert all(tip for tip, _ in panel.rows())
    assert "control run" in panel.note.text()
    panel.copy_button.click()
    assert "Affected IoU" in QGuiApplication.clipboard().text()
    with qtbot.waitSignal(panel.export_requested):
        panel.export_button.click()


def test_measurements_of_nothing(qtbot, theme):
    panel = MeasurementsPanel(Document(), theme)
    qtbot.addWidget(panel)
    assert panel.rows() == []
    assert not panel.export_button.isEnabled()


def test_plots_draw_both_and_go_where_clicked(qtbot, compared, theme):
    panel = PlotsPanel(compared, theme)
    qtbot.addWidget(panel)
    panel.resize(800, 200)
    panel.show()
    qtbot.waitExposed(panel)
    lines = [item.getData() for item in panel.radius.plot.getPlotItem().listDataItems()]
    assert sum(len(x) == 6 for x, _ in lines) >= 2
    box = panel.radius.plot.getPlotItem().getViewBox()
    scene = box.mapViewToScene(QPointF(0.0212, 5.0))
    place = panel.radius.plot.mapFromScene(scene)
    qtbot.mouseClick(panel.radius.plot.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert compared.frame == 3
    assert panel.radius.time_line.value() == pytest.approx(0.021)
    compared.change_layers(shell_level=0.9)
    assert "affected" in panel.heading.text()


def test_layers_change_the_document(qtbot, document, theme):
    panel = LayersPanel(document, theme)
    qtbot.addWidget(panel)
    gas, truth, forecast, _particles, box, site, cut = panel.rows
    for row in (truth, box, site, cut):
        row.eye.click()
    assert not document.layers("truth").shell
    assert document.layers("forecast").shell
    assert not document.layers("forecast").box
    assert not document.layers("truth").site
    assert not document.layers("truth").cut
    gas.slider.setValue(40)
    assert document.layers("forecast").volume_opacity == pytest.approx(0.4)
    forecast.slider.setValue(70)
    assert document.layers("truth").shell_opacity == 1
    assert gas.percent.text() == "40 %"
    panel.level.setCurrentIndex(1)
    panel.level.activated.emit(1)
    assert document.layers("truth").shell_level == 0.9


def test_forecast_panel_says_what_can_be_done(qtbot, document, theme):
    panel = ForecastPanel(Document(), theme)
    qtbot.addWidget(panel)
    assert not panel.button.isEnabled()
    panel = ForecastPanel(document, theme)
    qtbot.addWidget(panel)
    assert (panel.model, panel.device_key, panel.averaging_count) == ("default", "auto", 4)
    panel.set_networks([Choice("a", "A"), Choice("b", "B")])
    panel.set_devices([Choice("auto", "Automatic"), Choice("cpu", "CPU")])
    panel.network.setCurrentIndex(1)
    assert panel.model == "b"
    with qtbot.waitSignal(panel.forecast_requested):
        panel.button.click()
    panel.set_busy(True)
    panel.show_progress(0.25, "Orientation 2 of 4", 1.23)
    assert panel.left.text() == "1.2 s left"
    with qtbot.waitSignal(panel.cancel_requested):
        panel.button.click()
    panel.set_busy(False)
    panel.set_networks([])
    assert not panel.button.isEnabled()


def test_data_panel_lists_what_is_open_and_recent(qtbot, compared, settings, theme, tmp_path):
    settings.add_recent(tmp_path)
    panel = DataPanel(compared, settings, theme)
    qtbot.addWidget(panel)
    top = panel.tree.topLevelItem(0)
    assert top.text(0) == "run"
    texts = [top.child(index).text(0) for index in range(top.childCount())]
    assert texts[0].startswith("6 frames")
    assert "Control, no supernova" in texts
    recent = panel.tree.topLevelItem(1).child(0)
    with qtbot.waitSignal(panel.path_requested) as caught:
        panel.tree.itemClicked.emit(recent, 0)
    assert caught.args == [tmp_path]
    # What is open is seen whole, however little room there is.
    panel.resize(230, 60)
    panel.show()
    qtbot.waitExposed(panel)
    last = top.child(top.childCount() - 1)
    assert panel.tree.viewport().rect().contains(panel.tree.visualItemRect(last))


def test_facts(qtbot, compared):
    panel = FactsPanel(compared)
    qtbot.addWidget(panel)
    texts = [label.full_text for _, label in panel._rows.values()]
    assert texts[:4] == ["SWIFT", "60 pc", "60 pc", "24³, 2.5 pc"]
    compared.close()
    assert panel._rows["format"][1].full_text == "–"


def test_units_dialog_spells_out_the_consequence(qtbot):
    clue = UnitsClue(Path("a.hdf5"), ("length", "mass", "velocity"), 0.06, 1e-5, 3.24e-5)
    dialog = UnitsDialog(clue)
    qtbot.addWidget(dialog)
    assert set(dialog.combos) == {"length", "mass", "velocity"}
    dialog.combos["length"].setCurrentText("kpc")
    dialog.combos["mass"].setCurrentText("1e10 Msun")
    assert "<b>box = 60 pc</b>,<br>t = 0.009778 Myr, gas = 3.24e+05 M☉" in dialog.consequence.text()
    dialog.remember.setChecked(False)
    with qtbot.waitSignal(dialog.chosen) as caught:
        dialog.accept()
    assert caught.args[0].units.length_pc == 1000
    assert not caught.args[0].remember


def test_units_are_typed_freely_and_checked_at_once(qtbot):
    clue = UnitsClue(Path("a.hdf5"), ("length", "mass", "velocity"), 40.0, 1e-5, 3.24e5)
    dialog = UnitsDialog(clue)
    qtbot.addWidget(dialog)
    dialog.combos["length"].setEditText("1.5 pc")
    assert "<b>box = 60 pc</b>" in dialog.consequence.text()
    dialog.combos["length"].setEditText("1.5 parsnips")
    assert not dialog.open_button.isEnabled()
    assert "is no unit of length" in dialog.consequence.text()
    dialog.accept()
    assert dialog.result() == 0
    dialog.combos["length"].setEditText("1.5 pc")
    assert dialog.open_button.isEnabled()


def test_a_grid_is_asked_for_its_voxels_and_its_density(qtbot):
    offer = "length=1.875 pc,mass=6.591796875 Msun,time=0.007 Myr"
    clue = UnitsClue(
        Path("a.npz"), ("length", "mass", "time"), 32.0, 2.0, 49152.0, cells=32, offer=offer
    )
    assert asked_for(clue) == ("length", "density", "time")
    dialog = UnitsDialog(clue)
    qtbot.addWidget(dialog)
    assert dialog.units.density == pytest.approx(1.0)
    assert "<b>box = 60 pc (1.875 pc per voxel)</b>,<br>t = 0.014 Myr" in dialog.consequence.text()
    # Another edge changes the volume of a voxel, not the density in it.
    dialog.combos["length"].setEditText("3.75 pc")
    assert dialog.units.density == pytest.approx(1.0)
    dialog.combos["density"].setCurrentText("H/cm^3")
    assert dialog.units.density == pytest.approx(0.0325, rel=0.01)


def test_units_dialog_takes_the_readers_offer(qtbot):
    offer = "length=pc,mass=Msun,velocity=62.5 km/s,time=Myr"
    asked = ("length", "mass", "velocity", "time")
    clue = UnitsClue(Path("w.hdf5"), asked, 60.0, 0.1, 3.24e5, 0, "It fits.", offer)
    dialog = UnitsDialog(clue)
    qtbot.addWidget(dialog)
    assert dialog.units.velocity_kms == 62.5
    assert dialog.units.time_myr == 1.0


def test_recent_files_are_few_and_unique(settings, tmp_path):
    for index in range(MAX_RECENT + 3):
        settings.add_recent(tmp_path / str(index))
    settings.add_recent(tmp_path / "5")
    assert settings.recent_files[0] == tmp_path / "5"
    assert len(settings.recent_files) == MAX_RECENT
    settings.forget_recent(tmp_path / "5")
    assert tmp_path / "5" not in settings.recent_files
    settings.forget_recent()
    assert settings.recent_files == []


def test_themes_differ_and_are_complete(qtbot, theme):
    with qtbot.waitSignal(theme.changed):
        theme.apply("light")
    assert theme.colors.truth == "#b87a10"
    theme.apply("dark")


def test_versions_name_what_matters():
    text = versions("Mesa")
    assert "PySide6-Essentials 6." in text
    assert text.count("\nGraphics: Mesa\nLog: ") == 1


def test_a_legend_shortens_its_names_before_it_leaves_any_out(qtbot, qapp):
    theme = Theme("dark")
    legend = Legend()
    qtbot.addWidget(legend)
    legend.set_keys(
        [
            Key(theme, "accent", "Recall", ""),
            Key(theme, "forecast", "IoU, affected", "", short="Affected"),
            Key(theme, "neutral", "IoU, cavity", "", short="Cavity"),
        ]
    )

    def shown(width: int) -> list[str]:
        legend.resize(width, 20)
        legend.show()
        labels = [key.findChild(QLabel) for key in legend.keys if not key.isHidden()]
        assert sum(key.width() for key in legend.keys if not key.isHidden()) <= width
        return [label.text() for label in labels]

    assert shown(400) == ["Recall", "IoU, affected", "IoU, cavity"]
    assert shown(200) == ["Recall", "Affected", "Cavity"]
    assert shown(80) == ["Recall"]
    assert shown(400) == ["Recall", "IoU, affected", "IoU, cavity"]
