"""How far a mean over simulations may be off, where those of a cloud resemble each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

LEVEL = 0.95
"""An interval is to contain the mean over all clouds so often."""

RESAMPLES = 1000


def interval(values: ArrayLike, clouds: Sequence[object]) -> tuple[float, float]:
    """Interval of a mean by the bootstrap over clouds.

    Whole clouds are drawn with replacement, as many as there are, each with
    all its explosions: several explosions in one cloud are not independent.
    The interval is that of percentiles (Efron & Tibshirani 1993, chapter 13);
    with few clouds it is a little too short.

    Parameters
    ----------
    values : array_like, (n,)
        A figure of each simulation; NaN where it is undefined.
    clouds : sequence, (n,)
        The cloud of each.

    Returns
    -------
    tuple of float
        Its ends; NaN for fewer than two clouds.
    """
    figures = np.asarray(values, dtype=np.float64)
    defined = np.isfinite(figures)
    names = [cloud for cloud, known in zip(clouds, defined, strict=True) if known]
    order = {name: index for index, name in enumerate(dict.fromkeys(names))}
    if len(order) < 2:
        return (np.nan, np.nan)
    which = np.array([order[name] for name in names])
    sums = np.bincount(which, figures[defined], len(order))
    counts = np.bincount(which, minlength=len(order))
    # Always the same draws: a table made twice is the same table.
    rng = np.random.default_rng(20230200026)
    drawn = rng.integers(len(order), size=(RESAMPLES, len(order)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.5 - 0.5 * LEVEL, 0.5 + 0.5 * LEVEL))
    return (float(low), float(high))
