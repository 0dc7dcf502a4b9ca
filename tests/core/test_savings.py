"""What is gained when only the gas that is reached takes short steps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from core.particles import ParticleSet
from core.savings import Savings, savings
from tests.core.test_affected import growing_ball, lattice, voxel_radius


def gas(temperature_k: float = 100.0, support_pc: float = 4.0) -> ParticleSet:
    """Cold gas of 10 Msun particles with one smoothing length."""
    bare = lattice()
    return replace(
        bare,
        masses_msun=np.full(len(bare), 10.0, np.float32),
        temperatures_k=np.full(len(bare), temperature_k, np.float32),
        smoothing_lengths_pc=np.full(len(bare), support_pc, np.float32),
    )


def test_the_share_is_that_of_the_particles_reached() -> None:
    """A ball of 20 pc in a box of 60."""
    found = savings(gas(), growing_ball())
    inside = voxel_radius(gas().positions_pc - 30.0) < 20.0
    assert (found.particles, found.short) == (4000, np.count_nonzero(inside))
    assert found.share == pytest.approx(4 / 3 * math.pi * 20**3 / 60**3, rel=0.1)


def test_the_steps_are_courants() -> None:
    """0.3 h / c: 1e51 erg in 100 Msun is 747 km/s, neutral gas of 100 K is 1.04 km/s."""
    found = savings(gas(), growing_ball())
    pc_per_kms_myr = 1.0227
    assert found.short_step_myr == pytest.approx(0.3 * 2.0 / 747 / pc_per_kms_myr, rel=0.01)
    assert found.long_step_myr == pytest.approx(0.3 * 2.0 / 1.04 / pc_per_kms_myr, rel=0.01)
    ratio = 1.04 / 747
    assert found.cost == pytest.approx(found.share + (1 - found.share) * ratio, rel=0.01)
    assert found.factor == pytest.approx(1 / found.cost)
    # Who is reached is known for 2 Myr, so that nothing steps further.
    cold = savings(gas(temperature_k=1.0), growing_ball())
    assert cold.long_step_myr == pytest.approx(2.0)
    hotter = savings(gas(), growing_ball(), heated_msun=25.0)
    assert hotter.short_step_myr == pytest.approx(found.short_step_myr / 2, rel=1e-6)


def test_gas_that_needs_short_steps_anyway_saves_nothing() -> None:
    """Where the rest is as hot as the bubble, the split scheme costs what the other does."""
    found = savings(gas(temperature_k=1e9), growing_ball())
    assert found.cost == pytest.approx(1.0)


def test_pieces_and_the_rest_of_a_large_snapshot_count() -> None:
    """Piece by piece as whole; particles outside the cube lower the share."""
    whole = gas()

    def part(rows: slice) -> ParticleSet:
        names = ("positions_pc", "masses_msun", "temperatures_k", "smoothing_lengths_pc", "ids")
        return replace(whole, **{name: getattr(whole, name)[rows] for name in names})

    pieces = [part(slice(0, 1500)), part(slice(1500, 1500)), part(slice(1500, None))]
    assert savings(iter(pieces), growing_ball()) == savings(whole, growing_ball())
    large = savings(whole, growing_ball(), count=400_000)
    assert large.share == pytest.approx(savings(whole, growing_ball()).share / 100)
    assert large.factor > 50


def test_densities_stand_in_for_smoothing_lengths_and_nothing_for_temperatures() -> None:
    """Unknown steps stay unknown, in the figures and in the words."""
    whole = gas()
    dense = replace(whole, smoothing_lengths_pc=None, densities=np.full(4000, 1.25, np.float32))
    assert savings(dense, growing_ball()).short_step_myr == pytest.approx(
        savings(whole, growing_ball()).short_step_myr, rel=1e-5
    )
    for missing in ({"temperatures_k": None}, {"smoothing_lengths_pc": None}):
        found = savings(replace(whole, **missing), growing_ball())
        assert found.short > 0
        assert math.isnan(found.cost)
        assert "unknown" in str(found)


def test_the_estimate_reads_as_a_sentence() -> None:
    """Share, steps and factor."""
    text = str(Savings(1000, 20, 1e-5, 1e-3))
    assert "20 of 1000 particles (2 %) need the short step: 10 yr, against 1e+03 yr" in text
    assert "33.6 times fewer" in text
