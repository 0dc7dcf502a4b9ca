from __future__ import annotations

import csv
import json
import math
import time
from dataclasses import fields, replace

import numpy as np
import pytest

from core.compare import DEFINITIONS, FIGURES, Comparison, FrameFigures, compare
from core.cubes import CubeSequence
from core.errors import Cancelled, InvalidRequest
from core.evolution import Evolution, Forecast
from tests.helpers import analytic_evolution

N, SIZE = 32, 60.0
VOXEL = SIZE / N


def hole(radii: list[float], times: list[float], start: float = 0.0) -> Evolution:
    """Uniform gas with a spherical hole, softened so that its edge is subvoxel exact."""
    axis = (np.arange(N) - 0.5 * (N - 1)) * VOXEL
    r = np.sqrt(sum(x**2 for x in np.meshgrid(axis, axis, axis, indexing="ij")))
    frames = [
        np.clip(0.9 + 0.2 * (r - radius), 0.01, 1.0) if radius else np.ones_like(r)
        for radius in radii
    ]
    make = lambda density: CubeSequence(  # noqa: E731
        {"density": density}, np.array(times) + start, SIZE
    )
    return Evolution(make(np.array(frames)), make(np.ones((len(times), N, N, N))))


@pytest.fixture(scope="module")
def truth() -> Evolution:
    return analytic_evolution(dimple=0.1)


def test_a_perfect_forecast(truth):
    comparison = compare(truth, truth.sequence, truth.control)
    assert len(comparison) == 20
    assert comparison.control_source == "given"
    for row in comparison.rows:
        assert row.affected_iou == row.affected_dice == row.cavity_iou == row.cavity_dice == 1.0
        assert row.recall == row.precision == row.naive_iou == 1.0
        assert row.log_error_dex == 0.0
    first, last = comparison.rows[0], comparison.rows[-1]
    assert math.isnan(first.radius_truth_pc)  # nothing has happened yet
    assert math.isnan(first.surface_distance_pc)
    assert math.isnan(first.log_error_shell_dex)
    assert first.persistence_error_dex == 0.0
    assert last.radius_error_pc == last.radius_rms_pc == last.log_error_shell_dex == 0.0
    assert last.surface_distance_pc == pytest.approx(0.0, abs=1e-6)
    assert last.persistence_error_dex > 0.01


def test_figures_of_a_sphere_that_is_too_large():
    times = [0.0, 0.007, 0.014]
    real, forecast = hole([0, 8, 10], times), hole([0, 10, 12.5], times)
    row = compare(forecast, real.sequence, real.control).rows[-1]
    assert row.affected_iou == pytest.approx(0.8**3, rel=0.04)
    assert row.radius_truth_pc == pytest.approx(10.0, abs=0.25 * VOXEL)
    assert row.radius_forecast_pc == pytest.approx(12.5, abs=0.25 * VOXEL)
    assert row.radius_error_pc == pytest.approx(2.5, abs=0.25 * VOXEL)
    assert row.surface_distance_pc == pytest.approx(2.5, abs=0.1 * VOXEL)
    assert row.hausdorff95_pc == pytest.approx(2.5, abs=0.2 * VOXEL)
    assert row.recall == 1.0
    assert 0.4 < row.precision < 0.65
    # The blast wave has passed where the density has changed by more than 0.1 dex: within 0.53 pc
    # of the edge of 0.9 it has not.
    for found, radius in ((row.swept_truth_msun, 10.0), (row.swept_forecast_msun, 12.5)):
        assert found == pytest.approx(4 / 3 * math.pi * (radius - 0.53) ** 3, rel=0.03)


def test_momentum_is_that_of_the_explosion_alone():
    """A shell of known mass and speed in gas that streams and swirls by itself."""
    times, speed, radius, thick = [0.0, 0.1], 20.0, 12.0, 4.0
    axis = (np.arange(N) - 0.5 * (N - 1)) * VOXEL
    place = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), axis=-1)
    r = np.linalg.norm(place, axis=-1)
    shell = (r > radius - thick) & (r < radius)
    swept = 4 / 3 * math.pi * radius**3
    density = np.where(shell, swept / (shell.sum() * VOXEL**3), np.where(r < radius, 1e-3, 1.0))
    # Far from the shell gas falls in: that is no work of the explosion.
    drift = np.array([30.0, -10.0, 0.0]) - 0.2 * place
    moving = drift + np.where(shell[..., None], speed * place / r[..., None], 0.0)
    still = np.ones((2, N, N, N))
    velocity = np.array([drift, moving])
    control = CubeSequence({"density": still}, np.array(times), SIZE)
    truth = CubeSequence(
        {"density": np.array([still[0], density]), "velocity": velocity}, np.array(times), SIZE
    )
    forecast = hole([0, 10], times)
    rows = compare(forecast, truth, control).rows
    assert rows[0].momentum_truth == 0.0
    # What the swept-up gas lost of the infall by being moved outwards, -0.2 M (dr), is in it too.
    moved = float(((density - 1.0) * r)[r < 0.5 * SIZE].sum()) * VOXEL**3
    assert rows[1].momentum_truth == pytest.approx(speed * swept - 0.2 * moved, rel=0.02)
    # The control's own velocity counts where it is there: here it has stopped streaming.
    calm = replace(control, fields={"density": still, "velocity": 0.0 * velocity})
    outward = replace(truth, fields={**truth.fields, "velocity": velocity - drift})
    row = compare(forecast, outward, calm).rows[1]
    assert row.momentum_truth == pytest.approx(speed * swept, rel=0.02)
    # Unknown without velocities, and where nobody knows how the gas moved before.
    bare = replace(truth, fields={"density": truth.density})
    assert math.isnan(compare(forecast, bare, control).rows[1].momentum_truth)
    late = CubeSequence(
        {name: one[1:] for name, one in truth.fields.items()}, np.array([0.1]), SIZE
    )
    assert math.isnan(compare(forecast, late, control).rows[0].momentum_truth)


def test_a_comparison_can_be_followed_and_stopped(truth):
    told = []
    compare(truth, truth, surfaces=False, progress=lambda share, text: told.append(share))
    assert told == sorted(told)
    assert len(told) == 20
    with pytest.raises(Cancelled):
        compare(truth, truth, surfaces=False, cancelled=lambda: len(told) > 0)


def test_without_a_control_the_forecasts_own_stands_in(truth):
    comparison = compare(truth, truth.sequence)
    assert comparison.control_source == "forecast"
    assert "own control" in str(comparison)
    assert comparison.rows[-1].affected_iou == 1.0


def test_turbulence_is_not_scored_as_the_shell():
    times = [0.0, 0.05, 0.1]
    real = hole([0, 8, 10], times)
    waves = 10 ** (0.4 * np.sin(np.linspace(0, 40, N)))[:, None, None]
    growing = np.stack(
        [np.ones((N, N, N)), np.broadcast_to(waves, (N, N, N)), waves**2 * np.ones((N, N, N))]
    )
    stirred = Evolution(
        replace(real.sequence, fields={"density": real.density * growing}),
        replace(real.control, fields={"density": growing}),
    )
    comparison = compare(stirred, stirred.sequence, stirred.control)
    calm = compare(real, real.sequence, real.control)
    assert comparison.rows[-1].radius_truth_pc == pytest.approx(calm.rows[-1].radius_truth_pc)
    # A forecast without turbulence gets the shell right and the naive region wrong.
    mixed = compare(real, stirred.sequence, stirred.control)
    assert mixed.rows[-1].affected_iou > 0.99
    assert mixed.rows[-1].naive_iou < 0.5


def test_only_true_frames_inside_the_forecast_are_compared():
    forecast = hole([0, 8, 10], [0.0, 0.007, 0.014])
    real = hole([0, 7, 9, 10, 11, 12], [-0.01, 0.0035, 0.007, 0.0140001, 0.03, 0.04])
    comparison = compare(forecast, real.sequence, real.control)
    assert [row.time_myr for row in comparison.rows] == pytest.approx([0.0035, 0.007, 0.0140001])
    assert comparison.row_at(0.0072).time_myr == pytest.approx(0.007)


def test_what_cannot_be_compared_is_refused():
    forecast = hole([0, 8], [0.0, 0.007])
    late = hole([0, 8], [0.0, 0.007], start=1.0)
    with pytest.raises(InvalidRequest, match="no frame in the forecast's range"):
        compare(forecast, late.sequence)
    with pytest.raises(InvalidRequest, match="covers"):
        compare(forecast, forecast.sequence, late.control)
    coarse = analytic_evolution(n=16)
    with pytest.raises(InvalidRequest, match=r"16\^3"):
        compare(forecast, coarse.sequence)
    with pytest.raises(InvalidRequest, match="centred"):
        compare(forecast, replace(forecast.sequence, center_pc=(50.0, 0.0, 0.0)))


def test_a_single_frame_can_be_compared():
    one = hole([9], [0.0])
    assert compare(one, one.sequence, one.control).rows[0].affected_iou == 1.0


def test_specks_elsewhere_do_not_move_the_shell_surface():
    real = hole([0, 10], [0.0, 0.007])
    density = real.density.copy()
    density[1, 1, 1, 1] = 0.1
    speckled = replace(real, sequence=replace(real.sequence, fields={"density": density}))
    row = compare(speckled, real.sequence, real.control).rows[-1]
    assert row.hausdorff95_pc == pytest.approx(0.0, abs=1e-6)
    assert row.affected_iou < 1.0


def test_surfaces_can_be_left_out():
    real = hole([0, 10], [0.0, 0.007])
    row = compare(real, real.sequence, real.control, surfaces=False).rows[-1]
    assert math.isnan(row.surface_distance_pc)
    assert math.isnan(row.hausdorff95_pc)
    assert row.radius_error_pc == 0.0


def test_the_text_is_a_table_with_a_dash_for_what_is_undefined(truth):
    lines = str(compare(truth, truth.sequence, truth.control)).splitlines()
    assert len(lines) == 2 + 20 + 1
    assert "–" in lines[2]
    assert "nan" not in lines[2]
    assert lines[-2].split()[:2] == ["0.133", "1.00"]
    assert len({len(line) for line in lines[:-1]}) == 1


def test_csv_and_dict_have_every_figure_and_no_nan(truth, tmp_path):
    comparison = compare(truth, truth.sequence, truth.control)
    path = tmp_path / "figures.csv"
    comparison.to_csv(path)
    with path.open(newline="") as file:
        lines = list(csv.DictReader(line for line in file if not line.startswith("#")))
    names = [field.name for field in fields(FrameFigures)]
    assert list(lines[0]) == names
    assert lines[0]["radius_truth_pc"] == ""
    assert float(lines[-1]["radius_truth_pc"]) == comparison.rows[-1].radius_truth_pc
    assert [p.name for p in tmp_path.iterdir()] == ["figures.csv"]
    plain = json.loads(json.dumps(comparison.as_dict(), allow_nan=False))
    assert plain["rows"][0]["radius_truth_pc"] is None
    assert plain["control_source"] == "given"
    np.testing.assert_array_equal(comparison.column("affected_iou"), np.ones(20))


def test_the_csv_says_where_its_figures_come_from(truth, tmp_path):
    made = {"model": "oracle", "averaging": 8, "input": {"files": ["/a/run.h5"]}}
    forecast = Forecast(truth.sequence, truth.control, (1.0, 2.0, -3.0), 2e51, made)
    path = tmp_path / "figures.csv"
    compare(forecast, truth.sequence, truth.control).to_csv(path)
    told = [line[2:] for line in path.read_text().splitlines() if line.startswith("# ")]
    assert "truth: run.h5" in told
    assert "forecast: oracle, averaged over 8 orientations" in told
    assert "site: (1, 2, -3) pc from its centre, 2e+51 erg" in told
    assert "true region: relative to the run without the explosion" in told
    assert any(line.startswith("software: Shellsight") for line in told)
    assert any(line.startswith("true frames: 20 from 0 to 0.133 Myr") for line in told)
    assert sum(line.split(":")[0] in FIGURES for line in told) == len(FIGURES)
    # The comments stand ahead of the header, and nowhere else: comment="#" reads the table.
    lines = path.read_text().splitlines()
    assert lines[len(told)] == ",".join(FIGURES)
    assert not any("#" in line for line in lines[len(told) :])
    compare(forecast, truth.sequence).to_csv(path)
    assert "# true region: relative to the forecast's control" in path.read_text()


def test_every_figure_is_defined_in_words():
    assert list(DEFINITIONS) == [field.name for field in fields(FrameFigures)]
    assert Comparison.DEFINITIONS is DEFINITIONS
    for label, _, text in DEFINITIONS.values():
        assert label
        assert text.endswith(".")
    assert "ncludes turbulent motion" in DEFINITIONS["naive_iou"].text


def test_comparing_twenty_frames_takes_less_than_two_seconds(truth):
    noise = 10 ** (0.03 * np.random.default_rng(5).normal(size=truth.density.shape))
    noisy = replace(
        truth, sequence=replace(truth.sequence, fields={"density": truth.density * noise})
    )
    compare(noisy, truth.sequence, truth.control)  # imports
    began = time.process_time()
    compare(noisy, truth.sequence, truth.control)
    assert time.process_time() - began < 2.0
