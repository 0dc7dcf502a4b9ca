"""Checkpoints of the released code, as TensorFlow writes them."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest

from core.errors import CorruptSnapshot, InvalidRequest
from core.models.mim_checkpoint import read_released_checkpoint

# Written by TensorFlow 2.21 (tf.compat.v1.train.Saver): a kernel counting up to 23, a bias with
# its moving average, the step, two half-precision numbers and a text.
INDEX = (
    "AAAGCAEaAggBAAsLZ2xvYmFsX3N0ZXAICRIAKAg1QVsCOgAEEWhhbGYIExIEEgIIAiAIKAQ1buWXrAAEDW5hbWUIBx"
    "IAIAwoCTUbTDM/ACQRcHJlZHJubi9zdGxzdG1fMS9pbnB1dF90b19zdGF0ZS9iaWFzCAESBBICCAQgFSgQNUwomHQk"
    "GREvRXhwb25lbnRpYWxNb3ZpbmdBdmVyYWdlCAESBBICCAQgJSgQNevVvEkgBiFrZXJuZWwIARIUEgIIARICCAESAg"
    "gCEgIIAxICCAQgNShgNdzf5KsAAAAAAQAAAAAk2RQ9AAAAAAEAAAAAwPKhsAABA3EA5QEAAAAAAQAAAABP5qBb6gEI"
    "9wEPAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAFf7gIskdUfb"
)
DATA = (
    "gDgBAAAAAAAAOAA+BGJR65Z0ZXh0AACAPwAAAEAAAEBAAACAQAAAoEAAAMBAAADgQAAAAEEAAAAAAACAPwAAAEAAAE"
    "BAAACAQAAAoEAAAMBAAADgQAAAAEEAABBBAAAgQQAAMEEAAEBBAABQQQAAYEEAAHBBAACAQQAAiEEAAJBBAACYQQAA"
    "oEEAAKhBAACwQQAAuEE="
)
LAYER = "predrnn/stlstm_1/input_to_state"


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    (tmp_path / "model.ckpt-80000.index").write_bytes(base64.b64decode(INDEX))
    (tmp_path / "model.ckpt-80000.data-00000-of-00001").write_bytes(base64.b64decode(DATA))
    return tmp_path / "model.ckpt-80000"


def test_numbers_and_shapes_are_those_that_were_written(checkpoint: Path) -> None:
    variables = read_released_checkpoint(checkpoint, averaged=False)
    expected = np.arange(24, dtype=np.float32).reshape(1, 1, 2, 3, 4)
    np.testing.assert_array_equal(variables[f"{LAYER}/kernel"], expected)
    np.testing.assert_array_equal(variables[f"{LAYER}/bias"], [1, 2, 3, 4])
    np.testing.assert_array_equal(variables["half"], [0.5, 1.5])
    assert variables["global_step"] == 80000
    assert "name" not in variables
    assert all(values.dtype == np.float32 for values in variables.values())


def test_moving_averages_take_the_place_of_their_variables(checkpoint: Path) -> None:
    variables = read_released_checkpoint(checkpoint)
    np.testing.assert_array_equal(variables[f"{LAYER}/bias"], [5, 6, 7, 8])
    assert set(variables) == {f"{LAYER}/kernel", f"{LAYER}/bias", "half", "global_step"}


def test_index_and_directory_name_it_as_well(checkpoint: Path) -> None:
    wanted = read_released_checkpoint(checkpoint)
    for name in (checkpoint.parent, checkpoint.with_name(checkpoint.name + ".index")):
        assert set(read_released_checkpoint(name)) == set(wanted)
    with pytest.raises(InvalidRequest, match="no checkpoint of this name"):
        read_released_checkpoint(checkpoint.with_name("other"))
    (checkpoint.parent / "second.index").touch()
    with pytest.raises(InvalidRequest, match="one checkpoint is wanted"):
        read_released_checkpoint(checkpoint.parent)


def test_missing_or_short_numbers_are_named(checkpoint: Path) -> None:
    data = checkpoint.with_name(checkpoint.name + ".data-00000-of-00001")
    data.write_bytes(data.read_bytes()[:40])
    with pytest.raises(CorruptSnapshot, match="ends before"):
        read_released_checkpoint(checkpoint)
    data.unlink()
    with pytest.raises(CorruptSnapshot, match="data-00000-of-00001"):
        read_released_checkpoint(checkpoint)


def test_a_damaged_index_is_refused_or_read_but_never_more(checkpoint: Path) -> None:
    """Every byte is damaged in turn: what is not refused gives arrays of the size of the file."""
    index = checkpoint.with_name(checkpoint.name + ".index")
    good = index.read_bytes()
    for at in range(len(good)):
        index.write_bytes(good[:at] + bytes([good[at] ^ 0xFF]) + good[at + 1 :])
        try:
            variables = read_released_checkpoint(checkpoint)
        except CorruptSnapshot:
            continue
        assert sum(values.size for values in variables.values()) < 200
    for length in (0, 47, 100, len(good) - 1):
        index.write_bytes(good[:length])
        with pytest.raises(CorruptSnapshot, match="no index of a TensorFlow checkpoint"):
            read_released_checkpoint(checkpoint)
