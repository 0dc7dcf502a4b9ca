"""The temperature of the gas as it is drawn: where there is one, its colours, its planes."""

from __future__ import annotations

import weakref

import numpy as np
from numpy.typing import NDArray

from app.scene.prepare import PLANE_POINTS, Array, PreparedEvolution, plane_of
from app.view_state import LayerState, TransferFunction

LABEL, UNIT = "log T", "K"
TIP = "Colour of the gas: log10 of its temperature in K, in view and slice"

HOT_MAP = "magma"
_LEAST_K = 1.0
_SAMPLE = 400_000

_transfers: weakref.WeakKeyDictionary[PreparedEvolution, TransferFunction] = (
    weakref.WeakKeyDictionary()
)


def log_temperature(temperature: NDArray[np.floating]) -> Array:
    """log10 of a temperature in K, finite also where there is no gas."""
    return np.log10(np.maximum(temperature, _LEAST_K), dtype=np.float32)


def temperature_transfer(temperature: NDArray[np.floating]) -> TransferFunction:
    """Choose colours and opacities for temperatures.

    Parameters
    ----------
    temperature : ndarray
        In K; zeros stand for voxels without gas and do not count.

    Returns
    -------
    TransferFunction
        Over log10 of the temperature in K, from the coldest hundredth to the
        hottest gas, in half dex; the medium is invisible, hot gas glows.
    """
    logs = np.log10(np.maximum(temperature[temperature > 0.0], _LEAST_K))
    if len(logs) == 0:
        logs = np.array([1.0, 4.0])
    low, medium, high = (float(np.percentile(logs, q)) for q in (1.0, 50.0, 100.0))
    low = np.floor(2.0 * low) / 2.0
    high = max(np.ceil(2.0 * high) / 2.0, low + 1.0)
    faint = min(medium + 0.3, high - 0.5)
    points = tuple(
        (faint + part * (high - faint), opacity)
        for part, opacity in ((0.0, 0.0), (0.25, 0.02), (0.5, 0.06), (0.75, 0.2), (1.0, 0.5))
    )
    return TransferFunction(HOT_MAP, (float(low), float(high)), ((low - 4.0, 0.0), *points))


def has_temperature(prepared: PreparedEvolution) -> bool:
    """Whether what is drawn is gas that has a temperature."""
    return prepared.quantity == "density" and "temperature" in prepared.sequence.fields


def shows_temperature(layers: LayerState, prepared: PreparedEvolution | None) -> bool:
    """Whether a view, and its slice, are coloured by temperature."""
    warm = layers.volume_field == "temperature"
    return warm and prepared is not None and has_temperature(prepared)


def transfer_of(prepared: PreparedEvolution) -> TransferFunction:
    """Colours and opacities of the temperature, the same for all frames.

    Parameters
    ----------
    prepared : PreparedEvolution
        An evolution that has a temperature.

    Returns
    -------
    TransferFunction
        See `temperature_transfer`; the same for the view and its slice.
    """
    known = _transfers.get(prepared)
    if known is None:
        values = prepared.sequence.fields["temperature"]
        # A few thousand voxels of every frame decide: enough for a hundredth, quick for a GB.
        step = max(1, round((values.size / _SAMPLE) ** (1 / 3)))
        some = values[:, ::step, ::step, ::step]
        hottest = np.array([values.max()], dtype=np.float32)
        known = temperature_transfer(np.concatenate([some.ravel(), hottest]))
        _transfers[prepared] = known
    return known


def colour_alike(prepared: PreparedEvolution, other: PreparedEvolution) -> None:
    """Colour the temperature of an evolution as that of another, of which it is a part.

    Parameters
    ----------
    prepared : PreparedEvolution
        What is coloured.
    other : PreparedEvolution
        What decides the colours.
    """
    if has_temperature(prepared) and has_temperature(other):
        _transfers[prepared] = transfer_of(other)


def gas_plane(
    prepared: PreparedEvolution,
    index: int,
    layers: LayerState,
    height: float,
    points: int = PLANE_POINTS,
) -> Array:
    """Return what a slice shows of a frame: the temperature where the view does, else the gas.

    Parameters
    ----------
    prepared : PreparedEvolution
        What is drawn.
    index : int
        The frame.
    layers : LayerState
        What the view shows.
    height : float
        Place of the plane, 0 to 1 from the lower to the upper face.
    points : int
        Points along an edge.

    Returns
    -------
    ndarray of float32, (points, points)
        Axes (y, x), from face to face; log10, as `gas_transfer` colours it.
    """
    if shows_temperature(layers, prepared):
        field = log_temperature(prepared.sequence.fields["temperature"][index])
        return plane_of(field, height, points)
    return prepared.plane(index, height, points)


def gas_transfer(
    prepared: PreparedEvolution | None, layers: LayerState, transfer: TransferFunction
) -> TransferFunction:
    """Return the colours of what a view's volume, planes and slice show.

    Parameters
    ----------
    prepared : PreparedEvolution or None
        What is drawn.
    layers : LayerState
        What the view shows.
    transfer : TransferFunction
        The colours of the density.

    Returns
    -------
    TransferFunction
        Those of the temperature where that is shown.
    """
    if prepared is not None and shows_temperature(layers, prepared):
        return transfer_of(prepared)
    return transfer
