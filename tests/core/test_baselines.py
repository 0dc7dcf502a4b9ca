from __future__ import annotations

import numpy as np
import pytest

from core.baselines import (
    control_only,
    fit_spheres,
    oracle_sphere,
    persistence,
    snowplough,
    thin_shell,
)
from core.cubes import Cube
from core.errors import InvalidRequest
from core.metrics import iou
from core.shells.remnant import Remnant
from tests.helpers import analytic_evolution

VOXEL = 60.0 / 32


def test_persistence_repeats_the_first_cube():
    truth = analytic_evolution(frames=3)
    still = persistence(truth.sequence[0], truth.times_myr)
    assert still.density.shape == truth.density.shape
    assert (still.density == truth.density[0]).all()
    np.testing.assert_array_equal(still.times_myr, truth.times_myr)
    assert still.size_pc == truth.sequence.size_pc


def test_control_only_is_the_control():
    truth = analytic_evolution(frames=3)
    baseline = control_only(truth.control)
    np.testing.assert_array_equal(baseline.density, truth.control.density)
    np.testing.assert_array_equal(baseline.times_myr, truth.times_myr)


@pytest.mark.parametrize("site", [(0.0, 0.0, 0.0), (6.0, -4.0, 2.5)])
def test_the_best_sphere_of_a_sphere_is_itself(site):
    truth = analytic_evolution(uniform=True, site_pc=site)
    fit = oracle_sphere(truth.sequence, truth.control, 0.5, site)
    region = truth.density / truth.control.density < 0.5
    np.testing.assert_array_equal(fit.masks, region)
    assert np.isnan(fit.radii_pc[0])
    volume = region.sum(axis=(1, 2, 3))[1:] * VOXEL**3
    np.testing.assert_allclose(
        fit.radii_pc[1:], (3 * volume / (4 * np.pi)) ** (1 / 3), atol=0.25 * VOXEL
    )


def test_no_scanned_radius_does_better():
    truth = analytic_evolution(frames=6, dimple=0.35)
    fit = oracle_sphere(truth.sequence, truth.control, 0.5)
    region = truth.density[-1] / truth.control.density[-1] < 0.5
    axis = (np.arange(32) - 15.5) * VOXEL
    r = np.sqrt(sum(x**2 for x in np.meshgrid(axis, axis, axis, indexing="ij")))
    best = iou(fit.masks[-1], region)
    assert best < 0.95
    np.testing.assert_array_equal(fit.masks[-1], r < fit.radii_pc[-1])
    assert best >= max(iou(r < radius, region) for radius in np.arange(0.5, 25.0, 0.05))


def test_no_sphere_for_an_empty_region():
    fit = fit_spheres(np.zeros((1, 8, 8, 8), dtype=bool), 1.0)
    assert not fit.masks.any()
    assert np.isnan(fit.radii_pc).all()


def test_a_region_that_fills_the_cube():
    assert fit_spheres(np.ones((1, 8, 8, 8), dtype=bool), 1.0).masks.all()


def test_regions_must_be_a_sequence_of_cubes():
    with pytest.raises(InvalidRequest, match=r"time, n, n, n"):
        fit_spheres(np.zeros((8, 8, 8), dtype=bool), 1.0)


@pytest.mark.parametrize("solve", [thin_shell, snowplough])
def test_theories_in_uniform_gas_hollow_out_the_sphere_of_theory(solve):
    cube = Cube({"density": np.full((32, 32, 32), 1.1)}, 60.0, time_myr=2.0)
    sequence = solve(cube, [2.0, 2.05, 2.133])
    np.testing.assert_array_equal(sequence.density[0], cube.density)
    volume = (sequence.density < 0.5).sum(axis=(1, 2, 3)) * VOXEL**3
    radii = (3 * volume / (4 * np.pi)) ** (1 / 3)
    # The shell itself lies within the radius of the shock.
    expected = Remnant(1.1).radius_pc([0.05, 0.133])
    assert (radii[1:] < expected).all()
    np.testing.assert_allclose(radii[1:], expected, atol=1.1 * VOXEL)
    assert sequence.provenance["method"]


def test_only_the_thin_shell_feels_the_direction():
    density = np.full((32, 32, 32), 3.0)
    density[16:] = 0.2
    cube = Cube({"density": density}, 60.0)
    hollow = [solve(cube, [0.1]).density[0] < 0.5 * density for solve in (thin_shell, snowplough)]
    shares = [mask[16:].sum() / mask.sum() for mask in hollow]
    assert shares[0] > 0.8
    assert shares[1] == pytest.approx(0.5, abs=0.01)


def test_a_theory_cannot_go_back_before_the_explosion():
    cube = Cube({"density": np.ones((16, 16, 16))}, 60.0, time_myr=1.0)
    with pytest.raises(InvalidRequest, match="precede"):
        thin_shell(cube, [0.5, 1.5])
