"""Networks that were tried beside the U-Net, with its inputs and its two heads.

They are here and not in the library because none is shipped; the trials that
compare them are in `bench_architectures.py`.
"""

from __future__ import annotations

from itertools import permutations, product

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.unet import LARGEST_EFFECT_DEX, TwoHeadedUNet


class ConvNeXtBlock(nn.Module):
    """Depthwise 5^3 convolution, then a wide pointwise network (Liu et al. 2022, in 3D)."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.mix = nn.Conv3d(width, width, 5, padding=2, groups=width)
        self.norm = nn.GroupNorm(1, width)
        self.film = nn.Linear(embedding, 2 * width)
        self.widen = nn.Conv3d(width, 4 * width, 1)
        self.narrow = nn.Conv3d(4 * width, width, 1)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, shift = self.film(condition).view(len(x), 2, -1, 1, 1, 1).unbind(1)
        inner = self.norm(self.mix(x)) * (1.0 + gain) + shift
        return x + self.narrow(F.gelu(self.widen(inner)))


class FactorisedConv(nn.Sequential):
    """A 5^3 convolution as three of 5 along one axis each."""

    def __init__(self, width: int) -> None:
        kernels = ((5, 1, 1), (1, 5, 1), (1, 1, 5))
        super().__init__(
            *(nn.Conv3d(width, width, k, padding=tuple(n // 2 for n in k)) for k in kernels)
        )


class FactorisedBlock(nn.Module):
    """The U-Net's block with factorised convolutions."""

    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        groups = max(1, width // 8)
        self.first_norm = nn.GroupNorm(groups, width)
        self.first = FactorisedConv(width)
        self.second_norm = nn.GroupNorm(groups, width)
        self.second = FactorisedConv(width)
        # Three convolutions in a row would otherwise start too strong to be trained.
        nn.init.zeros_(self.second[-1].weight)  # type: ignore[arg-type]
        self.film = nn.Linear(embedding, 2 * width)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, shift = self.film(condition).view(len(x), 2, -1, 1, 1, 1).unbind(1)
        inner = self.second_norm(self.first(F.silu(self.first_norm(x))))
        return x + self.second(F.silu(inner * (1.0 + gain) + shift))


class _Levels(nn.Module):
    def __init__(self, blocks: list[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x, condition)
        return x


class _OtherBlocks(TwoHeadedUNet):
    """The U-Net with blocks of another kind."""

    block: type[nn.Module]

    def __init__(self, frames: int, widths: tuple[int, ...], blocks: int, **sizes: int) -> None:
        super().__init__(frames, widths, blocks, **sizes)
        embedding = sizes.get("embedding", 64)

        def levels(some: tuple[int, ...]) -> nn.ModuleList:
            return nn.ModuleList(
                _Levels([self.block(width, embedding) for _ in range(blocks)])  # type: ignore[call-arg]
                for width in some
            )

        self.down_blocks, self.up_blocks = levels(widths), levels(widths[:-1])


class ConvNeXtUNet(_OtherBlocks):
    """A U-Net of ConvNeXt blocks."""

    block = ConvNeXtBlock


class FactorisedUNet(_OtherBlocks):
    """A U-Net of factorised convolutions, five voxels wide."""

    block = FactorisedBlock


class SpectralBlock(nn.Module):
    """A convolution over the whole cube, by the lowest Fourier modes (Li et al. 2021)."""

    def __init__(self, width: int, modes: int, embedding: int) -> None:
        super().__init__()
        self.modes = modes
        shape = (width, width, 2 * modes, 2 * modes, modes, 2)
        self.weight = nn.Parameter(torch.randn(shape) / width)
        self.norm = nn.GroupNorm(1, width)
        self.film = nn.Linear(embedding, 2 * width)
        self.local = nn.Conv3d(width, width, 3, padding=1)
        self.widen = nn.Conv3d(width, 2 * width, 1)
        self.narrow = nn.Conv3d(2 * width, width, 1)
        nn.init.zeros_(self.film.weight)
        nn.init.zeros_(self.film.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, shift = self.film(condition).view(len(x), 2, -1, 1, 1, 1).unbind(1)
        inner = self.norm(x) * (1.0 + gain) + shift
        inner = self.local(inner) + self._everywhere(inner)
        return x + self.narrow(F.gelu(self.widen(inner)))

    def _everywhere(self, x: Tensor) -> Tensor:
        n, m = x.shape[-1], self.modes
        with torch.autocast(x.device.type, enabled=False):
            # Twice as large with a mirrored edge: the box is not periodic.
            padded = F.pad(x.float(), (0, n) * 3, mode="replicate") if n <= m else x.float()
            full = torch.fft.rfftn(padded, dim=(-3, -2, -1), norm="ortho")
            weight = torch.view_as_complex(self.weight)
            low = [*range(m), *range(-m, 0)]
            part = full[:, :, low][:, :, :, low][..., :m]
            made = torch.einsum("bixyz,oixyz->boxyz", part, weight)
            out = torch.zeros_like(full)
            rows = torch.tensor(low, device=x.device) % full.shape[2]
            out[:, :, rows[:, None], rows[None, :], :m] = made
            return torch.fft.irfftn(out, s=padded.shape[-3:], dim=(-3, -2, -1), norm="ortho")[
                ..., :n, :n, :n
            ]


class SpectralNet(nn.Module):
    """Small patches, then convolutions over the whole cube by Fourier modes."""

    def __init__(
        self,
        frames: int = 19,
        width: int = 48,
        depth: int = 4,
        modes: int = 5,
        patch: int = 2,
        embedding: int = 64,
        channels: int = 8,
        conditions: int = 4,
    ) -> None:
        super().__init__()
        self.channels, self.conditions, self.patch, self.frames = (
            channels,
            conditions,
            patch,
            frames,
        )
        self.condition = nn.Sequential(
            nn.Linear(conditions, embedding), nn.SiLU(), nn.Linear(embedding, embedding), nn.SiLU()
        )
        self.stem = nn.Conv3d(channels, width, patch, stride=patch)
        self.blocks = nn.ModuleList(SpectralBlock(width, modes, embedding) for _ in range(depth))
        self.head = nn.Conv3d(width, 2 * frames * patch**3, 1)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)  # type: ignore[arg-type]

    def forward(self, channels: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        condition = self.condition(conditions[:, : self.conditions])
        x = self.stem(channels[:, : self.channels])
        for block in self.blocks:
            x = block(x, condition)
        b, _, n, _, _ = x.shape
        p = self.patch
        made = self.head(F.silu(x)).float().view(b, 2 * self.frames, p, p, p, n, n, n)
        made = made.permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(b, 2 * self.frames, n * p, n * p, n * p)
        turbulence, effect = made.chunk(2, 1)
        return turbulence, LARGEST_EFFECT_DEX * torch.tanh(effect / LARGEST_EFFECT_DEX)


def orbits(size: int) -> Tensor:
    """Matrix that averages a kernel of size^3 over the 48 symmetries of the cube."""
    places = torch.arange(size**3).view(size, size, size)
    sides = [
        places.permute(axes).flip([axis for axis in range(3) if mirrored[axis]]).reshape(-1)
        for axes in permutations(range(3))
        for mirrored in product((False, True), repeat=3)
    ]
    return torch.stack([F.one_hot(side, size**3).float() for side in sides]).mean(0)


class SymmetricConv(nn.Conv3d):
    """A convolution whose kernel is the same from all 48 sides of the cube."""

    def __init__(self, other: nn.Conv3d) -> None:
        size = other.kernel_size[0]
        super().__init__(
            other.in_channels,
            other.out_channels,
            size,
            other.stride[0],
            other.padding[0],  # type: ignore[arg-type]
        )
        average = orbits(size)
        # An average is weaker than what it is made of: so much that features keep their strength.
        self.gain = float((size**3 / torch.linalg.matrix_rank(average)) ** 0.5)
        self.register_buffer("average_", average, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        weight = self.weight.flatten(2) @ self.get_buffer("average_") * self.gain
        shared = weight.view_as(self.weight).contiguous(memory_format=torch.channels_last_3d)
        return F.conv3d(x, shared, self.bias, self.stride, self.padding)


class SymmetricUNet(TwoHeadedUNet):
    """A U-Net that gives the same answer from all 48 sides by construction.

    All features are scalars: the velocity is seen as its part away from the
    site and its part across.
    """

    def __init__(self, **arguments: object) -> None:
        super().__init__(**arguments)  # type: ignore[arg-type]
        for module in list(self.modules()):
            for name, child in list(module.named_children()):
                if type(child) is nn.Conv3d and child.kernel_size != (1, 1, 1):
                    shared = SymmetricConv(child)
                    if name == "second":
                        nn.init.zeros_(shared.weight)  # blocks begin as nothing
                    setattr(module, name, shared)

    def forward(self, channels: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        n = channels.shape[-1]
        axis = torch.arange(n, device=channels.device) - 0.5 * (n - 1)
        places = torch.stack(torch.meshgrid(axis, axis, axis, indexing="ij"))
        outward = (places / places.norm(dim=0)).to(channels.dtype)
        velocity = channels[:, 4:7]
        radial = (velocity * outward).sum(1, keepdim=True)
        across = (velocity.square().sum(1, keepdim=True) - radial**2).clamp_min(0.0).sqrt()
        seen = torch.cat(
            (channels[:, :4], radial, across, torch.zeros_like(radial), channels[:, 7:]), 1
        )
        return super().forward(seen, conditions)
