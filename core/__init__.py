"""Shellsight's library: from snapshots to forecasts of supernova shells.

Everything a program needs is here::

    import core

    series = core.open("snapshots/")
    cubes = core.voxelize(series, size_pc=60, n=32)
    forecast = core.Forecaster().forecast(cubes[0])
    print(core.compare(forecast, cubes))

Lengths are in pc, times in Myr, masses in Msun, velocities in km/s,
temperatures in K and mass densities in Msun/pc^3.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from core import errors
from core.cubes import Cube, CubeSequence
from core.cutout import Cutout
from core.evolution import Evolution, Forecast, Simulation
from core.particles import ParticleSet
from core.readers import formats
from core.readers import open_series as open
from core.series import SnapshotSeries
from core.units import UnitSystem
from core.voxelize import voxelize
from core.writers.native import load, save

_LAZY = {
    "Forecaster": "core.forecast",
    "simulate": "core.simulate",
    "compare": "core.compare",
    "Comparison": "core.compare",
    "overview": "core.overview",
    "Overview": "core.overview",
    "Site": "core.sites",
    "find_sites": "core.sites",
    "read_sites": "core.site_list",
    "affected_particles": "core.shells.affected",
    "forecast_many": "core.forecast_many",
    "open_site_forecasts": "core.site_forecasts",
}
"""Names whose modules are slow to import, and where they live."""

if TYPE_CHECKING:
    from core.compare import Comparison, compare
    from core.forecast import Forecaster
    from core.forecast_many import forecast_many
    from core.overview import Overview, overview
    from core.shells.affected import affected_particles
    from core.simulate import simulate
    from core.site_forecasts import open_site_forecasts
    from core.site_list import read_sites
    from core.sites import Site, find_sites


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'core' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


class _Library(ModuleType):
    """Keeps `core.compare`, `core.simulate` and `core.overview` the functions they are.

    Importing the module `core.compare` would otherwise put the module in the
    place of the function of the same name.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _LAZY and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Library

__all__ = [
    "Comparison",
    "Cube",
    "CubeSequence",
    "Cutout",
    "Evolution",
    "Forecast",
    "Forecaster",
    "Overview",
    "ParticleSet",
    "Simulation",
    "Site",
    "SnapshotSeries",
    "UnitSystem",
    "affected_particles",
    "compare",
    "errors",
    "find_sites",
    "forecast_many",
    "formats",
    "load",
    "open",
    "open_site_forecasts",
    "overview",
    "read_sites",
    "save",
    "simulate",
    "voxelize",
]
