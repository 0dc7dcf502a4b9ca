from __future__ import annotations

import numpy as np
import pytest

from core import shells

N, SIZE = 32, 60.0
VOXEL = SIZE / N


def distance(site: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> np.ndarray:
    axis = (np.arange(N) - 0.5 * (N - 1)) * VOXEL
    x, y, z = np.meshgrid(*(axis - s for s in site), indexing="ij")
    return np.sqrt(x**2 + y**2 + z**2)


def test_directions_cover_the_sphere_evenly():
    directions = shells.fibonacci_directions(768)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    np.testing.assert_allclose(directions.mean(axis=0), 0.0, atol=1e-3)
    np.testing.assert_allclose(directions.T @ directions / 768, np.eye(3) / 3, atol=1e-3)


@pytest.mark.parametrize("radius", [4.0, 8.0, 12.3, 20.0])
@pytest.mark.parametrize("site", [(0.0, 0.0, 0.0), (5.0, -4.0, 3.3)])
def test_radius_of_a_ball_to_less_than_half_a_voxel(radius, site):
    profile = shells.radius_profile(distance(site) < radius, VOXEL, site)
    assert profile.radii_pc.shape == (768,)
    assert profile.mean_pc == pytest.approx(radius, abs=0.3 * VOXEL)
    assert profile.volume_equivalent_pc == pytest.approx(radius, abs=0.3 * VOXEL)
    assert np.abs(profile.radii_pc - radius).max() < VOXEL
    assert profile.p16_pc <= profile.mean_pc <= profile.p84_pc
    assert profile.p84_pc - profile.p16_pc < VOXEL


def test_ball_that_is_not_centred_on_the_site():
    # From a site 4 pc off the centre the radius runs from 8 to 16 pc.
    profile = shells.radius_profile(distance((4.0, 0.0, 0.0)) < 12.0, VOXEL)
    cosine = shells.fibonacci_directions(768)[:, 0]
    expected = 4.0 * cosine + np.sqrt(12.0**2 - 16.0 * (1 - cosine**2))
    np.testing.assert_allclose(profile.radii_pc, expected, atol=VOXEL)
    assert profile.mean_pc == pytest.approx(expected.mean(), abs=0.25 * VOXEL)
    assert profile.volume_equivalent_pc == pytest.approx(12.0, abs=0.25 * VOXEL)


def test_only_the_part_at_the_site_counts():
    ball = distance() < 8.0
    speckled = ball.copy()
    speckled[0, 0, 0] = speckled[30, 16, 16] = True
    np.testing.assert_array_equal(
        shells.radius_profile(speckled, VOXEL).radii_pc, shells.radius_profile(ball, VOXEL).radii_pc
    )


def test_the_outermost_edge_counts():
    shell_with_core = (distance() < 12.0) & ~((distance() > 5.0) & (distance() < 8.0))
    shell_with_core[16, 16, 16:] |= distance()[16, 16, 16:] < 12.0  # a bridge joins the two
    assert shells.radius_profile(shell_with_core, VOXEL).mean_pc == pytest.approx(
        12.0, abs=0.25 * VOXEL
    )


def test_no_region_has_no_radius():
    for mask in (np.zeros((N, N, N), dtype=bool), distance((20.0, 0.0, 0.0)) < 5.0):
        profile = shells.radius_profile(mask, VOXEL)
        assert np.isnan(profile.radii_pc).all()
        assert np.isnan([profile.mean_pc, profile.p16_pc, profile.p84_pc]).all()
        assert np.isnan(profile.volume_equivalent_pc)


def test_a_direction_the_region_does_not_reach_has_radius_zero():
    half = distance() < 10.0
    half[:16] = False
    profile = shells.radius_profile(half, VOXEL)
    behind = shells.fibonacci_directions(768)[:, 0] < -0.3
    assert (profile.radii_pc[behind] == 0.0).all()


def test_a_region_that_fills_the_cube_ends_at_its_faces():
    profile = shells.radius_profile(np.ones((N, N, N), dtype=bool), VOXEL)
    expected = 30.0 / np.abs(shells.fibonacci_directions(768)).max(axis=1)
    np.testing.assert_allclose(profile.radii_pc, expected, atol=0.5 * VOXEL)
    assert profile.volume_equivalent_pc == pytest.approx((3 * SIZE**3 / (4 * np.pi)) ** (1 / 3))


def test_number_of_rays():
    assert shells.radius_profile(distance() < 8, VOXEL, n_rays=500).radii_pc.shape == (500,)


@pytest.mark.parametrize("site", [(0.0, 0.0, 0.0), (4.0, -3.0, 2.0)])
def test_dense_shell_lies_at_the_maximum_compression(site):
    r = distance(site)
    ratio = np.where(r < 10.0, 0.05, 1.0) + 4.0 * np.exp(-0.5 * ((r - 12.0) / 2.0) ** 2)
    profile = shells.dense_shell_radius(ratio, VOXEL, site)
    assert profile.mean_pc == pytest.approx(12.0, abs=0.25 * VOXEL)
    assert profile.volume_equivalent_pc == pytest.approx(12.0, abs=0.25 * VOXEL)
    assert np.abs(profile.radii_pc - 12.0).max() < VOXEL


def test_rays_without_compression_have_no_dense_shell():
    r = distance()
    ratio = np.where((r > 10.0) & (r < 14.0), 3.0, 1.0)
    ratio[:16] = 1.0
    profile = shells.dense_shell_radius(ratio, VOXEL)
    behind = shells.fibonacci_directions(768)[:, 0] < -0.3
    assert np.isnan(profile.radii_pc[behind]).all()
    assert np.isfinite(profile.mean_pc)
    nothing = shells.dense_shell_radius(np.ones((N, N, N)), VOXEL)
    assert np.isnan(nothing.mean_pc)
    assert np.isnan(nothing.volume_equivalent_pc)
