"""The thin-shell model: uniform gas, gas of two densities, clouds; and the gas it moves."""

import numpy as np
import pytest

import core
from core.baselines import snowplough, thin_shell
from core.cubes import Cube
from core.errors import Cancelled, InvalidRequest
from core.resources import sample_path
from core.shells import fibonacci_directions
from core.shells import thin_shell as model
from core.shells.remnant import Remnant
from core.shells.sweep import LEFT_INSIDE, Sweeper
from core.shells.thin_shell import thin_shell_radii
from tests.helpers import lognormal_gas

TIMES = 0.007 * np.arange(20)


def uniform(density: float, n: int = 32, size_pc: float = 60.0) -> Cube:
    """Gas of one density."""
    return Cube({"density": np.full((n, n, n), density)}, size_pc)


def turbulent(n: int = 32) -> Cube:
    """Log-normal gas of the density of a cloud."""
    return Cube({"density": lognormal_gas(n)}, 60.0)


@pytest.mark.parametrize("density", [0.03, 0.3, 1.1, 3.0, 10.0])
def test_uniform_gas_is_that_of_theory(density: float) -> None:
    """Through all stages the radius is within 2 per cent, and the final momentum within 8."""
    shell = model.thin_shell(uniform(density), times_myr=TIMES)
    expected = Remnant(density).radius_pc(TIMES)
    assert (shell.radii_pc[0] == 0).all()
    np.testing.assert_allclose(shell.radii_pc[1:].mean(axis=1), expected[1:], rtol=0.02)
    assert np.ptp(shell.radii_pc, axis=1).max() < 1e-6 * expected[-1]
    if shell.cooled[-1].all():
        assert shell.momenta[-1] == pytest.approx(Remnant(density).final_momentum, rel=0.08)


@pytest.mark.parametrize("energy", [3e50, 1e51, 4e51])
def test_other_energies(energy: float) -> None:
    """The radius follows theory there as well."""
    radii = thin_shell_radii(uniform(1.0), times_myr=TIMES[1:], energy_erg=energy)
    np.testing.assert_allclose(
        radii.mean(axis=1), Remnant(1.0, energy).radius_pc(TIMES[1:]), rtol=0.03
    )


def test_the_adiabatic_stage_keeps_the_energy() -> None:
    """In thin gas no shell forms: heat and motion together are the energy of the explosion."""
    cube = uniform(1e-3)
    followed = model._Model(cube, (0.0, 0.0, 0.0), 1e51, 768)
    start = followed.energy
    while followed.age < 0.02:
        followed.step(0.02)
    assert followed.energy == start
    assert not followed.cooled.any()
    assert followed.r.mean() == pytest.approx(float(Remnant(1e-3).radius_pc(0.02)), rel=0.005)


def test_the_swept_mass_is_that_within_the_shell() -> None:
    """Summed over the rays, against the voxels within the radius."""
    cube = turbulent()
    shell = model.thin_shell(cube, times_myr=[0.05])
    axis = (np.arange(32) - 15.5) * cube.voxel_pc
    places = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1).reshape(-1, 3)
    r = np.linalg.norm(places, axis=1)
    nearest = np.argmax(places @ fibonacci_directions(768).T, axis=1)
    within = r < shell.radii_pc[0][nearest]
    mass = cube.density.ravel()[within].sum() * cube.voxel_pc**3
    assert shell.swept_msun[0] == pytest.approx(mass, rel=0.08)


def test_it_bulges_into_thin_gas() -> None:
    """Two half-spaces, one ten times thinner: further there, and the same shape mirrored."""
    density = np.full((32, 32, 32), 3.0)
    density[16:] = 0.3
    radii = thin_shell_radii(Cube({"density": density}, 60.0), times_myr=[0.1])[0]
    x = fibonacci_directions(768)[:, 0]
    thin, dense = radii[x > 0.5], radii[x < -0.5]
    assert thin.min() > 1.4 * dense.max()
    # Less than if each side had its own bubble: the thin side takes pressure from the dense one.
    assert dense.mean() < float(Remnant(3.0).radius_pc(0.1))
    mirrored = thin_shell_radii(Cube({"density": density[::-1]}, 60.0), times_myr=[0.1])[0]
    assert mirrored[x < -0.5].mean() == pytest.approx(thin.mean(), rel=0.01)


def test_a_clump_holds_its_direction_back() -> None:
    """A dense ball beside the site: the shell stalls in it and passes at its side."""
    cube = uniform(0.5)
    density = cube.density.copy()
    density[19:23, 14:18, 14:18] = 100.0
    radii = thin_shell_radii(Cube({"density": density}, 60.0), times_myr=[0.1])[0]
    toward = fibonacci_directions(768)[:, 0] > 0.98
    assert radii[toward].max() < 0.7 * np.median(radii)


def test_a_site_off_the_centre() -> None:
    """Shifting gas and site together changes nothing."""
    cube, shift = turbulent(), 5
    moved = Cube({"density": np.roll(cube.density, shift, axis=0)}, 60.0)
    here = thin_shell_radii(cube, times_myr=[0.03])[0]
    there = thin_shell_radii(moved, (shift * cube.voxel_pc, 0.0, 0.0), [0.03])[0]
    np.testing.assert_allclose(there, here, rtol=1e-6)


def test_impossible_questions_are_refused() -> None:
    """Each message says what would be right; cancelling stops it."""
    cube = uniform(1.0)
    for arguments, message in (
        ({"times_myr": [0.1, 0.1]}, "increase"),
        ({"times_myr": [-0.1]}, "precede"),
        ({"energy_erg": 0.0}, "positive"),
        ({"energy_erg": float("inf")}, "finite"),
        ({"site_pc": (40.0, 0.0, 0.0)}, "outside"),
    ):
        with pytest.raises(InvalidRequest, match=message):
            model.thin_shell(cube, **arguments)
    with pytest.raises(InvalidRequest, match="not zero"):
        model.thin_shell(uniform(0.0))
    with pytest.raises(Cancelled):
        model.thin_shell(cube, cancelled=lambda: True)


@pytest.mark.parametrize("solve", [thin_shell, snowplough])
@pytest.mark.parametrize("n", [32, 48])
def test_the_gas_that_is_moved_is_conserved(solve, n: int) -> None:
    """No mass is lost or made while the shell is inside, nothing is negative."""
    cube = turbulent(n)
    sequence = solve(cube, TIMES)
    mass = sequence.density.sum(axis=(1, 2, 3), dtype=np.float64)
    np.testing.assert_allclose(mass, mass[0], rtol=1e-6)
    assert sequence.density.min() >= 0
    np.testing.assert_array_equal(sequence.density[0], cube.density)
    change = sequence.density[-1] / cube.density
    assert change.min() < 0.03
    assert change.max() > 2.0


def test_the_shell_stands_where_its_radius_says() -> None:
    """Hollow to 2 per cent within, dense at the radius, untouched beyond."""
    cube = uniform(1.0)
    radius = 14.0
    density = Sweeper(cube, (0.0, 0.0, 0.0), 768).swept(np.full(768, radius))
    axis = (np.arange(32) - 15.5) * cube.voxel_pc
    r = np.sqrt(sum(x**2 for x in np.meshgrid(axis, axis, axis, indexing="ij")))
    np.testing.assert_allclose(density[r < radius - 2 * cube.voxel_pc], LEFT_INSIDE, rtol=1e-5)
    np.testing.assert_array_equal(density[r > radius + cube.voxel_pc], 1.0)
    assert density[np.abs(r - radius + 0.5) < 0.5].min() > 1.5


def test_gas_leaves_the_cube_with_a_shell_that_does() -> None:
    """Where the shell is outside, its gas is gone; mass is not made."""
    cube = uniform(1.0)
    sweeper = Sweeper(cube, (0.0, 0.0, 0.0), 768)
    assert sweeper.swept(np.full(768, 80.0)).sum() == pytest.approx(LEFT_INSIDE * 32**3, rel=1e-5)
    partly = sweeper.swept(np.where(fibonacci_directions(768)[:, 0] > 0.9, 40.0, 10.0))
    assert partly.sum() < 32**3
    with pytest.raises(InvalidRequest, match="768 radii"):
        sweeper.swept(np.ones(7))


def test_a_simulated_cloud_is_met_better_than_by_any_sphere() -> None:
    """On the shipped run the cavity overlaps more than the best sphere, and than the snowplough."""
    from core.baselines import oracle_sphere
    from core.metrics import iou

    sample = core.load(sample_path())
    assert isinstance(sample, core.Simulation)
    frame = 14
    truth = sample.density[frame] / sample.control.density[frame] < 0.5
    first = sample.sequence[0]
    scores = {
        solve.__name__: iou(
            solve(first, sample.times_myr).density[frame] / first.density < 0.5, truth
        )
        for solve in (thin_shell, snowplough)
    }
    sphere = iou(oracle_sphere(sample.sequence, sample.control, 0.5).masks[frame], truth)
    assert scores["thin_shell"] > sphere + 0.05
    assert scores["snowplough"] <= sphere + 0.02
