"""Forecasts of an explosion that moves through a cube, again and again. No Qt.

A network forecasts an explosion in the middle of its cube. For one elsewhere
the cube is shifted by whole voxels until the explosion is in its middle, and
what the explosion does, the ratio of the densities with and without it, is
shifted back onto the gas that is shown. What the gas does without the
explosion is forecast once, for the cube as it lies.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import core
from app.data.place import Method
from app.forecasts.forecast_list import site_text
from app.forecasts.forecast_request import ForecastRequest
from core.cubes import Cube, CubeSequence, Vector3
from core.evolution import Forecast
from core.forecast import Forecaster
from core.models.analytic import ANALYTIC_MODELS
from core.progress import CancelCheck, Progress
from core.series import SnapshotSeries

REACH_PC = 15.0
"""How far from the middle an explosion may be moved along each axis, in pc: further out the
shell leaves the cube that is shown."""

SLOW_S = 0.25
"""A network whose pass takes longer than this cannot follow the mouse."""

STAND_IN = "thin-shell"
"""The theory that follows it instead, until the mouse rests."""

Around = Literal["box", "periodic", "edge"]
Offset = tuple[int, int, int]

AROUND_TEXT: Mapping[Around, str] = {
    "box": "",
    "periodic": "",
    "edge": "Nothing is known of the gas beyond the cube: it goes on as it is at the faces.",
}
"""What a person should know of the gas beyond the cube."""


@dataclass(frozen=True, eq=False)
class Neighbourhood:
    """A cube with the gas around it.

    Parameters
    ----------
    cube : Cube
        The cube that is shown.
    fields : Mapping of str to ndarray
        Its fields with `margin` more voxels on every side.
    margin : int
        Voxels.
    around : {"box", "periodic", "edge"}
        Whether the gas around it was read from the snapshot, is the cube's
        own in a periodic box, or is taken to go on as it is at the faces.
    """

    cube: Cube
    fields: Mapping[str, NDArray[np.float32]]
    margin: int
    around: Around

    def at(self, offset: Offset) -> Cube:
        """Return the cube that is shifted by some voxels."""
        n = self.cube.n
        part = tuple(slice(self.margin + o, self.margin + o + n) for o in offset)
        center = np.add(self.cube.center_pc, np.multiply(offset, self.cube.voxel_pc))
        x, y, z = (float(value) for value in center)
        fields = {name: values[part] for name, values in self.fields.items()}
        return replace(self.cube, fields=fields, center_pc=(x, y, z))

    def site_pc(self, offset: Offset) -> Vector3:
        """Return the place of the explosion relative to the middle of the cube, in pc."""
        x, y, z = (o * self.cube.voxel_pc for o in offset)
        return (x, y, z)


def reach_voxels(cube: Cube) -> int:
    """Return how many voxels an explosion may be moved along each axis."""
    return min(math.floor(REACH_PC / cube.voxel_pc + 1e-6), cube.n // 2)


def neighbourhood(
    cube: Cube,
    series: SnapshotSeries | None,
    method: Method = "cic",
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Neighbourhood:
    """Find the gas around a cube.

    Parameters
    ----------
    cube : Cube
        The cube.
    series : SnapshotSeries, optional
        The snapshots it was cut out of, if they are there.
    method : {"cic", "sph"}
        How the cube's voxels were filled.
    progress, cancelled : callable, optional
        As everywhere in the library.

    Returns
    -------
    Neighbourhood
        With gas from the snapshot where its box is large enough, else with
        the cube's own where the box is periodic and as large as the cube,
        and else with the faces continued.

    Raises
    ------
    ShellsightError
        If the snapshot cannot be read any more.
    Cancelled
        If `cancelled` says so.
    """
    margin = reach_voxels(cube)
    if series is not None:
        index = int(np.argmin(np.abs(series.times_myr - cube.time_myr)))
        header = series.headers[index]
        wider = cube.size_pc + 2 * margin * cube.voxel_pc
        low = np.asarray(header.origin_pc)
        high = low + np.asarray(header.box_pc)
        center = np.asarray(cube.center_pc)
        inside = np.all(center - wider / 2 >= low) and np.all(center + wider / 2 <= high)
        if (header.periodic and wider <= min(header.box_pc)) or inside:
            cubes = core.voxelize(
                series[index : index + 1],
                size_pc=wider,
                n=cube.n + 2 * margin,
                center_pc=cube.center_pc,
                method=method if series.kind == "particles" else "cic",
                progress=progress,
                cancelled=cancelled,
            )
            known = {name: cubes.fields[name][0] for name in cube.fields if name in cubes.fields}
            return Neighbourhood(cube, known, margin, "box")
        if header.periodic and np.allclose(header.box_pc, cube.size_pc, rtol=1e-3):
            return Neighbourhood(cube, _padded(cube, margin, "wrap"), margin, "periodic")
    return Neighbourhood(cube, _padded(cube, margin, "edge"), margin, "edge")


def _padded(
    cube: Cube, margin: int, mode: Literal["wrap", "edge"]
) -> dict[str, NDArray[np.float32]]:
    fields = {}
    for name, values in cube.fields.items():
        widths = [(margin, margin)] * 3 + [(0, 0)] * (values.ndim - 3)
        fields[name] = np.pad(values, widths, mode=mode)
    return fields


def voxels_to(cube: Cube, site_pc: Vector3) -> Offset:
    """Return the shift to the voxel nearest to a place, as far as it may be.

    Parameters
    ----------
    cube : Cube
        The cube.
    site_pc : tuple of float
        The place relative to its middle, in pc.

    Returns
    -------
    tuple of int
        The shift in voxels.
    """
    reach = reach_voxels(cube)
    steps = np.round(np.divide(site_pc, cube.voxel_pc)).astype(int)
    x, y, z = (int(value) for value in np.clip(steps, -reach, reach))
    return (x, y, z)


def shifted_back(values: NDArray[np.float32], offset: Offset, fill: float) -> NDArray[np.float32]:
    """Put what is known of a shifted cube where it belongs in the cube as it lies.

    Parameters
    ----------
    values : ndarray, (time, n, n, n)
        Of the shifted cube.
    offset : tuple of int
        Its shift in voxels.
    fill : float
        Where nothing is known.

    Returns
    -------
    ndarray, (time, n, n, n)
        Of the cube as it lies.
    """
    result = np.full_like(values, fill)
    n = values.shape[-1]
    to = tuple(slice(max(o, 0), min(n + o, n)) for o in offset)
    source = tuple(slice(max(-o, 0), min(n - o, n)) for o in offset)
    result[(slice(None), *to)] = values[(slice(None), *source)]
    return result


@dataclass(frozen=True, eq=False)
class LiveForecast:
    """A forecast of live mode.

    Parameters
    ----------
    forecast : Forecast
        On the grid and at the place of the cube that is shown.
    offset : tuple of int
        Where the explosion is, in voxels from the middle.
    fine : bool
        Whether it is as good as the settings ask for.
    seconds : float
        How long it took.
    said : str
        How it was made, for the title of a view.
    note : str
        What the user should know, or "".
    """

    forecast: Forecast
    offset: Offset
    fine: bool
    seconds: float
    said: str
    note: str = ""


class LiveForecaster:
    """Forecasts explosions anywhere in one cube; for one thread.

    Parameters
    ----------
    around : Neighbourhood
        The cube.
    pass_s : Mapping of (model, device) to float, optional
        How long networks took for one orientation, as far as it is known.
    """

    def __init__(
        self, around: Neighbourhood, pass_s: Mapping[tuple[str, str], float] | None = None
    ) -> None:
        self.around = around
        self._forecasters: dict[tuple[str, str, int], Forecaster] = {}
        self._controls: dict[tuple[str, str, int], CubeSequence] = {}
        self._pass_s = dict(pass_s or {})
        self._on_cpu = False

    def forecast(
        self,
        request: ForecastRequest,
        offset: Offset,
        *,
        fine: bool = True,
        cancelled: CancelCheck | None = None,
    ) -> LiveForecast:
        """Forecast an explosion.

        Parameters
        ----------
        request : ForecastRequest
            The settings.
        offset : tuple of int
            Where, in voxels from the middle of the cube.
        fine : bool
            As well as the settings ask for; else from one orientation, or by
            the theory of thin shells where the network is too slow.
        cancelled : callable, optional
            As everywhere in the library.

        Returns
        -------
        LiveForecast
            The forecast.

        Raises
        ------
        ShellsightError
            If the cube does not fit the network.
        Cancelled
            If `cancelled` says so.
        """
        try:
            return self._forecast(request, offset, fine, cancelled)
        except RuntimeError as error:
            if self._on_cpu or "out of memory" not in str(error).lower():
                raise
        self._on_cpu = True
        self._forecasters.clear()
        made = self._forecast(request, offset, fine, cancelled)
        return replace(made, note="The GPU ran out of memory; live forecasts are made on the CPU.")

    def _forecast(
        self, request: ForecastRequest, offset: Offset, fine: bool, cancelled: CancelCheck | None
    ) -> LiveForecast:
        began = time.monotonic()
        model, averaging, said = request.model, request.averaging, ""
        if model in ANALYTIC_MODELS:
            averaging, fine = 1, True
        elif not fine:
            model, averaging, said = self._quick(request)
        energy = request.energy_erg
        key, forecaster = self._forecaster(model, request.device, averaging)
        middle = offset == (0, 0, 0)
        if key not in self._controls and not middle:
            cube = self.around.cube
            made = forecaster.forecast(cube, energy_erg=energy, cancelled=cancelled)
            self._controls[key] = made.control
        passed = time.monotonic()
        gas = self.around.cube if middle else self.around.at(offset)
        shifted = forecaster.forecast(gas, energy_erg=energy, cancelled=cancelled)
        # Without the explosion it does not matter where that is.
        control = self._controls.setdefault(key, shifted.control)
        if not forecaster.ignores:
            self._pass_s[(request.model, request.device)] = (time.monotonic() - passed) / averaging
        return LiveForecast(
            self._placed(shifted, control, offset), offset, fine, time.monotonic() - began, said
        )

    def _quick(self, request: ForecastRequest) -> tuple[str, int, str]:
        """Choose what can follow the mouse: the network from one side, or a theory."""
        slow = self._pass_s.get((request.model, request.device), 0.0) > SLOW_S
        if not slow and not self._forecaster(request.model, request.device, 1)[1].frame_by_frame:
            return request.model, 1, "one orientation"
        return STAND_IN, 1, "thin shell while it moves"

    def _forecaster(
        self, model: str, device: str, averaging: int
    ) -> tuple[tuple[str, str, int], Forecaster]:
        device = "cpu" if self._on_cpu else device
        key = (model, device, averaging)
        if key not in self._forecasters:
            if model != STAND_IN:
                # Of networks chosen earlier none stays in memory.
                for old in [k for k in self._forecasters if k[0] not in (model, STAND_IN)]:
                    del self._forecasters[old]
            self._forecasters[key] = Forecaster(model, device=device, averaging=averaging)
        return key, self._forecasters[key]

    def _placed(self, shifted: Forecast, control: CubeSequence, offset: Offset) -> Forecast:
        """Put a forecast of the shifted cube onto the cube as it lies."""
        without = shifted.control.density
        effect = np.divide(shifted.density, without, out=np.ones_like(without), where=without > 0)
        density = control.density * shifted_back(effect, offset, 1.0)
        probability = shifted.probability
        around = self.around
        # Gas that was made up says nothing of what is missed.
        known = around.around != "edge" or offset == (0, 0, 0)
        provenance = {
            **shifted.provenance,
            "site": site_text(around.site_pc(offset)),
            "gas_beyond_the_cube": around.around,
        }
        return Forecast(
            sequence=replace(control, fields={"density": density}, provenance=provenance),
            control=control,
            site_pc=around.site_pc(offset),
            energy_erg=shifted.energy_erg,
            provenance=provenance,
            probability=None if probability is None else shifted_back(probability, offset, 0.0),
            calibration=shifted.calibration if known else None,
        )
