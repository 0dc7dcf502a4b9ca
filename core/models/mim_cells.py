"""The recurrent cells of Memory in Memory, in any number of dimensions.

Memory in Memory (Wang et al. 2019, arXiv:1811.07490), with the layer
normalisation and the volumetric convolutions of 3D-MIM (Hirashima et al.
2023, arXiv:2302.00026). Tensors are (batch, channel, *grid).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

FORGET_BIAS = 1.0
"""Added inside every forget gate, so that an untrained cell remembers."""

NORM_EPSILON = 1e-5

_CONVOLUTIONS: dict[int, type[nn.Conv2d] | type[nn.Conv3d]] = {2: nn.Conv2d, 3: nn.Conv3d}


def convolution(n_dims: int, inputs: int, outputs: int, filter_size: int) -> nn.Conv2d | nn.Conv3d:
    """Make a convolution of stride 1 that keeps the grid.

    Parameters
    ----------
    n_dims : int
        Dimensions of the grid, 2 or 3.
    inputs, outputs : int
        Channels.
    filter_size : int
        Edge of the kernel.

    Returns
    -------
    Conv2d or Conv3d
        The convolution.
    """
    return _CONVOLUTIONS[n_dims](inputs, outputs, filter_size, padding="same")


class NormedConvolution(nn.Module):
    """A convolution, and layer normalisation over the grid and the channels.

    Parameters
    ----------
    n_dims : int
        Dimensions of the grid.
    inputs, outputs : int
        Channels.
    filter_size : int
        Edge of the kernel.
    layer_norm : bool
        Whether to normalise; scale and shift are one number per channel.
    """

    def __init__(
        self, n_dims: int, inputs: int, outputs: int, filter_size: int, layer_norm: bool
    ) -> None:
        super().__init__()
        self.convolution = convolution(n_dims, inputs, outputs, filter_size)
        # One group of all channels: mean and variance of the whole sample.
        self.norm = nn.GroupNorm(1, outputs, eps=NORM_EPSILON) if layer_norm else None

    def forward(self, x: Tensor) -> Tensor:
        """Convolve and normalise.

        Parameters
        ----------
        x : Tensor, (batch, inputs, *grid)
            Features.

        Returns
        -------
        Tensor, (batch, outputs, *grid)
            Features.
        """
        x = self.convolution(x)
        return x if self.norm is None else self.norm(x)


class PeepholeCell(nn.Module):
    """The cell P(x, q, s) -> (q', s'): both MIM-N and MIM-S.

    MIM-N follows the differences of a layer's hidden states, MIM-S what is
    stationary in its cell. The peepholes have one weight per voxel, which
    ties the network to its grid.

    Parameters
    ----------
    grid_shape : sequence of int
        The grid, in patches.
    hidden : int
        Channels of x, q and s.
    filter_size : int
        Edge of the kernels.
    layer_norm : bool
        Whether convolutions are normalised.
    """

    def __init__(
        self, grid_shape: Sequence[int], hidden: int, filter_size: int, layer_norm: bool
    ) -> None:
        super().__init__()
        size = (len(grid_shape), hidden, 4 * hidden, filter_size, layer_norm)
        self.from_state = NormedConvolution(*size)
        self.from_input = NormedConvolution(*size)
        self.cell_weight = nn.Parameter(torch.zeros(2 * hidden, *grid_shape))
        self.output_weight = nn.Parameter(torch.zeros(hidden, *grid_shape))

    def forward(self, x: Tensor, q: Tensor, s: Tensor) -> tuple[Tensor, Tensor]:
        """Advance by one step.

        Parameters
        ----------
        x, q, s : Tensor, (batch, hidden, *grid)
            Input, state and cell.

        Returns
        -------
        q, s : Tensor, (batch, hidden, *grid)
            The new state and cell.
        """
        i, g, f, o = (self.from_state(q) + self.from_input(x)).chunk(4, 1)
        to_i, to_f = self.cell_weight.chunk(2, 0)
        new = torch.sigmoid(f + s * to_f + FORGET_BIAS) * s
        new = new + torch.sigmoid(i + s * to_i) * torch.tanh(g)
        return torch.sigmoid(o + new * self.output_weight) * torch.tanh(new), new


class MemoryCell(nn.Module):
    """A layer: the bottom ST-LSTM, or a MIM block where it has a stationary part.

    Parameters
    ----------
    grid_shape : sequence of int
        The grid, in patches.
    inputs, hidden : int
        Channels of its input and of its states.
    filter_size : int
        Edge of the kernels.
    layer_norm : bool
        Whether convolutions are normalised.
    stationary : bool
        Whether MIM-S takes the place of the forget gate.
    """

    def __init__(
        self,
        grid_shape: Sequence[int],
        inputs: int,
        hidden: int,
        filter_size: int,
        layer_norm: bool,
        *,
        stationary: bool,
    ) -> None:
        super().__init__()
        n_dims, gates = len(grid_shape), 3 if stationary else 4
        rest = (filter_size, layer_norm)
        self.from_input = NormedConvolution(n_dims, inputs, 4 * hidden, *rest)
        self.from_time = NormedConvolution(n_dims, hidden, gates * hidden, *rest)
        self.from_space = NormedConvolution(n_dims, hidden, 4 * hidden, *rest)
        self.reduce = convolution(n_dims, 2 * hidden, hidden, 1)
        self.stationary = (
            PeepholeCell(grid_shape, hidden, filter_size, layer_norm) if stationary else None
        )

    def forward(
        self, x: Tensor, difference: Tensor | None, h: Tensor, c: Tensor, m: Tensor, s: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Advance by one step.

        Parameters
        ----------
        x : Tensor, (batch, inputs, *grid)
            Output of the layer below, or the frame.
        difference : Tensor or None
            Output of the MIM-N below; None in the bottom layer.
        h, c, m, s : Tensor, (batch, hidden, *grid)
            Hidden state, temporal cell, spatio-temporal memory, and the cell
            of MIM-S.

        Returns
        -------
        h, c, m, s : Tensor, (batch, hidden, *grid)
            The same after the step.
        """
        x_i, x_g, x_f, x_o = self.from_input(x).chunk(4, 1)
        s_i, s_g, s_f, s_o = self.from_space(m).chunk(4, 1)
        if self.stationary is None or difference is None:
            t_i, t_g, t_f, t_o = self.from_time(h).chunk(4, 1)
            kept = torch.sigmoid(x_f + t_f + FORGET_BIAS) * c
        else:
            t_i, t_g, t_o = self.from_time(h).chunk(3, 1)
            kept, s = self.stationary(difference, c, s)
        c = kept + torch.sigmoid(x_i + t_i) * torch.tanh(x_g + t_g)
        m = torch.sigmoid(x_f + s_f + FORGET_BIAS) * m
        m = m + torch.sigmoid(x_i + s_i) * torch.tanh(x_g + s_g)
        both = self.reduce(torch.cat((c, m), 1))
        h = torch.sigmoid(x_o + t_o + s_o) * torch.tanh(both)
        return h, c, m, s
