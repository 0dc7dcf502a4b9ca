"""Which particles the blast wave will reach, and when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import core
from core.coverage import Calibration, Need
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.particles import ParticleSet
from core.shells import reach_map, reach_times
from tests.core.synthetic import SNAPSHOTS, needs_snapshots

N, SIZE, VOXEL = 30, 60.0, 2.0


def growing_ball(center_pc=(30.0, 30.0, 30.0), site_pc=(0.0, 0.0, 0.0), speed=10.0) -> Evolution:
    """A cavity whose radius is 0, 10, 20 pc at 0, 1, 2 Myr, in uniform gas."""
    axis = (np.arange(N) + 0.5) * VOXEL - 0.5 * SIZE
    x, y, z = np.meshgrid(*(axis - site for site in site_pc), indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    times = np.array([0.0, 1.0, 2.0])
    control = np.ones((3, N, N, N), np.float32)
    density = np.where(radius < (speed * times)[:, None, None, None], 0.01, 1.0)
    with_sn, without = (
        core.CubeSequence({"density": d}, times, SIZE, center_pc) for d in (density, control)
    )
    return Evolution(with_sn, without, site_pc)


def lattice(box: float = 60.0, origin=(0.0, 0.0, 0.0), periodic: bool = True) -> ParticleSet:
    """Particles at random places, with identifiers from 1000 on."""
    random = np.random.default_rng(5)
    places = random.uniform(0, box, (4000, 3)) + origin
    return ParticleSet(
        positions_pc=places,
        masses_msun=np.ones(4000, np.float32),
        time_myr=0.0,
        box_pc=(box, box, box),
        origin_pc=origin,
        periodic=periodic,
        ids=np.arange(1000, 5000),
    )


def voxel_radius(offsets: np.ndarray) -> np.ndarray:
    """Distance of the centre of the voxel a point lies in."""
    return np.linalg.norm((np.floor(offsets / VOXEL) + 0.5) * VOXEL, axis=1)


def test_times_are_those_of_the_first_frame_that_reaches():
    gas = lattice()
    times = reach_times(gas, growing_ball())
    radius = voxel_radius(gas.positions_pc - 30.0)
    expected = np.where(radius < 10, 1.0, np.where(radius < 20, 2.0, np.nan))
    np.testing.assert_array_equal(times, expected)
    ids = core.affected_particles(gas, growing_ball())
    np.testing.assert_array_equal(ids, 1000 + np.flatnonzero(radius < 20))


def test_the_map_is_the_reached_region_frame_by_frame():
    reached = reach_map(growing_ball())
    assert reached.shape == (N, N, N)
    fraction = np.count_nonzero(np.isfinite(reached)) * VOXEL**3 / (4 / 3 * np.pi * 20**3)
    assert fraction == pytest.approx(1.0, abs=0.02)
    assert set(np.unique(reached[np.isfinite(reached)])) == {1.0, 2.0}


def test_gas_that_the_blast_has_left_again_keeps_its_first_time():
    evolution = growing_ball()
    density = evolution.density.copy()
    density[2] = 1.0
    again = Evolution(replace(evolution.sequence, fields={"density": density}), evolution.control)
    times = reach_times(lattice(), again)
    assert set(times[np.isfinite(times)]) == {1.0}


def test_the_cube_continues_across_a_periodic_face():
    gas = lattice()
    times = reach_times(gas, growing_ball(center_pc=(1.0, 59.0, 30.0)))
    offsets = gas.positions_pc - (1.0, 59.0, 30.0)
    offsets -= 60 * np.round(offsets / 60)
    radius = voxel_radius(offsets)
    np.testing.assert_array_equal(np.isfinite(times), radius < 20)
    assert np.count_nonzero(np.isfinite(times)) > 100
    assert np.isfinite(times[gas.positions_pc[:, 0] > 45]).any()


def test_particles_outside_the_cube_are_never_reached():
    gas = lattice(box=200.0, origin=(-100.0, -100.0, -100.0), periodic=False)
    everywhere = growing_ball(center_pc=(50.0, 0.0, 0.0), speed=1000.0)
    times = reach_times(gas, everywhere)
    inside = np.abs(gas.positions_pc - (50.0, 0.0, 0.0)).max(axis=1) < 30
    np.testing.assert_array_equal(np.isfinite(times), inside)


def test_both_faces_of_the_cube_belong_to_it():
    faces = np.array([[0.0, 30.0, 30.0], [60.0, 30.0, 30.0], [30.0, 60.0, 0.0]])
    gas = ParticleSet(faces, np.ones(3, np.float32), 0.0, (60.0, 60.0, 60.0), periodic=False)
    assert np.isfinite(reach_times(gas, growing_ball(speed=1000.0))).all()


def test_the_site_may_lie_off_the_centre():
    gas = lattice()
    times = reach_times(gas, growing_ball(site_pc=(8.0, 0.0, 0.0)))
    first = gas.positions_pc[times == 1.0].mean(axis=0)
    np.testing.assert_allclose(first, (38.0, 30.0, 30.0), atol=1.0)


def test_what_cannot_be_answered_is_refused():
    gas = lattice()
    with pytest.raises(InvalidRequest, match="no identifiers"):
        core.affected_particles(replace(gas, ids=None), growing_ball())
    elsewhere = growing_ball(center_pc=(500.0, 0.0, 0.0))
    with pytest.raises(InvalidRequest, match="outside the snapshot's box"):
        reach_times(replace(gas, periodic=False), elsewhere)


def calibrated(margin_pc: float) -> core.Forecast:
    """The growing ball as a forecast that promises all levels with one margin."""
    ball = growing_ball()
    needs = tuple(
        Need(f"seed {k}", f"run {k}", (margin_pc,) * 6, (margin_pc,) * 6) for k in range(9)
    )
    calibration = Calibration("net", "", 1, False, needs)
    return core.Forecast(ball.sequence, ball.control, calibration=calibration)


def test_a_coverage_names_the_gas_within_the_margin_too():
    """Each particle within the margin of the ball, from the frame on that comes so near."""
    gas, forecast = lattice(), calibrated(4.0)
    times = reach_times(gas, forecast, reach_map(forecast, 0.99))
    radius = voxel_radius(gas.positions_pc - 30.0)
    assert (times[radius < 10 + 4.0 - VOXEL] == 1.0).all()
    assert (times[(radius > 14.0 + VOXEL) & (radius < 24.0 - VOXEL)] == 2.0).all()
    assert np.isnan(times[radius > 24.0 + VOXEL]).all()
    plain, more = (set(core.affected_particles(gas, forecast, share)) for share in (None, 0.99))
    assert plain < more
    assert plain == set(core.affected_particles(gas, growing_ball()))


def test_a_coverage_is_asked_of_calibrated_forecasts_only():
    with pytest.raises(InvalidRequest, match="simulation is what they are measured by"):
        core.affected_particles(lattice(), growing_ball(), coverage=0.99)
    forecast = replace(calibrated(1.0), calibration=None)
    with pytest.raises(InvalidRequest, match="shellsight calibrate"):
        core.affected_particles(lattice(), forecast, coverage=0.99)
    with pytest.raises(InvalidRequest, match="share"):
        core.affected_particles(lattice(), calibrated(1.0), coverage=99)


@needs_snapshots
def test_the_particles_that_the_blast_speeds_up_in_a_real_run_are_named():
    """SWIFT's particles have the same identifiers with and without the explosion."""
    series = core.open(SNAPSHOTS / "swift_turbulent_a")[::6]
    control = core.open(SNAPSHOTS / "swift_turbulent_a_control")[::6]
    truth, without = (core.voxelize(run, size_pc=60, n=32) for run in (series, control))
    start, end, still = series.read(0), series.read(3), control.read(3)
    ids = core.affected_particles(start, core.Simulation(truth, without))
    order, other = np.argsort(end.ids), np.argsort(still.ids)
    np.testing.assert_array_equal(end.ids[order], still.ids[other])
    kick = np.linalg.norm(end.velocities_kms[order] - still.velocities_kms[other], axis=1)
    for speed_kms, share in ((10.0, 0.94), (20.0, 0.985), (50.0, 1.0)):
        struck = end.ids[order][kick > speed_kms]
        assert len(struck) > 100
        assert np.isin(struck, ids).mean() >= share
    # Not by naming everything: the shell of 14 pc has swept about 7 % of the box.
    assert 0.05 < len(ids) / len(start) < 0.1
