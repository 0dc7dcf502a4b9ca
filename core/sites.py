"""Where an explosion may be, or go off: candidates for the cube's centre."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from core.constants import NH_PER_DENSITY
from core.cubes import Cube, Vector3
from core.errors import InvalidRequest
from core.overview import whole_box
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.series import FrameHeader, SnapshotSeries
from core.stars import StarSet

SiteKind = Literal["supernova", "star", "hottest", "densest", "list", "given"]

CORE_COLLAPSE_MYR = (3.0, 40.0)
"""Ages in Myr at which a population of stars explodes.

The lifetimes of stars of 120 and of 8 Msun; between them the rate of
supernovae is nearly constant (Starburst99: Leitherer et al. 1999, ApJS 123, 3,
section 5).
"""

HOT_K = 1e5
"""Temperature above which gas speaks of an explosion; turbulence does not heat it so far."""

SEPARATION_PC = 15.0
"""Candidates nearer to each other than this count as one place: about a shell's radius."""

_VOXELS = (16, 128)
"""Least and most voxels along the box in which hot and dense gas is looked for."""

_SEPARATION_VOXELS = 3.0


@dataclass(frozen=True)
class Site:
    """A place where an explosion may be, or go off.

    Parameters
    ----------
    position_pc : tuple of float
        The place in the coordinates of the snapshot, in pc.
    kind : str
        Why it is one: ``supernova`` (flagged in the file), ``star`` (of an
        age at which stars explode, or of unknown age), ``hottest``,
        ``densest``, ``list`` (read from a list) or ``given`` (by the user).
    label : str
        What it is, for people, for example "hottest gas, 2.1e7 K".
    value : float, optional
        The figure behind it: age, temperature, density.
    unit : str
        The unit of `value`.
    time_myr : float, optional
        Time of the explosion in Myr, where it is known.

    Raises
    ------
    InvalidRequest
        If the position is not three numbers.
    """

    position_pc: Vector3
    kind: SiteKind
    label: str
    value: float | None = None
    unit: str = ""
    time_myr: float | None = None

    def __post_init__(self) -> None:
        if np.shape(self.position_pc) != (3,) or not np.isfinite(self.position_pc).all():
            raise InvalidRequest(f"A site is three numbers in pc, not {self.position_pc}.")


def find_sites(
    series: SnapshotSeries,
    index: int = 0,
    *,
    limit: int = 20,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> tuple[Site, ...]:
    """Look for places where an explosion is, or may soon be.

    In the order of plausibility:

    1. stars that the file flags as supernovae;
    2. stars of the age of core collapse (`CORE_COLLAPSE_MYR`), by mass: the
       number of supernovae to come grows with it; the younger first among
       equals;
    3. the hottest gas: maxima of the temperature above `HOT_K`, weighted by
       mass on coarse voxels; the centre of the thermal energy around each;
    4. the densest gas: maxima of the coarse density, where stars may form;
    5. stars whose age the file does not state, by mass.

    Candidates of kinds 2 to 5 are at least `SEPARATION_PC` (or three coarse
    voxels) from others of their kind. If there are more than `limit`, each
    kind gets an equal share, and what is left over goes to the first.

    Parameters
    ----------
    series : SnapshotSeries
        The snapshots; the gas is read once, piece by piece.
    index : int
        Which, in time order.
    limit : int
        Candidates at most.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between pieces whether to stop.

    Returns
    -------
    tuple of Site
        The candidates, the most plausible first.

    Raises
    ------
    InvalidRequest
        If `limit` is not positive.
    CorruptSnapshot
        If the snapshot is damaged.
    Cancelled
        If told to stop.
    """
    if limit < 1:
        raise InvalidRequest(f"At least one site has to be asked for, not {limit}.")
    header = series.headers[index]
    stars = series.stars(index)
    check_cancelled(cancelled, "Looking for sites")
    n = int(np.clip(round(header.count ** (1 / 3)), *_VOXELS))
    gas = whole_box(
        series, index, n, fields=("temperatures_k",), progress=progress, cancelled=cancelled
    )
    report(progress, 1.0, "Looking for sites")
    apart = max(SEPARATION_PC, _SEPARATION_VOXELS * gas.voxel_pc)
    flagged, ripe, ageless = _star_sites(stars, header, apart, limit)
    return _shared_out(
        (
            flagged,
            ripe,
            _hottest(gas, header, apart, limit),
            _densest(gas, header, apart, limit),
            ageless,
        ),
        limit,
    )


# ---------------------------------------------------------------- stars


def _star_sites(
    stars: StarSet | None, header: FrameHeader, apart: float, limit: int
) -> tuple[list[Site], list[Site], list[Site]]:
    """Return flagged stars, stars of the right age, and stars of unknown age."""
    if stars is None or not len(stars):
        return [], [], []
    ages = stars.ages_myr
    flags = np.zeros(len(stars), bool) if stars.exploding is None else stars.exploding

    def site(row: int, kind: SiteKind, what: str) -> Site:
        age = None if ages is None or not np.isfinite(ages[row]) else float(ages[row])
        known = "age unknown" if age is None else f"{age:.3g} Myr old"
        return Site(
            position_pc=_vector(stars.positions_pc[row]),
            kind=kind,
            label=f"{what} of {stars.masses_msun[row]:.3g} Msun, {known}",
            value=age,
            unit="" if age is None else "Myr",
            time_myr=header.time_myr if kind == "supernova" else None,
        )

    flagged = [site(row, "supernova", "flagged supernova") for row in np.flatnonzero(flags)[:limit]]
    if ages is None:
        unknown = np.flatnonzero(~flags)
        ripe = unknown[:0]
        order = np.argsort(-stars.masses_msun[unknown], kind="stable")
    else:
        low, high = CORE_COLLAPSE_MYR
        ripe = np.flatnonzero(~flags & (ages >= low) & (ages <= high))
        ripe = ripe[np.lexsort((ages[ripe], -stars.masses_msun[ripe]))]
        unknown = np.flatnonzero(~flags & ~np.isfinite(ages))
        order = np.argsort(-stars.masses_msun[unknown], kind="stable")
    places = stars.positions_pc
    return (
        flagged,
        [site(row, "star", "star") for row in _separate(places, ripe, apart, limit, header)],
        [
            site(row, "star", "star")
            for row in _separate(places, unknown[order], apart, limit, header)
        ],
    )


# ---------------------------------------------------------------- gas


def _hottest(gas: Cube, header: FrameHeader, apart: float, limit: int) -> list[Site]:
    temperature = gas.fields.get("temperature")
    if temperature is None:
        return []
    values = np.where(gas.density > 0, temperature, 0.0)
    heat = values.reshape(-1)
    energy = (gas.density * temperature).reshape(-1).astype(np.float64)
    places = _centers(gas)
    hot = np.flatnonzero(heat > HOT_K)
    found = np.empty((0, 3))
    sites: list[Site] = []
    for row in _maxima(values, HOT_K, apart / gas.voxel_pc, header):
        offsets = _offsets(places[hot], places[row], header)
        near = (np.square(offsets).sum(axis=1) <= apart**2) & (heat[hot] > 0.5 * heat[row])
        # One voxel may hold a single hot particle: the blast is where the energy is.
        center = places[row] + np.average(offsets[near], axis=0, weights=energy[hot[near]])
        if np.any(np.square(_offsets(found, center, header)).sum(axis=1) <= apart**2):
            continue
        found = np.vstack((found, center))
        sites.append(
            Site(
                position_pc=_inside(center, header),
                kind="hottest",
                label=f"hottest gas, {_figure(float(heat[row]))} K",
                value=float(heat[row]),
                unit="K",
            )
        )
        if len(sites) == limit:
            break
    return sites


def _densest(gas: Cube, header: FrameHeader, apart: float, limit: int) -> list[Site]:
    density = gas.density
    filled = density[density > 0]
    if not filled.size:
        return []
    # In a uniform medium no place is denser than the others.
    rows = _maxima(
        density, 1.1 * float(filled.mean(dtype=np.float64)), apart / gas.voxel_pc, header
    )
    places = _centers(gas)
    return [
        Site(
            position_pc=_inside(places[row], header),
            kind="densest",
            label=f"densest gas, n_H {_figure(n_h)} cm^-3",
            value=n_h,
            unit="cm^-3",
        )
        for row in _separate(places, rows, apart, limit, header)
        for n_h in (float(density.flat[row]) * NH_PER_DENSITY,)
    ]


def _maxima(
    values: NDArray[np.floating], above: float, reach: float, header: FrameHeader
) -> NDArray[np.intp]:
    """Voxels that nothing within `reach` voxels along the axes exceeds, the highest first."""
    from scipy.ndimage import maximum_filter

    width = 2 * max(round(reach), 1) + 1
    width = min(width, 2 * (values.shape[0] // 2) + 1)
    highest = maximum_filter(values, size=width, mode="wrap" if header.periodic else "nearest")
    rows = np.flatnonzero((values >= highest) & (values > above))
    return rows[np.argsort(-values.reshape(-1)[rows], kind="stable")]


def _centers(gas: Cube) -> NDArray[np.float64]:
    axes = [c + ((np.arange(gas.n) + 0.5) / gas.n - 0.5) * gas.size_pc for c in gas.center_pc]
    return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)


# ---------------------------------------------------------------- helpers


def _separate(
    places: NDArray[np.float64],
    rows: NDArray[np.intp],
    apart: float,
    limit: int,
    header: FrameHeader,
) -> list[int]:
    """Take the first rows that are far enough from those taken before."""
    taken: list[int] = []
    left = rows
    while len(left) and len(taken) < limit:
        best = int(left[0])
        taken.append(best)
        offsets = _offsets(places[left], places[best], header)
        left = left[np.square(offsets).sum(axis=1) > apart**2]
    return taken


def _offsets(
    places: NDArray[np.float64], origin: NDArray[np.float64], header: FrameHeader
) -> NDArray[np.float64]:
    """Vectors from one place to others; in a periodic box the shortest."""
    offsets: NDArray[np.float64] = places - origin
    if header.periodic:
        box = np.asarray(header.box_pc)
        offsets -= box * np.round(offsets / box)
    return offsets


def _inside(place: NDArray[np.float64], header: FrameHeader) -> Vector3:
    if header.periodic:
        origin = np.asarray(header.origin_pc)
        place = origin + (place - origin) % np.asarray(header.box_pc)
    return _vector(place)


def _vector(values: Iterable[float]) -> Vector3:
    x, y, z = (float(value) for value in values)
    return (x, y, z)


def _figure(value: float) -> str:
    """Two digits, without the zeros that printf puts into exponents: 2.1e7."""
    if 0.01 <= value < 1e4:
        return f"{value:.2g}" if value < 100 else f"{value:.0f}"
    mantissa, _, exponent = f"{value:.1e}".partition("e")
    return f"{mantissa}e{int(exponent)}"


def _shared_out(groups: Sequence[Sequence[Site]], limit: int) -> tuple[Site, ...]:
    """Keep at most `limit` sites; no kind crowds out the others."""
    filled = [group for group in groups if group]
    share = max(limit // max(len(filled), 1), 1)
    spare = limit - sum(min(len(group), share) for group in filled)
    out: list[Site] = []
    for group in filled:
        more = max(min(spare, len(group) - share), 0)
        out += group[: share + more]
        spare -= more
    return tuple(out[:limit])
