"""Cooling and heating against the published curves and exact solutions."""

import numpy as np
import pytest
import torch

from core.constants import NH_PER_DENSITY
from core.errors import InvalidRequest
from core.simulate import cooling
from core.simulate.atomic import primordial_cooling


def test_cooling_function_matches_its_sources() -> None:
    """Koyama & Inutsuka (2002) below 10^4 K, Lambda_hd of Schure et al. (2009) above 10^4.2 K."""
    cold = 2e-26 * 1.4e-2 * 10.0 * np.exp(-0.92)
    assert cooling.cooling_function(100.0) == pytest.approx(cold, rel=1e-6)
    warm = 2e-26 * (1e7 * np.exp(-1.184e5 / 9000) + 1.4e-2 * np.sqrt(8000) * np.exp(-92 / 8000))
    assert cooling.cooling_function(8000.0) == pytest.approx(warm, rel=1e-6)
    published = {4.2: -21.5972, 5.0: -20.6815, 5.64: -21.4129, 6.0: -21.7073, 7.0: -22.3780}
    for log_t, log_lambda in published.items():
        assert np.log10(cooling.cooling_function(10**log_t)) == pytest.approx(log_lambda, abs=1e-3)


def test_curve_of_sutherland_and_dopita() -> None:
    """Their Lambda_N times n_e n_t / n_H^2; without metals close to hydrogen and helium alone."""
    for temperature, published in ((1e5, 1.02e-21), (1e6, 1.10e-22), (1e7, 2.69e-23)):
        found = cooling.cooling_function(temperature, curve="sutherland")
        assert found == pytest.approx(published * 1.16 * 1.079, rel=0.03)
        assert 0.5 < found / cooling.cooling_function(temperature) < 1.0
    assert cooling.cooling_function(50.0, curve="sutherland") == cooling.cooling_function(50.0)
    assert torch.isfinite(cooling.cooling_table(curve="sutherland").log_time).all()
    # Their curve for zero metals (10^-23.12 at 10^7 K, 10^-22.33 at 10^5 K).
    for temperature, published in ((1e5, 4.68e-23), (1e7, 7.59e-24)):
        assert primordial_cooling(temperature) == pytest.approx(published * 1.25, rel=0.1)
    with pytest.raises(InvalidRequest, match="one of schure, sutherland"):
        cooling.cooling_table(curve="spex")  # type: ignore[arg-type]


def test_thermally_unstable_between_the_two_phases() -> None:
    """The equilibrium pressure falls with density for 1 < n < 10 cm^-3 (Vazquez-Semadeni+ 2007)."""
    number_density = np.geomspace(0.1, 100, 400)
    pressure = number_density * cooling.equilibrium_temperature(number_density)
    falling = number_density[1:][np.diff(pressure) < 0]
    assert falling.min() == pytest.approx(1.0, rel=0.3)
    assert falling.max() == pytest.approx(8.0, rel=0.3)


def test_cooling_time_of_hot_gas() -> None:
    """u = 3/2 k T / mu m_H over n_H^2 Lambda / rho, for n_H = 1 and T = 10^6 K: 0.075 Myr."""
    particles = 1.0 / (0.76 * 0.59)  # per hydrogen nucleus
    expected = 1.5 * particles * 1.380649e-16 * 1e6 / 10**-21.7073 / 3.15576e13
    assert cooling.cooling_time_myr(1e6, 1.0) == pytest.approx(expected, rel=2e-3)
    assert cooling.cooling_time_myr(1e6, 10.0) == pytest.approx(expected / 10, rel=2e-3)


def test_integration_follows_an_analytic_solution() -> None:
    """Where Lambda is a power of T the time to cool is known: the table follows it."""
    table = cooling.cooling_table(dtype=torch.float64)
    # Bremsstrahlung above the table's end: Lambda ~ T^0.5.
    density, first = 1.0 / NH_PER_DENSITY, 1e9
    start = torch.tensor([float(cooling.specific_energy(first))], dtype=torch.float64)
    step = 0.5 * float(cooling.cooling_time_myr(first, 1.0))
    after = cooling.cool(torch.tensor([density], dtype=torch.float64), start, step, table)
    # du/dt = -u0/t_c (u/u0)^(1/2)  =>  u = u0 (1 - t / 2 t_c)^2
    assert float(after / start) == pytest.approx((1 - 0.25) ** 2, rel=5e-3)


def test_metals_scale_and_hydrogen_and_helium_stay() -> None:
    """Without metals what is left above 10^4 K are hydrogen, helium and bremsstrahlung."""
    temperature = np.array([50.0, 1e3, 2e4, 1e5, 1e6, 1e8])
    solar = cooling.cooling_function(temperature)
    poor = cooling.cooling_function(temperature, 0.1)
    rich = cooling.cooling_function(temperature, 3.0)
    assert np.all(poor < solar)
    assert np.all(solar < rich)
    np.testing.assert_allclose(poor[:2] / solar[:2], 0.1, rtol=0.02)  # fine-structure lines
    np.testing.assert_allclose((rich - solar) / (solar - poor), 2.0 / 0.9, rtol=0.05)
    # Bremsstrahlung of hydrogen and helium: 1.42e-27 g T^0.5 n_e (n_H + 4 n_He).
    helium = 0.24 / (4 * 0.76)
    gaunt = 1.1 + 0.34 * np.exp(-(2.5**2) / 3)
    free_free = 1.42e-27 * gaunt * 1e4 * (1 + 2 * helium) * (1 + 4 * helium)
    assert primordial_cooling(1e8) == pytest.approx(free_free, rel=0.03)
    # Lyman alpha: collisional excitation peaks near 10^4.3 K, helium's near 10^5 K.
    grid = np.geomspace(1e4, 1e7, 300)
    curve = primordial_cooling(grid)
    peaks = grid[1:-1][(curve[1:-1] > curve[:-2]) & (curve[1:-1] > curve[2:])]
    assert np.log10(peaks) == pytest.approx([4.27, 4.98], abs=0.1)


def test_metallicity_moves_the_warm_phase_but_not_the_cold_balance() -> None:
    """Dust heats and lines cool alike: cold gas stays where it is, cooling times do not."""
    assert cooling.equilibrium_temperature(100.0, 0.3) == pytest.approx(
        float(cooling.equilibrium_temperature(100.0)), rel=0.01
    )
    assert cooling.cooling_time_myr(1e5, 1.0, 0.1) > 5 * cooling.cooling_time_myr(1e5, 1.0)
    with pytest.raises(InvalidRequest, match=r"0\.001 and 10"):
        cooling.cooling_table(metallicity=0.0)


def test_gas_stops_at_the_floor() -> None:
    """Very dense gas cools to the floor in one long step and no further."""
    table = cooling.cooling_table(dtype=torch.float64)
    dense = torch.tensor([3e4], dtype=torch.float64)
    energy = torch.as_tensor(cooling.specific_energy([1e4]))
    for _ in range(5):
        energy = cooling.cool(dense, energy, 1.0, table)
    assert float(cooling.temperature(energy, table)) == pytest.approx(
        cooling.MIN_TEMPERATURE_K, rel=2e-3
    )


def test_equilibrium_of_the_cold_neutral_medium() -> None:
    """n_H = 45 cm^-3 settles at some tens of K, thin gas near 10^4 K; dense gas is colder."""
    dense, cloud, thin = cooling.equilibrium_temperature([1000.0, 45.0, 0.1])
    assert 20 <= dense < cloud < 100
    assert 5000 < thin < 12000
    balance = 45.0 * cooling.cooling_function(cloud) / cooling.HEATING_ERG_S
    assert balance == pytest.approx(1.0, rel=0.02)


def test_mean_molecular_weight_limits() -> None:
    """1.27 for neutral, 0.59 for ionised gas."""
    assert cooling.mean_molecular_weight(100.0) == pytest.approx(1.27, rel=1e-3)
    assert cooling.mean_molecular_weight(1e6) == pytest.approx(0.59, rel=1e-3)


def test_temperature_inverts_the_specific_energy() -> None:
    """T -> u -> T over eight decades."""
    expected = np.geomspace(25.0, 1e9, 50)
    energy = torch.as_tensor(cooling.specific_energy(expected), dtype=torch.float32)
    found = cooling.temperature(energy, cooling.cooling_table()).numpy()
    np.testing.assert_allclose(found, expected, rtol=2e-3)


def test_exact_integration_does_not_depend_on_the_step() -> None:
    """One long step equals a hundred short ones while heating does not matter."""
    table = cooling.cooling_table(dtype=torch.float64)
    density = torch.tensor([0.3, 1.3, 10.0], dtype=torch.float64)
    start = torch.as_tensor(cooling.specific_energy([1e6, 3e6, 1e7]), dtype=torch.float64)
    once = cooling.cool(density, start, 1e-3, table)
    energy = start
    for _ in range(100):
        energy = cooling.cool(density, energy, 1e-5, table)
    np.testing.assert_allclose(energy.numpy(), once.numpy(), rtol=5e-3)
    assert torch.all(once < start)


def test_no_time_no_change() -> None:
    """A step of no length leaves gas that is above equilibrium exactly as it is."""
    table = cooling.cooling_table()
    energy = torch.as_tensor(cooling.specific_energy(np.geomspace(2e4, 1e8, 200))).float()
    after = cooling.cool(torch.ones(200), energy, 0.0, table)
    np.testing.assert_allclose(after.numpy(), energy.numpy(), rtol=1e-6)


def test_gas_settles_at_its_equilibrium_from_both_sides() -> None:
    """Hot and cold gas at n_H = 45 end at the same temperature."""
    table = cooling.cooling_table()
    density = torch.full((2,), 1.34)
    energy = torch.as_tensor(cooling.specific_energy([5000.0, 25.0])).float()
    for _ in range(200):
        energy = cooling.cool(density, energy, 0.01, table)
    hot, cold = cooling.temperature(energy, table).tolist()
    expected = float(cooling.equilibrium_temperature(1.34 * NH_PER_DENSITY))
    assert cold == pytest.approx(expected, rel=0.02)
    assert hot == pytest.approx(expected, rel=0.02)
