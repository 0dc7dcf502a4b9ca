"""Our own files: what goes in comes out."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import core
from core.coverage import Calibration, Need
from core.errors import CorruptSnapshot, InvalidRequest, UnknownFormat
from core.uncertainty import Reliability
from tests.helpers import analytic_evolution

PROVENANCE = {
    "model": "default",
    "wall_s": np.float32(1.5),
    "steps": np.arange(3),
    "file": Path("snap.hdf5"),
    "nested": {"seed": np.int64(7), "pair": (1, 2)},
}
READ_BACK = {
    "model": "default",
    "wall_s": 1.5,
    "steps": [0, 1, 2],
    "file": "snap.hdf5",
    "nested": {"seed": 7, "pair": [1, 2]},
}


def sequence(seed: int = 0) -> core.CubeSequence:
    random = np.random.default_rng(seed)
    shape = (3, 8, 8, 8)
    return core.CubeSequence(
        {
            "density": random.lognormal(size=shape),
            "temperature": random.uniform(10, 1e7, shape),
            "velocity": random.normal(size=(*shape, 3)),
        },
        np.array([0.1, 0.107, 0.2]),
        20.0,
        (1.0, 2.0, 3.0),
        PROVENANCE,
    )


def assert_same(a: core.CubeSequence | core.Cube, b: core.CubeSequence | core.Cube) -> None:
    assert list(a.fields) == list(b.fields)
    for name, values in a.fields.items():
        np.testing.assert_array_equal(values, b.fields[name])
    assert (a.size_pc, a.center_pc) == (b.size_pc, b.center_pc)
    assert b.provenance == READ_BACK


@pytest.mark.parametrize("kind", [core.Simulation, core.Forecast])
def test_evolutions_round_trip_with_control_and_provenance(kind: type, tmp_path: Path):
    path = tmp_path / "run.shell.h5"
    saved = kind(sequence(1), sequence(2), (0.5, -1.0, 2.0), 2e51, PROVENANCE)
    core.save(saved, path)
    loaded = core.load(path)
    assert type(loaded) is kind
    assert_same(saved.sequence, loaded.sequence)
    assert_same(saved.control, loaded.control)
    np.testing.assert_array_equal(saved.times_myr, loaded.times_myr)
    assert (loaded.site_pc, loaded.energy_erg) == ((0.5, -1.0, 2.0), 2e51)
    assert loaded.provenance == READ_BACK


def test_sequence_and_cube_round_trip(tmp_path: Path):
    whole = sequence()
    core.save(whole, tmp_path / "a.shell.h5")
    loaded = core.load(tmp_path / "a.shell.h5")
    assert isinstance(loaded, core.CubeSequence)
    assert_same(whole, loaded)
    core.save(whole[1], tmp_path / "b.shell.h5")
    cube = core.load(tmp_path / "b.shell.h5")
    assert isinstance(cube, core.Cube)
    assert_same(whole[1], cube)
    assert cube.time_myr == whole.times_myr[1]


def test_open_reads_frames_lazily_and_brings_the_control(tmp_path: Path):
    path = tmp_path / "run.shell.h5"
    run = analytic_evolution(n=16, frames=4)
    core.save(core.Simulation(run.sequence, run.control, run.site_pc), path)
    series = core.open(path)
    assert (series.format, series.kind, len(series)) == ("Shellsight", "grid", 4)
    assert series.units is None
    assert series.control is not None
    assert series.control.control is None
    np.testing.assert_array_equal(series.times_myr, run.times_myr)
    np.testing.assert_array_equal(series[2].density, run.density[2])
    np.testing.assert_array_equal(series.control[2].density, run.control.density[2])
    assert series[2].provenance["files"] == [str(path)]
    cubes = core.voxelize(series, size_pc=run.sequence.size_pc, n=16)
    np.testing.assert_array_equal(cubes.density, run.density)
    part = series[1:3]
    assert part.control is not None
    np.testing.assert_array_equal(part.control.times_myr, run.times_myr[1:3])


def test_a_failed_save_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "run.shell.h5"
    core.save(sequence(), path)
    before = path.read_bytes()
    unsavable = core.Cube({"density": np.ones((4, 4, 4))}, 1.0, provenance={"model": object()})
    with pytest.raises(InvalidRequest, match="provenance holds a object"):
        core.save(unsavable, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_saved_is_refused(tmp_path: Path):
    with pytest.raises(InvalidRequest, match="Cannot save a str; only Cube"):
        core.save("density", tmp_path / "x.shell.h5")  # type: ignore[arg-type]
    with pytest.raises(InvalidRequest, match="there is no directory"):
        core.save(sequence(), tmp_path / "absent" / "x.shell.h5")


def test_long_provenance_fits(tmp_path: Path):
    cube = core.Cube({"density": np.ones((4, 4, 4))}, 1.0, provenance={"log": "x" * 300_000})
    core.save(cube, tmp_path / "long.shell.h5")
    assert core.load(tmp_path / "long.shell.h5").provenance == cube.provenance


def test_other_files_and_newer_versions_are_not_loaded(tmp_path: Path):
    path = tmp_path / "x.shell.h5"
    core.save(sequence(), path)
    with h5py.File(path, "a") as file:
        file.attrs["version"] = 99
    for action in (core.load, core.open):
        with pytest.raises(UnknownFormat, match="its version is 99"):
            action(path)
    (tmp_path / "note.txt").write_text("not a snapshot at all")
    with pytest.raises(UnknownFormat, match=r"note\.txt.*not an HDF5 file"):
        core.load(tmp_path / "note.txt")


@pytest.mark.parametrize("part", [0.0, 0.001, 0.3, 0.9, 0.999])
def test_truncated_files_are_named(part: float, tmp_path: Path):
    path = tmp_path / "run.shell.h5"
    core.save(core.Simulation(sequence(1), sequence(2)), path)
    content = path.read_bytes()
    path.write_bytes(content[: int(part * len(content))])
    for action in (core.load, core.open):
        with pytest.raises(CorruptSnapshot, match=r"run\.shell\.h5.*(truncated|empty)"):
            action(path)


def test_flipped_bytes_in_the_data_are_noticed(tmp_path: Path):
    path = tmp_path / "run.shell.h5"
    core.save(sequence(), path)
    with h5py.File(path) as file:
        place = file["sequence/density"].id.get_chunk_info(1)
    content = bytearray(path.read_bytes())
    for i in range(place.byte_offset + 100, place.byte_offset + 120):
        content[i] ^= 0xFF
    path.write_bytes(bytes(content))
    with pytest.raises(CorruptSnapshot, match="sequence/density"):
        core.load(path)


@pytest.mark.parametrize(
    ("dataset", "value", "says"),
    [
        ("sequence/density", np.nan, "sequence/density has 1 of"),
        ("sequence/density", -1.0, "below zero"),
        ("sequence/times_myr", 9.0, "increase"),
    ],
)
def test_impossible_values_are_noticed(dataset: str, value: float, says: str, tmp_path: Path):
    path = tmp_path / "run.shell.h5"
    core.save(sequence(), path)
    with h5py.File(path, "a") as file:
        values = file[dataset]
        values[(1,) + (0,) * (values.ndim - 1)] = value
    with pytest.raises(CorruptSnapshot, match=says):
        core.load(path)


def certain(probability: np.ndarray | None = None) -> core.Forecast:
    """A forecast with a probability and a calibration."""
    made = sequence(1), sequence(2)
    if probability is None:
        probability = np.random.default_rng(9).uniform(size=(3, 8, 8, 8)).astype(np.float32)
    needs = tuple(Need(f"seed {k}", f"run {k}", (float(k),) * 6, (float(k),) * 6) for k in range(9))
    calibration = Calibration("net", "abc", 4, True, needs, Reliability((0.1, 0.9), (0.0, 1.0)))
    return core.Forecast(*made, probability=probability, calibration=calibration)


def test_a_saved_forecast_keeps_how_sure_it_is(tmp_path: Path):
    saved = certain()
    core.save(saved, tmp_path / "f.shell.h5")
    loaded = core.load(tmp_path / "f.shell.h5")
    assert isinstance(loaded, core.Forecast)
    assert loaded.probability is not None
    assert loaded.probability.dtype == np.float32
    assert np.abs(loaded.probability - saved.probability).max() <= 0.5 / 255 + 1e-7
    assert loaded.calibration == saved.calibration
    np.testing.assert_array_equal(loaded.reached(0.99), saved.reached(0.99))
    # What is read is written again without loss.
    core.save(loaded, tmp_path / "g.shell.h5")
    np.testing.assert_array_equal(
        core.load(tmp_path / "g.shell.h5").probability, loaded.probability
    )


def test_files_without_certainty_still_load(tmp_path: Path):
    core.save(core.Forecast(sequence(1), sequence(2)), tmp_path / "f.shell.h5")
    loaded = core.load(tmp_path / "f.shell.h5")
    assert loaded.probability is None
    assert loaded.calibration is None


def test_probabilities_are_probabilities():
    with pytest.raises(InvalidRequest, match="between 0 and 1"):
        certain(np.full((3, 8, 8, 8), 1.5, np.float32))
    with pytest.raises(InvalidRequest, match="shape"):
        certain(np.zeros((2, 8, 8, 8), np.float32))


@pytest.mark.parametrize("name", ["probability", "calibration"])
@pytest.mark.parametrize("kind", ["float32", "cut"])
def test_a_damaged_certainty_is_named(tmp_path: Path, name: str, kind: str):
    path = tmp_path / "f.shell.h5"
    core.save(certain(), path)
    with h5py.File(path, "r+") as file:
        values = file[name][()]
        del file[name]
        file[name] = values[:-1] if kind == "cut" else values.astype(kind)
    with pytest.raises(CorruptSnapshot, match=name):
        core.load(path)
