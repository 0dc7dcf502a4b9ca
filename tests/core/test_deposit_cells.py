"""An adaptive mesh on voxels: every gram, whatever the ratio of the sizes."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

import core
from core.cells import CellSet
from core.cutout import Cutout
from core.deposit_cells import deposit_cells
from core.errors import InvalidRequest


def mesh(
    levels: int = 4, base: int = 6, *, refined: float = 0.3, periodic: bool = False
) -> CellSet:
    """A box of 60 pc with cells refined at random, each into eight."""
    random = np.random.default_rng(1)
    width = 60.0 / base
    centers = (np.array(list(np.ndindex(base, base, base))) + 0.5) * width
    kept: list[NDArray[np.float64]] = []
    widths: list[NDArray[np.float64]] = []
    for level in range(levels):
        split = random.random(len(centers)) < (refined if level < levels - 1 else 0.0)
        kept.append(centers[~split])
        widths.append(np.full(len(kept[-1]), width))
        corners = (np.array(list(np.ndindex(2, 2, 2))) - 0.5) * 0.5 * width
        centers = (centers[split][:, None] + corners).reshape(-1, 3)
        width /= 2
    n = sum(map(len, kept))
    return CellSet(
        centers_pc=np.concatenate(kept),
        widths_pc=np.concatenate(widths),
        densities=random.lognormal(size=n).astype(np.float32),
        time_myr=0.0,
        box_pc=(60.0, 60.0, 60.0),
        periodic=periodic,
        velocities_kms=random.normal(0, 10, (n, 3)).astype(np.float32),
        temperatures_k=random.uniform(10, 1e4, n).astype(np.float32),
    )


def reference(cells: CellSet, cutout: Cutout, n: int) -> NDArray[np.float64]:
    """Mass per voxel by shared volume, cell by cell and image by image."""
    faces = np.linspace(-0.5, 0.5, n + 1) * cutout.size_pc
    mass = np.zeros((n, n, n))
    images = product((-1, 0, 1), repeat=3) if cells.periodic else [(0, 0, 0)]
    for image in images:
        offsets = cells.centers_pc + np.array(image) * cells.box_pc - cutout.center_pc
        for offset, width, density in zip(offsets, cells.widths_pc, cells.densities, strict=True):
            low, high = offset - 0.5 * width, offset + 0.5 * width
            shares = [
                np.clip(np.minimum(faces[1:], high[a]) - np.maximum(faces[:-1], low[a]), 0, None)
                for a in range(3)
            ]
            if all(share.any() for share in shares):
                mass += density * np.einsum("i,j,k", *shares)
    return mass


@pytest.mark.parametrize("n", [1, 3, 8, 29, 64, 100])
@pytest.mark.parametrize("periodic", [False, True])
def test_the_whole_box_keeps_its_mass(n: int, periodic: bool):
    cells = mesh(periodic=periodic)
    center = (3.7, 58.0, 31.0) if periodic else cells.center_pc
    cube = core.voxelize(cells, size_pc=60.0, n=n, center_pc=center)
    assert cube.mass_msun == pytest.approx(cells.mass_msun, rel=1e-7)


@pytest.mark.parametrize(
    ("center", "size", "n", "periodic"),
    [
        ((30.0, 30.0, 30.0), 60.0, 7, False),
        ((23.0, 31.3, 29.1), 17.3, 5, False),  # cells cut by every face
        ((30.0, 30.0, 30.0), 3.0, 24, False),  # voxels far smaller than cells
        ((1.3, 59.0, 30.7), 25.0, 9, True),  # across the face
        ((1.3, 59.0, 30.7), 60.0, 11, True),  # as wide as the box, cells on both sides
        ((0.0, 30.0, 60.0), 58.0, 4, True),  # nearly so
    ],
)
def test_every_voxel_has_the_volume_it_shares(
    center: tuple[float, float, float], size: float, n: int, periodic: bool
):
    cells = mesh(3, 5, periodic=periodic)
    cutout = Cutout(center, size)
    fields = deposit_cells(cells, cutout, n)
    expected = reference(cells, cutout, n)
    np.testing.assert_allclose(fields["density"] * (size / n) ** 3, expected, rtol=2e-6)


def test_velocity_and_temperature_are_means_by_mass():
    cells = mesh()
    assert cells.velocities_kms is not None
    assert cells.temperatures_k is not None
    mass = cells.densities * cells.widths_pc**3
    for n in (5, 48):
        fields = deposit_cells(cells, Cutout(cells.center_pc, 60.0), n)
        voxel = fields["density"].astype(float) * (60.0 / n) ** 3
        for axis in range(3):
            momentum = (fields["velocity"][..., axis] * voxel).sum()
            assert momentum == pytest.approx((mass * cells.velocities_kms[:, axis]).sum(), rel=1e-4)
        heat = (fields["temperature"] * voxel).sum()
        assert heat == pytest.approx((mass * cells.temperatures_k).sum(), rel=1e-5)
        assert fields["temperature"].max() <= cells.temperatures_k.max()


def test_a_uniform_mesh_stays_uniform():
    cells = mesh()
    even = CellSet(
        cells.centers_pc, cells.widths_pc, np.full(len(cells), 2.5, np.float32), 0.0, cells.box_pc
    )
    for center, size, n in (((30.0, 30.0, 30.0), 60.0, 33), ((20.1, 33.3, 40.7), 11.1, 16)):
        density = deposit_cells(even, Cutout(center, size), n)["density"]
        np.testing.assert_allclose(density, 2.5, rtol=1e-6)


def test_rounded_widths_are_one_level():
    cells = mesh(1, 8)
    noise = 1 + 1e-12 * np.random.default_rng(0).normal(size=len(cells))
    noisy = CellSet(cells.centers_pc, cells.widths_pc * noise, cells.densities, 0.0, cells.box_pc)
    for n in (5, 20):
        cutout = Cutout((30.0, 30.0, 30.0), 60.0)
        np.testing.assert_allclose(
            deposit_cells(noisy, cutout, n)["density"],
            deposit_cells(cells, cutout, n)["density"],
            rtol=1e-6,
        )


def test_one_cell_over_many_voxels_is_not_taken_apart():
    cell = CellSet(
        np.array([[30.0, 30.0, 30.0]]), np.array([60.0]), np.ones(1, np.float32), 0.0, (60.0,) * 3
    )
    density = deposit_cells(cell, Cutout((30.0, 30.0, 30.0), 0.5), 64)["density"]
    np.testing.assert_allclose(density, 1.0, rtol=1e-6)


def test_cells_off_their_lattice_are_refused():
    centers = np.array([[15.0, 15.0, 15.0], [44.0, 15.0, 15.0]])
    cells = CellSet(centers, np.full(2, 20.0), np.ones(2, np.float32), 0.0, (60.0,) * 3)
    with pytest.raises(InvalidRequest, match="do not lie on one lattice"):
        deposit_cells(cells, Cutout((30.0, 30.0, 30.0), 60.0), 30)


def test_no_gas_is_said():
    cells = CellSet(
        np.array([[5.0, 5.0, 5.0]]), np.array([10.0]), np.ones(1, np.float32), 0.0, (60.0,) * 3
    )
    with pytest.raises(InvalidRequest, match="no gas in the cube"):
        deposit_cells(cells, Cutout((45.0, 45.0, 45.0), 10.0), 4)
