"""3D-MIM as a forecaster of densities: one frame after the other.

It sees and makes log10 density, mapped from a fixed range to [0, 1]; the
released code was trained on values in [0, 1] too, whose meaning it does not
say. It knows nothing of the gas without the explosion, of velocities, or of
other energies than that of its training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from torch import Tensor

from core.errors import InvalidRequest
from core.models.mim import MIM3D
from core.models.mim_fast import FastMIM
from core.models.symmetry import Symmetry
from core.progress import CancelCheck

LOG10_DENSITY_RANGE = (-3.6, 1.8)
"""log10 of the densities that become 0 and 1, Msun/pc^3: what simulations of clouds hold."""


class DensityMIM(MIM3D):
    """3D-MIM with one field, the density, and one frame given.

    Parameters
    ----------
    frames : int
        Future frames.
    log10_density_range : sequence of float
        log10 of the densities that become 0 and 1, Msun/pc^3; densities
        beyond are seen as these.
    **arguments
        As for `MIM3D`: ``grid_shape``, ``patch_size``, ``num_hidden``, …

    Raises
    ------
    InvalidRequest
        If the range is none.
    """

    def __init__(
        self,
        frames: int = 19,
        log10_density_range: Sequence[float] = LOG10_DENSITY_RANGE,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        low, high = (float(value) for value in log10_density_range)
        if not low < high:
            raise InvalidRequest(f"The range of log10 density, {low:g} to {high:g}, is empty.")
        self.frames, self.log10_density_range = frames, (low, high)
        self._engine: FastMIM | None = None

    def to_values(self, log_density: Tensor) -> Tensor:
        """Map log10 density to [0, 1].

        Parameters
        ----------
        log_density : Tensor
            log10 of the density in Msun/pc^3.

        Returns
        -------
        Tensor
            Values from 0 to 1.
        """
        low, high = self.log10_density_range
        return ((log_density - low) / (high - low)).clamp(0.0, 1.0)

    def to_dex(self, values: Tensor) -> Tensor:
        """Turn a difference of values into one of log10 density.

        Parameters
        ----------
        values : Tensor
            The difference.

        Returns
        -------
        Tensor
            The same in dex.
        """
        low, high = self.log10_density_range
        return values * (high - low)

    def changes(
        self,
        log_density: Tensor,
        orientations: Sequence[Symmetry],
        cancelled: CancelCheck | None = None,
    ) -> Iterator[list[Tensor]]:
        """Forecast frame by frame, from several sides at once.

        Parameters
        ----------
        log_density : Tensor, (n, n, n)
            log10 of the density at the explosion, Msun/pc^3.
        orientations : sequence of Symmetry
            How the cube is turned.
        cancelled : callable, optional
            Asked between the layers.

        Yields
        ------
        list of Tensor, (n, n, n)
            For each orientation, turned back: the change of log10 density
            since the explosion, in dex. `frames` times.

        Raises
        ------
        Cancelled
            If told to stop.
        """
        if self._engine is None:
            self._engine = FastMIM(self)
        first = self.to_values(log_density)
        streams = [
            self._engine.stream(
                one.scalar(first).contiguous()[None, None, ..., None],
                1,
                self.frames + 1,
                cancelled,
            )
            for one in orientations
        ]
        backward = [one.inverse() for one in orientations]
        for made in zip(*streams, strict=True):
            yield [
                self.to_dex(back.scalar(frame[0, ..., 0]).clamp(0.0, 1.0) - first)
                for back, frame in zip(backward, made, strict=True)
            ]

    def train(self, mode: bool = True) -> DensityMIM:
        """Switch to training or evaluation, as any network."""
        super().train(mode)
        if mode:
            self._engine = None  # made of weights that are about to change
        return self

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Take weights, as any network."""
        self._engine = None
        return super().load_state_dict(*args, **kwargs)


def config_arguments(
    patch_size: int,
    num_hidden: int,
    filter_size: int,
    n: int = 32,
    *,
    layers: int = 4,
    layer_norm: bool = True,
    checkpointing: bool = False,
) -> dict[str, Any]:
    """Arguments of a `DensityMIM`, as they stand in a weights file.

    Parameters
    ----------
    patch_size, num_hidden, filter_size : int
        As for `MIM3D`.
    n : int
        Voxels along an edge.
    layers, layer_norm, checkpointing
        As for `MIM3D`; four normalised layers, as released, by default.

    Returns
    -------
    dict
        The arguments.
    """
    return {
        "grid_shape": (n, n, n),
        "patch_size": patch_size,
        "num_hidden": num_hidden,
        "filter_size": filter_size,
        "layers": layers,
        "layer_norm": layer_norm,
        "checkpointing": checkpointing,
        "log10_density_range": LOG10_DENSITY_RANGE,
    }
