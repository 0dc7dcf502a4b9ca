"""The solver against problems with known solutions."""

import numpy as np
import pytest
import torch

from core.simulate import hydro

GAMMA = 1.4


def exact_sod(x: np.ndarray, time: float) -> np.ndarray:
    """Density of Sod's problem (Toro 2009, table 4.1, test 1 with the jump at 0.5)."""
    sound_l, p_star, u_star = np.sqrt(GAMMA), 0.30313, 0.92745
    rho_l, rho_r = 0.42632, 0.26557
    shock = np.sqrt(GAMMA * 0.1 / 0.125) * np.sqrt(
        (GAMMA + 1) / (2 * GAMMA) * p_star / 0.1 + (GAMMA - 1) / (2 * GAMMA)
    )
    sound_star = sound_l * (p_star / 1.0) ** ((GAMMA - 1) / (2 * GAMMA))
    xi = (x - 0.5) / time
    fan = (2 / (GAMMA + 1) + (GAMMA - 1) / ((GAMMA + 1) * sound_l) * (0 - xi)) ** (2 / (GAMMA - 1))
    return np.select(
        [xi < -sound_l, xi < u_star - sound_star, xi < u_star, xi < shock],
        [1.0, fan, rho_l, rho_r],
        0.125,
    )


def sod_error(n: int, axis: int) -> float:
    """L1 error of the density at t = 0.2 with n cells along an axis."""
    shape = [4, 4, 4]
    shape[axis] = n
    x = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    view = [1, 1, 1, 1]
    view[axis + 1] = n
    left = (x < 0.5).view(view)
    rho = torch.where(left, 1.0, 0.125).expand(1, *shape).double()
    p = torch.where(left, 1.0, 0.1).expand(1, *shape).double()
    state = hydro.from_primitive(rho, torch.zeros(1, 3, *shape, dtype=torch.float64), p, GAMMA)
    time, count = 0.0, 0
    while time < 0.2 - 1e-12:
        step = min(hydro.max_step(state, 1.0 / n, gamma=GAMMA), 0.2 - time)
        state = hydro.advance(state, step, 1.0 / n, "outflow", reverse=bool(count % 2), gamma=GAMMA)
        time, count = time + step, count + 1
    profile = state[0, 0].movedim(axis, 0)[:, 0, 0].numpy()
    return float(np.abs(profile - exact_sod(x.numpy(), 0.2)).mean())


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_sod_tube_converges_along_every_axis(axis: int) -> None:
    """The L1 error falls nearly with the cell size, as it must with shocks."""
    coarse, fine = sod_error(64, axis), sod_error(128, axis)
    assert coarse < 9e-3
    assert fine < 0.65 * coarse


def random_state(n: int = 16, seed: int = 3, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """Rough gas: densities over two decades, Mach numbers of a few."""
    generator = torch.Generator().manual_seed(seed)
    rho = torch.exp(1.2 * torch.randn(1, n, n, n, generator=generator))
    v = 3.0 * torch.randn(1, 3, n, n, n, generator=generator)
    p = torch.exp(torch.randn(1, n, n, n, generator=generator))
    return hydro.from_primitive(rho, v, p).to(dtype)


def test_closed_box_conserves_mass_momentum_and_energy() -> None:
    """A periodic box loses nothing over fifty steps, to float32 rounding."""
    state = random_state()
    before = state.double().sum((0, 2, 3, 4))
    for count in range(50):
        step = hydro.max_step(state, 1.0)
        state = hydro.advance(state, step, 1.0, "periodic", reverse=bool(count % 2))
    after = state.double().sum((0, 2, 3, 4))
    assert float(after[0]) == pytest.approx(float(before[0]), rel=1e-6)
    assert float(after[4]) == pytest.approx(float(before[4]), rel=1e-5)
    scale = (state[:, 1:4].double() ** 2).sum().sqrt()
    assert torch.all((after[1:4] - before[1:4]).abs() < 1e-4 * scale)
    assert hydro.pressure(state).min() > 0


def test_strong_explosion_in_a_void_stays_positive() -> None:
    """Ten decades of pressure next to a near vacuum: no negative density or pressure."""
    rho = torch.full((1, 16, 16, 16), 1e-4)
    p = torch.full((1, 16, 16, 16), 1e-4)
    p[0, 7:9, 7:9, 7:9] = 1e6
    state = hydro.from_primitive(rho, torch.zeros(1, 3, 16, 16, 16), p)
    for count in range(30):
        state = hydro.advance(
            state, hydro.max_step(state, 1.0), 1.0, "outflow", reverse=bool(count % 2)
        )
    assert torch.isfinite(state).all()
    assert state[:, 0].min() > 0
    assert hydro.pressure(state).min() > 0


def test_uniform_flow_is_left_alone() -> None:
    """A state without gradients does not change (Galilean invariance of nothing happening)."""
    state = hydro.from_primitive(
        torch.full((1, 8, 8, 8), 2.0),
        torch.tensor([3.0, -1.0, 0.5]).view(1, 3, 1, 1, 1).expand(1, 3, 8, 8, 8),
        torch.full((1, 8, 8, 8), 0.7),
    )
    after = hydro.advance(state, hydro.max_step(state, 1.0), 1.0, "periodic")
    assert torch.allclose(after, state, rtol=1e-6)


def test_float32_agrees_with_float64() -> None:
    """Single precision is enough: ten steps agree to 1e-4."""
    single, double = random_state(), random_state(dtype=torch.float64)
    for _ in range(10):
        step = hydro.max_step(double, 1.0)
        single = hydro.advance(single, step, 1.0, "periodic")
        double = hydro.advance(double, step, 1.0, "periodic")
    relative = (single[:, 0].double() / double[:, 0] - 1).abs()
    assert relative.quantile(0.99) < 1e-4
