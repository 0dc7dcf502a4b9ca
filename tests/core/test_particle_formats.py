"""Particles of every variant: by chunks, by cutouts, with stars, against other readers."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import core
from core.cutout import Cutout
from core.errors import CorruptSnapshot, MissingUnits
from core.particles import ParticleSet
from core.readers import particles as reading
from core.readers.cell_index import rows_touching
from core.readers.cosmology import Cosmology
from core.readers.particles import COLUMNS
from tests.core.synthetic import (
    CGS,
    SNAPSHOTS,
    gas,
    needs_snapshots,
    write_gadget,
    write_parts,
    write_swift,
)

SWIFT = SNAPSHOTS / "swift_turbulent_a" / "snap_0005.hdf5"
SEDOV = SNAPSHOTS / "swift_sedov_kpc" / "sedov_0010.hdf5"
GADGET = SNAPSHOTS / "gadget4" / "snap_000.0.hdf5"
KPC_CM = 3.0856775814913673e21


def in_order(particles: ParticleSet) -> dict[str, np.ndarray]:
    """Columns by increasing ID."""
    order = np.argsort(particles.ids, kind="stable")
    return {
        name: getattr(particles, name)[order]
        for name in COLUMNS
        if getattr(particles, name) is not None
    }


def together(pieces: list[ParticleSet]) -> dict[str, np.ndarray]:
    columns = [{name: getattr(piece, name) for name in COLUMNS} for piece in pieces]
    joined = {
        name: np.concatenate([column[name] for column in columns])
        for name in COLUMNS
        if columns[0][name] is not None
    }
    order = np.argsort(joined["ids"], kind="stable")
    return {name: values[order] for name, values in joined.items()}


def assert_same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> None:
    assert set(one) == set(other)
    for name, values in one.items():
        np.testing.assert_array_equal(values, other[name], err_msg=name)


# Chunks and cutouts -------------------------------------------------------------------------


@needs_snapshots
@pytest.mark.parametrize("path", [SWIFT, SEDOV, GADGET], ids=lambda path: path.name)
@pytest.mark.parametrize("rows", [1 << 20, 7001])
@pytest.mark.parametrize(
    "cutout",
    [
        None,
        Cutout((30.0, 30.0, 30.0), 20.0),
        Cutout((0.5, 59.5, 30.0), 12.0),  # across two faces of the box
        Cutout((-58.0, 118.0, 3.0), 9.0),  # given from the box's images
        Cutout((30.0, 30.0, 30.0), 60.0),
    ],
    ids=["all", "centre", "corner", "image", "box"],
)
def test_pieces_are_the_whole_filtered(
    path: Path, rows: int, cutout: Cutout | None, monkeypatch: pytest.MonkeyPatch
):
    series = core.open(path)
    whole = in_order(series[0])
    if cutout is not None:
        inside = cutout.contains(whole["positions_pc"], series.box_pc, periodic=series.periodic)
        assert inside.any()
        whole = {name: values[inside] for name, values in whole.items()}
    monkeypatch.setattr(reading, "CHUNK_ROWS", rows)
    pieces = list(series.chunks(0, None, cutout))
    assert max(len(piece) for piece in pieces) <= rows
    assert_same(together(pieces), whole)
    assert_same(in_order(series.read(0, None, cutout)), whole)


@needs_snapshots
@pytest.mark.parametrize("path", [SWIFT, SEDOV], ids=lambda path: path.name)
def test_the_cell_index_spares_reading(path: Path):
    cutout = Cutout((2.0, 30.0, 58.0), 8.0)
    box = dict(box_pc=(60.0,) * 3, periodic=True)
    with h5py.File(path) as file:
        count = len(file["PartType0/Masses"])
        unit = core.open(path).units.length_pc
        ranges = rows_touching(file, "PartType0", cutout, unit_pc=unit, count=count, **box)
        positions = file["PartType0/Coordinates"][()] * unit
    read = sum(stop - start for start, stop in ranges)
    assert read < 0.5 * count
    chosen = np.zeros(count, bool)
    for start, stop in ranges:
        chosen[start:stop] = True
    assert np.all(chosen[cutout.contains(positions, **box)])


def _shuffle(file: h5py.File) -> None:
    order = np.random.default_rng(0).permutation(len(file["PartType0/Masses"]))
    for source in file["PartType0"].values():
        source[...] = source[()][order]


def _overlap(file: h5py.File) -> None:
    file["Cells/Counts/PartType0"][3] += 5


def _no_extents(file: h5py.File) -> None:
    del file["Cells/MinPositions"]


def _not_numbers(file: h5py.File) -> None:
    file["Cells/MaxPositions/PartType0"][0] = np.nan


@needs_snapshots
@pytest.mark.parametrize("damage", [_shuffle, _overlap, _no_extents, _not_numbers])
def test_a_wrong_cell_index_is_not_believed(damage: Any, tmp_path: Path):
    path = tmp_path / "odd.hdf5"
    path.write_bytes(SEDOV.read_bytes())
    with h5py.File(path, "a") as file:
        damage(file)
    cutout = Cutout((10.0, 30.0, 50.0), 15.0)
    read = core.open(path).read(0, None, cutout)
    assert_same(in_order(read), in_order(core.open(SEDOV).read(0, None, cutout)))


def test_an_empty_cutout_reads_as_no_particles(tmp_path: Path):
    columns = gas()
    columns["Coordinates"] = 1.0 + 0.1 * columns["Coordinates"]
    series = core.open(write_gadget(tmp_path / "s.hdf5", columns))
    cutout = Cutout((40.0, 40.0, 40.0), 5.0)
    assert list(series.chunks(0, None, cutout)) == []
    read = series.read(0, None, cutout)
    assert len(read) == 0
    assert read.mass_msun == 0
    assert read.velocities_kms.shape == (0, 3)


def test_only_the_fields_asked_for_are_read(tmp_path: Path):
    series = core.open(write_gadget(tmp_path / "s.hdf5"))
    with h5py.File(tmp_path / "s.hdf5", "a") as file:
        file["PartType0/Density"][...] = np.nan
    piece = next(iter(series.chunks(0, ("velocities_kms",))))
    assert piece.velocities_kms is not None
    assert piece.densities is None
    assert piece.ids is None


_MEASURE = """
    import re, sys
    from pathlib import Path
    import core
    from core.cutout import Cutout

    def peak():
        # Not `ru_maxrss`, which begins with the peak of the parent.
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1])

    series = core.open(sys.argv[1])
    before = peak()
    if sys.argv[2] == "chunks":
        mass = sum(piece.mass_msun for piece in series.chunks(0))
    elif sys.argv[2] == "cutout":
        mass = series.read(0, None, Cutout((30.0, 30.0, 30.0), 20.0)).mass_msun
    else:
        mass = series[0].mass_msun
    grown = peak() - before
    print(grown / 1024, mass)
"""


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of four million particles, 270 MB when read."""
    count = 4_000_000
    path = tmp_path_factory.mktemp("large") / "snapshot.hdf5"
    random = np.random.default_rng(2)
    columns = {name: v[:0] for name, v in gas().items()}
    numbers = np.array([count, 0, 0, 0, 0, 0])
    write_gadget(path, columns, NumPart_ThisFile=numbers, NumPart_Total=numbers)
    with h5py.File(path, "a") as file:
        for name, values in columns.items():
            del file[f"PartType0/{name}"]
            filled = np.ones((count, *values.shape[1:]), values.dtype)
            if name == "Coordinates":
                filled = random.uniform(0, 60, filled.shape)
            file[f"PartType0/{name}"] = filled
    return path


@pytest.mark.parametrize(
    ("how", "most_mb"), [("chunks", 250), ("cutout", 280), ("whole", 268 + 200)]
)
def test_memory_is_bounded(how: str, most_mb: float, large: Path):
    """Chunks need the same for any number of particles, the whole no second copy."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_MEASURE), str(large), how],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).resolve().parents[2],
    )
    grown, mass = (float(number) for number in done.stdout.split())
    expected = 4e6 / 27 if how == "cutout" else 4e6
    assert mass == pytest.approx(expected, rel=1e-2)
    assert grown < most_mb


# Variants -----------------------------------------------------------------------------------


def test_big_endian_files_read_the_same(tmp_path: Path):
    columns = gas()
    swapped = {name: v.astype(v.dtype.newbyteorder(">")) for name, v in columns.items()}
    header: dict[str, Any] = {
        name: np.asarray(value).astype(np.dtype(kind).newbyteorder(">"))
        for name, value, kind in (
            ("BoxSize", 60.0, "f8"),
            ("Time", 0.1, "f8"),
            ("NumPart_ThisFile", [64, 0, 0, 0, 0, 0], "i4"),
            ("NumPart_Total", [64, 0, 0, 0, 0, 0], "u4"),
            *((name, value, "f8") for name, value in CGS.items()),
        )
    }
    big = core.open(write_gadget(tmp_path / "big.hdf5", swapped, **header))[0]
    little = core.open(write_gadget(tmp_path / "little.hdf5", columns))[0]
    assert_same(in_order(big), in_order(little))
    assert all(values.dtype.isnative for values in in_order(big).values())
    assert core.voxelize(big, size_pc=60.0, n=8).density.sum() > 0


@pytest.mark.parametrize("kind", [np.uint64, np.int64, np.uint32, np.int32])
def test_identifiers_keep_all_their_digits(kind: type, tmp_path: Path):
    largest = np.iinfo(kind).max
    columns = {**gas(), "ParticleIDs": largest - np.arange(64, dtype=kind)}
    frame = core.open(write_gadget(tmp_path / "s.hdf5", columns))[0]
    assert frame.ids.dtype == kind
    assert int(frame.ids[0]) == largest
    assert frame.repeated_ids == 0
    assert "remarks" not in frame.provenance


@pytest.mark.parametrize("far", [0, 2**63])
def test_repeated_identifiers_are_accepted_but_said(far: int, tmp_path: Path):
    ids = np.arange(64, dtype=np.uint64)
    ids[10:13] = 5
    ids[0] = far
    series = core.open(write_gadget(tmp_path / "s.hdf5", {**gas(), "ParticleIDs": ids}))
    frame = series[0]
    assert len(frame) == 64
    assert frame.repeated_ids == 3
    assert "3 particles have an ID" in frame.provenance["remarks"][0]
    assert "3 particles have an ID" in series.info().notes[-1]


def test_single_and_double_precision(tmp_path: Path):
    double = gas()
    single = {**double, "Coordinates": double["Coordinates"].astype(np.float32)}
    wide = {name: v.astype(np.float64) if v.dtype.kind == "f" else v for name, v in double.items()}
    frames = [
        core.open(write_gadget(tmp_path / f"{i}.hdf5", columns))[0]
        for i, columns in enumerate((double, single, wide))
    ]
    assert [frame.positions_pc.dtype for frame in frames] == [np.float64, np.float32, np.float64]
    for frame in frames[1:]:
        np.testing.assert_allclose(frame.positions_pc, frames[0].positions_pc, rtol=1e-6)
        assert frame.velocities_kms.dtype == np.float32
        np.testing.assert_allclose(frame.velocities_kms, frames[0].velocities_kms)


@pytest.mark.parametrize("box", [60.0, [60.0], [60.0, 30.0, 90.0], np.float32(60.0)])
def test_the_box_is_a_number_or_three(box: Any, tmp_path: Path):
    series = core.open(write_gadget(tmp_path / "s.hdf5", BoxSize=box))
    expected = np.broadcast_to(np.asarray(box, float), 3) * 3.0857 / 3.0856775814913673
    assert series.box_pc == pytest.approx(tuple(expected), rel=1e-6)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (64, 0, np.uint32),
        (64, 0, np.int32),
        (2**32 + 64, 0, np.uint64),
        (64, 1, np.uint32),
        (2**32 - 64, 0, np.uint32),
        (-64, 0, np.int32),
    ],
)
def test_totals_of_many_particles_in_all_their_spellings(
    low: int, high: int, kind: type, tmp_path: Path
):
    totals = np.array([low, 0, 0, 0, 0, 0], dtype=kind)
    words = np.array([high, 0, 0, 0, 0, 0], dtype=np.uint32)
    path = write_gadget(tmp_path / "s.hdf5", NumPart_Total=totals, NumPart_Total_HighWord=words)
    truth = (low if low >= 2**32 else low % 2**32) + high * 2**32
    if truth == 64:
        assert core.open(path)[0].mass_msun == pytest.approx(320, rel=1e-3)
    else:
        with pytest.raises(CorruptSnapshot, match=f"states {truth} gas particles in all"):
            core.open(path)


def test_parts_may_be_empty_and_of_unequal_types(tmp_path: Path):
    paths = write_parts(tmp_path, (0, 40, 24))
    with h5py.File(paths[2], "a") as file:
        positions = file["PartType0/Coordinates"][()].astype(np.float32)
        ids = file["PartType0/ParticleIDs"][()].astype(np.uint64)
        del file["PartType0/Coordinates"], file["PartType0/ParticleIDs"]
        file["PartType0/Coordinates"] = positions
        file["PartType0/ParticleIDs"] = ids
    frame = core.open(paths[1])[0]
    whole = gas(64)
    np.testing.assert_array_equal(frame.ids, whole["ParticleIDs"])
    np.testing.assert_allclose(frame.positions_pc, whole["Coordinates"] * 1.0000073, rtol=1e-6)
    assert frame.positions_pc.dtype == np.float64


def test_parts_of_different_times_are_not_one_snapshot(tmp_path: Path):
    paths = write_parts(tmp_path, (40, 24))
    with h5py.File(paths[1], "a") as file:
        file["Header"].attrs["Time"] = 0.2
    with pytest.raises(CorruptSnapshot, match=r"snap_007\.1\.hdf5: is of the time 0\.2"):
        core.open(paths[0])


def test_an_absurd_number_of_files_is_refused_at_once(tmp_path: Path):
    paths = write_parts(tmp_path, (40, 24), NumFilesPerSnapshot=2_000_000_000)
    with pytest.raises(CorruptSnapshot, match=r"snap_007\.2\.hdf5 is missing"):
        core.open(paths[0])


def test_a_swift_file_that_stands_for_others_opens_them(tmp_path: Path):
    for part in range(2):
        path = write_swift(tmp_path / f"snap_0001.{part}.hdf5")
        with h5py.File(path, "a") as file:
            file["Header"].attrs["NumFilesPerSnapshot"] = np.array([2])
            file["PartType0/ParticleIDs"][...] += np.uint32(64 * part)
    virtual = write_swift(tmp_path / "snap_0001.hdf5")
    with h5py.File(virtual, "a") as file:
        file["Header"].attrs["Virtual"] = np.array([1])
        del file["PartType0"]
    for source in (virtual, tmp_path):
        series = core.open(source)
        assert len(series) == 1
        assert len(series.refresh()) == 1
        assert sorted(series[0].ids) == list(range(128))
    (tmp_path / "snap_0001.0.hdf5").unlink()
    with pytest.raises(CorruptSnapshot, match=r"snap_0001\.0\.hdf5 is not beside it"):
        core.open(virtual)


def test_data_set_attributes_beat_the_usual_powers(tmp_path: Path):
    """A cosmological file that stores velocities and lengths without a or h says so."""
    attributes = {
        "Velocities": {"a_scaling": 0.0, "h_scaling": 0.0},
        "Coordinates": {"a_scaling": 0.0, "h_scaling": 0.0},
    }
    cosmology = dict(Time=0.25, Redshift=3.0, Omega0=0.3, OmegaLambda=0.7, HubbleParam=0.7)
    frame = core.open(write_gadget(tmp_path / "s.hdf5", attributes=attributes, **cosmology))[0]
    np.testing.assert_allclose(frame.velocities_kms, gas()["Velocities"], rtol=1e-6)
    np.testing.assert_allclose(frame.positions_pc, gas()["Coordinates"] * 1.0000073, rtol=1e-6)
    np.testing.assert_allclose(frame.smoothing_lengths_pc, 2.0 * 0.25 / 0.7, rtol=1e-4)


def test_gizmo_calls_its_universe_otherwise(tmp_path: Path):
    old = dict(Time=0.5, Redshift=1.0, HubbleParam=0.7, Omega0=0.3, OmegaLambda=0.7)
    new = {**old, "Omega_Matter": 0.3, "Omega_Lambda": 0.7, "ComovingIntegrationOn": 1}
    del new["Omega0"], new["OmegaLambda"]
    one, two = (
        core.open(write_gadget(tmp_path / f"{i}.hdf5", **header))
        for i, header in enumerate((old, new))
    )
    assert one.box_pc == two.box_pc == pytest.approx((60 * 0.5 / 0.7,) * 3, rel=1e-4)
    assert one.times_myr[0] == two.times_myr[0] == pytest.approx(5750, rel=0.01)


def test_a_plain_run_at_time_one_stays_plain(tmp_path: Path):
    """Beside its other snapshots; alone it would be taken for a universe today."""
    for number, time in enumerate((0.5, 1.0, 1.5)):
        write_gadget(tmp_path / f"s_{number}.hdf5", Time=time, Redshift=0.0, Omega0=0.3)
    series = core.open(tmp_path)
    np.testing.assert_allclose(np.diff(series.times_myr), 0.5 * 0.977792, rtol=1e-4)


def test_a_universe_without_matter_is_refused(tmp_path: Path):
    path = write_gadget(tmp_path / "s.hdf5", ComovingIntegrationOn=1, Omega0=0.0)
    with pytest.raises(CorruptSnapshot, match=r"s\.hdf5.*no expanding universe"):
        core.open(path)


def test_ages_of_the_universe():
    """Einstein-de Sitter in closed form; a flat model with vacuum energy in closed form too."""
    scale = np.array([0.1, 0.5, 1.0])
    hubble_myr = 9777.92 / 0.7
    flat = Cosmology(1.0, 0.0, 0.7).age_myr(scale)
    np.testing.assert_allclose(flat, 2 / 3 * hubble_myr * scale**1.5, rtol=1e-5)
    ratio = np.sqrt(0.7 / 0.3)
    closed = 2 / (3 * np.sqrt(0.7)) * np.arcsinh(ratio * scale**1.5) * hubble_myr
    np.testing.assert_allclose(Cosmology(0.3, 0.7, 0.7).age_myr(scale), closed, rtol=1e-5)
    radiation = Cosmology(1e-9, 0.0, 0.7, radiation=1.0).age_myr(scale)
    np.testing.assert_allclose(radiation, 0.5 * hubble_myr * scale**2, rtol=1e-5)
    assert np.isnan(Cosmology(0.3, 0.7, 0.7).age_myr(-1.0))


def test_an_arepo_cell_needs_a_density(tmp_path: Path):
    columns = gas()
    del columns["SmoothingLength"]
    columns["CenterOfMass"] = columns["Coordinates"]
    columns["Density"][3] = 0.0
    series = core.open(write_gadget(tmp_path / "s.hdf5", columns))
    with pytest.raises(CorruptSnapshot, match=r"PartType0/Density has 1 values of zero"):
        series.read(0, ("smoothing_lengths_pc",))
    assert len(series.read(0, ("densities",))) == 64


def test_swift_units_of_the_data_sets(tmp_path: Path):
    path = write_swift(tmp_path / "s.hdf5")
    key = "Conversion factor to CGS (not including cosmological corrections)"
    with h5py.File(path, "a") as file:
        del file["Units"]
        for name, size in (("Coordinates", KPC_CM), ("Masses", 1.98840987e33)):
            file[f"PartType0/{name}"].attrs[key] = np.array([size])
    with pytest.raises(MissingUnits) as caught:
        core.open(path)
    assert caught.value.missing == ("time",)
    with h5py.File(path, "a") as file:
        file["PartType0/Velocities"].attrs[key] = np.array([1e5])
    series = core.open(path)
    assert series.box_pc == pytest.approx((60e3,) * 3)
    assert series.units.velocity_kms == pytest.approx(1.0)


def test_swift_stored_as_physical_is_not_scaled_again(tmp_path: Path):
    path = write_swift(tmp_path / "s.hdf5", scale=0.5)
    with h5py.File(path, "a") as file:
        file["PartType0/Densities"].attrs["Value stored as physical"] = np.array([1], np.uint8)
    frame = core.open(path)[0]
    np.testing.assert_allclose(frame.densities, 1.5, rtol=1e-5)
    np.testing.assert_allclose(frame.smoothing_lengths_pc, 2.0 * 2.018932 * 0.5, rtol=1e-5)
