"""Random velocity fields: what is asked for is what comes out."""

import numpy as np
import pytest

from core.simulate import SimulationParameters, make_cloud
from core.simulate.hydro import velocity
from core.simulate.turbulence import power_spectrum, turbulent_velocity


@pytest.mark.parametrize("index", [11 / 3, 4.0, 2.5])
def test_spectrum_has_the_chosen_slope(index: float) -> None:
    """The measured power falls as k^-index from the largest waves to those of four cells."""
    field = turbulent_velocity(64, 10.0, np.random.default_rng(1), index)
    k, power = power_spectrum(field, 60.0)
    inner = slice(2, 14)  # the lowest hold too few modes, the highest are cut off
    slope = np.polyfit(np.log(k[inner]), np.log(power[inner]), 1)[0]
    assert slope == pytest.approx(-index, abs=0.25)
    assert power[20:].max() < 1e-8 * power[0]


def test_power_of_a_wave_is_known() -> None:
    """One sine of amplitude one has half of its square in two modes."""
    x = np.arange(32) / 32
    field = np.broadcast_to(np.sin(2 * np.pi * 3 * x)[:, None, None], (1, 32, 32, 32))
    k, power = power_spectrum(field, 10.0)
    assert k[2] == pytest.approx(2 * np.pi * 3 / 10)
    lengths = np.rint(np.linalg.norm(np.indices((7, 7, 7)).reshape(3, -1).T - 3.0, axis=1))
    modes = (lengths == 3).sum()
    assert power[2] * modes == pytest.approx(0.5 * 1000.0)
    assert power[5] < 1e-20


def test_field_has_its_dispersion_and_no_divergence() -> None:
    """Root mean square, zero mean and zero divergence, in Fourier space."""
    field = turbulent_velocity(32, 7.0, np.random.default_rng(2)).astype(np.float64)
    assert np.sqrt((field**2).sum(0).mean()) == pytest.approx(7.0, rel=1e-5)
    assert np.abs(field.mean((1, 2, 3))).max() < 1e-5
    k = np.fft.fftfreq(32, 1 / 32)
    modes = np.fft.fftn(field, axes=(1, 2, 3))
    divergence = np.einsum(
        "i,ixyz->xyz", np.ones(3), np.stack(np.meshgrid(k, k, k, indexing="ij")) * modes
    )
    assert np.abs(divergence).max() < 1e-4 * np.abs(modes).max()


def test_seed_decides() -> None:
    """The same seed gives the same field, another one another."""
    one, again, other = (
        turbulent_velocity(16, 1.0, np.random.default_rng(seed)) for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.1


def test_mach_number_sets_the_dispersion() -> None:
    """Mach 5 of the isothermal sound speed, 0.6 km/s in the cold gas of a cloud."""
    parameters = SimulationParameters(n=16, mach=5.0, settle_myr=1e-6)
    assert parameters.ambient_sound_speed_kms == pytest.approx(0.62, abs=0.03)
    speed = velocity(make_cloud(parameters))
    measured = float((speed**2).sum(1).mean().sqrt())
    assert measured == pytest.approx(5 * parameters.ambient_sound_speed_kms, rel=1e-3)
