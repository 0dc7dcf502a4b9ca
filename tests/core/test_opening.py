"""Opening: odd paths, the format asked for, units given."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import core
from core.errors import (
    AmbiguousFormat,
    CorruptSnapshot,
    InvalidRequest,
    MissingUnits,
    NoSnapshots,
    ShellsightError,
    UnknownFormat,
)
from tests.core.synthetic import SNAPSHOTS, needs_snapshots, write_gadget, write_swift, write_well

ROOT = Path(__file__).resolve().parents[2]

# ---------------------------------------------------------------- odd paths


@pytest.mark.timeout(20)
def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path: Path):
    pipe = tmp_path / "pipe.hdf5"
    os.mkfifo(pipe)
    with pytest.raises(InvalidRequest, match=r"pipe\.hdf5: is a named pipe"):
        core.open(pipe)
    with socket.socket(socket.AF_UNIX) as server:
        # The path of a socket must be short.
        here = Path.cwd()
        os.chdir(tmp_path)
        try:
            server.bind("s")
        finally:
            os.chdir(here)
        with pytest.raises(InvalidRequest, match="is a socket"):
            core.open(tmp_path / "s")
    with pytest.raises(InvalidRequest, match="is a device"):
        core.open("/dev/zero")
    # In a directory they are not even looked at.
    write_swift(tmp_path / "snap_0.hdf5")
    assert len(core.open(tmp_path)) == 1
    assert len(core.open(tmp_path / "*")) == 1


def test_links_in_circles_and_to_nowhere_are_said(tmp_path: Path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    (tmp_path / "c").symlink_to(tmp_path / "absent")
    with pytest.raises(InvalidRequest, match="lead in circles"):
        core.open(tmp_path / "a")
    with pytest.raises(InvalidRequest, match="leads to no file"):
        core.open(tmp_path / "c")
    with pytest.raises(NoSnapshots, match="no files"):
        core.open(tmp_path)
    write_swift(tmp_path / "snap_0.hdf5")
    assert len(core.open(tmp_path)) == 1


def test_a_pattern_that_matches_nothing_is_said(tmp_path: Path):
    with pytest.raises(NoSnapshots, match=r"snap_\*\.hdf5: no file matches this pattern"):
        core.open(tmp_path / "snap_*.hdf5")
    (tmp_path / "file.txt").write_text("text")
    with pytest.raises(InvalidRequest, match=r"file\.txt/snap\.hdf5: no such file"):
        core.open(tmp_path / "file.txt" / "snap.hdf5")


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 5000])
def test_names_that_cannot_be_are_refused(name: str):
    with pytest.raises(InvalidRequest):
        core.open(name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said(tmp_path: Path):
    path = write_swift(tmp_path / "snap_0.hdf5")
    write_swift(tmp_path / "snap_1.hdf5", time=0.2)
    path.chmod(0)
    with pytest.raises(InvalidRequest, match=r"snap_0\.hdf5: cannot be opened"):
        core.open(path)
    series = core.open(tmp_path)
    assert len(series) == 1
    assert "snap_0.hdf5 is left out: cannot be opened" in series.notes[0]
    tmp_path.chmod(0)
    try:
        with pytest.raises(InvalidRequest, match="Permission denied"):
            core.open(tmp_path)
    finally:
        tmp_path.chmod(0o700)


def test_directories_in_an_empty_one_are_pointed_to(tmp_path: Path):
    write_swift((tmp_path / "run_a").mkdir() or tmp_path / "run_a" / "snap_0.hdf5")
    with pytest.raises(NoSnapshots, match="directories in it to open instead: run_a"):
        core.open(tmp_path)
    (tmp_path / "readme.md").write_text("text")
    with pytest.raises(UnknownFormat, match="directories in it to open instead: run_a"):
        core.open(tmp_path)


def test_home_is_expanded(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    write_swift(tmp_path / "snap_0.hdf5")
    assert len(core.open("~/snap_0.hdf5")) == 1
    assert len(core.open("~/snap_*.hdf5")) == 1


def test_names_that_are_not_utf8_are_read_and_shown(tmp_path: Path):
    odd = os.fsdecode(bytes(tmp_path) + b"/sn\xe9p_0.hdf5")
    write_swift(tmp_path / "plain.hdf5").rename(odd)
    assert len(core.open(odd)[0]) == 64
    assert len(core.open(tmp_path)) == 1
    done = subprocess.run(
        [sys.executable, "-m", "core", "info", odd, "--headers"],
        cwd=ROOT,
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stderr
    assert b"sn\xe9p_0.hdf5: SWIFT" in done.stdout


def test_thousands_of_other_files_are_no_hindrance(tmp_path: Path):
    for number in range(3000):
        (tmp_path / f"log_{number}.txt").write_text("step")
    with pytest.raises(UnknownFormat, match=r"log_0\.txt"):
        core.open(tmp_path)
    write_swift(tmp_path / "snap_0.hdf5")
    assert len(core.open(tmp_path)) == 1


# ---------------------------------------------------------------- the format asked for


def test_formats_are_listed_and_asked_for_in_any_spelling(tmp_path: Path):
    assert {"SWIFT", "Gadget", "The Well", "Shellsight"} <= set(core.formats())
    path = write_gadget(tmp_path / "a.hdf5")
    for spelling in ("Gadget", "gadget", "GADGET-4", "arepo", "GIZMO"):
        assert core.open(path, format=spelling).format == "Gadget"
    with pytest.raises(InvalidRequest) as caught:
        core.open(path, format="fortran")
    for name in core.formats():
        assert name in str(caught.value)


def test_a_reader_that_says_no_says_why_and_what_it_is(tmp_path: Path):
    path = write_swift(tmp_path / "a.hdf5")
    with pytest.raises(UnknownFormat, match=r"Gadget: written by SWIFT.*It looks like SWIFT") as e:
        core.open(path, format="gadget")
    assert e.value.looks_like == ("SWIFT",)
    assert set(e.value.reasons) == {"Gadget"}


def test_a_format_asked_for_chooses_among_several(tmp_path: Path):
    write_swift(tmp_path / "a.hdf5")
    write_gadget(tmp_path / "b.hdf5", Time=0.5)
    with pytest.raises(AmbiguousFormat) as caught:
        core.open(tmp_path)
    assert set(caught.value.formats) == {"SWIFT", "Gadget"}
    for format in caught.value.formats:
        series = core.open(tmp_path, format=format)
        assert (series.format, len(series)) == (format, 1)
        (note,) = series.notes
        assert "is left aside: the format is" in note


# ---------------------------------------------------------------- units


def test_units_given_instead_of_those_stated_are_said(tmp_path: Path):
    path = write_swift(tmp_path / "a.hdf5")
    series = core.open(path, units="length=kpc,mass=Msun,velocity=km/s")
    assert series.box_pc == pytest.approx((60_000.0,) * 3)
    (note,) = series.notes
    assert "units given (length=1000.0 pc" in note
    assert "a.hdf5 states" in note
    assert core.open(path, units=str(core.open(path).units)).notes == ()
    silent = write_gadget(tmp_path / "b.hdf5", units=None)
    assert core.open(silent, units="length=pc,mass=Msun,velocity=km/s").notes == ()


def test_missing_units_offer_what_fits(tmp_path: Path):
    path = write_well(tmp_path / "w.hdf5", velocity_kms=48.9)
    with pytest.raises(MissingUnits) as caught:
        core.open(path)
    assert core.open(path, units=caught.value.offer).units.velocity_kms == pytest.approx(
        48.9, rel=1e-3
    )


def test_what_was_given_earlier_is_not_the_librarys_business(tmp_path: Path, monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    from core.remembered_units import remember

    path = write_gadget(tmp_path / "a.hdf5", units=None)
    remember(path, core.UnitSystem(1.0, 1.0, 1.0))
    with pytest.raises(MissingUnits):
        core.open(path)


# ---------------------------------------------------------------- snapshots that are directories


@needs_snapshots
@pytest.mark.parametrize("what", ["", "output_00003", "output_00003/info_00003.txt", "output_*"])
def test_ramses_opens_by_any_of_its_names(what: str):
    pytest.importorskip("yt")
    series = core.open(SNAPSHOTS / "ramses_blast" / what)
    assert (series.format, series.kind, len(series)) == ("RAMSES", "cells", 1)
    assert series.times_myr[0] == pytest.approx(0.0140, abs=1e-4)


# ---------------------------------------------------------------- a writer at work


def test_a_file_held_open_by_its_writer_is_left_for_later(tmp_path: Path):
    write_swift(tmp_path / "snap_0.hdf5", time=0.0)
    path = write_swift(tmp_path / "snap_1.hdf5", time=0.1)
    code = (
        "import h5py, sys; file = h5py.File(sys.argv[1], 'r+'); print(flush=True); input(); "
        "file['Header'].attrs['Time'] = [0.2]; file.close()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdout.readline()
        series = core.open(tmp_path)
        assert len(series) == 1
        assert "snap_1.hdf5 is still being written" in series.notes[0]
        assert series.refresh() is series
        with pytest.raises(CorruptSnapshot, match="another program is writing it"):
            core.open(path)
        writer.communicate("\n", timeout=60)
    longer = series.refresh()
    assert len(longer) == 2
    assert longer.times_myr[-1] == pytest.approx(0.2 * 0.977792, rel=1e-4)


def test_watching_a_writer_never_fails_and_ends_complete(tmp_path: Path):
    source = write_swift(tmp_path / "source.hdf5").read_bytes()
    run = tmp_path / "run"
    run.mkdir()
    write_swift(run / "snap_0.hdf5", time=0.0)
    stop = threading.Event()

    def write() -> None:
        with (run / "snap_1.hdf5").open("wb") as file:
            for start in range(0, len(source), 1000):
                file.write(source[start : start + 1000])
                file.flush()
                time.sleep(0.005)
        stop.set()

    writer = threading.Thread(target=write)
    series = core.open(run)
    writer.start()
    lengths = []
    while not stop.is_set():
        series = series.refresh()
        lengths.append(len(series))
    writer.join()
    series = series.refresh()
    assert lengths == sorted(lengths)
    assert len(series) == 2
    assert series.notes == ()


def test_errors_are_the_librarys_own(tmp_path: Path):
    for what in (tmp_path / "no", tmp_path, [tmp_path, tmp_path / "no"]):
        with pytest.raises(ShellsightError):
            core.open(what)
