"""What a network is trained to minimise."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

AFFECTED_DEX = math.log10(0.9)
"""The effect below which a voxel counts as affected."""

CAVITY_DEX = math.log10(0.5)
"""The effect below which a voxel belongs to the cavity."""

_REGIONS = ((AFFECTED_DEX, 0.05), (CAVITY_DEX, 0.10))
"""Threshold of each region, and the width in dex over which its edge is softened."""


def forecast_loss(
    turbulence: Tensor,
    effect: Tensor,
    true_turbulence: Tensor,
    true_effect: Tensor,
    control_known: Tensor | None = None,
) -> Tensor:
    """Loss of a forecast with two heads.

    The weighted sum of the mean absolute error of both heads in dex, that of
    the effect weighted towards the blast, which fills a twentieth of the cube,
    and of a soft Dice and a cross-entropy loss of the affected region and of
    the cavity, which are what a forecast is judged by.

    Parameters
    ----------
    turbulence, effect : Tensor, (batch, frames, n, n, n)
        The forecast, in dex.
    true_turbulence, true_effect : Tensor, (batch, frames, n, n, n)
        The truth, in dex.
    control_known : Tensor of bool, (batch,), optional
        Where it is false, the truth has no control: `true_effect` is what
        turbulence and explosion do together. The forecast's own control then
        stands in: the effect is asked for what that leaves, and nothing is
        asked of the turbulence. All have one by default.

    Returns
    -------
    Tensor
        The loss.
    """
    if control_known is not None:
        known = control_known.view(-1, 1, 1, 1, 1)
        own = turbulence.detach()
        true_effect = torch.where(known, true_effect, true_effect - own)
        true_turbulence = torch.where(known, true_turbulence, own)
    blast = 1.0 + 9.0 * (true_effect.abs() > 0.02).float()
    effect_error = (
        blast * F.smooth_l1_loss(effect, true_effect, beta=0.02, reduction="none")
    ).mean()
    turbulence_error = F.smooth_l1_loss(turbulence, true_turbulence, beta=0.02)
    # Turbulence moves far less gas in the time of a blast: weighted, so that it is learnt at all.
    loss = effect_error + 3.0 * turbulence_error
    for threshold, width in _REGIONS:
        logit = (threshold - effect) / width
        # Softened like the forecast: with hard edges, gas far away, where nothing happens, would
        # be pushed over the threshold by as much as the forecast is unsure.
        inside = torch.sigmoid((threshold - true_effect) / width)
        probability = torch.sigmoid(logit)
        overlap = (probability * inside).sum((2, 3, 4))
        total = (probability**2 + inside**2).sum((2, 3, 4))
        # Ten voxels of slack: an empty region that is forecast empty costs nothing.
        dice = 1.0 - (2.0 * overlap + 10.0) / (total + 10.0)
        entropy = F.binary_cross_entropy_with_logits(logit.clamp(-12, 12), inside)
        loss = loss + 0.1 * dice.mean() + 0.3 * entropy
    return loss


@torch.no_grad()
def region_iou(effect: Tensor, true_effect: Tensor, threshold: float) -> Tensor:
    """Intersection over union of a region, for each frame.

    Parameters
    ----------
    effect, true_effect : Tensor, (batch, frames, n, n, n)
        Forecast and truth, in dex.
    threshold : float
        A voxel below it belongs to the region.

    Returns
    -------
    Tensor, (frames,)
        Mean over the batch; 1 where both regions are empty.
    """
    inside, truth = effect < threshold, true_effect < threshold
    both = (inside & truth).sum((2, 3, 4)).float()
    either = (inside | truth).sum((2, 3, 4)).float()
    return torch.where(either > 0, both / either.clamp_min(1), 1.0).mean(0)
