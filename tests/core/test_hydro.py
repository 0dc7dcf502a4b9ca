"""The solver against problems with known solutions, on strips as thin as the problem allows."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from core.simulate import hydro
from core.simulate.sweep import internal_energy

GAMMA = 1.4
ORDERS = ((0, 1, 2), (2, 1, 0))


def run(
    state: Tensor,
    end: float,
    cell: float,
    boundary: hydro.Boundary,
    gamma: float = GAMMA,
    cfl: float = 0.6,
) -> Tensor:
    """Follow a state to a time."""
    time, count = 0.0, 0
    state = hydro.with_internal_energy(state, gamma)
    while time < end * (1 - 1e-12):
        step = min(hydro.max_step(state, cell, cfl, gamma), end - time)
        state = hydro.advance(state, step, cell, boundary, order=ORDERS[count % 2], gamma=gamma)
        time, count = time + step, count + 1
    return state


def strip(
    n: int,
    density: Callable[[np.ndarray], np.ndarray],
    speed: Callable[[np.ndarray], np.ndarray],
    pressure: Callable[[np.ndarray], np.ndarray],
    *,
    axis: int = 0,
    gamma: float = GAMMA,
    first: float = 0.0,
    length: float = 1.0,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """A state of one row of cells along an axis."""
    x = first + (np.arange(n) + 0.5) * length / n
    shape = [1, 1, 1]
    shape[axis] = n
    velocity = np.zeros((3, n))
    velocity[axis] = speed(x)
    return hydro.from_primitive(
        torch.as_tensor(density(x) + 0 * x).view(1, *shape),
        torch.as_tensor(velocity).view(1, 3, *shape),
        torch.as_tensor(pressure(x) + 0 * x).view(1, *shape),
        gamma,
    ).to(dtype)


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


def sod_error(n: int, axis: int = 0) -> float:
    """L1 error of the density at t = 0.2 with n cells along an axis."""
    state = strip(
        n,
        lambda x: np.where(x < 0.5, 1.0, 0.125),
        lambda x: 0 * x,
        lambda x: np.where(x < 0.5, 1.0, 0.1),
        axis=axis,
    )
    profile = run(state, 0.2, 1.0 / n, "outflow")[0, 0].flatten().numpy()
    return float(np.abs(profile - exact_sod((np.arange(n) + 0.5) / n, 0.2)).mean())


def test_sod_tube_converges_along_every_axis() -> None:
    """The L1 error falls nearly with the cell size, as it must with shocks, on all axes alike."""
    errors = [sod_error(n) for n in (64, 128, 256)]
    assert errors[0] < 9e-3
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert orders.min() > 0.8
    for axis in (1, 2):
        assert sod_error(64, axis) == pytest.approx(errors[0], rel=1e-12)


def test_advected_contact_keeps_pressure_and_speed() -> None:
    """A jump of density carried once around the box: no noise in pressure, error as sqrt(cell)."""

    def contact(n: int) -> tuple[float, float, float]:
        state = strip(
            n, lambda x: np.where(abs(x - 0.5) < 0.2, 8.0, 1.0), lambda x: 0 * x + 1.0, np.ones_like
        )
        after = run(state, 1.0, 1.0 / n, "periodic")
        pressure, speed = hydro.pressure(after, GAMMA), hydro.velocity(after)[:, 0]
        error = float((after[0, 0] - state[0, 0]).abs().mean()) / 8.0
        return error, float((pressure - 1).abs().max()), float((speed - 1).abs().max())

    coarse, fine = contact(64), contact(256)
    assert max(*coarse[1:], *fine[1:]) < 1e-10
    assert coarse[0] < 0.05
    assert fine[0] < 0.5 * coarse[0]


def double_blast(n: int) -> np.ndarray:
    """Density of Woodward & Colella's interacting blast waves at t = 0.038."""
    state = strip(
        n,
        np.ones_like,
        lambda x: 0 * x,
        lambda x: np.select([x < 0.1, x < 0.9], [1000.0, 0.01], 100.0),
    )
    after = run(state, 0.038, 1.0 / n, "reflecting", cfl=0.8)
    assert float(after[:, 0].sum()) / n == pytest.approx(1.0, rel=1e-12)
    return after[0, 0].flatten().numpy()


def test_double_blast() -> None:
    """Woodward & Colella (1984): a peak of about 6.4 at x = 0.78 and a lower one at 0.65."""
    coarse, fine = double_blast(400), double_blast(1200)
    x = (np.arange(1200) + 0.5) / 1200
    right, left = x > 0.72, (x > 0.6) & (x < 0.72)
    assert fine[right].max() == pytest.approx(6.4, rel=0.05)
    assert x[right][fine[right].argmax()] == pytest.approx(0.78, abs=0.015)
    assert x[left][fine[left].argmax()] == pytest.approx(0.65, abs=0.015)
    # The grid of the tests of the paper against three times as many cells.
    averaged = fine.reshape(400, 3).mean(1)
    assert np.abs(coarse - averaged).mean() < 0.1 * averaged.mean()
    assert coarse.max() == pytest.approx(averaged.max(), rel=0.2)


def test_planar_noh() -> None:
    """Cold streams that collide at Mach 1000: four times the density behind a shock at t/3."""
    gamma, n = 5 / 3, 200
    state = strip(
        n, np.ones_like, lambda x: -np.sign(x), lambda x: 0 * x + 6e-7,
        gamma=gamma, first=-1.0, length=2.0,
    )  # fmt: skip
    density = run(state, 1.2, 2.0 / n, "outflow", gamma)[0, 0].flatten().numpy()
    x = np.abs(-1 + (np.arange(n) + 0.5) * 2 / n)
    # Near the wall all schemes heat the gas (Noh 1987): leave it out.
    assert density[(x > 0.05) & (x < 0.36)] == pytest.approx(4.0, rel=0.03)
    assert density[x > 0.44] == pytest.approx(1.0, rel=1e-3)


def test_cylindrical_noh() -> None:
    """In two dimensions 16 behind the shock, and 1 + t/r before it."""
    gamma, n, time = 5 / 3, 96, 0.6
    x = -1 + (np.arange(n) + 0.5) * 2 / n
    r = np.sqrt(x[:, None] ** 2 + x**2)
    velocity = np.zeros((3, n, n, 1))
    velocity[0, :, :, 0], velocity[1, :, :, 0] = -x[:, None] / r, -x / r
    state = hydro.from_primitive(
        torch.ones(1, n, n, 1, dtype=torch.float64),
        torch.as_tensor(velocity)[None],
        torch.full((1, n, n, 1), 1e-6, dtype=torch.float64),
        gamma,
    )
    density = run(state, time, 2.0 / n, "outflow", gamma)[0, 0, :, :, 0].numpy()
    assert density[(r > 0.08) & (r < 0.15)].mean() == pytest.approx(16.0, rel=0.08)
    before = (r > 0.26) & (r < 0.35)
    assert density[before] == pytest.approx(1 + time / r[before], rel=0.05)


def random_state(n: int = 16, seed: int = 3, dtype: torch.dtype = torch.float32) -> Tensor:
    """Rough gas: densities over two decades, Mach numbers of a few."""
    generator = torch.Generator().manual_seed(seed)
    rho = torch.exp(1.2 * torch.randn(1, n, n, n, generator=generator))
    v = 3.0 * torch.randn(1, 3, n, n, n, generator=generator)
    p = torch.exp(torch.randn(1, n, n, n, generator=generator))
    return hydro.from_primitive(rho, v, p).to(dtype)


@pytest.mark.parametrize("boundary", ["periodic", "reflecting"])
def test_closed_box_conserves_mass_and_energy(boundary: hydro.Boundary) -> None:
    """Fifty steps in a closed box, in single precision: mass to 1e-7, energy to 1e-5."""
    state = random_state()
    before = state.double().sum((0, 2, 3, 4))
    for count in range(50):
        step = hydro.max_step(state, 1.0)
        state = hydro.advance(state, step, 1.0, boundary, order=ORDERS[count % 2])
    after = state.double().sum((0, 2, 3, 4))
    assert float(after[0]) == pytest.approx(float(before[0]), rel=1e-7)
    assert float(after[4]) == pytest.approx(float(before[4]), rel=1e-5)
    if boundary == "periodic":
        scale = (state[:, 1:4].double() ** 2).sum().sqrt()
        assert torch.all((after[1:4] - before[1:4]).abs() < 1e-4 * scale)
    assert hydro.pressure(state).min() > 0


def test_energy_is_conserved_where_the_internal_energy_is_lost_in_the_total() -> None:
    """Gas at Mach 300 that runs into itself: the choice between two energies loses nothing."""
    state = random_state(dtype=torch.float64)
    rho, speed = state[:, 0], 200.0 * hydro.velocity(state) / 3.0
    state = hydro.with_internal_energy(hydro.from_primitive(rho, speed, torch.full_like(rho, 0.3)))
    before = float(state[:, 4].sum())
    for count in range(30):
        step = hydro.max_step(state, 1.0)
        state = hydro.advance(state, step, 1.0, "periodic", order=ORDERS[count % 2])
    assert float(state[:, 4].sum()) == pytest.approx(before, rel=1e-5)
    assert hydro.pressure(state).min() > 0


def test_hypersonic_blob_keeps_its_temperature() -> None:
    """A hot, dilute blob carried at Mach 2000 in single precision.

    The total energy alone cannot know its temperature: the kinetic energy is
    four million times the heat, more than single precision resolves.
    """
    gamma, n, speed = 5 / 3, 64, 3000.0
    hot = 10.0
    state = strip(
        n,
        lambda x: 1.0 + np.exp(-(((x - 0.5) / 0.1) ** 2)),
        lambda x: 0 * x + speed,
        lambda x: (
            (1.0 + np.exp(-(((x - 0.5) / 0.1) ** 2))) * np.where(abs(x - 0.5) < 0.2, hot, 1.0)
        ),
        gamma=gamma,
    )
    six = hydro.with_internal_energy(state, gamma).float()
    before = (hydro.pressure(six, gamma) / six[:, 0]).flatten()
    after = run(six, 1.0 / speed, 1.0 / n, "periodic", gamma)
    temperature = (hydro.pressure(after, gamma) / after[:, 0]).flatten()
    inside = slice(26, 38)
    assert torch.allclose(temperature[inside], before[inside], rtol=0.1)
    assert torch.allclose(temperature[:8], before[:8], rtol=0.3)
    derived = (gamma - 1) * internal_energy(after, 1).flatten() / after[:, 0].flatten()
    assert float((derived[inside] / before[inside] - 1).abs().max()) > 0.3


def test_expanding_cavity_cools_adiabatically() -> None:
    """Gas in free expansion, v = r/t: the temperature falls as t^-2 at Mach 400."""
    gamma, n, start = 5 / 3, 24, 1.0
    x = -1 + (np.arange(n) + 0.5) * 2 / n
    velocity = np.stack(np.meshgrid(x, x, x, indexing="ij")) / start
    state = hydro.from_primitive(
        torch.ones(1, n, n, n),
        torch.as_tensor(velocity, dtype=torch.float32)[None],
        torch.full((1, n, n, n), 6e-6),
        gamma,
    )
    six = hydro.with_internal_energy(state, gamma)
    six[:, 5] = 6e-6 / (gamma - 1)  # the total has lost it already
    after = run(six, 1.0, 2.0 / n, "outflow", gamma)
    inner = (slice(0, 1), slice(8, 16), slice(8, 16), slice(8, 16))
    density, pressure = after[:, 0][inner], hydro.pressure(after, gamma)[inner]
    assert density.numpy() == pytest.approx(1 / 8, rel=0.05)
    assert (pressure / density).numpy() == pytest.approx(6e-6 / 4, rel=0.05)


def test_strong_explosion_in_a_void_stays_positive() -> None:
    """Ten decades of pressure next to a near vacuum: no negative density or pressure."""
    rho = torch.full((1, 16, 16, 16), 1e-4)
    p = torch.full((1, 16, 16, 16), 1e-4)
    p[0, 7:9, 7:9, 7:9] = 1e6
    state = hydro.from_primitive(rho, torch.zeros(1, 3, 16, 16, 16), p)
    for count in range(30):
        state = hydro.advance(
            state, hydro.max_step(state, 1.0), 1.0, "outflow", order=ORDERS[count % 2]
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
    assert torch.allclose(after[:, :5], state, rtol=1e-6)


@pytest.mark.parametrize("turn", [(1, 2, 0), (2, 0, 1), (2, 1, 0)])
def test_all_axes_are_treated_alike(turn: tuple[int, int, int]) -> None:
    """Turning the box and the order of its sweeps turns the result, to rounding."""

    def turned(gas: Tensor) -> Tensor:
        components = [0, *(1 + axis for axis in turn), 4, 5]
        return gas[:, components].permute(0, 1, *(2 + axis for axis in turn)).contiguous()

    state = hydro.with_internal_energy(random_state(dtype=torch.float64))
    other = turned(state)
    for _ in range(10):
        step = hydro.max_step(state, 1.0)
        state = hydro.advance(state, step, 1.0, "periodic", order=(0, 1, 2))
        order = [turn.index(axis) for axis in (0, 1, 2)]
        other = hydro.advance(other, step, 1.0, "periodic", order=order)
    assert torch.allclose(other, turned(state), rtol=1e-9, atol=1e-9)


def test_members_of_a_batch_do_not_touch() -> None:
    """Two states advanced together are what they are alone."""
    one, two = random_state(seed=1), random_state(seed=2)
    step = min(hydro.max_step(one, 1.0), hydro.max_step(two, 1.0))
    both = hydro.advance(torch.cat((one, two)), step, 1.0, "outflow")
    assert torch.equal(both[:1], hydro.advance(one, step, 1.0, "outflow"))
    assert torch.equal(both[1:], hydro.advance(two, step, 1.0, "outflow"))


def test_parts_of_a_grid_fit_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """How much is updated at once changes nothing."""
    state = random_state()
    step = hydro.max_step(state, 1.0)
    whole = hydro.advance(state, step, 1.0, "periodic")
    monkeypatch.setattr(hydro, "_CHUNK_CELLS", 700)
    assert torch.equal(hydro.advance(state, step, 1.0, "periodic"), whole)


def test_float32_agrees_with_float64() -> None:
    """Single precision is enough: ten steps agree to 1e-4."""
    single, double = random_state(), random_state(dtype=torch.float64)
    for _ in range(10):
        step = hydro.max_step(double, 1.0)
        single = hydro.advance(single, step, 1.0, "periodic")
        double = hydro.advance(double, step, 1.0, "periodic")
    relative = (single[:, 0].double() / double[:, 0] - 1).abs()
    assert relative.quantile(0.99) < 1e-4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no CUDA device here")
def test_gpu_agrees_with_cpu() -> None:
    """Ten steps on both, to rounding."""
    cpu = random_state(dtype=torch.float64)
    gpu = cpu.cuda()
    for _ in range(10):
        step = hydro.max_step(cpu, 1.0)
        cpu = hydro.advance(cpu, step, 1.0, "periodic")
        gpu = hydro.advance(gpu, step, 1.0, "periodic")
    assert torch.allclose(gpu.cpu(), cpu, rtol=1e-9, atol=1e-9)
