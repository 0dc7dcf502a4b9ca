from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

import core
from core.cubes import Cube
from core.errors import Cancelled, InvalidRequest
from core.evolution import Evolution, Forecast, Simulation
from core.models.mim_forecast import config_arguments
from core.models.registry import ModelConfig, save_model
from core.training.bootstrap import interval
from core.training.evaluate import FIGURES, METHODS, EvaluationTable, evaluate, uniform_radius_table
from tests.helpers import analytic_evolution


def simulation(**settings) -> Simulation:
    truth = analytic_evolution(frames=5, **settings)
    return Simulation(truth.sequence, truth.control, truth.site_pc, energy_erg=2e51)


class KnownForecaster:
    """Answers every cube with the same evolution, and remembers what it was asked."""

    model_name = "known"

    def __init__(self, answer: Evolution) -> None:
        self.answer = answer
        self.asked: list[tuple[Cube, float]] = []

    def forecast(
        self,
        cube: Cube,
        *,
        energy_erg: float = 1e51,
        progress: Callable | None = None,
        cancelled: Callable | None = None,
    ) -> Evolution:
        self.asked.append((cube, energy_erg))
        return Forecast(self.answer.sequence, self.answer.control, self.answer.site_pc)


@pytest.fixture(scope="module")
def table():
    truth = simulation()
    return evaluate(KnownForecaster(truth), [truth, simulation(dimple=0.3)])


def test_the_network_sees_the_first_frame_and_the_energy():
    truth = simulation()
    forecaster = KnownForecaster(truth)
    evaluate(forecaster, [truth])
    ((cube, energy),) = forecaster.asked
    np.testing.assert_array_equal(cube.density, truth.density[0])
    assert energy == 2e51


def test_every_method_has_a_row_per_frame(table):
    assert table.n_simulations == 2
    assert table.model == "known"
    assert [row.method for row in table.rows] == [m for m in METHODS for _ in range(5)]
    times = [row.time_myr for row in table.rows if row.method == "network"]
    assert times == pytest.approx([0.0, 0.007, 0.014, 0.021, 0.028])
    assert all(set(row.mean) == set(FIGURES) for row in table.rows)


def test_means_and_standard_errors_over_simulations():
    truth, other = simulation(), simulation(dimple=0.3)
    single = [
        evaluate(KnownForecaster(truth), [one]).row("network", 0.028).mean["cavity_iou"]
        for one in (truth, other)
    ]
    assert single[0] == 1.0
    assert single[1] < 0.9
    row = evaluate(KnownForecaster(truth), [truth, other]).row("network", 0.028)
    assert row.mean["cavity_iou"] == pytest.approx(np.mean(single))
    assert row.standard_error["cavity_iou"] == pytest.approx(abs(single[1] - single[0]) / 2)
    assert row.count["cavity_iou"] == 2


def test_one_simulation_has_no_standard_error():
    truth = simulation()
    row = evaluate(KnownForecaster(truth), [truth]).row("network", 0.028)
    assert row.mean["cavity_iou"] == row.mean["recall"] == row.mean["precision"] == 1.0
    assert row.mean["radius_error_pc"] == row.mean["log_error_shell_dex"] == 0.0
    assert math.isnan(row.standard_error["cavity_iou"])


def test_the_control_has_no_region_but_a_density_error(table):
    before, after = table.row("control", 0.0), table.row("control", 0.028)
    assert before.mean["cavity_iou"] == 1.0  # the true region is empty as well
    assert after.mean["cavity_iou"] == after.mean["affected_iou"] == after.mean["recall"] == 0.0
    assert math.isnan(after.mean["radius_error_pc"])
    assert after.count["radius_error_pc"] == 0
    assert after.mean["log_error_shell_dex"] == pytest.approx(2.0, rel=1e-3)  # a 1 % cavity
    assert after.mean["log_error_dex"] > 0


def test_the_sphere_is_perfect_for_a_sphere_and_states_no_density():
    truth = simulation(uniform=True)
    row = evaluate(KnownForecaster(truth), [truth]).row("sphere", 0.028)
    assert row.mean["cavity_iou"] == 1.0
    assert abs(row.mean["radius_error_pc"]) < 0.5
    assert row.mean["recall"] > 0.95
    assert math.isnan(row.mean["log_error_dex"])
    assert math.isnan(row.mean["naive_iou"])


def test_theories_start_from_the_first_frame_and_know_the_energy():
    """In uniform gas both are the same sphere; with more energy a larger one."""
    truth = simulation(uniform=True)
    table = evaluate(KnownForecaster(truth), [truth])
    rows = [table.row(method, 0.028).mean for method in ("thin-shell", "snowplough")]
    assert rows[0]["radius_error_pc"] == pytest.approx(rows[1]["radius_error_pc"], abs=0.2)
    assert all(0.2 < row["cavity_iou"] <= 1.0 for row in rows)
    assert all(np.isfinite(row["log_error_dex"]) for row in rows)
    weaker = evaluate(KnownForecaster(truth), [replace(truth, energy_erg=1e50)])
    smaller = weaker.row("thin-shell", 0.028).mean["radius_error_pc"]
    assert smaller < rows[0]["radius_error_pc"] - 2.0


def test_persistence_is_compared_naively_with_the_control():
    truth = simulation()
    thinning = (
        truth.control.density * np.linspace(1.0, 1.5, 5, dtype=np.float32)[:, None, None, None]
    )
    moving = Simulation(
        replace(truth.sequence, fields={"density": truth.density}),
        replace(truth.control, fields={"density": thinning}),
    )
    row = evaluate(KnownForecaster(truth), [moving]).row("persistence", 0.028)
    # Everything is below 0.9 of the grown control: all of the cube counts.
    assert row.mean["affected_iou"] > 0.9
    assert row.mean["recall"] == 1.0


def test_the_shell_error_uses_the_same_voxels_for_every_method(table):
    # Persistence forecasts no change here, as the control: the same error.
    rows = [table.row(method, 0.028).mean for method in ("control", "persistence")]
    assert rows[0]["log_error_shell_dex"] == pytest.approx(rows[1]["log_error_shell_dex"])


def test_times_count_from_the_explosion():
    truth = simulation()
    shift = lambda s: replace(s, times_myr=s.times_myr + 3.0)  # noqa: E731
    late = Simulation(shift(truth.sequence), shift(truth.control))
    table = evaluate(KnownForecaster(late), [late])
    assert table.row("network", 0.028).time_myr == pytest.approx(0.028)


def test_text_json_and_csv(table, tmp_path):
    text = str(table)
    assert "known" in text
    assert "95 % interval (bootstrap over 2 clouds)" in text
    assert "…" in text
    assert "nan" not in text
    assert all(label in text for label in METHODS.values())
    table.to_json(tmp_path / "t.json")
    content = json.loads((tmp_path / "t.json").read_text())
    assert content["n_simulations"] == 2
    assert len(content["rows"]) == 30
    assert content["rows"][0]["mean"]["radius_error_pc"] is None
    table.to_csv(tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 30
    row = table.row("network", 0.028)
    assert float(lines[4]["cavity_iou"]) == row.mean["cavity_iou"]
    assert int(lines[4]["cavity_iou_n"]) == 2
    assert len(list(tmp_path.iterdir())) == 2


def test_unknown_methods_and_empty_sets_are_refused(table):
    with pytest.raises(InvalidRequest, match="persistence"):
        table.row("oracle", 0.1)
    with pytest.raises(InvalidRequest, match="No simulations"):
        evaluate(KnownForecaster(simulation()), [])


def test_a_forecast_of_another_place_is_refused():
    with pytest.raises(InvalidRequest, match="explosion is at"):
        evaluate(KnownForecaster(simulation()), [simulation(site_pc=(5.0, 0.0, 0.0))])


def test_progress_and_cancelling():
    truth = simulation()
    told: list[float] = []
    evaluate(KnownForecaster(truth), [truth, truth], progress=lambda f, _: told.append(f))
    assert told == [0.0, 0.5, 1.0]
    with pytest.raises(Cancelled):
        evaluate(KnownForecaster(truth), [truth], cancelled=lambda: True)


def test_simulations_may_be_files(tmp_path):
    if not hasattr(core, "save"):
        pytest.skip("core.save is not exported")
    truth = simulation()
    path = tmp_path / "run.shell.h5"
    core.save(truth, path)
    row = evaluate(KnownForecaster(truth), iter([path])).row("network", 0.028)
    assert row.mean["cavity_iou"] == 1.0
    core.save(truth.sequence, path)
    with pytest.raises(InvalidRequest, match="not a simulation"):
        evaluate(KnownForecaster(truth), [path])


def test_uniform_radii():
    truth = simulation(uniform=True)
    table = uniform_radius_table(KnownForecaster(truth), [truth, truth])
    assert len(table.rows) == 10
    first, last = table.rows[0], table.rows[-1]
    assert (last.run, last.mean_density) == (1, pytest.approx(1.0))
    assert last.time_myr == pytest.approx(0.028)
    assert last.truth_pc == last.forecast_pc
    assert math.isnan(first.truth_pc["affected"])
    assert last.truth_pc["cavity"] <= last.truth_pc["affected"] + 1e-9
    assert last.truth_pc["affected"] < last.truth_pc["dense_shell"] < last.truth_pc["affected"] + 4
    assert "dense shell" in str(table)
    json.dumps(table.as_dict(), allow_nan=False)


def test_uniform_radii_to_json(tmp_path):
    truth = simulation(uniform=True)
    uniform_radius_table(KnownForecaster(truth), [truth]).to_json(tmp_path / "u.json")
    assert len(json.loads((tmp_path / "u.json").read_text())["rows"]) == 5


def test_several_networks_are_in_one_table_with_the_same_baselines():
    truth, other = simulation(), simulation(dimple=0.3)
    first, second = KnownForecaster(truth), KnownForecaster(other)
    second.model_name = "second"
    table = evaluate([first, second], [truth, other])
    assert [*table.methods] == ["network", "second", *list(METHODS)[1:]]
    assert len(table.rows) == 5 * (len(METHODS) + 1)
    alone = evaluate(KnownForecaster(truth), [truth, other])
    assert table.row("network", 0.028) == alone.row("network", 0.028)
    assert table.row("second", 0.028).mean["cavity_iou"] > 0.5
    content = table.as_dict()
    assert content["models"] == ["known", "second"]
    assert content["model"] == "known"
    with pytest.raises(InvalidRequest, match="twice"):
        evaluate([first, KnownForecaster(truth)], [truth])


def test_networks_without_a_control_are_marked(tmp_path):
    """3D-MIM makes densities alone: the table says that its regions hold turbulence."""
    truth = simulation()
    arguments = {**config_arguments(8, 4, 3, n=truth.sequence.n), "layers": 2}
    config = ModelConfig(
        "mim-tiny",
        "mim3d",
        arguments,
        n=truth.sequence.n,
        size_pc=truth.sequence.size_pc,
        energy_erg=2e51,
    )
    save_model(config.build().state_dict(), config, tmp_path / "mim-tiny.safetensors")
    mim = core.Forecaster(tmp_path / "mim-tiny.safetensors", device="cpu", averaging=1)
    table = evaluate([KnownForecaster(truth), mim], [truth])
    assert table.uncontrolled == ("mim-tiny",)
    assert "no control" in table.methods["mim-tiny"]
    assert "no control" not in table.methods["network"]
    again = EvaluationTable.from_dict(json.loads(json.dumps(table.as_dict())))
    assert again.methods == table.methods


def test_explosions_of_one_cloud_are_drawn_together():
    """Of two clouds, the interval ends at their means, however many explosions each has."""
    values, clouds = [0.2, 0.4, 0.9, 0.9], ["a", "a", "b", "b"]
    assert interval(values, clouds) == pytest.approx((0.3, 0.9))
    low, high = interval(values, range(4))
    assert 0.2 < low < 0.6 < high <= 0.9
    assert np.isnan(interval(values, ["a"] * 4)).all()
    assert interval([*values, np.nan], [*clouds, "c"]) == pytest.approx((0.3, 0.9))
    rng = np.random.default_rng(1)
    normal = rng.normal(5.0, 1.0, 400)
    low, high = interval(normal, range(400))
    assert (high - low) / 2 == pytest.approx(1.96 / 20, rel=0.15)


def test_clouds_are_told_apart_by_their_seed():
    runs = [
        replace(simulation(dimple=0.1 * k), provenance={"parameters": {"seed": k // 2}})
        for k in range(4)
    ]
    table = evaluate(KnownForecaster(simulation()), runs)
    assert (table.n_simulations, table.n_clouds) == (4, 2)
    row = table.row("network", 0.028)
    low, high = row.interval["cavity_iou"]
    assert low < row.mean["cavity_iou"] < high


def test_dice_vrmse_and_surfaces_are_in_the_files():
    truth = simulation()
    row = evaluate(KnownForecaster(truth), [truth], surfaces=True).row("network", 0.028)
    assert row.mean["cavity_dice"] == row.mean["affected_dice"] == 1.0
    assert row.mean["log_vrmse"] == 0.0
    assert row.mean["hausdorff95_pc"] == pytest.approx(0.0, abs=1e-6)
    without = evaluate(KnownForecaster(truth), [truth]).row("network", 0.028)
    assert math.isnan(without.mean["hausdorff95_pc"])
    still = evaluate(KnownForecaster(truth), [truth]).row("control", 0.028)
    assert still.mean["log_vrmse"] > 0.1
