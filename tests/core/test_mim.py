"""3D-MIM against vectors computed by the network its authors released."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from core.errors import InvalidRequest
from core.models.mim import MIM3D, load_released
from core.models.mim_fast import FastMIM
from core.models.winograd import POINTS, WinogradConvolution

REFERENCE = Path(__file__).parents[3] / "shared" / "reference"


@pytest.fixture(params=["mim3d_a", "mim3d_b"])
def reference(request: pytest.FixtureRequest) -> dict[str, np.ndarray]:
    path = REFERENCE / f"{request.param}.npz"
    if not path.exists():
        pytest.skip("the reference vectors of 3D-MIM are not beside this copy")
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def _load(reference: dict[str, np.ndarray]) -> MIM3D:
    variables = {k.removeprefix("var:"): v for k, v in reference.items() if k.startswith("var:")}
    return load_released(
        variables,
        grid_shape=reference["voxels"].shape[2:5],
        channels=reference["voxels"].shape[5],
        patch_size=int(reference["patch_size"]),
        num_hidden=reference["num_hidden"],
        filter_size=int(reference["filter_size"]),
        layer_norm=bool(reference["layer_norm"]),
    )


@pytest.mark.parametrize("checkpointing", [False, True])
def test_frames_loss_and_gradients_are_those_of_the_released_network(reference, checkpointing):
    model = _load(reference)
    model.checkpointing = checkpointing
    frames = torch.from_numpy(reference["voxels"])
    made = model.rollout(
        frames,
        int(reference["input_length"]),
        int(reference["total_length"]),
        torch.from_numpy(reference["use_true"]),
    )
    np.testing.assert_allclose(made.detach(), reference["generated"], rtol=0, atol=1e-4)
    loss = 0.5 * (made - frames[:, 1:]).square().sum()
    assert loss.item() == pytest.approx(float(reference["loss"]), rel=1e-4)
    loss.backward()
    for name, parameter in model.released_names().items():
        wanted = float(reference[f"gradnorm:{name}"])
        got = 0.0 if parameter.grad is None else parameter.grad.double().norm().item()
        assert got == pytest.approx(wanted, rel=1e-3, abs=1e-9), name


def test_every_parameter_has_a_released_name(reference):
    model = _load(reference)
    named = {id(parameter) for parameter in model.released_names().values()}
    assert named == {id(parameter) for parameter in model.parameters()}
    stored = {key.removeprefix("var:") for key in reference if key.startswith("var:")}
    assert set(model.released_names()) == stored


def test_a_missing_variable_is_named(reference):
    variables = {k.removeprefix("var:"): v for k, v in reference.items() if k.startswith("var:")}
    del variables["predrnn/stlstm_2/cell_reduce/bias"]
    reference = {key: value for key, value in reference.items() if not key.startswith("var:")}
    reference |= {f"var:{key}": value for key, value in variables.items()}
    with pytest.raises(InvalidRequest, match="stlstm_2/cell_reduce/bias is missing"):
        _load(reference)


@pytest.mark.parametrize("grid", [(6, 4, 8), (6, 4)])
def test_patches_are_space_to_depth_and_back(grid):
    model = MIM3D(grid, channels=3, patch_size=2, num_hidden=2, filter_size=3, layers=2)
    frame = torch.randn(2, *grid, 3)
    patches = model.to_patches(frame)
    assert patches.shape == (2, 3 * 2 ** len(grid), *(edge // 2 for edge in grid))
    assert torch.equal(model.from_patches(patches), frame)
    # The last place within a patch runs fastest after the channel.
    assert torch.equal(patches[0, 3:6, *[0] * len(grid)], frame[0, *[0] * (len(grid) - 1), 1])


def test_two_dimensions_are_three_with_one_plane():
    """A kernel of one voxel along z makes the 3D network the 2D one in every plane."""
    torch.manual_seed(0)
    flat = MIM3D((6, 6), patch_size=1, num_hidden=3, filter_size=1, layers=3)
    deep = MIM3D((6, 6, 1), patch_size=1, num_hidden=3, filter_size=1, layers=3)
    with torch.no_grad():
        for name, parameter in deep.released_names().items():
            parameter.copy_(flat.released_names()[name].unsqueeze(-1).view_as(parameter))
    frames = torch.rand(1, 1, 6, 6, 1)
    expected = flat.rollout(frames, 1, 5)
    made = deep.rollout(frames.unsqueeze(4), 1, 5)
    torch.testing.assert_close(made.squeeze(4), expected)


def test_frames_stream_as_they_are_made():
    torch.manual_seed(0)
    model = MIM3D((4, 4, 4), num_hidden=2, filter_size=3, layers=2).eval()
    frames = torch.rand(1, 1, 4, 4, 4, 1)
    with torch.no_grad():
        whole = model.rollout(frames, 1, 6)
        stream = model.stream(frames, 1, 6)
        assert torch.equal(next(stream), whole[:, 0])
        assert len(list(stream)) == 4


@pytest.mark.parametrize(
    ("shape", "given", "total", "message"),
    [
        ((1, 1, 4, 4, 5, 1), 1, 3, "is needed"),
        ((1, 1, 4, 4, 4, 1), 2, 3, "at least 2"),
        ((1, 3, 4, 4, 4, 1), 3, 3, "one be left to make"),
    ],
)
def test_wrong_frames_are_refused(shape, given, total, message):
    model = MIM3D((4, 4, 4), num_hidden=2, filter_size=3, layers=2)
    with pytest.raises(InvalidRequest, match=message):
        model.rollout(torch.zeros(shape), given, total)


def test_a_grid_that_patches_do_not_fill_is_refused():
    with pytest.raises(InvalidRequest, match="multiples of the patch"):
        MIM3D((5, 4, 4), patch_size=2)


def _trained_like(model: MIM3D) -> MIM3D:
    """Scales, shifts and MIM-N of an untrained network would hide mistakes: change them all."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.03 * torch.randn_like(parameter))
    return model


def test_fast_frames_are_those_of_the_released_network(reference):
    model = _load(reference)
    frames = torch.from_numpy(reference["voxels"])
    given, total = int(reference["input_length"]), int(reference["total_length"])
    made = FastMIM(model).rollout(frames, given, total)
    if reference["use_true"].any():
        # Scheduled sampling is for training: the fast network has none.
        with torch.no_grad():
            np.testing.assert_allclose(made, model.rollout(frames, given, total), atol=1e-4)
        given = total - 1
        made = FastMIM(model).rollout(frames, given, total)
        with torch.no_grad():
            np.testing.assert_allclose(made, model.rollout(frames, given, total), atol=1e-4)
    else:
        np.testing.assert_allclose(made, reference["generated"], rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("grid", "patch", "filter_size", "layers", "norm", "batch", "given"),
    [
        ((8, 8, 8), 1, 5, 4, True, 2, 1),
        ((8, 8, 8), 2, 5, 2, True, 1, 3),
        ((8, 8, 8), 1, 3, 3, False, 2, 1),
        ((6, 8, 4), 1, 5, 3, True, 1, 1),  # six is no multiple of the tiles
        ((8, 6), 1, 5, 3, True, 2, 1),
    ],
)
def test_fast_frames_are_those_of_the_plain_network(
    grid, patch, filter_size, layers, norm, batch, given
):
    torch.manual_seed(0)
    model = _trained_like(MIM3D(grid, 2, patch, 8, filter_size, layers, norm))
    frames = torch.rand(batch, given, *grid, 2)
    fast = FastMIM(model)
    for total in (given + 1, 5):
        with torch.no_grad():
            expected = model.rollout(frames, given, total)
        np.testing.assert_allclose(fast.rollout(frames, given, total), expected, atol=1e-4)
    rough = FastMIM(model, "bfloat16").rollout(frames, given, given + 1)
    with torch.no_grad():
        expected = model.rollout(frames, given, given + 1)
    assert (rough - expected).std() < 0.1 * expected.std()


def test_fast_frames_stream_and_leave_gradients_alone():
    torch.manual_seed(0)
    model = MIM3D((4, 4, 4), num_hidden=8, filter_size=3, layers=2)
    frames = torch.rand(1, 1, 4, 4, 4, 1)
    fast = FastMIM(model)
    stream = fast.stream(frames, 1, 6)
    first = next(stream)
    assert not torch.is_inference_mode_enabled()
    whole = fast.rollout(frames, 1, 6)
    assert torch.equal(first, whole[:, 0])
    assert len(list(stream)) == 4
    with pytest.raises(InvalidRequest, match="is needed"):
        fast.rollout(torch.zeros(1, 1, 4, 4, 5, 1), 1, 3)
    with pytest.raises(InvalidRequest, match="bfloat16"):
        FastMIM(model, "float8")


@pytest.mark.parametrize("filter_size", sorted(POINTS))
def test_fewer_multiplications_give_the_same_convolution(filter_size):
    torch.manual_seed(0)
    weight = torch.randn(6, 8, *[filter_size] * 3) / filter_size**2
    bias, x = torch.randn(6), torch.randn(2, 8, 8, 5, 6)
    expected = torch.nn.functional.conv3d(x, weight, bias, padding="same")
    made = WinogradConvolution(weight, bias)(x)
    assert (made - expected).abs().max() < 5e-5 * expected.std()
    assert WinogradConvolution.suits(weight, (8, 5, 6))
    assert not WinogradConvolution.suits(weight, (6, 8, 8))
    assert not WinogradConvolution.suits(weight[:, :4], (8, 8, 8))
    assert not WinogradConvolution.suits(weight[:, :, :2], (8, 8, 8))
