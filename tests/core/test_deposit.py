"""Cloud-in-cell: every gram accounted for, at faces and across them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from core.deposit import cloud_in_cell, deposit
from core.errors import InvalidRequest
from core.particles import ParticleSet


def particles(positions: NDArray, *, periodic: bool = True, **more: NDArray) -> ParticleSet:
    return ParticleSet(
        positions_pc=positions,
        masses_msun=more.pop("masses", np.full(len(positions), 2.0, np.float32)),
        time_myr=0.0,
        box_pc=(60.0, 60.0, 60.0),
        periodic=periodic,
        **more,
    )


def reference(coordinates: NDArray, mass: NDArray, n: int, wrap: bool) -> NDArray:
    """The same, one particle and one corner at a time."""
    out = np.zeros((n, n, n))
    for place, m in zip(coordinates - 0.5, mass, strict=True):
        low = np.floor(place).astype(int)
        for corner in np.ndindex(2, 2, 2):
            share = np.prod(np.where(corner, place - low, 1 - (place - low)))
            voxel = low + corner
            out[tuple(voxel % n if wrap else np.clip(voxel, 0, n - 1))] += m * share
    return out


@pytest.mark.parametrize("wrap", [True, False])
def test_agrees_with_the_slow_reference_and_conserves(wrap: bool):
    random = np.random.default_rng(0)
    coordinates, mass = random.uniform(0, 6, (200, 3)), random.uniform(1, 2, 200)
    (voxels,) = cloud_in_cell(coordinates, [mass], 6, (wrap,) * 3)
    np.testing.assert_allclose(voxels, reference(coordinates, mass, 6, wrap), atol=1e-12)
    assert voxels.sum() == pytest.approx(mass.sum(), rel=1e-13)


def test_uniform_lattice_gives_uniform_density():
    centers = (np.arange(40) + 0.5) * 1.5
    lattice = np.stack(np.meshgrid(centers, centers, centers), axis=-1).reshape(-1, 3)
    fields = deposit(particles(lattice), size_pc=60.0, n=20, center_pc=(30.0, 30.0, 30.0))
    np.testing.assert_allclose(fields["density"], 2.0 / 1.5**3, rtol=1e-6)


def test_a_periodic_wrap_equals_explicit_images():
    random = np.random.default_rng(1)
    inner = random.uniform(0, 60, (500, 3))
    shifts = np.array(list(np.ndindex(3, 3, 3))) * 60.0 - 60.0
    images = particles((inner[None] + shifts[:, None]).reshape(-1, 3), periodic=False)
    wrapped = deposit(particles(inner), size_pc=20.0, n=8, center_pc=(2.0, 59.0, 30.0))
    explicit = deposit(images, size_pc=20.0, n=8, center_pc=(2.0, 59.0, 30.0))
    np.testing.assert_allclose(wrapped["density"], explicit["density"], rtol=1e-6, atol=1e-9)


def test_positions_outside_a_periodic_box_are_wrapped():
    random = np.random.default_rng(2)
    inner = random.uniform(0, 60, (300, 3))
    moved = inner + random.integers(-1, 2, (300, 3)) * 60.0
    a, b = (deposit(particles(p), size_pc=60.0, n=8, center_pc=(30.0,) * 3) for p in (inner, moved))
    np.testing.assert_allclose(a["density"], b["density"], rtol=1e-6)


def test_cubes_side_by_side_share_no_mass():
    centers = np.arange(60.0)  # particles exactly on the faces between cubes
    lattice = np.stack(np.meshgrid(centers, centers, centers), axis=-1).reshape(-1, 3)
    gas = particles(lattice)
    total = sum(
        float(
            deposit(gas, size_pc=30.0, n=4, center_pc=(15.0 + x, 15.0 + y, 15.0 + z))[
                "density"
            ].sum(dtype=np.float64)
        )
        * 7.5**3
        for x, y, z in np.array(list(np.ndindex(2, 2, 2))) * 30.0
    )
    assert total == pytest.approx(gas.mass_msun, rel=1e-6)


def test_gas_on_the_upper_face_of_an_isolated_box_counts():
    gas = particles(np.array([[0.0, 0.0, 0.0], [60.0, 60.0, 60.0]]), periodic=False)
    density = deposit(gas, size_pc=60.0, n=4, center_pc=(30.0,) * 3)["density"]
    assert density.sum() * 15.0**3 == pytest.approx(4.0)


def test_velocity_and_temperature_are_weighted_by_mass():
    at = np.full((2, 3), 7.5)
    gas = particles(
        at,
        masses=np.array([1.0, 3.0], np.float32),
        velocities_kms=np.array([[4.0, 0, 0], [0, 8.0, 0]], np.float32),
        temperatures_k=np.array([100.0, 500.0], np.float32),
    )
    fields = deposit(gas, size_pc=60.0, n=4, center_pc=(30.0,) * 3)
    np.testing.assert_allclose(fields["velocity"][0, 0, 0], [1.0, 6.0, 0.0])
    assert fields["temperature"][0, 0, 0] == pytest.approx(400.0)
    assert fields["density"][3, 3, 3] == 0.0
    # Voxels without gas take the mean of the gas around them, which here is all the same.
    np.testing.assert_allclose(fields["temperature"], 400.0)


def test_momentum_is_conserved():
    random = np.random.default_rng(4)
    gas = particles(
        random.uniform(0, 60, (1000, 3)).astype(np.float32),
        velocities_kms=random.normal(0, 10, (1000, 3)).astype(np.float32),
    )
    fields = deposit(gas, size_pc=60.0, n=16, center_pc=(30.0,) * 3)
    momentum = (fields["density"][..., None] * fields["velocity"].astype(float)).sum((0, 1, 2))
    expected = (gas.masses_msun[:, None] * gas.velocities_kms.astype(float)).sum(0)
    np.testing.assert_allclose(momentum * 3.75**3, expected, atol=1e-3)


def test_a_cube_without_gas_says_where():
    gas = particles(np.full((5, 3), 5.0))
    with pytest.raises(InvalidRequest, match=r"no gas .* \(45, 45, 45\) pc"):
        deposit(gas, size_pc=10.0, n=4, center_pc=(45.0, 45.0, 45.0))


@pytest.mark.parametrize("n", [4, 5, 7, 12])
def test_voxels_without_gas_take_the_mean_of_the_block_around_them(n: int):
    voxel = 60.0 / n
    centers = np.array([[0.5, 0.5, 0.5], [1.5, 1.5, 1.5], [n - 0.5, n - 0.5, n - 0.5]]) * voxel
    gas = particles(
        centers,
        masses=np.array([1.0, 3.0, 1.0], np.float32),
        temperatures_k=np.array([100.0, 500.0, 7.0], np.float32),
    )
    fields = deposit(gas, size_pc=60.0, n=n, center_pc=(30.0,) * 3)
    temperature = fields["temperature"]
    assert np.count_nonzero(fields["density"]) == 3
    np.testing.assert_allclose(
        temperature[[0, 1, n - 1], [0, 1, n - 1], [0, 1, n - 1]], gas.temperatures_k
    )
    np.testing.assert_allclose(temperature[[0, 1], [1, 0], [0, 1]], 400.0)
    assert temperature.min() >= 7.0
    assert temperature.max() <= 500.0
