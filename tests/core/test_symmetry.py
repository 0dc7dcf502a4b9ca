"""The 48 symmetries of the cube, on scalars and on vectors."""

import pytest
import torch

from core.models.symmetry import SYMMETRIES, Symmetry, spread


def test_there_are_48_different_ones_and_the_first_does_nothing() -> None:
    """Applied to a field without symmetry they give 48 different fields."""
    field = torch.arange(27.0).view(3, 3, 3)
    images = {tuple(s.scalar(field).flatten().tolist()) for s in SYMMETRIES}
    assert len(images) == 48
    assert torch.equal(SYMMETRIES[0].scalar(field), field)


@pytest.mark.parametrize("symmetry", SYMMETRIES[::5])
def test_the_inverse_undoes_it(symmetry: Symmetry) -> None:
    """There and back, for scalars and vectors."""
    scalar, vector = torch.randn(2, 5, 4, 4, 4), torch.randn(2, 3, 4, 4, 4)
    back = symmetry.inverse()
    assert torch.equal(back.scalar(symmetry.scalar(scalar)), scalar)
    assert torch.equal(back.vector(symmetry.vector(vector)), vector)


@pytest.mark.parametrize("symmetry", SYMMETRIES[::7])
def test_a_gradient_turns_like_the_field_it_is_of(symmetry: Symmetry) -> None:
    """The gradient of the turned field is the turned gradient: components follow the axes."""

    def gradient(field: torch.Tensor) -> torch.Tensor:
        return torch.stack(torch.gradient(field))

    field = torch.randn(6, 6, 6, dtype=torch.float64)
    turned = gradient(symmetry.scalar(field))
    assert torch.allclose(turned, symmetry.vector(gradient(field)))


def test_spread_starts_with_the_identity_and_never_repeats() -> None:
    """Any count up to 48 gives different symmetries."""
    assert spread(1) == (SYMMETRIES[0],)
    assert len(set(spread(48))) == 48
