"""Gas followed through time: hydrodynamics and cooling, step by step."""

from __future__ import annotations

from torch import Tensor

from core.constants import PC_PER_KMS_MYR
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.simulate import hydro
from core.simulate.cooling import CoolingTable, Curve, cool, cooling_table

_ORDERS = ((0, 1, 2), (2, 1, 0))

_CHUNK_CELLS = 32_768
"""Cells that a CPU cools at once: their temporaries stay in its cache."""


def evolve(
    state: Tensor,
    duration_myr: float,
    cell_pc: float,
    boundary: hydro.Boundary,
    *,
    cooling: bool = True,
    metallicity: float = 1.0,
    curve: Curve = "schure",
    compiled: bool = False,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Tensor:
    """Follow gas for some time.

    Half of a step's cooling comes before its hydrodynamics and half after
    (Strang 1968); the second half is done together with the first half of
    the next step.

    Parameters
    ----------
    state : Tensor, (batch, 5 or 6, x, y, z)
        Conserved variables; left as they are.
    duration_myr : float
        For how long, in Myr.
    cell_pc : float
        Edge length of a cell in pc.
    boundary : {"periodic", "outflow", "reflecting"}
        What lies outside the grid.
    cooling : bool
        Whether gas cools and is heated.
    metallicity : float
        In units of the solar one, for the cooling.
    curve : {"schure", "sutherland"}
        Whose cooling curve is used above 10^4.2 K.
    compiled : bool
        Use ``torch.compile``.
    progress : callable, optional
        Told after every step which part of the time is over.
    cancelled : callable, optional
        Checked at every step.

    Returns
    -------
    Tensor, (batch, 6, x, y, z)
        The state at the end, with its internal energy.

    Raises
    ------
    Cancelled
        If `cancelled` says so.
    """
    table = cooling_table(state.device, state.dtype, metallicity, curve) if cooling else None
    six = hydro.with_internal_energy(state)
    state = six.clone() if six is state else six  # cooled in place

    def next_step(elapsed: float) -> float:
        longest = hydro.max_step(state, cell_pc) / PC_PER_KMS_MYR
        return min(longest, duration_myr - elapsed)

    elapsed, count = 0.0, 0
    step = next_step(elapsed)
    _radiate(state, 0.5 * step, table)
    while elapsed < duration_myr * (1.0 - 1e-9):
        check_cancelled(cancelled, "The simulation")
        state = hydro.advance(
            state,
            step * PC_PER_KMS_MYR,
            cell_pc,
            boundary,
            order=_ORDERS[count % 2],
            compiled=compiled,
        )
        elapsed += step
        count += 1
        report(progress, elapsed / duration_myr)
        following = max(next_step(elapsed), 0.0)
        _radiate(state, 0.5 * (step + following), table)
        step = following
    return state


def _radiate(state: Tensor, step_myr: float, table: CoolingTable | None) -> None:
    """Cool a state of six components in place, on a CPU a part of the cells at a time."""
    if table is None or step_myr <= 0:
        return
    cells = state.flatten(2)
    chunk = _CHUNK_CELLS if state.device.type == "cpu" else cells.shape[2]
    for first in range(0, cells.shape[2], chunk):
        part = cells[:, :, first : first + chunk]
        density, internal = part[:, 0], part[:, 5]
        cooled = cool(density, internal / density, step_myr, table).mul_(density)
        # The total loses what the internal energy loses; what truncation left between the two
        # stays where it is.
        part[:, 4].add_(cooled - internal)
        internal.copy_(cooled)
