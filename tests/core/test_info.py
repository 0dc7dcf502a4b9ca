"""What `info` says: the conclusion a person checks, in bounded memory, of every kind of file."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import h5py
import numpy as np
import pytest

import core
from core.errors import Cancelled, CorruptSnapshot
from core.readers import particles
from tests.core.synthetic import SNAPSHOTS, gas, needs_snapshots, write_gadget, write_well

UNITS = "length=pc,mass=Msun,velocity=km/s"


@needs_snapshots
@pytest.mark.parametrize(
    ("what", "units", "conclusion"),
    [
        (
            "swift_turbulent_a",
            None,
            "60.0 pc box, 324 000 Msun, mean n_H 46.1 cm^-3, t = 0 to 0.133 Myr",
        ),
        (
            "swift_turbulent_a/snap_0008.hdf5",
            None,
            "60.0 pc box, 324 000 Msun, mean n_H 46.1 cm^-3, t = 0.056 Myr",
        ),
        ("gadget4", None, "60.0 pc box, 324 000 Msun, mean n_H 46.1 cm^-3, t = 0.07 Myr"),
        (
            "athena_blast/sn.prim.00000.athdf",
            UNITS,
            "60.0 pc box, 324 000 Msun, mean n_H 46.1 cm^-3, t = 0 Myr",
        ),
        ("ramses_blast", None, "60.0 pc box, 323 000 Msun, mean n_H 46 cm^-3, t = 0.014 Myr"),
    ],
)
def test_the_conclusion_is_the_readmes_truth(what: str, units: str | None, conclusion: str):
    if units is not None or "ramses" in what:
        pytest.importorskip("yt")
    info = core.open(SNAPSHOTS / what, units=units).info()
    assert info.lines()[-1] == info.conclusion == conclusion
    assert json.loads(json.dumps(info.as_dict()))["conclusion"] == conclusion


def test_ranges_are_those_of_the_arrays_in_their_units(tmp_path: Path):
    for number, scale in enumerate((1.0, 3.0)):
        columns = gas(seed=number)
        columns["Density"] = np.linspace(1, 2, 64, dtype=np.float32) * scale
        write_gadget(tmp_path / f"s_{number}.hdf5", columns, Time=0.1 * number)
    series = core.open(tmp_path)
    told = series.info().as_dict()
    both = [series[0], series[1]]
    unit = both[0].densities.min()
    assert unit == pytest.approx(1.0, rel=1e-3)
    assert told["fields"]["density"] == {
        "unit": "Msun/pc^3",
        "min": pytest.approx(unit),
        "max": pytest.approx(both[1].densities.max()),
    }
    assert told["fields"]["position"]["max"] == max(one.positions_pc.max() for one in both)
    assert told["gas_mass_msun"] == pytest.approx([one.mass_msun for one in both])
    assert told["mean_n_h_cm3"] == pytest.approx([320 / 60**3 * 30.7] * 2, rel=0.02)
    assert told["count"] == [64, 64]
    assert told["notes"] == []


def test_a_quick_look_reads_no_arrays(tmp_path: Path):
    columns = gas()
    columns["Masses"][3] = np.nan
    series = core.open(write_gadget(tmp_path / "a.hdf5", columns))
    quick = series.info(arrays=False)
    assert quick.conclusion == "60.0 pc box, 64 particles, t = 0.0978 Myr"
    assert quick.as_dict()["gas_mass_msun"] == []
    assert quick.as_dict()["count"] == [64]
    with pytest.raises(CorruptSnapshot, match="Masses has 1 of 64 values"):
        series.info()


def test_large_snapshots_are_read_in_pieces(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(particles, "CHUNK_ROWS", 1 << 18)
    count = 2_000_000
    with h5py.File(write_gadget(tmp_path / "a.hdf5"), "r+") as file:
        numbers = np.array([count, 0, 0, 0, 0, 0], np.int64)
        file["Header"].attrs.update({"NumPart_ThisFile": numbers, "NumPart_Total": numbers})
        for name in list(file["PartType0"]):
            shape = (count, 3) if name in ("Coordinates", "Velocities") else (count,)
            del file[f"PartType0/{name}"]
            file[f"PartType0/{name}"] = np.ones(shape, np.int32 if "ID" in name else np.float32)
    series = core.open(tmp_path / "a.hdf5")
    tracemalloc.start()
    info = series.info()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert info.gas_mass_msun[0] == pytest.approx(count, rel=1e-3)
    # The IDs are kept until it is known whether any is there twice; all else comes in pieces.
    assert peak < 0.6 * sum(4 * count * width for width in (3, 3, 1, 1, 1, 1, 1))


def test_it_tells_how_far_it_is_and_can_be_stopped(tmp_path: Path):
    for number in range(4):
        write_gadget(tmp_path / f"s_{number}.hdf5", Time=0.1 * number)
    series = core.open(tmp_path)
    told: list[float] = []
    series.info(progress=lambda fraction, text: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0
    with pytest.raises(Cancelled):
        series.info(cancelled=lambda: len(told) > 0)


def test_runs_in_one_file_are_counted(tmp_path: Path):
    path = write_well(tmp_path / "w.hdf5", velocity_kms=1.0)
    info = core.open(path, units=UNITS + ",time=Myr", trajectory=1).info()
    assert info.as_dict()["trajectory"] == 1
    assert info.as_dict()["trajectories"] == [0, 1]
    assert "trajectory 1 of 0 to 1 (--trajectory)" in info.lines()


def test_notes_come_before_the_conclusion(tmp_path: Path):
    for number in (0, 1, 3):
        write_gadget(tmp_path / f"s_{number}.hdf5", Time=0.1 * number)
    lines = core.open(tmp_path).info().lines()
    assert lines[-2] == "note: s_2 is missing."
    assert lines[-1].startswith("60.0 pc box, 320 Msun, mean n_H 0.0455 cm^-3, t = 0 to 0.293 Myr")


def test_units_are_told_as_people_write_them(tmp_path: Path):
    units = core.open(write_gadget(tmp_path / "a.hdf5")).units
    assert units is not None
    assert units.summary == "length 1 pc, mass 1 Msun, velocity 1 km/s, time 0.977799 Myr"
    assert core.UnitSystem(1000.0, 1e10, 1.0).summary.startswith("length 1 kpc, mass 1e+10 Msun")
