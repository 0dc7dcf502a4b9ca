"""What a data set consists of: clouds, sites and which part each belongs to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from core.errors import InvalidRequest
from core.simulate.parameters import SimulationParameters

Split = Literal["train", "validation", "test"]

_SPLIT_CYCLE: tuple[Split, ...] = (
    "train", "train", "test", "train", "train", "train", "validation", "train", "train", "train",
)  # fmt: skip
"""Clouds in turn go to these; a cloud's explosions are never divided."""

_UNIFORM_EVERY = 8
"""One cloud in so many is a uniform medium, which a network must get right as well."""


@dataclass(frozen=True)
class PlannedRun:
    """One simulation of a data set.

    Parameters
    ----------
    name : str
        Name of its file, without the ending.
    split : {"train", "validation", "test"}
        What it may be used for; the same for all explosions of a cloud.
    parameters : SimulationParameters
        What is simulated.
    """

    name: str
    split: Split
    parameters: SimulationParameters


def plan(count: int, clouds: int, first_seed: int = 1, n: int = 64) -> list[PlannedRun]:
    """Lay out a data set.

    The clouds differ in density (log-normal around that of Hirashima et al.
    2023), in turbulence and in age; one in eight is a uniform medium, with a
    density between 0.03 and 10 Msun/pc^3. Every second explosion of a cloud has
    10^51 erg, the others between a third and three times that. The plan depends
    on the arguments alone, and the seeds of different `first_seed` do not overlap as long as
    they are at least `clouds` apart.

    Parameters
    ----------
    count : int
        Number of explosions.
    clouds : int
        Number of clouds they are spread over.
    first_seed : int
        Seed of the first cloud; the others follow.
    n : int
        Cells along an edge.

    Returns
    -------
    list of PlannedRun
        Cloud by cloud.

    Raises
    ------
    InvalidRequest
        If there are more clouds than explosions.
    """
    if not 1 <= clouds <= count:
        raise InvalidRequest(
            f"{count} explosions cannot be spread over {clouds} clouds: "
            f"take between 1 and {count} clouds."
        )
    runs: list[PlannedRun] = []
    for cloud in range(clouds):
        seed = first_seed + cloud
        rng = np.random.default_rng([20230201, seed])
        rng_energy = np.random.default_rng([20230202, seed])
        uniform = seed % _UNIFORM_EVERY == 0
        base = SimulationParameters(
            seed=seed,
            n=n,
            mean_density=float(np.exp(rng.normal(np.log(1.34), 0.45))),
            rms_velocity_kms=float(rng.uniform(5.0, 14.0)),
            settle_myr=float(rng.uniform(1.5, 3.0)),
            # A site may lie in a clump too dense for the cells: its run says so in its
            # provenance, and belongs to the set all the same.
            require_resolved=False,
        )
        for explosion in range(count // clouds + (cloud < count % clouds)):
            if uniform:
                density = float(10 ** rng.uniform(np.log10(0.03), 1.0))
                parameters = replace(base, mean_density=density, rms_velocity_kms=0.0)
            else:
                x, y, z = (float(s) for s in rng.uniform(0.0, 1.0, 3))
                parameters = replace(base, site=(x, y, z))
            if explosion % 2:
                energy_erg = 1e51 * 3.0 ** float(rng_energy.uniform(-1.0, 1.0))
                parameters = replace(parameters, energy_erg=energy_erg)
            kind = "uniform" if uniform else "cloud"
            runs.append(
                PlannedRun(
                    name=f"{kind}{seed:05d}_{explosion:02d}",
                    split=_SPLIT_CYCLE[seed % len(_SPLIT_CYCLE)],
                    parameters=parameters,
                )
            )
    return runs


def plan_held_out(clouds: int = 14, sites: int = 3, n: int = 64) -> list[PlannedRun]:
    """Lay out the standard test: clouds and densities no shipped network was trained on.

    Parameters
    ----------
    clouds : int
        Turbulent clouds.
    sites : int
        Explosions in each.
    n : int
        Cells along an edge.

    Returns
    -------
    list of PlannedRun
        The clouds, and uniform media of 0.3, 1.1 and 3 Msun/pc^3.
    """
    drawn = plan(2 * clouds * sites, 2 * clouds, first_seed=900_001, n=n)
    turbulent = [
        replace(run, parameters=replace(run.parameters, energy_erg=1e51))
        for run in drawn
        if run.parameters.rms_velocity_kms > 0
    ][: clouds * sites]
    uniform = [
        PlannedRun(
            name=f"uniform_{density:.1f}",
            split="test",
            parameters=SimulationParameters(
                seed=910_000 + index,
                mean_density=density,
                rms_velocity_kms=0.0,
                n=n,
                require_resolved=False,
            ),
        )
        for index, density in enumerate((0.3, 1.1, 3.0))
    ]
    return [replace(run, split="test") for run in turbulent] + uniform
