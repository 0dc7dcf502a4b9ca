"""The layers of a view: what is made, what is drawn off screen, and the panel that asks for it."""

from __future__ import annotations

import dataclasses
import json
import os
import typing
from dataclasses import replace

import numpy as np
import pytest

os.environ.setdefault("QT_API", "pyside6")

from app.data.source import Source
from app.document import Document
from app.panels.layer_table import GROUPS, LAYERS
from app.scene.camera import default_camera
from app.scene.details import Details
from app.scene.glyphs import LONGEST, SHORTEST, arrow_lengths
from app.scene.particles import ParticleSample
from app.scene.planes import cut_polygon, plane_axes, plane_of, sample_plane, square_edge
from app.scene.prepare import PreparedEvolution
from app.scene.rings import rings, star_surface
from app.scene.still import draw_still
from app.scene.surface import MAX_TRIANGLES, isosurface
from app.scene.surfaces import wanted_surfaces
from app.scene.temperature import temperature_transfer
from app.view_state import LayerState
from app.views.layer_needs import missing
from app.views.sampling import SampleRequest, frames_from, reach_times_of, read_particles
from core.cubes import CubeSequence
from core.cutout import Cutout
from core.errors import InvalidRequest
from core.evolution import Forecast
from core.sampling import CubeSample, sample_cube
from core.shells.radius import fibonacci_directions
from tests.helpers import analytic_evolution

SIZE = (150, 150)


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(16, 6, dimple=0.2)


@pytest.fixture(scope="module")
def rich(evolution):
    """The same gas with a temperature and a velocity: hot and radial in the cavity."""
    sequence = evolution.sequence
    n = sequence.n
    axis = (np.arange(n) + 0.5) * sequence.voxel_pc - 30.0
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    distance = np.linalg.norm(places, axis=-1, keepdims=True)
    calm = 16.0 * (distance / 30.0) ** 2
    cavity = sequence.density < 0.5 * evolution.control.density
    fields = {
        "density": sequence.density,
        "temperature": np.where(cavity, 1e6, 50.0),
        "velocity": np.where(cavity[..., None], 80.0, calm) * places / distance,
    }
    return CubeSequence(fields, sequence.times_myr, sequence.size_pc)


@pytest.fixture(scope="module")
def prepared(rich, evolution):
    return PreparedEvolution(rich, evolution.control)


@pytest.fixture(scope="module")
def forecast(evolution):
    """A forecast that knows how sure it is."""
    ratio = evolution.density / evolution.control.density
    probability = np.where(ratio < 0.9, 0.95, np.where(ratio > 1.5, 0.3, 0.01))
    return Forecast(
        evolution.sequence, evolution.control, probability=probability.astype(np.float32)
    )


def picture(prepared, layers, role="truth", frame=5, details=None):
    image = draw_still(
        prepared, role, frame, default_camera(60.0, 1.0), SIZE, layers=layers, details=details
    )
    return image.astype(int)


BARE = LayerState(volume=False, shell=False, box=False, site=False)


def changed(first, second):
    """Share of the pixels that differ clearly."""
    return float((np.abs(first - second).max(axis=-1) > 25).mean())


# The state


def test_every_setting_goes_through_json():
    state = LayerState(shell_level=0.31, plane_x=True, plane_x_pc=-3.5, coverage=0.995)
    again = LayerState(**json.loads(json.dumps(dataclasses.asdict(state))))
    assert again == state


@pytest.mark.parametrize(
    "wrong",
    [
        {"shell_level": 1.0},
        {"probable_level": 0.0},
        {"coverage": 1.2},
        {"planes_opacity": -0.1},
        {"plane_x_pc": float("nan")},
        {"velocity_scale": 0.0},
        {"shell_style": "dotted"},
        {"volume_field": "pressure"},
    ],
)
def test_impossible_layers_are_refused(wrong):
    with pytest.raises(InvalidRequest):
        LayerState(**wrong)


def test_the_panel_names_fields_that_exist():
    hints = typing.get_type_hints(LayerState)
    for layer in (*LAYERS, *(layer for _, _, group in GROUPS for layer in group)):
        assert hints[layer.key] is bool
        for name in (layer.opacity, layer.style, *(number.key for number in layer.numbers)):
            assert not name or name in hints
        assert layer.tip
        assert layer.label


# Surfaces


def test_a_lower_level_encloses_less():
    axis = (np.arange(32) + 0.5) * 1.875 - 30.0
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    ratio = 1.0 - np.exp(-(x**2 + y**2 + z**2) / 12.0**2)
    density = CubeSequence({"density": ratio[None]}, [0.0], 60.0)
    control = CubeSequence({"density": np.ones_like(ratio)[None]}, [0.0], 60.0)
    prepared = PreparedEvolution(density, control)
    for level in (0.2, 0.5, 0.72, 0.9):
        radius = 12.0 * np.sqrt(-np.log(1.0 - level))
        volume = isosurface(prepared.shell(0, level), 60.0).volume
        assert (3 * volume / (4 * np.pi)) ** (1 / 3) == pytest.approx(radius, rel=0.03)


def test_surfaces_are_asked_for_only_where_they_can_be_made(prepared, rich, forecast):
    on = LayerState(
        affected=True, cavity=True, dense=True, probable=True, reached=True, overlay=True
    )
    alone = wanted_surfaces(Details(PreparedEvolution(rich, None)), 3, on)
    assert alone == {}
    plain = wanted_surfaces(Details(prepared), 3, on)
    assert set(plain) == {"shell", "affected", "cavity", "dense"}
    envelope = np.zeros(rich.density.shape, dtype=bool)
    whole = Details(prepared, forecast, prepared, envelope, 0.99)
    assert set(wanted_surfaces(whole, 3, on)) == {*plain, "probable", "reached", "overlay"}
    assert wanted_surfaces(whole, 3, replace(on, shell_opacity=0.0)).keys() == {
        *plain,
        "probable",
        "reached",
        "overlay",
    } - {"shell"}


def test_one_level_asked_for_twice_is_made_once(prepared):
    wanted = wanted_surfaces(Details(prepared), 3, LayerState(shell_level=0.9, affected=True))
    assert wanted["shell"].key == wanted["affected"].key


def test_probability_surfaces_shrink_as_they_get_surer(evolution, forecast):
    prepared = PreparedEvolution(evolution.sequence, evolution.control)
    details = Details(prepared, forecast)
    loose, sure = (isosurface(details.probable(5, level), 60.0).volume for level in (0.2, 0.8))
    assert loose > 1.1 * sure > 0


def test_the_envelope_holds_the_mask(evolution, forecast):
    prepared = PreparedEvolution(evolution.sequence, evolution.control)
    axis = (np.arange(16) + 0.5) * 3.75 - 30.0
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    ball = x**2 + y**2 + z**2 < 15.0**2
    details = Details(prepared, forecast, None, np.broadcast_to(ball, (6, 16, 16, 16)), 0.99)
    volume = isosurface(details.reached(2), 60.0).volume
    assert volume == pytest.approx(np.count_nonzero(ball) * 3.75**3, rel=0.03)


def test_rings_are_level(prepared):
    surface = isosurface(prepared.shell(5, 0.5), 60.0)
    lines = rings(surface, 60.0)
    heights = np.unique(lines.points[:, 2].round(3))
    assert np.allclose(heights % 2.0, 0.0)
    low, high = surface.bounds[4:]
    assert len(heights) == pytest.approx((high - low) / 2.0, abs=1)


def test_a_flat_body_still_has_a_ring():
    axis = np.linspace(-30, 30, 64)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    flat = np.sqrt(x**2 + y**2 + (12.0 * (z - 1.0)) ** 2) - 8.0
    assert rings(isosurface(flat.astype(np.float32), 60.0), 60.0).n_cells > 0


def test_a_star_through_equal_radii_is_a_sphere():
    directions = fibonacci_directions(1500)
    radii = np.full(1500, 10.0)
    radii[[3, 700]] = 25.0  # clumps far away
    surface = star_surface(radii, directions, (2.0, 0.0, 0.0))
    assert np.linalg.norm(surface.points - [2.0, 0.0, 0.0], axis=1) == pytest.approx(10.0, rel=1e-3)
    assert surface.volume == pytest.approx(4 / 3 * np.pi * 1000, rel=0.02)
    radii[:] = np.nan
    assert star_surface(radii, directions, (0.0, 0.0, 0.0)).n_cells == 0


def test_the_dense_shell_lies_around_the_cavity():
    # Without lobes, so that it is known where the gas is compressed.
    evolution = analytic_evolution(32, 6, uniform=True)
    details = Details(PreparedEvolution(evolution.sequence, evolution.control))
    radii = details.dense_radii(5)
    assert np.nanmean(radii) == pytest.approx(13.0 * 1.06, rel=0.05)
    assert np.isnan(details.dense_radii(0)).all()


def test_surfaces_never_have_too_many_triangles():
    noise = np.random.default_rng(1).standard_normal((80, 80, 80)).astype(np.float32)
    surface = isosurface(noise, 60.0)
    assert 1000 < surface.n_cells <= MAX_TRIANGLES
    assert np.abs(surface.points).max() < 32.0


# Planes


def test_planes_cut_polygons_out_of_the_cube():
    for name in "xyz":
        corners = cut_polygon(60.0, plane_of(BARE, name, (1.0, 2.0, 3.0)))
        axis = "xyz".index(name)
        assert len(corners) == 4
        assert np.allclose(corners[:, axis], axis + 1.0)
        assert np.abs(corners).max() == pytest.approx(30.0)
    across = replace(BARE, free_azimuth_deg=45.0, free_elevation_deg=float(np.rad2deg(0.6155)))
    assert len(cut_polygon(60.0, plane_of(across, "free", (0.0, 0.0, 0.0)))) == 6
    for offset, corners in ((30.0, 4), (30.5, 0), (-30.0, 4)):
        layers = replace(BARE, plane_z_pc=offset)
        assert len(cut_polygon(60.0, plane_of(layers, "z", (0.0, 0.0, 0.0)))) == corners


@pytest.mark.parametrize("name", ["x", "y", "z", "free"])
def test_a_plane_shows_the_values_where_it_lies(name):
    axis = np.linspace(-30, 30, 40)
    z, y, x = np.meshgrid(axis, axis, axis, indexing="ij")
    field = (x + 2 * y - 3 * z).astype(np.float32)
    plane = plane_of(replace(BARE, plane_x_pc=4.0, plane_free_pc=-5.0), name, (0.0, 0.0, 0.0))
    values = sample_plane(field, 60.0, plane, 50)
    origin, normal = plane
    right, up = plane_axes(normal)
    places = ((np.arange(50) + 0.5) / 50 - 0.5) * square_edge(60.0, normal)
    where = normal * (origin @ normal) + up * places[:, None, None] + right * places[None, :, None]
    inside = np.abs(where).max(axis=-1) <= 30.0
    expected = where @ [1.0, 2.0, -3.0]
    assert inside.sum() > 500
    assert np.allclose(values[inside], expected[inside], atol=1e-3)


# Gas


def test_temperature_has_a_scale_that_fits():
    transfer = temperature_transfer(np.array([0.0] * 5 + [20.0] * 900 + [8e6] * 10))
    low, high = transfer.range_dex
    assert low == 1.0
    assert high == 7.0
    assert dict(transfer.opacity_points)[high] == max(o for _, o in transfer.opacity_points)
    assert (
        temperature_transfer(np.zeros(4)).range_dex[0]
        < temperature_transfer(np.zeros(4)).range_dex[1]
    )


def test_temperature_is_drawn_where_there_is_one(prepared, evolution):
    warm = LayerState(volume_field="temperature", shell=False, box=False)
    cold = replace(warm, volume_field="density")
    assert changed(picture(prepared, warm), picture(prepared, cold)) > 0.03
    plain = PreparedEvolution(evolution.sequence, evolution.control)
    assert not Details(plain).has_temperature
    assert np.array_equal(picture(plain, warm), picture(plain, cold))


def test_arrows_point_along_the_flow(prepared):
    details = Details(prepared)
    arrows = details.arrows(5)
    outwards = np.einsum("ij,ij->i", arrows.positions_pc, arrows.velocities_kms)
    # The arrow in the very middle has no direction.
    assert (outwards > 0).mean() > 0.99
    shown, lengths = arrow_lengths(arrows, details.usual_speed_kms, 1.0)
    assert 0 < len(shown) < len(arrows.positions_pc)
    assert lengths.max() <= LONGEST * arrows.spacing_pc
    assert lengths.min() >= SHORTEST * arrows.spacing_pc
    more, longer = arrow_lengths(arrows, details.usual_speed_kms, 4.0)
    assert len(more) > len(shown)
    assert longer.max() <= LONGEST * arrows.spacing_pc


def test_velocities_are_averaged_by_mass(rich, evolution):
    density = np.ones((1, 20, 20, 20), np.float32)
    velocity = np.zeros((1, 20, 20, 20, 3), np.float32)
    density[0, 0, 0, 0], velocity[0, 0, 0, 0] = 9.0, 10.0
    cubes = CubeSequence({"density": density, "velocity": velocity}, [0.0], 60.0)
    arrows = Details(PreparedEvolution(cubes, None)).arrows(0)
    edges = np.unique(np.linspace(0, 20, 10).round().astype(int))
    first = (edges[1] - edges[0]) ** 3
    assert arrows.velocities_kms[0, 0] == pytest.approx(90.0 / (9.0 + first - 1))


# What is drawn


@pytest.mark.parametrize(
    "change",
    [
        {"shell": True, "shell_style": "rings"},
        {"affected": True},
        {"cavity": True},
        {"dense": True, "dense_style": "solid"},
        {"plane_x": True},
        {"plane_free": True},
        {"plane_z": True, "planes_opacity": 0.4},
        {"velocity": True},
    ],
    ids=lambda change: next(iter(change)) + str(len(change)),
)
def test_each_layer_is_seen(prepared, change):
    nothing = picture(prepared, BARE)
    assert changed(nothing, picture(prepared, replace(BARE, **change))) > 0.004


def test_the_truth_lies_in_gold_rings_on_the_forecast(evolution, prepared, forecast):
    smaller = PreparedEvolution(evolution.sequence, evolution.control)
    details = Details(smaller, forecast, other=prepared)
    layers = replace(BARE, overlay=True)
    image = picture(smaller, layers, "forecast", details=details)
    red, green, blue = np.moveaxis(image, -1, 0)
    assert ((red > 150) & (green > 120) & (red - blue > 50)).sum() > 30
    alone = picture(smaller, layers, "forecast")
    assert changed(alone, picture(smaller, BARE, "forecast")) == 0.0


def test_particles_that_are_reached_turn_rose(prepared):
    random = np.random.default_rng(3)
    places = random.uniform(-25, 25, (4000, 3)).astype(np.float32)
    reach = np.where(np.linalg.norm(places, axis=1) < 15, 0.02, np.nan)
    sample = ParticleSample(places, np.ones(4000, np.float32), reach)
    assert sample.reached(0.01).sum() == 0
    details = Details(prepared, particles={5: sample})
    layers = replace(BARE, cube_particles=True)

    def rose(image):
        red, green, blue = np.moveaxis(image, -1, 0)
        return int(((red > 150) & (red - green > 80) & (blue > green)).sum())

    assert rose(picture(prepared, layers, details=details)) > 100
    plain = replace(layers, reached_particles=False)
    assert rose(picture(prepared, plain, details=details)) == 0
    assert changed(picture(prepared, plain, details=details), picture(prepared, BARE)) > 0.05
    # A frame without particles read shows none.
    assert (
        changed(picture(prepared, layers, frame=4, details=details), picture(prepared, BARE)) == 0
    )


def test_details_of_another_evolution_are_not_taken(prepared, rich):
    other = PreparedEvolution(rich, None)
    sample = ParticleSample(np.zeros((1, 3), np.float32), np.ones(1, np.float32))
    details = Details(other, particles={5: sample})
    layers = replace(BARE, cube_particles=True)
    assert changed(picture(prepared, layers, details=details), picture(prepared, BARE)) == 0


def test_new_details_keep_what_was_made(prepared):
    first = Details(prepared)
    made = first.temperature(2)
    again = first.updated(None, prepared, None, 0.0, {})
    assert again.temperature(2) is made
    assert again.other is prepared
    assert first.other is None


def test_actors_stay_while_time_moves(prepared):
    import pyvista as pv

    from app.scene.stage import Stage

    plotter = pv.Plotter(off_screen=True, window_size=[60, 60], lighting="none")
    try:
        stage = Stage(plotter, "truth")
        everything = {name: True for name in ("affected", "cavity", "dense", "velocity")}
        planes = {f"plane_{name}": True for name in ("x", "y", "z", "free")}
        stage.set_layers(LayerState(**everything, **planes))
        stage.set_evolution(prepared)
        before = list(plotter.renderer.actors.values())
        image = stage.planes["x"].texture.GetInput()
        for frame in (1, 4, 2, 5):
            stage.show(frame)
        assert list(plotter.renderer.actors.values()) == before
        image = stage.planes["x"].texture.GetInput()
        stage.show(3)
        assert stage.planes["x"].texture.GetInput() is image
        assert stage.surfaces.layers["dense"].n_triangles == 0  # rings
        assert stage.arrows.count > 0
        stage.set_layers(LayerState())
        assert not stage.planes["x"].actor.GetVisibility()
        assert not stage.arrows.actor.GetVisibility()
    finally:
        plotter.close()


# Particles


def test_a_sample_holds_the_same_particles_in_every_snapshot(snapshots):
    import core

    series = core.open(snapshots / "swift_turbulent_a")
    cube = Cutout((30.0, 30.0, 30.0), 20.0)
    first, later = (sample_cube(series, index, cube, sample=500) for index in (3, 4))
    assert len(first.offsets_pc) == len(later.offsets_pc) == 500
    assert first.count > 500
    assert np.abs(first.offsets_pc).max() <= 10.0
    # Those that leave the cube in 0.007 Myr are few.
    assert len(np.intersect1d(first.ids, later.ids)) > 400
    everything = sample_cube(series, 3, cube, sample=100_000)
    assert len(everything.offsets_pc) == everything.count == first.count


def test_grids_have_no_particles(sample_file):
    import core

    with pytest.raises(InvalidRequest):
        sample_cube(core.open(sample_file), 0, Cutout((0.0, 0.0, 0.0), 60.0))


def test_particles_are_found_again_by_their_identifiers():
    reached = np.full((4, 4, 4), np.nan)
    reached[0, 0, 0] = 0.02
    start = CubeSample(
        np.array([[-20, -20, -20], [20, 20, 20]], np.float32), None, np.array([7, 5]), 2
    )
    now = CubeSample(start.offsets_pc[[1, 1, 0]], None, np.array([5, 7, 9]), 3)
    times = reach_times_of(now, start, reached, 60.0)
    # 5 was never reached, 7 was though it has moved, 9 is judged by where it is.
    assert np.isnan(times[0])
    assert times[1] == times[2] == 0.02
    assert reach_times_of(start, start, reached, 60.0)[0] == 0.02


def test_frames_are_read_from_the_one_shown_on():
    assert frames_from(3, 5) == (3, 4, 0, 1, 2)
    assert frames_from(3, 500, 4) == (3, 4, 5, 6)


def test_particles_are_read_frame_by_frame(snapshots):
    import core
    from core.evolution import Evolution

    series = core.open(snapshots / "swift_turbulent_a")[:3]
    truth = core.voxelize(series, size_pc=60, n=16, cache=False)
    half = {"density": truth.density * np.array([1.0, 0.5, 0.5])[:, None, None, None]}
    told = Evolution(replace(truth, fields=half), replace(truth, fields={"density": truth.density}))
    published = []
    request = SampleRequest(series, truth, told, frames_from(1, 3), {})
    samples, particles = read_particles(request, publish=published.append)
    assert [sorted(part[0]) for part in published] == [[1], [1, 2], [0, 1, 2]]
    assert set(samples) == set(particles.truth) == set(particles.forecast) == {0, 1, 2}
    assert particles.forecast[2] is particles.forecast[0]
    # Everything is halved, so everything is reached, from the second frame on.
    assert not particles.truth[1].reached(float(truth.times_myr[0])).any()
    assert particles.truth[1].reached(float(truth.times_myr[1])).mean() > 0.99
    again, _ = read_particles(replace(request, known=samples))
    assert again[1] is samples[1]


# The panel


@pytest.fixture
def document(rich, evolution):
    document = Document()
    source = Source(
        path=None, name="run", format="test", n_frames=6, times_myr=tuple(rich.times_myr)
    )
    document.open_source(source, rich, evolution.control)
    return document


@pytest.fixture
def panel(qtbot, document):
    from app.panels.layers import LayersPanel
    from app.theme import Theme

    panel = LayersPanel(document, Theme("dark"))
    qtbot.addWidget(panel)
    panel.show()
    return panel


def test_layers_say_what_they_need(document, forecast):
    assert missing(document, "") == ""
    assert missing(document, "control") == ""
    assert missing(document, "temperature") == ""
    assert "particles" in missing(document, "particles")
    assert "forecast" in missing(document, "both")
    assert "network" in missing(document, "probability")
    document.set_forecast(forecast)
    assert missing(document, "both") == missing(document, "probability") == ""
    assert "calibrate" in missing(document, "coverage")


def test_rows_are_off_with_the_reason_until_there_is_something(panel, document, forecast):
    row = panel.row("probable")
    assert not row.eye.isEnabled()
    assert "network" in row.eye.toolTip()
    document.set_forecast(forecast)
    assert row.eye.isEnabled()
    row.eye.click()
    assert document.layers("forecast").probable
    assert not document.layers("truth").probable
    assert panel.folds[0].head.text().endswith("· 1")


def test_any_level_can_be_chosen(panel, document):
    panel.level_number.slider.setValue(72)
    assert document.layers("truth").shell_level == 0.72
    assert document.layers("forecast").shell_level == 0.72
    assert panel.level.currentText() == "Another level"
    assert panel.level_number.box.value() == 0.72
    panel.level_number.box.setValue(0.9)
    assert panel.level.currentText() == "Affected region"
    assert panel.level_number.slider.value() == 90


def test_numbers_are_shown_while_their_layer_is(qtbot, panel, document):
    fold, row = panel.folds[1], panel.row("plane_free")
    fold.head.click()
    assert fold.is_open
    offset = row.numbers[0]
    assert not offset.isVisible()
    row.eye.click()
    assert offset.isVisible()
    assert panel.planes_opacity.isVisible()
    offset.slider.setValue(offset.slider.maximum())
    assert document.layers("third").plane_free_pc == 30.0
    tilt = row.numbers[2]
    tilt.box.setValue(-90)
    assert document.layers("truth").free_elevation_deg == -90.0


def test_the_field_is_chosen_where_there_is_a_temperature(panel, document, evolution):
    assert panel.field_row.isVisible()
    panel.field.setCurrentIndex(1)
    panel.field.activated.emit(1)
    assert document.layers("forecast").volume_field == "temperature"
    document.open_source(document.source, evolution.sequence, evolution.control)
    assert not panel.field_row.isVisible()


def test_the_third_view_has_rows_while_it_is_shown(panel, document):
    volume, outlines = panel.third
    assert not volume.isVisible()
    document.set_look(document.look.with_shown("third", True))
    assert volume.isVisible()
    assert volume.name.full_text == "Difference"
    volume.slider.setValue(40)
    outlines.eye.click()
    assert document.layers("third").volume_opacity == 0.4
    assert not document.layers("third").shell
    assert document.layers("truth").volume_opacity == 1.0


def test_undoing_names_every_layer():
    from app.history import LABELS

    for field in dataclasses.fields(LayerState):
        words = LABELS.get(field.name, field.name)
        assert "_" not in words or field.name not in LABELS
        assert not words.endswith(("_pc", "_deg", "_style"))


def test_styles_are_rings_or_solid(panel, document):
    row = panel.rows[1]
    row.rings.click()
    assert document.layers("truth").shell_style == "rings"
    assert document.layers("forecast").shell_style == "solid"
    row.rings.click()
    assert document.layers("truth").shell_style == "solid"


def test_every_control_has_a_name_and_a_tip(panel, document):
    from PySide6.QtWidgets import QAbstractSpinBox, QComboBox, QSlider, QToolButton

    for kind in (QToolButton, QSlider, QAbstractSpinBox, QComboBox):
        for widget in panel.findChildren(kind):
            assert widget.toolTip()
            assert widget.accessibleName()


def test_particles_reach_the_views(qtbot, window, snapshots):
    window.open_paths([snapshots / "swift_turbulent_a"])
    document = window.document
    qtbot.waitUntil(lambda: document.complete, timeout=60_000)
    row = window.layers.row("cube_particles")
    assert row.eye.isEnabled()
    window.layers.folds[2].set_open(True)
    row.eye.click()
    qtbot.waitUntil(lambda: len(window.layering.particles.truth) == 20, timeout=60_000)
    details = window.centre.columns["truth"].view._stage.details
    sample = details.particles[0]
    assert 0 < len(sample.positions_pc) <= 20_000
    assert np.abs(sample.positions_pc).max() <= 30.01
    assert (sample.densities > 0).all()
    document.close()
    assert not window.layering.particles.truth
