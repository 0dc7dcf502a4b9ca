"""Forecasts of many sites in a directory: one small file each, and a list of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.cubes import CubeSequence
from core.errors import CorruptSnapshot, InvalidRequest
from core.evolution import Forecast
from core.forecast import MIN_DENSITY
from core.readers.hdf5 import attributes, open_hdf5, reading
from core.readers.values import vector
from core.sites import Site
from core.tables import write_json
from core.writers.atomic import replacing_hdf5
from core.writers.native import as_json

MANIFEST = "forecasts.json"

STEP_DEX = 1e-3
"""Logarithms of density are stored in steps of this: a quarter of a per cent."""

_TINY = 1e-30

_KIND = "site forecast"


def save_site_forecast(path: Path, forecast: Forecast) -> None:
    """Write a forecast in a fifth of the room that `core.save` takes.

    Stored are the first frame, and what turbulence and explosion change, as
    logarithms in steps of `STEP_DEX`; the probability is left out.

    Parameters
    ----------
    path : Path
        The file; it appears when it is complete.
    forecast : Forecast
        The forecast.
    """
    first = np.maximum(forecast.density[0], MIN_DENSITY).astype(np.float64)
    future = np.maximum(forecast.control.density[1:], _TINY)
    control = np.log10(future / first)
    effect = np.log10(np.maximum(forecast.density[1:], _TINY) / future)
    with replacing_hdf5(path) as file:
        file.attrs["kind"] = _KIND
        file.attrs["size_pc"] = forecast.sequence.size_pc
        file.attrs["center_pc"] = forecast.sequence.center_pc
        file.attrs["energy_erg"] = forecast.energy_erg
        file.attrs["provenance"] = as_json(forecast.provenance)
        file.create_dataset("times_myr", data=forecast.times_myr)
        options = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
        file.create_dataset("density", data=forecast.density[0], **options)
        for name, change in (("turbulence", control), ("effect", effect)):
            steps = np.clip(np.rint(change / STEP_DEX), -32000, 32000).astype(np.int16)
            stored = file.create_dataset(name, data=steps, **options)
            stored.attrs["step_dex"] = STEP_DEX


def load_site_forecast(path: Path) -> Forecast:
    """Read what `save_site_forecast` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    Forecast
        The forecast, to a quarter of a per cent of the densities.

    Raises
    ------
    CorruptSnapshot
        If it is damaged, or something else.
    """
    with open_hdf5(path) as file:
        root = attributes(file, "/")
        if root.get("kind") != _KIND:
            raise CorruptSnapshot(path, "is no forecast of a site")
        with reading(path, "its arrays"):
            first = file["density"][()]
            times = file["times_myr"][()]
            changes = {
                name: file[name][()].astype(np.float64) * float(file[name].attrs["step_dex"])
                for name in ("turbulence", "effect")
            }
            size, center = float(root["size_pc"]), vector(root["center_pc"])
            energy = float(root["energy_erg"])
            provenance = json.loads(root["provenance"])
    # Empty voxels count as nearly so in a forecast: what changes is relative to that.
    control = np.maximum(first, MIN_DENSITY) * 10.0 ** changes["turbulence"]

    def sequence(future: NDArray[np.floating]) -> CubeSequence:
        frames = np.concatenate((first[None], future)).astype(np.float32)
        return CubeSequence({"density": frames}, times, size, center)

    exploded = sequence(control * 10.0 ** changes["effect"])
    return Forecast(exploded, sequence(control), energy_erg=energy, provenance=provenance)


@dataclass(frozen=True)
class SiteForecasts:
    """The forecasts of many sites, in a directory.

    Parameters
    ----------
    directory : Path
        Where they are.
    sites : tuple of Site
        The places, in the order in which they were given.
    request : Mapping
        What was asked for: model, snapshot, sizes.
    failures : Mapping of int to str
        Sites without a forecast, and why.
    """

    directory: Path
    sites: tuple[Site, ...]
    request: Mapping[str, Any] = field(default_factory=dict)
    failures: Mapping[int, str] = field(default_factory=dict)

    def path(self, number: int) -> Path:
        """Where the forecast of a site is, or will be."""
        return self.directory / f"site{number:05d}.h5"

    def ids_path(self, number: int) -> Path:
        """Where the list of particles that a site's blast wave reaches is, or will be."""
        return self.directory / f"site{number:05d}_ids.csv"

    def is_done(self, number: int) -> bool:
        """Whether all of a site that was asked for is there."""
        ids = not self.request.get("ids") or self.ids_path(number).exists()
        return ids and self.path(number).exists()

    def __len__(self) -> int:
        return len(self.sites)

    def __getitem__(self, number: int) -> Forecast:
        """Load the forecast of a site."""
        if not 0 <= number < len(self):
            raise IndexError(number)
        if not self.path(number).exists():
            why = self.failures.get(number, "it is not made yet")
            raise InvalidRequest(f"There is no forecast of site {number}: {why}")
        return load_site_forecast(self.path(number))

    def __iter__(self) -> Iterator[Forecast]:
        """Load the forecasts that there are, one after the other."""
        return (self[k] for k in range(len(self)) if self.path(k).exists())

    def write_manifest(self) -> None:
        """Write what was asked for, and what failed."""
        write_json(
            self.directory / MANIFEST,
            {
                "request": dict(self.request),
                "sites": [asdict(site) for site in self.sites],
                "failures": {str(k): why for k, why in sorted(self.failures.items())},
            },
        )


def open_site_forecasts(directory: str | Path) -> SiteForecasts:
    """Open a directory that `core.forecast_many` wrote, or is writing.

    Parameters
    ----------
    directory : str or Path
        The directory.

    Returns
    -------
    SiteForecasts
        The forecasts, loaded one by one when they are asked for.

    Raises
    ------
    CorruptSnapshot
        If it has no list of forecasts, or that is damaged.
    """
    path = Path(directory) / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        sites = tuple(
            Site(**{**site, "position_pc": vector(site["position_pc"])})
            for site in content["sites"]
        )
        failures = {int(k): str(why) for k, why in content["failures"].items()}
        return SiteForecasts(Path(directory), sites, content["request"], failures)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise CorruptSnapshot(path, f"is no list of forecasts ({error})") from error


def same_sites(one: Sequence[Site], two: Sequence[Site]) -> bool:
    """Tell whether two lists name the same places in the same order."""
    return len(one) == len(two) and all(
        np.allclose(a.position_pc, b.position_pc, rtol=0, atol=1e-9)
        for a, b in zip(one, two, strict=True)
    )
