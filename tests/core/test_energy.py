"""What a computation costs: the meter, its sources, and the ratio of two costs."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

import core
from core import energy
from core.energy import COST_KEYS, WATTS_PER_CORE, EnergyMeter, Expense, Saving, saving
from core.evolution import Forecast, Simulation
from tests.helpers import analytic_evolution


def busy(seconds: float) -> None:
    """Keep a core busy for some processor time."""
    start = energy._cpu_seconds()
    values = np.linspace(0.0, 1.0, 20_000)
    while energy._cpu_seconds() - start < seconds:
        values = np.sqrt(values + 1.0)


@pytest.fixture
def no_counters(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """A machine whose processor cannot be read, as most are to those who are not root."""
    monkeypatch.setattr(energy, "POWERCAP", tmp_path / "nowhere")


@pytest.mark.usefixtures("no_counters")
def test_without_counters_the_energy_is_processor_time_times_a_stated_power() -> None:
    """And the method says so, with its source."""
    with EnergyMeter() as meter:
        busy(0.2)
    expense = meter.expense
    assert expense.cpu_time_s == pytest.approx(0.2, abs=0.1)
    assert expense.wall_time_s >= 0.9 * expense.cpu_time_s
    assert expense.energy_j == pytest.approx(WATTS_PER_CORE * expense.cpu_time_s)
    assert "12 W per core" in expense.energy_method
    assert "Green Algorithms" in expense.energy_method
    assert expense.device.startswith("CPU")
    assert meter.expense == expense  # it stands still once the block is left


@pytest.mark.usefixtures("no_counters")
def test_children_count() -> None:
    """Processor time of a process that was started and has ended."""
    program = "import time\nwhile time.process_time() < 0.3: pass"
    with EnergyMeter() as meter:
        subprocess.run([sys.executable, "-S", "-c", program], check=True)
    assert meter.expense.cpu_time_s > 0.25


def test_the_counters_of_the_packages_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    """Two packages, one of whose counters begins anew; their parts are not counted twice."""
    counters = {"intel-rapl:0": 1_000_000, "intel-rapl:1": 9_500_000, "intel-rapl:0:0": 5}
    for name, value in counters.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "energy_uj").write_text(f"{value}\n")
        (tmp_path / name / "max_energy_range_uj").write_text("10000000\n")
    monkeypatch.setattr(energy, "POWERCAP", tmp_path)
    with EnergyMeter() as meter:
        (tmp_path / "intel-rapl:0" / "energy_uj").write_text("4000000\n")
        (tmp_path / "intel-rapl:1" / "energy_uj").write_text("500000\n")
        (tmp_path / "intel-rapl:0:0" / "energy_uj").write_text("900000\n")
    assert meter.expense.energy_j == pytest.approx(4.0)
    assert "RAPL" in meter.expense.energy_method
    (tmp_path / "intel-rapl:0" / "energy_uj").unlink()
    with EnergyMeter() as meter:
        pass
    assert "Green Algorithms" in meter.expense.energy_method


def test_a_gpu_that_cannot_be_read_has_no_energy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is made up: None, and why."""
    monkeypatch.setattr(energy._GpuCounter, "of", classmethod(lambda cls, device: None))
    with EnergyMeter("cuda:0", "some GPU") as meter:
        pass
    assert meter.expense.energy_j is None
    assert "cannot be read" in meter.expense.energy_method
    assert meter.expense.device == "some GPU"


def test_the_counter_of_a_gpu() -> None:
    """On a machine with one: work on it takes energy."""
    torch = pytest.importorskip("torch")
    if not torch.cuda.is_available():
        pytest.skip("there is no CUDA device here")
    with EnergyMeter("cuda") as meter:
        a = torch.randn(4096, 4096, device="cuda")
        for _ in range(300):
            a = (a @ a).clamp(-1.0, 1.0)
        torch.cuda.synchronize()
    assert "NVML" in meter.expense.energy_method
    assert meter.expense.energy_j > 10.0
    assert meter.device_name == torch.cuda.get_device_name()


def test_parts_of_a_computation_add_up() -> None:
    """Times and energies; what one part does not know, the sum does not."""
    one = Expense(1.0, 2.0, "CPU", 24.0, "a")
    assert one + one == Expense(2.0, 4.0, "CPU", 48.0, "a")
    mixed = one + Expense(3.0, None, "GPU", None, "b")
    assert (mixed.wall_time_s, mixed.cpu_time_s, mixed.energy_j) == (4.0, None, None)
    assert (mixed.device, mixed.energy_method) == ("CPU; GPU", "a; b")


def test_a_provenance_keeps_them() -> None:
    """There and back through JSON; older files know the time only; others nothing."""
    one = Expense(1.5, 2.0, "CPU", 24.0, "a")
    stored = json.loads(json.dumps(one.as_provenance()))
    assert Expense.from_provenance(stored) == one
    assert set(stored) - {"device"} <= set(COST_KEYS)
    assert Expense.from_provenance({"wall_seconds": 30.0}) == Expense(30.0)
    assert Expense.from_provenance({"code": "another"}) is None


def test_ratios() -> None:
    """Of time and energy, with two figures; no ratio of two forecasts."""
    cheap, dear = Expense(0.5, 0.5, "CPU", 6.0), Expense(60.0, 60.0, "CPU", 720.0)
    found = saving(cheap.as_provenance(), dear.as_provenance())
    assert found == Saving(120.0, 120.0)
    assert str(found) == "Forecast against simulation: 120× less time, 120× less energy (estimate)."
    older = saving(cheap.as_provenance(), {"wall_seconds": 3.14159})
    assert str(older) == "Forecast against simulation: 6.3× less time."
    dearer = saving(dear.as_provenance(), cheap.as_provenance())
    assert str(dearer).endswith("120× more time, 120× more energy (estimate).")
    assert saving(cheap.as_provenance(), {"model": "unet-32", **dear.as_provenance()}) is None
    assert saving({}, dear.as_provenance()) is None


def test_a_comparison_says_what_was_saved(tmp_path) -> None:
    """For a simulation, also after it was saved and opened as a series; not for other truths."""
    real = analytic_evolution(frames=3)
    dear = Expense(60.0, 100.0, "CPU", 1200.0, "m").as_provenance()
    truth = Simulation(real.sequence, real.control, provenance=dear)
    cheap = Expense(0.5, 1.0, "CPU", 12.0, "m").as_provenance()
    forecast = Forecast(real.sequence, real.control, provenance={"model": "x", **cheap})
    comparison = core.compare(forecast, truth, surfaces=False)
    assert comparison.control_source == "given"
    assert str(comparison).endswith("120× less time, 100× less energy (estimate).")
    assert comparison.as_dict()["saving"] == {"time": 120.0, "energy": 100.0}
    assert core.compare(forecast, truth.sequence, surfaces=False).saving is None
    core.save(truth, tmp_path / "run.shell.h5")
    cubes = core.voxelize(core.open(tmp_path / "run.shell.h5"), size_pc=60.0, n=32)
    assert core.compare(forecast, cubes, surfaces=False).saving == Saving(120.0, 100.0)


def test_forecasts_state_their_cost() -> None:
    """Wall time, processor time, device and energy, in the provenance of every part."""
    cube = analytic_evolution(frames=2).sequence[0]
    forecast = core.Forecaster("thin-shell").forecast(cube)
    expense = Expense.from_provenance(forecast.provenance)
    assert expense is not None
    assert 0 < expense.wall_time_s < 60
    assert expense.energy_j is not None
    assert math.isfinite(expense.energy_j)
    assert expense.energy_method
    assert forecast.sequence.provenance == forecast.provenance
