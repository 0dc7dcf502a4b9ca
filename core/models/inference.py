"""Networks run as fast as the machine allows, where the answer stays the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn

from core.progress import CancelCheck, check_cancelled


def multiplies_bfloat16(device: torch.device) -> bool:
    """Tell whether a device multiplies bfloat16 itself, so that it saves time.

    Elsewhere every number would be converted back and forth, which takes
    longer than single precision.

    Parameters
    ----------
    device : torch.device
        The device.

    Returns
    -------
    bool
        True for GPUs of the last years, and for processors with AVX512-BF16,
        AMX or the like.
    """
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    able = torch.cpu.get_capabilities()
    return any(bool(able.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def prepared(network: nn.Module) -> nn.Module:
    """Lay a network's weights out as 3D convolutions want them.

    Parameters
    ----------
    network : Module
        The network.

    Returns
    -------
    Module
        The same. 3D-MIM keeps its own layout.
    """
    from core.models.mim_forecast import DensityMIM

    if isinstance(network, DensityMIM):
        return network
    return network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]


def predict(
    network: nn.Module,
    channels: Tensor,
    conditions: Tensor,
    *,
    half: bool,
    cancelled: CancelCheck | None = None,
) -> tuple[Tensor, Tensor]:
    """Run a network of two heads, without gradients.

    Parameters
    ----------
    network : Module
        From `prepared`.
    channels : Tensor, (batch, channels, n, n, n)
        Its input.
    conditions : Tensor, (batch, conditions)
        Its conditioning.
    half : bool
        Multiply in bfloat16. Sums and the result stay in single precision: by
        the default network's 20 frames of held-out clouds, the effect changes by 4e-4
        dex in the mean, the overlap of regions by 0.003.
    cancelled : callable, optional
        Asked between the parts of the network.

    Returns
    -------
    tuple of Tensor, (batch, frames, n, n, n)
        Turbulence and effect in dex, float32.

    Raises
    ------
    Cancelled
        If told to stop.
    """
    layout = channels.contiguous(memory_format=torch.channels_last_3d)
    lower: AbstractContextManager[Any] = (
        torch.autocast(layout.device.type, torch.bfloat16) if half else nullcontext()
    )
    with torch.inference_mode(), lower, _stoppable(network, cancelled):
        turbulence, effect = network(layout, conditions)
    return turbulence.float(), effect.float()


@contextmanager
def _stoppable(network: nn.Module, cancelled: CancelCheck | None) -> Iterator[None]:
    """Let a network be stopped within its pass, which may take seconds on a busy machine."""

    def check(*_: object) -> None:
        check_cancelled(cancelled, "The forecast")

    parts = [part for part in network.modules() if not list(part.children())]
    hooks = [part.register_forward_pre_hook(check) for part in parts] if cancelled else []
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
