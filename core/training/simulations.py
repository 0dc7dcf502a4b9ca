"""Simulations that are measured: from memory or from a file, and the cloud each is of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from core.errors import InvalidRequest
from core.evolution import Simulation


def simulation_of(source: Simulation | str | Path) -> Simulation:
    """Take a simulation as it is, or read it.

    Parameters
    ----------
    source : Simulation, str or Path
        The simulation, or its file.

    Returns
    -------
    Simulation
        The simulation.

    Raises
    ------
    InvalidRequest
        If the file holds something else.
    CorruptSnapshot
        If it is damaged.
    """
    if isinstance(source, Simulation):
        return source
    from core import load

    loaded = load(source)
    if not isinstance(loaded, Simulation):
        raise InvalidRequest(f"{source}: not a simulation, but a {type(loaded).__name__}.")
    return loaded


def seed_of(simulation: Simulation) -> object | None:
    """Seed of the cloud: simulations of the same seed are of one cloud.

    Parameters
    ----------
    simulation : Simulation
        The simulation.

    Returns
    -------
    object or None
        The seed; None if its provenance states none.
    """
    parameters = simulation.provenance.get("parameters", {})
    return parameters.get("seed") if isinstance(parameters, Mapping) else None
