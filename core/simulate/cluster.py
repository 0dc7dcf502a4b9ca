"""A data set made by the workers of a Dask cluster (the extra ``shellsight[cluster]``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.errors import InvalidRequest, MissingDependency
from core.progress import CancelCheck, check_cancelled

if TYPE_CHECKING:
    from core.simulate.plan import PlannedRun

Group = TypeVar("Group")
Result = TypeVar("Result")

INSTALL = 'pip install "shellsight[cluster]"'

_ANSWER_S = 8
"""How long a scheduler may take to answer."""

_RETRIES = 10
"""How often the work of a lost worker is given to another one before it counts as failed."""


def simulate_on_cluster(
    scheduler: str,
    directory: Path,
    groups: Sequence[Sequence[PlannedRun]],
    coarse_n: int,
    compiled: bool,
    tell: Callable[[], None],
    cancelled: CancelCheck | None = None,
) -> None:
    """Let the workers of a cluster simulate clouds, each cloud on one of them.

    A worker writes each simulation itself, as soon as it is done; when a
    worker dies, another one makes what its cloud still lacks.

    Parameters
    ----------
    scheduler : str
        Address of the Dask scheduler.
    directory : Path
        Of the data set, seen by all workers under the same path.
    groups : sequence of sequences of PlannedRun
        The missing simulations, cloud by cloud.
    coarse_n : int
        Voxels along an edge of what is stored.
    compiled : bool
        Use ``torch.compile``.
    tell : callable
        Called about once a second.
    cancelled : callable, optional
        Asked as often; the work is taken back from the cluster.

    Raises
    ------
    MissingDependency
        If Dask is not installed.
    InvalidRequest
        If the scheduler does not answer, has no workers, or they do not see
        the directory.
    Cancelled
        If `cancelled` says so.
    """
    work = partial(_work, directory=str(directory), coarse_n=coarse_n, compiled=compiled)
    on_cluster(scheduler, directory, work, groups, tell, cancelled, what="The data set")


def on_cluster(
    scheduler: str,
    directory: Path,
    work: Callable[[Group], Result],
    groups: Sequence[Group],
    tell: Callable[[], None],
    cancelled: CancelCheck | None = None,
    *,
    what: str = "The work",
) -> list[Result]:
    """Let the workers of a cluster do something with each of several groups.

    Parameters
    ----------
    scheduler : str
        Address of the Dask scheduler.
    directory : Path
        Where results are written, seen by all workers under the same path.
    work : callable
        What is done with a group; on another worker again when one dies.
    groups : sequence
        The groups.
    tell : callable
        Called about once a second.
    cancelled : callable, optional
        Asked as often; the work is taken back from the cluster.
    what : str
        Name of the work, for the message.

    Returns
    -------
    list
        What was returned for the groups, in the order in which they were done.

    Raises
    ------
    MissingDependency
        If Dask is not installed.
    InvalidRequest
        If the scheduler does not answer, has no workers, or they do not see
        the directory.
    Cancelled
        If `cancelled` says so.
    """
    try:
        from distributed import Client, wait
        from distributed import TimeoutError as NoAnswer
    except ImportError as error:
        raise MissingDependency("distributed", "Work on a cluster", INSTALL) from error
    try:
        client = Client(scheduler, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError, NoAnswer) as error:
        raise InvalidRequest(
            f"There is no Dask scheduler at {scheduler!r} ({error}); start one with "
            f"'dask scheduler' and give the address it prints, such as tcp://node1:8786."
        ) from error
    results: list[Result] = []
    with client, client.as_current():
        _check_workers(client, scheduler, directory)
        # The work leaves files behind: the same call is not the same result.
        pending = set(client.map(work, groups, pure=False, retries=_RETRIES))
        try:
            while pending:
                try:
                    finished, pending = wait(pending, timeout=1.0, return_when="FIRST_COMPLETED")
                except NoAnswer:
                    finished = set()
                for future in finished:
                    results.append(future.result())
                check_cancelled(cancelled, what)
                tell()
        except BaseException:
            client.cancel(list(pending), force=True)
            raise
    return results


def _check_workers(client: object, scheduler: str, directory: Path) -> None:
    seen: dict[str, bool] = client.run(_sees, str(directory))  # type: ignore[attr-defined]
    if not seen:
        raise InvalidRequest(
            f"The scheduler at {scheduler} has no workers; start some with "
            f"'dask worker {scheduler}'."
        )
    blind = [address for address, sees in seen.items() if not sees]
    if blind:
        raise InvalidRequest(
            f"{directory}: the workers {', '.join(blind)} do not see this directory; choose one "
            f"on a file system that all of them share."
        )


def _sees(directory: str) -> bool:
    return Path(directory).is_dir()


def _work(runs: Sequence[PlannedRun], directory: str, coarse_n: int, compiled: bool) -> int:
    """Simulate one cloud's missing explosions, on a worker."""
    import torch

    from core.simulate.dataset import simulate_cloud

    torch.set_num_threads(1)  # one cloud on each thread that the worker offers
    return simulate_cloud(Path(directory), runs, coarse_n, compiled)
