"""A cube's evolution with and without the explosion, simulated or forecast."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from core.cubes import CubeSequence, Vector3
from core.errors import InvalidRequest

if TYPE_CHECKING:
    from core.coverage import Calibration, Margin, Of


@dataclass(frozen=True, eq=False)
class Evolution:
    """What happens to a cube after an explosion, and what would without it.

    Parameters
    ----------
    sequence : CubeSequence
        The evolution with the explosion; the first frame is its time zero.
    control : CubeSequence
        The same gas at the same times without the explosion.
    site_pc : tuple of float
        Place of the explosion relative to the cube's centre, in pc.
    energy_erg : float
        Energy of the explosion in erg.
    provenance : Mapping
        How it was made: code, version, parameters, device, wall time.

    Raises
    ------
    InvalidRequest
        If the control has another grid or other times.
    """

    sequence: CubeSequence
    control: CubeSequence
    site_pc: Vector3 = (0.0, 0.0, 0.0)
    energy_erg: float = 1e51
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.control.density.shape != self.sequence.density.shape or not np.allclose(
            self.control.times_myr, self.sequence.times_myr
        ):
            raise InvalidRequest("The control must have the grid and the times of the sequence.")

    @property
    def density(self) -> NDArray[np.float32]:
        """Density with the explosion, (time, n, n, n), Msun/pc^3."""
        return self.sequence.density

    @property
    def times_myr(self) -> NDArray[np.float64]:
        """Time of each frame in Myr."""
        return self.sequence.times_myr

    def __len__(self) -> int:
        return len(self.sequence)


class Simulation(Evolution):
    """An evolution computed by solving the equations of hydrodynamics."""


@dataclass(frozen=True, eq=False)
class Forecast(Evolution):
    """An evolution predicted by a network; ``provenance['model']`` names it.

    Parameters
    ----------
    sequence, control, site_pc, energy_erg, provenance
        As for `Evolution`.
    probability : ndarray of float32, (time, n, n, n), optional
        Probability that the explosion has lowered the density of the voxel by
        more than a tenth (`core.shells.affected_region`), from how far the
        forecast's orientations agree. Calibrated where the model is
        (see `core.uncertainty`): of the voxels with 0.8, 80 % are affected.
        None for theories, which have no spread.
    calibration : Calibration, optional
        What runs that the model has never seen say of its forecasts; needed
        by `reached` with a coverage.

    Raises
    ------
    InvalidRequest
        If the probability has another shape, or is none.
    """

    probability: NDArray[np.float32] | None = None
    calibration: Calibration | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.probability is None:
            return
        shape = self.sequence.density.shape
        if self.probability.shape != shape:
            raise InvalidRequest(
                f"The probability has shape {self.probability.shape}, expected {shape}."
            )
        if not ((self.probability >= 0.0) & (self.probability <= 1.0)).all():
            raise InvalidRequest("Probabilities lie between 0 and 1.")

    def margin(
        self, coverage: float = 0.99, confidence: float | None = None, of: Of = "frames"
    ) -> Margin:
        """How far the reached region has to be enlarged to hold a share of the truth.

        Parameters
        ----------
        coverage : float
            Share of what is really reached that the region shall hold.
        confidence : float, optional
            With which probability, for an explosion in a cloud never seen;
            0.9 by default, or what the clouds of the calibration allow.
        of : {"frames", "gas"}
            Whether every frame shall hold the share, of the volume and of the
            mass, or all frames together that of the gas that is ever reached,
            by mass, where it is at the start. The latter takes less.

        Returns
        -------
        Margin
            The margin and what it promises.

        Raises
        ------
        InvalidRequest
            If the model is not calibrated, or not for a forecast like this.
        """
        model = self.provenance.get("model", "this model")
        calibration = self.calibration
        if calibration is None:
            raise InvalidRequest(
                f"Forecasts of {model} promise no coverage: there are no runs yet that say how "
                f"much they miss. 'shellsight calibrate {model} --data DIRECTORY' finds out."
            )
        averaging = self.provenance.get("averaging")
        if averaging is not None and averaging < calibration.averaging:
            raise InvalidRequest(
                f"The coverage of {model} is calibrated for forecasts averaged over "
                f"{calibration.averaging} orientations; this one is over {averaging}."
            )
        if calibration.velocity and self.provenance.get("velocity") is False:
            raise InvalidRequest(
                f"The coverage of {model} is calibrated for cubes with velocity; this forecast "
                f"was made without."
            )
        return calibration.margin(coverage, confidence, of)

    def reached(
        self,
        coverage: float | None = 0.99,
        confidence: float | None = None,
        of: Of = "frames",
    ) -> NDArray[np.bool_]:
        """Voxels that the blast wave has passed: those that need small time steps.

        Parameters
        ----------
        coverage : float, optional
            Share of what is really reached that the region shall hold. None
            gives the region as the forecast densities have it
            (`core.shells.reached_region`), which misses some.
        confidence, of
            As for `margin`.

        Returns
        -------
        ndarray of bool, (time, n, n, n)
            The regions; larger for a larger coverage.

        Raises
        ------
        InvalidRequest
            As `margin`.
        """
        if coverage is None:
            return self._plain.copy()
        margin = self.margin(coverage, confidence, of)
        enlarged: NDArray[np.bool_] = self._margins <= margin.pc
        return enlarged | self._plain

    def volume_factor(
        self, coverage: float = 0.99, confidence: float | None = None
    ) -> NDArray[np.float64]:
        """Tell the price of a coverage: volume of the region over that without a margin.

        Parameters
        ----------
        coverage, confidence : float
            As for `reached`.

        Returns
        -------
        ndarray of float64, (time,)
            The factors; NaN where the region without a margin is empty.
        """
        enlarged = np.count_nonzero(self.reached(coverage, confidence), axis=(1, 2, 3))
        plain = np.count_nonzero(self._plain, axis=(1, 2, 3)).astype(np.float64)
        return np.divide(enlarged, plain, out=np.full(len(self), np.nan), where=plain > 0)

    @cached_property
    def _plain(self) -> NDArray[np.bool_]:
        from core.coverage import plain_regions

        return plain_regions(self)

    @cached_property
    def _margins(self) -> NDArray[np.float32]:
        from core.coverage import margin_field

        return margin_field(self)
