"""The whole box at a glance: all the mass, and the same particles in every frame."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import core
from core.errors import Cancelled, InvalidRequest
from core.overview import splitmix64
from tests.core.synthetic import SNAPSHOTS, gas, needs_snapshots, write_gadget


@needs_snapshots
def test_the_same_particles_in_every_frame_whatever_their_order():
    series = core.open(SNAPSHOTS / "swift_turbulent_a")
    first, last = series.read(0, ("ids",)), series.read(19, ("ids",))
    assert not np.array_equal(first.ids, last.ids)
    early, late = (core.overview(series, index, sample=3000) for index in (0, 19))
    assert len(early.sample_ids) == 3000
    np.testing.assert_array_equal(early.sample_ids, late.sample_ids)
    moved = late.sample_pc.astype(float) - early.sample_pc
    moved -= 60 * np.round(moved / 60)
    # 0.133 Myr of turbulence: most gas moves by little; a shuffled sample would lie 29 pc away.
    assert np.median(np.linalg.norm(moved, axis=1)) < 3


@needs_snapshots
def test_the_sample_is_the_snapshots_own():
    series = core.open(SNAPSHOTS / "gadget4" / "snapshot_000.hdf5")
    whole, seen = series[0], core.overview(series, sample=500)
    row = {int(number): at for at, number in enumerate(whole.ids)}
    rows = [row[int(number)] for number in seen.sample_ids]
    np.testing.assert_allclose(seen.sample_pc, whole.positions_pc[rows], atol=1e-4)
    np.testing.assert_allclose(seen.sample_densities, whole.densities[rows], rtol=1e-6)
    assert seen.count == len(whole)
    assert seen.time_myr == whole.time_myr


@needs_snapshots
@pytest.mark.parametrize(
    "name", ["swift_turbulent_a", "swift_sedov_kpc", "gadget4/snapshot_000.hdf5"]
)
def test_the_coarse_cube_holds_all_the_mass(name):
    series = core.open(SNAPSHOTS / name)
    seen = core.overview(series, n=20)
    assert seen.density.n == 20
    assert seen.density.size_pc == pytest.approx(60.0, rel=1e-5)
    assert seen.density.mass_msun == pytest.approx(series[0].mass_msun, rel=1e-6)
    whole = core.voxelize(series.read(0), size_pc=seen.density.size_pc, n=20)
    np.testing.assert_allclose(seen.density.density, whole.density, rtol=1e-5)


@needs_snapshots
def test_a_mesh_is_seen_by_its_cells():
    series = core.open(
        SNAPSHOTS / "athena_blast",
        units="length=pc,mass=Msun,velocity=km/s,time=0.977792 Myr",
    )
    early, late = (core.overview(series, index, n=32, sample=1000) for index in (0, 1))
    assert early.density.mass_msun == pytest.approx(324_000, rel=1e-3)
    assert early.density.center_pc == pytest.approx((0, 0, 0), abs=1e-6)
    assert len(early.sample_pc) == 1000
    np.testing.assert_allclose(early.sample_pc, late.sample_pc, atol=1e-4)
    assert np.abs(early.sample_pc).max() < 30


@pytest.mark.parametrize("sample", [1, 10, 64, 1000])
def test_the_sample_keeps_to_its_cap(sample, tmp_path):
    series = core.open(write_gadget(tmp_path / "s.hdf5"))
    assert len(core.overview(series, sample=sample).sample_pc) == min(sample, 64)


def test_a_large_sample_is_spread_evenly(tmp_path):
    series = core.open(write_gadget(tmp_path / "s.hdf5", gas(50_000)))
    seen = core.overview(series, sample=5000)
    assert len(np.unique(seen.sample_ids)) == 5000
    # Five standard errors of the mean of 5000 numbers from 0 to 60.
    np.testing.assert_allclose(seen.sample_pc.mean(axis=0), 30.0, atol=5 * 17.3 / 5000**0.5)


def test_without_ids_the_rows_are_sampled(tmp_path):
    columns = gas(1000)
    del columns["ParticleIDs"], columns["Density"]
    seen = core.overview(core.open(write_gadget(tmp_path / "s.hdf5", columns)), sample=100)
    assert seen.sample_ids is None
    assert len(np.unique(seen.sample_pc, axis=0)) == 100
    # The coarse voxels' densities stand in for those that the file lacks.
    assert np.all(seen.sample_densities > 0)


def test_duplicate_ids_do_not_break_the_cap(tmp_path):
    columns = gas(1000)
    columns["ParticleIDs"][:] = 7
    seen = core.overview(core.open(write_gadget(tmp_path / "s.hdf5", columns)), sample=100)
    assert len(seen.sample_pc) <= 100


def test_a_box_of_any_shape_fits_into_the_cube(tmp_path):
    columns = gas(4000)
    columns["Coordinates"] *= (2.0, 1.0, 0.5)
    path = write_gadget(tmp_path / "s.hdf5", columns, BoxSize=np.array([120.0, 60.0, 30.0]))
    seen = core.overview(core.open(path), n=24)
    assert seen.box_pc == pytest.approx((120, 60, 30), rel=1e-4)
    assert seen.density.size_pc == pytest.approx(120, rel=1e-4)
    assert seen.density.center_pc == pytest.approx((60, 30, 15), rel=1e-4)
    assert seen.density.mass_msun == pytest.approx(20_000, rel=1e-5)
    # 60 and 30 pc of 120 are 12 and 6 of 24 voxels; cloud-in-cell reaches one further.
    filled = np.argwhere(seen.density.density > 0)
    assert filled[:, 1].min() >= 5
    assert filled[:, 1].max() <= 18
    assert filled[:, 2].min() >= 8
    assert filled[:, 2].max() <= 15


def test_gas_beyond_a_periodic_box_is_brought_back(tmp_path):
    columns = gas(500)
    inside = core.overview(core.open(write_gadget(tmp_path / "a.hdf5", columns)), n=8)
    columns["Coordinates"][::2] += (60.0, -60.0, 120.0)
    outside = core.overview(core.open(write_gadget(tmp_path / "b.hdf5", columns)), n=8)
    np.testing.assert_allclose(outside.density.density, inside.density.density, rtol=1e-3)
    assert outside.sample_pc.min() >= 0
    assert outside.sample_pc.max() <= 60.01


def test_a_grid_keeps_its_mass_and_its_own_voxels(tmp_path: Path):
    random = np.random.default_rng(1)
    cube = core.Cube({"density": random.uniform(1, 2, (12, 12, 12))}, 60.0, (5.0, 0.0, 0.0))
    core.save(cube, tmp_path / "c.shell.h5")
    series = core.open(tmp_path / "c.shell.h5")
    seen, coarse = core.overview(series, n=64), core.overview(series, n=6, sample=100)
    np.testing.assert_array_equal(seen.density.density, cube.density)
    assert coarse.density.n == 6
    assert coarse.density.mass_msun == pytest.approx(cube.mass_msun, rel=1e-6)
    assert len(coarse.sample_pc) == 100
    index = np.round((coarse.sample_pc - (5.0, 0.0, 0.0) + 30.0) / 5.0 - 0.5).astype(int)
    np.testing.assert_array_equal(coarse.sample_densities, cube.density[tuple(index.T)])


def test_it_can_be_stopped_and_refuses_nonsense(tmp_path):
    series = core.open(write_gadget(tmp_path / "s.hdf5"))
    with pytest.raises(Cancelled):
        core.overview(series, cancelled=lambda: True)
    with pytest.raises(InvalidRequest):
        core.overview(series, n=0)
    with pytest.raises(InvalidRequest):
        core.overview(series, sample=0)


def test_progress_ends_at_one(tmp_path):
    told: list[float] = []
    series = core.open(write_gadget(tmp_path / "s.hdf5"))
    core.overview(series, progress=lambda fraction, _: told.append(fraction))
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_the_hash_is_splitmix64():
    """The first numbers of the generator with the seed 1234567 (its reference output)."""
    step = np.uint64(0x9E3779B97F4A7C15)
    keys = np.uint64(1234567) + np.arange(3, dtype=np.uint64) * step
    assert splitmix64(keys).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
    ]
