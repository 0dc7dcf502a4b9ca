"""Where the figures of a comparison come from, in lines for people."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.evolution import Evolution

if TYPE_CHECKING:
    from core.comparison import ControlSource
    from core.cubes import CubeSequence


def origin(
    forecast: Evolution, truth: CubeSequence, control_source: ControlSource
) -> tuple[str, ...]:
    """Say what was compared with what.

    Parameters
    ----------
    forecast : Evolution
        The forecast.
    truth : CubeSequence
        What really happened.
    control_source : {"given", "forecast"}
        What the truth was compared with to find its region.

    Returns
    -------
    tuple of str
        Lines, each with what it tells before a colon; only of what is known.
    """
    known = forecast.provenance
    asked = known.get("input")
    files = _files(truth.provenance) or _files(asked if isinstance(asked, Mapping) else {})
    sequence = forecast.sequence
    center = ", ".join(f"{coordinate:g}" for coordinate in sequence.center_pc)
    model = str(known.get("model", known.get("method", "")))
    how = [f"averaged over {known['averaging']} orientations"] if "averaging" in known else []
    how += [f"on {known['device']}"] if known.get("device") else []
    lines = [
        "Figures of a forecast against the truth",
        f"software: Shellsight {_version()}",
        f"truth: {', '.join(files)}" if files else "",
        f"truth made by: {truth.provenance['code']}" if truth.provenance.get("code") else "",
        f"forecast: {', '.join([model, *how])}" if model else "",
        f"cube: {sequence.size_pc:g} pc around ({center}) pc, {sequence.n} voxels along an edge",
        "site: ({}) pc from its centre, {:.3g} erg".format(
            ", ".join(f"{coordinate:g}" for coordinate in forecast.site_pc), forecast.energy_erg
        ),
        _frames("forecast frames", sequence),
        _frames("true frames", truth),
        "true region: relative to the run without the explosion"
        if control_source == "given"
        else "true region: relative to the forecast's control, as no run without the explosion "
        "was given",
    ]
    return tuple(" ".join(line.split()) for line in lines if line)


def _files(provenance: Mapping[str, Any]) -> list[str]:
    """Names of the files; a run of many is told by its ends."""
    names = [Path(str(each)).name for each in provenance.get("files", ())]
    return names if len(names) <= 3 else [names[0], "…", names[-1]]


def _frames(what: str, sequence: CubeSequence) -> str:
    first, last = sequence.times_myr[[0, -1]]
    return f"{what}: {len(sequence)} from {first:g} to {last:g} Myr"


def _version() -> str:
    try:
        return version("shellsight")
    except PackageNotFoundError:
        return "unknown"
