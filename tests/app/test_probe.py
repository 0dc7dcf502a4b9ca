from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from app.preferences.display_units import DENSITY
from app.scene.ruler import Ruler
from app.views.probe import (
    describe,
    describe_both,
    describe_coarse,
    read_gas,
    read_overview,
)
from core.constants import NH_PER_DENSITY
from core.cubes import Cube, CubeSequence
from core.overview import Overview
from tests.app.conftest import WAIT_MS
from tests.app.galaxy import write_galaxy


@pytest.fixture
def sequence() -> CubeSequence:
    n = 8
    density = np.arange(2 * n**3, dtype=np.float32).reshape(2, n, n, n) + 1
    temperature = density * 10
    velocity = np.zeros((2, n, n, n, 3), np.float32)
    velocity[..., 0], velocity[..., 1] = 3.0, -4.0
    fields = {"density": density, "temperature": temperature, "velocity": velocity}
    return CubeSequence(fields, [0.0, 0.007], 60.0, (100.0, 0.0, -30.0))


def test_the_cell_under_the_point_is_read(sequence):
    reading = read_gas(sequence, None, 0.006, (-29.9, 0.1, 29.9))
    assert reading.density == sequence.density[1, 0, 4, 7]
    assert reading.temperature == pytest.approx(10 * reading.density)
    assert reading.speed == pytest.approx(5.0)
    assert reading.source_pc == pytest.approx((70.1, 0.1, -0.1))
    assert reading.ratio is None
    # Both faces belong to the cube, nothing beyond does.
    assert read_gas(sequence, None, 0.0, (30.0, 30.0, 30.0)).density == sequence.density[0, 7, 7, 7]
    assert read_gas(sequence, None, 0.0, (30.1, 0.0, 0.0)) is None
    assert read_gas(sequence, None, 0.0, (np.nan, 0.0, 0.0)) is None


def test_the_ratio_is_to_the_control_of_the_same_time(sequence):
    control = CubeSequence({"density": 2 * sequence.density}, [0.0, 0.007], 60.0)
    assert read_gas(sequence, control, 0.007, (1.0, 1.0, 1.0)).ratio == pytest.approx(0.5)
    empty = CubeSequence({"density": 0 * sequence.density}, [0.0, 0.007], 60.0)
    assert read_gas(sequence, empty, 0.007, (1.0, 1.0, 1.0)).ratio is None
    coarse = CubeSequence({"density": np.ones((1, 4, 4, 4))}, [0.0], 60.0)
    assert read_gas(sequence, coarse, 0.0, (1.0, 1.0, 1.0)).ratio is None


def test_a_reading_is_one_line_with_units(sequence):
    control = CubeSequence({"density": 2 * sequence.density}, [0.0, 0.007], 60.0)
    reading = read_gas(sequence, control, 0.0, (-29.9, -29.9, -29.9))
    line = describe(reading, DENSITY["mass"])
    assert line.startswith("−29.9, −29.9, −29.9 (in the file 70.1, −29.9, −59.9) pc · ρ = 1 M")
    for part in (f"n_H = {NH_PER_DENSITY:.3g} cm⁻³", "0.5 × control", "10 K", "5 km/s"):
        assert part in line
    number = describe(reading, DENSITY["number"])
    assert number.index("n_H") < number.index("ρ = 1")
    here = CubeSequence({"density": sequence.density}, [0.0, 0.007], 60.0)
    plain = describe(read_gas(here, None, 0.0, (0.0, 0.01, -0.01)), DENSITY["mass"])
    assert plain.startswith("0.0, 0.0, 0.0 pc · ρ")


def test_truth_and_forecast_at_one_place(sequence):
    other = CubeSequence({"density": sequence.density / 10}, [0.0, 0.007], 60.0)
    place = (1.0, 1.0, 1.0)
    pair = [read_gas(each, None, 0.0, place) for each in (sequence, other)]
    line = describe_both(*pair, DENSITY["mass"])
    assert "truth ρ = " in line
    assert "forecast " in line
    assert line.endswith("Δ = −1.00 dex")


def test_a_whole_snapshot_is_read_from_its_coarse_cells():
    n, edge = 4, 400.0
    density = np.zeros((n, n, n), np.float32)
    density[:, :, :2] = np.arange(n * n * 2, dtype=np.float32).reshape(n, n, 2) + 1
    cube = Cube({"density": density}, edge, (1000.0, 200.0, 200.0))
    # The box is half as high as the cube around it.
    whole = Overview(
        cube,
        np.zeros((0, 3), np.float32),
        np.zeros(0, np.float32),
        (edge, edge, 200.0),
        (800.0, 0.0, 0.0),
        0.1,
        1,
    )
    reading = read_overview(whole, (1150.0, 50.0, 150.0))
    assert reading.density == density[3, 0, 1]
    assert reading.position_pc == reading.source_pc == (1150.0, 50.0, 150.0)
    assert read_overview(whole, (1150.0, 50.0, 250.0)) is None
    assert read_overview(whole, (1200.0, 400.0, 0.0)).density == density[3, 3, 0]
    assert read_overview(whole, (799.0, 50.0, 50.0)) is None
    line = describe_coarse(reading, cube.voxel_pc, DENSITY["mass"])
    assert line.startswith("1150.0, 50.0, 150.0 pc · ρ = 26 M")
    assert line.endswith(" · mean over 100 pc")


def test_the_length_of_a_ruler():
    assert Ruler((0.0, 0.0, 0.0), (3.0, 4.0, 12.0)).length_pc == pytest.approx(13.0)


# In the window


@pytest.fixture
def opened(qtbot, window, sample_file):
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    return window


def at(point: QPointF) -> QPoint:
    return QPoint(round(point.x()), round(point.y()))


def hover(widget: QWidget, point: QPointF) -> None:
    """Tell a widget that the mouse is over it; the screen's own pointer may be anywhere."""
    none = Qt.MouseButton.NoButton
    where = widget.mapToGlobal(point)
    move = QMouseEvent(
        QEvent.Type.MouseMove, point, where, none, none, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(widget, move)


def test_the_gas_under_the_mouse_is_told_in_the_status_bar(qtbot, opened):
    window, column = opened, opened.centre.columns["truth"]
    grid = window.status.grid.text()
    assert "per cell" in grid
    flat = column.slice

    def told() -> bool:
        # Again and again: the slice may still be laid out, and elsewhere a moment later.
        hover(flat, flat.pixel_of(5.0, -3.0))
        return window.status.grid.text() != grid

    qtbot.waitUntil(told, timeout=WAIT_MS)
    truth = window.document.truth
    expected = read_gas(truth, window.document.control, window.document.time_myr, (5.0, -3.0, 0.0))
    qtbot.waitUntil(lambda: f"{expected.density:.3g} M" in window.status.grid.text())
    assert "× control" in window.status.grid.text()
    # It follows the time while the mouse rests.
    before = window.status.grid.text()
    window.document.step(4)
    qtbot.waitUntil(lambda: window.status.grid.text() != before)
    flat.exited.emit()
    assert window.status.grid.text() == grid


def test_hovering_a_view_reads_and_draws_nothing(qtbot, opened):
    window, view = opened, opened.centre.columns["truth"].view
    qtbot.waitUntil(lambda: not view._coarse)
    drawn = []
    view.canvas.frame_drawn.connect(lambda: drawn.append(1))
    middle = QPointF(view.width() / 2, view.height() / 2)
    place = view.place_at(middle)
    assert place is not None
    assert np.abs(place).max() <= 30.0
    for step in range(20):
        hover(view.canvas, middle + QPointF(step, 0))
        window.probing._read()
    assert " pc · ρ = " in window.status.grid.text()
    assert drawn == []


def test_where_a_plane_is_seen_the_place_on_it_is_read(opened):
    window, view = opened, opened.centre.columns["truth"].view
    window.document.change_layers(volume=False, shell=False, plane_z=True, plane_z_pc=6.0)
    at = view.pixel_of((-9.0, 5.0, 6.0))
    assert view.place_at(at) == pytest.approx((-9.0, 5.0, 6.0), abs=1e-6)
    hover(view.canvas, at)
    window.probing._read()
    assert window.status.grid.text().startswith("−9.0, 5.0, 6.0 ")


def test_the_gas_of_a_whole_snapshot_is_told_too(qtbot, window, tmp_path):
    path = write_galaxy(tmp_path / "snap_000.hdf5", 20_000)
    window.open_paths([path])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)
    assert window.document.choosing
    view, grid = window.centre.whole.view, window.status.grid.text()
    assert "per coarse voxel" in grid
    overview = window.document.overview()
    middle = QPointF(view.width() / 2, view.height() / 2)
    hover(view.canvas, middle)
    place = view.place_at(middle)
    expected = read_overview(overview, place)
    assert expected.density > 0
    line = describe_coarse(expected, overview.density.voxel_pc, window.document.density_display)
    qtbot.waitUntil(lambda: window.status.grid.text() == line)
    # Beside the box there is nothing to tell.
    hover(view.canvas, QPointF(3.0, 100.0))
    qtbot.waitUntil(lambda: window.status.grid.text() == grid)

    def told_again() -> bool:
        # Again and again: the screen's own pointer may take it away in between.
        hover(view.canvas, QPointF(view.width() / 2, view.height() / 2))
        return window.status.grid.text() == line

    qtbot.waitUntil(told_again, timeout=WAIT_MS)
    view.canvas.exited.emit()
    assert window.status.grid.text() == grid


def test_a_ruler_is_dragged_in_a_slice_and_seen_in_all(qtbot, opened):
    window = opened
    qtbot.keyClick(window, Qt.Key.Key_M)
    assert window.actions_["ruler"].isChecked()
    flat = window.centre.columns["truth"].slice
    sheet = window.probing._sheets["truth"][1]
    assert sheet.isVisible()
    start, end = flat.pixel_of(-6.0, 0.0), flat.pixel_of(6.0, 0.0)
    QTest.mousePress(sheet, Qt.MouseButton.LeftButton, pos=at(start))
    QTest.mouseMove(sheet, at((start + end) / 2))
    QTest.mouseMove(sheet, at(end))
    QTest.mouseRelease(sheet, Qt.MouseButton.LeftButton, pos=at(end))
    assert window.probing.ruler.length_pc == pytest.approx(12.0, abs=0.3)
    others = window.probing._all_sheets()
    assert all(each._ruler == window.probing.ruler for each in others)
    picture = flat.grab().toImage()
    pixel = picture.pixelColor(at((start + end) / 2 + QPointF(0, 0)))
    assert min(pixel.red(), pixel.green(), pixel.blue()) > 150
    assert window.actions_["cancel"].isEnabled()
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    assert window.probing.ruler is None
    assert not window.actions_["ruler"].isChecked()
    assert not sheet.isVisible()


def test_a_ruler_in_a_view_lies_in_the_plane_that_faces_the_eye(qtbot, opened):
    window = opened
    window.actions_["ruler"].trigger()
    view = window.centre.columns["truth"].view
    sheet = window.probing._sheets["truth"][0]
    start, end = view.pixel_of((0.0, 0.0, 0.0)), QPointF(view.width() / 2 + 60, view.height() / 3)
    QTest.mousePress(sheet, Qt.MouseButton.LeftButton, pos=at(start))
    QTest.mouseMove(sheet, at(end))
    QTest.mouseRelease(sheet, Qt.MouseButton.LeftButton, pos=at(end))
    ruler = window.probing.ruler
    assert np.linalg.norm(ruler.start_pc) < 0.5  # the mouse knows whole pixels only
    drawn = view.pixel_of(ruler.end_pc)
    assert (drawn.x(), drawn.y()) == pytest.approx((end.x(), end.y()), abs=1.0)
    forward = np.subtract(view.camera().focal_point, view.camera().position)
    along = np.subtract(ruler.end_pc, ruler.start_pc)
    assert abs(np.dot(forward, along)) / np.linalg.norm(forward) < 0.2
    window.document.close()
    assert window.probing.ruler is None
