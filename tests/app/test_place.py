"""Where a cube may be, what is under the pointer, and what the document makes of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import core
from app.data.opening import OpenedSeries, describe
from app.data.place import Box, Place, first_place, fitted, has_choice, parse_number
from app.data.source import OpenRequest
from app.document import Document
from app.events import OverviewChanged, PlaceChanged
from app.scene.camera import default_camera, project
from app.scene.picking import pick_gas, ray
from app.scene.prepare import fitting_transfer, log_density, refine
from app.view_state import TransferFunction
from core.cutout import Cutout
from core.errors import InvalidRequest
from tests.app.galaxy import BOX, HOT, STAR, write_galaxy

SIZE = 60.0
PIXELS = (400.0, 300.0)


@pytest.fixture(scope="module")
def galaxy(tmp_path_factory) -> Path:
    return write_galaxy(tmp_path_factory.mktemp("galaxy") / "snap_000.hdf5", 20_000)


def test_the_first_cube_is_the_networks_or_the_whole_box():
    large = Box((300.0, 200.0, 100.0), (0.0, 0.0, -50.0), True)
    assert first_place(large) == Place(Cutout((150.0, 100.0, 0.0), 60.0))
    assert has_choice(large)
    same = Box((60.00001,) * 3, (0.0,) * 3, True)
    assert first_place(same).size_pc == 60.0
    assert not has_choice(same)
    small = Box((20.0,) * 3, (-10.0,) * 3, False)
    assert first_place(small) == Place(Cutout((0.0, 0.0, 0.0), 20.0))
    assert not has_choice(small)
    flat = Box((300.0, 300.0, 40.0), (0.0,) * 3, True)
    assert first_place(flat).size_pc == 40.0
    assert has_choice(flat)


def test_a_periodic_box_has_no_edge():
    box = Box((100.0,) * 3, (0.0,) * 3, True)
    place, said = fitted(Place(Cutout((-10.0, 250.0, 99.0), 60.0)), box)
    assert place.center_pc == pytest.approx((90.0, 50.0, 99.0))
    assert said == ""


def test_in_other_boxes_the_cube_is_kept_inside_and_that_is_said():
    box = Box((100.0,) * 3, (-50.0,) * 3, False)
    place, said = fitted(Place(Cutout((45.0, 0.0, -70.0), 60.0)), box)
    assert place.center_pc == pytest.approx((20.0, 0.0, -20.0))
    assert "moved by 50 pc" in said
    place, said = fitted(Place(Cutout((1.0, 2.0, 3.0), 150.0)), box)
    assert place.size_pc == 100.0
    assert "100 pc at most" in said


@pytest.mark.parametrize(
    ("text", "value"), [("12.5", 12.5), (" −3 ", -3.0), ("1,5", 1.5), ("60 pc", 60.0)]
)
def test_numbers_as_people_type_them(text, value):
    assert parse_number(text, "x") == value


@pytest.mark.parametrize("text", ["", "ten", "nan", "1e999", "1 2"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(InvalidRequest, match="x is a number in pc"):
        parse_number(text, "x")


def _clump(at: tuple[float, float, float], n: int = 32) -> np.ndarray:
    axis = (np.arange(n) + 0.5) * SIZE / n - SIZE / 2
    squares = [(axis - place) ** 2 for place in at]
    r2 = squares[0][:, None, None] + squares[1][:, None] + squares[2]
    return (0.05 + 30.0 * np.exp(-r2 / 8.0)).astype(np.float32)


def _line(camera, point):
    x, y = project(camera, point, *PIXELS)
    return ray(camera, float(x), float(y), *PIXELS)


@pytest.mark.parametrize("at", [(0.0, 0.0, 0.0), (12.0, -9.0, 5.0), (-20.0, 15.0, -18.0)])
def test_the_clump_under_the_pointer_is_picked(at):
    camera = default_camera(SIZE, PIXELS[0] / PIXELS[1])
    field = refine(log_density(_clump(at)), 80)
    found = pick_gas(field, SIZE, _line(camera, at), TransferFunction())
    assert found.position_pc == pytest.approx(at, abs=3.0)
    assert found.log_density > 1.0


def test_the_nearer_of_two_clumps_hides_the_other():
    camera = default_camera(SIZE, PIXELS[0] / PIXELS[1])
    toward = np.array(camera.position) / np.linalg.norm(camera.position)
    near, far = tuple(15.0 * toward), tuple(-15.0 * toward)
    field = refine(log_density(_clump(near) + _clump(far)), 80)
    found = pick_gas(field, SIZE, _line(camera, near), TransferFunction())
    assert found.position_pc == pytest.approx(near, abs=4.0)
    # What is cut away is not there to be picked.
    octant = tuple(1 if value > 0 else -1 for value in toward)
    found = pick_gas(field, SIZE, _line(camera, near), TransferFunction(), octant)
    assert found.position_pc == pytest.approx(far, abs=5.0)


def test_where_all_is_faint_the_densest_gas_is_picked_and_outside_nothing():
    camera = default_camera(SIZE, PIXELS[0] / PIXELS[1])
    field = refine(log_density(_clump((5.0, 5.0, 5.0)) * 1e-3), 80)
    found = pick_gas(field, SIZE, _line(camera, (5.0, 5.0, 5.0)), TransferFunction())
    assert found.position_pc == pytest.approx((5.0, 5.0, 5.0), abs=2.0)
    assert pick_gas(field, SIZE, ray(camera, 0.0, 0.0, *PIXELS), TransferFunction()) is None


def test_colours_shift_only_for_gas_they_do_not_suit():
    random = np.random.default_rng(2)
    usual = 10.0 ** random.normal(0.0, 0.45, (16, 16, 16))
    assert fitting_transfer(usual) == TransferFunction()
    thin = fitting_transfer(usual * 1e-3)
    assert thin.range_dex[0] == pytest.approx(TransferFunction().range_dex[0] - 3.0, abs=0.3)
    # Uniform gas is a medium, however thin: it must not become a solid block.
    even = fitting_transfer(np.full((8, 8, 8), 0.01))
    assert np.interp(-2.0, *zip(*even.opacity_points, strict=True)) < 0.05
    assert fitting_transfer(np.zeros((4, 4, 4))) == TransferFunction()


@pytest.fixture
def opened(galaxy):
    """A document that shows the whole box, and what it tells of."""
    series = core.open(galaxy)
    request = OpenRequest((galaxy,))
    source = describe(request.paths, OpenedSeries(series, request))
    document = Document()
    heard: list = []
    for event in (PlaceChanged, OverviewChanged):
        document.subscribe(event, heard.append)
    place = first_place(source.box)
    document.open_overview(source, core.overview(series, n=16, sample=100), place)
    document.set_sites(core.find_sites(series))
    heard.clear()
    return document, heard


def test_the_document_knows_which_candidate_the_cube_is_around(opened):
    document, heard = opened
    assert document.choosing
    assert document.chosen_site is None
    kinds = [site.kind for site in document.sites]
    star, hot = kinds.index("star"), kinds.index("hottest")
    assert document.sites[star].position_pc == pytest.approx(STAR)
    assert document.sites[hot].position_pc == pytest.approx(HOT, abs=BOX / 64)
    document.move(Place(Cutout(document.sites[hot].position_pc, 60.0)))
    assert document.chosen_site == hot
    assert [type(event) for event in heard] == [PlaceChanged]


def test_cube_and_whole_box_change_places(opened):
    document, _ = opened
    cubes = core.voxelize(document.source.series, size_pc=60, n=8, center_pc=STAR)
    document.choose(False)
    assert document.choosing, "without a cube there is nothing else to show"
    document.set_cube(document.source, cubes, None, Place(Cutout(STAR, 60.0), 8))
    assert not document.choosing
    assert document.overview(0) is not None
    document.choose(True)
    assert document.choosing
    assert document.truth is cubes
    document.close()
    assert document.overview(0) is None
    assert document.sites == ()
