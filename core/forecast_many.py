"""Forecast many explosions of one large snapshot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.cells import CellSet
from core.cubes import Cube
from core.cutout import Cutout
from core.errors import InvalidRequest
from core.forecast import Forecaster
from core.lattice import TOLERANCE
from core.particles import ParticleSet
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.readers import open_series
from core.series import Frame, SnapshotSeries
from core.site_forecasts import (
    MANIFEST,
    SiteForecasts,
    open_site_forecasts,
    same_sites,
    save_site_forecast,
)
from core.sites import Site
from core.voxelize import voxelize
from core.writers.ids import save_affected

WHOLE_COUNT = 20_000_000
"""A snapshot of at most so many particles or cells is read once, whole."""

WIDEST = 2.5
"""Of a larger one, sites are read together that fit into a cube of so many times the edge."""

GPU_BATCH = 16
"""Cubes at once on a GPU; a processor gains nothing from more than one."""

_CARRIED = ("velocities_kms", "temperatures_k")


def forecast_many(
    source: SnapshotSeries | str | Path,
    sites: Sequence[Site] | ArrayLike,
    model: str | Path = "default",
    *,
    directory: str | Path,
    index: int = 0,
    energy_erg: float | None = None,
    size_pc: float = 60.0,
    n: int = 32,
    device: str = "auto",
    averaging: int = 1,
    batch: int | None = None,
    ids: bool = False,
    coverage: float | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> SiteForecasts:
    """Forecast explosions at many places of one snapshot.

    A snapshot of at most `WHOLE_COUNT` particles is read once. Of a larger
    one the sites are taken in groups of neighbours, and each group's
    surroundings are read once. Cubes are not kept in the cache: a thousand
    of them would drive everything else out of it, and the forecasts
    themselves are kept.

    Each forecast is written as soon as it is there, so that the work can be
    stopped and taken up again by the same call, which makes what is missing.

    Parameters
    ----------
    source : SnapshotSeries or path
        The snapshot.
    sites : sequence of Site, or array_like (N, 3)
        The places, in pc in the coordinates of the snapshot.
    model : str or Path
        As for `core.Forecaster`.
    directory : path
        Where the forecasts are written; made if it does not exist.
    index : int
        Which snapshot of the series.
    energy_erg : float, optional
        Energy of each explosion in erg; by default the usual one of the model.
    size_pc, n
        The cubes: edge in pc and voxels along it.
    device : str
        As for `core.Forecaster`.
    averaging : int
        Over how many orientations each forecast is averaged: one by default,
        as thousands have to be made.
    batch : int, optional
        Cubes at once; by default 1 on a processor and `GPU_BATCH` on a GPU.
    ids : bool
        Also write which particles each blast wave reaches (see
        `core.writers.ids.save_affected`).
    coverage : float, optional
        For the particles: take the region that holds this share of what is
        really reached, as for `core.affected_particles`.
    scheduler : str, optional
        Address of a Dask scheduler whose workers do the work; they must see
        the snapshot and the directory under the same paths.
    progress : callable, optional
        Told the fraction done, and how many forecasts a second are made.
    cancelled : callable, optional
        Asked between batches.

    Returns
    -------
    SiteForecasts
        The forecasts; sites whose cube does not fit into the box or holds no
        gas are among its failures.

    Raises
    ------
    InvalidRequest
        If there are no sites, the directory holds other forecasts, or the
        model does not take such cubes.
    MissingDependency
        If a scheduler is given and Dask is not installed.
    Cancelled
        If told to stop.
    """
    places = _as_sites(sites)
    series = source if isinstance(source, SnapshotSeries) else open_series(source)
    header = series.headers[index]
    if ids and series.kind != "particles":
        raise InvalidRequest(f"Identifiers are of particles; the snapshot holds {series.kind}.")
    forecaster = Forecaster(model, device=device, averaging=averaging)
    request = {
        "model": forecaster.model_name, "weights": forecaster.weights_hash,
        "files": [path.name for path in header.paths], "time_myr": header.time_myr,
        "energy_erg": energy_erg, "size_pc": size_pc, "n": n, "averaging": averaging,
        "ids": ids, "coverage": coverage,
    }  # fmt: skip
    many = _begun(Path(directory), places, request)
    options = _Options(index % len(series), energy_erg, size_pc, n, ids, coverage)
    box = np.asarray(header.box_pc) if header.periodic else None
    left = [number for number in range(len(many)) if not many.is_done(number)]
    whole = header.count <= WHOLE_COUNT
    wide = np.inf if whole and scheduler is None else WIDEST * size_pc
    groups = _grouped(places, left, np.asarray(header.origin_pc), box, size_pc, wide)
    failures: dict[int, str] = {}
    told = _Told(len(left), progress, cancelled)
    if scheduler is not None:
        from core.simulate.cluster import on_cluster

        work = _Work(
            tuple(str(path) for path in series.paths), series.format, str(series.units or ""),
            series.trajectory, str(model), averaging, str(many.directory), options,
        )  # fmt: skip

        def tell() -> None:
            told.say(sum(many.is_done(number) for number in left))

        for result in on_cluster(scheduler, many.directory, work, groups, tell, cancelled):
            failures.update(result)
    else:
        size = batch or (GPU_BATCH if forecaster.device.startswith("cuda") else 1)
        for group in groups:
            done = _one_group(series, forecaster, many, group, options, size, cancelled)
            for number, why in done:
                told.say(told.done + 1)
                if why:
                    failures[number] = why
    many = replace(many, failures=failures)
    many.write_manifest()
    report(progress, 1.0, "Done")
    return many


@dataclass(frozen=True)
class _Options:
    """What holds for all sites."""

    index: int
    energy_erg: float | None
    size_pc: float
    n: int
    ids: bool
    coverage: float | None


@dataclass
class _Told:
    """What has been said of the progress."""

    total: int
    progress: Progress | None
    cancelled: CancelCheck | None
    done: int = 0

    def __post_init__(self) -> None:
        self.start = perf_counter()

    def say(self, done: int) -> None:
        self.done = done
        rate = done / max(perf_counter() - self.start, 1e-9)
        text = f"Site {done} of {self.total}, {rate:.2g} a second"
        report(self.progress, done / max(self.total, 1), text)


@dataclass(frozen=True)
class _Work:
    """The work of one worker of a cluster, on one group after the other."""

    paths: tuple[str, ...]
    format: str
    units: str
    trajectory: int
    model: str
    averaging: int
    directory: str
    options: _Options

    def __call__(self, group: Sequence[int]) -> dict[int, str]:
        """Forecast a group of sites; returns what failed."""
        from core.units import UnitSystem

        what: Any = [Path(path) for path in self.paths]
        series = open_series(
            what[0] if len(what) == 1 else what,
            format=self.format,
            units=UnitSystem.parse(self.units) if self.units else None,
            trajectory=self.trajectory,
        )
        forecaster = Forecaster(self.model, device="cpu", averaging=self.averaging)
        many = open_site_forecasts(self.directory)
        left = [number for number in group if not many.is_done(number)]
        done = _one_group(series, forecaster, many, left, self.options, 1, None) if left else ()
        return {number: why for number, why in done if why}


def _as_sites(sites: Sequence[Site] | ArrayLike) -> tuple[Site, ...]:
    if isinstance(sites, Sequence) and all(isinstance(site, Site) for site in sites):
        places = tuple(site for site in sites if isinstance(site, Site))
    else:
        rows = np.asarray(sites, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != 3:
            raise InvalidRequest(f"Sites are rows of x, y, z in pc, not of shape {rows.shape}.")
        places = tuple(
            Site((float(x), float(y), float(z)), "given", f"site {k}")
            for k, (x, y, z) in enumerate(rows)
        )
    if not places:
        raise InvalidRequest("There are no sites to forecast.")
    return places


def _begun(directory: Path, sites: tuple[Site, ...], request: dict[str, Any]) -> SiteForecasts:
    """Begin a directory, or go on with one that was begun by the same call."""
    many = SiteForecasts(directory, sites, request)
    if (directory / MANIFEST).exists():
        before = open_site_forecasts(directory)
        other = [key for key, value in request.items() if before.request.get(key) != value]
        other += [] if same_sites(before.sites, sites) else ["sites"]
        if other:
            raise InvalidRequest(
                f"{directory}: holds forecasts of another request ({', '.join(other)} differ); "
                f"choose another directory."
            )
        return many
    directory.mkdir(parents=True, exist_ok=True)
    many.write_manifest()
    return many


def _grouped(
    sites: Sequence[Site],
    numbers: Sequence[int],
    origin: NDArray[np.float64],
    box: NDArray[np.float64] | None,
    size_pc: float,
    widest_pc: float,
) -> list[list[int]]:
    """Put neighbours into groups whose cubes together are not too wide."""
    if not numbers:
        return []
    places = np.array([sites[number].position_pc for number in numbers])
    if box is not None:
        places = origin + np.mod(places - origin, box)
    if not np.isfinite(widest_pc):
        return [list(numbers)]
    # Blocks of a lattice: along each of its axes the centres are no further apart than this.
    blocks = np.floor((places - origin) / max(widest_pc - size_pc, 1e-9)).astype(np.int64)
    groups: dict[tuple[int, ...], list[int]] = {}
    for number, block in zip(numbers, blocks.tolist(), strict=True):
        groups.setdefault(tuple(block), []).append(number)
    return [groups[block] for block in sorted(groups)]


def _one_group(
    series: SnapshotSeries,
    forecaster: Forecaster,
    many: SiteForecasts,
    group: Sequence[int],
    options: _Options,
    batch: int,
    cancelled: CancelCheck | None,
) -> Iterator[tuple[int, str]]:
    """Forecast neighbours; yields the number of each when it is done, and why it failed."""
    check_cancelled(cancelled, "The forecasts")
    gas = _read_around(series, [many.sites[number] for number in group], options)
    waiting: list[tuple[int, Cube, Frame]] = []
    for position, number in enumerate(group):
        try:
            periodic = series.headers[options.index].periodic if isinstance(gas, Cube) else None
            near = _near(gas, Cutout(many.sites[number].position_pc, options.size_pc))
            cube = voxelize(
                near, size_pc=options.size_pc, n=options.n,
                center_pc=many.sites[number].position_pc,
                periodic=periodic,
            )  # fmt: skip
            if not cube.density.max() > 0:
                raise InvalidRequest("There is no gas in the cube.")
            waiting.append((number, cube, near))
        except InvalidRequest as error:
            yield number, str(error)
        if waiting and (len(waiting) == batch or position == len(group) - 1):
            check_cancelled(cancelled, "The forecasts")
            forecasts = forecaster.forecast_batch(
                [cube for _, cube, _ in waiting], energy_erg=options.energy_erg
            )
            for (done, _, near), forecast in zip(waiting, forecasts, strict=True):
                if options.ids:
                    assert isinstance(near, ParticleSet)
                    save_affected(many.ids_path(done), near, forecast, options.coverage)
                save_site_forecast(many.path(done), forecast)
                yield done, ""
            waiting = []


def _read_around(series: SnapshotSeries, sites: Sequence[Site], options: _Options) -> Frame:
    """Read the gas around some sites, once."""
    header = series.headers[options.index]
    names = (*_CARRIED, "ids") if options.ids else _CARRIED
    if series.kind == "grid":
        return series.read(options.index)
    places = np.array([site.position_pc for site in sites])
    if header.periodic:
        origin, box = np.asarray(header.origin_pc), np.asarray(header.box_pc)
        places = origin + np.mod(places - origin, box)
    low, high = places.min(axis=0), places.max(axis=0)
    edge = float((high - low).max() + options.size_pc) * (1.0 + TOLERANCE)
    x, y, z = (0.5 * (low + high)).tolist()
    cutout = None if edge >= min(header.box_pc) else Cutout((x, y, z), edge)
    gas = series.read(options.index, names, cutout)
    assert isinstance(gas, ParticleSet | CellSet)
    return gas


def _near(gas: Frame, cutout: Cutout) -> Frame:
    """Take the particles of a cube out of many more, which all that follows would look at."""
    if not isinstance(gas, ParticleSet):
        return gas
    wider = Cutout(cutout.center_pc, cutout.size_pc * (1.0 + TOLERANCE))
    inside = wider.contains(gas.positions_pc, gas.box_pc, periodic=gas.periodic)
    if not inside.any():
        raise InvalidRequest("There is no gas in the cube.")
    rows: dict[str, Any] = {
        one.name: value[inside]
        for one in fields(gas)
        if isinstance(value := getattr(gas, one.name), np.ndarray) and len(value) == len(gas)
    }
    return replace(gas, **rows)
