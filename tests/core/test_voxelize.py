"""Cutting cubes out of particles, grids and series."""

from __future__ import annotations

import numpy as np
import pytest

import core
from core.constants import NH_PER_DENSITY
from core.errors import Cancelled, InvalidRequest
from tests.core.synthetic import SNAPSHOTS, needs_snapshots


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
