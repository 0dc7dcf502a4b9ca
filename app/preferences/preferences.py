"""What the user prefers, whatever is open: one frozen value, and what it changes. No Qt."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, fields
from typing import Any

from app.colors import ThemeChoice
from app.preferences.display_units import DensityUnit
from core.cube_cache import LIMIT_MB, LIMIT_VARIABLE

THREADS_VARIABLE = "OMP_NUM_THREADS"
"""Read by torch when it is first imported."""

_STATED_CACHE = os.environ.get(LIMIT_VARIABLE)
_STATED_THREADS = os.environ.get(THREADS_VARIABLE)


@dataclass(frozen=True)
class Preferences:
    """What the user prefers.

    Parameters
    ----------
    theme : {"dark", "light", "system"}
        The look of the window.
    density_unit : {"mass", "number"}
        Densities are shown as mass (Msun/pc^3) or as hydrogen atoms (cm^-3).
    network : str
        The model that is chosen first; ``"default"`` is the one that ships.
    cache_mb : int
        Megabytes that cubes cut out of snapshots may take up on the disk.
    threads : int
        Threads of a forecast on the CPU; 0 leaves it to the machine.
    autosave_s : int
        Seconds between two savings of what is open, to recover it after a
        crash; 0 never saves.
    """

    theme: ThemeChoice = "dark"
    density_unit: DensityUnit = "mass"
    network: str = "default"
    cache_mb: int = int(LIMIT_MB)
    threads: int = 0
    autosave_s: int = 30


LIMITS: dict[str, tuple[int, int]] = {
    "cache_mb": (0, 1_000_000),
    "threads": (0, 1024),
    "autosave_s": (0, 3600),
}
"""Least and greatest of each number."""

CHOICES: dict[str, tuple[str, ...]] = {
    "theme": ("dark", "light", "system"),
    "density_unit": ("mass", "number"),
}


def read(stored: dict[str, Any]) -> Preferences:
    """Make sense of what a settings file says; whatever is wrong there counts as unsaid.

    Parameters
    ----------
    stored : dict
        Values by the names of the fields, some perhaps missing, numbers
        perhaps written as text.

    Returns
    -------
    Preferences
        The preferences.
    """
    found: dict[str, Any] = {}
    for field in fields(Preferences):
        value = stored.get(field.name)
        if field.name in LIMITS:
            low, high = LIMITS[field.name]
            try:
                found[field.name] = min(max(int(value), low), high)  # type: ignore[arg-type]
            except (TypeError, ValueError, OverflowError):
                continue
        elif isinstance(value, str) and value and value in CHOICES.get(field.name, (value,)):
            found[field.name] = value
    return Preferences(**found)


def stated_cache() -> str | None:
    """Return the size of the cache that the environment states, which counts before all else."""
    return _STATED_CACHE


def use_cache(megabytes: int) -> None:
    """Limit the cache of cubes, unless the environment did when the program started."""
    if _STATED_CACHE is None:
        os.environ[LIMIT_VARIABLE] = str(megabytes)


def automatic_threads() -> int:
    """Return how many threads a forecast takes where nothing is said."""
    stated = (_STATED_THREADS or "").split(",")[0]
    if stated.isdigit() and int(stated) > 0:
        return int(stated)
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def use_threads(threads: int) -> None:
    """Let forecasts that begin from now on take some threads.

    Parameters
    ----------
    threads : int
        How many; 0 leaves it to the machine.
    """
    torch = sys.modules.get("torch")
    set_threads = getattr(torch, "set_num_threads", None)
    if set_threads is not None:
        # Threads started later take this over; those of a forecast that goes on stay as they are.
        set_threads(threads or automatic_threads())
    if threads:
        os.environ[THREADS_VARIABLE] = str(threads)
    elif _STATED_THREADS is None:
        os.environ.pop(THREADS_VARIABLE, None)
    else:
        os.environ[THREADS_VARIABLE] = _STATED_THREADS
