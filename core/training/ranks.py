"""The processes that train together, started by ``torchrun``."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from core.errors import InvalidRequest


@dataclass(frozen=True)
class Ranks:
    """One process among those that train together.

    Every process holds the whole network and computes the gradients of its
    share of each batch; what they apply is the mean.

    Parameters
    ----------
    rank : int
        Its number; number 0 alone writes files.
    count : int
        How many there are.
    device : str
        Where this one computes.
    group : object, optional
        The processes, for what is not computed on a GPU.
    """

    rank: int = 0
    count: int = 1
    device: str = "cpu"
    group: Any = None

    @property
    def leads(self) -> bool:
        """Whether this process writes files and decides."""
        return self.rank == 0

    def share(self, total: int) -> range:
        """Return the part of a batch that is this process's.

        Parameters
        ----------
        total : int
            Samples in the batch of all processes.

        Returns
        -------
        range
            Their numbers.

        Raises
        ------
        InvalidRequest
            If the batch cannot be divided equally: the mean of the gradients
            would not be that of the batch.
        """
        if total % self.count:
            raise InvalidRequest(
                f"A batch of {total} cannot be divided among {self.count} processes; "
                f"choose a multiple of {self.count}."
            )
        part = total // self.count
        return range(self.rank * part, (self.rank + 1) * part)

    def agree(self, values: Sequence[float]) -> list[float]:
        """Tell all processes what the first one says.

        Parameters
        ----------
        values : sequence of float
            Its figures; those of the others do not matter.

        Returns
        -------
        list of float
            The same in all processes.
        """
        if self.count == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64)
        dist.broadcast(tensor, 0, group=self.group)
        told: list[float] = tensor.tolist()
        return told

    def agree_on(self, thing: Any) -> Any:
        """Tell all processes what the first one says: any plain object."""
        if self.count == 1:
            return thing
        box = [thing]
        dist.broadcast_object_list(box, 0, group=self.group)
        return box[0]

    def joined(self, network: nn.Module) -> nn.Module:
        """Make a network whose gradients are the mean over all processes.

        Parameters
        ----------
        network : Module
            The network, on this process's device. Its weights become those
            of the first process.

        Returns
        -------
        Module
            To be called in place of the network; the network itself where
            there is one process only.
        """
        if self.count == 1:
            return network
        from torch.nn.parallel import DistributedDataParallel

        devices = [torch.device(self.device)] if self.device.startswith("cuda") else None
        return DistributedDataParallel(network, device_ids=devices)


@contextmanager
def joined_ranks(device: str) -> Iterator[Ranks]:
    """Join the processes that ``torchrun`` has started, if it has.

    Parameters
    ----------
    device : str
        "cpu", "cuda" (one GPU for each process) or "cuda:1".

    Yields
    ------
    Ranks
        This process among them.

    Raises
    ------
    InvalidRequest
        If there are fewer GPUs than processes on this machine.
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if count == 1 or "RANK" not in os.environ:
        yield Ranks(device=device)
        return
    backend = "gloo"
    if device.startswith("cuda"):
        local = int(os.environ.get("LOCAL_RANK", "0"))
        if local >= torch.cuda.device_count():
            raise InvalidRequest(
                f"There are {torch.cuda.device_count()} GPUs on this machine, fewer than "
                f"processes; start torchrun with --nproc-per-node {torch.cuda.device_count()}."
            )
        device, backend = f"cuda:{local}", "nccl"
        torch.cuda.set_device(local)
    dist.init_process_group(backend)
    try:
        yield Ranks(dist.get_rank(), count, device, dist.new_group(backend="gloo"))
    finally:
        dist.destroy_process_group()
