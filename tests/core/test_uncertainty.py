"""Probabilities that mean what they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from core.errors import InvalidRequest
from core.uncertainty import Reliability, ReliabilityCounts, membership, reliability_rows


def test_membership_is_a_half_at_the_edge_and_hard_far_from_it() -> None:
    """The affected region is where the density falls below 0.9 of the control's."""
    effect = torch.tensor([math.log10(0.9), math.log10(0.5), 0.0, 0.5])
    edge, cavity, untouched, shell = membership(effect).tolist()
    assert edge == pytest.approx(0.5)
    assert cavity > 0.999
    assert 0.05 < untouched < 0.15
    assert shell < 1e-6


def test_an_overconfident_forecaster_is_put_right() -> None:
    """Probabilities sharper than the truth come out as the frequencies they stand for."""
    random = np.random.default_rng(3)
    true = random.uniform(0.0, 1.0, 400_000)
    logit = np.log(true / (1 - true))
    raw = 1 / (1 + np.exp(-3 * logit))
    happened = random.uniform(size=true.size) < true
    counts = ReliabilityCounts()
    for part in np.array_split(np.arange(true.size), 3):
        counts.add(raw[part], happened[part])
    calibrated = counts.fit().apply(raw)
    assert np.abs(raw - true).max() > 0.15
    assert np.abs(calibrated - true)[(true > 0.02) & (true < 0.98)].max() < 0.03
    for stated, actual, voxels in reliability_rows([calibrated], [happened]):
        assert stated == pytest.approx(actual, abs=0.01)
        assert voxels > 1000


def test_the_map_never_falls_and_keeps_to_its_range() -> None:
    """Noise in the counts is pooled; beyond the ends the map is flat."""
    random = np.random.default_rng(4)
    counts = ReliabilityCounts()
    raw = random.uniform(0.2, 0.8, 500)
    counts.add(raw, random.uniform(size=500) < raw)
    fitted = counts.fit()
    curve = fitted.apply(np.linspace(0, 1, 200))
    assert curve.dtype == np.float32
    assert (np.diff(curve) >= 0).all()
    assert (curve[0], curve[-1]) == pytest.approx((fitted.actual[0], fitted.actual[-1]))


def test_what_is_no_map_is_refused() -> None:
    """Falling maps, probabilities above one, and counts of nothing."""
    with pytest.raises(InvalidRequest, match="rise"):
        Reliability((0.1, 0.2), (0.5, 0.4))
    with pytest.raises(InvalidRequest, match="rise"):
        Reliability((0.1, 0.2), (0.5, 1.4))
    with pytest.raises(InvalidRequest, match="counted"):
        ReliabilityCounts().fit()
