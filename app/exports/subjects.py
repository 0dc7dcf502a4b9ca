"""What each view of a picture shows: data, layers and colours, prepared. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.exports.pictures import Material, Shot
from app.look import ViewRole
from app.scene.details import Details
from app.scene.prepare import PreparedEvolution, prepare
from app.scene.third import third_scene
from app.view_state import LayerState, TransferFunction
from core.errors import InvalidRequest
from core.evolution import Forecast

TITLES: Mapping[ViewRole, str] = {"truth": "Truth", "forecast": "Forecast"}


@dataclass(frozen=True, eq=False)
class Subject:
    """What one view of a picture shows.

    Parameters
    ----------
    prepared : PreparedEvolution
        What is drawn.
    transfer : TransferFunction
        Its colours.
    layers : LayerState
        What is shown of it.
    title, subtitle : str
        Name of the view, and what made it.
    dots : tuple of str
        Roles whose colours mark the title.
    label, unit : str
        What the scale of colours shows; "" for the density.
    details : Details, optional
        What further layers show.
    """

    prepared: PreparedEvolution
    transfer: TransferFunction
    layers: LayerState
    title: str
    subtitle: str = ""
    dots: tuple[str, ...] = ()
    label: str = ""
    unit: str = ""
    details: Details | None = None


def subject_of(shot: Shot, role: ViewRole) -> Subject:
    """Prepare what a view of a shot shows.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    role : {"truth", "forecast", "third"}
        The view.

    Returns
    -------
    Subject
        What it shows.

    Raises
    ------
    InvalidRequest
        If data for it are missing.
    """
    material, look = shot.material, shot.look
    layers = look.layers(role)
    if role == "third":
        scene = third_scene(
            look.third_kind,
            material.truth,
            material.control,
            material.forecast,
            site_pc=material.site_pc,
            name=material.name,
        )
        if scene.prepared is None:
            raise InvalidRequest(scene.missing)
        transfer, layers = scene.colors_of(look.transfer), scene.layers_of(layers)
        title, subtitle = shot.titles.get(role, (scene.title, scene.subtitle))
        return Subject(
            *(scene.prepared, transfer, layers, title, subtitle),
            dots=scene.roles,
            label=scene.label,
            unit=scene.unit,
        )
    title, subtitle = shot.titles.get(role, (TITLES[role], ""))
    prepared, details = _evolution(material, role)
    return Subject(prepared, look.transfer, layers, title, subtitle, details=details)


def _evolution(material: Material, role: ViewRole) -> tuple[PreparedEvolution, Details]:
    """Prepare the truth or the forecast, with what its further layers show."""
    truth, forecast = material.truth, material.forecast
    both: dict[str, PreparedEvolution | None] = {"truth": None, "forecast": None}
    if truth is not None:
        both["truth"] = prepare(truth, material.behind_truth, material.site_of("truth"))
    if forecast is not None:
        both["forecast"] = prepare(forecast.sequence, forecast.control, material.site_pc)
    prepared = both[role]
    if prepared is None:
        raise InvalidRequest(f"There is no {role} to draw.")
    own = forecast if role == "forecast" and isinstance(forecast, Forecast) else None
    return prepared, Details(
        prepared,
        forecast=own,
        other=both["truth" if role == "forecast" else "forecast"],
        envelope=material.envelope if own is not None else None,
        coverage=material.coverage,
        particles={} if material.particles is None else getattr(material.particles, role),
    )
