"""The verbs that hand data on: places to cut out, cubes in other formats, reached particles."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

import numpy as np
import typer
from numpy.typing import NDArray

import core
from core.cli_opening import Center, Format, Snapshots, Trajectory, Units, open_series, say
from core.cutout import Cutout
from core.deposit import Method
from core.errors import InvalidRequest
from core.evolution import Evolution, Forecast
from core.particles import ParticleSet
from core.readers import native
from core.savings import NEEDED_FIELDS, SavingsTally
from core.series import SnapshotSeries
from core.shells.affected import reach_map, reach_times
from core.tables import number, text_table, write_csv
from core.terminal import plain, progress_bar, require_folder
from core.writers.arrays import save_arrays
from core.writers.ids import save_affected
from core.writers.native import Saved
from core.writers.subset import save_subset
from core.writers.vti import save_vti
from core.writers.well import save_well

WRITERS: Mapping[str, tuple[str, Callable[[Any, Path], object]]] = MappingProxyType(
    {
        ".shell.h5": ("Shellsight", core.save),
        ".hdf5": ("The Well", save_well),
        ".h5": ("The Well", save_well),
        ".vti": ("VTK, one frame", save_vti),
        ".pvd": ("VTK, a series", save_vti),
        ".npz": ("NumPy", save_arrays),
    }
)
"""What is written, by the end of the file's name; the first that fits."""

_ENDS = ", ".join(f"{end} ({what})" for end, (what, _) in WRITERS.items())

_SIZE_PC = 60.0
_VOXELS = 32


def sites(
    paths: Snapshots,
    frame: Annotated[int, typer.Option(help="Which snapshot; negative counts from the end.")] = 0,
    limit: Annotated[int, typer.Option(min=1, help="Places at most.")] = 20,
    csv: Annotated[
        Path | None, typer.Option(help="Write the list here: Shellsight reads it back.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """List places where an explosion is or may be: stars, hot gas, dense gas."""
    require_folder(csv)
    series = open_series(paths, units=units, format=format, trajectory=trajectory)
    with progress_bar("Looking") as progress:
        found = core.find_sites(series, _index(series, frame), limit=limit, progress=progress)
    if csv is not None:
        write_csv(
            csv,
            ("x", "y", "z", "kind", "label", "value", "unit", "time_myr"),
            [(*s.position_pc, s.kind, s.label, s.value, s.unit, s.time_myr) for s in found],
        )
    if as_json:
        print(json.dumps(plain([asdict(site) for site in found]), indent=2, allow_nan=False))
        return
    rows = [(*(f"{c:.2f}" for c in site.position_pc), site.label) for site in found]
    print(text_table(("x / pc", "y / pc", "z / pc", "what"), rows) if rows else "No places found.")


def convert(
    paths: Snapshots,
    out: Annotated[Path, typer.Option("-o", "--output", help=f"File to write: {_ENDS}.")],
    frame: Annotated[
        int | None,
        typer.Option(help="Only this snapshot; negative counts from the end.", show_default=False),
    ] = None,
    size: Annotated[
        float | None,
        typer.Option(
            help=f"Edge of the cube in pc; default: {_SIZE_PC:g}, of a grid all.",
            show_default=False,
        ),
    ] = None,
    n: Annotated[
        int | None,
        typer.Option(
            help=f"Voxels along an edge; default: {_VOXELS}, of a grid its own.",
            show_default=False,
        ),
    ] = None,
    center: Center = None,
    method: Annotated[
        Method, typer.Option(help="Particles to voxels: cloud-in-cell or their SPH kernel.")
    ] = "cic",
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """Cut a cube out of snapshots, or take a run in voxels, and write it in another format."""
    require_folder(out)
    write = _writer(out)
    series = open_series(paths, units=units, format=format, trajectory=trajectory)
    uncut = size is None and n is None and center is None and frame is None
    content: Saved
    if series.format == native.name and len(series.paths) == 1 and uncut:
        # Whole, with the control and the site that frames alone do not have.
        content = core.load(series.paths[0])
    else:
        if series.control is not None:
            say("note: the gas without the explosion is left out of a part of a run.")
        if series.kind == "grid":
            n = n or round(series.headers[0].count ** (1 / 3))
            size = size or max(series.box_pc)
        index = None if frame is None else _index(series, frame)
        with progress_bar("Reading") as progress:
            cubes = core.voxelize(
                series if index is None else series[index : index + 1],
                size_pc=_SIZE_PC if size is None else size,
                n=_VOXELS if n is None else n,
                center_pc=center,
                method=method,
                progress=progress,
            )
        content = cubes if index is None else cubes[0]
    write(content, out)
    print(f"Wrote {out}: {_described(content)}.")


def affected(
    paths: Snapshots,
    forecast: Annotated[
        Path, typer.Argument(help="A forecast or a simulation of a cube of it (.shell.h5).")
    ],
    out: Annotated[Path, typer.Option("-o", "--output", help="List to write (.csv).")],
    subset: Annotated[
        Path | None,
        typer.Option(help="Write these particles as a snapshot, too, in the source's format."),
    ] = None,
    frame: Annotated[
        int | None,
        typer.Option(
            help="Which snapshot; default: the one nearest to the forecast's first frame.",
            show_default=False,
        ),
    ] = None,
    coverage: Annotated[
        float | None,
        typer.Option(
            help="Enlarge the forecast region so that it holds this share of the gas really "
            "reached, such as 0.99; the forecast's model must be calibrated.",
            show_default=False,
        ),
    ] = None,
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """List the particles that the blast wave will reach, and when: they need small time steps."""
    for target in (out, subset):
        require_folder(target)
    evolution = core.load(forecast)
    if not isinstance(evolution, Evolution):
        raise InvalidRequest(
            f"{forecast}: holds no forecast and no simulation; `shellsight forecast` makes one."
        )
    series = open_series(paths, units=units, format=format, trajectory=trajectory)
    if series.kind != "particles":
        raise InvalidRequest(f"{paths[0]}: holds a {series.kind}; particles are needed.")
    start = float(evolution.times_myr[0])
    nearest = int(np.argmin(np.abs(series.times_myr - start)))
    index = nearest if frame is None else _index(series, frame)
    header = series.headers[index]
    if abs(header.time_myr - start) > 1e-3:
        say(
            f"note: the forecast starts at {start:.4g} Myr, but the snapshot is of "
            f"{header.time_myr:.4g} Myr."
        )
    ids: list[NDArray[np.integer]] = []
    reached_myr = reach_map(evolution, coverage)
    tally = SavingsTally(evolution, coverage)

    def pieces() -> Iterator[ParticleSet]:
        cube = Cutout(evolution.sequence.center_pc, evolution.sequence.size_pc)
        for piece in series.chunks(index, ("ids", *NEEDED_FIELDS), cube):
            assert isinstance(piece, ParticleSet)
            tally.add(piece)
            if subset is not None and piece.ids is not None:
                ids.append(piece.ids[np.isfinite(reach_times(piece, evolution, reached_myr))])
            yield piece

    count = save_affected(out, pieces(), evolution, coverage)
    last = evolution.times_myr[-1]
    print(f"Wrote {out}: {count} of {header.count} particles are reached until {last:.4g} Myr.")
    if coverage is not None and isinstance(evolution, Forecast):
        few = int(np.isfinite(reach_map(evolution)).sum())
        factor = np.isfinite(reached_myr).sum() / few if few else np.nan
        print(
            f"The region holds {evolution.margin(coverage, of='gas')}. "
            f"It is {number(factor, 1)} times as large as without a margin."
        )
    print(tally.result(header.count))
    if subset is not None:
        chosen = np.concatenate(ids) if ids else np.empty(0, dtype=np.int64)
        with progress_bar("Writing") as progress:
            written = save_subset(series, index, chosen, subset, progress=progress)
        print(f"Wrote {subset}: {written} particles, in the format of {header.code}.")


# ---------------------------------------------------------------- helpers


def _index(series: SnapshotSeries, frame: int) -> int:
    if not -len(series) <= frame < len(series):
        raise InvalidRequest(
            f"There is no snapshot {frame}; the series has {len(series)}, "
            f"numbered from 0 to {len(series) - 1}."
        )
    return frame % len(series)


def _writer(out: Path) -> Callable[[Any, Path], object]:
    for end, (_, write) in WRITERS.items():
        if out.name.lower().endswith(end):
            return write
    raise InvalidRequest(f"{out}: the end of its name has to say the format: {_ENDS}.")


def _described(content: Saved) -> str:
    sequence = content.sequence if isinstance(content, Evolution) else content
    fields = ", ".join(sequence.fields)
    what = f"{sequence.n}^3 voxels, {sequence.size_pc:g} pc, {fields}"
    if isinstance(sequence, core.Cube):
        return f"1 frame at {sequence.time_myr:.4g} Myr of {what}"
    first, last = sequence.times_myr[[0, -1]]
    if len(sequence) == 1:
        return f"1 frame at {first:.4g} Myr of {what}"
    return f"{len(sequence)} frames from {first:.4g} to {last:.4g} Myr of {what}"
