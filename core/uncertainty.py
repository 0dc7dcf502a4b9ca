"""How sure a forecast is: probabilities that mean what they say."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.errors import InvalidRequest
from core.shells.region import AFFECTED_BELOW

if TYPE_CHECKING:
    from torch import Tensor

SOFT_DEX = 0.02
"""Width of the edge of the affected region that one orientation sees, in log10 density."""

_LOGIT_EDGES = np.linspace(-8.0, 8.0, 65)


def membership(effect_dex: Tensor) -> Tensor:
    """Tell how much one orientation of a network takes each voxel for affected.

    Parameters
    ----------
    effect_dex : Tensor
        log10 of the density with over that without the explosion, in dex.

    Returns
    -------
    Tensor
        Between 0 and 1, a half at the edge of the affected region. The mean
        over orientations is the raw probability that `Reliability` corrects.
    """
    import torch

    return torch.sigmoid((math.log10(AFFECTED_BELOW) - effect_dex) / SOFT_DEX)


@dataclass(frozen=True)
class Reliability:
    """What raw probabilities are worth: a rising map fitted on runs never trained on.

    Parameters
    ----------
    raw : tuple of float
        Raw probabilities, rising.
    actual : tuple of float
        Share of the voxels with that raw probability that were affected;
        never falling.

    Raises
    ------
    InvalidRequest
        If they are no such map.
    """

    raw: tuple[float, ...]
    actual: tuple[float, ...]

    def __post_init__(self) -> None:
        x, y = np.asarray(self.raw), np.asarray(self.actual)
        if not (
            x.ndim == 1
            and x.shape == y.shape
            and x.size
            and (np.diff(x) > 0).all()
            and (np.diff(y) >= 0).all()
            and (min(*x, *y) >= 0.0)
            and (max(*x, *y) <= 1.0)
        ):
            raise InvalidRequest("A map of probabilities must rise, within 0 and 1.")

    def apply(self, raw: ArrayLike) -> NDArray[np.float32]:
        """Correct raw probabilities.

        Parameters
        ----------
        raw : array_like of float
            Raw probabilities.

        Returns
        -------
        ndarray of float32
            Calibrated ones, of the same shape.
        """
        return np.interp(np.asarray(raw), self.raw, self.actual).astype(np.float32)


class ReliabilityCounts:
    """Counts how often voxels of each raw probability are affected, run by run."""

    def __init__(self) -> None:
        bins = len(_LOGIT_EDGES) + 1
        self._voxels = np.zeros(bins)
        self._raw = np.zeros(bins)
        self._affected = np.zeros(bins)

    def add(self, raw: ArrayLike, affected: ArrayLike) -> None:
        """Count one run, or one frame.

        Parameters
        ----------
        raw : array_like of float
            Raw probabilities.
        affected : array_like of bool
            The truth, of the same shape.
        """
        p = np.asarray(raw, dtype=np.float64).ravel()
        # Most voxels are almost sure: bins of equal width would not tell 1 % from 0.01 %.
        inner = np.clip(p, 1e-12, 1 - 1e-12)
        bins = np.digitize(np.log(inner / (1 - inner)), _LOGIT_EDGES)
        size = len(self._voxels)
        self._voxels += np.bincount(bins, minlength=size)
        self._raw += np.bincount(bins, weights=p, minlength=size)
        truth = np.asarray(affected, dtype=np.float64).ravel()
        self._affected += np.bincount(bins, weights=truth, minlength=size)

    def fit(self) -> Reliability:
        """Fit the map: isotonic regression, weighted by the number of voxels.

        Returns
        -------
        Reliability
            The map.

        Raises
        ------
        InvalidRequest
            If nothing has been counted.
        """
        from scipy.optimize import isotonic_regression

        there = self._voxels > 0
        if not there.any():
            raise InvalidRequest("No probabilities have been counted.")
        voxels = self._voxels[there]
        raw, share = self._raw[there] / voxels, self._affected[there] / voxels
        actual = np.clip(isotonic_regression(share, weights=voxels).x, 0.0, 1.0)
        return Reliability(tuple(map(float, raw)), tuple(map(float, actual)))


def reliability_rows(
    probability: Sequence[NDArray[Any]], affected: Sequence[NDArray[np.bool_]], bins: int = 10
) -> list[tuple[float, float, int]]:
    """Compare probabilities with what happened.

    Parameters
    ----------
    probability : sequence of ndarray
        Stated probabilities, one array for each run.
    affected : sequence of ndarray of bool
        The truth, of the same shapes.
    bins : int
        Intervals of equal width between 0 and 1.

    Returns
    -------
    list of (float, float, int)
        For each interval that has voxels: mean probability stated, share
        that was affected, number of voxels.
    """
    sums = np.zeros((3, bins))
    for stated, truth in zip(probability, affected, strict=True):
        p = np.asarray(stated, dtype=np.float64).ravel()
        index = np.minimum((p * bins).astype(int), bins - 1)
        for row, weights in zip(sums, (None, p, truth.ravel()), strict=True):
            row += np.bincount(index, weights=weights, minlength=bins)
    return [(float(p / n), float(hits / n), int(n)) for n, p, hits in sums.T if n]
