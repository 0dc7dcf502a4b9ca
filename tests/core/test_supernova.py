"""The explosion and what the gas around it does, against theory."""

import numpy as np
import pytest
import torch

from core.constants import ERG_TO_CODE, NH_PER_DENSITY, PC_PER_KMS_MYR
from core.errors import Cancelled, InvalidRequest
from core.evolution import Simulation
from core.metrics import radial_momentum
from core.simulate import SimulationParameters, hydro, make_cloud, simulate
from core.simulate.run import evolve, place_site
from core.simulate.supernova import explode, shell_formation_radius_pc


def radii(n: int, size_pc: float) -> np.ndarray:
    """Distance of each cell from the centre of the grid, (n, n, n), in pc."""
    x = (np.arange(n) + 0.5) * size_pc / n - 0.5 * size_pc
    return np.sqrt(sum(axis**2 for axis in np.meshgrid(x, x, x, indexing="ij")))


def added_momentum(simulation: Simulation, frame: int) -> float:
    """Radial momentum that the explosion adds, Msun km/s."""
    with_it, without = (
        radial_momentum(cube.density, cube.fields["velocity"], cube.voxel_pc)
        for cube in (simulation.sequence[frame], simulation.control[frame])
    )
    return with_it - without


def test_sedov_taylor_radius_and_symmetry() -> None:
    """An adiabatic blast has its density peak at 1.15 (E t^2/rho)^(1/5), alike on every axis."""
    n, size, time_myr = 48, 60.0, 0.05
    gas = hydro.from_primitive(
        torch.full((1, n, n, n), 1.0), torch.zeros(1, 3, n, n, n), torch.full((1, n, n, n), 1e-3)
    )
    state = explode(gas, size, ejecta_msun=0.0, radius_pc=2.5)
    state = evolve(state, time_myr, size / n, "outflow", cooling=False)
    density = state[0, 0].numpy()
    expected = 1.1517 * (1e51 * ERG_TO_CODE * (time_myr * PC_PER_KMS_MYR) ** 2 / 1.0) ** 0.2
    r = radii(n, size)
    bins = np.arange(5, 28, 0.625)
    index = np.digitize(r.ravel(), bins)
    profile = [density.ravel()[index == i].mean() for i in range(1, len(bins))]
    peak = bins[int(np.argmax(profile))] + 0.3125
    assert peak == pytest.approx(expected, rel=0.05)
    for axes in ((1, 0, 2), (2, 1, 0)):
        assert np.abs(density - density.transpose(axes)).max() < 4e-2 * density.max()
    for axis in range(3):
        assert np.allclose(density, np.flip(density, axis), rtol=2e-3)


def test_explosion_adds_its_energy_and_mass_and_nothing_else() -> None:
    """1e51 erg and 5 Msun enter; the momentum that enters is that of the ejecta alone."""
    n, size = 32, 60.0
    gas = hydro.from_primitive(
        torch.full((1, n, n, n), 1.3, dtype=torch.float64),
        torch.zeros(1, 3, n, n, n, dtype=torch.float64),
        torch.full((1, n, n, n), 1.0, dtype=torch.float64),
    )
    added = (explode(gas, size) - gas).sum((0, 2, 3, 4)) * (size / n) ** 3
    assert float(added[0]) == pytest.approx(5.0, rel=1e-9)
    assert float(added[4]) == pytest.approx(1e51 * ERG_TO_CODE, rel=1e-9)
    assert float(added[1:4].abs().max()) == 0.0


def test_explosion_near_the_edge_is_refused() -> None:
    """The message says how far from the edge it must be."""
    gas = hydro.from_primitive(
        torch.ones(1, 16, 16, 16), torch.zeros(1, 3, 16, 16, 16), torch.ones(1, 16, 16, 16)
    )
    with pytest.raises(InvalidRequest, match="5 cells from the edge"):
        explode(gas, 60.0, (25.0, 0.0, 0.0))


def test_shell_formation_radius_of_kim_and_ostriker() -> None:
    """22.6 pc at n = 1, 4.6 pc at n = 45."""
    assert shell_formation_radius_pc(1.0) == pytest.approx(22.6)
    assert shell_formation_radius_pc(45.0) == pytest.approx(4.57, abs=0.05)


def test_momentum_in_a_uniform_medium() -> None:
    """Kim & Ostriker (2015): 2.8e5 n^-0.17 Msun km/s, here within 15 per cent."""
    density = 45.0 / NH_PER_DENSITY
    run = simulate(
        SimulationParameters(
            mean_density=density,
            rms_velocity_kms=0.0,
            n=48,
            size_pc=36.0,
            interval_myr=0.01,
            frame_count=14,
        )
    )
    expected = 2.8e5 * 45.0**-0.17
    assert added_momentum(run, -1) == pytest.approx(expected, rel=0.15)


def test_turbulent_run_has_its_control_and_is_reproducible() -> None:
    """Same seed, same run; frame 0 is shared; only the surroundings of the site differ."""
    parameters = SimulationParameters(seed=5, n=24, frame_count=4, settle_myr=1.0)
    texts: list[str] = []
    run = simulate(parameters, progress=lambda fraction, text: texts.append(text))
    again = simulate(parameters)
    np.testing.assert_array_equal(run.density, again.density)
    np.testing.assert_array_equal(run.density[0], run.control.density[0])
    ratio = run.density[-1] / run.control.density[-1]
    assert ratio[radii(24, 60.0) < 4].min() < 0.5
    # Not exactly zero: the control takes other time steps.
    assert np.abs(np.log10(ratio[radii(24, 60.0) > 28])).max() < 0.02
    assert run.provenance["parameters"]["seed"] == 5
    assert len(set(texts)) == 3


def test_place_site_moves_the_site_to_the_centre() -> None:
    """The gas at the chosen fractions of the box ends in the middle of the grid."""
    cloud = torch.zeros(1, 5, 16, 16, 16)
    cloud[0, 0, 4, 12, 8] = 1.0
    moved = place_site(cloud, (4 / 16, 12 / 16, 8 / 16))
    assert moved[0, 0, 8, 8, 8] == 1.0


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
