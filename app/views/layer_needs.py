"""What layers need that may not be there, and how to say so. No Qt."""

from __future__ import annotations

from app.document import Document
from core.errors import InvalidRequest
from core.evolution import Forecast


def missing(document: Document, need: str) -> str:
    """Tell why a layer has nothing to show.

    Parameters
    ----------
    document : Document
        What is open.
    need : str
        What the layer is made of, such as "control" or "particles"; "" for
        nothing special.

    Returns
    -------
    str
        The reason and what to do about it, for people; "" if nothing is
        missing.
    """
    return _NEEDS[need](document) if need else ""


def _control(document: Document) -> str:
    if document.control is not None or document.forecast is not None:
        return ""
    return "Needs the run without the explosion, or a forecast."


def _both(document: Document) -> str:
    if document.truth is not None and document.forecast is not None:
        return ""
    return "Needs a truth and a forecast."


def _temperature(document: Document) -> str:
    if document.truth is not None and "temperature" in document.truth.fields:
        return ""
    return "The snapshots that are open carry no temperature."


def _velocity(document: Document) -> str:
    if document.truth is not None and "velocity" in document.truth.fields:
        return ""
    return "The snapshots that are open carry no velocity."


def _particles(document: Document) -> str:
    source = document.source
    if source is not None and source.series is not None and source.series.kind == "particles":
        return ""
    return "What is open holds no particles."


def _reached(document: Document) -> str:
    if document.forecast is None:
        return "Needs a forecast."
    return _particles(document)


def _probability(document: Document) -> str:
    forecast = document.forecast
    if isinstance(forecast, Forecast) and forecast.probability is not None:
        return ""
    return "Needs a forecast by a network: theories do not say how sure they are."


def _coverage(document: Document) -> str:
    forecast = document.forecast
    if not isinstance(forecast, Forecast):
        return "Needs a forecast by a network that was calibrated."
    if forecast.calibration is None and _beyond(forecast):
        return (
            "The explosion was moved, and nothing is known of the gas beyond the cube: "
            "such a forecast promises no coverage."
        )
    preview = document.preview
    live = None if preview is None else preview.drawn
    if live is not None and not live.fine and forecast.calibration is not None:
        return ""  # While the explosion moves it is coarse; at rest it is what is promised.
    try:
        forecast.margin(0.9)
    except InvalidRequest as error:
        return str(error)
    return ""


def _beyond(forecast: Forecast) -> bool:
    """Whether an explosion was moved in a cube beyond which gas had to be made up."""
    moved = forecast.site_pc != (0.0, 0.0, 0.0)
    return moved and forecast.provenance.get("gas_beyond_the_cube") == "edge"


_NEEDS = {
    "control": _control,
    "both": _both,
    "temperature": _temperature,
    "velocity": _velocity,
    "particles": _particles,
    "reached": _reached,
    "probability": _probability,
    "coverage": _coverage,
}
