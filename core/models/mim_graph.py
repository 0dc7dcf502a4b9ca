"""3D-MIM from the gas to all of its frames, as a graph for other programs.

Its steps are one body that is gone through frame by frame (ONNX's Scan), not
nineteen copies of it: the file is as large as the weights.

Input, float32, for one explosion at the centre of a cube of n^3 voxels:

``density`` (1, n, n, n)
    Msun/pc^3, axes x, y, z; averaged over the voxel.

Output, float32:

``change`` (1, frames, n, n, n)
    log10(rho/rho_0) in dex, rho_0 being the density given. The network knows
    no gas without the explosion: what turbulence does is part of the change.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch._higher_order_ops import scan

from core.models.inputs import LOG_DENSITY_FLOOR
from core.models.mim import State
from core.models.mim_forecast import DensityMIM


class DensityToChange(nn.Module):
    """A 3D-MIM that makes all of its frames from a density.

    Parameters
    ----------
    network : DensityMIM
        The network.
    """

    def __init__(self, network: DensityMIM) -> None:
        super().__init__()
        self.network = network

    def forward(self, density: Tensor) -> Tensor:
        """Forecast; the module's docstring says what goes in and out.

        Parameters
        ----------
        density : Tensor, (1, n, n, n)
            Msun/pc^3.

        Returns
        -------
        Tensor, (1, frames, n, n, n)
            Change of log10 density in dex.
        """
        network = self.network
        first = network.to_values(torch.log10(density.clamp_min(10.0**LOG_DENSITY_FLOOR)))
        patches = network.to_patches(first[..., None])
        # At the first step MIM-N does not run: it has a graph of its own.
        one, state = network.step(patches, network.start(1, patches), True)

        def step(carried: Any, _: Tensor) -> Any:
            patches, state = carried
            made, state = network.step(patches, State(*state), False)
            return _copied((made, state)), made

        times = torch.zeros(network.frames - 1, device=density.device)
        _, others = scan(step, _copied((one, state)), times)
        made = torch.cat((one, others[:, 0]))
        frames = network.from_patches(made)[..., 0].clamp(0.0, 1.0)
        return network.to_dex(frames - first).unsqueeze(0)


def _copied(carried: Any) -> Any:
    """Copy tensors in plain tuples: what a scan carries on must not be what came in."""
    return carried.clone() if isinstance(carried, Tensor) else tuple(map(_copied, carried))
