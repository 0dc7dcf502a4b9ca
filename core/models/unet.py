"""A two-headed 3D U-Net: what turbulence does, and what the explosion does.

One pass gives all frames. The first head is log10(rho_control/rho_0), the
evolution without the explosion; the second log10(rho/rho_control), the effect
of the explosion, zero outside the blast. Their sum is the density.

The network must know the absolute density: the same cloud, ten times denser,
has a shell half as large. A normalisation would remove that level, so there
is none on the main path, only within the residual branches, where the level
is put back by conditioning them on it (FiLM; Perez et al. 2018).
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LARGEST_EFFECT_DEX = 5.0
"""Limit of what the explosion can do to a density, in dex."""


class Block(nn.Module):
    """Residual block whose branch is normalised and conditioned by FiLM.

    Parameters
    ----------
    width : int
        Channels.
    embedding : int
        Length of the conditioning vector.
    """

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        groups = max(1, width // 8)
        self.first_norm = nn.GroupNorm(groups, width)
        self.first = nn.Conv3d(width, width, 3, padding=1)
        self.second_norm = nn.GroupNorm(groups, width)
        self.second = nn.Conv3d(width, width, 3, padding=1)
        self.film = nn.Linear(embedding, 2 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Apply the block.

        Parameters
        ----------
        x : Tensor, (batch, width, n, n, n)
            Features.
        condition : Tensor, (batch, embedding)
            The conditioning vector.

        Returns
        -------
        Tensor, (batch, width, n, n, n)
            Features.
        """
        gain, shift = self.film(condition).view(len(x), 2, -1, 1, 1, 1).unbind(1)
        inner = self.second_norm(self.first(F.silu(self.first_norm(x))))
        return x + self.second(F.silu(inner * (1.0 + gain) + shift))


class Level(nn.Module):
    """Residual blocks one after the other.

    Parameters
    ----------
    width : int
        Channels.
    count : int
        Blocks.
    embedding : int
        Length of the conditioning vector.
    """

    def __init__(self, width: int, count: int, embedding: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(width, embedding) for _ in range(count))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Apply the blocks.

        Parameters
        ----------
        x : Tensor, (batch, width, n, n, n)
            Features.
        condition : Tensor, (batch, embedding)
            The conditioning vector.

        Returns
        -------
        Tensor, (batch, width, n, n, n)
            Features.
        """
        for block in self.blocks:
            x = block(x, condition)
        return x


class TwoHeadedUNet(nn.Module):
    """The forecaster's network.

    Parameters
    ----------
    frames : int
        Future frames.
    widths : sequence of int
        Channels at each level, each half as fine as the one before.
    blocks : int
        Residual blocks at each level, on the way down and on the way up.
    embedding : int
        Length of the conditioning vector.
    channels, conditions : int
        How many of those of `core.models.inputs` it looks at, from the first.
    """

    def __init__(
        self,
        frames: int = 19,
        widths: tuple[int, ...] = (24, 48, 96, 128),
        blocks: int = 1,
        embedding: int = 64,
        channels: int = 7,
        conditions: int = 3,
    ) -> None:
        super().__init__()
        self.frames, self.channels, self.conditions = frames, channels, conditions
        self.condition = nn.Sequential(
            nn.Linear(conditions, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU()
        )
        self.stem = nn.Conv3d(channels, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList(Level(width, blocks, embedding) for width in widths)
        self.down = nn.ModuleList(
            nn.Conv3d(fine, coarse, 2, stride=2) for fine, coarse in pairwise(widths)
        )
        self.up = nn.ModuleList(nn.Conv3d(coarse, fine, 1) for fine, coarse in pairwise(widths))
        self.up_blocks = nn.ModuleList(Level(width, blocks, embedding) for width in widths[:-1])
        self.head = nn.Conv3d(widths[0], 2 * frames, 1)
        nn.init.zeros_(self.head.weight)
        if self.head.bias is not None:
            nn.init.zeros_(self.head.bias)

    def forward(self, channels: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """Forecast.

        Parameters
        ----------
        channels : Tensor, (batch, at least `self.channels`, n, n, n)
            From `core.models.inputs`.
        conditions : Tensor, (batch, at least `self.conditions`)
            From the same.

        Returns
        -------
        turbulence : Tensor, (batch, frames, n, n, n)
            log10(rho_control/rho_0), in dex.
        effect : Tensor, (batch, frames, n, n, n)
            log10(rho/rho_control), in dex.
        """
        condition = self.condition(conditions[:, : self.conditions])
        x = self.stem(channels[:, : self.channels])
        skips = []
        for level, blocks in enumerate(self.down_blocks):
            x = blocks(x, condition)
            if level < len(self.down):
                skips.append(x)
                x = self.down[level](x)
        for level in reversed(range(len(self.up))):
            x = F.interpolate(self.up[level](x), scale_factor=2, mode="nearest") + skips[level]
            x = self.up_blocks[level](x, condition)
        turbulence, effect = self.head(F.silu(x)).float().chunk(2, 1)
        # No voxel changes by more than some dex; without the limit, early training overshoots.
        return turbulence, LARGEST_EFFECT_DEX * torch.tanh(effect / LARGEST_EFFECT_DEX)
