from __future__ import annotations

import numpy as np
import pytest

from core import shells
from core.errors import InvalidRequest

N = 24


def distance(site: tuple[float, float, float] = (0.0, 0.0, 0.0), n: int = N) -> np.ndarray:
    axis = np.arange(n) - 0.5 * (n - 1)
    x, y, z = np.meshgrid(*(axis - s for s in site), indexing="ij")
    return np.sqrt(x**2 + y**2 + z**2)


def test_ratio_is_one_where_both_are_empty_and_finite_everywhere():
    ratio = shells.density_ratio([0.0, 1.0, 0.0, 3.0, 1e30], [0.0, 0.0, 2.0, 2.0, 1e-30])
    assert np.all(np.isfinite(ratio))
    assert ratio[0] == 1.0
    assert ratio[1] == ratio[4] == pytest.approx(1e6)
    assert ratio[2] == pytest.approx(1e-6)
    assert ratio[3] == 1.5
    assert ratio.dtype == np.float32


def test_an_empty_control_voxel_is_not_affected():
    assert not shells.affected_region([0.0, 1.0], [0.0, 0.0]).any()


def test_ratio_of_different_shapes_is_refused():
    with pytest.raises(InvalidRequest, match="differ in shape"):
        shells.density_ratio(np.ones(3), np.ones(4))


def test_regions_are_relative_to_the_control():
    control = np.full((N, N, N), 2.0)
    density = control.copy()
    density[0, 0, 0] = 1.79  # 0.895
    density[1, 0, 0] = 1.81  # 0.905
    density[2, 0, 0] = 0.99  # 0.495
    affected = shells.affected_region(density, control)
    assert np.argwhere(affected).tolist() == [[0, 0, 0], [2, 0, 0]]
    assert np.argwhere(shells.cavity(density, control)).tolist() == [[2, 0, 0]]
    assert shells.affected_region(density, control, 0.95).sum() == 3


def test_regions_take_whole_sequences():
    control = np.ones((5, 4, 4, 4))
    assert shells.affected_region(0.5 * control, control).shape == (5, 4, 4, 4)


def test_reached_region_is_the_ball_inside_the_shell_and_nothing_elsewhere():
    r = distance()
    ratio = np.where(r < 4, 1.0, np.where(r < 6, 3.0, 1.0))  # hollow: unchanged inside
    ratio[0, 0, 0] = 0.1  # a change that the blast cannot have made
    reached = shells.reached_region(ratio, np.ones_like(ratio))
    np.testing.assert_array_equal(reached, r < 6)


def test_reached_region_follows_the_site_and_the_threshold():
    site = (4.5, -3.5, 2.5)  # a voxel centre
    ratio = np.where(distance(site) < 3, 1.2, 1.0)  # 0.08 dex
    control = np.ones_like(ratio)
    index = shells.site_index(site, N, 1.0)
    assert not shells.reached_region(ratio, control, index).any()
    reached = shells.reached_region(ratio, control, index, threshold_dex=0.05)
    np.testing.assert_array_equal(reached, distance(site) < 3)
    assert not shells.reached_region(ratio, control, threshold_dex=0.05).any()


def test_nothing_is_reached_when_nothing_changed():
    same = np.ones((N, N, N))
    assert not shells.reached_region(same, same).any()


def test_site_index_is_the_inverse_of_voxel_positions():
    assert shells.site_index((0.0, 0.0, 0.0), 32, 1.875) == (15.5, 15.5, 15.5)
    assert shells.site_index((-29.0625, 0.9375, 29.0625), 32, 1.875) == (0.0, 16.0, 31.0)


def test_site_at_the_edge_of_the_cube():
    mask = np.zeros((N, N, N), dtype=bool)
    mask[0, 0, 0] = mask[N - 1, N - 1, N - 1] = True
    assert np.argwhere(shells.at_site(mask, (0.0, 0.0, 0.0))).tolist() == [[0, 0, 0]]


def test_holes_are_filled_as_scipy_does():
    ndimage = pytest.importorskip("scipy.ndimage")
    mask = np.random.default_rng(1).random((N, N, N)) < 0.7
    np.testing.assert_array_equal(shells.fill_holes(mask), ndimage.binary_fill_holes(mask))
    assert shells.fill_holes(np.ones((4, 4, 4), dtype=bool)).all()
    assert not shells.fill_holes(np.zeros((4, 4, 4), dtype=bool)).any()
