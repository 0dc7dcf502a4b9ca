"""3D-MIM sooner: the same frames as `core.models.mim`, for forecasts only.

What makes it faster:

- convolutions that see the same features are one: a hidden state goes up into
  the next layer and into its own next step, the output of a MIM-N into MIM-S,
  into the next MIM-N and into its own next step;
- on processors, those of 3D grids need fewer multiplications
  (`core.models.winograd`);
- what is convolved from zeros (all states at the first step) is known without
  convolving, and what only the step after the last would see is not computed;
- gates are computed in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from core.errors import InvalidRequest
from core.models.mim import MIM3D
from core.models.mim_cells import FORGET_BIAS, MemoryCell, NormedConvolution, PeepholeCell
from core.models.winograd import WinogradConvolution
from core.progress import CancelCheck, check_cancelled

Precision = Literal["float32", "bfloat16"]
"""Of the convolutions and gates; states are always float32."""


class _Joined:
    """Normed convolutions of one input, made as one.

    Parameters
    ----------
    parts : sequence of NormedConvolution
        The convolutions, of the same inputs and kernels.
    grid : sequence of int
        The grid.
    precision : {"float32", "bfloat16"}
        Of the convolutions.
    """

    def __init__(
        self, parts: Sequence[NormedConvolution], grid: Sequence[int], precision: Precision
    ) -> None:
        self._norms = [part.norm for part in parts]
        self._grid = tuple(grid)
        weights = [part.convolution.weight.detach() for part in parts]
        self._biases = [
            bias.detach() for bias in (part.convolution.bias for part in parts) if bias is not None
        ]
        self._sparing: list[WinogradConvolution] = []
        slow = weights[0].device.type == "cpu" and precision == "float32"
        if slow and WinogradConvolution.suits(weights[0], self._grid):
            # One by one: what they transform in common is small, and all at once leaves the cache.
            self._sparing = [
                WinogradConvolution(*pair) for pair in zip(weights, self._biases, strict=True)
            ]
            return
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        self._sizes = [len(bias) for bias in self._biases]
        self._weight, self._bias = torch.cat(weights).to(dtype), torch.cat(self._biases).to(dtype)

    def __call__(self, x: Tensor, count: int | None = None) -> list[Tensor]:
        """Convolve and normalise: the outputs of the first so many parts, of all by default."""
        count = len(self._norms) if count is None else count
        if self._sparing:
            begun = self._sparing[0].begin(x)
            made = [one.finish(begun, self._grid) for one in self._sparing[:count]]
        else:
            function = F.conv3d if len(self._grid) == 3 else F.conv2d
            sizes = self._sizes[:count]
            weight, bias = self._weight[: sum(sizes)], self._bias[: sum(sizes)]
            y = function(x.to(weight.dtype), weight, bias, padding="same")
            made = list(y.split(sizes, 1))
        return [
            y if norm is None else F.group_norm(y, 1, norm.weight, norm.bias, norm.eps)
            for y, norm in zip(made, self._norms[:count], strict=True)
        ]

    def of_zeros(self, index: int) -> Tensor:
        """Return what a part makes of zeros: one number per channel, (1, channels, 1, ...)."""
        bias, norm = self._biases[index], self._norms[index]
        if norm is not None:
            bias = F.layer_norm(bias, bias.shape, norm.weight, norm.bias, norm.eps)
        return bias.view(1, -1, *[1] * len(self._grid))


@dataclass
class _Running:
    """What is remembered between two steps; changed in place.

    Lists are by layer, or by MIM-N, bottom first. `time` and `states` are the
    gates that the hidden states, and those of MIM-N, send into the next step.
    """

    time: list[Tensor]
    states: list[Tensor]
    cells: list[Tensor]
    stationary: list[Tensor]
    differing: list[Tensor]
    memory: Tensor
    bottom: Tensor
    cancelled: CancelCheck | None = None


class FastMIM:
    """Makes the frames of a `MIM3D` sooner.

    Parameters
    ----------
    model : MIM3D
        The network, where it is and in float32; its weights are copied.
    precision : {"float32", "bfloat16"}
        Of the convolutions and gates. In float32 frames agree with those of the network
        to rounding.
    """

    def __init__(self, model: MIM3D, precision: Precision = "float32") -> None:
        if precision not in ("float32", "bfloat16"):
            raise InvalidRequest(f"The precision is float32 or bfloat16, not '{precision}'.")
        self._model = model
        self._cells = [layer for layer in model.layers if isinstance(layer, MemoryCell)]
        self._differences = [cell for cell in model.differences if isinstance(cell, PeepholeCell)]
        stationary = [cell.stationary for cell in self._cells[1:]]
        self._stationary = [cell for cell in stationary if cell is not None]
        grid = model.patches
        self._grid = grid

        def joined(*parts: NormedConvolution) -> _Joined:
            return _Joined(parts, grid, precision)

        above = [*((cell.from_input,) for cell in self._cells[1:]), ()]
        self._of_frame = joined(self._cells[0].from_input)
        self._of_memory = [joined(cell.from_space) for cell in self._cells]
        self._of_cell = [joined(cell.from_state) for cell in self._stationary]
        # Into the layer above, then into the next step.
        self._of_hidden = [
            joined(*up, cell.from_time) for up, cell in zip(above, self._cells, strict=True)
        ]
        self._of_change = joined(self._differences[0].from_input)
        over = [*((cell.from_input,) for cell in self._differences[1:]), ()]
        # Into MIM-S, into the MIM-N above, then into the next step.
        self._of_difference = [
            joined(mim_s.from_input, *up, mim_n.from_state)
            for mim_s, up, mim_n in zip(self._stationary, over, self._differences, strict=True)
        ]

    def stream(
        self,
        frames: Tensor,
        input_length: int,
        total_length: int,
        cancelled: CancelCheck | None = None,
    ) -> Iterator[Tensor]:
        """Make frames one by one, each as soon as it is ready.

        Parameters
        ----------
        frames, input_length, total_length
            As for `MIM3D.rollout`.
        cancelled : callable, optional
            Asked between the layers: a frame may take seconds.

        Yields
        ------
        Tensor, (batch, *grid_shape, channel)
            Frames 2 to `total_length`.

        Raises
        ------
        InvalidRequest
            If the frames have the wrong shape or are too few.
        Cancelled
            If told to stop.
        """
        self._model.check(frames, input_length, total_length, None)
        running = self._start(frames)
        running.cancelled = cancelled
        made: Tensor | None = None
        for t in range(total_length - 1):
            # Within one step: a generator must not leave the mode on between its frames.
            with torch.inference_mode():
                if t < input_length or made is None:
                    made = self._model.to_patches(frames[:, t])
                made = self._step(made, running, first=t == 0, last=t == total_length - 2)
                frame = self._model.from_patches(made)
            yield frame

    def rollout(self, frames: Tensor, input_length: int, total_length: int) -> Tensor:
        """Make the frames that follow.

        Parameters
        ----------
        frames, input_length, total_length
            As for `MIM3D.rollout`.

        Returns
        -------
        Tensor, (batch, total_length - 1, *grid_shape, channel)
            Frames 2 to `total_length`.

        Raises
        ------
        InvalidRequest
            If the frames have the wrong shape or are too few.
        """
        return torch.stack(list(self.stream(frames, input_length, total_length)), dim=1)

    def _start(self, frames: Tensor) -> _Running:
        full = (len(frames), self._model.num_hidden, *self._grid)
        with torch.inference_mode():
            return _Running(
                time=[joined.of_zeros(-1) for joined in self._of_hidden],
                states=[joined.of_zeros(-1) for joined in self._of_difference],
                cells=[frames.new_zeros(full) for _ in self._cells],
                stationary=[frames.new_zeros(full) for _ in self._stationary],
                differing=[frames.new_zeros(full) for _ in self._differences],
                memory=frames.new_zeros(full),
                bottom=frames.new_zeros(full),
            )

    def _step(self, patches: Tensor, now: _Running, *, first: bool, last: bool) -> Tensor:
        """Advance by one frame, as `MIM3D.step`."""
        of_memory = self._of_memory[0]
        space = of_memory.of_zeros(0) if first else of_memory(now.memory)[0]
        up = self._of_frame(patches)[0]
        hidden = self._layer(0, up, now, space)
        change = None if first else self._of_change(hidden - now.bottom)[0]
        now.bottom = hidden
        for k, mim_n in enumerate(self._differences):
            check_cancelled(now.cancelled, "The forecast")
            up = self._onward(k, hidden, now, last)
            if change is None:
                seen = self._of_difference[k].of_zeros(0) + self._of_cell[k].of_zeros(0)
            else:
                output = _peephole(mim_n, change.add_(now.states[k]), now.differing[k])
                ahead = k + 1 < len(self._differences)
                parts = self._of_difference[k](output, 1 + ahead if last else None)
                seen = parts[0].add_(self._of_cell[k](now.cells[k + 1])[0])
                # Above the last there is no MIM-N, and nobody looks at it.
                change = parts[1] if ahead else change
                if not last:
                    now.states[k] = parts[-1]
            now.cells[k + 1] = _peephole(self._stationary[k], seen, now.stationary[k])
            hidden = self._layer(k + 1, up, now, self._of_memory[k + 1](now.memory)[0])
        if not last:
            now.time[-1] = self._of_hidden[-1](hidden)[0]
        return self._model.to_frame(hidden)

    def _onward(self, k: int, hidden: Tensor, now: _Running, last: bool) -> Tensor:
        """Send a hidden state into the next step, and return what the layer above sees."""
        parts = self._of_hidden[k](hidden, 1 if last else None)
        if not last:
            now.time[k] = parts[1]
        return parts[0]

    def _layer(self, k: int, up: Tensor, now: _Running, space: Tensor) -> Tensor:
        """Advance a layer's cell and the memory; return its hidden state.

        Where there is a MIM-S, it has put what is kept in the place of the cell.
        """
        width, cell, memory, time = self._model.num_hidden, now.cells[k], now.memory, now.time[k]
        inner = time.shape[1] - width  # all gates but the output's
        space = _sum(space, up)
        output = space[:, 3 * width :].add_(time[:, inner:])
        i, g, *f = _sum(time[:, :inner], up[:, :inner]).split(width, 1)
        if f:
            cell.mul_(f[0].add_(FORGET_BIAS).sigmoid_())
        _accumulate(cell, i.sigmoid_(), g.tanh_())
        i, g, forget = space[:, : 3 * width].chunk(3, 1)
        memory.mul_(forget.add_(FORGET_BIAS).sigmoid_())
        _accumulate(memory, i.sigmoid_(), g.tanh_())
        both = self._cells[k].reduce(torch.cat((cell, memory), 1))
        # Hidden states stay in single precision: MIM-N sees their differences.
        return both.tanh_().mul_(output.sigmoid_())


def _accumulate(total: Tensor, one: Tensor, other: Tensor) -> None:
    """Add a product, in place; gates may be of lower precision than what they add to."""
    if one.dtype == total.dtype:
        total.addcmul_(one, other)
    else:
        total.add_(one.mul_(other))


def _sum(own: Tensor, other: Tensor) -> Tensor:
    """Add, in place if `own` is a whole grid and not one number per channel."""
    return own.add_(other) if own.shape == other.shape else own + other


def _peephole(cell: PeepholeCell, gates: Tensor, s: Tensor) -> Tensor:
    """Advance a cell by one step: `s` in place; return its new state."""
    if gates.shape[2:] != s.shape[2:]:
        gates = gates.expand(len(s), -1, *s.shape[2:]).contiguous()
    i, g, f, o = gates.chunk(4, 1)
    to_i, to_f = cell.cell_weight.unsqueeze(0).chunk(2, 1)
    _accumulate_peephole(i, s, to_i)
    _accumulate_peephole(f, s, to_f)
    s.mul_(f.add_(FORGET_BIAS).sigmoid_())
    _accumulate(s, i.sigmoid_(), g.tanh_())
    _accumulate_peephole(o, s, cell.output_weight.unsqueeze(0))
    return torch.tanh(s).mul_(o.sigmoid_())


def _accumulate_peephole(gate: Tensor, s: Tensor, weight: Tensor) -> None:
    if gate.dtype == s.dtype:
        gate.addcmul_(s, weight)
    else:
        gate.add_(s * weight)
