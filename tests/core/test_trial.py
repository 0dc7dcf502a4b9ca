"""A forecast set beside the run it was made from."""

import numpy as np
import pytest

import core
from core.errors import Cancelled, InvalidRequest
from core.progress import check_cancelled, report
from core.trial import run_trial
from tests.helpers import analytic_evolution

EVOLUTION = analytic_evolution(n=32, frames=20)


class KnowsTheTruth:
    """A forecaster that answers with the evolution that the test files hold."""

    def forecast(self, cube, *, energy_erg=None, progress=None, cancelled=None):
        np.testing.assert_allclose(cube.density, EVOLUTION.density[0], rtol=1e-5)
        check_cancelled(cancelled, "The forecast")
        report(progress, 1.0, "Done")
        energy = 1e51 if energy_erg is None else energy_erg  # as every model does
        return core.Forecast(EVOLUTION.sequence, EVOLUTION.control, energy_erg=energy)


def _series(folder, thing):
    path = folder / "run.shell.h5"
    core.save(thing, path)
    return core.open(path)


def test_a_perfect_forecast_gets_perfect_figures(tmp_path):
    series = _series(tmp_path, core.Simulation(EVOLUTION.sequence, EVOLUTION.control))
    seen = []
    trial = run_trial(series, KnowsTheTruth(), progress=lambda part, text: seen.append(part))
    assert trial.comparison.control_source == "given"
    assert len(trial.comparison) == 20
    np.testing.assert_allclose(trial.comparison.column("cavity_iou"), 1.0)
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    truth = trial.true_evolution()
    np.testing.assert_allclose(truth.times_myr, trial.forecast.times_myr)


def test_without_a_control_the_forecasts_own_stands_in(tmp_path):
    trial = run_trial(_series(tmp_path, EVOLUTION.sequence), KnowsTheTruth())
    assert trial.control is None
    assert trial.comparison.control_source == "forecast"
    np.testing.assert_allclose(trial.true_evolution().control.density, EVOLUTION.control.density)


def test_a_single_snapshot_is_forecast_and_not_compared(tmp_path):
    trial = run_trial(_series(tmp_path, EVOLUTION.sequence[0]), KnowsTheTruth())
    assert len(trial.forecast) == 20
    assert trial.truth is None
    assert trial.comparison is None
    assert trial.true_evolution() is None


def test_frames_beyond_the_forecast_are_not_read(tmp_path):
    sequence = EVOLUTION.sequence
    late = core.CubeSequence(sequence.fields, sequence.times_myr * 2, sequence.size_pc)
    trial = run_trial(_series(tmp_path, late), KnowsTheTruth())
    assert trial.truth.times_myr[-1] <= EVOLUTION.times_myr[-1] + 1e-6
    assert len(trial.truth) == 10


def test_it_stops_when_told_to(tmp_path):
    series = _series(tmp_path, EVOLUTION.sequence)
    with pytest.raises(Cancelled):
        run_trial(series, KnowsTheTruth(), cancelled=lambda: True)


def test_a_frame_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="0 to 19"):
        run_trial(_series(tmp_path, EVOLUTION.sequence), KnowsTheTruth(), frame=20)
