"""A cloud, its explosions and its control: one simulation from start to end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from importlib import metadata
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from core.constants import GAMMA
from core.cubes import CubeSequence
from core.energy import EnergyMeter
from core.errors import InvalidRequest
from core.evolution import Simulation
from core.progress import CancelCheck, Progress, part_of, report
from core.simulate import hydro
from core.simulate.cloud import cloud_of, make_cloud, place_site
from core.simulate.cooling import cooling_table, temperature
from core.simulate.cost import work_of
from core.simulate.evolve import evolve
from core.simulate.parameters import SimulationParameters
from core.simulate.supernova import (
    Explosion,
    explode,
    injection_radius_pc,
    local_number_density,
    shell_formation_radius_pc,
)

__all__ = [
    "SimulationParameters",
    "cloud_of",
    "evolve",
    "make_cloud",
    "place_site",
    "simulate",
    "simulate_batch",
    "version",
]

Fields = dict[str, NDArray[np.float32]]
"""Density, temperature and velocity of one frame."""

EachFrame = Callable[[int, Simulation], None]
"""Receives the number of a frame and a simulation of that frame alone, with its control."""


def simulate(
    parameters: SimulationParameters | None = None,
    *,
    cloud: Tensor | None = None,
    device: str | torch.device = "cpu",
    compiled: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
    each_frame: EachFrame | None = None,
) -> Simulation:
    """Simulate supernovae in a turbulent cloud, and the cloud without them.

    Frame 0 is the cloud at the moment of the first explosion, before its
    energy is in: what a forecaster is given. A later explosion at the time
    of a frame comes after that frame as well. The same parameters give the
    same run, bit by bit on one machine.

    Parameters
    ----------
    parameters : SimulationParameters, optional
        What to simulate; the defaults are the problem of Hirashima et al.
        (2023).
    cloud : Tensor, (1, 5 or 6, n, n, n), optional
        A cloud made before by `make_cloud` with the same parameters, to be
        used for several sites, or by `cloud_of` from a cube.
    device : str or torch.device
        Where to compute.
    compiled : bool
        Use ``torch.compile``: several times faster after the first minutes;
        needs a C++ compiler.
    progress : callable, optional
        Called with the fraction done and a text.
    cancelled : callable, optional
        Checked at every time step.
    each_frame : callable, optional
        Called with the number of each frame and a simulation of that frame
        alone as soon as it is there.

    Returns
    -------
    Simulation
        Density, temperature and velocity with and without the explosions;
        its site and energy are those of the first.

    Raises
    ------
    InvalidRequest
        If the cells are too large for an explosion (see
        `SimulationParameters.require_resolved`), or it is too close to the edge.
    Cancelled
        If `cancelled` says so.
    """
    parameters = parameters or SimulationParameters()
    return simulate_batch(
        [parameters],
        cloud=cloud,
        device=device,
        compiled=compiled,
        progress=progress,
        cancelled=cancelled,
        each_frame=each_frame,
    )[0]


def simulate_batch(
    parameters: Sequence[SimulationParameters],
    *,
    cloud: Tensor | None = None,
    device: str | torch.device = "cpu",
    compiled: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
    each_frame: EachFrame | None = None,
) -> list[Simulation]:
    """Simulate several explosions at once, with common time steps.

    Pays on a GPU, which one grid of 64^3 cells leaves idle; on a CPU
    separate processes are as fast and need no common step.

    Parameters
    ----------
    parameters : sequence of SimulationParameters
        What to simulate: the same grid, times and metallicity for all; the
        sites, densities, seeds and explosions may differ.
    cloud : Tensor, (1, 5 or 6, n, n, n), optional
        A cloud to be used for all of them, see `simulate`.
    device : str or torch.device
        Where to compute.
    compiled : bool
        Use ``torch.compile``.
    progress : callable, optional
        Called with the fraction done and a text.
    cancelled : callable, optional
        Checked at every time step.
    each_frame : callable, optional
        As for `simulate`, for the first of them.

    Returns
    -------
    list of Simulation
        One for each.

    Raises
    ------
    InvalidRequest
        If their grids, times or metallicities differ, or an explosion cannot
        be resolved.
    Cancelled
        If `cancelled` says so.
    """
    _check_batch(parameters, cloud)
    with EnergyMeter(str(device)) as meter:
        runs = _run(parameters, cloud, device, compiled, progress, cancelled, each_frame)
    cost = meter.expense.as_provenance()
    for name in ("wall_time_s", "cpu_time_s", "energy_j"):
        if isinstance(cost.get(name), int | float):
            cost[name] /= len(parameters)  # what a batch shares is divided evenly
    cost["cost_includes_cloud"] = cloud is None
    return [replace(run, provenance={**run.provenance, **cost}) for run in runs]


def _run(
    parameters: Sequence[SimulationParameters],
    cloud: Tensor | None,
    device: str | torch.device,
    compiled: bool,
    progress: Progress | None,
    cancelled: CancelCheck | None,
    each_frame: EachFrame | None,
) -> list[Simulation]:
    first = parameters[0]
    begin = 0.0
    if cloud is None:
        text, begin = "Turbulence shapes the cloud", work_of(first).cloud_share
        report(progress, 0.0, text)
        clouds = []
        for number, one in enumerate(parameters):
            low, high = (begin * (number + k) / len(parameters) for k in (0, 1))
            clouds.append(
                make_cloud(
                    one,
                    device=device,
                    compiled=compiled,
                    progress=part_of(progress, low, high, text),
                    cancelled=cancelled,
                )
            )
    else:
        clouds = [cloud.to(device)] * len(parameters)
    before = torch.cat(
        [
            hydro.with_internal_energy(place_site(gas, one.site))
            for gas, one in zip(clouds, parameters, strict=True)
        ]
    )
    schedules = [one.schedule for one in parameters]
    injections: list[list[dict[str, Any]]] = [[] for _ in parameters]
    cell = first.size_pc / first.n

    def follow(schedules: Sequence[Sequence[Explosion]]) -> Iterator[list[Fields]]:
        state = before
        yield _frames(state)
        now = 0.0
        for index in range(1, first.frame_count):
            end = index * first.interval_myr
            due = {
                e.time_myr for schedule in schedules for e in schedule if now <= e.time_myr < end
            }
            for moment in sorted(due | {end}):
                if moment > now:
                    state = evolve(
                        state,
                        moment - now,
                        cell,
                        "outflow",
                        metallicity=first.metallicity,
                        curve=first.cooling_curve,
                        compiled=compiled,
                        cancelled=cancelled,
                    )
                    now = moment
                if moment < end:
                    for member, schedule in enumerate(schedules):
                        for explosion in (e for e in schedule if e.time_myr == moment):
                            state, entry = _inject(state, member, explosion, parameters[member])
                            injections[member].append(entry)
            yield _frames(state)

    def simulation(
        member: int, begin: int, shells: Sequence[Fields], calms: Sequence[Fields]
    ) -> Simulation:
        one = parameters[member]
        made: dict[str, Any] = {
            "code": "Shellsight finite-volume solver (MUSCL-Hancock, HLLC, dual energy)",
            "version": version(),
            "torch": torch.__version__,
            "parameters": asdict(one),
            "seed": one.seed,
            "device": str(device),
            "batch": len(parameters),
            "injections": list(injections[member]),
        }
        return Simulation(
            sequence=replace(_sequence(shells, begin, one), provenance=made),
            control=replace(_sequence(calms, begin, one), provenance=made),
            site_pc=schedules[member][0].site_pc,
            energy_erg=schedules[member][0].energy_erg,
            provenance=made,
        )

    shells: list[list[Fields]] = []
    calms: list[list[Fields]] = []
    # The control goes along, frame by frame: whoever watches sees what the explosion alone does.
    both = zip(follow(schedules), follow([()] * len(schedules)), strict=True)
    for index, (shell, calm) in enumerate(both):
        shells.append(shell)
        calms.append(calm)
        if each_frame is not None:
            each_frame(index, simulation(0, index, shell[:1], calm[:1]))
        # The first frames are dear: the gas is hottest then, and the steps are shortest.
        over = (index / (first.frame_count - 1)) ** 0.6
        text = f"The shell expands: frame {index + 1} of {first.frame_count}"
        report(progress, begin + over * (1.0 - begin), text)
    return [
        simulation(member, 0, [f[member] for f in shells], [f[member] for f in calms])
        for member in range(len(parameters))
    ]


def version() -> str:
    """Version of Shellsight.

    Returns
    -------
    str
        Of the installed distribution, or "unknown" when run without one.
    """
    try:
        return metadata.version("shellsight")
    except metadata.PackageNotFoundError:
        return "unknown"


def _check_batch(parameters: Sequence[SimulationParameters], cloud: Tensor | None) -> None:
    def common(one: SimulationParameters) -> tuple[object, ...]:
        medium = one.metallicity, one.cooling_curve
        return one.n, one.size_pc, one.frame_count, one.interval_myr, *medium

    if any(common(one) != common(parameters[0]) for one in parameters):
        raise InvalidRequest(
            "What is simulated at once must have the same grid, times and cooling."
        )
    if cloud is not None and tuple(cloud.shape[-3:]) != (parameters[0].n,) * 3:
        raise InvalidRequest(
            f"The cloud has {cloud.shape[-1]} cells along an edge, the parameters ask for "
            f"{parameters[0].n}."
        )


def _inject(
    state: Tensor, member: int, explosion: Explosion, parameters: SimulationParameters
) -> tuple[Tensor, dict[str, Any]]:
    """Let one member of a batch explode, and note where its energy went."""
    size, site, energy = parameters.size_pc, explosion.site_pc, explosion.energy_erg
    n_h = local_number_density(state[member], size, site)
    exploded = explode(
        state[member : member + 1],
        size,
        site,
        energy_erg=energy,
        ejecta_msun=explosion.ejecta_msun,
        require_resolved=parameters.require_resolved,
    )
    state = torch.cat((state[:member], exploded, state[member + 1 :]))
    return state, {
        **asdict(explosion),
        "number_density": n_h,
        "injection_radius_pc": injection_radius_pc(n_h, size / parameters.n, energy),
        "shell_formation_radius_pc": shell_formation_radius_pc(n_h, energy),
    }


def _frames(state: Tensor) -> list[Fields]:
    """Density, temperature and velocity of each member of a batch."""
    table = cooling_table(state.device, state.dtype)
    density = state[:, 0]
    u = hydro.pressure(state).clamp_min(hydro.PRESSURE_FLOOR) / ((GAMMA - 1.0) * density)
    fields = {
        "density": density,
        "temperature": temperature(u, table),
        "velocity": hydro.velocity(state).permute(0, 2, 3, 4, 1),
    }
    arrays = {name: values.cpu().numpy().astype(np.float32) for name, values in fields.items()}
    return [
        {name: values[member] for name, values in arrays.items()} for member in range(len(state))
    ]


def _sequence(
    frames: Sequence[Fields], begin: int, parameters: SimulationParameters
) -> CubeSequence:
    numbers = np.arange(begin, begin + len(frames), dtype=np.float64)
    return CubeSequence(
        fields={name: np.stack([frame[name] for frame in frames]) for name in frames[0]},
        times_myr=parameters.interval_myr * numbers,
        size_pc=parameters.size_pc,
    )
