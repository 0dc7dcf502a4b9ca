"""Some of a snapshot's gas as a snapshot of the same code: the same numbers, fewer of them."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

import core
from core.errors import Cancelled, CorruptSnapshot, InvalidRequest
from core.writers.subset import save_subset
from core.writers.well import save_well
from tests.core.synthetic import SNAPSHOTS, gas, needs_snapshots, write_gadget, write_swift

REAL = {
    "SWIFT, lossy filters": "swift_turbulent_a",
    "SWIFT, kpc": "swift_sedov_kpc",
    "Gadget": "gadget4/snapshot_000.hdf5",
    "Gadget, two files": "gadget4/snap_000.0.hdf5",
}
ARRAYS = (
    "positions_pc",
    "masses_msun",
    "velocities_kms",
    "densities",
    "temperatures_k",
    "smoothing_lengths_pc",
    "ids",
)


def assert_is_part(part: core.ParticleSet, whole: core.ParticleSet, mask: np.ndarray) -> None:
    for name in ARRAYS:
        ours, theirs = getattr(part, name), getattr(whole, name)
        assert (ours is None) == (theirs is None), name
        if ours is not None:
            np.testing.assert_array_equal(ours, theirs[mask], err_msg=name)
    assert part.time_myr == whole.time_myr
    assert part.box_pc == whole.box_pc
    assert part.periodic == whole.periodic


@needs_snapshots
@pytest.mark.parametrize("name", REAL.values(), ids=REAL.keys())
def test_a_subset_of_a_real_snapshot_is_exactly_those_particles(name, tmp_path):
    series = core.open(SNAPSHOTS / name)
    whole = series.read(0)
    near = np.linalg.norm(whole.positions_pc - 30.0, axis=1) < 10
    out = tmp_path / "part.hdf5"
    assert save_subset(series, 0, near, out) == np.count_nonzero(near) > 1000
    again = core.open(out)
    assert (again.format, again.code) == (series.format, series.code)
    assert_is_part(again[0], whole, near)
    # By their identifiers, in any order and twice, as well.
    save_subset(series, 0, np.tile(whole.ids[near][::-1], 2), out)
    assert_is_part(core.open(out)[0], whole, near)
    # A part of a part: what was written is a snapshot like any other.
    second = tmp_path / "second.hdf5"
    save_subset(core.open(out), 0, whole.ids[near][::3], second)
    assert_is_part(core.open(second)[0], again[0], np.isin(again[0].ids, whole.ids[near][::3]))


@needs_snapshots
def test_swiftsimio_loads_a_subset(tmp_path):
    swiftsimio = pytest.importorskip("swiftsimio", reason="reads the file by other means")
    series = core.open(SNAPSHOTS / "swift_sedov_kpc")
    whole = series.read(1)
    near = np.linalg.norm(whole.positions_pc - 30.0, axis=1) < 12
    out = tmp_path / "part.hdf5"
    save_subset(series, 1, near, out)
    data = swiftsimio.load(str(out))
    assert data.metadata.n_gas == np.count_nonzero(near)
    places = data.gas.coordinates.to_physical_value("pc")
    np.testing.assert_allclose(places, whole.positions_pc[near], rtol=1e-6)
    np.testing.assert_allclose(
        data.gas.masses.to_physical_value("Msun"), whole.masses_msun[near], rtol=1e-5
    )
    assert set(data.gas.particle_ids.value) == set(whole.ids[near])


@needs_snapshots
@pytest.mark.parametrize("name", REAL.values(), ids=REAL.keys())
def test_everything_else_is_copied(name, tmp_path):
    series = core.open(SNAPSHOTS / name)
    count = series.headers[0].count
    mask = np.arange(count) % 5 == 0
    out = tmp_path / "part.hdf5"
    kept = save_subset(series, 0, mask, out)
    with h5py.File(series.paths[0]) as source, h5py.File(out) as file:
        assert set(source) - set(file) <= {"Cells"}
        assert set(file) - set(source) == {"Shellsight"}
        for group in set(source) - {"Cells", "PartType0", "Header", "GasParticles"}:
            assert set(source[group].attrs) == set(file[group].attrs)
            for key, value in source[group].attrs.items():
                np.testing.assert_array_equal(file[group].attrs[key], value)
        for key, value in source["Header"].attrs.items():
            stored = file["Header"].attrs[key]
            assert np.shape(stored) == np.shape(value)
            assert np.asarray(stored).dtype == np.asarray(value).dtype
            if not key.startswith(("NumPart_", "NumFiles", "TotalNumber", "ThisFile")):
                np.testing.assert_array_equal(stored, value)
        numbers = file["Header"].attrs["NumPart_ThisFile"]
        assert numbers[0] == kept
        assert numbers[1:].sum() == 0
        for column in source["PartType0"]:
            old, new = source["PartType0"][column], file["PartType0"][column]
            assert new.shape == (kept, *old.shape[1:])
            assert new.id.get_type() == old.id.get_type()
            assert (new.compression, new.shuffle) == (old.compression, old.shuffle)
            assert set(new.attrs) == set(old.attrs)
        if "GasParticles" in source:
            assert file["GasParticles"] == file["PartType0"]


def _with_other_types(path: Path) -> Path:
    columns = gas(300)
    columns["ParticleIDs"] = columns["ParticleIDs"].astype(">u8") + 2**40
    columns["Coordinates"] = columns["Coordinates"].astype(">f8")
    numbers = np.array([300, 50, 0, 0, 7, 0], np.uint32)
    write_gadget(path, columns, NumPart_ThisFile=numbers, NumPart_Total=numbers,
                 NumPart_Total_HighWord=np.zeros(6, np.uint32))  # fmt: skip
    with h5py.File(path, "a") as file:
        file["PartType1/Coordinates"] = np.ones((50, 3))
        file["PartType4/Coordinates"] = np.ones((7, 3))
        file["PartType4/Masses"] = np.ones(7)
        file["PartType0/Extra/Metallicity"] = np.arange(300.0)
        file["PartType0/Names"] = np.array([b"H", b"He"])
        file["PartType0/Empty"] = h5py.Empty("f4")
        file["DMParticles"] = h5py.SoftLink("/PartType1")
        file["Elsewhere"] = h5py.ExternalLink("other.hdf5", "/")
        file["Config"] = np.arange(3)
        file.attrs["note"] = "kept"
        file["Header"].attrs["Nothing"] = h5py.Empty("f4")
        file.attrs["pointer"] = file["PartType1"].ref
    return path


def test_other_particles_are_dropped_and_nested_columns_follow(tmp_path):
    series = core.open(_with_other_types(tmp_path / "s.hdf5"))
    mask = np.arange(300) % 7 == 1
    out = tmp_path / "part.hdf5"
    save_subset(series, 0, mask, out)
    assert_is_part(core.open(out)[0], series.read(0), mask)
    assert core.open(out).stars(0) is None
    with h5py.File(out) as file:
        assert set(file) == {"Header", "PartType0", "Config", "Shellsight"}
        assert file.attrs["note"] == "kept"
        assert file["PartType0/Coordinates"].dtype == np.dtype(">f8")
        np.testing.assert_array_equal(
            file["PartType0/Extra/Metallicity"], np.flatnonzero(mask).astype(float)
        )
        assert list(file["PartType0/Names"]) == [b"H", b"He"]
        assert list(file["Header"].attrs["NumPart_Total"]) == [mask.sum(), 0, 0, 0, 0, 0]
        assert "pointer" not in file.attrs
        assert isinstance(file["Header"].attrs["Nothing"], h5py.Empty)


def test_a_file_of_the_snapshot_without_gas_is_passed_over(tmp_path):
    columns = gas(40)
    total = np.array([40, 5, 0, 0, 0, 0])
    for part, (own, numbers) in enumerate(
        (({}, [0, 5, 0, 0, 0, 0]), (columns, [40, 0, 0, 0, 0, 0]))
    ):
        write_gadget(
            tmp_path / f"s.{part}.hdf5", own, NumFilesPerSnapshot=2,
            NumPart_ThisFile=np.array(numbers), NumPart_Total=total,
        )  # fmt: skip
    with h5py.File(tmp_path / "s.0.hdf5", "a") as file:
        file["PartType1/Coordinates"] = np.ones((5, 3))
    series = core.open(tmp_path / "s.0.hdf5")
    mask = np.arange(40) > 30
    save_subset(series, 0, mask, tmp_path / "part.hdf5")
    assert_is_part(core.open(tmp_path / "part.hdf5")[0], series.read(0), mask)


def test_duplicate_identifiers_are_all_chosen(tmp_path):
    columns = gas(100)
    columns["ParticleIDs"] //= 2
    series = core.open(write_gadget(tmp_path / "s.hdf5", columns))
    assert save_subset(series, 0, np.array([3, 7]), tmp_path / "part.hdf5") == 4
    assert core.open(tmp_path / "part.hdf5")[0].ids.tolist() == [3, 3, 7, 7]


def test_swift_without_filters(tmp_path):
    series = core.open(write_swift(tmp_path / "s.hdf5"))
    mask = np.arange(64) < 3
    save_subset(series, 0, mask, tmp_path / "part.hdf5")
    assert_is_part(core.open(tmp_path / "part.hdf5")[0], series.read(0), mask)


def test_what_cannot_be_written_is_refused(tmp_path):
    source = write_gadget(tmp_path / "s.hdf5")
    series = core.open(source)
    before = source.read_bytes()
    out = tmp_path / "part.hdf5"
    for chosen, words in (
        (np.zeros(64, bool), "no particle is chosen"),
        (np.array([], np.int64), "no particle is chosen"),
        (np.ones(63, bool), r"shape \(63,\)"),
        (np.array([1, 2, 99_999, 77_777]), "2 of the 4 identifiers are not in"),
        (np.array([1.0, 2.0]), "by float64"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            save_subset(series, 0, chosen, out)
    with pytest.raises(InvalidRequest, match="snapshot itself"):
        save_subset(series, 0, np.ones(64, bool), tmp_path / "." / "s.hdf5")
    with pytest.raises(InvalidRequest, match="no directory"):
        save_subset(series, 0, np.ones(64, bool), tmp_path / "none" / "part.hdf5")
    with pytest.raises(Cancelled):
        save_subset(series, 0, np.ones(64, bool), out, cancelled=lambda: True)
    assert source.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["s.hdf5"]


def test_identifiers_are_needed_to_choose_by_them(tmp_path):
    columns = gas()
    del columns["ParticleIDs"]
    series = core.open(write_gadget(tmp_path / "s.hdf5", columns))
    with pytest.raises(InvalidRequest, match="no identifiers"):
        save_subset(series, 0, np.array([1]), tmp_path / "part.hdf5")
    mask = np.arange(64) == 5
    save_subset(series, 0, mask, tmp_path / "part.hdf5")
    assert_is_part(core.open(tmp_path / "part.hdf5")[0], series.read(0), mask)


def test_a_grid_has_no_subset(tmp_path):
    save_well(core.Cube({"density": np.ones((4, 4, 4))}, 8.0), tmp_path / "c.hdf5")
    series = core.open(tmp_path / "c.hdf5")
    with pytest.raises(InvalidRequest, match=r"SWIFT and Gadget snapshots, not of The Well"):
        save_subset(series, 0, np.ones(64, bool), tmp_path / "part.hdf5")


def test_a_column_that_leads_out_of_the_file_is_refused(tmp_path):
    series = core.open(write_gadget(tmp_path / "s.hdf5"))
    with h5py.File(tmp_path / "s.hdf5", "a") as file:
        file["PartType0/Metallicity"] = h5py.ExternalLink("/etc/other.hdf5", "/x")
    with pytest.raises(CorruptSnapshot, match="link to another file"):
        save_subset(series, 0, np.ones(64, bool), tmp_path / "part.hdf5")
    assert not (tmp_path / "part.hdf5").exists()


def test_progress_grows_to_one(tmp_path):
    series = core.open(write_gadget(tmp_path / "s.hdf5"))
    told: list[float] = []
    save_subset(
        series, 0, np.ones(64, bool), tmp_path / "part.hdf5",
        progress=lambda fraction, _: told.append(fraction),
    )  # fmt: skip
    assert told == sorted(told)
    assert told[-1] == 1.0
