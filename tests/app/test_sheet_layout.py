"""Where views and slices lie on pictures, and the outlines that slices show."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF

from app.exports.pictures import Sheet
from app.exports.sheet_layout import cells
from app.scene.prepare import PLANE_POINTS, prepare
from app.scene.slice_painting import height_of, outlines_of, placement_of, shell_outline
from app.view_state import LayerState
from tests.helpers import analytic_evolution


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("size", [(1920, 1080), (600, 1200), (64, 64), (8192, 100)])
@pytest.mark.parametrize("slices", [False, True])
def test_views_and_slices_share_the_picture(count, size, slices):
    found = cells(Sheet(*size, slices=slices), count)
    used = np.zeros((size[1], size[0]), dtype=int)
    for cell in found:
        assert (cell.slice is not None) == slices
        for place in (cell.view, *([cell.slice] if cell.slice else [])):
            assert min(place.width, place.height) > 0
            used[place.top : place.top + place.height, place.left : place.left + place.width] += 1
    assert used.max() == 1
    assert used.mean() > 0.8
    assert all(cell.view.width == found[0].view.width for cell in found)


def test_slices_are_under_the_views_or_beside_them():
    one, two = cells(Sheet(1920, 1080, slices=True), 1), cells(Sheet(1920, 1080, slices=True), 2)
    assert one[0].slice.left > one[0].view.width
    assert two[0].slice.top > two[0].view.height
    assert two[1].view.left == two[1].slice.left


def test_a_plane_is_placed_without_margins():
    rect = QRectF(10, 20, 400, 150)
    for site in ((0.0, 0.0, 0.0), (25.0, -28.0, 3.0)):
        place = placement_of(rect, 60.0, site)
        assert place.left <= rect.left()
        assert place.top <= rect.top()
        assert place.left + place.edge >= rect.right()
        assert place.top + place.edge >= rect.bottom()
        at = place.pixel_of(site[0], site[1])
        assert rect.contains(at)
        assert place.place_at(at) == pytest.approx(site[:2])
    assert place.place_at(QPointF(-1000, 0)) is None


def test_outlines_of_large_pictures_are_smooth_and_the_same():
    evolution = analytic_evolution(16, 4, dimple=0.2)
    prepared = prepare(evolution.sequence, evolution.control)
    field = prepared.shell(3, 0.5)
    coarse, fine = shell_outline(field, 0.5), shell_outline(field, 0.5, 512)
    assert len(coarse) == len(fine) == 1
    assert len(fine[0]) > 4 * len(coarse[0])
    # Every corner of the coarse line lies on the fine one, to a hundredth of the cube.
    apart = np.linalg.norm(coarse[0][:, None] - fine[0][None], axis=2).min(axis=1)
    assert apart.max() < 0.01
    # A lifted piece, whose edge is a step, brings no lines of its own.
    stepped = np.where(np.arange(64)[:, None, None] < 20, np.float32(2.0), np.float32(0.01))
    stepped = np.broadcast_to(stepped.transpose(1, 2, 0), (64, 64, 64))
    assert shell_outline(stepped, 0.5, 512) == []


def test_a_shell_that_is_not_shown_has_no_outline():
    evolution = analytic_evolution(16, 4)
    prepared = prepare(evolution.sequence, evolution.control)
    shown = outlines_of(prepared, 3, "truth", LayerState(), (0.0, 0.0, 0.0))
    assert list(shown) == ["truth"]
    assert outlines_of(prepared, 3, "truth", LayerState(shell=False), (0.0, 0.0, 0.0)) == {}


def test_planes_are_as_fine_as_asked_and_agree():
    evolution = analytic_evolution(16, 4, dimple=0.2)
    prepared = prepare(evolution.sequence, evolution.control)
    height = height_of((0.0, 0.0, 6.0), 60.0)
    usual, fine = prepared.plane(2, height), prepared.plane(2, height, 4 * PLANE_POINTS - 3)
    assert usual.shape == (PLANE_POINTS, PLANE_POINTS)
    np.testing.assert_allclose(fine[::4, ::4], usual, atol=1e-3)
