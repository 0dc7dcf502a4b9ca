"""Regions that hold what they promise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import core
from core.cli import cli
from core.coverage import (
    LEVELS,
    Calibration,
    Need,
    calibration_from_json,
    calibration_path,
    calibration_to_json,
    hierarchical_quantile,
    margin_field,
    needed_margin,
    plain_regions,
    read_calibration,
)
from core.errors import CorruptSnapshot, InvalidRequest
from core.tables import write_json
from core.training.calibrate import calibrate, held_shares
from core.uncertainty import Reliability
from tests.helpers import analytic_evolution

N, SIZE = 24, 48.0
AXIS = (np.arange(N) + 0.5) * SIZE / N - SIZE / 2
RADIUS = np.sqrt(sum(np.square(axis) for axis in np.meshgrid(AXIS, AXIS, AXIS, indexing="ij")))
TIMES = np.array([0.0, 0.007, 0.014])


def ball(kind: type, radii: tuple[float, ...], **more: object) -> core.Evolution:
    """A cavity in uniform gas that has these radii, in pc, after the first frame."""
    density = np.ones((len(radii) + 1, N, N, N), np.float32)
    for frame, radius in enumerate(radii, start=1):
        density[frame][radius > RADIUS] = 0.01
    control = np.ones_like(density)
    cubes = [core.CubeSequence({"density": d}, TIMES, SIZE) for d in (density, control)]
    return kind(*cubes, **more)


class TooSmall:
    """A forecaster whose balls are too small, by what the seed of the run tells it."""

    model_name, weights_hash, averaging = "too-small", "abc", 4
    calibration = None

    def __init__(self, errors_pc: dict[int, float]) -> None:
        self.errors_pc = errors_pc

    def forecast(self, cube: core.Cube, **_: object) -> core.Forecast:
        error = self.errors_pc[int(cube.provenance["seed"])]
        made = ball(core.Forecast, (8.0 - error, 14.0 - error))
        inside = made.density < 0.5
        return replace(made, probability=np.where(inside, 0.9, 0.1).astype(np.float32))


def runs(seeds: list[int]) -> list[core.Simulation]:
    made = []
    for seed in seeds:
        run = ball(core.Simulation, (8.0, 14.0), provenance={"parameters": {"seed": seed}})
        made.append(replace(run, sequence=replace(run.sequence, provenance={"seed": seed})))
    return made


def calibration(margins: list[float], **changes: object) -> Calibration:
    """One run in each cloud, with the same margin for all levels but the last."""
    needs = tuple(
        Need(f"seed {k}", f"run {k}", (pc,) * (len(LEVELS) - 1) + (pc + 10.0,), (pc / 2,) * 6)
        for k, pc in enumerate(margins)
    )
    curve = Reliability((0.1, 0.9), (0.05, 0.7))
    made = Calibration("net", "abc", 4, True, needs, curve, {"version": "1"})
    return replace(made, **changes)


# ---------------------------------------------------------------- geometry


def test_the_field_is_the_distance_from_the_edge() -> None:
    """In pc, negative inside, infinite before the explosion; regions are nested."""
    forecast = ball(core.Forecast, (8.0, 14.0))
    field = margin_field(forecast)
    assert np.isinf(field[0]).all()
    for frame, radius in ((1, 8.0), (2, 14.0)):
        near = RADIUS < 22.0
        assert np.abs(field[frame] - (RADIUS - radius))[near].max() < SIZE / N
        assert ((field[frame] < 0) == (radius > RADIUS)).all()


def test_a_forecast_of_nothing_still_has_a_site_to_grow_from() -> None:
    """The field is then the distance from the site, never infinite."""
    field = margin_field(ball(core.Forecast, (0.0, 0.0)))
    assert np.isfinite(field[1:]).all()
    assert np.unravel_index(field[1].argmin(), field[1].shape)[0] in (N // 2 - 1, N // 2)


def test_the_needed_margin_holds_the_share_and_no_smaller_one_does() -> None:
    """By volume and by mass; heavy gas at the edge needs more."""
    margins = RADIUS - 10.0
    reached = RADIUS < 15.0
    mass = np.where(RADIUS > 14.0, 10.0, 1.0)
    for weights in (np.ones_like(RADIUS), mass):
        for share in (0.5, 0.9, 0.99, 1.0):
            pc = needed_margin(margins, reached, weights, share)
            total = weights[reached].sum()
            assert weights[reached & (margins <= pc)].sum() >= share * total - 1e-9
            assert weights[reached & (margins < pc)].sum() < share * total
    assert needed_margin(margins, reached, mass, 0.5) > needed_margin(
        margins, reached, np.ones_like(mass), 0.5
    )
    assert needed_margin(margins, np.zeros_like(reached), mass, 0.9) == -np.inf


# ---------------------------------------------------------------- statistics


def test_the_quantile_is_that_of_split_conformal_where_groups_are_single() -> None:
    """Of nine values the largest bounds a tenth in nine cases of ten; of 19 the 18th."""
    nine = [float(k) for k in range(9)]
    assert hierarchical_quantile(nine, [str(k) for k in range(9)], 0.9) == 8.0
    nineteen = [float(k) for k in range(19)]
    names = [str(k) for k in range(19)]
    assert hierarchical_quantile(nineteen, names, 0.9) == 17.0
    assert hierarchical_quantile(nine, names[:9], 0.95) == np.inf


def test_explosions_of_one_cloud_count_as_one() -> None:
    """A cloud with many explosions does not outvote the others."""
    values = [1.0] * 90 + [2.0, 3.0, 4.0]
    groups = ["a"] * 90 + ["b", "c", "d"]
    assert hierarchical_quantile(values, groups, 0.6) == 3.0
    assert hierarchical_quantile(values, [str(k) for k in range(93)], 0.6) == 1.0


@pytest.mark.parametrize(("clouds", "confidence"), [(12, 0.9), (20, 0.8)])
def test_the_promise_holds_for_clouds_drawn_alike(clouds: int, confidence: float) -> None:
    """Simulated many times over, with clouds that differ much more than their explosions."""
    random = np.random.default_rng(8)
    kept = []
    for _ in range(1500):
        own = random.gamma(2.0, 1.0, clouds + 1)
        needs = own[:, None] + 0.2 * random.normal(size=(clouds + 1, 4))
        groups = [str(k) for k in range(clouds) for _ in range(4)]
        bound = hierarchical_quantile(list(needs[:clouds].ravel()), groups, confidence)
        kept.append(needs[clouds, 0] <= bound)
    error = np.sqrt(confidence * (1 - confidence) / len(kept))
    assert np.mean(kept) >= confidence - 3 * error
    # Not by promising everything either.
    assert np.mean(kept) <= confidence + 1 / (clouds + 1) + 3 * error


def test_few_clouds_promise_less_and_say_so() -> None:
    """With six clouds 86 % is all there is; asking for more is refused."""
    few = calibration([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    margin = few.margin(0.99)
    assert (margin.pc, margin.clouds) == (6.0, 6)
    assert margin.confidence == pytest.approx(6 / 7)
    assert "86 %" in str(margin)
    with pytest.raises(InvalidRequest, match=r"6 clouds.*0\.86 at most"):
        few.margin(0.99, confidence=0.9)
    assert few.margin(0.99, confidence=0.5).pc == 4.0
    assert few.margin(0.99, of="gas").pc == 3.0
    with pytest.raises(InvalidRequest, match="'frames' or 'gas'"):
        few.margin(0.99, of="dust")  # type: ignore[arg-type]


def test_margins_for_other_shares() -> None:
    """The next larger level holds a share between two; nonsense is refused."""
    many = calibration([float(k) for k in range(19)])
    assert many.margin(0.99).pc == 17.0
    assert many.margin(0.993).coverage == 0.995
    assert many.margin(1.0).pc == 27.0
    for share in (0.0, 1.1, np.nan):
        with pytest.raises(InvalidRequest, match="share"):
            many.margin(share)
    with pytest.raises(InvalidRequest, match="between 0 and 1"):
        many.margin(0.9, confidence=1.5)


# ---------------------------------------------------------------- forecasts


def test_the_calibrated_region_holds_what_is_reached() -> None:
    """Measured on runs whose forecasts are too small; a new one is held, the price is told."""
    errors = {seed: 0.2 * seed for seed in range(12)}
    errors[99] = 1.5
    forecaster = TooSmall(errors)
    found = calibrate(forecaster, runs(list(range(12))))  # type: ignore[arg-type]
    assert (found.clouds, found.model, found.weights, found.averaging) == (
        12,
        "too-small",
        "abc",
        4,
    )
    truth = runs([99])[0]
    forecast = replace(forecaster.forecast(truth.sequence[0]), calibration=found)
    plain, enlarged = forecast.reached(None), forecast.reached(0.99)
    assert np.nanmin(held_shares(truth, forecast, plain)) < 0.85
    assert np.nanmin(held_shares(truth, forecast, enlarged)) >= 0.99
    assert (enlarged | plain == enlarged).all()
    assert not enlarged[0].any()
    factor = forecast.volume_factor(0.99)
    gas = forecast.reached(0.99, of="gas").any(axis=0)
    ever = plain_regions(truth).any(axis=0)
    mass = truth.density[0].astype(np.float64)
    assert mass[ever & gas].sum() >= 0.99 * mass[ever].sum()
    assert gas.sum() <= enlarged.any(axis=0).sum()
    assert np.isnan(factor[0])
    assert (factor[1:] > 1.2).all()
    assert factor[2] == pytest.approx(enlarged[2].sum() / plain[2].sum())
    assert (forecast.volume_factor(0.9)[1:] <= factor[1:]).all()
    np.testing.assert_array_equal(plain, plain_regions(forecast))


def test_probabilities_are_calibrated_on_the_same_runs() -> None:
    """Of the voxels with 0.9 all are affected here, of those with 0.1 few."""
    found = calibrate(TooSmall(dict.fromkeys(range(3), 2.0)), runs([0, 1, 2]))  # type: ignore[arg-type]
    assert found.reliability is not None
    low, high = found.reliability.apply([0.1, 0.9])
    assert high == 1.0
    truth, stated = runs([0])[0], ball(core.Simulation, (6.0, 12.0))
    missed = ((truth.density < 0.5) & (stated.density > 0.5)).sum() / (
        stated.density[1:] > 0.5
    ).sum()
    assert low == pytest.approx(missed, rel=1e-4)


def test_explosions_in_one_cloud_are_known_by_its_seed() -> None:
    """Three runs of two seeds are two clouds."""
    found = calibrate(TooSmall({5: 1.0, 6: 2.0}), runs([5, 5, 6]))  # type: ignore[arg-type]
    assert found.clouds == 2
    assert [need.cloud for need in found.needs] == ["seed 5", "seed 5", "seed 6"]


def test_what_was_not_calibrated_promises_nothing() -> None:
    """The message says how; the plain region is there all the same."""
    forecast = ball(core.Forecast, (8.0, 14.0), provenance={"model": "net"})
    with pytest.raises(InvalidRequest, match="shellsight calibrate net --data"):
        forecast.reached()
    assert forecast.reached(None)[2].any()
    few = replace(
        forecast,
        calibration=calibration([1.0] * 9),
        provenance={"model": "net", "averaging": 1},
    )
    with pytest.raises(InvalidRequest, match="averaged over 4 orientations"):
        few.reached()
    blind = replace(few, provenance={"model": "net", "averaging": 4, "velocity": False})
    with pytest.raises(InvalidRequest, match="with velocity"):
        blind.reached()
    assert replace(blind, provenance={}).reached()[2].any()


def test_calibrating_refuses_what_does_not_fit() -> None:
    """No runs, and runs whose frames the forecast does not have."""
    forecaster = TooSmall({0: 1.0})
    with pytest.raises(InvalidRequest, match="No simulations"):
        calibrate(forecaster, [])  # type: ignore[arg-type]
    run = runs([0])[0]
    other = core.Simulation(
        *(replace(part, times_myr=TIMES * 0.9) for part in (run.sequence, run.control))
    )
    with pytest.raises(InvalidRequest, match="no frame at"):
        calibrate(forecaster, [other])  # type: ignore[arg-type]


# ---------------------------------------------------------------- files


def test_calibrations_survive_files(tmp_path: Path) -> None:
    """As JSON beside the weights; margins to a tenth of a milliparsec."""
    saved = calibration([1.23456, 2.0])
    path = calibration_path(tmp_path / "net.safetensors")
    assert path.name == "net.coverage.json"
    write_json(path, calibration_to_json(saved))
    loaded = read_calibration(path)
    assert loaded.needs[0].frames_pc[0] == 1.2346
    assert loaded.needs[0].gas_pc[0] == 0.6173
    assert replace(loaded, needs=saved.needs) == saved
    theory = replace(saved, reliability=None)
    assert calibration_from_json(calibration_to_json(theory), path).reliability is None


@pytest.mark.parametrize(
    "text", ["{", "[1]", "{}", '{"content": "shellsight coverage", "version": 1, "levels": [1]}']
)
def test_damaged_calibrations_are_named(tmp_path: Path, text: str) -> None:
    """Whatever stands in the file."""
    path = tmp_path / "net.coverage.json"
    path.write_text(text)
    with pytest.raises(CorruptSnapshot, match=r"net\.coverage\.json"):
        read_calibration(path)


def test_the_verb_calibrates_any_model_and_says_what_it_promises(tmp_path: Path) -> None:
    """Three clouds of a directory without a manifest, and a theory."""
    data = tmp_path / "runs"
    data.mkdir()
    for seed in range(3):
        made = analytic_evolution(n=16, frames=4, uniform=True)
        run = core.Simulation(
            made.sequence, made.control, provenance={"parameters": {"seed": seed}}
        )
        core.save(run, data / f"run_{seed}.shell.h5")
    target = tmp_path / "theory.json"
    command = ["calibrate", "thin-shell", "--data", str(data), "-o", str(target)]
    done = CliRunner().invoke(cli, command)
    assert done.exit_code == 0, done.output
    assert "3 explosions in 3 clouds" in done.output
    assert "confidence of 75 %" in done.output
    found = read_calibration(target)
    assert (found.model, found.weights, found.velocity, found.reliability) == (
        "thin-shell", "", False, None,
    )  # fmt: skip
    forecast = replace(core.Forecaster("thin-shell").forecast(made.sequence[0]), calibration=found)
    assert np.nanmin(held_shares(run, forecast, forecast.reached(0.99))) >= 0.99
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = CliRunner().invoke(cli, ["calibrate", "thin-shell", "--data", str(empty)])
    assert isinstance(refused.exception, InvalidRequest)
    assert "no simulation" in str(refused.exception)
