"""Series: time order, laziness, directories, and what `info` says."""

from __future__ import annotations

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest

import core
from core.errors import AmbiguousFormat, InvalidRequest, UnknownFormat
from tests.core.synthetic import SNAPSHOTS, gas, needs_snapshots, write_gadget, write_swift


@needs_snapshots
def test_a_swift_directory_in_time_order_and_fast():
    start = time.perf_counter()
    series = core.open(SNAPSHOTS / "swift_turbulent_a")
    assert time.perf_counter() - start < 3.0  # 0.3 s on an idle machine
    assert (len(series), series.format, series.kind) == (20, "SWIFT", "particles")
    np.testing.assert_allclose(series.times_myr, 0.007 * np.arange(20), atol=1e-4)
    assert series.box_pc == pytest.approx((60.0, 60.0, 60.0))
    assert series.origin_pc == (0.0, 0.0, 0.0)
    assert series.periodic
    assert series.control is None
    assert [path.name for path in series.paths[:2]] == ["snap_0000.hdf5", "snap_0001.hdf5"]
    assert series[-1].time_myr == pytest.approx(0.133, abs=1e-4)


@needs_snapshots
def test_info_of_a_real_series():
    info = core.open(SNAPSHOTS / "swift_sedov_kpc").info()
    told = json.loads(json.dumps(info.as_dict()))
    assert told["code"] == "SWIFT"
    assert told["time_myr"] == pytest.approx([0.0, 0.2], abs=1e-4)
    assert told["box_pc"] == [pytest.approx([60.0] * 3)] * 2
    assert told["gas_mass_msun"] == pytest.approx([324_000] * 2, rel=1e-3)
    assert told["mean_n_h_cm3"] == pytest.approx([46.1] * 2, rel=5e-3)
    assert told["count"] == [110_592] * 2
    assert told["fields"]["density"]["unit"] == "Msun/pc^3"
    assert told["fields"]["density"]["min"] < 1.5 < told["fields"]["density"]["max"]
    text = "\n".join(info.lines())
    assert "60 x 60 x 60 pc, periodic" in text
    assert "324000" in text


def test_only_the_wanted_fields_are_read(tmp_path: Path):
    series = core.open(write_gadget(tmp_path / "a.hdf5"))
    lean = series.read(0, ("velocities_kms",))
    assert lean.velocities_kms is not None
    assert lean.temperatures_k is None
    assert lean.ids is None
    assert series[0].ids is not None


def test_arrays_are_read_only_when_asked_for(tmp_path: Path):
    paths = [write_gadget(tmp_path / f"s{i}.hdf5", Time=i / 10) for i in (2, 0, 1)]
    series = core.open(paths)
    for path in paths[:2]:
        path.unlink()
    assert series[1].time_myr == pytest.approx(0.0977792, rel=1e-4)
    with pytest.raises(InvalidRequest, match=r"s0\.hdf5"):
        series[0]


def test_slices_are_series(tmp_path: Path):
    series = core.open([write_gadget(tmp_path / f"s{i}.hdf5", Time=i) for i in range(4)])
    np.testing.assert_array_equal(series[1::2].times_myr, series.times_myr[1::2])
    assert [p.time_myr for p in series[1:3]] == list(series.times_myr[1:3])
    with pytest.raises(InvalidRequest):
        series[4:]
    with pytest.raises(IndexError):
        series[4]


def test_a_directory_leaves_other_files_aside(tmp_path: Path):
    for i in range(2):
        write_swift(tmp_path / f"snap_{i}.hdf5", time=float(i))
    (tmp_path / "timesteps.txt").write_text("0 1 2\n")
    (tmp_path / ".hidden").write_bytes(b"\x89HDF")
    assert len(core.open(tmp_path)) == 2


def test_gadgets_own_directories_are_found(tmp_path: Path):
    for i in range(2):
        directory = tmp_path / f"snapdir_{i:03}"
        directory.mkdir()
        write_gadget(directory / f"snap_{i:03}.hdf5", Time=float(i))
    assert len(core.open(tmp_path)) == 2


def test_a_directory_of_two_formats_is_ambiguous(tmp_path: Path):
    write_swift(tmp_path / "a.hdf5")
    write_gadget(tmp_path / "b.hdf5")
    with pytest.raises(AmbiguousFormat, match="SWIFT and Gadget"):
        core.open(tmp_path)
    assert core.open(tmp_path, format="swift").format == "SWIFT"


def test_two_runs_are_not_one_series(tmp_path: Path):
    paths = [
        write_gadget(tmp_path / name, gas(seed=seed))
        for seed, name in enumerate(("a.hdf5", "b.hdf5"))
    ]
    with pytest.raises(InvalidRequest, match=r"a\.hdf5 and b\.hdf5 are both at.*but differ"):
        core.open(paths)


def test_nothing_to_open_is_said(tmp_path: Path):
    with pytest.raises(InvalidRequest, match=r"absent\.hdf5: no such file"):
        core.open(tmp_path / "absent.hdf5")
    with pytest.raises(InvalidRequest, match="has no files"):
        core.open(tmp_path)
    with pytest.raises(InvalidRequest, match="No files"):
        core.open([])
    (tmp_path / "readme.md").write_text("text")
    with pytest.raises(UnknownFormat, match=r"readme\.md.*SWIFT: .*Gadget: .*The Well: "):
        core.open(tmp_path)
    with pytest.raises(InvalidRequest, match="no format 'flash'; choose one of SWIFT"):
        core.open(tmp_path, format="flash")


@needs_snapshots
def test_a_file_nobody_may_write_can_be_opened(tmp_path: Path):
    copy = tmp_path / "snap.hdf5"
    shutil.copy(SNAPSHOTS / "swift_turbulent_a" / "snap_0000.hdf5", copy)
    copy.chmod(0o400)
    assert len(core.open(copy)[0]) == 64_000
