"""Writing what is shown for other programs, in a worker. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import core
from core.cubes import CubeSequence
from core.cutout import Cutout
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.particles import ParticleSet

if TYPE_CHECKING:
    from app.document import Document
    from core.series import SnapshotSeries


@dataclass(frozen=True)
class ExportFormat:
    """One way to write cubes.

    Parameters
    ----------
    label : str
        Its name for people.
    suffix : str
        How its files end.
    """

    label: str
    suffix: str


FORMATS = (
    ExportFormat("The Well HDF5, all frames", ".hdf5"),
    ExportFormat("ParaView collection, all frames", ".pvd"),
    ExportFormat("VTK image data, the frame shown", ".vti"),
    ExportFormat("NumPy arrays, all frames", ".npz"),
)

FILTERS = ";;".join(f"{each.label} (*{each.suffix})" for each in FORMATS)
"""The formats as a file dialog lists them."""

SUFFIX_OF: Mapping[str, str] = {f"{each.label} (*{each.suffix})": each.suffix for each in FORMATS}


def write_cubes(cubes: CubeSequence | Evolution, path: Path, frame: int) -> None:
    """Write cubes in the format that the suffix names.

    Parameters
    ----------
    cubes : CubeSequence or Evolution
        What to write.
    path : Path
        The file.
    frame : int
        The frame shown, for formats that hold one.

    Raises
    ------
    InvalidRequest
        If there is no such format, or nothing can be written there.
    """
    from core.writers.arrays import save_arrays
    from core.writers.vti import save_vti
    from core.writers.well import save_well

    sequence = cubes.sequence if isinstance(cubes, Evolution) else cubes
    suffix = path.suffix.lower()
    if suffix in (".hdf5", ".h5"):
        save_well(cubes, path)
    elif suffix == ".pvd":
        save_vti(sequence, path)
    elif suffix == ".vti":
        save_vti(sequence[min(frame, len(sequence) - 1)], path)
    elif suffix == ".npz":
        save_arrays(sequence, path)
    else:
        known = ", ".join(each.suffix for each in FORMATS)
        raise InvalidRequest(f"{path.name}: cubes are written as {known}; end the name with one.")


def particles_and_forecast(document: Document) -> tuple[SnapshotSeries | None, Evolution | None]:
    """Return the particles that are open and what is forecast for them, as far as both exist."""
    source = document.source
    series = source.series if source is not None else None
    if series is None or series.kind != "particles":
        return None, None
    return series, document.forecast


def _reached(series: SnapshotSeries, forecast: Evolution) -> ParticleSet:
    """Read the particles in the cube of a forecast."""
    sequence = forecast.sequence
    particles = series.read(0, ("ids",), Cutout(sequence.center_pc, sequence.size_pc))
    assert isinstance(particles, ParticleSet)
    if particles.ids is None:
        raise InvalidRequest(
            f"{series.paths[0]}: its particles have no IDs, by which they could be named."
        )
    return particles


def coverage_shown(document: Document) -> float | None:
    """Return the share of what is really reached that the region shown shall hold.

    Parameters
    ----------
    document : Document
        What is shown.

    Returns
    -------
    float or None
        The share chosen, while its region is shown and the forecast can
        promise it; None for the region as it was forecast.
    """
    layers, forecast = document.layers("forecast"), document.forecast
    if not layers.reached or not isinstance(forecast, Forecast):
        return None
    try:
        return forecast.margin(layers.coverage).coverage
    except InvalidRequest:
        return None


def write_ids(
    series: SnapshotSeries, forecast: Evolution, path: Path, coverage: float | None = None
) -> None:
    """Write the IDs of the particles that the blast wave reaches, with the time of it.

    Parameters
    ----------
    series : SnapshotSeries
        The particles; those of the first snapshot count.
    forecast : Evolution
        What happens to them.
    path : Path
        The CSV file.
    coverage : float, optional
        As for `core.affected_particles`.
    """
    from core.writers.ids import save_affected

    save_affected(path, _reached(series, forecast), forecast, coverage)


def write_subset(
    series: SnapshotSeries, forecast: Evolution, path: Path, coverage: float | None = None
) -> None:
    """Write the particles that the blast wave reaches as a snapshot of the same format.

    Parameters
    ----------
    series : SnapshotSeries
        The particles; those of the first snapshot count.
    forecast : Evolution
        What happens to them.
    path : Path
        The file.
    coverage : float, optional
        As for `core.affected_particles`.
    """
    from core.writers.subset import save_subset

    ids = core.affected_particles(_reached(series, forecast), forecast, coverage)
    save_subset(series, 0, ids, path)
