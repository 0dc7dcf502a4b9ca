"""Deposition with the kernels of particles: mass, profile, images, and meshoid's opinion."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import core
from core.deposit import deposit
from core.errors import InvalidRequest
from core.particles import ParticleSet
from tests.core.synthetic import gas, write_gadget

CENTER = (30.0, 30.0, 30.0)


def particles(
    positions: NDArray, lengths: NDArray | float, *, periodic: bool = True, **more: NDArray
) -> ParticleSet:
    count = len(positions)
    return ParticleSet(
        positions_pc=positions,
        masses_msun=more.pop("masses", np.full(count, 2.0, np.float32)),
        smoothing_lengths_pc=np.broadcast_to(np.float32(lengths), count).astype(np.float32),
        time_myr=0.0,
        box_pc=(60.0, 60.0, 60.0),
        periodic=periodic,
        **more,
    )


def random_gas(count: int = 400, seed: int = 0, **more: object) -> ParticleSet:
    random = np.random.default_rng(seed)
    return particles(
        random.uniform(0, 60, (count, 3)),
        random.uniform(0.5, 12.0, count),
        masses=random.uniform(1, 3, count).astype(np.float32),
        **more,
    )


def spread(source: ParticleSet, **cube: object) -> dict[str, NDArray]:
    options = {"size_pc": 60.0, "n": 16, "center_pc": CENTER} | cube
    return deposit(source, method="sph", **options)


def mass_of(fields: dict[str, NDArray], size_pc: float = 60.0) -> float:
    density = fields["density"]
    return float(density.sum(dtype=float)) * (size_pc / len(density)) ** 3


@pytest.mark.parametrize("periodic", [True, False])
@pytest.mark.parametrize("n", [8, 15, 32])
def test_the_whole_box_holds_the_mass_of_the_particles(periodic: bool, n: int):
    source = random_gas(periodic=periodic)
    assert mass_of(spread(source, n=n)) == pytest.approx(source.mass_msun, rel=1e-6)


def test_cubes_side_by_side_share_out_the_mass():
    source = random_gas()
    total = sum(
        mass_of(spread(source, size_pc=30.0, n=8, center_pc=tuple(corner + 15.0)), 30.0)
        for corner in np.array(list(np.ndindex(2, 2, 2))) * 30.0
    )
    assert total == pytest.approx(source.mass_msun, rel=1e-6)


def test_uniform_lattice_gives_uniform_density():
    centers = (np.arange(30) + 0.5) * 2.0
    lattice = np.stack(np.meshgrid(centers, centers, centers), axis=-1).reshape(-1, 3)
    density = spread(particles(lattice, 4.4), n=25)["density"]
    np.testing.assert_allclose(density, 2.0 / 2.0**3, rtol=0.02)


@pytest.mark.parametrize("length_pc", [10.0, 20.0])  # below and above where the scale is summed
def test_one_particle_has_the_profile_of_the_kernel(length_pc: float):
    place = np.array([[31.3, 29.2, 30.6]])
    density = spread(particles(place, length_pc), n=48)["density"]
    axis = (np.arange(48) + 0.5) * 60.0 / 48
    grid = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    q = np.linalg.norm(grid - place[0], axis=-1) / length_pc
    # Cubic spline, normalised in three dimensions to a support of one (8 / pi).
    spline = np.where(q < 0.5, 1 - 6 * q**2 + 6 * q**3, 2 * np.clip(1 - q, 0, None) ** 3)
    expected = 2.0 * 8.0 / np.pi * spline / length_pc**3
    np.testing.assert_allclose(density, expected, rtol=1e-4, atol=1e-9)


def test_short_smoothing_lengths_tend_to_cloud_in_cell():
    random = np.random.default_rng(3)
    source = particles(random.uniform(0, 60, (500, 3)), 1e-3)
    whole = {"size_pc": 60.0, "n": 12, "center_pc": CENTER}
    np.testing.assert_allclose(
        deposit(source, method="sph", **whole)["density"],
        deposit(source, **whole)["density"],
        rtol=1e-6,
    )


def test_a_kernel_of_one_voxel_continues_cloud_in_cell():
    """No jump where the one takes over: at corners and centres of voxels they are the same."""
    places = np.array([[30.0, 30.0, 30.0], [32.5, 32.5, 32.5], [30.0, 32.5, 32.5]])
    below, above = (spread(particles(places, h), n=12)["density"] for h in (4.9999, 5.0001))
    np.testing.assert_allclose(above, below, atol=1e-5 * below.max())


def test_a_periodic_box_equals_explicit_images():
    inner = random_gas(60)
    shifts = np.array(list(np.ndindex(3, 3, 3))) * 60.0 - 60.0
    images = ParticleSet(
        positions_pc=(inner.positions_pc[None] + shifts[:, None]).reshape(-1, 3),
        masses_msun=np.tile(inner.masses_msun, 27),
        smoothing_lengths_pc=np.tile(inner.smoothing_lengths_pc, 27),
        time_myr=0.0,
        box_pc=(180.0, 180.0, 180.0),
        origin_pc=(-60.0, -60.0, -60.0),
        periodic=False,
    )
    # A cube that leaves the box, and one so wide that kernels reach it from both sides.
    for cube in (
        {"size_pc": 20.0, "n": 8, "center_pc": (2.0, 59.0, 30.0)},
        {"size_pc": 55.0, "n": 11, "center_pc": (33.0, 20.0, 30.0)},
    ):
        np.testing.assert_allclose(
            spread(inner, **cube)["density"],
            spread(images, **cube)["density"],
            rtol=2e-6,
            atol=1e-9,
        )


def test_a_kernel_wider_than_half_the_box_wraps_onto_itself():
    density = spread(particles(np.array([[30.0, 30.0, 30.0]]), 55.0), n=12)["density"]
    assert density.sum(dtype=float) * 5.0**3 == pytest.approx(2.0)
    assert density.min() > 0


def test_gas_outside_an_isolated_box_does_not_come_back_in():
    source = particles(np.array([[30.0, 30.0, 30.0], [-1.0, 30.0, 30.0]]), 5.0, periodic=False)
    assert mass_of(spread(source)) == pytest.approx(2.0)


def test_velocity_and_temperature_are_weighted_by_mass():
    random = np.random.default_rng(4)
    source = random_gas(
        velocities_kms=random.normal(0, 10, (400, 3)).astype(np.float32),
        temperatures_k=random.uniform(10, 1e4, 400).astype(np.float32),
    )
    fields = spread(source)
    voxel = (60.0 / 16) ** 3
    for name, values in (
        ("velocity", source.velocities_kms),
        ("temperature", source.temperatures_k[:, None]),
    ):
        cubes = fields[name].reshape(16, 16, 16, -1).astype(float)
        total = (fields["density"][..., None] * cubes).sum((0, 1, 2)) * voxel
        expected = (source.masses_msun[:, None] * values.astype(float)).sum(0)
        np.testing.assert_allclose(total, expected, rtol=1e-5, atol=1e-2)


def test_agrees_with_meshoid_where_that_keeps_all_mass():
    """In a whole periodic box, with kernels wide enough to meet the centre of a voxel."""
    meshoid = pytest.importorskip(
        "meshoid.grid_deposition", reason="meshoid is not installed (dev)"
    )

    random = np.random.default_rng(5)
    source = particles(random.uniform(0, 60, (300, 3)), random.uniform(4.0, 15.0, 300))
    theirs = meshoid.GridDensity(
        source.masses_msun.astype(float),
        source.positions_pc,
        source.smoothing_lengths_pc.astype(float),
        np.array(CENTER),
        60.0,
        res=16,
        box_size=60.0,
        parallel=False,
    )
    np.testing.assert_allclose(spread(source)["density"], theirs, rtol=1e-5, atol=1e-9)


def test_particles_of_a_file_that_reach_into_the_cube_are_read(tmp_path: Path):
    columns = gas(2000, seed=8)
    columns["SmoothingLength"] = (
        np.random.default_rng(9).uniform(0.2, 14.0, 2000).astype(np.float32)
    )
    path = write_gadget(tmp_path / "snapshot.hdf5", columns)
    cut = {"size_pc": 18.0, "n": 9, "center_pc": (10.0, 30.0, 55.0), "method": "sph"}
    from_file = core.voxelize(core.open(path), **cut, cache=False)[0]
    from_memory = core.voxelize(core.open(path).read(0), **cut)
    for name, values in from_memory.fields.items():
        np.testing.assert_allclose(from_file.fields[name], values, rtol=1e-4, atol=1e-6)
    assert from_file.provenance["voxelized_by"] == "SPH kernel"


def test_without_smoothing_lengths_says_what_to_do(tmp_path: Path):
    columns = gas()
    del columns["SmoothingLength"], columns["Density"]
    series = core.open(write_gadget(tmp_path / "snapshot.hdf5", columns))
    with pytest.raises(InvalidRequest, match=r"no smoothing lengths.*method='cic'"):
        core.voxelize(series, size_pc=20.0, method="sph")
    assert core.voxelize(series, size_pc=20.0)[0].mass_msun > 0


def test_smoothing_lengths_beyond_a_periodic_box_are_refused():
    with pytest.raises(InvalidRequest, match=r"reach 61 pc, further than the periodic box of 60"):
        spread(particles(np.array([CENTER]), 61.0))


def test_unknown_methods_and_grids_with_kernels_are_refused():
    with pytest.raises(InvalidRequest, match=r"'cic' .* or 'sph'"):
        core.voxelize(random_gas(), method="ngp")
    cube = core.Cube({"density": np.ones((4, 4, 4))}, 60.0)
    with pytest.raises(InvalidRequest, match="no kernels"):
        core.voxelize(cube, n=2, method="sph")
