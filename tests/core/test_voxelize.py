"""Cutting cubes out of particles, grids and series."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest

import core
from core.constants import NH_PER_DENSITY
from core.errors import Cancelled, InvalidRequest
from tests.core.synthetic import CGS, SNAPSHOTS, gas, needs_snapshots, write_gadget, write_well


def grid(n: int = 12, size_pc: float = 60.0, **more: float) -> core.Cube:
    random = np.random.default_rng(5)
    fields = {
        "density": random.uniform(0.1, 3.0, (n, n, n)),
        "velocity": random.normal(0, 5, (n, n, n, 3)),
        "temperature": random.uniform(10, 1e4, (n, n, n)),
    }
    return core.Cube(fields, size_pc, (30.0, 30.0, 30.0), 0.5, **more)


def uniform_particles(periodic: bool) -> core.ParticleSet:
    return core.ParticleSet(
        positions_pc=np.random.default_rng(6).uniform(0, 60, (4000, 3)),
        masses_msun=np.ones(4000, np.float32),
        time_myr=1.0,
        box_pc=(60.0, 60.0, 60.0),
        periodic=periodic,
    )


@needs_snapshots
@pytest.mark.parametrize(
    "path", ["swift_turbulent_a/snap_0005.hdf5", "swift_sedov_kpc", "gadget4/snap_000.0.hdf5"]
)
def test_real_snapshots_keep_their_mass(path: str):
    cubes = core.voxelize(core.open(SNAPSHOTS / path))
    for cube in cubes:
        assert cube.mass_msun == pytest.approx(324_000, rel=1e-6)
        assert cube.density.mean(dtype=float) * NH_PER_DENSITY == pytest.approx(46.1, rel=1e-3)
        assert set(cube.fields) == {"density", "velocity", "temperature"}


@needs_snapshots
def test_region_depleted_by_the_explosion():
    """Fractions of the box from the snapshots' own README, on 20^3 voxels."""
    frames = {5: (0.010, 0.007), 19: (0.040, 0.034)}
    names = ("swift_turbulent_a", "swift_turbulent_a_control")
    for index, (affected, cavity) in frames.items():
        blast, control = (
            core.voxelize(core.open(SNAPSHOTS / name)[index], n=20).density for name in names
        )
        ratio = blast / np.where(control > 0, control, np.inf)
        assert np.mean(ratio < 0.9) == pytest.approx(affected, abs=0.0025)
        assert np.mean(ratio < 0.5) == pytest.approx(cavity, abs=0.0025)


@needs_snapshots
def test_series_becomes_a_sequence_read_one_by_one():
    series = core.open(SNAPSHOTS / "swift_turbulent_a")[:3]
    told: list[float] = []
    cubes = core.voxelize(series, n=16, progress=lambda fraction, text: told.append(fraction))
    np.testing.assert_allclose(cubes.times_myr, [0.0, 0.007, 0.014], atol=1e-4)
    assert cubes.center_pc == pytest.approx((30.0, 30.0, 30.0))
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(cubes.provenance["files"]) == 3
    alone = core.voxelize(series[1], n=16)
    for name, values in cubes.fields.items():
        np.testing.assert_array_equal(values[1], alone.fields[name])


@needs_snapshots
def test_series_can_be_cancelled():
    asked = iter([False, True])
    with pytest.raises(Cancelled):
        core.voxelize(core.open(SNAPSHOTS / "swift_turbulent_a"), cancelled=lambda: next(asked))


def test_blocks_average_exactly():
    source = grid(12)
    cube = core.voxelize(source, size_pc=60.0, n=6)
    blocks = source.density.astype(float).reshape(6, 2, 6, 2, 6, 2)
    np.testing.assert_allclose(cube.density, blocks.mean((1, 3, 5)), rtol=1e-6)
    weighted = (source.density * source.fields["temperature"].astype(float)).reshape(
        6, 2, 6, 2, 6, 2
    )
    np.testing.assert_allclose(
        cube.fields["temperature"], weighted.mean((1, 3, 5)) / cube.density, rtol=1e-5
    )


@pytest.mark.parametrize("n", [5, 7, 16, 31])
def test_uneven_grids_conserve_mass_and_momentum(n: int):
    source = grid(12)
    cube = core.voxelize(source, size_pc=60.0, n=n)
    assert cube.mass_msun == pytest.approx(source.mass_msun, rel=1e-6)
    before, after = (
        np.einsum("xyz,xyzc->c", c.density.astype(float), c.fields["velocity"].astype(float))
        * c.voxel_pc**3
        for c in (source, cube)
    )
    np.testing.assert_allclose(after, before, atol=1e-2)


def test_part_of_a_grid_is_that_part():
    source = grid(12)
    cube = core.voxelize(source, size_pc=20.0, n=4, center_pc=(15.0, 30.0, 45.0))
    np.testing.assert_array_equal(cube.density, source.density[1:5, 4:8, 7:11])
    np.testing.assert_allclose(
        cube.fields["velocity"], source.fields["velocity"][1:5, 4:8, 7:11], rtol=1e-5
    )
    assert cube.center_pc == (15.0, 30.0, 45.0)


def test_empty_voxels_of_a_grid_keep_finite_fields():
    density = np.zeros((4, 4, 4))
    density[0] = 1.0
    source = core.Cube({"density": density, "temperature": np.full((4, 4, 4), 50.0)}, 8.0)
    cube = core.voxelize(source, size_pc=8.0, n=2)
    np.testing.assert_allclose(cube.fields["temperature"], 50.0)


def test_the_same_grid_is_returned_unchanged():
    source = grid(8)
    assert core.voxelize(source, size_pc=60.0, n=8) is source


def test_sequence_of_grids():
    times = np.array([0.0, 0.1])
    source = core.CubeSequence(
        {"density": np.stack([grid(8).density] * 2)}, times, 60.0, (30.0, 30.0, 30.0)
    )
    cubes = core.voxelize(source, n=4)
    np.testing.assert_array_equal(cubes.times_myr, times)
    assert cubes.n == 4


def test_a_cube_larger_than_the_box_says_both_sizes():
    with pytest.raises(InvalidRequest, match=r"80 pc .* box of 60 x 60 x 60 pc; .* 60 pc"):
        core.voxelize(uniform_particles(True), size_pc=80.0)
    with pytest.raises(InvalidRequest, match="at most 60 pc"):
        core.voxelize(grid(), size_pc=80.0)


def test_a_cube_may_leave_a_periodic_box_only():
    where = (5.0, 30.0, 30.0)
    inside = core.voxelize(uniform_particles(True), size_pc=30.0, n=4, center_pc=where)
    assert inside.mass_msun == pytest.approx(500, rel=0.15)
    for source in (uniform_particles(False), grid()):
        with pytest.raises(InvalidRequest, match=r"x = 5 pc sticks out .* within 15 to 45 pc"):
            core.voxelize(source, size_pc=30.0, n=4, center_pc=where)


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 0},
        {"n": 2.5},
        {"n": True},
        {"size_pc": -1.0},
        {"size_pc": np.nan},
        {"center_pc": (1.0, 2.0)},
        {"center_pc": (np.inf, 0.0, 0.0)},
    ],
)
def test_impossible_cubes_are_refused(wrong: dict):
    with pytest.raises(InvalidRequest):
        core.voxelize(grid(), **wrong)


@pytest.mark.parametrize("where", [(0.0, 30.0, 60.0), (55.0, 5.0, 15.0), (-30.0, 95.0, 30.0)])
def test_a_periodic_grid_is_cut_across_its_faces(where: tuple[float, float, float]):
    source = grid(12)
    cube = core.voxelize(source, size_pc=20.0, n=4, center_pc=where, periodic=True)
    first = [round((c - 10.0) / 5.0) for c in where]
    index = np.ix_(*[np.arange(i, i + 4) % 12 for i in first])
    np.testing.assert_allclose(cube.density, source.density[index], rtol=1e-6)
    np.testing.assert_allclose(
        cube.fields["velocity"], source.fields["velocity"][index], rtol=1e-4, atol=1e-5
    )
    with pytest.raises(InvalidRequest, match="sticks out"):
        core.voxelize(source, size_pc=20.0, n=4, center_pc=where)


@pytest.mark.parametrize("n", [5, 12, 17])
def test_a_shifted_periodic_grid_keeps_mass_and_momentum(n: int):
    source = grid(12)
    cube = core.voxelize(source, size_pc=60.0, n=n, center_pc=(11.3, 58.9, -4.0), periodic=True)
    assert cube.mass_msun == pytest.approx(source.mass_msun, rel=1e-6)
    before, after = (
        np.einsum("xyz,xyzc->c", c.density.astype(float), c.fields["velocity"].astype(float))
        * c.voxel_pc**3
        for c in (source, cube)
    )
    np.testing.assert_allclose(after, before, atol=2e-2)


def test_a_series_of_grids_knows_whether_it_is_periodic(tmp_path: Path):
    path = write_well(tmp_path / "run.hdf5", velocity_kms=1.0)
    units = "length=pc,mass=Msun,velocity=1 km/s,time=Myr"
    with pytest.raises(InvalidRequest, match="sticks out"):
        core.voxelize(core.open(path, units=units), size_pc=30.0, n=4, center_pc=(0.0, 30.0, 30.0))
    with h5py.File(path, "r+") as file:
        for axis in "xyz":
            file[f"boundary_conditions/{axis}_open"].attrs["bc_type"] = "PERIODIC"
    series = core.open(path, units=units)
    cubes = core.voxelize(series, size_pc=30.0, n=4, center_pc=(0.0, 30.0, 30.0))
    whole = series.read(0)
    assert isinstance(whole, core.Cube)
    np.testing.assert_allclose(
        cubes.density[0], np.roll(whole.density, 2, axis=0)[:4, 2:6, 2:6], rtol=1e-6
    )


def test_particles_say_themselves_whether_they_are_periodic():
    with pytest.raises(InvalidRequest, match="Only of cubes"):
        core.voxelize(uniform_particles(True), periodic=False)


def test_a_box_with_unequal_edges():
    random = np.random.default_rng(10)
    box = np.array([40.0, 60.0, 90.0])
    source = core.ParticleSet(
        positions_pc=random.uniform(0, 1, (5000, 3)) * box,
        masses_msun=np.ones(5000, np.float32),
        time_myr=0.0,
        box_pc=(40.0, 60.0, 90.0),
    )
    cube = core.voxelize(source, size_pc=40.0, n=8, center_pc=(3.0, 55.0, 88.0))
    offsets = (source.positions_pc - [3.0, 55.0, 88.0] + box / 2) % box - box / 2
    inside = np.all(np.abs(offsets[:, 1:]) < 20.0, axis=1)
    assert cube.mass_msun == pytest.approx(inside.sum(), rel=1e-6)
    # As wide as the box along x alone: only there do its faces meet.
    lone = core.ParticleSet(
        positions_pc=np.array([[23.0, 55.0, 88.0]]),
        masses_msun=np.ones(1, np.float32),
        time_myr=0.0,
        box_pc=(40.0, 60.0, 90.0),
    )
    density = core.voxelize(lone, size_pc=40.0, n=8, center_pc=(3.0, 55.0, 88.0)).density
    assert np.count_nonzero(density[[0, -1]]) == np.count_nonzero(density) == 8
    with pytest.raises(InvalidRequest, match=r"40 x 60 x 90 pc; ask for at most 40"):
        core.voxelize(source, size_pc=60.0)


def test_a_part_of_a_file_equals_the_part_of_its_particles(tmp_path: Path):
    series = core.open(write_gadget(tmp_path / "snapshot.hdf5", gas(5000, seed=3)))
    for where in ((30.0, 30.0, 30.0), (1.0, 59.0, 30.0)):
        cut = {"size_pc": 24.0, "n": 10, "center_pc": where}
        from_file = core.voxelize(series, **cut, cache=False)[0]
        from_memory = core.voxelize(series.read(0), **cut)
        for name, values in from_memory.fields.items():
            np.testing.assert_allclose(from_file.fields[name], values, rtol=1e-5, atol=1e-6)


def test_pieces_of_a_snapshot_add_up(tmp_path: Path):
    from dataclasses import replace

    from core.deposit import deposit

    whole = core.open(write_gadget(tmp_path / "snapshot.hdf5", gas(999))).read(0)
    assert isinstance(whole, core.ParticleSet)
    columns = ("positions_pc", "masses_msun", "velocities_kms", "temperatures_k")
    pieces = [
        replace(
            whole,
            densities=None,
            smoothing_lengths_pc=None,
            ids=None,
            **{name: getattr(whole, name)[start : start + 100] for name in columns},
        )
        for start in range(0, 999, 100)
    ]
    cube = {"size_pc": 60.0, "n": 8, "center_pc": (30.0, 30.0, 30.0)}
    together, apart = deposit(whole, **cube), deposit(iter(pieces), **cube)
    for name, values in together.items():
        np.testing.assert_allclose(apart[name], values, rtol=1e-6)


MEASURE = """
import re, sys
from pathlib import Path
import core

def peak():
    # Not `ru_maxrss`, which begins with the peak of the parent.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

series = core.open(sys.argv[1])
core.voxelize(series, size_pc=10, n=16, cache=False)
before = peak()
cube = core.voxelize(series, size_pc=float(sys.argv[2]), n=32, cache=False)[0]
print(peak() - before, cube.mass_msun)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read in /proc")
@pytest.mark.parametrize("size_pc", [20.0, 60.0])
def test_memory_does_not_grow_with_the_snapshot(tmp_path: Path, size_pc: float):
    """6 million particles are 190 MB of columns; a piece of them and the cube are far less."""
    count, rows = 6_000_000, 1_000_000
    random = np.random.default_rng(11)
    columns = {"Coordinates": 3, "Velocities": 3, "Masses": 0, "InternalEnergy": 0}
    path = write_gadget(tmp_path / "large.hdf5", {})
    with h5py.File(path, "r+") as file:
        numbers = np.array([count, 0, 0, 0, 0, 0])
        file["Header"].attrs.update({**CGS, "NumPart_ThisFile": numbers, "NumPart_Total": numbers})
        for name, width in columns.items():
            shape = (count, width) if width else (count,)
            data = file.create_dataset(f"PartType0/{name}", shape, np.float32)
            for start in range(0, count, rows):
                values = random.random((rows, *shape[1:]), dtype=np.float32)
                data[start : start + rows] = (
                    60 * values if name == "Coordinates" else 1 + 0 * values
                )
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path), str(size_pc)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    grown_mb, mass = map(float, done.stdout.split())
    assert mass == pytest.approx(count * (size_pc / 60.0) ** 3, rel=0.01)
    assert 1 < grown_mb < 100
