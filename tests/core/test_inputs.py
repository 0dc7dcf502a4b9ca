"""What the networks are given."""

import math

import pytest
import torch

from core.models.inputs import distances_pc, network_input, swept_mass
from core.models.symmetry import SYMMETRIES


def test_swept_mass_of_a_uniform_medium() -> None:
    """rho r^3 / 3 per steradian."""
    mass = swept_mass(torch.full((1, 32, 32, 32), 1.5), 60.0)
    radius = distances_pc(32, 60.0)
    expected = 1.5 * radius**3 / 3.0
    assert torch.allclose(mass[0], expected, rtol=2e-3)


def test_swept_mass_sees_only_what_lies_on_the_way() -> None:
    """A wall on one side weighs on the rays through it, behind it, and on no others."""
    density = torch.ones(1, 32, 32, 32)
    density[0, 24:26] = 100.0
    extra = swept_mass(density, 60.0) - swept_mass(torch.ones(1, 32, 32, 32), 60.0)
    assert extra[0, 30, 16, 16] > 1e4
    assert extra[0, :20].abs().max() < 1e-2


def test_channels_turn_with_the_cube() -> None:
    """Preparing a turned cube gives the turned channels: no direction is preferred."""
    density = torch.exp(torch.randn(1, 16, 16, 16))
    velocity = 10 * torch.randn(1, 3, 16, 16, 16)
    symmetry = SYMMETRIES[29]
    given = network_input(density, velocity, 60.0)
    turned = network_input(symmetry.scalar(density), symmetry.vector(velocity), 60.0)
    assert torch.allclose(symmetry.scalar(given.scalars), turned.scalars, atol=1e-4)
    assert torch.allclose(symmetry.vector(given.velocity), turned.velocity, atol=1e-5)
    assert torch.allclose(given.conditions, turned.conditions, atol=1e-5)


def test_arrival_turns_with_the_cube_and_grows_outwards() -> None:
    """The rays of the thin-shell model are fixed in space, which costs a few per cent."""
    density = torch.ones(1, 16, 16, 16)
    density[:, 8:] = 4.0
    symmetry = SYMMETRIES[29]
    given = network_input(density, None, 60.0)
    turned = network_input(symmetry.scalar(density), None, 60.0)
    assert given.arrival is not None
    assert turned.arrival is not None
    assert (symmetry.scalar(given.arrival) - turned.arrival).abs().max() < 0.1
    along = given.arrival[0, 0, :, 8, 8]
    assert (along[8:].diff() >= 0).all()
    assert along[11] > along[4]  # the dense side holds the shell back


def test_more_energy_arrives_earlier() -> None:
    """Sedov: t goes as E^(-1/2) at a given radius, while nothing is lost."""
    density = torch.full((1, 16, 16, 16), 0.1)
    weak, strong = (network_input(density, None, 60.0, energy) for energy in (3e50, 3e51))
    assert weak.arrival is not None
    assert strong.arrival is not None
    gap = (weak.arrival - strong.arrival)[0, 0, 8, 8, 10]
    assert float(gap) == pytest.approx(0.5, abs=0.05)
    assert strong.energies_erg.item() == pytest.approx(3e51, rel=1e-6)


def test_the_level_is_kept() -> None:
    """Ten times denser gas differs by exactly one dex in channels and conditions."""
    density = torch.exp(torch.randn(1, 16, 16, 16))
    low, high = network_input(density, None, 60.0), network_input(10 * density, None, 60.0)
    assert torch.allclose(high.conditions[:, :2] - low.conditions[:, :2], torch.ones(1, 2))
    assert torch.allclose(high.scalars[:, 0] - low.scalars[:, 0], torch.tensor(1.0), atol=1e-5)
    assert torch.allclose(high.scalars[:, 2] - low.scalars[:, 2], torch.tensor(0.5), atol=1e-5)


def test_the_kick_of_the_blast_is_not_taken_for_the_state_before_it() -> None:
    """Velocities at the site change nothing; those elsewhere do."""
    density, velocity = torch.ones(1, 32, 32, 32), torch.zeros(1, 3, 32, 32, 32)
    velocity[:, :, 15:17, 15:17, 15:17] = 45.0
    assert network_input(density, velocity, 60.0).velocity.abs().max() == 0.0
    velocity[:, :, 5, 5, 5] = 20.0
    assert network_input(density, velocity, 60.0).velocity.max() == pytest.approx(2.0)


def test_unknown_velocity_is_said() -> None:
    """The network can tell gas at rest from gas of unknown velocity."""
    density = torch.ones(1, 16, 16, 16)
    assert network_input(density, None, 60.0).conditions[0, 2] == 0.0
    known = network_input(density, torch.zeros(1, 3, 16, 16, 16), 60.0)
    assert known.conditions[0, 2] == 1.0
    assert known.conditions[0, 0] == pytest.approx(math.log10(1.0), abs=1e-6)
