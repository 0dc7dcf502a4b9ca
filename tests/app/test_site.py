"""The place of the explosion, chosen in the real window."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

import core
from app.views.centre import OVERVIEW, VIEWS
from core.cutout import Cutout
from core.particles import ParticleSet
from tests.app.conftest import WAIT_MS
from tests.app.galaxy import BOX, STAR, write_galaxy
from tests.core.synthetic import gas, write_gadget


def wait_idle(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """Three snapshots of a box of 300 pc, the particles in another order in each."""
    folder = tmp_path_factory.mktemp("galaxy")
    for index in range(3):
        path = folder / f"snap_{index:03d}.hdf5"
        write_galaxy(path, 30_000, time=0.1 + 0.007 * index, shuffle=index)
    return folder


@pytest.fixture
def whole(qtbot, window, run):
    """The window with the whole box shown."""
    window.open_paths([run])
    wait_idle(qtbot, window)
    assert window.document.choosing
    return window


def mass_in(path: Path, center, size: float) -> float:
    """Mass of the particles in a cube, counted one by one."""
    particles = core.open(path).read(0)
    assert isinstance(particles, ParticleSet)
    inside = Cutout(center, size).contains(
        particles.positions_pc, particles.box_pc, periodic=particles.periodic
    )
    return float(particles.masses_msun[inside].sum(dtype=np.float64))


def double_click(view, at) -> None:
    point = QPoint(round(at.x()), round(at.y()))
    QTest.mouseDClick(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, point)


def test_a_large_snapshot_is_shown_as_a_whole(whole):
    window = whole
    assert window.centre.stack.currentIndex() == OVERVIEW
    assert window.document.truth is None
    overview = window.document.overview()
    assert overview.count == 30_000
    assert len(window.centre.whole.view.markers) == len(window.document.sites) > 3
    assert window.site.list.count() == len(window.document.sites)
    # Nothing can be forecast before a cube is cut out, and the window says so.
    assert not window.actions_["forecast"].isEnabled()
    assert window.forecast() is None
    assert "Cut out a cube first" in window.centre.notices.notice.text


def test_a_candidate_is_clicked_and_its_cube_cut_out(qtbot, whole, run):
    window, view = whole, whole.centre.whole.view
    star = next(i for i, site in enumerate(window.document.sites) if site.kind == "star")
    at = view.pixel_of(view.markers[star].position_pc)
    point = QPoint(round(at.x()), round(at.y()))
    qtbot.mouseClick(view._canvas, Qt.MouseButton.LeftButton, pos=point)
    assert window.document.chosen_site == star
    # The cube is drawn there before anything is cut.
    drawn = view._overlay.notes.cube
    assert np.add(drawn.center_pc, BOX / 2) == pytest.approx(STAR)
    assert drawn.size_pc == 60
    assert window.document.truth is None
    qtbot.keyClick(window, Qt.Key.Key_Return)
    wait_idle(qtbot, window)
    truth = window.document.truth
    assert window.centre.stack.currentIndex() == VIEWS
    assert len(truth) == 3
    assert truth.center_pc == pytest.approx(STAR)
    assert (truth.n, truth.size_pc) == (32, 60)
    # Cloud-in-cell shares particles near the faces with the outside: the masses agree to that.
    expected = mass_in(run / "snap_000.hdf5", STAR, 60.0)
    assert truth[0].mass_msun == pytest.approx(expected, rel=0.03)
    assert window.actions_["forecast"].isEnabled()


def test_the_cube_is_forecast_and_another_place_chosen(qtbot, whole):
    window = whole
    window.site.choose_site(0)
    window.site.request_cut()
    wait_idle(qtbot, window)
    window.forecast()
    wait_idle(qtbot, window)
    assert len(window.document.forecast) == 20
    assert window.document.forecast.sequence.center_pc == pytest.approx(STAR)
    window.actions_["choose_place"].trigger()
    # The overview was kept: it is there at once, and so is the cube that was cut.
    assert window.centre.stack.currentIndex() == OVERVIEW
    assert window.jobs.running() is None
    window.site.fields["x"].setText("250")
    window.site.fields["y"].setText("20")
    window.site.commit()
    qtbot.keyClick(window, Qt.Key.Key_Return)
    wait_idle(qtbot, window)
    assert window.document.truth.center_pc == pytest.approx((250, 20, STAR[2]))
    assert window.document.forecast is None


def test_double_click_picks_the_gas_that_is_seen(qtbot, whole):
    window, view = whole, whole.centre.whole.view
    star = tuple(np.subtract(STAR, BOX / 2))
    double_click(view._canvas, view.pixel_of(star))
    center = window.document.place.center_pc
    # On the line of sight through the star, in dense gas.
    at = view.pixel_of(tuple(np.subtract(center, BOX / 2)))
    assert (at - view.pixel_of(star)).manhattanLength() < 3
    said = window.status.text.full_text
    assert "Picked x, y, z =" in said
    assert "ρ =" in said
    assert view._overlay.notes.cube is not None


def test_what_is_typed_is_checked_and_fitted(qtbot, whole):
    window, site = whole, whole.site
    site.fields["x"].setText("somewhere")
    site.fields["x"].textEdited.emit("somewhere")
    assert "x is a number in pc" in site.note.text()
    assert not site.button.isEnabled()
    before = window.document.place
    assert not site.commit()
    assert window.document.place == before
    site.fields["x"].setText("-10")
    assert site.commit()
    assert window.document.place.center_pc[0] == pytest.approx(290)
    site.fields["size"].setText("500")
    assert site.commit()
    assert window.document.place.size_pc == BOX
    assert "300 pc at most" in window.centre.notices.notice.text
    site.fields["size"].setText("40")
    site.cells.setCurrentIndex(site.cells.findData(64))
    site.method.setCurrentIndex(site.method.findData("sph"))
    assert site.commit()
    place = window.document.place
    assert (place.size_pc, place.n, place.method) == (40, 64, "sph")
    assert "60 pc" in site.note.text()


def test_the_kernel_of_sph_keeps_the_mass(qtbot, whole, run):
    window = whole
    window.site.method.setCurrentIndex(window.site.method.findData("sph"))
    window.site.choose_site(0)
    window.site.commit()
    window.site.request_cut()
    wait_idle(qtbot, window)
    expected = mass_in(run / "snap_000.hdf5", STAR, 60.0)
    assert window.document.truth[0].mass_msun == pytest.approx(expected, rel=0.05)
    assert window.site.is_cut


def test_time_moves_through_the_whole_box_without_flicker(qtbot, whole):
    window = whole
    first = window.document.overview()
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert window.document.frame == 1
    qtbot.waitUntil(lambda: window.document.overview() is not None, timeout=WAIT_MS)
    second = window.document.overview()
    assert second.time_myr == pytest.approx(0.107, abs=1e-6)
    # The order in the file is another, the particles are the same.
    assert np.array_equal(np.sort(first.sample_ids), np.sort(second.sample_ids))
    assert window.centre.whole.view.stage.overview is second
    qtbot.keyClick(window, Qt.Key.Key_Left)
    assert window.centre.whole.view.stage.overview is first


def test_new_snapshots_join_the_whole_box(qtbot, window, tmp_path):
    write_galaxy(tmp_path / "snap_001.hdf5", 4000, time=0.107)
    window.open_paths([tmp_path])
    wait_idle(qtbot, window)
    shown = window.document.overview()
    write_galaxy(tmp_path / ".part", 4000, time=0.1).rename(tmp_path / "snap_000.hdf5")
    window.watch.look()
    qtbot.waitUntil(lambda: len(window.document.times_myr) == 2, timeout=WAIT_MS)
    assert window.document.time_myr == pytest.approx(0.107, abs=1e-6)
    assert window.document.frame == 1
    assert window.document.overview() is shown
    window.site.request_cut()
    wait_idle(qtbot, window)
    assert len(window.document.truth) == 2


def test_enter_in_a_field_cuts_out_what_it_says(qtbot, whole):
    window, field = whole, whole.site.fields["z"]
    window.site.request_cut()
    wait_idle(qtbot, window)
    assert not window.actions_["cut_out"].isEnabled()
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "99")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    wait_idle(qtbot, window)
    assert window.document.truth.center_pc == pytest.approx((150, 150, 99))


def test_a_list_of_places_comes_first(qtbot, whole, tmp_path):
    window = whole
    table = tmp_path / "places.csv"
    table.write_text("x,y,z,label\n10,20,30,SN 1\n40,50,60,SN 2\n")
    found = len(window.document.sites)
    window.survey.load_sites(table)
    wait_idle(qtbot, window)
    assert [site.label for site in window.document.sites[:2]] == ["SN 1", "SN 2"]
    assert len(window.document.sites) == found + 2
    window.site.choose_site(1)
    assert window.document.place.center_pc == (40, 50, 60)
    table.write_text("x,y,z\n1,2,here\n")
    window.survey.load_sites(table)
    wait_idle(qtbot, window)
    assert window.centre.notices.notice.level == "error"
    assert "places.csv" in window.centre.notices.notice.text


def test_a_periodic_cube_is_centred_by_a_double_click(qtbot, window, tmp_path):
    columns = gas(20_000)
    random = np.random.default_rng(7)
    columns["Coordinates"][:8000] = (random.normal(0, 2.0, (8000, 3)) + (50, 30, 30)) % 60
    window.open_paths([write_gadget(tmp_path / "box.hdf5", columns)])
    wait_idle(qtbot, window)
    before = window.document.truth
    assert window.centre.stack.currentIndex() == VIEWS
    view = window.centre.columns["truth"].slice
    double_click(view, view.pixel_of(20.0, 0.0))
    wait_idle(qtbot, window)
    truth = window.document.truth
    assert truth.center_pc == pytest.approx((50, 30, 30), abs=0.5)
    assert truth[0].mass_msun == pytest.approx(before[0].mass_msun)
    middle = truth.density[0][14:18, 14:18, 14:18].mean()
    assert middle > 5 * before.density[0][14:18, 14:18, 14:18].mean()


def test_a_box_that_is_not_periodic_keeps_the_cube_inside(qtbot, window, sample_file):
    window.open_paths([sample_file])
    wait_idle(qtbot, window)
    before = window.document.truth
    view = window.centre.columns["truth"].view
    double_click(view._canvas, view.pixel_of((0.0, 0.0, 0.0)))
    wait_idle(qtbot, window)
    assert window.document.truth is before
    assert "not periodic" in window.centre.notices.notice.text


def test_a_double_click_in_a_cut_cube_draws_the_next_one(qtbot, whole):
    window = whole
    window.site.choose_site(0)
    window.site.request_cut()
    wait_idle(qtbot, window)
    cut = window.document.truth
    view = window.centre.columns["truth"].slice
    double_click(view, view.pixel_of(10.0, 5.0))
    assert window.document.truth is cut
    drawn = window.centre.columns["truth"].view._overlay.notes.cube
    assert drawn.center_pc == pytest.approx((10.0, 5.0, 0.0), abs=0.3)
    window.site.request_cut()
    wait_idle(qtbot, window)
    expected = np.add(STAR, (10.0, 5.0, 0.0))
    assert window.document.truth.center_pc == pytest.approx(tuple(expected), abs=0.3)
    assert window.centre.columns["truth"].view._overlay.notes.cube is None


def test_a_small_box_opens_and_its_forecast_says_why_not(qtbot, window, tmp_path):
    path = write_gadget(tmp_path / "small.hdf5", gas(4096, box=20.0), BoxSize=20.0)
    window.open_paths([path])
    wait_idle(qtbot, window)
    assert window.document.truth.size_pc == pytest.approx(20, rel=1e-4)
    window.forecast()
    wait_idle(qtbot, window)
    assert window.document.forecast is None
    assert "60 pc" in window.centre.notices.notice.text


def test_cancelling_a_cut_leaves_the_whole_box(qtbot, whole):
    window = whole
    job = window.reading.cut()
    job.cancel()
    wait_idle(qtbot, window)
    assert window.document.choosing or len(window.document.truth) <= 3
    assert window.document.overview(0) is not None
