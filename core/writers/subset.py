"""Save some of a snapshot's gas as a snapshot in the source's own format."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from core.errors import CorruptSnapshot, InvalidRequest
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.readers import gadget, swift
from core.readers.hdf5 import dataset, find, open_hdf5, reading
from core.readers.particles import GAS, ParticleHeader
from core.series import SnapshotSeries
from core.writers.atomic import replacing_hdf5
from core.writers.native import as_json

FORMATS = (swift.name, gadget.name)
"""Formats of which a subset can be written."""

ABOUT = "Shellsight"
"""The group that tells where a subset comes from."""

_ROWS = 1 << 18
"""Particles copied at a time."""

_IDS = f"{GAS}/ParticleIDs"
_COUNTS = ("NumPart_ThisFile", "NumPart_Total", "TotalNumberOfParticles")
_OWN_COUNTS = ("NumberOfParticles", "TotalNumberOfParticles")
_LOSSY = h5py.h5z.FILTER_SCALEOFFSET
_FITTED = (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_NBIT, h5py.h5z.FILTER_LZF)
"""Filters that work out their parameters themselves from type and chunk."""


def save_subset(
    series: SnapshotSeries,
    index: int,
    chosen: NDArray[np.bool_] | NDArray[np.integer],
    path: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> int:
    """Write some of the gas particles of a snapshot, in its own format and units.

    Every group, attribute and column of the gas is copied as it is, particle
    by particle in the order of the source; a snapshot in several files becomes
    one. What would be wrong is left out or set right: the particles of other
    types are dropped, the counts are those of the subset, and SWIFT's index of
    cells is gone. Columns keep their compression, but for the rounding of
    SWIFT's scale-offset filter, which would round a second time.

    Parameters
    ----------
    series : SnapshotSeries
        The snapshots, of SWIFT or the Gadget family.
    index : int
        Which, in time order.
    chosen : ndarray of bool, (N,), or ndarray of int, (M,)
        Which of its particles: a mask over all of them in the order of
        `SnapshotSeries.read`, or their identifiers. Particles that share an
        identifier are all chosen by it.
    path : path
        The file; replaced if it exists.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked between pieces whether to stop.

    Returns
    -------
    int
        How many particles were written.

    Raises
    ------
    InvalidRequest
        If the format is another, no particle is chosen, an identifier is not
        in the snapshot, the file is one of the source's own, or it cannot be
        written.
    CorruptSnapshot
        If the snapshot is damaged.
    Cancelled
        If told to stop.
    """
    header = series.headers[index]
    if series.format not in FORMATS or not isinstance(header, ParticleHeader):
        raise InvalidRequest(
            f"{header.paths[0]}: a subset can be written of {' and '.join(FORMATS)} snapshots, "
            f"not of {series.format}."
        )
    target = Path(path)
    if target.resolve() in {source.resolve() for source in header.paths}:
        raise InvalidRequest(f"{target}: is the snapshot itself; name another file.")
    masks = _masks(header, np.asarray(chosen))
    count = sum(int(np.count_nonzero(mask)) for mask in masks)
    if count == 0:
        raise InvalidRequest(f"{target}: no particle is chosen, there is nothing to write.")
    sources = [
        (source, mask)
        for source, mask in zip(header.paths, masks, strict=True)
        if mask.size  # a file of a snapshot may hold other particles only
    ]
    steps = _Steps(progress, cancelled)
    with (
        _opened([source for source, _ in sources]) as files,
        replacing_hdf5(target) as out,
    ):
        _copy_around(files[0], out)
        _copy_gas(files, [mask for _, mask in sources], out, GAS, count, steps)
        _set_counts(out, count)
        about = out.create_group(ABOUT)
        about.attrs["provenance"] = as_json(
            {"subset_of": list(header.paths), "particles": count, "of": header.count}
        )
    report(progress, 1.0, "Written")
    return count


class _Steps:
    """Tells of progress, and asks whether to stop, between pieces."""

    def __init__(self, progress: Progress | None, cancelled: CancelCheck | None) -> None:
        self._progress = progress
        self._cancelled = cancelled

    def next(self, fraction: float, text: str) -> None:
        check_cancelled(self._cancelled, "Writing the particles")
        report(self._progress, fraction, text)


@contextmanager
def _opened(paths: Sequence[Path]) -> Iterator[list[h5py.File]]:
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield [stack.enter_context(open_hdf5(path)) for path in paths]


def _masks(header: ParticleHeader, chosen: NDArray[np.generic]) -> list[NDArray[np.bool_]]:
    """Return for each file which of its particles are chosen."""
    if chosen.dtype == np.bool_:
        if chosen.shape != (header.count,):
            raise InvalidRequest(
                f"{header.paths[0]}: the mask has the shape {chosen.shape}, but the snapshot has "
                f"{header.count} particles."
            )
        ends = np.cumsum(header.counts)[:-1]
        return list(np.split(chosen.astype(np.bool_, copy=False), ends))
    if chosen.dtype.kind not in "iu":
        raise InvalidRequest(
            f"Particles are chosen by a mask or by whole numbers, not by {chosen.dtype}."
        )
    wanted = np.unique(chosen.astype(np.uint64))
    found = np.zeros(len(wanted), dtype=bool)
    masks = []
    for path, count in zip(header.paths, header.counts, strict=True):
        mask = np.zeros(count, dtype=bool)
        with open_hdf5(path) as file:
            for start in range(0, count, _ROWS):
                if find(file, _IDS) is None:
                    raise InvalidRequest(f"{path}: the particles have no identifiers ({_IDS}).")
                with reading(path, _IDS):
                    ids = dataset(file, _IDS)[start : start + _ROWS].astype(np.uint64)
                at = np.searchsorted(wanted, ids).clip(max=max(len(wanted) - 1, 0))
                hit = wanted[at] == ids if len(wanted) else np.zeros(len(ids), dtype=bool)
                mask[start : start + len(ids)] = hit
                found[at[hit]] = True
        masks.append(mask)
    missing = wanted[~found]
    if len(missing):
        raise InvalidRequest(
            f"{header.paths[0]}: {len(missing)} of the {len(wanted)} identifiers are not in the "
            f"snapshot, for example {missing[0]}."
        )
    return masks


def _copy_around(source: h5py.File, out: h5py.File) -> None:
    """Copy everything that is not particles, nor points at particles."""
    path = Path(source.filename)
    left_out = {f"PartType{kind}" for kind in range(10)} | {"Cells", ABOUT}
    links = {name: source.get(name, getlink=True) for name in source}
    kept = [name for name in links if name not in left_out]
    _copy_attributes(source, out)
    for name in kept:
        link = links[name]
        if isinstance(link, h5py.SoftLink):
            # SWIFT's second names: GasParticles is PartType0.
            end = link.path.strip("/")
            if end == GAS or end in kept:
                out[name] = h5py.SoftLink(link.path)
        elif not isinstance(link, h5py.ExternalLink):
            with reading(path, name):
                source.copy(name, out, name)


def _copy_gas(
    files: Sequence[h5py.File],
    masks: Sequence[NDArray[np.bool_]],
    out: h5py.File,
    place: str,
    count: int,
    steps: _Steps,
) -> None:
    """Copy a group of columns, and of these the chosen rows of all files."""
    first = find(files[0], place)
    assert isinstance(first, h5py.Group)
    group = out.create_group(place)
    _copy_attributes(first, group)
    names = list(first)
    for number, name in enumerate(names):
        inner = f"{place}/{name}"
        item = find(files[0], inner)
        if isinstance(item, h5py.Group):
            _copy_gas(files, masks, out, inner, count, steps)
            continue
        column = dataset(files[0], inner)
        if not column.shape or column.shape[0] != len(masks[0]):
            with reading(Path(files[0].filename), inner):
                files[0].copy(column, group, name)
            continue
        steps.next(number / len(names), f"Writing {name}")
        stored = _empty_like(column, group, name, count)
        _copy_attributes(column, stored)
        row = 0
        for file, mask in zip(files, masks, strict=True):
            part = dataset(file, inner)
            if part.shape != (len(mask), *column.shape[1:]):
                raise CorruptSnapshot(
                    Path(file.filename),
                    f"{inner} has shape {part.shape}, expected {(len(mask), *column.shape[1:])}.",
                )
            for start in range(0, len(mask), _ROWS):
                steps.next(number / len(names), f"Writing {name}")
                rows = mask[start : start + _ROWS]
                kept = int(np.count_nonzero(rows))
                if not kept:
                    continue
                with reading(Path(file.filename), inner):
                    values = part[start : start + _ROWS]
                stored[row : row + kept] = values[rows]
                row += kept


def _empty_like(column: h5py.Dataset, group: h5py.Group, name: str, count: int) -> h5py.Dataset:
    """Create a column of `count` rows with the type and the lossless filters of another."""
    shape = (count, *column.shape[1:])
    old, new = column.id.get_create_plist(), h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    if column.chunks is not None:
        new.set_chunk(tuple(map(min, column.chunks, shape)))
        for number in range(old.get_nfilters()):
            code, flags, values, _ = old.get_filter(number)
            if code == _LOSSY or not h5py.h5z.filter_avail(code):
                continue
            new.set_filter(code, flags, () if code in _FITTED else values)
    space = h5py.h5s.create_simple(shape)
    # The type in the file, not numpy's: big-endian, or with bits that the n-bit filter drops.
    made = h5py.h5d.create(group.id, name.encode(), column.id.get_type(), space, new)
    return h5py.Dataset(made)


def _copy_attributes(source: h5py.HLObject, out: h5py.HLObject) -> None:
    with reading(Path(source.file.filename), f"the attributes of {source.name}"):
        for name, value in source.attrs.items():
            stored = source.attrs.get_id(name)
            if isinstance(value, h5py.Empty):
                out.attrs[name] = value
            elif h5py.check_ref_dtype(stored.dtype) is None:  # a reference is to this file only
                out.attrs.create(name, value, shape=stored.shape, dtype=stored.dtype)


def _set_counts(out: h5py.File, count: int) -> None:
    header = out["Header"].attrs
    counts: Mapping[str, int] = {
        **dict.fromkeys(_COUNTS, count),
        "NumPart_Total_HighWord": count >> 32,
        "CanHaveTypes": 1,
    }
    for name, value in counts.items():
        if name not in header:
            continue
        numbers = np.zeros_like(np.atleast_1d(header[name]))
        if name == "NumPart_Total" and "NumPart_Total_HighWord" in header:
            value &= 0xFFFFFFFF
        numbers[0] = value
        header.modify(name, numbers.reshape(np.shape(header[name])))
    for name, value in (("NumFilesPerSnapshot", 1), ("ThisFile", 0), ("Virtual", 0)):
        if name in header:
            header.modify(name, np.full_like(header[name], value))
    own = out[GAS].attrs
    for name in _OWN_COUNTS:
        if name in own:
            own.modify(name, np.full_like(own[name], count))
