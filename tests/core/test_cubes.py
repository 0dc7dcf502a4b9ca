"""Cubes and sequences: shapes, units, interpolation in time."""

import numpy as np
import pytest

from core.cubes import Cube, CubeSequence, stack
from core.errors import InvalidRequest


def sequence(levels: list[float], times: list[float]) -> CubeSequence:
    """Uniform gas of a density that changes."""
    density = np.stack([np.full((4, 4, 4), level) for level in levels])
    return CubeSequence({"density": density}, np.array(times), 60.0)


def test_mass_and_voxels() -> None:
    """1.5 Msun/pc^3 in 60 pc is 324 000 Msun, the mass of the standard problem."""
    cube = Cube({"density": np.full((32, 32, 32), 1.5)}, 60.0)
    assert cube.mass_msun == pytest.approx(324_000, rel=1e-6)
    assert cube.voxel_pc == 1.875
    assert cube.density.dtype == np.float32


def test_arrays_cannot_be_changed_behind_ones_back() -> None:
    """A cube is data: writing into it is an error."""
    cube = Cube({"density": np.ones((4, 4, 4))}, 60.0)
    with pytest.raises(ValueError, match="read-only"):
        cube.density[0] = 2.0


def test_interpolation_is_linear_in_the_logarithm() -> None:
    """Halfway between 0.01 and 1 lies 0.1; the frames themselves are kept exactly."""
    between = sequence([0.01, 1.0, 1.0], [0.0, 0.2, 0.3]).at([0.0, 0.1, 0.25, 0.3])
    np.testing.assert_allclose(between.density[:, 0, 0, 0], [0.01, 0.1, 1.0, 1.0], rtol=1e-6)


def test_interpolation_from_an_empty_voxel() -> None:
    """Empty voxels of a particle snapshot fill linearly, not from nothing at the last moment."""
    between = sequence([0.0, 1.0], [0.0, 1.0]).at([0.25])
    np.testing.assert_allclose(between.density, 0.25)


def test_times_outside_are_refused() -> None:
    """The message says what there is."""
    with pytest.raises(InvalidRequest, match=r"0 to 0\.2 Myr"):
        sequence([1.0, 1.0], [0.0, 0.2]).at([0.3])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"temperature": np.ones((4, 4, 4))}, "needs the field 'density'"),
        ({"density": np.ones((4, 4, 5))}, "cubic"),
        ({"density": np.ones((4, 4, 4)), "pressure": np.ones((4, 4, 4))}, "Unknown field"),
        ({"density": np.ones((4, 4, 4)), "velocity": np.ones((4, 4, 4))}, "velocity"),
    ],
)
def test_wrong_fields_are_refused(fields: dict[str, np.ndarray], message: str) -> None:
    """Each message names the field and what it should be."""
    with pytest.raises(InvalidRequest, match=message):
        Cube(fields, 60.0)


def test_times_must_increase() -> None:
    """Frames in disorder are refused."""
    with pytest.raises(InvalidRequest, match="increase"):
        sequence([1.0, 1.0], [0.2, 0.1])


def test_stack_keeps_the_fields_all_cubes_share() -> None:
    """A field that one frame lacks is left out; times and order stay."""
    full = Cube({"density": np.ones((4, 4, 4)), "temperature": np.ones((4, 4, 4))}, 60.0)
    bare = Cube({"density": np.full((4, 4, 4), 2.0)}, 60.0, time_myr=0.1)
    joined = stack([full, bare])
    assert set(joined.fields) == {"density"}
    assert joined[1].density.max() == 2.0
    assert list(joined.times_myr) == [0.0, 0.1]
    with pytest.raises(InvalidRequest, match="one grid"):
        stack([full, Cube({"density": np.ones((8, 8, 8))}, 60.0)])
