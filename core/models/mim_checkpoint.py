"""Reads checkpoints of the released 3D-MIM, without TensorFlow.

A checkpoint named NAME is an index, ``NAME.index``, and the numbers,
``NAME.data-00000-of-00001``. The index is a sorted table as LevelDB writes it,
whose values are small protocol buffers (TensorFlow: ``tensor_bundle.proto``).
Nothing in it is executed. Checksums are not compared; sizes and shapes are.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CorruptSnapshot, InvalidRequest

AVERAGED = "/ExponentialMovingAverage"
"""What TensorFlow appends to the name of a variable's moving average."""

_MAGIC = 0xDB4775248B80FB57
_FOOTER = 48
_TRAILER = 5
"""After each block: how it is compressed, and a checksum."""

_DTYPES: dict[int, type[np.generic]] = {
    1: np.float32, 2: np.float64, 3: np.int32, 9: np.int64, 19: np.float16,
}  # fmt: skip


class _Damaged(Exception):
    """What is wrong with a table; the file's name is added further out."""


@dataclass(frozen=True)
class _Entry:
    """Where the numbers of a variable are."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    sliced: bool


def read_released_checkpoint(
    path: str | Path, *, averaged: bool = True
) -> dict[str, NDArray[np.float32]]:
    """Read the variables of a checkpoint that TensorFlow wrote.

    Parameters
    ----------
    path : str or Path
        The checkpoint as TensorFlow names it (``…/model.ckpt-80000``), its
        index file, or a directory that holds one checkpoint.
    averaged : bool
        Take a variable's moving average, where there is one, in its place:
        those are the weights that the released code tests.

    Returns
    -------
    dict of str to ndarray of float32
        The numbers by their TensorFlow names, as `core.models.mim.load_released`
        takes them. Text and other things are left out.

    Raises
    ------
    InvalidRequest
        If there is no such checkpoint.
    CorruptSnapshot
        If a file is missing or damaged.
    """
    index = _index_file(Path(path))
    try:
        entries, shards = _entries(index.read_bytes())
    except (_Damaged, UnicodeDecodeError) as error:
        raise CorruptSnapshot(index, f"is no index of a TensorFlow checkpoint ({error})") from error
    except OSError as error:
        raise CorruptSnapshot(index, f"cannot be read ({error.strerror})") from error
    variables = {
        name: _numbers(index, name, entry, shards)
        for name, entry in entries.items()
        if entry.dtype in _DTYPES
    }
    if averaged:
        means = {name: v for name, v in variables.items() if name.endswith(AVERAGED)}
        variables = {name: v for name, v in variables.items() if name not in means}
        variables |= {name.removesuffix(AVERAGED): values for name, values in means.items()}
    return variables


def _index_file(path: Path) -> Path:
    if path.is_dir():
        found = sorted(path.glob("*.index"))
        if len(found) != 1:
            names = ", ".join(one.stem for one in found) or "none"
            raise InvalidRequest(f"{path}: one checkpoint is wanted, there are: {names}.")
        return found[0]
    index = path if path.suffix == ".index" else path.with_name(path.name + ".index")
    if not index.is_file():
        raise InvalidRequest(f"{path}: there is no checkpoint of this name ({index.name}).")
    return index


def _numbers(index: Path, name: str, entry: _Entry, shards: int) -> NDArray[np.float32]:
    """Read the numbers of a variable."""
    path = index.with_suffix(f".data-{entry.shard:05d}-of-{shards:05d}")
    dtype = np.dtype(_DTYPES[entry.dtype]).newbyteorder("<")
    count = 1
    for edge in entry.shape:
        count *= edge
    if entry.sliced:
        raise CorruptSnapshot(index, f"stores {name} in pieces, which cannot be read")
    if count * dtype.itemsize != entry.size or not 0 <= entry.shard < shards:
        raise CorruptSnapshot(
            index, f"says that {name} of shape {entry.shape} takes up {entry.size} bytes"
        )
    try:
        with path.open("rb") as file:
            # Compared before anything is set aside for it.
            if path.stat().st_size < entry.offset + entry.size:
                raise CorruptSnapshot(path, f"ends before {name}")
            file.seek(entry.offset)
            data = file.read(entry.size)
    except OSError as error:
        raise CorruptSnapshot(path, f"cannot be read ({error.strerror})") from error
    values: NDArray[Any] = np.frombuffer(data, dtype)
    return values.astype(np.float32).reshape(entry.shape)


def _entries(data: bytes) -> tuple[dict[str, _Entry], int]:
    """Read the index: what variables there are, and in how many files."""
    if len(data) < _FOOTER or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise _Damaged("it does not end as one")
    footer = data[-_FOOTER:]
    _, at = _varint(footer, 0)  # of a block that says nothing here
    _, at = _varint(footer, at)
    handle = footer[at:]
    shards, entries = 0, {}
    for _, value in _block(data, handle):
        for key, content in _block(data, value):
            fields = dict(_fields(content))
            if key == b"":
                shards = _number(fields, 1)
                if _number(fields, 2):
                    raise _Damaged("its numbers are big-endian")
            else:
                entries[key.decode()] = _entry(content)
    if not 1 <= shards <= 99_999:
        raise _Damaged(f"it speaks of {shards} files")
    return entries, shards


def _entry(content: bytes) -> _Entry:
    fields = list(_fields(content))
    one = dict(fields)
    shape = []
    for number, dimension in _fields(_bytes(one, 2)):
        if number == 2:
            if not isinstance(dimension, bytes):
                raise _Damaged("a shape has no edges")
            shape.append(_number(dict(_fields(dimension)), 1))
    sliced = any(number == 7 for number, _ in fields)
    return _Entry(
        _number(one, 1), tuple(shape), _number(one, 3), _number(one, 4), _number(one, 5), sliced
    )


def _block(data: bytes, handle: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Read the keys and values of a block of the table."""
    offset, at = _varint(handle, 0)
    size, _ = _varint(handle, at)
    if offset + size + _TRAILER > len(data):
        raise _Damaged("it has been cut off")
    if data[offset + size] != 0:
        raise _Damaged("it is compressed")
    block = data[offset : offset + size]
    restarts = int.from_bytes(block[-4:], "little")
    end = size - 4 * (restarts + 1)
    if end < 0:
        raise _Damaged("a block is too short")
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        more, at = _varint(block, at)
        length, at = _varint(block, at)
        if shared > len(key) or at + more + length > end:
            raise _Damaged("an entry does not fit its block")
        key = key[:shared] + block[at : at + more]
        at += more
        yield key, block[at : at + length]
        at += length


def _fields(content: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Read the fields of a protocol buffer: numbers and bytes."""
    at = 0
    while at < len(content):
        tag, at = _varint(content, at)
        kind = tag & 7
        if kind == 0:
            value, at = _varint(content, at)
            yield tag >> 3, value
            continue
        if kind == 2:
            length, at = _varint(content, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise _Damaged(f"a field is of the unknown kind {kind}")
        if at + length > len(content):
            raise _Damaged("a field is longer than its entry")
        yield tag >> 3, content[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Read a number of seven bits per byte; return it and where it ends."""
    value = 0
    for k in range(10):
        if at + k >= len(data):
            break
        byte = data[at + k]
        value |= (byte & 0x7F) << (7 * k)
        if byte < 0x80:
            return value, at + k + 1
    raise _Damaged("a number does not end")


def _number(fields: dict[int, int | bytes], key: int) -> int:
    value = fields.get(key, 0)
    if not isinstance(value, int):
        raise _Damaged("text stands where a number should")
    return value


def _bytes(fields: dict[int, int | bytes], key: int) -> bytes:
    value = fields.get(key, b"")
    if not isinstance(value, bytes):
        raise _Damaged("a number stands where text should")
    return value
