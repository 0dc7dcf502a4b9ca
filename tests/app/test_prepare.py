from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

from app.scene.prepare import (
    VOLUME_POINTS,
    BoundedCache,
    PreparedEvolution,
    keep_piece_at,
    log_density,
    prepare,
    refine,
    refinement,
    shell_field,
)
from app.scene.surface import isosurface
from tests.helpers import analytic_evolution


def test_refinement_keeps_constants_and_smooth_fields():
    matrix = refinement(32, 96)
    assert matrix.shape == (96, 32)
    np.testing.assert_allclose(matrix.sum(axis=1), 1.0, atol=1e-5)
    centres = (np.arange(32) + 0.5) / 32
    points = np.linspace(0, 1, 96)
    wave = matrix @ np.cos(2 * np.pi * centres)
    np.testing.assert_allclose(wave[6:-6], np.cos(2 * np.pi * points)[6:-6], atol=0.02)


def test_refine_turns_xyz_into_zyx():
    field = np.zeros((8, 8, 8), np.float32)
    field += np.arange(8)[:, None, None] + 100 * np.arange(8)[None, None, :]
    fine = refine(field, 16)
    assert fine.shape == (16, 16, 16)
    assert fine.flags.c_contiguous
    assert fine.dtype == np.float32
    np.testing.assert_allclose(np.diff(fine[8, 8, 4:12]), 8 / 15, rtol=0.05)  # x varies fastest
    assert np.all(np.diff(fine[:, 8, 8])[2:-2] > 40)  # z slowest


def test_log_density_is_finite_where_there_is_nothing():
    logs = log_density(np.array([0.0, 1.0, 10.0]))
    assert np.isfinite(logs).all()
    np.testing.assert_allclose(logs[1:], [0.0, 1.0])


@pytest.mark.parametrize("level", [0.5, 0.9])
def test_surface_of_a_sphere_has_its_radius(level):
    evolution = analytic_evolution(32, 20, uniform=True)
    prepared = PreparedEvolution(evolution.sequence, evolution.control)
    surface = isosurface(prepared.shell(19, level), prepared.size_pc)
    radii = np.linalg.norm(surface.points, axis=1)
    voxel = evolution.sequence.voxel_pc
    assert radii.mean() == pytest.approx(13.0, abs=0.35 * voxel)
    assert radii.std() < 0.25 * voxel
    equivalent = (3 * surface.volume / (4 * np.pi)) ** (1 / 3)
    assert equivalent == pytest.approx(13.0, abs=0.35 * voxel)
    assert surface.n_open_edges == 0


def test_depth_of_the_cavity_does_not_move_the_surface():
    evolution = analytic_evolution(32, 20, uniform=True)
    shallow = np.where(evolution.density[19] < 0.5, 0.2, evolution.density[19])
    control = evolution.control.density[19]
    volumes = [
        isosurface(shell_field(density, control, 0.5), 60.0).volume
        for density in (shallow, evolution.density[19])
    ]
    assert volumes[0] == pytest.approx(volumes[1], rel=0.02)


def test_surface_lies_at_the_site_in_the_right_axes():
    site = (8.0, -6.0, 3.0)
    evolution = analytic_evolution(32, 20, uniform=True, site_pc=site)
    prepared = PreparedEvolution(evolution.sequence, evolution.control, site)
    surface = isosurface(prepared.shell(10, 0.5), prepared.size_pc)
    np.testing.assert_allclose(surface.points.mean(axis=0), site, atol=0.4)


def test_surface_that_leaves_the_cube_is_closed():
    site = (24.0, 0.0, 0.0)
    evolution = analytic_evolution(32, 20, uniform=True, site_pc=site)
    prepared = PreparedEvolution(evolution.sequence, evolution.control, site)
    surface = isosurface(prepared.shell(19, 0.5), prepared.size_pc)
    assert surface.n_open_edges == 0
    assert surface.points[:, 0].max() < 31.0


def test_only_the_piece_at_the_explosion_is_kept():
    axis = np.linspace(-30, 30, 61)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")

    def ball(centre, radius):
        return np.sqrt((x - centre) ** 2 + y**2 + z**2) - radius

    both = np.minimum(ball(0, 5), ball(18, 9)).astype(np.float32)
    kept = keep_piece_at(both, 60.0, (0.0, 0.0, 0.0))
    assert kept[30, 30, 30] < 0
    assert kept[30, 30, 48] > 0
    other = keep_piece_at(both, 60.0, (18.0, 0.0, 0.0))
    assert other[30, 30, 48] < 0
    assert other[30, 30, 30] > 0
    nowhere = keep_piece_at(both, 60.0, (-20.0, 0.0, 0.0))
    assert nowhere.min() >= 0


def test_undisturbed_gas_has_no_surface():
    evolution = analytic_evolution(16, 3)
    prepared = PreparedEvolution(evolution.sequence, evolution.control)
    assert isosurface(prepared.shell(0, 0.5), prepared.size_pc).n_cells == 0


def test_without_a_control_there_is_no_shell():
    evolution = analytic_evolution(16, 3)
    prepared = PreparedEvolution(evolution.sequence, None)
    assert not prepared.has_control
    assert prepared.shell(2, 0.5) is None
    assert prepared.volume(2).shape == (VOLUME_POINTS,) * 3


def test_views_of_one_sequence_share_what_is_prepared():
    evolution = analytic_evolution(16, 3)
    first = prepare(evolution.sequence, evolution.control)
    assert prepare(evolution.sequence, evolution.control) is first
    assert prepare(evolution.sequence, None) is not first
    assert first.volume(1) is first.volume(1)
    gone = weakref.ref(first)
    del first
    gc.collect()
    assert gone() is None


def test_cache_is_bounded_and_forgets_the_oldest():
    cache: BoundedCache[bytes] = BoundedCache(100, len)
    for key in range(5):
        cache.get(key, lambda: b"x" * 40)
    assert cache.nbytes <= 100
    assert len(cache) == 2
    made = []
    cache.get(4, lambda: made.append(4) or b"")
    cache.get(0, lambda: made.append(0) or b"x" * 40)
    assert made == [0]


def test_control_with_other_times_is_matched_by_time():
    evolution = analytic_evolution(16, 6, uniform=True)
    control = evolution.control.at([0.0, 0.035])
    prepared = PreparedEvolution(evolution.sequence, control)
    assert isosurface(prepared.shell(5, 0.5), 60.0).n_cells > 0
