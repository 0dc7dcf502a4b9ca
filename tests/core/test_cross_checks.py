"""The same cubes by other programs: yt, swiftsimio and meshoid, on files of real codes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import core
from tests.core.synthetic import SNAPSHOTS, needs_snapshots

GADGET = SNAPSHOTS / "gadget4" / "snapshot_000.hdf5"
SEDOV = SNAPSHOTS / "swift_sedov_kpc" / "sedov_0010.hdf5"
GADGET_CGS = {
    "UnitLength_in_cm": 3.085678e21,
    "UnitMass_in_g": 1.989e43,
    "UnitVelocity_in_cm_per_s": 1e5,
}


@needs_snapshots
def test_cloud_in_cell_is_that_of_yt(tmp_path: Path):
    yt = pytest.importorskip("yt", reason="yt is not installed (the extra 'amr')")
    yt.set_log_level("error")
    # yt writes an index beside the file.
    path = shutil.copy(GADGET, tmp_path / GADGET.name)
    dataset = yt.load(path, unit_base=GADGET_CGS)
    low, high = (dataset.arr([edge] * 3, "pc").to("code_length") for edge in (10.0, 50.0))
    region, grid = dataset.box(low, high), dataset.arbitrary_grid(low, high, dims=[20] * 3)
    places = region["PartType0", "particle_position"].to("code_length")
    mass = region["PartType0", "particle_mass"].to("Msun")
    series = core.open(GADGET)
    cube = core.voxelize(series, size_pc=40.0, n=20, center_pc=(30.0,) * 3, cache=False)[0]

    def summed(weights: np.ndarray) -> np.ndarray:
        return grid.deposit(places, [np.ascontiguousarray(weights)], method="cic")

    theirs = summed(mass.d)
    ours = cube.density.astype(float) * cube.voxel_pc**3
    # yt moves particles near the faces by 1e-4 voxels, which the two outer layers feel.
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=2e-4 * theirs.max())
    inner = (slice(2, -2),) * 3
    np.testing.assert_allclose(ours[inner], theirs[inner], rtol=2e-5)
    assert cube.mass_msun == pytest.approx(theirs.sum(), rel=1e-5)
    for axis, name in enumerate("xyz"):
        speed = region["PartType0", f"particle_velocity_{name}"].to("km/s")
        momentum = cube.fields["velocity"][..., axis] * ours
        expected = summed(mass.d * speed.d)
        np.testing.assert_allclose(
            momentum[inner], expected[inner], rtol=1e-3, atol=1e-4 * np.abs(expected).max()
        )


@needs_snapshots
def test_kernels_are_those_of_meshoid():
    meshoid = pytest.importorskip(
        "meshoid.grid_deposition", reason="meshoid is not installed (dev)"
    )

    series = core.open(SEDOV)
    gas = series.read(0, ("smoothing_lengths_pc",))
    assert isinstance(gas, core.ParticleSet)
    assert gas.smoothing_lengths_pc is not None
    cube = core.voxelize(series, n=32, method="sph", cache=False)[0]
    assert gas.smoothing_lengths_pc.min() > cube.voxel_pc  # below, meshoid loses mass
    theirs = meshoid.GridDensity(
        gas.masses_msun.astype(float),
        gas.positions_pc.astype(float),
        gas.smoothing_lengths_pc.astype(float),
        np.array(gas.center_pc),
        gas.box_pc[0],
        res=32,
        box_size=gas.box_pc[0],
        parallel=False,
    )
    np.testing.assert_allclose(cube.density, theirs, rtol=1e-5)
    assert cube.mass_msun == pytest.approx(324_000, rel=1e-6)


@needs_snapshots
def test_kernels_agree_with_those_of_swiftsimio():
    """Another kernel (Wendland) and no scaling: the same gas, not the same numbers."""
    swiftsimio = pytest.importorskip("swiftsimio", reason="swiftsimio is not installed (dev)")
    from swiftsimio.visualisation.volume_render import render_gas

    rendered = render_gas(
        swiftsimio.load(SEDOV), resolution=32, project="masses", parallel=False
    ).to("Msun/pc**3")
    theirs = np.asarray(rendered.value, dtype=float)
    cube = core.voxelize(core.open(SEDOV), n=32, method="sph", cache=False)[0]
    ours = cube.density.astype(float)
    assert theirs.sum() * cube.voxel_pc**3 == pytest.approx(cube.mass_msun, rel=5e-3)
    logs = np.log10(ours).ravel(), np.log10(theirs).ravel()
    assert np.corrcoef(*logs)[0, 1] > 0.998
    assert np.abs(logs[0] - logs[1]).mean() < 0.01


@needs_snapshots
def test_kernels_and_cloud_in_cell_see_the_same_shell():
    cubes = {
        method: core.voxelize(core.open(SEDOV), n=32, method=method, cache=False)[0].density
        for method in ("cic", "sph")
    }
    coarse = [
        cube.astype(float).reshape(8, 4, 8, 4, 8, 4).mean((1, 3, 5)) for cube in cubes.values()
    ]
    assert np.corrcoef(np.log10(coarse[0]).ravel(), np.log10(coarse[1]).ravel())[0, 1] > 0.98
