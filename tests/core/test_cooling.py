"""Cooling and heating against the published curves and exact solutions."""

import numpy as np
import pytest
import torch

from core.simulate import cooling


def test_cooling_function_matches_its_sources() -> None:
    """Koyama & Inutsuka (2002) at 100 and 1000 K, Schure et al. (2009) at 10^5 and 10^7 K."""
    cold = 2e-26 * 1.4e-2 * 10.0 * np.exp(-0.92)
    assert cooling.cooling_function(100.0) == pytest.approx(cold, rel=1e-6)
    assert np.log10(cooling.cooling_function(1e5)) == pytest.approx(-20.7565, abs=1e-3)
    assert np.log10(cooling.cooling_function(1e7)) == pytest.approx(-22.4603, abs=1e-3)


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
    expected = float(cooling.equilibrium_temperature(1.34 * 33.25))
    assert cold == pytest.approx(expected, rel=0.1)
    assert hot == pytest.approx(expected, rel=0.3)
