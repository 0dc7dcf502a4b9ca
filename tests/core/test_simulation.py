"""Whole runs: what goes in, what comes out, and that it comes out again."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import core
from core.cli import main
from core.constants import NH_PER_DENSITY
from core.cubes import Cube
from core.errors import Cancelled, InvalidRequest
from core.evolution import Simulation
from core.metrics import radial_momentum
from core.simulate import (
    Explosion,
    SimulationParameters,
    cloud_of,
    hydro,
    make_cloud,
    simulate,
    simulate_batch,
)

SMALL = SimulationParameters(
    seed=5, n=24, size_pc=40.0, frame_count=4, settle_myr=1.0, require_resolved=False
)


def distances(run: Simulation) -> np.ndarray:
    """Distance of each cell from the centre in pc."""
    n, size = run.density.shape[-1], run.sequence.size_pc
    x = (np.arange(n) + 0.5) * size / n - 0.5 * size
    return np.sqrt(sum(axis**2 for axis in np.meshgrid(x, x, x, indexing="ij")))


def added_momentum(run: Simulation, frame: int) -> float:
    """Radial momentum that the explosion adds, Msun km/s."""
    with_it, without = (
        radial_momentum(cube.density, cube.fields["velocity"], cube.voxel_pc)
        for cube in (run.sequence[frame], run.control[frame])
    )
    return with_it - without


def test_momentum_in_a_uniform_medium() -> None:
    """Kim & Ostriker (2015): 2.8e5 n^-0.17 Msun km/s, here within 15 per cent."""
    run = simulate(
        SimulationParameters(
            mean_density=45.0 / NH_PER_DENSITY,
            rms_velocity_kms=0.0,
            n=48,
            size_pc=36.0,
            interval_myr=0.01,
            frame_count=14,
        )
    )
    expected = 2.8e5 * 45.0**-0.17
    assert added_momentum(run, -1) == pytest.approx(expected, rel=0.15)


def test_turbulent_run_has_its_control_and_is_reproducible(tmp_path) -> None:
    """Same seed, same run bit by bit; frame 0 is shared; only the site's surroundings differ."""
    texts: list[str] = []
    run = simulate(SMALL, progress=lambda fraction, text: texts.append(text))
    again = simulate(SMALL)
    for name in ("density", "temperature", "velocity"):
        np.testing.assert_array_equal(run.sequence.fields[name], again.sequence.fields[name])
        np.testing.assert_array_equal(run.control.fields[name], again.control.fields[name])
    np.testing.assert_array_equal(run.density[0], run.control.density[0])
    ratio = run.density[-1] / run.control.density[-1]
    r = distances(run)
    assert ratio[r < 3].min() < 0.5
    # Not exactly zero: the control takes other time steps.
    assert np.abs(np.log10(ratio[r > 22])).max() < 0.03
    shown = [f"The shell expands: frame {k} of 4" for k in range(1, 5)]
    assert list(dict.fromkeys(texts)) == ["Turbulence shapes the cloud", *shown]
    other = simulate(replace(SMALL, seed=6, frame_count=2))
    assert np.abs(other.density[0] / run.density[0] - 1).max() > 0.1

    core.save(run, tmp_path / "run.shell.h5")
    kept = core.load(tmp_path / "run.shell.h5")
    assert isinstance(kept, Simulation)
    for name in ("density", "temperature", "velocity"):
        np.testing.assert_array_equal(kept.sequence.fields[name], run.sequence.fields[name])
        np.testing.assert_array_equal(kept.control.fields[name], run.control.fields[name])
    assert kept.provenance["parameters"]["seed"] == kept.provenance["seed"] == 5
    assert kept.provenance["version"] == run.provenance["version"]
    injection = kept.provenance["injections"][0]
    assert injection["energy_erg"] == 1e51
    assert injection["injection_radius_pc"] >= 2 * 40.0 / 24 * 0.999


def test_several_explosions_at_their_times_and_places() -> None:
    """Two supernovae 0.01 Myr and 12 pc apart: heat appears after each time, at each place."""
    base = replace(
        SMALL, rms_velocity_kms=0.0, mean_density=0.03, interval_myr=0.005, frame_count=4
    )
    explosions = (
        Explosion(time_myr=0.0075, site_pc=(6.0, 0.0, 0.0), ejecta_msun=10.0),
        Explosion(time_myr=0.0, site_pc=(-6.0, 0.0, 0.0), energy_erg=5e50),
    )
    run = simulate(replace(base, explosions=explosions))
    temperature = run.sequence.fields["temperature"]
    early, late = (7, 12, 12), (15, 12, 12)  # cells around x = -6 and 6 pc
    assert temperature[1][early] > 1e6 > temperature[1][late]
    assert temperature[2][late] > 1e6
    assert run.site_pc == (-6.0, 0.0, 0.0)
    assert run.energy_erg == 5e50
    assert [entry["time_myr"] for entry in run.provenance["injections"]] == [0.0, 0.0075]
    mass = run.density.sum((1, 2, 3), dtype=np.float64) * run.sequence.voxel_pc**3
    assert mass[:3] - mass[0] == pytest.approx([0.0, 5.0, 15.0], abs=0.01)
    assert np.abs(run.control.density / run.control.density[0] - 1).max() < 1e-3
    with pytest.raises(InvalidRequest, match="after the last frame"):
        replace(base, explosions=(Explosion(time_myr=0.02),))
    with pytest.raises(InvalidRequest, match="negative"):
        Explosion(time_myr=-1.0)


def test_what_the_grid_cannot_resolve_is_refused() -> None:
    """By default; the message says how many cells would do."""
    parameters = replace(SMALL, size_pc=60.0, rms_velocity_kms=0.0, require_resolved=True)
    with pytest.raises(InvalidRequest, match=r"at least \d+ cells"):
        simulate(parameters)


def test_less_metal_more_momentum() -> None:
    """Gas that cools later is pushed longer (Cioffi et al. 1988: a power of -0.14 to -0.2)."""
    base = replace(
        SMALL, n=32, rms_velocity_kms=0.0, interval_myr=0.02, frame_count=6, mean_density=0.3
    )
    solar, poor = (added_momentum(simulate(replace(base, metallicity=z)), -1) for z in (1.0, 0.1))
    assert 1.1 < poor / solar < 2.0


def test_batch_gives_what_single_runs_give() -> None:
    """Common time steps change little; energies and sites stay each run's own."""
    first = replace(SMALL, rms_velocity_kms=0.0, mean_density=0.3, frame_count=3)
    second = replace(first, mean_density=0.6, energy_erg=2e51)
    batch = simulate_batch([first, second])
    for parameters, member in zip((first, second), batch, strict=True):
        single = simulate(parameters)
        error = np.abs(np.log10(member.density / single.density))
        assert error.mean() < 0.01
        assert member.energy_erg == parameters.energy_erg
        assert member.provenance["batch"] == 2
    with pytest.raises(InvalidRequest, match="same grid"):
        simulate_batch([first, replace(second, n=32)])


def test_beginning_from_a_cube_of_another_code() -> None:
    """Density, temperature and velocity survive; what is missing or empty is named."""
    n = 16
    rng = np.random.default_rng(1)
    fields = {
        "density": rng.uniform(0.5, 2.0, (n, n, n)),
        "temperature": rng.uniform(50.0, 500.0, (n, n, n)),
        "velocity": rng.normal(0.0, 5.0, (n, n, n, 3)),
    }
    cube = Cube(fields=fields, size_pc=20.0)
    run = simulate(SimulationParameters(n=n, size_pc=20.0, frame_count=2), cloud=cloud_of(cube))
    np.testing.assert_allclose(run.density[0], cube.density, rtol=1e-6)
    np.testing.assert_allclose(
        run.sequence.fields["temperature"][0], cube.fields["temperature"], rtol=2e-3
    )
    np.testing.assert_allclose(
        run.sequence.fields["velocity"][0], cube.fields["velocity"], rtol=1e-4, atol=1e-4
    )
    with pytest.raises(InvalidRequest, match="lacks temperature and velocity"):
        cloud_of(Cube(fields={"density": fields["density"]}, size_pc=20.0))
    holes = dict(fields, density=np.where(fields["density"] < 0.6, 0.0, fields["density"]))
    with pytest.raises(InvalidRequest, match="are empty"):
        cloud_of(Cube(fields=holes, size_pc=20.0))


def test_simulation_stops_when_told() -> None:
    """The cancel check is asked at every time step."""
    asked = iter([False, False, True])
    with pytest.raises(Cancelled):
        make_cloud(SimulationParameters(n=16), cancelled=lambda: next(asked))


def test_bad_parameters_are_refused() -> None:
    """Each message names what would be right."""
    with pytest.raises(InvalidRequest, match="16 cells"):
        SimulationParameters(n=8)
    with pytest.raises(InvalidRequest, match="positive"):
        SimulationParameters(mean_density=0.0)
    with pytest.raises(InvalidRequest, match=r"between 0\.001 and 10"):
        SimulationParameters(metallicity=100.0)


def test_cloud_keeps_its_mass_and_gains_contrast() -> None:
    """Turbulence in a periodic box moves gas about and loses none."""
    parameters = replace(SMALL, n=32)
    cloud = make_cloud(parameters)
    density = cloud[0, 0].double()
    assert float(density.mean()) == pytest.approx(parameters.mean_density, rel=1e-6)
    assert float(density.std() / density.mean()) > 1.0
    assert float(hydro.pressure(cloud).min()) > 0
    assert cloud.dtype == torch.float32


def test_command_line_makes_such_a_run(tmp_path, monkeypatch, capsys) -> None:
    """Explosions, metallicity, Mach number and The Well's layout from the command line."""
    h5py = pytest.importorskip("h5py")
    run, well = tmp_path / "run.shell.h5", tmp_path / "run.hdf5"
    words = (
        f"simulate -o {run} --well {well} --n 16 --size 20 --mach 3 --index 3.667 --frames 3 "
        f"--metallicity 0.5 --cooling sutherland --density 0.1 "
        f"--explosion 0,1,0,0 --explosion 0.008,-2,0,0"
    ).split()
    monkeypatch.setattr("sys.argv", ["shellsight", *words])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code in (0, None), capsys.readouterr().err
    made = core.load(run)
    assert isinstance(made, Simulation)
    parameters = made.provenance["parameters"]
    assert parameters["mach"] == 3.0
    assert parameters["cooling_curve"] == "sutherland"
    assert [e["site_pc"] for e in made.provenance["injections"]] == [[1, 0, 0], [-2, 0, 0]]
    with h5py.File(well) as file:
        np.testing.assert_allclose(file["t0_fields/density"][0], made.density, rtol=1e-6)
    monkeypatch.setattr("sys.argv", ["shellsight", *words[:3], "--explosion", "now"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert "four numbers" in capsys.readouterr().err
