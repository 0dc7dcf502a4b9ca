"""The shipped network, through the public interface."""

import shutil
from copy import copy

import numpy as np
import pytest

import core
from core.coverage import calibration_path
from core.cubes import Cube
from core.errors import Cancelled, CorruptSnapshot, InvalidRequest
from core.models.registry import available_models, find_model
from core.resources import models_path, sample_path
from core.simulate import SimulationParameters


def turbulent_cube(seed: int = 1, with_velocity: bool = True) -> Cube:
    """Log-normal gas of about the density of a cloud."""
    rng = np.random.default_rng(seed)
    fields = {"density": np.exp(rng.normal(0.0, 1.0, (32, 32, 32))).astype(np.float32)}
    if with_velocity:
        fields["velocity"] = rng.normal(0.0, 5.0, (32, 32, 32, 3)).astype(np.float32)
    return Cube(fields, 60.0, (30.0, 30.0, 30.0), time_myr=0.25)


@pytest.fixture(scope="module")
def forecaster() -> core.Forecaster:
    """The default network on the CPU, averaged over two orientations."""
    return core.Forecaster(device="cpu", averaging=2)


def test_frames_start_with_the_cube_itself(forecaster: core.Forecaster) -> None:
    """Twenty frames, 0.007 Myr apart, in the coordinates of the cube; nothing negative."""
    cube = turbulent_cube()
    forecast = forecaster.forecast(cube)
    assert len(forecast) == 20
    np.testing.assert_allclose(forecast.times_myr, 0.25 + 0.007 * np.arange(20))
    np.testing.assert_array_equal(forecast.density[0], cube.density)
    np.testing.assert_array_equal(forecast.control.density[0], cube.density)
    assert forecast.sequence.center_pc == cube.center_pc
    assert np.isfinite(forecast.density).all()
    assert forecast.density.min() > 0
    assert forecast.provenance["model"] == forecaster.model_name


def test_probabilities_follow_the_forecast(forecaster: core.Forecaster) -> None:
    """None before the explosion, high in the cavity, low far away, raw where not calibrated."""
    forecast = forecaster.forecast(turbulent_cube())
    probability = forecast.probability
    assert probability is not None
    assert probability.dtype == np.float32
    assert not probability[0].any()
    ratio = forecast.density / forecast.control.density
    assert probability[-1][ratio[-1] < 0.3].min() > 0.5
    assert probability[-1][ratio[-1] > 1.1].mean() < 0.3
    assert ((probability > 0.2) & (probability < 0.8)).any()
    raw = copy(forecaster)
    raw.calibration = None
    uncalibrated = raw.forecast(turbulent_cube()).probability
    assert uncalibrated is not None
    order = np.argsort(uncalibrated[-1].ravel(), kind="stable")
    assert (np.diff(probability[-1].ravel()[order]) >= 0).all()


def test_shipped_networks_promise_a_coverage() -> None:
    """Calibrated for their own weights, on clouds enough for nine in ten."""
    forecaster = core.Forecaster(device="cpu", averaging=4)
    assert forecaster.calibration is not None
    assert forecaster.calibration.clouds >= 9
    forecast = forecaster.forecast(turbulent_cube())
    margin = forecast.margin(0.99)
    assert margin.confidence == pytest.approx(0.9)
    plain, gas, frames = (
        forecast.reached(None),
        forecast.reached(0.99, of="gas"),
        forecast.reached(0.99),
    )
    assert (gas | plain == gas).all()
    assert plain.sum() < gas.sum() <= frames.sum() < 20 * plain.sum()


def test_a_calibration_is_of_no_use_for_other_weights(tmp_path) -> None:
    """Weights that were trained anew have to be calibrated anew."""
    weights = tmp_path / "net.safetensors"
    shutil.copy(find_model("default"), weights)
    shutil.copy(calibration_path(find_model("default")), calibration_path(weights))
    assert core.Forecaster(weights, device="cpu").calibration is not None
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert core.Forecaster(weights, device="cpu").calibration is None
    # A damaged one keeps nobody from forecasting, nor from calibrating anew.
    calibration_path(weights).write_text("{")
    assert core.Forecaster(weights, device="cpu").calibration is None


def test_the_same_input_gives_the_same_forecast(forecaster: core.Forecaster) -> None:
    """Bit for bit, also from a forecaster made anew."""
    first = forecaster.forecast(turbulent_cube())
    second = core.Forecaster(device="cpu", averaging=2).forecast(turbulent_cube())
    np.testing.assert_array_equal(first.density, second.density)


def test_velocity_is_optional_and_used(forecaster: core.Forecaster) -> None:
    """Without velocity there is a forecast, but another one."""
    blind = forecaster.forecast(turbulent_cube(with_velocity=False))
    seeing = forecaster.forecast(turbulent_cube())
    assert not np.allclose(blind.control.density[-1], seeing.control.density[-1], rtol=1e-3)


def test_progress_is_reported_and_cancel_is_obeyed(forecaster: core.Forecaster) -> None:
    """The fractions rise; a cancelled forecast raises and leaves the forecaster usable."""
    fractions: list[float] = []
    forecaster.forecast(
        turbulent_cube(), progress=lambda fraction, text: fractions.append(fraction)
    )
    assert fractions == sorted(fractions)
    assert len(fractions) >= 2
    with pytest.raises(Cancelled):
        forecaster.forecast(turbulent_cube(), cancelled=lambda: len(fractions) > 0)
    assert len(forecaster.forecast(turbulent_cube())) == 20


def test_empty_voxels_do_not_harm(forecaster: core.Forecaster) -> None:
    """Particle snapshots have voxels without any particle."""
    cube = turbulent_cube()
    density = cube.density.copy()
    density[3:6] = 0.0
    forecast = forecaster.forecast(Cube({"density": density}, 60.0))
    assert np.isfinite(forecast.density).all()


@pytest.mark.parametrize(
    ("cube", "message"),
    [
        (Cube({"density": np.ones((16, 16, 16))}, 60.0), "n=32"),
        (Cube({"density": np.ones((32, 32, 32))}, 30.0), "size_pc=60"),
        (Cube({"density": np.full((32, 32, 32), np.nan)}, 60.0), "finite"),
        (Cube({"density": np.zeros((32, 32, 32))}, 60.0), "zero"),
    ],
)
def test_cubes_that_do_not_suit_are_refused(
    forecaster: core.Forecaster, cube: Cube, message: str
) -> None:
    """The message says what would be right."""
    with pytest.raises(InvalidRequest, match=message):
        forecaster.forecast(cube)


def test_other_energies_are_refused(forecaster: core.Forecaster) -> None:
    """The network says what energies it knows."""
    with pytest.raises(InvalidRequest, match=r"3\.39e\+50 to 2\.99e\+51 erg"):
        forecaster.forecast(turbulent_cube(), energy_erg=1e52)


def test_more_energy_makes_a_larger_cavity(forecaster: core.Forecaster) -> None:
    """In the same gas, by about the momentum: a radius with a power of the energy near 1/4."""
    cube = turbulent_cube()
    volumes = []
    for energy_erg in (5e50, 1e51, 2e51):
        forecast = forecaster.forecast(cube, energy_erg=energy_erg)
        ratio = forecast.density[-1] / forecast.control.density[-1]
        volumes.append(np.count_nonzero(ratio < 0.5))
    growth = np.log(volumes[2] / volumes[0]) / np.log(4.0)
    assert volumes[0] < volumes[1] < volumes[2]
    assert 0.4 < growth < 1.1


def test_unknown_models_and_devices_are_refused(tmp_path) -> None:
    """Each message lists the choices, or names the damaged file."""
    with pytest.raises(InvalidRequest, match=available_models()[0]):
        core.Forecaster("no-such-network")
    with pytest.raises(InvalidRequest, match="auto, cpu or cuda"):
        core.Forecaster(device="abacus")
    damaged = tmp_path / "damaged.safetensors"
    whole = next(models_path().glob("*.safetensors")).read_bytes()
    damaged.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CorruptSnapshot, match=r"damaged\.safetensors"):
        core.Forecaster(damaged)


@pytest.mark.parametrize("density", [0.3, 1.1, 3.0])
def test_uniform_medium(forecaster: core.Forecaster, density: float) -> None:
    """The shell's radius follows the density, within two voxels of a simulation."""
    truth = core.simulate(
        SimulationParameters(
            mean_density=density,
            rms_velocity_kms=0.0,
            n=32,
            require_resolved=False,  # two voxels are no more than such cells can tell
        )
    )
    forecast = forecaster.forecast(truth.sequence[0])
    last = core.compare(forecast, truth.sequence, truth.control).rows[-1]
    assert abs(last.radius_error_pc) < 2 * forecast.sequence.voxel_pc


def test_the_sample_is_forecast_better_than_by_a_standstill(forecaster: core.Forecaster) -> None:
    """On the shipped run, which the network never saw, most of the cavity is found."""
    sample = core.load(sample_path())
    assert isinstance(sample, core.Simulation)
    forecast = forecaster.forecast(sample.sequence[0])
    row = core.compare(forecast, sample.sequence, sample.control).row_at(0.098)
    assert row.cavity_iou > 0.5
    assert row.log_error_dex < row.persistence_error_dex


@pytest.mark.parametrize("name", ["thin-shell", "snowplough"])
def test_theories_forecast_like_networks(name: str) -> None:
    """The same frames from the same call; any cube and any energy; the gas around stands still."""
    theory = core.Forecaster(name, device="auto", averaging=8)
    assert (theory.model_name, theory.device, theory.averaging) == (name, "cpu", 1)
    assert theory.ignores == ("device", "averaging")
    cube = turbulent_cube()
    forecast = theory.forecast(cube)
    np.testing.assert_allclose(forecast.times_myr, 0.25 + 0.007 * np.arange(20))
    np.testing.assert_array_equal(forecast.density[0], cube.density)
    assert (forecast.control.density == cube.density).all()
    assert forecast.probability is None
    assert forecast.provenance["model"] == name
    cavity = forecast.density[-1] < 0.5 * cube.density
    assert cavity[14:18, 14:18, 14:18].all()
    assert not cavity[0].any()
    stronger = theory.forecast(cube, energy_erg=4e51)
    assert stronger.energy_erg == 4e51
    assert (stronger.density[-1] < 0.5 * cube.density).sum() > cavity.sum()
    small = Cube({"density": np.full((20, 20, 20), 5.0)}, 30.0)
    assert theory.forecast(small).density.shape == (20, 20, 20, 20)
    np.testing.assert_array_equal(theory.forecast(cube).density, forecast.density)


def test_theories_are_among_the_models_and_have_cards() -> None:
    """After the networks; each says what it is, what it cannot do and whose it is."""
    assert available_models()[0] == "unet-32"
    assert available_models()[-2:] == ("thin-shell", "snowplough")
    for name in ("thin-shell", "snowplough"):
        card = core.Forecaster(name).card
        assert card["kind"] == "theory"
        assert len(card["text"]) > 100
        assert "stands still" in card["limits"]
        assert any("Kim & Ostriker 2015" in source for source in card["sources"])
    assert core.Forecaster(device="cpu").ignores == ()


def test_theories_refuse_what_makes_no_sense() -> None:
    """As networks do; cancelling leaves them usable."""
    theory = core.Forecaster("thin-shell")
    with pytest.raises(InvalidRequest, match="zero"):
        theory.forecast(Cube({"density": np.zeros((32, 32, 32))}, 60.0))
    with pytest.raises(InvalidRequest, match="positive"):
        theory.forecast(turbulent_cube(), energy_erg=-1.0)
    with pytest.raises(Cancelled):
        theory.forecast(turbulent_cube(), cancelled=lambda: True)
    with pytest.raises(InvalidRequest, match="theory and has no weights"):
        find_model("thin-shell")


def test_a_theory_survives_saving(tmp_path) -> None:
    """Its forecast is a forecast like any other."""
    forecast = core.Forecaster("snowplough").forecast(turbulent_cube())
    core.save(forecast, tmp_path / "f.shell.h5")
    loaded = core.load(tmp_path / "f.shell.h5")
    assert isinstance(loaded, core.Forecast)
    assert loaded.provenance["method"] == "snowplough"
    assert loaded.provenance["energy_method"]
    np.testing.assert_array_equal(loaded.density, forecast.density)
