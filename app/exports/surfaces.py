"""Surfaces of shells for other programs: PLY, STL and VTP, in pc."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.exports.provenance import PROVENANCE, SOFTWARE, check_name, software
from core.cubes import CubeSequence, Vector3
from core.errors import InvalidRequest
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.writers.atomic import replacing

SURFACE_FORMATS: tuple[tuple[str, str], ...] = (
    (".ply", "PLY"),
    (".stl", "STL"),
    (".vtp", "VTP, for ParaView"),
)


@dataclass(frozen=True, eq=False)
class Shells:
    """The shells of one evolution.

    Parameters
    ----------
    sequence : CubeSequence
        The gas.
    control : CubeSequence
        The gas without the explosion.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.
    level : float
        The surface encloses gas below this part of the control's density.
    """

    sequence: CubeSequence
    control: CubeSequence
    site_pc: Vector3
    level: float


def save_surfaces(
    shells: Shells,
    frames: tuple[int, ...],
    path: Path,
    told: Mapping[str, Any],
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> tuple[Path, ...]:
    """Write the surface of a shell as triangles with normals.

    Places are in pc, in the coordinates of the snapshot. PLY files carry
    where they come from as comments, VTP files as field data with the time
    as ``TimeValue``, so that ParaView shows a series in time; STL holds no
    more than its header.

    Parameters
    ----------
    shells : Shells
        What is written.
    frames : tuple of int
        The frames; with more than one, files are numbered and frames without
        a surface left out.
    path : Path
        The file; its suffix says the format.
    told : Mapping
        The provenance (see `provenance.describe`).
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked before every frame whether to stop.

    Returns
    -------
    tuple of Path
        The files written.

    Raises
    ------
    InvalidRequest
        If the format is unknown, no frame has a surface, or a file cannot be
        written.
    Cancelled
        If told to stop; what was written is removed.
    """
    from app.scene.prepare import PreparedEvolution
    from app.scene.surface import isosurface

    check_name(path, [suffix for suffix, _ in SURFACE_FORMATS], "surfaces")
    # Its own, not the one that the views share: this may be another thread.
    prepared = PreparedEvolution(shells.sequence, shells.control, shells.site_pc)
    written: list[Path] = []
    try:
        for done, frame in enumerate(frames):
            check_cancelled(cancelled, "Writing the surfaces")
            report(progress, done / len(frames), f"Surface {done + 1} of {len(frames)}")
            field = prepared.shell(frame, shells.level)
            surface = None if field is None else isosurface(field, prepared.size_pc)
            if surface is None or surface.n_cells == 0:
                continue
            surface = surface.translate(shells.sequence.center_pc, inplace=False)
            target = path
            if len(frames) > 1:
                target = path.with_name(f"{path.stem}_{frame:04d}{path.suffix}")
            time = float(prepared.times_myr[frame])
            note = {**told, "time_myr": time, "frame": frame, "level": shells.level, "unit": "pc"}
            _save(surface, target, note)
            written.append(target)
    except BaseException:
        for target in written:
            target.unlink(missing_ok=True)
        raise
    if not written:
        raise InvalidRequest(
            "There is no shell to write at this level: go to a later frame, or choose another."
        )
    report(progress, 1.0, "Written")
    return tuple(written)


def _save(surface: Any, path: Path, note: Mapping[str, Any]) -> None:
    text = json.dumps(note, default=str)
    suffix = path.suffix.lower()
    with replacing(path) as partial:
        named = partial.with_name(partial.name + suffix)  # PyVista goes by the name
        try:
            if suffix == ".vtp":
                surface.field_data["TimeValue"] = [note["time_myr"]]
                surface.field_data[SOFTWARE] = [software()]
                surface.field_data[PROVENANCE] = [text]
            surface.save(str(named))
            if suffix == ".ply":
                _comment_ply(named, text)
            elif suffix == ".stl":
                _name_stl(named, note)
            named.replace(partial)
        finally:
            named.unlink(missing_ok=True)


def _comment_ply(path: Path, text: str) -> None:
    """Add comments to the header: VTK writes none of ours."""
    data = path.read_bytes()
    first, rest = data.split(b"\n", 1)
    form, rest = rest.split(b"\n", 1)
    lines = [f"comment {SOFTWARE}: {software()}", f"comment {PROVENANCE}: {text}"]
    added = "\n".join(lines).encode("ascii", "backslashreplace")
    path.write_bytes(b"\n".join([first, form, added, rest]))


def _name_stl(path: Path, note: Mapping[str, Any]) -> None:
    """Say in the 80 bytes of the header what it is; it must not begin with "solid"."""
    words = f"{software()}; shell, level {note['level']:g}, t = {note['time_myr']:g} Myr; pc"
    with path.open("r+b") as file:
        file.write(words.encode("ascii", "replace")[:80].ljust(80))
