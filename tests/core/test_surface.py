from __future__ import annotations

import numpy as np
import pytest

from core import shells

N, SIZE = 32, 60.0
VOXEL = SIZE / N


def ball_ratio(radius: float, center: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    """A ratio that rises linearly through 0.9 at a distance of `radius` pc."""
    axis = (np.arange(N) - 0.5 * (N - 1)) * VOXEL
    x, y, z = np.meshgrid(*(axis - c for c in center), indexing="ij")
    return np.clip(0.9 + 0.1 * (np.sqrt(x**2 + y**2 + z**2) - radius), 0.01, 3.0)


def test_area_volume_and_place_of_a_sphere():
    radius, center = 15.0, (3.0, -2.0, 1.0)
    sphere = shells.surface(ball_ratio(radius, center), 0.9, VOXEL)
    assert sphere.area_pc2 == pytest.approx(4 * np.pi * radius**2, rel=0.02)
    # Positive: the triangles look outwards.
    assert sphere.volume_pc3 == pytest.approx(4 / 3 * np.pi * radius**3, rel=0.02)
    away = np.linalg.norm(sphere.vertices_pc - center, axis=1)
    np.testing.assert_allclose(away, radius, atol=0.1 * VOXEL)


def test_center_moves_the_surface():
    here = shells.surface(ball_ratio(10.0), 0.9, VOXEL)
    there = shells.surface(ball_ratio(10.0), 0.9, VOXEL, center_pc=(100.0, 200.0, 300.0))
    np.testing.assert_allclose(
        there.vertices_pc - here.vertices_pc, [[100, 200, 300]] * len(here.vertices_pc)
    )


@pytest.mark.parametrize("value", [1.0, 0.9, 0.2])
def test_no_crossing_is_an_empty_surface(value):
    empty = shells.surface(np.full((N, N, N), value), 0.9, VOXEL)
    assert len(empty) == 0
    assert empty.area_pc2 == 0.0
    assert empty.triangles.shape == empty.vertices_pc.shape == (0, 3)
    assert np.isnan(shells.distances_to_surface([[0.0, 0.0, 0.0]], empty)).all()


def test_no_sliver_triangles_on_a_stepped_ratio():
    ratio = np.where(ball_ratio(12.0) < 0.9, 0.9, 1.0)  # crosses the level at voxel centres
    assert (shells.surface(ratio, 0.9000001, VOXEL).areas_pc2 > 0).all()


def test_distances_to_one_triangle_are_exact():
    triangle = shells.Surface(np.array([[0.0, 0, 0], [4, 0, 0], [0, 3, 0]]), np.array([[0, 1, 2]]))
    points = [
        [1.0, 1.0, 2.0],  # above the inside
        [1.0, 1.0, 0.0],  # inside
        [2.0, -5.0, 0.0],  # beyond an edge
        [-3.0, -4.0, 0.0],  # beyond a corner
        [4.0, 3.0, 0.0],  # beyond the hypotenuse: 2.4 pc from the origin's side
    ]
    np.testing.assert_allclose(
        shells.distances_to_surface(points, triangle), [2.0, 0.0, 5.0, 5.0, 2.4]
    )


def test_distances_to_a_sphere():
    sphere = shells.surface(ball_ratio(12.0), 0.9, VOXEL)
    random = np.random.default_rng(2).normal(size=(200, 3))
    radii = np.linspace(6.0, 25.0, 200)
    points = random / np.linalg.norm(random, axis=1, keepdims=True) * radii[:, None]
    found = shells.distances_to_surface(points, sphere)
    np.testing.assert_allclose(found, np.abs(radii - 12.0), atol=0.1 * VOXEL)


def test_distance_of_a_surface_from_itself_is_zero():
    sphere = shells.surface(ball_ratio(12.0), 0.9, VOXEL)
    centroids = sphere.corners_pc.mean(axis=1)
    np.testing.assert_allclose(shells.distances_to_surface(centroids, sphere), 0.0, atol=1e-6)
