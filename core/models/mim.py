"""3D-MIM, the network of Hirashima et al. (2023, arXiv:2302.00026), to the letter.

The network is in `core.models.mim_network`, its cells in `core.models.mim_cells`;
here it is given the weights of the released code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from core.errors import InvalidRequest
from core.models.mim_network import MIM3D, State

__all__ = ["MIM3D", "State", "load_released"]


def load_released(
    variables: Mapping[str, NDArray[Any]],
    *,
    grid_shape: Sequence[int],
    channels: int,
    patch_size: int,
    num_hidden: int | Sequence[int],
    filter_size: int,
    layer_norm: bool,
) -> MIM3D:
    """Build 3D-MIM with the weights of the released TensorFlow code.

    Parameters
    ----------
    variables : Mapping of str to ndarray
        Arrays by their TensorFlow names, for example
        ``predrnn/stlstm_1/input_to_state/kernel``. Others, such as those of
        the optimiser, are left aside.
    grid_shape : sequence of int
        Voxels along each axis.
    channels : int
        Fields per voxel.
    patch_size : int
        Edge of the patches.
    num_hidden : int or sequence of int
        Channels of every layer, one number or one per layer.
    filter_size : int
        Edge of the kernels.
    layer_norm : bool
        Whether convolutions are normalised.

    Returns
    -------
    MIM3D
        The network, in evaluation mode.

    Raises
    ------
    InvalidRequest
        If variables are missing or have the wrong shape, or layers differ in
        width.
    """
    widths = [int(w) for w in np.atleast_1d(np.asarray(num_hidden))]
    if len(set(widths)) != 1:
        raise InvalidRequest(f"All layers must have the same number of channels, not {widths}.")
    layers = 0
    while f"predrnn/stlstm_{layers + 1}/input_to_state/kernel" in variables:
        layers += 1
    if layers < 2:
        raise InvalidRequest(
            "These are not the variables of 3D-MIM: predrnn/stlstm_1 and predrnn/stlstm_2 "
            "must be there."
        )
    model = MIM3D(
        grid_shape, channels, patch_size, widths[0], filter_size, layers, layer_norm=layer_norm
    )
    d = len(model.grid_shape)
    with torch.no_grad():
        for name, parameter in model.released_names().items():
            if name not in variables:
                raise InvalidRequest(f"The variable {name} is missing.")
            values = np.asarray(variables[name], dtype=np.float32)
            if name.endswith("/kernel"):
                values = np.moveaxis(values, (d + 1, d), (0, 1)) if values.ndim == d + 2 else values
            elif name.endswith("_weight"):
                values = np.moveaxis(values, -1, 0)
            if values.shape != tuple(parameter.shape):
                raise InvalidRequest(
                    f"The variable {name} has shape {np.shape(variables[name])}, which does not "
                    f"fit the configuration."
                )
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(values)))
    return model.eval()
