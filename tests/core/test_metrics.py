from __future__ import annotations

import numpy as np
import pytest

from core import metrics, shells
from core.errors import InvalidRequest

N, SIZE = 32, 60.0
VOXEL = SIZE / N
OVERLAPS = (metrics.iou, metrics.dice, metrics.recall, metrics.precision)


def offsets(center: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    axis = (np.arange(N) - 0.5 * (N - 1)) * VOXEL
    return np.stack(np.meshgrid(*(axis - c for c in center), indexing="ij"), axis=-1)


def distance(center: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    return np.linalg.norm(offsets(center), axis=-1)


def sphere(radius: float, center: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> shells.Surface:
    return shells.surface(np.clip(0.9 + 0.1 * (distance(center) - radius), 0, 3), 0.9, VOXEL)


def test_overlaps_of_counted_voxels():
    forecast = np.array([1, 1, 1, 1, 0, 0], dtype=bool)
    truth = np.array([0, 0, 1, 1, 1, 0], dtype=bool)
    assert metrics.iou(forecast, truth) == pytest.approx(2 / 5)
    assert metrics.dice(forecast, truth) == pytest.approx(4 / 7)
    assert metrics.recall(forecast, truth) == pytest.approx(2 / 3)
    assert metrics.precision(forecast, truth) == pytest.approx(2 / 4)


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_conventions_for_empty_regions(overlap):
    none, some = np.zeros(4, dtype=bool), np.array([True, False, False, False])
    assert overlap(none, none) == 1.0
    assert overlap(some, none) == 0.0
    assert overlap(none, some) == 0.0
    assert overlap(some, some) == 1.0


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_regions_of_different_grids_are_refused(overlap):
    with pytest.raises(InvalidRequest, match="not one grid"):
        overlap(np.ones(3, dtype=bool), np.ones(4, dtype=bool))


def test_overlaps_of_concentric_balls():
    inner, outer = distance() < 10.0, distance() < 12.5
    share = (10.0 / 12.5) ** 3
    assert metrics.iou(inner, outer) == pytest.approx(share, rel=0.03)
    assert metrics.dice(inner, outer) == pytest.approx(2 * share / (1 + share), rel=0.03)
    assert metrics.precision(inner, outer) == 1.0
    assert metrics.recall(inner, outer) == pytest.approx(share, rel=0.03)


def test_distances_between_concentric_spheres():
    found = metrics.surface_distances(sphere(10.0), sphere(13.0))
    assert found.mean_pc == pytest.approx(3.0, abs=0.03 * VOXEL)
    assert found.hausdorff95_pc == pytest.approx(3.0, abs=0.06 * VOXEL)
    assert found.hausdorff_pc == pytest.approx(3.0, abs=0.1 * VOXEL)


def test_distances_between_offset_spheres():
    # Seen from the other centre, a point of either sphere at angle theta is
    # sqrt(R^2 + d^2 - 2 R d cos(theta)) away, and cos(theta) is uniform.
    radius, shift = 14.0, 4.0
    cosine = np.linspace(-1.0, 1.0, 20001)
    away = np.abs(np.sqrt(radius**2 + shift**2 - 2 * radius * shift * cosine) - radius)
    found = metrics.surface_distances(sphere(radius), sphere(radius, (shift, 0.0, 0.0)))
    assert found.mean_pc == pytest.approx(away.mean(), abs=0.03 * VOXEL)
    assert found.hausdorff95_pc == pytest.approx(np.percentile(away, 95), abs=0.06 * VOXEL)
    assert found.hausdorff_pc == pytest.approx(shift, abs=0.06 * VOXEL)


def test_distances_are_symmetric_and_vanish_for_one_surface():
    one, other = sphere(10.0), sphere(11.0, (3.0, 1.0, 0.0))
    assert metrics.surface_distances(one, other) == pytest.approx(
        metrics.surface_distances(other, one)
    )
    assert metrics.surface_distances(one, one) == pytest.approx((0.0, 0.0, 0.0), abs=1e-6)


def test_a_small_speck_changes_the_hausdorff_distance_but_not_its_95_percent():
    ratio = np.minimum(distance() - 15.0, distance((26.0, 26.0, 26.0)) - 1.7)
    speckled = shells.surface(np.clip(0.9 + 0.1 * ratio, 0, 3), 0.9, VOXEL)
    found = metrics.surface_distances(speckled, sphere(15.0))
    assert found.hausdorff_pc > 25.0
    assert found.hausdorff95_pc < 0.1


def test_distances_to_nothing_are_undefined():
    nothing = sphere(-1.0)
    assert len(nothing) == 0
    for pair in ((nothing, sphere(9.0)), (sphere(9.0), nothing), (nothing, nothing)):
        assert np.isnan(metrics.surface_distances(*pair)).all()


def test_radius_error_is_signed_and_skips_undefined_directions():
    truth = shells.RadiusProfile(np.array([10.0, 10.0, np.nan, 10.0]), 10.0)
    forecast = shells.RadiusProfile(np.array([11.0, 9.0, 5.0, 13.0]), 11.0)
    error = metrics.radius_error(forecast, truth)
    assert error.mean_pc == pytest.approx(1.0)
    assert error.rms_pc == pytest.approx(np.sqrt(11 / 3))
    nowhere = shells.RadiusProfile(np.full(4, np.nan), np.nan)
    assert np.isnan(metrics.radius_error(nowhere, truth)).all()
    with pytest.raises(InvalidRequest, match="same rays"):
        metrics.radius_error(shells.RadiusProfile(np.ones(3), 1.0), truth)


def test_log_density_error():
    truth = np.array([1.0, 1.0, 10.0, 10.0])
    forecast = np.array([10.0, 0.1, 10.0, 10.0])
    assert metrics.log_density_error(forecast, truth) == pytest.approx(0.5)
    assert metrics.log_density_error(forecast, truth, truth < 5) == pytest.approx(1.0)
    assert np.isnan(metrics.log_density_error(forecast, truth, truth > 50))


def test_an_empty_voxel_counts_as_the_floor_in_the_log_density_error():
    # Particles deposited on voxels leave some of a cavity quite empty.
    assert metrics.log_density_error([0.0], [1.0]) == pytest.approx(4.0)
    assert metrics.log_density_error([0.0], [1e-9]) == 0.0


def test_vrmse_of_the_mean_is_one():
    truth = np.random.default_rng(3).normal(5.0, 2.0, 1000)
    assert metrics.vrmse(np.full_like(truth, truth.mean()), truth) == pytest.approx(1.0, abs=1e-6)
    assert metrics.vrmse(truth, truth) == 0.0
    assert metrics.vrmse(truth + 3.0, truth) == pytest.approx(3.0 / truth.std(), rel=1e-6)


def test_swept_mass_of_uniform_gas():
    reached = distance() < 12.0
    mass = metrics.swept_mass_msun(np.full(reached.shape, 1.5), reached, VOXEL)
    assert mass == pytest.approx(1.5 * 4 / 3 * np.pi * 12.0**3, rel=0.02)


def test_radial_momentum_counts_outward_motion_only():
    site = (3.0, -5.0, 2.0)
    outward = offsets(site) / distance(site)[..., None]
    density = np.full((N, N, N), 2.0)
    mass = 2.0 * SIZE**3
    momentum = metrics.radial_momentum(density, 7.0 * outward, VOXEL, site)
    assert momentum == pytest.approx(7.0 * mass, rel=1e-6)
    drift = np.broadcast_to([10.0, 0.0, 0.0], (N, N, N, 3))
    assert abs(metrics.radial_momentum(density, drift, VOXEL)) < 1e-6 * mass
