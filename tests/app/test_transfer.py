from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtTest import QTest

from app.data.source import Source
from app.document import Document
from app.events import TransferChanged
from app.panels import opacity
from app.panels.histogram import density_histogram, surface_dex
from app.panels.opacity import PRESETS, Axes, preset_for
from app.panels.transfer import TransferPanel
from app.scene.colormaps import LABELS, NAMES, colorize, lookup_table
from app.scene.prepare import fitting_transfer
from app.theme import Theme
from app.view_state import OPACITY_POINTS, TransferFunction
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(24, 4)


@pytest.fixture
def document(evolution):
    document = Document()
    times = tuple(evolution.times_myr)
    source = Source(Path("run"), "run", "SWIFT", len(evolution), times, (60.0,))
    document.open_source(source, evolution.sequence, evolution.control)
    return document


@pytest.fixture
def panel(qtbot, qapp, document):
    panel = TransferPanel(document, Theme())
    qtbot.addWidget(panel)
    panel.resize(300, 300)
    panel.show()
    qtbot.waitExposed(panel)
    # What is done a little later is over.
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in panel.findChildren(QTimer)))
    return panel


def at(point: QPointF) -> QPoint:
    return QPoint(round(point.x()), round(point.y()))


def drag(editor, start: QPointF, *stops: QPointF) -> None:
    QTest.mousePress(editor, Qt.MouseButton.LeftButton, pos=at(start))
    for stop in stops:
        QTest.mouseMove(editor, at(stop))
    QTest.mouseRelease(editor, Qt.MouseButton.LeftButton, pos=at(stops[-1]))


# Without widgets


def test_a_histogram_counts_voxels_by_decade():
    density = np.repeat([0.0, 1e-6, 1e-2, 1.0], [5, 10, 100, 1000]).reshape(-1)
    histogram = density_histogram(density, bins=4)
    assert histogram.span_dex == (-4.0, 0.0)  # thinner gas is drawn like the thinnest
    assert histogram.counts.tolist() == [10, 0, 100, 1000]
    assert histogram.heights[-1] == 1.0
    assert histogram.heights[1] == 0.0
    assert histogram.heights[2] == pytest.approx(np.log(101) / np.log(1001))
    assert density_histogram(np.zeros((4, 4, 4))) is None
    low, high = density_histogram(np.ones((4, 4, 4))).span_dex
    assert low < 0.0 < high


def test_a_histogram_of_many_voxels_is_that_of_a_sample():
    rng = np.random.default_rng(3)
    density = 10.0 ** rng.normal(0.0, 0.5, (8, 64, 64, 64)).astype(np.float32)
    histogram = density_histogram(density)
    counted = histogram.counts.sum()
    assert counted < 500_000 < density.size
    share = histogram.counts[histogram.centers_dex < 0.5].sum() / counted
    assert share == pytest.approx(np.mean(density < 10**0.5), abs=0.01)


def test_a_surface_is_where_the_gas_is_its_part_of_the_control():
    n, size = 32, 60.0
    axis = (np.arange(n) + 0.5) / n * size - size / 2
    radius = np.sqrt(axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2)
    control = np.full((n, n, n), 2.0)
    density = np.where(radius < 10.0, 0.01, 2.0)
    assert surface_dex(density, control, 0.5, size) == pytest.approx(0.0)
    # A hole elsewhere was not made by the explosion.
    density[:4, :4, :4] = 0.01
    control[:5, :5, :5] = 200.0
    assert surface_dex(density, control, 0.5, size) == pytest.approx(0.0)
    assert surface_dex(control, control, 0.5, size) is None
    assert surface_dex(density, control, 0.5, size, (25.0, 25.0, 25.0)) is None


def test_points_stay_in_order():
    points = ((-1.0, 0.0), (0.0, 0.5), (1.0, 1.0))
    assert opacity.with_moved(points, 1, 5.0, 2.0)[1] == (1.0, 1.0)
    assert opacity.with_moved(points, 0, -3.0, -1.0)[0] == (-3.0, 0.0)
    added, index = opacity.with_point(points, 0.5, 0.2)
    assert (index, added[index]) == (2, (0.5, 0.2))
    assert opacity.without_point(added, 2) == points
    assert opacity.without_point(points[:2], 0) == points[:2]
    assert opacity.opacity_at(points, 0.5) == pytest.approx(0.75)
    TransferFunction(opacity_points=added)  # in order, or refused


def test_an_end_of_the_range_stops_before_the_other():
    transfer = TransferFunction()
    low, high = opacity.with_range(transfer, 0, 9.0).range_dex
    assert high == transfer.range_dex[1]
    assert low == pytest.approx(high - opacity.LEAST_RANGE_DEX)
    assert opacity.with_range(transfer, 1, 3.0).range_dex == (transfer.range_dex[0], 3.0)


@pytest.mark.parametrize("logarithmic", [False, True])
def test_axes_go_there_and_back(logarithmic):
    axes = Axes(5.0, 10.0, 200.0, 100.0, (-3.0, 2.0), logarithmic)
    for place, value in ((-2.5, 0.02), (0.0, 0.5), (1.9, 1.0)):
        assert axes.place(axes.x(place)) == pytest.approx(place)
        assert axes.opacity(axes.y(value)) == pytest.approx(value)
    assert axes.opacity(axes.y(0.0)) == 0.0
    assert axes.opacity(-50.0) == 1.0


def test_presets_follow_the_density_of_the_cloud():
    thin = fitting_transfer(np.full((8, 8, 8), 1.26e-3))
    for preset in PRESETS:
        usual = preset_for(preset, TransferFunction(), "magma")
        shifted = preset_for(preset, thin, "magma_r")
        assert opacity.plain(usual.colormap) == "magma"
        assert usual.colormap == shifted.colormap
        shift = thin.range_dex[0] - TransferFunction().range_dex[0]
        assert shift == pytest.approx(-3.0)
        assert shifted.range_dex[0] == pytest.approx(usual.range_dex[0] + shift)
        assert shifted.opacity_points[1][0] == pytest.approx(usual.opacity_points[1][0] + shift)
    assert preset_for(PRESETS[0], TransferFunction(), "deep-blue") == TransferFunction()


def test_maps_have_names_and_run_backwards():
    assert set(LABELS) == set(NAMES)
    for name in NAMES:
        table = lookup_table(name).astype(float)
        assert np.array_equal(lookup_table(f"{name}_r"), lookup_table(name)[::-1])
        luminance = table @ [0.2126, 0.7152, 0.0722]
        assert luminance[-1] > luminance[0]
    values = np.array([-1.2, 1.4])
    forth, back = (colorize(values, name, (-1.2, 1.4)) for name in ("ice", "ice_r"))
    assert np.array_equal(forth, back[::-1])


# The panel


def test_dragging_a_point_changes_every_view_once_a_turn(qtbot, panel, document):
    editor, seen, coarse = panel.editor, [], []
    document.subscribe(TransferChanged, lambda _: seen.append(document.transfer))
    panel.dragged.connect(coarse.append)
    start = editor.point_at(4)
    axes = editor.axes
    stops = [start + QPointF(step, -step) for step in (4, 8, 12)]
    drag(editor, start, *stops)
    assert coarse == [True, False]
    assert seen == []  # nothing yet: the turn is not over
    qtbot.waitUntil(lambda: bool(seen))
    assert len(seen) == 1
    place, value = document.transfer.opacity_points[4]
    assert place == pytest.approx(axes.place(round(start.x()) + 12), abs=0.03)
    assert value == pytest.approx(axes.opacity(round(start.y()) - 12), abs=0.02)
    assert document.transfer.opacity_points[:4] == OPACITY_POINTS[:4]


def test_points_come_with_a_click_and_go_with_another_button(qtbot, panel, document):
    editor = panel.editor
    place = 0.6
    value = opacity.opacity_at(OPACITY_POINTS, place)
    on_curve = QPointF(editor.axes.x(place), editor.axes.y(value))
    qtbot.mouseClick(editor, Qt.MouseButton.LeftButton, pos=at(on_curve))
    qtbot.waitUntil(lambda: len(document.transfer.opacity_points) == len(OPACITY_POINTS) + 1)
    index = editor.selected
    assert document.transfer.opacity_points[index][0] == pytest.approx(place, abs=0.05)
    qtbot.mouseClick(editor, Qt.MouseButton.RightButton, pos=at(editor.point_at(index)))
    qtbot.waitUntil(lambda: document.transfer.opacity_points == OPACITY_POINTS)
    free = QPointF(editor.axes.x(0.5), editor.axes.y(0.8))
    qtbot.mouseDClick(editor, Qt.MouseButton.LeftButton, pos=at(free))
    qtbot.waitUntil(lambda: len(document.transfer.opacity_points) == len(OPACITY_POINTS) + 1)
    added = document.transfer.opacity_points[editor.selected]
    assert added == pytest.approx((0.5, 0.8), abs=0.05)


def test_the_keyboard_does_what_the_mouse_does(qtbot, panel, document):
    editor = panel.editor
    for _ in range(3):
        qtbot.keyClick(editor, Qt.Key.Key_PageUp)
    assert editor.selected == 2
    qtbot.keyClick(editor, Qt.Key.Key_Up)
    qtbot.keyClick(editor, Qt.Key.Key_Right)
    qtbot.keyClick(editor, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    place, value = OPACITY_POINTS[2]
    qtbot.waitUntil(
        lambda: document.transfer.opacity_points[2] == pytest.approx((place + 0.04, value + 0.02))
    )
    assert "Point 3 of 7" in editor.accessibleDescription()
    qtbot.keyClick(editor, Qt.Key.Key_Insert)
    qtbot.waitUntil(lambda: len(document.transfer.opacity_points) == 8)
    qtbot.keyClick(editor, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: len(document.transfer.opacity_points) == 7)


def test_the_range_is_dragged_or_typed(qtbot, panel, document):
    editor = panel.editor
    end = editor.end_at(1)
    wanted = editor.axes.place(round(end.x()) - 20)
    drag(editor, end, end - QPointF(10, 0), end - QPointF(20, 0))
    qtbot.waitUntil(lambda: document.transfer.range_dex[1] == pytest.approx(wanted, abs=0.02))
    assert panel.ends[1].value() == pytest.approx(wanted, abs=0.02)
    panel.ends[0].setValue(-2.0)
    assert document.transfer.range_dex[0] == pytest.approx(-2.0)


def test_maps_presets_and_reset(qtbot, panel, document):
    panel.maps.setCurrentIndex(NAMES.index("magma"))
    panel.maps.activated.emit(NAMES.index("magma"))
    assert document.transfer.colormap == "magma"
    panel.backwards.click()
    assert document.transfer.colormap == "magma_r"
    cavity = next(a for a in panel.presets.menu().actions() if a.text() == "Cavity")
    cavity.trigger()
    assert document.transfer.opacity_points[0][1] > 0.0
    assert document.transfer.colormap == "magma_r"
    panel.reset.click()
    assert document.transfer == fitting_transfer(document.truth.density[0])
    assert not panel.backwards.isChecked()


def test_the_editor_follows_the_document(qtbot, panel, document, evolution):
    other = replace(TransferFunction(), opacity_points=((-1.0, 0.1), (1.0, 0.9)))
    document.set_transfer(other)
    assert panel.editor.transfer == other
    panel.log.click()
    assert document.look.log_opacity
    assert panel.editor.axes.logarithmic
    document.change_look(log_opacity=False)
    assert not panel.log.isChecked()
    qtbot.waitUntil(lambda: panel.editor._histogram is not None)
    assert panel.editor.axes.span_dex[0] < np.log10(evolution.density.min())


def test_surfaces_are_marked_where_they_are_shown(qtbot, panel, document, evolution):
    document.set_forecast(evolution)
    document.go_to(evolution.times_myr[-1])
    qtbot.waitUntil(lambda: set(panel.editor._surfaces) == {"truth", "forecast"})
    assert panel.editor._surfaces["truth"] == pytest.approx(panel.editor._surfaces["forecast"])
    document.change_layers(("truth",), shell=False)
    qtbot.waitUntil(lambda: set(panel.editor._surfaces) == {"forecast"})


def test_it_folds_away(qtbot, panel):
    panel.caret.click()
    assert panel.body.isHidden()
    panel.caret.click()
    assert not panel.body.isHidden()
    qtbot.waitUntil(lambda: not any(timer.isActive() for timer in panel.findChildren(QTimer)))


def test_the_window_redraws_its_views(qtbot, window, sample_file):
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=30_000)
    view = window.centre.columns["truth"].view
    editor = window.transfer.editor
    editor.setFocus()
    frame = window.document.frame
    # The arrows belong to the point while the editor has them, not to the timeline.
    qtbot.keyClick(editor, Qt.Key.Key_PageUp)
    qtbot.keyClick(editor, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: window.document.transfer != TransferFunction())
    assert window.document.frame == frame
    assert view._transfer == window.document.transfer
    editor.dragged.emit(True)
    assert view._coarse
    editor.dragged.emit(False)
    qtbot.waitUntil(lambda: not view._coarse)
