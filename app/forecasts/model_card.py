"""What there is to know of a model, as Markdown. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.models.analytic import AnalyticModel


def of_network(weights: Path, config: Mapping[str, Any]) -> str:
    """Return the card of a network.

    Parameters
    ----------
    weights : Path
        Its weights file; the card is the Markdown file beside it.
    config : Mapping
        What the weights file says, for a network without a card.

    Returns
    -------
    str
        The card in Markdown.
    """
    beside = weights.with_suffix(".md")
    try:
        return beside.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    low, high = config.get("energy_range_erg") or (config["energy_erg"], config["energy_erg"])
    energy = f"{low:.3g} erg" if low == high else f"{low:.3g} to {high:.3g} erg"
    rows = {
        "architecture": config["architecture"],
        "cube": f"{config['n']}³ voxels in {config['size_pc']:g} pc",
        "frames": f"{config['frames']}, {config['interval_myr']:g} Myr apart",
        "energy": energy,
        "file": f"`{weights}`",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return (
        f"# {config['name']}\n\nThis network has no card: there is no `{beside.name}` beside its "
        f"weights. The weights file says of it:\n\n| | |\n|---|---|\n{table}\n"
    )


def of_theory(theory: AnalyticModel) -> str:
    """Return the card of a theory.

    Parameters
    ----------
    theory : AnalyticModel
        The theory.

    Returns
    -------
    str
        The card in Markdown.
    """
    sources = "\n".join(f"- {source}" for source in theory.sources)
    parts = (f"# {theory.title}", theory.text, "## Limits", theory.limits, "## After", sources)
    return "\n\n".join(parts) + "\n"
