"""What a computation cost: time, processor time, and an *estimate* of its energy.

The energy is that of the processors, by the best means there is:

1. the counter of the GPU, where one computes (NVML, comes with the driver);
2. the counters of the processor packages (RAPL, Linux), which see all
   programs, not ours alone; often only root may read them;
3. else processor time times `WATTS_PER_CORE`.

Memory, disks, cooling and what the machine draws when idle are left out. Every
figure says how it was made, in `Expense.energy_method`.
"""

from __future__ import annotations

import ctypes
import os
import platform
import time as clock
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any

WATTS_PER_CORE = 12.0
"""Power of a busy core where nothing can be read: the default of Green Algorithms for an
unknown processor (Lannelongue, Grealey & Inouye 2021, Adv. Sci. 8, 2100707)."""

POWERCAP = Path("/sys/class/powercap")
"""Where Linux shows the counters of the processor packages."""

NVML = "libnvidia-ml.so.1"


@dataclass(frozen=True)
class Expense:
    """What a computation cost.

    Parameters
    ----------
    wall_time_s : float
        Time on the clock in s.
    cpu_time_s : float or None
        Processor time of this process and of its finished children, in s.
    device : str
        Where it was computed, for people.
    energy_j : float or None
        Estimate of the energy in J; None where nothing is known.
    energy_method : str
        How the energy was estimated, or why it was not.
    """

    wall_time_s: float
    cpu_time_s: float | None = None
    device: str = ""
    energy_j: float | None = None
    energy_method: str = ""

    def __add__(self, other: Expense) -> Expense:
        """Join what two parts of a computation cost; what one does not know, the sum does not."""

        def both(name: str) -> float | None:
            one, two = getattr(self, name), getattr(other, name)
            return None if one is None or two is None else one + two

        def names(name: str) -> str:
            return "; ".join(
                dict.fromkeys(filter(None, (getattr(self, name), getattr(other, name))))
            )

        return Expense(
            self.wall_time_s + other.wall_time_s,
            both("cpu_time_s"),
            names("device"),
            both("energy_j"),
            names("energy_method"),
        )

    def shared(self, count: int) -> Expense:
        """Return the share of one of several results that were computed together."""
        known = {"cpu_time_s": self.cpu_time_s, "energy_j": self.energy_j}
        parts: dict[str, Any] = {k: None if v is None else v / count for k, v in known.items()}
        return replace(self, wall_time_s=self.wall_time_s / count, **parts)

    def as_provenance(self) -> dict[str, Any]:
        """Return the figures under the names they have in a provenance."""
        return asdict(self)

    @classmethod
    def from_provenance(cls, provenance: Mapping[str, Any]) -> Expense | None:
        """Read the figures from a provenance.

        Parameters
        ----------
        provenance : Mapping
            Of a simulation or a forecast.

        Returns
        -------
        Expense or None
            None if it does not state even the time.
        """
        # Before there were energies, the time had another name.
        wall = provenance.get("wall_time_s", provenance.get("wall_seconds"))
        if not isinstance(wall, int | float):
            return None
        known = {name: provenance.get(name) for name in ("cpu_time_s", "energy_j")}
        numbers = {k: float(v) for k, v in known.items() if isinstance(v, int | float)}
        device, method = (str(provenance.get(name, "")) for name in ("device", "energy_method"))
        return cls(float(wall), device=device, energy_method=method, **numbers)


@dataclass(frozen=True)
class Saving:
    """How much cheaper one computation was than another.

    Parameters
    ----------
    time : float
        Ratio of the times.
    energy : float or None
        Ratio of the estimated energies, where both are known.
    """

    time: float
    energy: float | None = None

    def __str__(self) -> str:
        text = f"Forecast against simulation: {_less(self.time)} time"
        if self.energy is not None:
            text += f", {_less(self.energy)} energy (estimate)"
        return f"{text}."


def saving(forecast: Mapping[str, Any], simulation: Mapping[str, Any]) -> Saving | None:
    """Compare what a forecast cost with what the simulation did.

    Parameters
    ----------
    forecast, simulation : Mapping
        Their provenances.

    Returns
    -------
    Saving or None
        None if either does not state its time, or the second is of a
        forecast as well.
    """
    if "model" in simulation:
        return None
    cheap, dear = Expense.from_provenance(forecast), Expense.from_provenance(simulation)
    if cheap is None or dear is None or cheap.wall_time_s <= 0 or dear.wall_time_s <= 0:
        return None
    energy = None
    if cheap.energy_j and dear.energy_j:
        energy = dear.energy_j / cheap.energy_j
    return Saving(dear.wall_time_s / cheap.wall_time_s, energy)


COST_KEYS = ("wall_time_s", "cpu_time_s", "energy_j", "energy_method", "wall_seconds")
"""Under what names a provenance states the cost; the last is that of older files."""


class EnergyMeter:
    """Measures what the computation within a ``with`` block costs.

    Parameters
    ----------
    device : str
        Where it computes: "cpu", "cuda" or "cuda:1".
    device_name : str, optional
        The same for people; by default the processor's or the GPU's name.

    Examples
    --------
    >>> with EnergyMeter() as meter:
    ...     total = sum(range(1000))
    >>> meter.expense.wall_time_s > 0
    True
    """

    def __init__(self, device: str = "cpu", device_name: str | None = None) -> None:
        self.device = device
        self.device_name = device_name or _device_name(device)
        self._expense: Expense | None = None
        self._gpu: _GpuCounter | None = None

    def __enter__(self) -> EnergyMeter:
        self._gpu = _GpuCounter.of(self.device) if self.device.startswith("cuda") else None
        self._gpu_start = None if self._gpu is None else self._gpu.joules()
        self._packages = _package_counters()
        self._cpu = _cpu_seconds()
        self._wall = clock.perf_counter()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._expense = self._until_now()

    @property
    def expense(self) -> Expense:
        """What it cost: so far, or in all once the block is left."""
        return self._until_now() if self._expense is None else self._expense

    def _until_now(self) -> Expense:
        wall = clock.perf_counter() - self._wall
        cpu = _cpu_seconds() - self._cpu
        joules, method = self._processor(cpu)
        if self.device.startswith("cuda"):
            end = None if self._gpu is None else self._gpu.joules()
            if end is None or self._gpu_start is None:
                reason = "unknown: the energy counter of the GPU cannot be read"
                return Expense(wall, cpu, self.device_name, None, reason)
            joules += end - self._gpu_start
            method = f"NVML counter of the GPU, and {method}"
        return Expense(wall, cpu, self.device_name, joules, method)

    def _processor(self, cpu_s: float) -> tuple[float, str]:
        """Energy of the processor in J, and how it was found."""
        now = _package_counters()
        if self._packages and now.keys() == self._packages.keys():
            # A counter that has passed its end once is put right; it does so in an hour at most.
            used = sum(
                (value - self._packages[path][0]) % limit for path, (value, limit) in now.items()
            )
            return used * 1e-6, "RAPL counters of the processor, other programs included"
        return (
            cpu_s * WATTS_PER_CORE,
            f"CPU time x {WATTS_PER_CORE:g} W per core (Green Algorithms)",
        )


def _cpu_seconds() -> float:
    """Processor time of this process and of its children that have ended."""
    ended = os.times()
    # Of the process itself in nanoseconds; os.times counts in hundredths of a second.
    return clock.process_time() + ended.children_user + ended.children_system


def _package_counters() -> dict[str, tuple[int, int]]:
    """Energy in microjoules and where the counter begins anew, for each processor package."""
    counters = {}
    # intel-rapl:0 is a package; intel-rapl:0:1 a part of it that it contains.
    for folder in sorted(POWERCAP.glob("intel-rapl:*")):
        if folder.name.count(":") != 1:
            continue
        try:
            value = int((folder / "energy_uj").read_text())
            limit = int((folder / "max_energy_range_uj").read_text())
        except (OSError, ValueError):
            return {}
        counters[folder.name] = (value, max(limit, 1))
    return counters


def _device_name(device: str) -> str:
    if device.startswith("cuda"):
        import torch

        return torch.cuda.get_device_name(torch.device(device))
    return f"CPU ({platform.machine() or 'unknown'})"


class _GpuCounter:
    """The energy counter of a GPU, through the library that comes with its driver."""

    def __init__(self, library: ctypes.CDLL, handle: ctypes.c_void_p) -> None:
        self._library, self._handle = library, handle

    @classmethod
    def of(cls, device: str) -> _GpuCounter | None:
        """Find the counter of a CUDA device; None where there is none."""
        import torch

        try:
            uuid = str(torch.cuda.get_device_properties(torch.device(device)).uuid)
            library = ctypes.CDLL(NVML)
            handle = ctypes.c_void_p()
            name = uuid if uuid.startswith("GPU-") else f"GPU-{uuid}"
            failed = library.nvmlInit_v2() or library.nvmlDeviceGetHandleByUUID(
                name.encode(), ctypes.byref(handle)
            )
        except (OSError, AttributeError, RuntimeError, AssertionError):
            return None
        return None if failed else cls(library, handle)

    def joules(self) -> float | None:
        """Read the energy since the driver was loaded, in J; None if it cannot be read."""
        value = ctypes.c_ulonglong()
        try:
            failed = self._library.nvmlDeviceGetTotalEnergyConsumption(
                self._handle, ctypes.byref(value)
            )
        except AttributeError:
            return None
        return None if failed else value.value * 1e-3


def _less(ratio: float) -> str:
    """Write a ratio with two figures: 7.3× less, 140× less; or 1.2× more."""
    word = "less" if ratio >= 1 else "more"
    ratio = ratio if ratio >= 1 else 1.0 / ratio
    if ratio < 100:
        return f"{ratio:.2g}× {word}"
    return f"{round(ratio, 2 - len(str(int(ratio)))):.0f}× {word}"
