"""Outputs of several files around a text: RAMSES and Enzo, checked before yt."""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np

from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits
from core.readers.amr_codes import Code, Facts
from core.readers.hdf5 import dataset, find, open_hdf5, reading
from core.series import Verdict

_HEAD_BYTES = 1 << 16
_MAX_TEXT_BYTES = 1 << 26
_OUTPUT = re.compile(r"^output_(\d{5})$")
_INFO = re.compile(r"^info_(\d{5})\.txt$")
_OCT_BYTES = 100
"""An oct takes at least this much of RAMSES's file of the mesh."""
_NUMBL = 21
"""Records before that of the octs per level in such a file."""


def _head(path: Path) -> str | None:
    """Read the beginning of a text; None if it is none."""
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD_BYTES)
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be opened ({error.strerror}).") from error
    return None if b"\0" in head else head.decode("latin-1")


def _settings(path: Path) -> dict[str, str]:
    """Read the lines ``key = value`` of a text."""
    if path.stat().st_size > _MAX_TEXT_BYTES:
        raise CorruptSnapshot(path, "it is too large for a list of parameters.")
    with reading(path, "its parameters"):
        lines = path.read_text("latin-1").splitlines()
    pairs = (line.partition("=") for line in lines if "=" in line and not line.startswith("#"))
    return {key.strip(): value.strip() for key, _, value in pairs}


def _floats(path: Path, settings: Mapping[str, str], key: str, count: int = 1) -> list[float]:
    with reading(path, key):
        values = [float(word) for word in settings[key].split()[:count]]
    if len(values) != count or not np.isfinite(values).all():
        raise CorruptSnapshot(path, f"{key} is '{settings[key]}'; {count} numbers are needed.")
    return values


def _sniff_ramses(path: Path) -> Verdict:
    head = _head(path)
    if head is None:
        return Verdict(False, "not a text")
    missing = [key for key in ("ncpu", "levelmin", "boxlen", "unit_l") if f"{key} " not in head]
    if missing:
        return Verdict(False, f"no {' and no '.join(missing)}")
    name = _INFO.match(path.name)
    around = [parent.name for parent in path.resolve().parents[:2]]
    if name is None or f"output_{name[1]}" not in around:
        return Verdict(
            False, "RAMSES's info file, but not called info_00001.txt in a directory output_00001"
        )
    return Verdict(True, "RAMSES's info file")


def _check_ramses(path: Path) -> Facts:
    info = _settings(path)
    n_files, n_axes, level_min, level_max = (
        int(_floats(path, info, key)[0]) for key in ("ncpu", "ndim", "levelmin", "levelmax")
    )
    positive = {
        key: _floats(path, info, key)[0] for key in ("boxlen", "unit_l", "unit_d", "unit_t")
    }
    _floats(path, info, "time")
    if n_axes != 3:
        raise CorruptSnapshot(path, f"it has {n_axes} axes; 3 are needed.")
    if not (1 <= level_min <= level_max <= 60 and 1 <= n_files <= 1_000_000):
        raise CorruptSnapshot(
            path, f"levels {level_min} to {level_max} in {n_files} files cannot be right."
        )
    wrong = [key for key, value in positive.items() if value <= 0]
    if wrong:
        raise CorruptSnapshot(path, f"{wrong[0]} is {positive[wrong[0]]}; it must be positive.")
    number = path.stem.partition("_")[2]
    files: list[Path] = []
    octs, boundaries = 0, 0
    for kind in ("amr", "hydro"):
        for part in range(1, n_files + 1):
            own = _part(path, f"{kind}_{number}.out{part:05d}", n_files)
            _check_end(own)
            files.append(own)
            if kind == "amr":
                own_octs, own_boundaries = _check_mesh(own, part, n_files, level_min)
                octs, boundaries = octs + own_octs, boundaries + own_boundaries
    # Every oct has eight cells, and all but those of the coarsest level refine one.
    count = 7 * octs + 8 ** (level_min - 1)
    return Facts((path, *files), count, periodic=boundaries == 0, length_factor=positive["boxlen"])


def _part(info: Path, name: str, n_files: int) -> Path:
    """Find a file of an output, in its directory or in one of its groups."""
    for found in (info.parent / name, *info.resolve().parent.parent.glob(f"group_*/{name}")):
        if found.is_file():
            return found
    raise CorruptSnapshot(info, f"the snapshot has {n_files} parts, but {name} is missing.")


def _check_end(path: Path) -> None:
    """Check that the last record of a Fortran file is whole: it tells its length twice."""
    size = path.stat().st_size
    with reading(path, "its end"), path.open("rb") as file:
        file.seek(max(size - 4, 0))
        word = file.read(4)
        length = struct.unpack("<i", word)[0] if len(word) == 4 else -1
        start = size - 8 - length
        if length > 0 and start >= 0:
            file.seek(start)
            if file.read(4) == word:
                return
    raise CorruptSnapshot(path, f"the file is truncated or damaged; it has {size} bytes.")


def _record(path: Path, file: IO[bytes]) -> bytes:
    word = file.read(4)
    length = struct.unpack("<i", word)[0] if len(word) == 4 else -1
    left = path.stat().st_size - file.tell()
    content = file.read(length) if 0 <= length <= left - 4 else b""
    if length < 0 or len(content) != length or file.read(4) != word:
        raise CorruptSnapshot(path, f"a record at byte {file.tell()} is damaged.")
    return content


def _find_damage(facts: Facts) -> None:
    """Walk through the records of all files to the one that is cut or changed."""
    for path in facts.paths[1:]:
        with reading(path, "its records"), path.open("rb") as file:
            size = path.stat().st_size
            while (start := file.tell()) < size:
                word = file.read(4)
                length = struct.unpack("<i", word)[0] if len(word) == 4 else -1
                file.seek(max(length, 0), 1)
                if length < 0 or file.read(4) != word:
                    raise CorruptSnapshot(
                        path, f"the record at byte {start} of {size} is cut off or damaged."
                    )


def _check_mesh(path: Path, part: int, n_files: int, level_min: int) -> tuple[int, int]:
    """Count the octs of a part and its boundaries, and see that its header can be true."""
    with reading(path, "its header"), path.open("rb") as file:
        records = [_record(path, file) for _ in range(_NUMBL + 1)]
        cpus, axes = (struct.unpack("<i", record)[0] for record in records[:2])
        levels, grids, boundaries = (struct.unpack("<i", record)[0] for record in records[3:6])
        numbers = np.frombuffer(records[_NUMBL], "<i4")
    if (cpus, axes) != (n_files, 3) or not (level_min <= levels <= 60 and grids > 0):
        raise CorruptSnapshot(
            path, f"its header states {cpus} files, {axes} axes, {levels} levels."
        )
    if not 0 <= boundaries <= 100 or numbers.size != cpus * levels or np.any(numbers < 0):
        raise CorruptSnapshot(path, "its header's counts of octs cannot be right.")
    octs = numbers.reshape(levels, cpus)[level_min - 1 :].astype(np.int64)
    if octs.sum() * _OCT_BYTES > path.stat().st_size:
        raise CorruptSnapshot(path, f"it states {octs.sum()} octs, more than it has room for.")
    return int(octs[:, part - 1].sum()), boundaries


def _sniff_enzo(path: Path) -> Verdict:
    head = _head(path)
    if head is None:
        return Verdict(False, "not a text")
    missing = [key for key in ("TopGridRank", "TopGridDimensions") if key not in head]
    if missing:
        return Verdict(False, f"no {' and no '.join(missing)}")
    if not path.with_name(f"{path.name}.hierarchy").is_file():
        return Verdict(False, f"Enzo's parameters, but no {path.name}.hierarchy beside them")
    return Verdict(True, "Enzo's parameters with their hierarchy")


def _check_enzo(path: Path) -> Facts:
    settings = _settings(path)
    if _floats(path, settings, "TopGridRank") != [3.0]:
        raise CorruptSnapshot(path, f"it has {settings['TopGridRank']} axes; 3 are needed.")
    _floats(path, settings, "InitialTime")
    _floats(path, settings, "RefineBy")
    for key in ("TopGridDimensions", "DomainLeftEdge", "DomainRightEdge"):
        _floats(path, settings, key, 3)
    missing = None
    comoving = float(settings.get("ComovingCoordinates", "0").split()[0] or 0) == 1
    if not comoving and not {"LengthUnits", "DensityUnits", "TimeUnits"} <= set(settings):
        left, right = (_floats(path, settings, f"Domain{s}Edge", 3)[0] for s in ("Left", "Right"))
        missing = MissingUnits(
            path,
            ("length", "mass", "time"),
            f"It has no LengthUnits, DensityUnits and TimeUnits. The box is {right - left:g} "
            f"wide in the file's units.",
        )
    hierarchy = path.with_name(f"{path.name}.hierarchy")
    return Facts((path, hierarchy, *_check_grids(hierarchy)), None, missing)


def _check_grids(hierarchy: Path) -> tuple[Path, ...]:
    """Check that the files of all grids are beside the hierarchy, and hold what it says."""
    if hierarchy.stat().st_size > _MAX_TEXT_BYTES:
        raise CorruptSnapshot(hierarchy, "it is too large for a list of grids.")
    number, first, last = 0, [0, 0, 0], [0, 0, 0]
    grids: dict[Path, list[tuple[int, tuple[int, ...]]]] = {}
    with reading(hierarchy, "its grids"):
        for line in hierarchy.read_text("latin-1").splitlines():
            key, _, value = (part.strip() for part in line.partition("="))
            if key == "Grid":
                number = int(value)
            elif key == "GridStartIndex":
                first = [int(word) for word in value.split()]
            elif key == "GridEndIndex":
                last = [int(word) for word in value.split()]
            elif key == "BaryonFileName":
                shape = tuple(b - a + 1 for a, b in zip(first, last, strict=True))
                # Codes write the path of where they ran; what counts is beside.
                own = hierarchy.parent / Path(value).name
                elsewhere = Path(value) if Path(value).is_absolute() else hierarchy.parent / value
                if elsewhere.exists() and elsewhere.resolve() != own.resolve():
                    raise CorruptSnapshot(hierarchy, f"it leads to another directory: {value}.")
                grids.setdefault(own, []).append((number, shape))
    if not grids:
        raise CorruptSnapshot(hierarchy, "it lists no grids with gas.")
    for own, members in grids.items():
        if not own.is_file():
            raise CorruptSnapshot(hierarchy, f"the grids' file {own.name} is missing.")
        with open_hdf5(own) as file:
            for grid, shape in members:
                name = f"Grid{grid:08d}"
                stored = dataset(file, f"{name}/Density").shape
                if stored != shape[::-1]:
                    raise CorruptSnapshot(
                        own, f"{name}/Density has shape {stored}, expected {shape[::-1]}."
                    )
                for field in find(file, name) or ():
                    find(file, f"{name}/{field}")
    return tuple(grids)


RAMSES = Code(
    "RAMSES",
    ("yt.frontends.ramses.api", "RAMSESDataset"),
    _sniff_ramses,
    _check_ramses,
    find_damage=_find_damage,
)
ENZO = Code(
    "Enzo",
    ("yt.frontends.enzo.api", "EnzoDataset"),
    _sniff_enzo,
    _check_enzo,
    temperature=("enzo", "Temperature"),
)
