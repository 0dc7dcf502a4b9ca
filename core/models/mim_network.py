"""The network of 3D-MIM (Hirashima et al. 2023, arXiv:2302.00026).

A stack of recurrent layers that makes one frame after the other from the
frames before. In two dimensions it is the original Memory in Memory
(Wang et al. 2019, arXiv:1811.07490).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from core.errors import InvalidRequest
from core.models.mim_cells import MemoryCell, NormedConvolution, PeepholeCell, convolution

DIFFERENCE_INIT = 1e-3
"""Bound of the initial weights of MIM-N."""


class State(NamedTuple):
    """What the network remembers between two steps; lists are by layer, bottom first.

    Parameters
    ----------
    hidden, cell, stationary : tuple of Tensor, (batch, hidden, *grid)
        Hidden states, temporal cells and the cells of MIM-S (unused in the
        bottom layer).
    memory : Tensor, (batch, hidden, *grid)
        The memory that passes up through the layers and starts again at the
        bottom.
    difference, difference_cell : tuple of Tensor, (batch, hidden, *grid)
        Hidden states and cells of MIM-N.
    """

    hidden: tuple[Tensor, ...]
    cell: tuple[Tensor, ...]
    stationary: tuple[Tensor, ...]
    memory: Tensor
    difference: tuple[Tensor, ...]
    difference_cell: tuple[Tensor, ...]


class MIM3D(nn.Module):
    """Memory in Memory on voxels (or pixels).

    Parameters
    ----------
    grid_shape : sequence of int
        Voxels along each axis; three for 3D-MIM, two for the original.
    channels : int
        Fields per voxel.
    patch_size : int
        Edge of the patches that become channels.
    num_hidden : int
        Channels of every layer.
    filter_size : int
        Edge of the convolutions' kernels.
    layers : int
        Recurrent layers.
    layer_norm : bool
        Whether convolutions are normalised.
    checkpointing : bool
        Forget what happens within a step while training, and compute it
        again for the gradient: less memory for a third more time.

    Raises
    ------
    InvalidRequest
        If the patches do not fill the grid.
    """

    def __init__(
        self,
        grid_shape: Sequence[int] = (32, 32, 32),
        channels: int = 1,
        patch_size: int = 1,
        num_hidden: int = 32,
        filter_size: int = 5,
        layers: int = 4,
        layer_norm: bool = True,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        shape = tuple(int(edge) for edge in grid_shape)
        if len(shape) not in (2, 3) or any(edge % patch_size for edge in shape):
            raise InvalidRequest(
                f"A grid of {shape} cannot be cut into patches of {patch_size}; the grid needs "
                f"two or three axes whose lengths are multiples of the patch."
            )
        if layers < 2:
            raise InvalidRequest(f"Memory in Memory needs at least 2 layers, not {layers}.")
        self.grid_shape, self.channels, self.patch_size = shape, channels, patch_size
        self.num_hidden, self.checkpointing = num_hidden, checkpointing
        grid = tuple(edge // patch_size for edge in shape)
        self.patches = grid
        width = channels * patch_size ** len(shape)
        self.layers = nn.ModuleList(
            MemoryCell(
                grid,
                num_hidden if layer else width,
                num_hidden,
                filter_size,
                layer_norm,
                stationary=layer > 0,
            )
            for layer in range(layers)
        )
        self.differences = nn.ModuleList(
            PeepholeCell(grid, num_hidden, filter_size, layer_norm) for _ in range(layers - 1)
        )
        self.to_frame = convolution(len(shape), num_hidden, width, 1)
        self._initialise()

    def _initialise(self) -> None:
        """Uniform weights as in the released code: bounded by the channels, not the kernel."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Conv3d):
                bound = (6.0 / (module.in_channels + module.out_channels)) ** 0.5
                nn.init.uniform_(module.weight, -bound, bound)
                assert module.bias is not None
                nn.init.zeros_(module.bias)
            elif isinstance(module, PeepholeCell):
                for weight in (module.cell_weight, module.output_weight):
                    nn.init.uniform_(weight, -1.0, 1.0)
                    weight.data *= (6.0 / (2 * weight.shape[0])) ** 0.5
        for cell in self.differences:
            for module in cell.modules():
                if isinstance(module, nn.Conv2d | nn.Conv3d):
                    nn.init.uniform_(module.weight, -DIFFERENCE_INIT, DIFFERENCE_INIT)

    def start(self, batch: int, like: Tensor) -> State:
        """Make the state before the first step.

        Parameters
        ----------
        batch : int
            Sequences at a time.
        like : Tensor
            Gives device and precision.

        Returns
        -------
        State
            Zeros.
        """
        zero = like.new_zeros((batch, self.num_hidden, *self.patches))
        n, m = len(self.layers), len(self.differences)
        return State((zero,) * n, (zero,) * n, (zero,) * n, zero, (zero,) * m, (zero,) * m)

    def step(self, patches: Tensor, state: State, first: bool) -> tuple[Tensor, State]:
        """Advance by one frame.

        Parameters
        ----------
        patches : Tensor, (batch, channel, *grid)
            The frame, cut into patches.
        state : State
            What is remembered.
        first : bool
            Whether this is the first frame: there is no difference yet.

        Returns
        -------
        patches : Tensor, (batch, channel, *grid)
            The next frame.
        state : State
            What is remembered now.
        """
        hidden, cell, stationary = (list(part) for part in state[:3])
        difference, difference_cell = list(state.difference), list(state.difference_cell)
        before = hidden[0]
        hidden[0], cell[0], memory, stationary[0] = self.layers[0](
            patches, None, hidden[0], cell[0], state.memory, stationary[0]
        )
        change = hidden[0] - before
        for k, (mim_n, layer) in enumerate(zip(self.differences, self.layers[1:], strict=True)):
            if first:
                change = torch.zeros_like(before)
            else:
                difference[k], difference_cell[k] = mim_n(change, difference[k], difference_cell[k])
                change = difference[k]
            hidden[k + 1], cell[k + 1], memory, stationary[k + 1] = layer(
                hidden[k], change, hidden[k + 1], cell[k + 1], memory, stationary[k + 1]
            )
        new = State(
            tuple(hidden),
            tuple(cell),
            tuple(stationary),
            memory,
            tuple(difference),
            tuple(difference_cell),
        )
        return self.to_frame(hidden[-1]), new

    def stream(
        self,
        frames: Tensor,
        input_length: int,
        total_length: int,
        use_true: Tensor | None = None,
    ) -> Iterator[Tensor]:
        """Make frames one by one, each as soon as it is ready.

        Parameters
        ----------
        frames, input_length, total_length, use_true
            As for `rollout`.

        Yields
        ------
        Tensor, (batch, *grid_shape, channel)
            Frames 2 to `total_length`.
        """
        self.check(frames, input_length, total_length, use_true)
        state = self.start(len(frames), frames)
        made: Tensor | None = None
        for t in range(total_length - 1):
            if t < input_length or made is None:
                patches = self.to_patches(frames[:, t])
            elif use_true is None:
                patches = made
            else:
                shape = (-1, *[1] * (made.ndim - 1))
                share = use_true[:, t - input_length].to(made).view(shape)
                patches = share * self.to_patches(frames[:, t]) + (1.0 - share) * made
            if self.checkpointing and torch.is_grad_enabled():
                made, state = checkpoint(self.step, patches, state, t == 0, use_reentrant=False)
            else:
                made, state = self.step(patches, state, t == 0)
            assert made is not None
            yield self.from_patches(made)

    def rollout(
        self,
        frames: Tensor,
        input_length: int,
        total_length: int,
        use_true: Tensor | None = None,
    ) -> Tensor:
        """Make the frames that follow.

        Parameters
        ----------
        frames : Tensor, (batch, time, *grid_shape, channel)
            At least the frames given, and all true ones where `use_true` is.
        input_length : int
            Frames given.
        total_length : int
            Frames in all, with those given.
        use_true : Tensor, (batch, total_length - input_length - 1), optional
            Scheduled sampling: 1 where the true frame is fed instead of the
            prediction. Predictions everywhere by default.

        Returns
        -------
        Tensor, (batch, total_length - 1, *grid_shape, channel)
            Frames 2 to `total_length`.

        Raises
        ------
        InvalidRequest
            If the frames have the wrong shape or are too few.
        """
        return torch.stack(list(self.stream(frames, input_length, total_length, use_true)), dim=1)

    def forward(
        self,
        frames: Tensor,
        input_length: int,
        total_length: int,
        use_true: Tensor | None = None,
    ) -> Tensor:
        """Make the frames that follow; see `rollout`."""
        return self.rollout(frames, input_length, total_length, use_true)

    def to_patches(self, frame: Tensor) -> Tensor:
        """Cut a frame into patches.

        Parameters
        ----------
        frame : Tensor, (batch, *grid_shape, channel)
            The frame.

        Returns
        -------
        Tensor, (batch, patch_size^d channels, *grid)
            Channels in the order (px, py, pz, channel).
        """
        p, d = self.patch_size, len(self.grid_shape)
        split = frame.reshape(len(frame), *(s for n in self.patches for s in (n, p)), -1)
        grid, within = range(1, 2 * d, 2), range(2, 2 * d + 1, 2)
        ordered = split.permute(0, *within, 2 * d + 1, *grid)
        return ordered.reshape(len(frame), -1, *self.patches)

    def from_patches(self, patches: Tensor) -> Tensor:
        """Put patches together again.

        Parameters
        ----------
        patches : Tensor, (batch, patch_size^d channels, *grid)
            From `to_patches` or `step`.

        Returns
        -------
        Tensor, (batch, *grid_shape, channel)
            The frame.
        """
        p, d = self.patch_size, len(self.grid_shape)
        split = patches.reshape(len(patches), *[p] * d, self.channels, *self.patches)
        pairs = (axis for k in range(d) for axis in (d + 2 + k, 1 + k))
        return split.permute(0, *pairs, d + 1).reshape(
            len(patches), *self.grid_shape, self.channels
        )

    def check(
        self, frames: Tensor, input_length: int, total_length: int, use_true: Tensor | None
    ) -> None:
        """Make sure that frames suit the network; see `rollout`.

        Raises
        ------
        InvalidRequest
            If the frames have the wrong shape or are too few.
        """
        expected = (*self.grid_shape, self.channels)
        needed = total_length if use_true is not None else input_length
        if tuple(frames.shape[2:]) != expected or frames.shape[1] < needed:
            raise InvalidRequest(
                f"Frames have shape {tuple(frames.shape)}; (batch, at least {needed}, "
                f"{', '.join(map(str, expected))}) is needed."
            )
        if not 1 <= input_length < total_length:
            raise InvalidRequest(
                f"{input_length} of {total_length} frames are given; at least one must be given, "
                f"and one be left to make."
            )
        wanted = (len(frames), total_length - input_length - 1)
        if use_true is not None and tuple(use_true.shape) != wanted:
            raise InvalidRequest(f"use_true has shape {tuple(use_true.shape)}, not {wanted}.")

    def released_names(self) -> dict[str, Tensor]:
        """List the parameters under the names of the released TensorFlow code.

        Returns
        -------
        dict of str to Tensor
            For example ``predrnn/stlstm_1/input_to_state/kernel``. Kernels
            there are (*kernel, in, out), peepholes (*grid, channel).
        """
        names: dict[str, Tensor] = {}

        def add(prefix: str, module: nn.Module) -> None:
            conv = module.convolution if isinstance(module, NormedConvolution) else module
            assert isinstance(conv, nn.Conv2d | nn.Conv3d)
            assert conv.bias is not None
            names[f"{prefix}/kernel"], names[f"{prefix}/bias"] = conv.weight, conv.bias
            if isinstance(module, NormedConvolution) and module.norm is not None:
                names[f"{prefix}b"], names[f"{prefix}s"] = module.norm.bias, module.norm.weight

        def add_peephole(prefix: str, cell: PeepholeCell) -> None:
            add(f"{prefix}/state_to_state", cell.from_state)
            add(f"{prefix}/input_to_state", cell.from_input)
            names[f"{prefix}/c_t_weight"] = cell.cell_weight
            names[f"{prefix}/oc_weight"] = cell.output_weight

        for number, layer in enumerate(self.layers, start=1):
            assert isinstance(layer, MemoryCell)
            prefix = f"predrnn/stlstm_{number}"
            add(f"{prefix}/time_state_to_state", layer.from_time)
            add(f"{prefix}/spatio_state_to_state", layer.from_space)
            add(f"{prefix}/input_to_state", layer.from_input)
            add(f"{prefix}/cell_reduce", layer.reduce)
            if layer.stationary is not None:
                add_peephole(f"{prefix}/stlstm_{number}", layer.stationary)
        for number, cell in enumerate(self.differences, start=1):
            assert isinstance(cell, PeepholeCell)
            add_peephole(f"predrnn/stlstm_diff{number}", cell)
        add("predrnn/back_to_pixel", self.to_frame)
        return names
