"""The command line, driven as a person drives it."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Timer
from types import ModuleType

import numpy as np
import pytest
import torch

import core
from core import cli
from tests.core.synthetic import write_gadget, write_well
from tests.helpers import analytic_evolution

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = ROOT.parent / "shared" / "snapshots"


@pytest.fixture(autouse=True)
def _settings_of_its_own(tmp_path, monkeypatch):
    """Keep what the command remembers apart from what the developer's does."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def shellsight(capfd):
    """Run the command; returns its exit code, and what it printed and complained of."""

    def run(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return int(left.value.code or 0), out, err

    return run


@pytest.fixture(scope="module")
def run_file(tmp_path_factory):
    """A simulation in the native format, with its control."""
    path = tmp_path_factory.mktemp("run") / "run.shell.h5"
    evolution = analytic_evolution(n=32, frames=20)
    core.save(core.Simulation(sequence=evolution.sequence, control=evolution.control), path)
    return path


def _assert_one_clear_line(err: str, *words: str) -> None:
    assert err.startswith("shellsight: ")
    assert err.count("\n") == 1
    assert "Traceback" not in err
    for word in words:
        assert word in err


def test_version_and_help(shellsight):
    assert shellsight("--version")[:2] == (0, "shellsight 0.1.0\n")
    code, out, _ = shellsight("--help")
    assert code == 0
    assert all(verb in out for verb in ("info", "forecast", "simulate", "report", "evaluate"))


def test_python_m_core_is_the_same_command():
    done = subprocess.run(
        [sys.executable, "-m", "core", "--version"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "shellsight 0.1.0\n")


def test_a_mistyped_verb_lists_the_verbs(shellsight):
    code, _, err = shellsight("forcast")
    assert code == 2
    _assert_one_clear_line(err, "forcast", "no such file", "forecast")


@pytest.mark.parametrize("args", [[], ["a.h5"], ["a.h5", "b.h5"], ["--debug", "a.h5"]])
def test_no_verb_opens_the_window_on_the_files(args, shellsight, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPLAY", ":99")
    files = [arg for arg in args if not arg.startswith("-")]
    for name in files:
        Path(name).touch()
    opened = []
    window = ModuleType("app.main")
    window.main = lambda argv, **how: opened.append((argv, how)) or 0
    monkeypatch.setitem(sys.modules, "app.main", window)
    assert shellsight(*args)[0] == 0
    plainly = {"format": None, "units": None, "trajectory": 0}
    assert opened == [(files, plainly)]
    units = core.UnitSystem(1000.0, 1.0, 1.0)
    how = ("--format", "gadget", "--units", str(units), "--trajectory", 2)
    assert shellsight(*(args or ["open"]), *how)[0] == 0
    assert opened[1] == (files, {"format": "gadget", "units": units, "trajectory": 2})


def test_the_window_takes_patterns(shellsight, monkeypatch, tmp_path):
    monkeypatch.setenv("DISPLAY", ":99")
    files = [tmp_path / f"snap_{number}.hdf5" for number in range(3)]
    for path in files:
        path.touch()
    opened = []
    window = ModuleType("app.main")
    window.main = lambda argv, **how: opened.append(argv) or 0
    monkeypatch.setitem(sys.modules, "app.main", window)
    assert shellsight(tmp_path / "snap_*.hdf5")[0] == 0
    assert opened == [[str(path) for path in files]]
    assert shellsight(tmp_path / "other_*.hdf5")[0] == 2


def test_without_a_display_it_says_what_works(shellsight, monkeypatch):
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    code, _, err = shellsight()
    assert code == 2
    _assert_one_clear_line(err, "no display", "shellsight report")


def test_without_qt_it_says_how_to_install_it(shellsight, monkeypatch, run_file):
    monkeypatch.setattr(cli.importlib.util, "find_spec", lambda name: None)
    code, _, err = shellsight(run_file)
    assert code == 2
    _assert_one_clear_line(err, "pip install 'shellsight[app]'")


def test_info_is_read_by_people_and_by_programs(shellsight, run_file):
    code, out, _ = shellsight("info", run_file)
    assert code == 0
    assert "20" in out
    code, out, _ = shellsight("info", run_file, "--json")
    assert code == 0
    facts = json.loads(out)
    assert len(facts["time_myr"]) == 20
    assert facts["box_pc"][0] == pytest.approx([60, 60, 60])


def test_files_that_are_no_snapshots_get_one_clear_line(shellsight, run_file, tmp_path):
    text = tmp_path / "notes.txt"
    text.write_text("no snapshot")
    truncated = tmp_path / "truncated.h5"
    truncated.write_bytes(run_file.read_bytes()[:5000])
    for path in (text, truncated, tmp_path / "absent.h5", tmp_path):
        code, out, err = shellsight("info", path)
        assert (code, out) == (2, "")
        _assert_one_clear_line(err, str(path))


def test_debug_shows_the_traceback_wherever_it_is_typed(shellsight, tmp_path):
    for args in (["--debug", "info", tmp_path / "no"], ["info", tmp_path / "no", "--debug"]):
        code, _, err = shellsight(*args)
        assert code == 2
        assert "Traceback" in err
        assert err.splitlines()[-1].startswith("shellsight: ")


def test_info_takes_patterns_lists_formats_and_trajectories(shellsight, tmp_path):
    for number in range(3):
        write_gadget(tmp_path / f"snap_{number}.hdf5", Time=0.1 * number)
    pattern, files = tmp_path / "snap_*.hdf5", sorted(tmp_path.glob("snap_*.hdf5"))
    answers = [shellsight("info", *what) for what in ([pattern], files, [tmp_path])]
    assert [code for code, _, _ in answers] == [0, 0, 0]
    tables = {tuple(out.splitlines()[1:]) for _, out, _ in answers}
    assert len(tables) == 1
    assert "60.0 pc box, 320 Msun, mean n_H 0.0455 cm^-3, t = 0 to 0.196 Myr" in answers[0][1]
    code, _, err = shellsight("info", pattern, "--format", "swift")
    assert code == 2
    _assert_one_clear_line(err, "SWIFT: Header/Code", "It looks like Gadget")
    code, _, err = shellsight("info", pattern, "--format", "fortran")
    assert code == 2
    _assert_one_clear_line(err, *core.formats())
    well = write_well(tmp_path / "w.hdf5", velocity_kms=1.0)
    units = ("--units", "length=pc,mass=Msun,velocity=km/s,time=Myr")
    code, out, _ = shellsight("info", well, *units, "--trajectory", 1, "--json")
    assert (code, json.loads(out)["trajectory"]) == (0, 1)
    code, _, err = shellsight("info", well, "--trajectory", 7)
    assert code == 2
    assert "no trajectory 7; the file has 0 to 1" in err.splitlines()[-1]


def test_json_has_one_entry_per_frame_and_is_never_mixed_with_notes(shellsight, tmp_path):
    for number in (0, 1, 3):
        write_gadget(tmp_path / f"snap_{number}.hdf5", Time=0.1 * number)
    code, out, err = shellsight("info", tmp_path, "--json")
    facts = json.loads(out)
    assert (code, err) == (0, "")
    assert facts["code"] == "Gadget"
    for key in ("time_myr", "box_pc", "gas_mass_msun", "mean_n_h_cm3", "count"):
        assert len(facts[key]) == 3
    assert facts["notes"] == ["snap_2 is missing."]
    code, out, _ = shellsight("info", tmp_path, "--headers")
    assert out.splitlines()[-2:] == [
        "note: snap_2 is missing.",
        "60.0 pc box, 64 particles, t = 0 to 0.293 Myr",
    ]


def test_units_given_are_kept_for_the_directory_and_said(shellsight, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    path = write_gadget(run / "snap_0.hdf5", units=None)
    write_gadget(run / "snap_1.hdf5", units=None, Time=0.2)
    code, _, err = shellsight("info", path)
    assert code == 2
    _assert_one_clear_line(err, "does not state its units", "--units")
    kpc = "length=1000.0 pc,mass=Msun,velocity=km/s"
    code, out, err = shellsight("info", path, "--units", "length=kpc,mass=Msun,velocity=km/s")
    assert (code, err) == (0, "")
    code, again, err = shellsight("info", path)
    assert (code, again) == (0, out)
    _assert_one_clear_line(err, f"units as given earlier for this directory: {kpc}", "--units")
    code, out, err = shellsight("info", run, "--json")
    assert (code, json.loads(out)["box_pc"][0][0]) == (0, pytest.approx(60_000))
    shellsight("info", run, "--units", "length=pc,mass=Msun,velocity=km/s")
    code, out, _ = shellsight("info", run, "--json")
    assert json.loads(out)["box_pc"][0][0] == pytest.approx(60)
    # What a file states wins over what was given for another.
    write_gadget(run / "snap_0.hdf5")
    code, out, err = shellsight("info", path)
    assert (code, err) == (0, "")


def test_units_that_do_not_open_the_file_are_not_kept(shellsight, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "notes.txt").write_text("text")
    assert shellsight("info", run, "--units", "length=kpc,mass=Msun,velocity=km/s")[0] == 2
    write_gadget(run / "snap_0.hdf5", units=None)
    (run / "notes.txt").unlink()
    code, _, err = shellsight("info", run)
    assert code == 2
    _assert_one_clear_line(err, "does not state its units")


def test_notes_are_said_by_the_verbs_that_use_the_run(shellsight, tmp_path):
    for number in (0, 1, 3):
        write_gadget(tmp_path / f"snap_{number}.hdf5", Time=0.1 * number)
    code, _, err = shellsight("sites", tmp_path)
    assert code == 0, err
    assert "shellsight: note: snap_2 is missing." in err


@pytest.mark.timeout(120)
def test_watch_prints_each_new_snapshot_when_it_is_complete(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    whole = write_gadget(tmp_path / "next.hdf5", Time=0.2).read_bytes()
    command = [sys.executable, "-m", "core", "info", run, "--watch", "--interval", "0.1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        # Whatever happens, no process is left that nobody reads from.
        killer = Timer(60.0, process.kill)
        killer.start()
        try:
            assert "Waiting for the first snapshot" in process.stderr.readline()
            write_gadget(tmp_path / "first.hdf5", Time=0.1).rename(run / "snap_0.hdf5")
            for line in process.stdout:
                if line.startswith("60.0 pc box"):
                    break
            assert line.endswith("t = 0.0978 Myr\n")
            (run / "snap_1.hdf5").write_bytes(whole[: len(whole) // 2])
            time.sleep(0.5)
            (run / "snap_1.hdf5").write_bytes(whole)
            assert process.stdout.readline() == (
                "snap_1.hdf5: 60.0 pc box, 320 Msun, mean n_H 0.0455 cm^-3, t = 0.196 Myr\n"
            )
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
        finally:
            killer.cancel()
            process.kill()
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err


def test_units_that_make_no_sense_are_refused(shellsight, run_file):
    code, _, err = shellsight("info", run_file, "--units", "length=furlong")
    assert code == 2
    _assert_one_clear_line(err, "furlong")


def test_wrong_options_are_usage_errors(shellsight, run_file):
    code, _, err = shellsight("forecast", run_file, "-o", "x.h5", "--center", "1,2")
    assert code == 2
    assert "x,y,z" in err


def test_forecast_writes_a_file_and_compares(shellsight, run_file, tmp_path):
    out_file, csv_file = tmp_path / "forecast.shell.h5", tmp_path / "figures.csv"
    code, out, err = shellsight(
        "forecast", run_file, "-o", out_file, "--device", "cpu", "--csv", csv_file
    )
    assert code == 0, err
    assert str(out_file) in out
    assert "given control" in out
    forecast = core.load(out_file)
    assert isinstance(forecast, core.Forecast)
    assert len(forecast) == 20
    lines = csv_file.read_text().splitlines()
    header, *rows = (line for line in lines if not line.startswith("#"))
    assert any(line.startswith("# truth: ") for line in lines)
    assert "cavity_iou" in header
    assert len(rows) == 20


def test_forecast_starts_from_the_frame_asked_for(shellsight, run_file, tmp_path):
    out_file = tmp_path / "forecast.shell.h5"
    code, _, err = shellsight("forecast", run_file, "-o", out_file, "--frame", 19)
    assert code == 0, err
    assert core.load(out_file).times_myr[0] == pytest.approx(19 * 0.007)
    code, _, err = shellsight("forecast", run_file, "-o", out_file, "--frame", 20)
    assert code == 2
    _assert_one_clear_line(err, "0 to 19")


def test_forecast_refuses_a_folder_that_is_not_there(shellsight, run_file, tmp_path):
    target = tmp_path / "no" / "forecast.shell.h5"
    code, _, err = shellsight("forecast", run_file, "-o", target)
    assert code == 2
    _assert_one_clear_line(err, "does not exist")


def test_simulate_writes_a_run_that_can_be_forecast(shellsight, tmp_path):
    target = tmp_path / "uniform.shell.h5"
    code, out, err = shellsight(
        "simulate", "-o", target, "--velocity", 0, "--n", 32, "--frames", 3, "--density", 1.5
    )
    assert code == 0, err
    assert str(target) in out
    run = core.load(target)
    assert isinstance(run, core.Simulation)
    np.testing.assert_allclose(run.control.density[0], 1.5, rtol=1e-5)
    assert run.density[-1].min() < 0.5


def test_a_device_that_is_not_there_is_refused(shellsight, tmp_path):
    if torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    code, _, err = shellsight("simulate", "-o", tmp_path / "run.shell.h5", "--device", "cuda")
    assert code == 2
    _assert_one_clear_line(err, "no CUDA device")


def test_evaluate_needs_simulations(shellsight, tmp_path):
    code, _, err = shellsight("evaluate", "--data", tmp_path)
    assert code == 2
    _assert_one_clear_line(err, str(tmp_path), "no simulation")


def test_ctrl_c_stops_with_130_and_leaves_no_file(tmp_path):
    target = tmp_path / "run.shell.h5"
    command = [sys.executable, "-m", "core", "simulate", "-o", target, "--n", "64"]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not SNAPSHOTS.is_dir(), reason="needs the shared snapshots")
def test_a_swift_run_against_its_control(shellsight, tmp_path):
    code, out, err = shellsight(
        "forecast",
        SNAPSHOTS / "swift_turbulent_a",
        *("--control", SNAPSHOTS / "swift_turbulent_a_control"),
        *("-o", tmp_path / "forecast.shell.h5"),
    )
    assert code == 0, err
    assert "given control" in out
    assert "0.133" in out
