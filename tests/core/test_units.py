"""Units: what people write, what files state, and that time follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.errors import InvalidRequest
from core.remembered_units import remember, remembered
from core.units import UnitSystem


def test_pc_msun_kms_are_ours_except_time():
    units = UnitSystem.parse("length=pc,mass=Msun,velocity=km/s")
    assert (units.length_pc, units.mass_msun, units.velocity_kms) == (1.0, 1.0, 1.0)
    assert units.time_myr == pytest.approx(0.977792, rel=1e-6)  # pc/(km/s)


def test_numbers_spaces_and_time_instead_of_velocity():
    units = UnitSystem.parse(" length = kpc , mass=1e10 Msun, time=0.5Gyr ")
    assert (units.length_pc, units.mass_msun, units.time_myr) == (1e3, 1e10, 500.0)
    assert units.velocity_kms == pytest.approx(1e3 / 500 * 0.977792, rel=1e-6)
    assert units.density == pytest.approx(10.0)


def test_time_may_have_a_unit_of_its_own():
    units = UnitSystem.parse("length=pc,mass=Msun,velocity=48 km/s,time=Myr")
    assert (units.velocity_kms, units.time_myr) == (48.0, 1.0)


@pytest.mark.parametrize(
    "units",
    [
        UnitSystem(1.0, 1.0, 1.0),
        UnitSystem(1000.0001356, 1.0003e10, 1.0),
        UnitSystem(1.0, 1.0, 48.1234567890123, 1.0),
    ],
)
def test_text_reads_back(units: UnitSystem):
    assert UnitSystem.parse(str(units)) == units


def test_from_cgs_as_gadget_states_them():
    units = UnitSystem.from_cgs(3.085678e21, 1.989e43, 1e5)
    assert units.length_pc == pytest.approx(1000, rel=1e-6)
    assert units.mass_msun == pytest.approx(1e10, rel=1e-3)
    assert units.velocity_kms == 1.0
    assert units.time_myr == pytest.approx(977.79, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("length=pc,mass=Msun", "velocity is missing"),
        ("length=pc,velocity=km/s", "mass is missing"),
        ("length=parsec,mass=Msun,velocity=km/s", "'parsec' is no unit of length"),
        ("length=pc,mass=Msun,speed=km/s", "'speed'"),
        ("length=pc,length=kpc,mass=Msun,velocity=km/s", "length is given twice"),
        ("length=-1pc,mass=Msun,velocity=km/s", "positive"),
        ("length=0pc,mass=Msun,velocity=km/s", "positive"),
        ("", "missing"),
    ],
)
def test_wrong_texts_say_what_is_wrong(text: str, says: str):
    with pytest.raises(InvalidRequest, match=says):
        UnitSystem.parse(text)


# ---------------------------------------------------------------- units given earlier


@pytest.fixture
def notebook(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "shellsight" / "units.json"


def test_units_are_remembered_by_directory(notebook: Path, tmp_path: Path):
    kpc = UnitSystem.parse("length=kpc,mass=1e10 Msun,velocity=km/s")
    odd = UnitSystem.parse("length=0.3 pc,mass=Msun,velocity=km/s,time=7 kyr")
    here, there = tmp_path / "here", tmp_path / "there"
    for directory in (here, there):
        directory.mkdir()
    assert remembered(here) is None
    remember(here / "snap_0.hdf5", kpc)
    remember(there, odd)
    for what in (here, here / "snap_*.hdf5", here / "snap_7.hdf5", str(here)):
        assert remembered(what) == kpc
    assert remembered(there) == odd
    assert remembered(tmp_path) is None
    link = tmp_path / "link"
    link.symlink_to(here)
    assert remembered(link) == kpc
    remember(here, odd)
    assert remembered(here) == odd
    assert [path.name for path in notebook.parent.iterdir()] == ["units.json"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", '{"units": 3}', '{"units": {"X": {}}}', "\x00\xff", '{"units": null}'],
)
def test_a_damaged_notebook_is_left_aside_and_logged(
    content: str, notebook: Path, tmp_path: Path, caplog
):
    notebook.parent.mkdir(parents=True)
    notebook.write_text(content.replace("X", str(tmp_path)), encoding="latin-1")
    assert remembered(tmp_path) is None
    assert "units.json" in caplog.text
    units = UnitSystem(1.0, 1.0, 1.0)
    remember(tmp_path, units)
    assert remembered(tmp_path) == units


def test_a_notebook_that_cannot_be_written_is_no_failure(notebook: Path, tmp_path: Path, caplog):
    notebook.parent.parent.write_text("in the way")
    remember(tmp_path, UnitSystem(1.0, 1.0, 1.0))
    assert "could not be kept" in caplog.text
    assert remembered(tmp_path) is None
