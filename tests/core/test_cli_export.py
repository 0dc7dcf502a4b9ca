"""The verbs that hand data on, driven as a person drives them."""

from __future__ import annotations

import csv
import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

import core
from core import cli
from core.coverage import Calibration, Need
from tests.core.synthetic import SNAPSHOTS, gas, needs_snapshots, write_gadget
from tests.helpers import analytic_evolution


@pytest.fixture
def shellsight(capfd):
    """Run the command; returns its exit code, and what it printed and complained of."""

    def run(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    return run


@pytest.fixture(autouse=True)
def _own_settings(tmp_path_factory, monkeypatch):
    """Units given on the command line are remembered: not in the settings of whoever tests."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def snapshot(tmp_path):
    """Gas in a periodic box of 60 pc, with a hot ball."""
    columns = gas(8000)
    hot = np.linalg.norm(columns["Coordinates"] - (40, 20, 30), axis=1) < 5
    columns["InternalEnergy"][hot] = 1e6
    return write_gadget(tmp_path / "snap_000.hdf5", columns, Time=0.0)


@pytest.fixture
def forecast(tmp_path):
    """A cavity that grows around (30, 30, 30) pc."""
    made = analytic_evolution(n=20, frames=6)
    cubes = [
        core.CubeSequence(part.fields, part.times_myr, part.size_pc, (30.0, 30.0, 30.0))
        for part in (made.sequence, made.control)
    ]
    path = tmp_path / "forecast.shell.h5"
    core.save(core.Forecast(*cubes, provenance={"model": "by hand"}), path)
    return path


def complains(result: tuple[int, str, str], *words: str) -> None:
    code, out, err = result
    assert (code, out) == (2, "")
    assert err.startswith("shellsight: ")
    assert err.count("\n") == 1
    for word in words:
        assert word in err


# ---------------------------------------------------------------- sites


def test_sites_are_listed_for_people(shellsight, snapshot):
    code, out, _ = shellsight("sites", snapshot, "--limit", 3)
    lines = out.splitlines()
    assert code == 0
    assert len(lines) == 4
    assert lines[0].split() == ["x", "/", "pc", "y", "/", "pc", "z", "/", "pc", "what"]
    x, y, z = (float(word) for word in lines[1].split()[:3])
    np.testing.assert_allclose((x, y, z), (40, 20, 30), atol=1.5)
    assert "hottest gas" in lines[1]


def test_sites_for_machines_and_as_a_list_that_reads_back(shellsight, snapshot, tmp_path):
    target = tmp_path / "sites.csv"
    code, out, _ = shellsight("sites", snapshot, "--json", "--csv", target)
    told = json.loads(out)
    assert code == 0
    assert told[0]["kind"] == "hottest"
    assert told[0]["unit"] == "K"
    read = core.read_sites(target)
    assert [site.label for site in read] == [site["label"] for site in told]
    np.testing.assert_allclose(
        [site.position_pc for site in read], [site["position_pc"] for site in told]
    )


def test_sites_of_a_frame_that_is_not_there(shellsight, snapshot):
    complains(shellsight("sites", snapshot, "--frame", 3), "no snapshot 3", "0 to 0")


# ---------------------------------------------------------------- convert


@pytest.mark.parametrize("name", ["c.shell.h5", "c.hdf5", "c.h5", "c.vti", "c.pvd", "c.npz"])
def test_a_snapshot_is_cut_and_written_in_every_format(name, shellsight, snapshot, tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    code, out, err = shellsight(
        "convert", snapshot, "-o", folder / name,
        "--size", 20, "--n", 10, "--center", "40,20,30",
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert out.startswith(f"Wrote {folder / name}: 1 frame")
    written = sorted(folder.glob("*.vti"))[0] if name.endswith(".pvd") else folder / name
    series = core.open(written)
    assert (series.kind, len(series)) == ("grid", 1)
    assert series.box_pc == pytest.approx((20, 20, 20), rel=1e-5)
    expected = core.voxelize(
        core.open(snapshot), size_pc=20, n=10, center_pc=(40.0, 20.0, 30.0), cache=False
    )[0]
    cube = series[0]
    np.testing.assert_allclose(cube.center_pc, (40, 20, 30), rtol=1e-5)
    for field in ("density", "temperature", "velocity"):
        np.testing.assert_allclose(cube.fields[field], expected.fields[field], rtol=1e-6)


def test_a_run_of_ours_is_converted_whole(shellsight, forecast, tmp_path):
    code, out, _ = shellsight("convert", forecast, "-o", tmp_path / "run.hdf5")
    assert code == 0
    assert "6 frames from 0 to 0.035 Myr of 20^3 voxels, 60 pc, density" in out
    evolution = core.load(forecast)
    for trajectory, cubes in enumerate((evolution.sequence, evolution.control)):
        series = core.open(tmp_path / "run.hdf5", trajectory=trajectory)
        np.testing.assert_allclose(series[5].density, cubes.density[5], rtol=1e-6)
    code, _, _ = shellsight("convert", forecast, "-o", tmp_path / "again.shell.h5")
    again = core.load(tmp_path / "again.shell.h5")
    assert isinstance(again, core.Forecast)
    np.testing.assert_array_equal(again.control.density, evolution.control.density)


def test_one_frame_of_a_grid_keeps_its_voxels(shellsight, forecast, tmp_path):
    target = tmp_path / "one.vti"
    code, out, err = shellsight("convert", forecast, "-o", target, "--frame", -1)
    assert code == 0
    assert "1 frame at 0.035 Myr of 20^3 voxels" in out
    assert "without the explosion is left out" in err
    cube = core.open(target)[0]
    np.testing.assert_array_equal(cube.density, core.load(forecast).density[5])


def test_units_of_a_file_without_any(shellsight, tmp_path):
    path = write_gadget(tmp_path / "s.hdf5", gas(500), units=None)
    target = tmp_path / "c.npz"
    complains(shellsight("convert", path, "-o", target), "does not state its units", "--units")
    code, _, _ = shellsight(
        "convert", path, "-o", target, "--units", "length=pc,mass=Msun,velocity=km/s", "--n", 8
    )
    assert code == 0
    assert core.open(target)[0].mass_msun == pytest.approx(2500, rel=1e-5)


def test_convert_refuses_before_it_reads(shellsight, snapshot, tmp_path):
    complains(
        shellsight("convert", snapshot, "-o", tmp_path / "c.txt"), ".shell.h5", "The Well", ".npz"
    )
    complains(shellsight("convert", snapshot, "-o", tmp_path / "none" / "c.npz"), "does not exist")
    complains(shellsight("convert", snapshot, "-o", tmp_path / "c.npz", "--frame", 1), "snapshot 1")
    assert [file.name for file in tmp_path.iterdir()] == ["snap_000.hdf5"]


@needs_snapshots
def test_a_real_series_goes_to_the_wells_own_loader(shellsight, tmp_path):
    from the_well.data import WellDataset

    code, _, _ = shellsight(
        "convert", SNAPSHOTS / "swift_sedov_kpc", "-o", tmp_path / "sedov.hdf5", "--n", 16
    )
    assert code == 0
    sample = WellDataset(path=str(tmp_path), n_steps_input=1, n_steps_output=1)[0]
    mass = sample["output_fields"][0, ..., 0].sum() * (60 / 16) ** 3
    assert float(mass) == pytest.approx(324_000, rel=1e-3)


# ---------------------------------------------------------------- affected


def test_reached_particles_are_listed_and_written(shellsight, snapshot, forecast, tmp_path):
    ids, part = tmp_path / "ids.csv", tmp_path / "part.hdf5"
    code, out, err = shellsight("affected", snapshot, forecast, "-o", ids, "--subset", part)
    assert (code, err) == (0, "")
    expected = core.affected_particles(core.open(snapshot).read(0), core.load(forecast))
    assert len(expected) > 20
    assert f"{len(expected)} of 8000 particles are reached until 0.035 Myr" in out
    with ids.open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert [int(row["id"]) for row in rows] == expected.tolist()
    assert core.open(part)[0].ids.tolist() == expected.tolist()
    assert "forecast by by hand" in ids.read_text()


def test_the_snapshot_nearest_to_the_forecast_is_taken(shellsight, forecast, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    unit = core.UnitSystem.from_cgs(3.0857e18, 1.9884e33, 1e5).time_myr
    for number, time in enumerate((0.05, 0.0, 0.1)):
        columns = gas(2000, seed=number)
        write_gadget(run / f"snap_{number}.hdf5", columns, Time=time / unit)
    ids = tmp_path / "ids.csv"
    code, _, err = shellsight("affected", run, forecast, "-o", ids)
    assert code == 0
    assert "the forecast starts" not in err
    assert "snap_1.hdf5" in ids.read_text()
    code, _, err = shellsight("affected", run, forecast, "-o", ids, "--frame", 2)
    assert code == 0
    assert "starts at 0 Myr, but the snapshot is of 0.1 Myr" in err
    assert "snap_2.hdf5" in ids.read_text()


def test_a_coverage_names_more_and_tells_its_price(shellsight, snapshot, forecast, tmp_path):
    """The region, its promise and the saving are told; the list says what it holds."""
    plain = core.load(forecast)
    needs = tuple(Need(f"seed {k}", f"run {k}", (3.0,) * 6, (3.0,) * 6) for k in range(9))
    sure = tmp_path / "sure.shell.h5"
    core.save(replace(plain, calibration=Calibration("by hand", "", 1, False, needs)), sure)
    ids = tmp_path / "ids.csv"
    code, out, _ = shellsight("affected", snapshot, sure, "-o", ids, "--coverage", 0.99)
    assert code == 0
    expected = core.affected_particles(core.open(snapshot).read(0), core.load(sure), 0.99)
    fewer = core.affected_particles(core.open(snapshot).read(0), plain)
    assert len(expected) > len(fewer) > 20
    assert f"{len(expected)} of 8000 particles are reached" in out
    assert "confidence of 90 % (calibrated on 9 clouds, margin 3.0 pc)" in out
    assert "times as large as without a margin" in out
    assert "need the short step" in out
    assert "times fewer updates" in out
    assert "enlarged: to hold 99 % of the gas" in ids.read_text()
    complains(
        shellsight("affected", snapshot, forecast, "-o", ids, "--coverage", 0.99),
        "shellsight calibrate by hand",
    )


def test_affected_says_what_is_missing(shellsight, snapshot, forecast, tmp_path):
    ids = tmp_path / "ids.csv"
    cube = tmp_path / "cube.shell.h5"
    core.save(core.load(forecast).sequence[0], cube)
    complains(shellsight("affected", snapshot, cube, "-o", ids), "no forecast")
    complains(shellsight("affected", snapshot, snapshot, "-o", ids), "snap_000.hdf5")
    complains(shellsight("affected", forecast, forecast, "-o", ids), "particles are needed")
    with h5py.File(snapshot, "a") as file:
        del file["PartType0/ParticleIDs"]
    complains(shellsight("affected", snapshot, forecast, "-o", ids), "no identifiers")
    assert not ids.exists()
