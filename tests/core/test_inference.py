"""Networks run fast: the answer stays what it is."""

import numpy as np
import pytest
import torch

import core
from core.errors import Cancelled, InvalidRequest
from core.models.inference import multiplies_bfloat16, predict, prepared
from core.models.registry import load_model
from core.resources import sample_path


@pytest.fixture(scope="module")
def cube() -> core.Cube:
    return core.voxelize(core.open(sample_path())[0], size_pc=60, n=32)


def test_bfloat16_changes_the_forecast_less_than_a_hundredth_of_what_it_says(cube):
    """Effect and turbulence agree with single precision in the mean to some 1e-3 dex."""
    from core.models.inputs import network_input

    network, config = load_model("default")
    density = torch.tensor(cube.density)[None]
    velocity = torch.tensor(np.moveaxis(cube.fields["velocity"], -1, 0).copy())[None]
    given = network_input(density, velocity, config.size_pc, arrival=config.sees_arrival)
    with torch.inference_mode():
        plain = network(given.channels(), given.conditions)
    for half, allowed in ((False, 1e-4), (True, 3e-3)):
        made = predict(prepared(network), given.channels(), given.conditions, half=half)
        for one, other in zip(made, plain, strict=True):
            assert one.dtype == torch.float32
            assert float((one - other).abs().mean()) < allowed
    threshold = np.log10(0.5)
    inside, truth = made[1] < threshold, plain[1] < threshold
    assert (inside & truth).sum() / (inside | truth).sum() > 0.99


def test_a_batch_is_what_one_by_one_is(cube):
    forecaster = core.Forecaster("default", device="cpu", averaging=1)
    denser = core.Cube(
        {"density": cube.density * 2, "velocity": cube.fields["velocity"]}, cube.size_pc
    )
    both = forecaster.forecast_batch([cube, denser])
    for forecast, one in zip(both, (cube, denser), strict=True):
        alone = forecaster.forecast(one)
        off = np.abs(np.log10(forecast.density / alone.density))
        assert off.mean() < 2e-3
        assert forecast.provenance["wall_time_s"] > 0
    assert forecaster.forecast_batch([]) == []
    still = core.Cube({"density": cube.density}, cube.size_pc)
    with pytest.raises(InvalidRequest, match="all or none"):
        forecaster.forecast_batch([cube, still])


def test_devices_say_whether_they_multiply_bfloat16():
    assert multiplies_bfloat16(torch.device("cpu")) in (True, False)
    assert not multiplies_bfloat16(torch.device("meta"))


def test_a_network_stops_within_its_pass(cube):
    """Half a pass may take seconds on a busy machine; afterwards the network is as before."""
    forecaster = core.Forecaster("default", device="cpu", averaging=1)
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 10

    with pytest.raises(Cancelled):
        forecaster.forecast(cube, cancelled=cancelled)
    assert asked == 11
    assert len(forecaster.forecast(cube)) == 20
