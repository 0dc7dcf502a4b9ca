"""Series: time order, laziness, directories, and what `info` says."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import core
from core.errors import AmbiguousFormat, CorruptSnapshot, InvalidRequest, UnknownFormat
from core.readers import swift
from tests.core.synthetic import SNAPSHOTS, gas, needs_snapshots, write_gadget, write_swift


@needs_snapshots
def test_a_swift_directory_in_time_order():
    series = core.open(SNAPSHOTS / "swift_turbulent_a")
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
    with pytest.raises(InvalidRequest, match="no format 'fortran'; choose one of SWIFT"):
        core.open(tmp_path, format="fortran")


@needs_snapshots
def test_a_file_nobody_may_write_can_be_opened(tmp_path: Path):
    copy = tmp_path / "snap.hdf5"
    shutil.copy(SNAPSHOTS / "swift_turbulent_a" / "snap_0000.hdf5", copy)
    copy.chmod(0o400)
    assert len(core.open(copy)[0]) == 64_000


# ---------------------------------------------------------------- what a run is


def write_run(directory: Path, numbers: Sequence[int], stem: str = "snap", **kwargs: Any) -> Path:
    """Write a run with a snapshot every 0.01 in the file's unit of time."""
    directory.mkdir(exist_ok=True)
    for number in numbers:
        write_swift(directory / f"{stem}_{number:03}.hdf5", time=0.01 * number, **kwargs)
    return directory


def test_patterns_and_lists_are_series_in_time_order(tmp_path: Path):
    run = write_run(tmp_path / "run", range(12))
    assert len(core.open(run / "snap_00?.hdf5")) == 10
    assert len(core.open(str(tmp_path / "**" / "*.hdf5"))) == 12
    series = core.open([run / "snap_011.hdf5", run / "snap_00[12].hdf5"])
    assert [path.name[5:8] for path in series.paths] == ["001", "002", "011"]
    assert core.open(run / "snap_00?.hdf5").name == "run"


def test_a_name_with_brackets_is_a_name_if_there_is_such_a_file(tmp_path: Path):
    path = write_swift(tmp_path / "snap[1].hdf5")
    assert core.open(path).paths == (path,)


def test_missing_numbers_are_said(tmp_path: Path):
    series = core.open(write_run(tmp_path / "run", [0, 1, 2, 5, 6, 8]))
    assert len(series) == 6
    assert series.notes == ("snap_003 to snap_004 are missing.", "snap_007 is missing.")
    assert "snap_007 is missing" in repr(series)


def test_numbers_that_are_always_apart_are_no_gap(tmp_path: Path):
    assert core.open(write_run(tmp_path / "run", range(0, 50, 10))).notes == ()
    # A run that was continued under other numbers: the times say that nothing is missing.
    for number, time_ in ((100, 0.5), (101, 0.6)):
        write_swift(tmp_path / "run" / f"snap_{number}.hdf5", time=time_)
    assert core.open(tmp_path / "run").notes == ()


def test_an_interval_of_a_multiple_is_said(tmp_path: Path):
    for number, step in enumerate((0, 1, 2, 3, 6, 7, 8)):
        write_swift(tmp_path / f"snap_{number}.hdf5", time=0.01 * step)
    (note,) = core.open(tmp_path).notes
    assert "between 0.02933 and 0.05867 Myr" in note
    assert "snap_3.hdf5 and snap_4.hdf5" in note


def test_uneven_times_are_no_gap(tmp_path: Path):
    for number, time_ in enumerate((0.0, 0.001, 0.004, 0.02, 0.1)):
        write_swift(tmp_path / f"snap_{number}.hdf5", time=time_)
    assert core.open(tmp_path).notes == ()


@needs_snapshots
def test_the_same_instant_under_two_names_is_there_once():
    series = core.open(SNAPSHOTS / "gadget4")
    assert len(series) == 1
    (note,) = series.notes
    assert "snap_000.0.hdf5 (with 1 more) is the same snapshot as snapshot_000.hdf5" in note
    assert len(core.open(SNAPSHOTS / "gadget4" / "snap_000.1.hdf5").paths) == 2


@needs_snapshots
def test_a_run_and_its_control_are_two_runs():
    with pytest.raises(InvalidRequest, match="but differ: these are different runs") as caught:
        core.open(SNAPSHOTS / "swift_turbulent_a*" / "snap_000[0-2].hdf5")
    patterns = [
        part.split(" (")[0] for part in str(caught.value).split("one of them: ")[1].split("; ")
    ]
    assert [len(core.open(pattern)) for pattern in patterns] == [20, 20]


def test_interleaved_runs_are_listed_with_patterns_that_open_them(tmp_path: Path):
    write_run(tmp_path, range(0, 8, 2), "hot")
    write_run(tmp_path, range(1, 8, 2), "hot_b")
    with pytest.raises(InvalidRequest, match="interleaved") as caught:
        core.open(tmp_path)
    listed = str(caught.value).split("one of them: ")[1].split("; ")
    assert ["4 snapshots" in part for part in listed] == [True, True]
    opened = [core.open(part.split(" (")[0]) for part in listed]
    assert [{path.name.rsplit("_", 1)[0] for path in one.paths} for one in opened] == [
        {"hot"},
        {"hot_b"},
    ]
    # Named one by one, they are what a person says they are.
    assert len(core.open(sorted(tmp_path.iterdir()))) == 8


def test_a_run_that_goes_on_under_another_name_is_one(tmp_path: Path):
    write_run(tmp_path, [0], "ics")
    write_run(tmp_path, [1, 2, 3], "snap")
    assert len(core.open(tmp_path)) == 4


def test_other_boxes_units_and_counts_are_other_runs(tmp_path: Path):
    for name, change, reason in (
        ("box", {"BoxSize": 90.0}, "the box is 60 pc in .* 90 pc in"),
        ("units", {"UnitMass_in_g": 2e43}, "is in units of"),
    ):
        directory = tmp_path / name
        directory.mkdir()
        write_gadget(directory / "a_0.hdf5", Time=0.1)
        write_gadget(directory / "b_0.hdf5", Time=0.2, **change)
        for what in (directory, sorted(directory.iterdir())):
            with pytest.raises(InvalidRequest, match=reason):
                core.open(what)
    write_gadget(tmp_path / "a_0.hdf5", gas(64), Time=0.1)
    write_gadget(tmp_path / "b_0.hdf5", gas(640), Time=0.2)
    with pytest.raises(InvalidRequest, match=r"has 64 particles or cells, .* 640"):
        core.open(tmp_path)


def test_a_universe_that_expands_is_one_run(tmp_path: Path):
    for number, scale in enumerate((0.5, 0.6, 0.8)):
        write_swift(tmp_path / f"snap_{number}.hdf5", time=scale, scale=scale)
    series = core.open(tmp_path)
    assert [header.box_pc[0] for header in series.headers] == pytest.approx([30, 36, 48])


# ---------------------------------------------------------------- unfinished and damaged files


def _cut(path: Path, part: float = 0.7) -> bytes:
    whole = path.read_bytes()
    path.write_bytes(whole[: int(part * len(whole))])
    return whole


def test_a_file_that_is_being_written_is_left_out_and_said(tmp_path: Path):
    run = write_run(tmp_path / "run", range(4))
    _cut(run / "snap_003.hdf5")
    series = core.open(run)
    assert len(series) == 3
    (note,) = series.notes
    assert note.startswith("snap_003.hdf5 is still being written")
    assert "truncated" in note
    with pytest.raises(CorruptSnapshot, match=r"snap_003\.hdf5.*truncated"):
        core.open(run / "snap_003.hdf5")
    with pytest.raises(CorruptSnapshot, match=r"snap_003\.hdf5.*truncated"):
        core.open(sorted(run.iterdir()))


def test_an_old_damaged_file_in_the_middle_is_called_damaged(tmp_path: Path):
    run = write_run(tmp_path / "run", range(4))
    _cut(run / "snap_001.hdf5")
    yesterday = time.time() - 86_400
    for path in run.iterdir():
        os.utime(path, (yesterday, yesterday))
    (note,) = core.open(run / "snap_*.hdf5").notes
    assert note.startswith("snap_001.hdf5 is damaged and left out: ")


def test_a_directory_of_damaged_files_is_an_error(tmp_path: Path):
    run = write_run(tmp_path / "run", range(2))
    for path in run.iterdir():
        _cut(path)
    with pytest.raises(CorruptSnapshot, match=r"snap_000\.hdf5"):
        core.open(run)


def test_a_missing_part_is_said_once(tmp_path: Path):
    for number in (0, 1):
        for part in range(3):
            count = 64
            numbers = np.array([count, 0, 0, 0, 0, 0])
            write_gadget(
                tmp_path / f"snap_{number}.{part}.hdf5",
                gas(count, seed=part),
                Time=0.1 * number,
                NumFilesPerSnapshot=3,
                NumPart_ThisFile=numbers,
                NumPart_Total=3 * numbers,
            )
    (tmp_path / "snap_1.2.hdf5").unlink()
    series = core.open(tmp_path)
    assert len(series) == 1
    (note,) = series.notes
    assert "snap_1.0.hdf5 is still being written" in note
    assert "snap_1.2.hdf5 is missing" in note


def test_temporary_names_and_empty_files_are_left_out(tmp_path: Path):
    run = write_run(tmp_path / "run", range(2))
    (run / "snap_002.hdf5.tmp").write_bytes(b"\x89HDF")
    (run / "snap_003.hdf5").touch()
    (run / "stop").touch()
    notes = core.open(run).notes
    assert len(notes) == 2
    assert any("snap_002.hdf5.tmp is still being written" in note for note in notes)
    assert any("snap_003.hdf5 is still being written" in note for note in notes)


def test_results_beside_a_run_step_aside(tmp_path: Path):
    run = write_run(tmp_path / "run", range(2))
    core.save(core.Cube({"density": np.ones((4, 4, 4))}, 1.0), run / "forecast.shell.h5")
    series = core.open(run)
    assert (series.format, len(series)) == ("SWIFT", 2)
    assert "forecast.shell.h5 is left aside: the format is Shellsight" in series.notes[0]
    assert core.open(run / "forecast.shell.h5").format == "Shellsight"


# ---------------------------------------------------------------- watching


def test_refresh_finds_new_snapshots_and_reads_no_old_ones_again(tmp_path: Path, monkeypatch):
    run = write_run(tmp_path / "run", range(3))
    series = core.open(run)
    assert series.refresh() is series
    read: list[str] = []
    original = swift.read_headers

    def counted(paths: Sequence[Path], units: Any) -> Any:
        read.extend(path.name for path in paths)
        return original(paths, units)

    monkeypatch.setattr(swift, "read_headers", counted)
    write_run(run, [3, 4])
    longer = series.refresh()
    assert (len(series), len(longer)) == (3, 5)
    assert longer.headers[:3] == series.headers
    # One known file goes along, as a witness of what the run is.
    assert sorted(read)[-2:] == ["snap_003.hdf5", "snap_004.hdf5"]
    assert len(read) == 3
    assert longer.refresh() is longer
    assert len(read) == 3


def test_refresh_takes_a_half_written_file_when_it_is_complete(tmp_path: Path):
    run = write_run(tmp_path / "run", range(3))
    whole = _cut(run / "snap_002.hdf5", 0.4)
    series = core.open(run)
    assert len(series) == 2
    assert series.refresh() is series
    (run / "snap_002.hdf5").write_bytes(whole[: int(0.9 * len(whole))])
    assert series.refresh() is series
    (run / "snap_002.hdf5").write_bytes(whole)
    longer = series.refresh()
    assert len(longer) == 3
    assert longer.notes == ()
    np.testing.assert_array_equal(longer[2].ids, np.arange(64))


def test_refresh_sees_files_that_were_replaced_and_removed(tmp_path: Path):
    run = write_run(tmp_path / "run", range(3))
    series = core.open(run)
    write_swift(run / "snap_001.hdf5", time=0.015)
    replaced = series.refresh()
    assert replaced.times_myr[1] == pytest.approx(0.015 * 0.977792, rel=1e-4)
    (run / "snap_002.hdf5").unlink()
    assert len(replaced.refresh()) == 2


def test_refresh_of_logs_is_nothing_new(tmp_path: Path):
    run = write_run(tmp_path / "run", range(2))
    series = core.open(run)
    for step in range(3):
        (run / "timesteps.txt").write_text("0 1\n" * (step + 1))
        assert series.refresh() is series


def test_a_part_of_a_series_stays_what_it_is(tmp_path: Path):
    run = write_run(tmp_path / "run", range(3))
    part = core.open(run)[:2]
    write_run(run, [3])
    assert part.refresh() is part


def test_many_snapshots_are_looked_at_again_without_being_read(tmp_path: Path):
    write_run(tmp_path, [0])
    content = tmp_path / "snap_000.hdf5"
    for number in range(1, 200):
        copy = tmp_path / f"snap_{number:03}.hdf5"
        shutil.copy(content, copy)
        with h5py.File(copy, "r+") as file:
            file["Header"].attrs["Time"] = np.array([0.01 * number])
    start = time.process_time()
    series = core.open(tmp_path)
    assert (len(series), series.notes) == (200, ())
    opening = time.process_time() - start
    start = time.process_time()
    assert series.refresh() is series
    # To look again costs no reading: about a hundredth is measured.
    assert time.process_time() - start < 0.2 * opening


def test_refresh_of_arrays_numbers_all_of_them_again(tmp_path: Path):
    for number in range(3):
        np.save(tmp_path / f"cube_{number}.npy", np.full((4, 4, 4), 1.0 + number))
    series = core.open(tmp_path, units="length=15 pc,mass=3375 Msun,time=7 kyr")
    np.testing.assert_allclose(series.times_myr, [0.0, 0.007, 0.014])
    np.save(tmp_path / "cube_3.npy", np.full((4, 4, 4), 4.0))
    longer = series.refresh()
    np.testing.assert_allclose(longer.times_myr, [0.0, 0.007, 0.014, 0.021])
    assert longer[3].density.mean() == pytest.approx(4.0)
