"""Simulations as samples for a network, held in memory in half precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.errors import InvalidRequest
from core.evolution import Simulation
from core.forecast import MIN_DENSITY
from core.models.inputs import NetworkInput, network_input
from core.models.symmetry import Symmetry

EFFECT_RANGE_DEX = (-4.0, 2.0)
"""What the explosion does to the density is clipped to this before it is learnt."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One simulation, or a batch of them, as a network sees it.

    Parameters
    ----------
    given : NetworkInput
        The gas at the explosion.
    turbulence : Tensor, (batch, frames, n, n, n)
        log10(rho_control/rho_0) of the future frames, in dex.
    effect : Tensor, (batch, frames, n, n, n)
        log10(rho/rho_control) of the future frames, in dex.
    control_known : Tensor of bool, (batch,), optional
        Whether the truth has a control. Where it has none, `turbulence` is
        zero and `effect` is log10(rho/rho_0), what both do together. All
        have one by default.
    """

    given: NetworkInput
    turbulence: Tensor
    effect: Tensor
    control_known: Tensor | None = None

    @property
    def nbytes(self) -> int:
        """Memory taken up, in bytes."""
        tensors = (self.given.channels(), self.turbulence, self.effect)
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)

    def transformed(self, symmetry: Symmetry) -> Sample:
        """Turn or reflect the sample.

        Parameters
        ----------
        symmetry : Symmetry
            How.

        Returns
        -------
        Sample
            The same physics, seen from another side.
        """
        return replace(
            self,
            given=self.given.transformed(symmetry),
            turbulence=symmetry.scalar(self.turbulence),
            effect=symmetry.scalar(self.effect),
        )

    def without_velocity(self) -> Sample:
        """Hide the velocity, as in a snapshot that has none.

        Returns
        -------
        Sample
            The same gas.
        """
        conditions = self.given.conditions.clone()
        conditions[:, 2] = 0.0
        given = replace(
            self.given, velocity=torch.zeros_like(self.given.velocity), conditions=conditions
        )
        return replace(self, given=given)


def with_particle_noise(
    sample: Sample, particle_msun: float, size_pc: float, rng: np.random.Generator
) -> Sample:
    """Show the gas as a particle snapshot of it would: with shot noise.

    Cloud-in-cell spreads a particle over (3/2)^3 voxels on average, which
    lowers the variance of Poisson noise by that factor. The truth stays
    without noise: it is relative to the gas that is there.

    Parameters
    ----------
    sample : Sample
        Smooth gas.
    particle_msun : float
        Mass of a particle in Msun.
    size_pc : float
        Edge length of the cube in pc.
    rng : numpy.random.Generator
        Source of randomness.

    Returns
    -------
    Sample
        The same sample, seen through particles.
    """
    density = 10.0 ** sample.given.scalars[:, 0].double().numpy()
    quantum = particle_msun / 1.5**3 / (size_pc / density.shape[-1]) ** 3
    noisy = torch.tensor(rng.poisson(density / quantum) * quantum).clamp_min(MIN_DENSITY).float()
    # The velocity channel is scaled and its centre replaced already; only the density is new.
    energy_erg = float(sample.given.energies_erg[0])
    given = network_input(noisy, None, size_pc, energy_erg, arrival=False)
    conditions = given.conditions.clone()
    conditions[:, 2] = sample.given.conditions[:, 2]
    # Rays average over the noise: the arrival, which takes long to compute, stays.
    seen = NetworkInput(
        given.scalars.half(), sample.given.velocity, conditions, sample.given.arrival
    )
    return replace(sample, given=seen)


def in_half(given: NetworkInput) -> NetworkInput:
    """Store the channels in half precision; the conditions stay.

    Parameters
    ----------
    given : NetworkInput
        With the arrival.

    Returns
    -------
    NetworkInput
        The same, in half the memory.
    """
    assert given.arrival is not None
    return NetworkInput(
        given.scalars.half(), given.velocity.half(), given.conditions, given.arrival.half()
    )


def sample_of(simulation: Simulation) -> Sample:
    """Turn a simulation into a sample.

    Parameters
    ----------
    simulation : Simulation
        Density with and without the explosion, velocity in the first frame.

    Returns
    -------
    Sample
        A batch of one, in half precision.
    """
    density = torch.tensor(np.maximum(simulation.density, MIN_DENSITY))
    control = torch.tensor(np.maximum(simulation.control.density, MIN_DENSITY))
    velocity = torch.tensor(simulation.sequence.fields["velocity"][0]).permute(3, 0, 1, 2)
    size_pc = simulation.sequence.size_pc
    given = network_input(density[:1], velocity.unsqueeze(0), size_pc, simulation.energy_erg)
    effect = torch.log10(density[1:] / control[1:]).clamp(*EFFECT_RANGE_DEX)
    turbulence = torch.log10(control[1:] / density[:1])
    return Sample(
        in_half(given),
        turbulence.unsqueeze(0).half(),
        effect.unsqueeze(0).half(),
    )


def load_samples(
    paths: Sequence[Path], known: dict[Path, Sample] | None = None
) -> dict[Path, Sample]:
    """Read simulations from native files.

    Parameters
    ----------
    paths : sequence of Path
        The files.
    known : dict, optional
        Samples read before, which are not read again.

    Returns
    -------
    dict of Path to Sample
        One sample for each file.

    Raises
    ------
    InvalidRequest
        If a file holds no simulation.
    """
    from core.writers.native import load

    samples = {} if known is None else dict(known)
    for path in paths:
        if path not in samples:
            simulation = load(path)
            if not isinstance(simulation, Simulation):
                raise InvalidRequest(f"{path}: holds no simulation, nothing to train on.")
            samples[path] = sample_of(simulation)
    return samples


def batch_of(samples: Sequence[Sample], device: torch.device) -> Sample:
    """Join samples into a batch in single precision.

    Parameters
    ----------
    samples : sequence of Sample
        Samples of one grid.
    device : torch.device
        Where the batch shall be.

    Returns
    -------
    Sample
        The batch.
    """

    def join(tensors: list[Tensor]) -> Tensor:
        return torch.cat(tensors).to(device).float()

    known = [
        torch.ones(len(s.effect), dtype=torch.bool) if s.control_known is None else s.control_known
        for s in samples
    ]
    return Sample(
        NetworkInput(
            join([s.given.scalars for s in samples]),
            join([s.given.velocity for s in samples]),
            join([s.given.conditions for s in samples]),
            join([s.given.arrival for s in samples if s.given.arrival is not None]),
        ),
        join([s.turbulence for s in samples]),
        join([s.effect for s in samples]),
        torch.cat(known).to(device),
    )
