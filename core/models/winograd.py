"""Convolutions with fewer multiplications, along one axis of the grid.

The minimal filtering of Toom, Cook and Winograd (Lavin & Gray 2016,
arXiv:1509.09308): four outputs of a filter of five cost eight multiplications
instead of twenty. Along one axis only: along more of them the transforms cost
more than they save with these few channels, and rounding grows. The result is
that of the direct convolution to about 2e-5 of its standard deviation.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

OUTPUTS = 4
"""Outputs per tile."""

POINTS: dict[int, tuple[float, ...]] = {
    3: (0.0, 1.0, -1.0, 0.5, -0.5),
    5: (0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5),
}
"""Where polynomials are evaluated, besides infinity, by the edge of the filter."""


def transforms(filter_size: int) -> tuple[Tensor, Tensor, Tensor]:
    """Matrices with which ``y = A [(G g) * (B d)]`` filters d with g.

    Parameters
    ----------
    filter_size : int
        A key of `POINTS`.

    Returns
    -------
    output, kernel, data : Tensor, float64
        A of shape (4, n), G (n, filter_size) and B (n, n), n = 3 + filter_size.
    """
    points = POINTS[filter_size]
    n = OUTPUTS + filter_size - 1

    def powers(count: int) -> Tensor:
        rows = torch.zeros(n, count, dtype=torch.float64)
        for row, point in enumerate(points):
            rows[row] = torch.tensor([point**k for k in range(count)], dtype=torch.float64)
        rows[-1, -1] = 1.0  # at infinity only the highest power counts
        return rows

    data = torch.linalg.inv(powers(n)).T
    # The same size in all rows: what is rounded in one is not lost in another.
    size = data.abs().sum(1, keepdim=True)
    return powers(OUTPUTS).T.contiguous(), powers(filter_size) * size, data / size


class WinogradConvolution:
    """A convolution of a 3D grid, stride 1, the grid kept, weights fixed.

    Parameters
    ----------
    weight : Tensor, (outputs, inputs, f, f, f)
        The kernel, of f = 3 or 5.
    bias : Tensor, (outputs,)
        Added to each output channel.

    Notes
    -----
    `suits` says for which grids.
    """

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        outputs, inputs, self._filter = (int(edge) for edge in weight.shape[:3])
        output, kernel, data = (m.to(weight.device) for m in transforms(self._filter))
        self._points = len(data)
        wide = torch.einsum("pk,oikyz->poiyz", kernel, weight.double())
        self._weight = wide.reshape(self._points * outputs, inputs, *weight.shape[3:]).float()
        self._output, self._data = output.float(), data.float()
        self._bias = bias.detach().float().view(-1, 1, 1)

    @staticmethod
    def suits(weight: Tensor, grid: Sequence[int]) -> bool:
        """Tell whether a convolution can be made this way, and gains by it.

        Parameters
        ----------
        weight : Tensor
            Its kernel.
        grid : sequence of int
            The grid.

        Returns
        -------
        bool
            Whether the filter is known, the grid cut into whole tiles, and
            the channels are more than a few.
        """
        known = weight.ndim == 5 and weight.shape[2] in POINTS and len(set(weight.shape[2:])) == 1
        return known and grid[0] % OUTPUTS == 0 and weight.shape[1] >= 8

    def __call__(self, x: Tensor) -> Tensor:
        """Convolve.

        Parameters
        ----------
        x : Tensor, (batch, inputs, nx, ny, nz)
            Features; nx a multiple of 4.

        Returns
        -------
        Tensor, (batch, outputs, nx, ny, nz)
            Features.
        """
        return self.finish(self.begin(x), x.shape[2:])

    def begin(self, x: Tensor) -> Tensor:
        """Transform features; the same for all convolutions with this edge of the filter.

        Parameters
        ----------
        x : Tensor, (batch, inputs, nx, ny, nz)
            Features.

        Returns
        -------
        Tensor, (batch * tiles, points * inputs, ny, nz)
            What `finish` takes.
        """
        batch, inputs, nx, ny, nz = x.shape
        margin, tiles, plane = self._filter // 2, nx // OUTPUTS, ny * nz
        padded = F.pad(x, (0, 0, 0, 0, margin, margin)).view(batch, inputs, -1, plane)
        cut = padded.unfold(2, self._points, OUTPUTS).permute(0, 2, 4, 1, 3)
        seen = self._data @ cut.reshape(batch, tiles, self._points, inputs * plane)
        return seen.view(batch * tiles, self._points * inputs, ny, nz)

    def finish(self, begun: Tensor, grid: Sequence[int]) -> Tensor:
        """Multiply, and transform back.

        Parameters
        ----------
        begun : Tensor
            From `begin`.
        grid : sequence of int
            The grid, (nx, ny, nz).

        Returns
        -------
        Tensor, (batch, outputs, nx, ny, nz)
            Features.
        """
        nx, ny, nz = grid
        tiles, plane = nx // OUTPUTS, ny * nz
        batch = len(begun) // tiles
        wide = F.conv2d(begun, self._weight, padding=self._filter // 2, groups=self._points)
        made = self._output @ wide.view(batch, tiles, self._points, -1)
        out = begun.new_empty((batch, self._bias.shape[0], nx, plane))
        torch.add(made.view(batch, nx, -1, plane).transpose(1, 2), self._bias, out=out)
        return out.view(batch, -1, nx, ny, nz)
