"""``shellsight render``: pictures and movies where there is no display."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage

import core
from app.exports.cli_render import Wanted, draw, gather, with_particles
from app.exports.pictures import Material
from app.exports.provenance import PROVENANCE, read_png_text
from app.exports.render_order import CAMERAS, LAYERS, Order
from app.view_state import LayerState
from core.errors import InvalidRequest
from tests.core.synthetic import write_gadget
from tests.helpers import analytic_evolution

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def run_file(tmp_path_factory) -> Path:
    evolution = analytic_evolution(16, 4, dimple=0.2)
    path = tmp_path_factory.mktemp("run") / "run.shell.h5"
    core.save(core.Simulation(evolution.sequence, evolution.control), path)
    return path


@pytest.fixture(scope="module")
def forecast_file(run_file) -> Path:
    evolution = analytic_evolution(16, 4, dimple=0.1)
    path = run_file.with_name("forecast.shell.h5")
    forecast = core.Forecast(evolution.sequence, evolution.control, provenance={"model": "oracle"})
    core.save(forecast, path)
    return path


def shellsight(*arguments: object) -> subprocess.CompletedProcess[str]:
    hidden = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return subprocess.run(
        [sys.executable, "-m", "core", *(str(each) for each in arguments)],
        cwd=ROOT,
        env={key: value for key, value in os.environ.items() if key not in hidden},
        capture_output=True,
        text=True,
        timeout=240,
    )


def test_a_picture_and_a_movie_without_a_display(run_file, forecast_file, tmp_path):
    out, movie = tmp_path / "out.png", tmp_path / "out.mp4"
    done = shellsight(
        *("render", run_file, "--forecast", forecast_file, "--view", "truth,forecast,difference"),
        *("--time", 0.014, "--size", "300x120", "--scale", 2, "-o", out),
        *("--movie", movie, "--turntable", "--fps", 2, "--seconds", 1, "--draft"),
        *("--slices", "--density-unit", "cm^-3"),
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert str(out) in done.stdout
    image = QImage(str(out))
    assert (image.width(), image.height()) == (600, 240)
    # Gold on the left, rose in the middle.
    left, middle = (
        [image.pixelColor(x, y) for x in range(first, first + 80) for y in range(60, 180)]
        for first in (60, 260)
    )
    assert any(c.red() > 170 and c.green() - c.blue() > 50 for c in left)
    assert any(c.red() > 170 and c.blue() - c.green() > 30 for c in middle)
    about = json.loads(read_png_text(out)[PROVENANCE])
    assert about["views"] == ["truth", "forecast", "third"]
    assert about["look"]["third_kind"] == "difference"
    assert about["picture"]["slices"]
    assert about["density_unit"] == "cm⁻³"
    assert about["forecast"]["provenance"]["model"] == "oracle"
    assert str(run_file) in about["command"]
    assert movie.stat().st_size > 1000
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.mp4", "out.png"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "-o"),
        (("-o", "a.bmp"), ".png"),
        (("--movie", "a.avi"), ".mp4"),
        (("-o", "missing/a.png"), "missing"),
        (("-o", "a.png", "--size", "12"), "1920x1080"),
        (("-o", "a.png", "--view", "side"), "difference"),
    ],
)
def test_mistakes_are_said_in_a_line(run_file, tmp_path, options, words, capsys, monkeypatch):
    from core.cli import main

    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        main(["render", str(run_file), *options])
    assert left.value.code == 2
    said = capsys.readouterr().err
    assert words in said
    assert len(said.strip().splitlines()) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "order",
    [
        Order(size="wide"),
        Order(size="10x10"),
        Order(scale=9),
        Order(views=","),
        Order(views="truth,truth"),
        Order(views="difference,control"),
        Order(camera="above"),
        Order(layers="gas"),
        Order(level=1.5),
        Order(colormap="jet"),
        Order(color_range="1"),
        Order(color_range="2,1"),
        Order(fps=0),
        Order(seconds=-1.0),
        Order(density_unit="g/cm^3"),
        Order(coverage=1.5),
        Order(views="truth", coverage=0.99),
        Order(views="difference", particles=True),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_read(order, tmp_path):
    with pytest.raises(InvalidRequest):
        order.check(tmp_path / "a.png", None)


def test_jpeg_knows_no_transparency(tmp_path):
    with pytest.raises(InvalidRequest, match="transparency"):
        Order(transparent=True).check(tmp_path / "a.jpg", None)
    Order(transparent=True).check(tmp_path / "a.png", tmp_path / "a.mp4")


def test_options_become_layers_and_colours():
    order = Order(layers="volume, affected", level=0.9, color_range="-2,2", colormap="viridis")
    look = order.look(None, "control")
    assert look.truth == look.forecast == look.third
    assert (look.truth.volume, look.truth.shell, look.truth.affected) == (True, False, True)
    assert look.truth.shell_level == 0.9
    assert look.transfer.range_dex == (-2.0, 2.0)
    assert look.third_kind == "control"
    assert all(hasattr(LayerState(), name) for name in LAYERS)
    assert Order().look(None, "difference").truth == LayerState()
    assert Order(turntable=True, through_time=True).reel().motion == "both"
    assert Order(turntable=True).reel().motion == "turntable"
    assert Order().reel().motion == "time"
    assert CAMERAS["iso"] == "isometric"


def test_a_truth_alone_needs_no_forecast(run_file):
    material = gather(Wanted(core.open(run_file), size_pc=60.0, n=16), needs_forecast=False)
    assert material.forecast is None
    assert len(material.truth) == len(material.control) == 4


def test_a_saved_forecast_alone_can_be_drawn(forecast_file):
    material = gather(Wanted(core.open(forecast_file)), needs_forecast=True)
    assert material.truth is None
    assert material.forecast.provenance["model"] == "oracle"


def test_the_truth_is_cut_like_the_forecast(run_file, forecast_file):
    wanted = Wanted(core.open(run_file), forecast=forecast_file, n=64, size_pc=30.0)
    material = gather(wanted, needs_forecast=True)
    assert material.truth.n == material.forecast.sequence.n == 16
    assert material.truth.size_pc == 60.0
    with pytest.raises(InvalidRequest, match="no forecast"):
        gather(Wanted(core.open(run_file), forecast=run_file), needs_forecast=True)


def test_particles_and_envelopes_are_layers():
    look = Order(particles=True, coverage=0.95, layers="volume").look(None, "difference")
    assert look.truth.cube_particles
    assert (look.forecast.reached, look.forecast.coverage) == (True, 0.95)
    assert not look.truth.shell
    assert Order(density_unit="cm^-3").density == Order(density_unit="number").density == "number"
    assert Order(slices=True).sheet().slices


def test_what_has_no_particles_says_what_to_do(run_file, forecast_file, tmp_path):
    order = Order(particles=True)
    with pytest.raises(InvalidRequest, match="leave out --particles"):
        draw(Wanted(core.open(run_file)), order, tmp_path / "a.png", None)
    with pytest.raises(InvalidRequest, match="--forecast"):
        draw(Wanted(core.open(forecast_file)), order, tmp_path / "a.png", None)


def test_what_promises_no_coverage_says_what_to_do(run_file, forecast_file, tmp_path):
    wanted = Wanted(core.open(run_file), forecast=forecast_file, n=16)
    with pytest.raises(InvalidRequest, match="calibrate oracle"):
        draw(wanted, Order(coverage=0.99), tmp_path / "a.png", None)
    with pytest.raises(InvalidRequest, match="leave out --coverage"):
        draw(Wanted(core.open(run_file), n=16), Order(views="truth", coverage=0.9), None, None)
    assert list(tmp_path.iterdir()) == []


def particle_run(directory: Path) -> core.SnapshotSeries:
    """Two snapshots of a lattice of particles with identifiers, in the reverse order once."""
    axis = (np.arange(16) + 0.5) * 60.0 / 16
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1).reshape(-1, 3)
    columns = {
        "Coordinates": places,
        "Masses": np.full(len(places), 60.0, np.float32),
        "ParticleIDs": np.arange(len(places), dtype=np.uint32),
    }
    for frame, time in enumerate((0.0, 0.021)):
        turned = {name: values[:: (1, -1)[frame]] for name, values in columns.items()}
        write_gadget(directory / f"snapshot_{frame:03d}.hdf5", turned, Time=time / 0.97779)
    return core.open(directory)


def test_particles_are_sampled_at_the_frame_that_is_drawn(forecast_file, tmp_path):
    run = particle_run(tmp_path)
    forecast = core.load(forecast_file)
    truth = core.voxelize(run, n=16)
    material = with_particles(Material(truth, forecast=forecast), run, 0.02)
    # The frame shown, and the one from which the forecast starts.
    assert sorted(material.particles.truth) == [0, 1]
    shown = material.particles.truth[1]
    assert len(shown.positions_pc) == 16**3
    near = np.linalg.norm(shown.positions_pc, axis=1) < 5.0
    assert shown.reached(0.021)[near].all()
    assert not shown.reached(0.021)[np.linalg.norm(shown.positions_pc, axis=1) > 25.0].any()
    assert sorted(material.particles.forecast) == list(range(len(forecast)))
    # A single snapshot is the one that the forecast starts from.
    alone = with_particles(Material(forecast=forecast), run[:1], None)
    assert sorted(alone.particles.forecast) == list(range(len(forecast)))
