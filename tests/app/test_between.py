"""What movies show between the snapshots."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.exports.between import material_at
from app.exports.board import Board
from app.exports.pictures import Material, Sheet, Shot
from app.exports.reel import Reel
from app.exports.subjects import subject_of
from app.look import Look
from app.scene.particles import ParticleSample
from app.view_state import LayerState
from app.views.sampling import Particles
from core.cubes import CubeSequence
from core.evolution import Forecast
from tests.helpers import analytic_evolution

UNEVEN = np.array([0.0, 0.01, 0.1, 0.12])


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(16, 4, dimple=0.2)


@pytest.fixture(scope="module")
def uneven(evolution) -> Material:
    """A run with uneven times, and a forecast of it that ends earlier."""
    warm = np.full(evolution.density.shape, 100.0, np.float32)
    warm[2] = 10_000.0
    wind = np.zeros((*evolution.density.shape, 3), np.float32)
    wind[2] = 10.0
    fields = {"density": evolution.density, "temperature": warm, "velocity": wind}
    truth = CubeSequence(fields, UNEVEN, 60.0)
    control = replace(evolution.control, times_myr=UNEVEN)
    times = np.array([0.0, 0.02, 0.04, 0.08])
    forecast = Forecast(
        replace(evolution.sequence, times_myr=times),
        replace(evolution.control, times_myr=times),
        probability=np.linspace(0, 1, 4, dtype=np.float32)[:, None, None, None]
        * np.ones((16, 16, 16), np.float32),
    )
    return Material(truth, control, forecast)


def test_the_gas_between_two_snapshots_is_weighed_by_time(uneven):
    made = material_at(uneven, 0.055, ("density", "temperature", "velocity"))
    assert made.truth.times_myr == pytest.approx([0.055])
    logs = np.log(uneven.truth.density[1:3]).mean(axis=0)
    np.testing.assert_allclose(np.log(made.truth.density[0]), logs, atol=1e-5)
    np.testing.assert_allclose(made.truth.fields["temperature"], 1000.0, rtol=1e-4)
    np.testing.assert_allclose(made.truth.fields["velocity"], 5.0)
    np.testing.assert_allclose(made.forecast.probability, (2 + 0.015 / 0.04) / 3, rtol=1e-5)
    assert "temperature" not in material_at(uneven, 0.055).truth.fields


def test_a_snapshot_is_itself(uneven):
    made = material_at(uneven, 0.01)
    np.testing.assert_array_equal(made.truth.density[0], uneven.truth.density[1])
    np.testing.assert_array_equal(made.control.density[0], uneven.control.density[1])


def test_what_ends_earlier_stays_and_can_still_be_compared(uneven):
    made = material_at(uneven, 0.12)
    assert made.truth.times_myr == pytest.approx([0.08, 0.12])
    assert made.forecast.times_myr == pytest.approx([0.08])
    np.testing.assert_array_equal(made.forecast.density[0], uneven.forecast.density[3])
    look = Look(third_kind="difference")
    shot = Shot(made, ("truth", "forecast", "third"), look)
    shot.check()
    difference = subject_of(shot, "third").prepared
    assert difference.times_myr[difference.nearest(0.12)] == pytest.approx(0.08)
    truth = subject_of(shot, "truth").prepared
    assert truth.times_myr[truth.nearest(0.12)] == pytest.approx(0.12)
    assert truth.shell(truth.nearest(0.12), 0.5) is not None
    # Without a control of its own, the truth is held against that of the forecast.
    alone = replace(uneven, control=None)
    late = subject_of(Shot(material_at(alone, 0.12), ("truth",), look), "truth").prepared
    assert late.has_control


def test_the_shell_lies_between_those_of_the_snapshots(uneven):
    def volume(material: Material, time: float) -> int:
        prepared = subject_of(Shot(material, ("truth",)), "truth").prepared
        return int((prepared.shell(prepared.nearest(time), 0.5) < 0).sum())

    small, large = volume(uneven, 0.01), volume(uneven, 0.1)
    assert small < volume(material_at(uneven, 0.04), 0.04) < large


def test_regions_move_evenly_and_particles_keep_their_times(uneven):
    axis = np.arange(16) - 7.5
    distance = np.sqrt(sum(x**2 for x in np.meshgrid(axis, axis, axis)))
    grown = np.stack([distance < radius for radius in (0.0, 2.0, 4.0, 6.0)])
    sample = ParticleSample(np.zeros((1, 3), np.float32), np.ones(1, np.float32), np.array([0.03]))
    material = replace(
        uneven,
        envelope=grown,
        particles=Particles({1: sample}, dict.fromkeys(range(4), sample)),
    )
    made = material_at(material, 0.03)
    inside = made.envelope[0].sum()
    assert grown[1].sum() < inside < grown[2].sum()
    assert inside == pytest.approx((distance < 3.0).sum(), rel=0.3)
    np.testing.assert_array_equal(material_at(material, 0.01).envelope[0], grown[1])
    assert list(made.particles.truth) == [0]
    assert made.particles.forecast[0].reached(0.03).all()
    assert not made.particles.forecast[0].reached(float(made.forecast.times_myr[0]) - 0.001).any()
    assert material_at(material, 0.11).particles.truth == {}


def test_few_snapshots_are_interpolated_unless_told_otherwise():
    assert Reel("time", 25, 8.0).interpolates(20)
    assert not Reel("time", 25, 2.0).interpolates(20)
    assert Reel("both", 25, 2.0, "always").interpolates(20)
    assert not Reel("time", 25, 8.0, "never").interpolates(20)
    assert not Reel("turntable", 25, 8.0, "always").interpolates(20)
    assert not Reel("time", 25, 8.0, "always").interpolates(1)
    assert Reel("time", 25, 8.0).n_drawn(20) == 200
    assert Reel("time", 25, 8.0, "never").n_drawn(20) == 20
    assert Reel("time", 25, 8.0, "never").told(20)["interpolated"] is False


def test_pictures_between_snapshots_are_drawn_to_the_same_scales(qapp, uneven):
    layers = LayerState(volume_field="temperature", velocity=True)
    look = Look(truth=layers, forecast=layers)
    sheet = Sheet(96, 96, fine=False)
    with Board(Shot(uneven, ("truth",), look), sheet, between=True) as board:
        stage = board.panels[0]._easel.stage
        first = stage.gas_transfer, stage.details.usual_speed_kms
        before = board.draw(0.0)
        between = board.draw(0.0999)
        assert (stage.gas_transfer, stage.details.usual_speed_kms) == first
        again = board.draw(0.0)
    assert between != before
    assert again == before
    with Board(Shot(uneven, ("truth",), look), sheet) as board:
        assert board.draw(0.0) == before
