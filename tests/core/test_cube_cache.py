"""Cubes kept on disk: the same cut is deposited once, and never when anything has changed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import core
from core import cube_cache
from core.cube_cache import cache_directory, find_cube, fingerprint, keep_cube
from core.errors import InvalidRequest
from tests.core.synthetic import gas, write_gadget, write_well

CUT = {"size_pc": 20.0, "n": 6}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv(cube_cache.LIMIT_VARIABLE, raising=False)
    return cache_directory()


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return write_gadget(tmp_path / "snapshot.hdf5", gas(500))


def entries() -> list[Path]:
    return sorted(cache_directory().glob("*"))


def cut(path: Path, **options: Any) -> core.Cube:
    return core.voxelize(core.open(path), **{**CUT, **options})[0]


def cube_of(value: float, n: int = 8) -> core.Cube:
    return core.Cube({"density": np.full((n, n, n), value, np.float32)}, 10.0)


def test_the_second_cut_is_the_first(snapshot: Path, monkeypatch: pytest.MonkeyPatch):
    first = cut(snapshot)
    assert len(entries()) == 1
    reads: list[int] = []
    chunks = core.SnapshotSeries.chunks
    monkeypatch.setattr(
        core.SnapshotSeries, "chunks", lambda self, *a: reads.append(1) or chunks(self, *a)
    )
    second = cut(snapshot)
    assert not reads
    assert set(second.fields) == {"density", "velocity", "temperature"}
    for name, values in first.fields.items():
        np.testing.assert_array_equal(second.fields[name], values)
        assert not second.fields[name].flags.writeable
    assert (second.size_pc, second.center_pc, second.time_myr) == (
        first.size_pc,
        first.center_pc,
        first.time_myr,
    )
    assert second.provenance == first.provenance
    cut(snapshot, cache=False)
    assert reads


@pytest.mark.parametrize(
    "other",
    [{"size_pc": 21.0}, {"n": 7}, {"center_pc": (29.0, 30.0, 30.0)}, {"method": "sph"}],
)
def test_another_cut_is_another_entry(snapshot: Path, other: dict[str, Any]):
    first = cut(snapshot).density
    assert not np.array_equal(cut(snapshot, **other).density, first)
    assert len(entries()) == 2


def test_other_units_are_another_entry(tmp_path: Path):
    path = write_gadget(tmp_path / "bare.hdf5", gas(500), units=None)
    light, heavy = (
        core.voxelize(core.open(path, units=f"length=pc,mass={m} Msun,velocity=km/s"), **CUT)[0]
        for m in (1, 2)
    )
    assert heavy.mass_msun == pytest.approx(2 * light.mass_msun)


def test_a_changed_snapshot_is_read_again(snapshot: Path):
    before = cut(snapshot).mass_msun
    with h5py.File(snapshot, "r+") as file:
        file["PartType0/Masses"][...] *= 3
    assert cut(snapshot).mass_msun == pytest.approx(3 * before, rel=1e-6)


def test_a_copy_under_another_name_is_found_and_named(snapshot: Path, tmp_path: Path):
    cut(snapshot)
    moved = snapshot.rename(tmp_path / "moved.hdf5")
    assert cut(moved).provenance["files"] == [str(moved)]
    assert len(entries()) == 1


def test_a_fingerprint_sees_every_byte_of_small_files_and_the_time_of_large_ones(tmp_path: Path):
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(bytes(1000))
    large.write_bytes(bytes(40_000_000))
    for path, place in ((small, 777), (large, 0), (large, 39_999_999), (large, 20_222_222)):
        state = path.stat()
        before = fingerprint([path])
        assert fingerprint([path]) == before
        with path.open("r+b") as file:
            file.seek(place)
            file.write(b"x")
        if place != 20_222_222:  # a byte that no sample holds: only the time tells
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
        else:
            os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns + 1))
        assert fingerprint([path]) != before
    assert fingerprint([small, large]) != fingerprint([large])


def test_another_version_of_the_program_deposits_again(
    snapshot: Path, monkeypatch: pytest.MonkeyPatch
):
    cut(snapshot)
    monkeypatch.setattr(cube_cache, "_program", lambda: "another")
    cut(snapshot)
    assert len(entries()) == 2


def flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 0xFF
    path.write_bytes(content)


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:500]),
        lambda path: path.write_bytes(path.read_bytes()[:-30]),
        lambda path: flip(path, path.stat().st_size // 2),
        lambda path: flip(path, 3000),
        lambda path: np.savez(path, density=np.ones(3)),
        lambda path: np.savez(path, about=np.array([{"key": 1}], dtype=object)),
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
def test_damaged_entries_are_ignored_and_written_anew(
    snapshot: Path, damage: Callable[[Path], object]
):
    good = cut(snapshot).density
    (entry,) = entries()
    damage(entry)
    np.testing.assert_array_equal(cut(snapshot).density, good)
    if entry.is_file():
        again = find_cube(entry.stem)
        assert again is not None
        np.testing.assert_array_equal(again.density, good)


def test_an_entry_for_another_key_is_not_believed():
    keep_cube("one", cube_of(1.0))
    (cache_directory() / "one.npz").rename(cache_directory() / "two.npz")
    assert find_cube("two") is None
    assert find_cube("one") is None


def test_the_least_recently_used_go_first():
    size = 0
    for number in range(3):
        keep_cube(str(number), cube_of(number))
        size = entries()[0].stat().st_size
        os.utime(cache_directory() / f"{number}.npz", (number, number))
    assert find_cube("0") is not None  # which makes it the one used last
    keep_cube("3", cube_of(3), limit=2 * size)
    assert {path.stem for path in entries()} == {"0", "3"}


def test_a_cube_beyond_the_limit_is_not_kept():
    keep_cube("large", cube_of(1.0, n=32), limit=1000)
    assert not cache_directory().exists()


def test_the_environment_sets_the_limit(snapshot: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(cube_cache.LIMIT_VARIABLE, "0")
    cut(snapshot)
    assert not cache_directory().exists()
    monkeypatch.setenv(cube_cache.LIMIT_VARIABLE, "0.5")
    assert cube_cache.limit_bytes() == 500_000
    monkeypatch.setenv(cube_cache.LIMIT_VARIABLE, "plenty")
    with pytest.raises(InvalidRequest, match=r"SHELLSIGHT_CACHE_MB .* not 'plenty'"):
        cut(snapshot)


def test_what_broken_off_writing_left_is_removed_in_time():
    keep_cube("first", cube_of(1.0))
    old, new = (cache_directory() / f"{name}.tmp" for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1.0, 1.0))
    keep_cube("second", cube_of(2.0))
    assert not old.exists()
    assert new.exists()


def test_without_a_place_to_write_there_is_no_cache(
    snapshot: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert cut(snapshot).mass_msun == cut(snapshot).mass_msun


def test_grids_need_no_cache(tmp_path: Path):
    path = write_well(tmp_path / "run.hdf5", velocity_kms=1.0)
    series = core.open(path, units="length=pc,mass=Msun,velocity=1 km/s,time=Myr")
    core.voxelize(series, size_pc=60.0, n=4)
    assert not cache_directory().exists()


def start(program: str, *arguments: object) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", program, *map(str, arguments)]
    return subprocess.Popen(command, cwd=Path(__file__).parents[2])


WRITE_MANY = """
import sys
import numpy as np
import core
from core.cube_cache import find_cube, keep_cube

random = np.random.default_rng(int(sys.argv[1]))
for _ in range(60):
    number = int(random.integers(8))
    cube = core.Cube({"density": np.full((8, 8, 8), number, np.float32)}, 10.0)
    keep_cube(str(number), cube, limit=12_000)
    sought = int(random.integers(8))
    found = find_cube(str(sought))
    assert found is None or np.all(found.density == sought)
"""


def test_several_processes_share_the_cache():
    """With room for some entries of eight, all the time written, read and deleted."""
    workers = [start(WRITE_MANY, seed) for seed in range(3)]
    assert [worker.wait(timeout=120) for worker in workers] == [0, 0, 0]
    assert entries()
    assert all(path.suffix == ".npz" for path in entries())


def test_a_fresh_process_finds_the_entry(snapshot: Path):
    cut(snapshot)
    (entry,) = entries()
    os.utime(entry, (1.0, 1.0))
    program = "import core, sys; core.voxelize(core.open(sys.argv[1]), size_pc=20.0, n=6)"
    assert start(program, snapshot).wait(timeout=120) == 0
    assert entries() == [entry]
    assert entry.stat().st_mtime > 1.0  # touched when it was found
