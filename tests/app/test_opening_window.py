"""Formats, units, several runs in a file, watching and exporting, in the real window."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtWidgets import QFileDialog

import core
from app.data.open_as import DETECT, OpenAsDialog
from app.data.source import OpenRequest
from app.data.units_dialog import UnitsDialog
from app.guidance.dialogs import DetailsDialog
from app.notifications import notice_for
from core.cutout import Cutout
from core.errors import MissingDependency
from core.readers import formats
from core.remembered_units import remembered
from tests.app.conftest import WAIT_MS
from tests.app.galaxy import STAR, write_galaxy
from tests.core.synthetic import gas, write_gadget, write_well


def wait_idle(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)


def dialog(window, kind):
    return next((d for d in window.findChildren(kind) if d.isVisible()), None)


def wait_dialog(qtbot, window, kind):
    qtbot.waitUntil(lambda: dialog(window, kind) is not None, timeout=WAIT_MS)
    return dialog(window, kind)


# -- units ---------------------------------------------------------------------


def test_units_are_remembered_for_the_folder_and_that_is_said(qtbot, window, unitless_file):
    window.open_paths([unitless_file])
    asked = wait_dialog(qtbot, window, UnitsDialog)
    assert asked.remember.isChecked()
    asked.combos["mass"].setEditText("2 Msun")
    asked.accept()
    wait_idle(qtbot, window)
    assert remembered(unitless_file).mass_msun == 2
    mass = window.document.truth[0].mass_msun
    second = write_gadget(unitless_file.parent / "second.hdf5", gas(4096), units=None)
    window.open_paths([second])
    wait_idle(qtbot, window)
    assert window.document.source.path == second
    assert window.document.truth[0].mass_msun == pytest.approx(mass)
    bar = window.centre.notices
    assert "mass 2.0 Msun" in bar.notice.text
    # Another choice is one click away, and replaces the first.
    bar.remedy.click()
    asked = wait_dialog(qtbot, window, UnitsDialog)
    assert asked.units.mass_msun == 2
    asked.combos["mass"].setEditText("Msun")
    asked.accept()
    wait_idle(qtbot, window)
    assert window.document.truth[0].mass_msun == pytest.approx(mass / 2)
    assert remembered(unitless_file).mass_msun == 1


def test_units_need_not_be_remembered(qtbot, window, unitless_file):
    window.open_paths([unitless_file])
    asked = wait_dialog(qtbot, window, UnitsDialog)
    asked.remember.setChecked(False)
    asked.accept()
    wait_idle(qtbot, window)
    assert window.document.truth is not None
    assert remembered(unitless_file) is None


def test_an_array_is_asked_for_its_voxels(qtbot, window, tmp_path):
    path = tmp_path / "cube.npy"
    np.save(path, np.full((32, 32, 32), 1.5, np.float32))
    window.open_paths([path])
    asked = wait_dialog(qtbot, window, UnitsDialog)
    assert "density" in asked.combos
    assert "box = 60 pc (1.875 pc per voxel)" in asked.consequence.text()
    asked.accept()
    wait_idle(qtbot, window)
    truth = window.document.truth
    assert truth.size_pc == pytest.approx(60)
    assert truth[0].mass_msun == pytest.approx(1.5 * 60**3, rel=1e-5)


# -- formats --------------------------------------------------------------------


def test_open_as_lists_every_format_and_says_why_one_does_not_fit(qtbot, window, sample_file):
    window.actions_["open_as"].trigger()
    asked = wait_dialog(qtbot, window, OpenAsDialog)
    listed = [asked.format.itemText(row) for row in range(asked.format.count())]
    assert listed == [DETECT, *formats()]
    assert not asked.open_button.isEnabled()
    asked.set_paths([sample_file])
    asked.format.setCurrentText("SWIFT")
    asked.accept()
    wait_idle(qtbot, window)
    assert window.document.source is None
    text = window.centre.notices.notice.text
    assert text.startswith(f"{sample_file.name} is not a SWIFT file: ")
    window.actions_["open_as"].trigger()
    asked = wait_dialog(qtbot, window, OpenAsDialog)
    asked.set_paths([sample_file])
    asked.accept()
    wait_idle(qtbot, window)
    assert window.document.source.format == "Shellsight"


def test_a_folder_of_two_formats_is_asked_about(qtbot, window, tmp_path):
    write_gadget(tmp_path / "a.hdf5", gas(4096))
    write_well(tmp_path / "b.hdf5", velocity_kms=1.0)
    window.open_paths([tmp_path])
    asked = wait_dialog(qtbot, window, OpenAsDialog)
    listed = [asked.format.itemText(row) for row in range(asked.format.count())]
    assert sorted(listed) == ["Gadget", "The Well"]
    asked.format.setCurrentText("Gadget")
    asked.accept()
    wait_idle(qtbot, window)
    assert window.document.source.format == "Gadget"
    assert window.document.source.request.format == "Gadget"


def test_a_missing_package_comes_with_its_command(qtbot, window):
    error = MissingDependency("yt", "Reading RAMSES", "pip install 'shellsight[amr]'")
    notice = notice_for(error, "Opening output_00003")
    assert "pip install 'shellsight[amr]'" in notice.text
    window.notifications.error(error, "Opening output_00003")
    qtbot.waitUntil(lambda: window.centre.notices.isVisible(), timeout=WAIT_MS)
    window.centre.notices.show_details()
    details = dialog(window, DetailsDialog)
    assert details.text.toPlainText().strip() == "pip install 'shellsight[amr]'"
    details.close()


def test_the_runs_of_a_file_are_listed_and_changed(qtbot, window, tmp_path):
    path = write_well(tmp_path / "two.hdf5", velocity_kms=1.0)
    window.open_paths([path])
    wait_dialog(qtbot, window, UnitsDialog).accept()
    wait_idle(qtbot, window)
    combo = window.data.trajectory
    assert combo.isVisible()
    listed = [combo.itemText(row) for row in range(combo.count())]
    assert listed == ["Trajectory 1 of 2", "Trajectory 2 of 2"]
    first = window.document.truth.density.copy()
    combo.setCurrentIndex(1)
    combo.activated.emit(1)
    wait_idle(qtbot, window)
    assert window.document.source.request.trajectory == 1
    assert combo.currentText() == "Trajectory 2 of 2"
    assert not np.allclose(window.document.truth.density, first)


def test_gaps_are_said_quietly(qtbot, window, tmp_path):
    for index in (0, 1, 3):
        columns = gas(4096)
        write_gadget(tmp_path / f"snap_{index:03d}.hdf5", columns, Time=0.01 * index)
    window.open_paths([tmp_path])
    wait_idle(qtbot, window)
    notes = window.document.source.series.notes
    assert notes
    assert window.centre.notices.notice.level == "info"
    assert notes[0][:60] in window.centre.notices.notice.text
    tip = window.data.tree.topLevelItem(0).toolTip(0)
    assert notes[0] in tip


# -- watching -----------------------------------------------------------------------


def test_new_snapshots_are_picked_up_while_the_time_stays(qtbot, window, tmp_path):
    for index in range(2):
        write_gadget(tmp_path / f"snap_{index:03d}.hdf5", gas(4096), Time=0.01 * (index + 1))
    window.open_paths([tmp_path])
    wait_idle(qtbot, window)
    window.document.step(1)
    shown = window.document.time_myr
    window.actions_["watch"].trigger()
    assert window.watch.is_on
    hidden = write_gadget(tmp_path / ".hidden", gas(4096), Time=0.03)
    hidden.rename(tmp_path / "snap_002.hdf5")
    window.watch.look()
    qtbot.waitUntil(lambda: len(window.document.truth) == 3, timeout=WAIT_MS)
    assert window.document.time_myr == shown
    assert window.document.complete
    assert "1 new snapshot" in window.centre.notices.notice.text
    window.actions_["watch"].trigger()
    assert not window.watch.is_on
    window.actions_["watch"].trigger()
    window.actions_["close_file"].trigger()
    assert not window.watch.is_on
    assert not window.actions_["watch"].isChecked()


# -- exporting ----------------------------------------------------------------------


@pytest.fixture
def forecast(qtbot, window, tmp_path_factory):
    """A cube out of particles, with its forecast."""
    path = write_galaxy(tmp_path_factory.mktemp("export") / "snap_000.hdf5", 30_000)
    window.open_paths([path])
    wait_idle(qtbot, window)
    assert not window.actions_["export_truth"].isEnabled()
    assert not window.actions_["export_ids"].isEnabled()
    window.site.choose_site(0)
    window.site.request_cut()
    wait_idle(qtbot, window)
    window.forecast()
    wait_idle(qtbot, window)
    return window


def export(qtbot, window, monkeypatch, key: str, path: Path, kind: str = "") -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), kind))
    assert window.actions_[key].isEnabled()
    window.actions_[key].trigger()
    wait_idle(qtbot, window)
    assert "Saved" in window.centre.notices.notice.text, window.centre.notices.notice.text


def test_cubes_are_exported_and_read_back(qtbot, forecast, tmp_path, monkeypatch):
    window, truth = forecast, forecast.document.truth
    export(qtbot, window, monkeypatch, "export_truth", tmp_path / "truth.npz")
    back = core.open(tmp_path / "truth.npz")
    assert np.array_equal(back.read(0).density, truth.density[0])
    export(qtbot, window, monkeypatch, "export_forecast", tmp_path / "forecast.hdf5")
    well = core.open(tmp_path / "forecast.hdf5", units="length=pc,mass=Msun,velocity=km/s,time=Myr")
    assert len(well) == 20
    assert np.allclose(well.read(3).density, window.document.forecast.density[3])
    export(
        qtbot,
        window,
        monkeypatch,
        "export_truth",
        tmp_path / "now",
        "VTK image data, the frame shown (*.vti)",
    )
    import pyvista as pv

    image = pv.read(tmp_path / "now.vti")
    assert image.n_cells == 32**3
    assert image.center == pytest.approx(STAR, abs=1e-3)


def test_affected_particles_are_exported(qtbot, forecast, tmp_path, monkeypatch):
    window = forecast
    export(qtbot, window, monkeypatch, "export_ids", tmp_path / "hit.csv")
    lines = (tmp_path / "hit.csv").read_text().splitlines()
    rows = list(csv.reader(line for line in lines if not line.startswith("#")))
    series = window.document.source.series
    sequence = window.document.forecast.sequence
    cutout = Cutout(sequence.center_pc, sequence.size_pc)
    expected = core.affected_particles(series.read(0, ("ids",), cutout), window.document.forecast)
    assert sorted(int(row[0]) for row in rows[1:]) == sorted(int(i) for i in expected)
    if len(expected):
        export(qtbot, window, monkeypatch, "export_subset", tmp_path / "hit.hdf5")
        subset = core.open(tmp_path / "hit.hdf5").read(0)
        assert sorted(subset.ids) == sorted(expected)


def test_exporting_where_nothing_can_be_written(qtbot, forecast, tmp_path):
    forecast.workflow.export_cubes("truth", tmp_path / "nowhere" / "a.npz")
    wait_idle(qtbot, forecast)
    assert forecast.centre.notices.notice.level == "error"
    forecast.workflow.export_cubes("truth", tmp_path / "a.txt")
    wait_idle(qtbot, forecast)
    assert ".hdf5, .pvd, .vti, .npz" in forecast.centre.notices.notice.text


def test_a_request_knows_its_name():
    assert OpenRequest((Path("run/snap_000.hdf5"),)).name == "snap_000.hdf5"
