"""A simulation that can be watched: each frame is written as soon as it is there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from core import supervised
from core.cubes import Vector3, stack
from core.errors import InvalidRequest
from core.evolution import Simulation
from core.progress import CancelCheck, Progress, part_of
from core.simulate.cloud import densest_site, make_cloud
from core.simulate.cost import work_of
from core.simulate.parameters import SimulationParameters
from core.simulate.run import simulate
from core.writers.native import load, save

PLACES = ("centre", "random", "densest")
"""What can be said of a site instead of its coordinates."""


def site_in(
    parameters: SimulationParameters, place: str, cloud: torch.Tensor | None = None
) -> Vector3:
    """Find out which place in a cloud is meant.

    Parameters
    ----------
    parameters : SimulationParameters
        The cloud's size and seed, from which a random place follows.
    place : str
        One of `PLACES`, or three numbers in pc from the cloud's centre with
        commas between them.
    cloud : Tensor, (1, 5 or 6, n, n, n), optional
        The cloud; needed for the densest place.

    Returns
    -------
    tuple of float
        As fractions of the box, as `SimulationParameters.site` takes it.

    Raises
    ------
    InvalidRequest
        If it is no place.
    """
    if place == "centre":
        return (0.5, 0.5, 0.5)
    if place == "random":
        x, y, z = np.random.default_rng([parameters.seed, 20230203]).uniform(size=3)
        return (float(x), float(y), float(z))
    if place == "densest":
        if cloud is None:
            raise InvalidRequest("The densest place is known only once there is a cloud.")
        return densest_site(cloud)
    try:
        x, y, z = (float(part) / parameters.size_pc + 0.5 for part in place.split(","))
    except ValueError:
        raise InvalidRequest(
            f"“{place}” is no place in the cloud: say {', '.join(PLACES)}, or three numbers in pc "
            f"from its centre, such as 8,0,-4."
        ) from None
    if not all(0.0 <= value <= 1.0 for value in (x, y, z)):
        raise InvalidRequest(
            f"The place {place} pc lies outside the cloud, which reaches from "
            f"{-0.5 * parameters.size_pc:g} to {0.5 * parameters.size_pc:g} pc."
        )
    return (x, y, z)


def simulate_at(
    parameters: SimulationParameters,
    place: str = "centre",
    *,
    live: Path | None = None,
    device: str = "cpu",
    compiled: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Simulation:
    """Simulate an explosion at a place that may depend on the cloud.

    Parameters
    ----------
    parameters : SimulationParameters
        What to simulate; its site is replaced.
    place : str
        As for `site_in`.
    live : Path, optional
        Directory for the frames, see `frame_file`; made if it does not exist.
    device, compiled, progress, cancelled
        As for `core.simulate.simulate`.

    Returns
    -------
    Simulation
        The whole run.

    Raises
    ------
    InvalidRequest
        If the place is none, or an explosion cannot be resolved.
    Cancelled
        If `cancelled` says so.
    """
    cloud, begin = None, 0.0
    if place == "densest":
        begin, text = work_of(parameters).cloud_share, "Turbulence shapes the cloud"
        cloud = make_cloud(
            parameters,
            device=device,
            compiled=compiled,
            progress=part_of(progress, 0.0, begin, text),
            cancelled=cancelled,
        )
    if live is not None:
        live.mkdir(parents=True, exist_ok=True)

    def keep(index: int, frame: Simulation) -> None:
        if live is not None:
            save(frame, frame_file(live, index))
            supervised.tell_frame(index)

    return simulate(
        replace(parameters, site=site_in(parameters, place, cloud)),
        cloud=cloud,
        device=device,
        compiled=compiled,
        progress=part_of(progress, begin, 1.0),
        cancelled=cancelled,
        each_frame=keep,
    )


def frame_file(folder: Path, index: int) -> Path:
    """Return the file of a frame of a simulation that goes on."""
    return folder / f"frame_{index:04d}.shell.h5"


def frames_in(folder: Path) -> list[Path]:
    """Return the files of the frames that are complete, in their order."""
    return sorted(folder.glob("frame_????.shell.h5"))


def joined(files: list[Path]) -> Simulation:
    """Make one simulation of frames that were written one by one.

    Parameters
    ----------
    files : list of Path
        The frames, in their order.

    Returns
    -------
    Simulation
        All of them; its provenance is that of the last.

    Raises
    ------
    InvalidRequest
        If there are none, or a file holds something else.
    """
    parts = []
    for path in files:
        part = load(path)
        if not isinstance(part, Simulation):
            raise InvalidRequest(f"{path} holds no frame of a simulation.")
        parts.append(part)
    if not parts:
        raise InvalidRequest("There is no frame yet.")
    last = parts[-1]
    return replace(
        last,
        sequence=replace(
            stack([one.sequence[0] for one in parts]), provenance=last.sequence.provenance
        ),
        control=replace(
            stack([one.control[0] for one in parts]), provenance=last.control.provenance
        ),
    )
