"""The report: what Shellsight does where there is no display."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

import core
from app.exports.report import make_report
from core.errors import InvalidRequest
from tests.helpers import analytic_evolution

ROOT = Path(__file__).resolve().parents[2]


class KnowsTheTruth:
    """A forecaster that answers with the evolution that the test files hold."""

    model_name = "oracle"

    def __init__(self, model, device):
        pass

    def forecast(self, cube, *, energy_erg=1e51, progress=None, cancelled=None):
        evolution = analytic_evolution()
        return core.Forecast(evolution.sequence, evolution.control)


@pytest.fixture
def run_file(tmp_path):
    evolution = analytic_evolution()
    path = tmp_path / "run.shell.h5"
    core.save(core.Simulation(evolution.sequence, evolution.control), path)
    return path


def test_a_report_is_a_forecast_pictures_and_figures(qapp, run_file, tmp_path, monkeypatch):
    monkeypatch.setitem(vars(core), "Forecaster", KnowsTheTruth)
    made = make_report(tmp_path / "new" / "folder", source=run_file)
    names = {file.name for file in made.files}
    assert names == {"forecast.h5", "figures.csv", "truth.png", "forecast.png"}
    assert all(file.is_file() for file in made.files)
    assert isinstance(core.load(made.files[0]), core.Forecast)
    for file in made.files:
        if file.suffix == ".png":
            assert QImage(str(file)).width() == 1200


def test_a_single_frame_has_nothing_to_compare_with(qapp, tmp_path, monkeypatch):
    monkeypatch.setitem(vars(core), "Forecaster", KnowsTheTruth)
    path = tmp_path / "frame.shell.h5"
    core.save(analytic_evolution().sequence[0], path)
    made = make_report(tmp_path, source=path)
    assert {file.name for file in made.files} == {"forecast.h5", "forecast.png"}


def test_a_file_is_no_place_for_a_report(run_file):
    with pytest.raises(InvalidRequest, match="is a file"):
        make_report(run_file, source=run_file)


def test_the_command_reports_on_the_sample_without_a_display(tmp_path):
    screenless = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "-m", "core", "report", "-o", tmp_path / "out"],
        cwd=ROOT,
        env=screenless,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert str(tmp_path / "out") in done.stdout
    assert len(list((tmp_path / "out").iterdir())) == 4
