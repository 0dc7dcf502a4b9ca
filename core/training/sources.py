"""Where samples come from: data sets of our own, The Well, and 3D-MIM's clips.

Only our own data sets have a control, the gas without the explosion, which
tells apart what turbulence does and what the explosion does. Of the others it
is known only what both do together. Their samples say so (`Sample.control_known`),
and the loss then asks the explosion's head for what the network's own forecast
of the turbulence leaves, and nothing of the turbulence's head
(`core.training.losses.forecast_loss`). A network that is to see such data should
therefore start from weights that know the turbulence (``--from default``);
from nothing it learns the naive effect, that includes turbulent motion.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from core.cubes import Cube
from core.errors import InvalidRequest
from core.forecast import MIN_DENSITY
from core.models.inputs import network_input
from core.models.registry import ModelConfig
from core.readers import mim, well
from core.series import FrameHeader, Reader
from core.simulate.dataset import MANIFEST, files_of_split
from core.simulate.plan import Split
from core.training.samples import EFFECT_RANGE_DEX, Sample, in_half, load_samples
from core.units import UnitSystem
from core.voxelize import voxelize

MEMORY_BYTES = 4 * 2**30
"""Samples are kept until they take up so much, then the first read are dropped."""

_VALIDATION_EVERY = 8
"""One trajectory in so many validates, where the files do not say which do."""

_READERS: tuple[tuple[str, Reader], ...] = ((".hdf5", well), (".h5", well), (".npz", mim))

_SPLIT_NAMES: Mapping[str, Split] = {
    "train": "train", "valid": "validation", "validation": "validation", "val": "validation",
    "test": "test",
}  # fmt: skip


class Source(Protocol):
    """A collection of samples, some of them for training."""

    def names(self, split: Split) -> list[Hashable]:
        """Names of the samples of one part that are there by now, in a fixed order."""

    def read(self, name: Hashable) -> Sample:
        """Read one."""


class NativeSource:
    """A data set made by `core.simulate.dataset.generate`; it may still be growing.

    Parameters
    ----------
    directory : Path
        Where it is.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def names(self, split: Split) -> list[Hashable]:
        """Names of the samples of one part: their files."""
        return list(files_of_split(self.directory, split))

    def read(self, name: Hashable) -> Sample:
        """Read one."""
        assert isinstance(name, Path)
        return load_samples([name])[name]


@dataclass(frozen=True, order=True)
class Trajectory:
    """One run in a file that holds several."""

    path: Path
    number: int


class TrajectorySource:
    """Runs on a grid, without a control, in files of The Well or of 3D-MIM.

    A run starts with its first frame: the explosion is there. The targets
    lie at the times of the network's frames after it; between the frames of
    the file the logarithm of the density is interpolated linearly in time,
    as times need not be even. Runs that end before the network's last frame
    are left out. Of a file only the frames that are needed are read, one at
    a time, and averaged to the network's voxels.

    Parameters
    ----------
    paths : sequence of Path
        The files. A folder called train, valid or test, or a file name that
        begins so, says which part they are, as in The Well; otherwise one run in
        eight validates.
    model : ModelConfig
        The network: voxels, size and times.
    units : UnitSystem, optional
        Units of the files, which state none.

    Raises
    ------
    MissingUnits
        If units are needed and not given.
    InvalidRequest
        If no run is large and long enough.
    """

    def __init__(
        self, paths: Sequence[Path], model: ModelConfig, units: UnitSystem | None = None
    ) -> None:
        self.model = model
        self._frames: dict[Trajectory, tuple[Reader, list[FrameHeader]]] = {}
        self._splits: dict[Trajectory, Split] = {}
        stated = {path: _stated_split(path) for path in paths}
        longest, largest, count = 0.0, 0.0, 0
        for path in sorted(paths):
            reader = _reader_of(path)
            runs: dict[int, list[FrameHeader]] = {}
            for header in reader.read_headers([path], units):
                runs.setdefault(header.trajectory, []).append(header)
            for number, frames in runs.items():
                span = frames[-1].time_myr - frames[0].time_myr
                longest, largest = max(longest, span), max(largest, frames[0].box_pc[0])
                count += 1
                fits = frames[0].box_pc[0] >= 0.999 * model.size_pc
                if span < 0.999 * model.frames * model.interval_myr or not fits:
                    continue
                key = Trajectory(path, number)
                turn: Split = "validation" if count % _VALIDATION_EVERY == 0 else "train"
                self._frames[key] = (reader, frames)
                self._splits[key] = stated[path] or turn
        if not self._frames:
            raise InvalidRequest(
                f"{paths[0]}: none of its {count} runs is as large and as long as the network's: "
                f"{model.size_pc:g} pc and {model.frames * model.interval_myr:.4g} Myr are needed, "
                f"the largest box has {largest:.4g} pc and the longest run {longest:.4g} Myr."
            )

    def names(self, split: Split) -> list[Hashable]:
        """Names of the runs of one part."""
        return [key for key, part in self._splits.items() if part == split]

    def read(self, name: Hashable) -> Sample:
        """Read one run, frame by frame."""
        assert isinstance(name, Trajectory)
        reader, frames = self._frames[name]
        model = self.model
        start = self._cube(reader, frames[0], None)
        times = np.array([header.time_myr for header in frames])
        wanted = times[0] + model.interval_myr * np.arange(1, model.frames + 1)
        first = _log_density(start)
        change = np.empty((model.frames, *first.shape), np.float32)
        held: dict[int, NDArray[np.float64]] = {}
        for k, time in enumerate(wanted):
            after = int(np.clip(np.searchsorted(times, time), 1, len(times) - 1))
            for index in (after - 1, after):
                if index not in held:
                    held[index] = _log_density(self._cube(reader, frames[index], ()))
            held = {index: held[index] for index in (after - 1, after)}
            part = (time - times[after - 1]) / (times[after] - times[after - 1])
            part = float(np.clip(part, 0.0, 1.0))
            change[k] = (1.0 - part) * held[after - 1] + part * held[after] - first
        density = torch.tensor(np.maximum(start.density, MIN_DENSITY)).unsqueeze(0)
        velocity = None
        if "velocity" in start.fields:
            velocity = torch.tensor(start.fields["velocity"]).permute(3, 0, 1, 2).unsqueeze(0)
        given = in_half(network_input(density, velocity, model.size_pc, model.energy_erg))
        effect = torch.from_numpy(change).clamp(*EFFECT_RANGE_DEX).unsqueeze(0).half()
        return Sample(given, torch.zeros_like(effect), effect, torch.tensor([False]))

    def _cube(self, reader: Reader, header: FrameHeader, fields: tuple[str, ...] | None) -> Cube:
        frame = reader.load(header, fields, None)
        assert isinstance(frame, Cube)
        size = min(self.model.size_pc, frame.size_pc)
        return voxelize(frame, size_pc=size, n=self.model.n)


class SamplePool(Mapping[Hashable, Sample]):
    """Samples by name, read when they are first needed.

    Parameters
    ----------
    source : Source
        Where they come from.
    limit_bytes : int
        How much memory they may take up.
    """

    def __init__(self, source: Source, limit_bytes: int = MEMORY_BYTES) -> None:
        self.source = source
        self.limit_bytes = limit_bytes
        self.energies_erg: dict[Hashable, float] = {}
        self._names: list[Hashable] = []
        self._held: OrderedDict[Hashable, Sample] = OrderedDict()
        self._bytes = 0

    def set_names(self, names: Sequence[Hashable]) -> None:
        """Say which samples there are; the order is kept."""
        self._names = list(names)

    def __getitem__(self, name: Hashable) -> Sample:
        if name in self._held:
            self._held.move_to_end(name)
            return self._held[name]
        sample = self.source.read(name)
        self.energies_erg[name] = float(sample.given.energies_erg[0])
        self._held[name] = sample
        self._bytes += sample.nbytes
        while self._bytes > self.limit_bytes and len(self._held) > 1:
            self._bytes -= self._held.popitem(last=False)[1].nbytes
        return sample

    def __iter__(self) -> Iterator[Hashable]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def open_source(
    data: str | Path, model: ModelConfig, units: UnitSystem | None = None
) -> NativeSource | TrajectorySource:
    """Find out what a path holds to train on.

    Parameters
    ----------
    data : str or Path
        Directory of a data set of ours, a file of The Well or of 3D-MIM, or a
        directory of such files.
    model : ModelConfig
        The network that is to be trained.
    units : UnitSystem, optional
        Units of the files that state none.

    Returns
    -------
    NativeSource or TrajectorySource
        The samples.

    Raises
    ------
    InvalidRequest
        If there is nothing to train on.
    CorruptSnapshot
        If the manifest or a file is damaged.
    """
    path = Path(data)
    if path.is_file():
        return TrajectorySource([path], model, units)
    if not (path / MANIFEST).exists():
        files = [file for end, _ in _READERS for file in path.rglob(f"*{end}")]
        files = [file for file in files if not file.name.endswith(".shell.h5")]
        files = [file for file in sorted(set(files)) if _reader_of(file).sniff(file).accepted]
        if files:
            return TrajectorySource(files, model, units)
    return NativeSource(path)


def _reader_of(path: Path) -> Reader:
    for end, reader in _READERS:
        if path.name.lower().endswith(end) and reader.sniff(path).accepted:
            return reader
    reasons = "; ".join(f"{reader.name}: {reader.sniff(path).reason}" for reader in (well, mim))
    raise InvalidRequest(f"{path}: nothing to train on ({reasons}).")


def _stated_split(path: Path) -> Split | None:
    """Read off a path which part it is, as The Well's folders say it."""
    folder, name = path.parent.name.lower(), path.stem.lower()
    for word, split in _SPLIT_NAMES.items():
        if folder == word or name == word or name.startswith((f"{word}_", f"{word}-")):
            return split
    return None


def _log_density(cube: Cube) -> NDArray[np.float64]:
    return np.log10(np.maximum(cube.density, MIN_DENSITY).astype(np.float64))
