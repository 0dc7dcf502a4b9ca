"""Movies: what they show when, and the files they become."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import multiprocessing.spawn
import os
import shutil
import sys
from itertools import pairwise

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from app.exports.helper_process import run_apart
from app.exports.movie import save_movie
from app.exports.pictures import MOST_AREA, Material, Sheet, Shot
from app.exports.reel import Reel, moments, movie_sheet
from app.exports.render import shot_of
from core.errors import Cancelled, InvalidRequest, ShellsightError
from tests.helpers import analytic_evolution

SHEET = Sheet(131, 97, fine=False)


@pytest.fixture(scope="module")
def shot():
    return shot_of({"truth": analytic_evolution(16, 4, dimple=0.2)})


def test_time_passes_evenly_and_turntables_can_go_on():
    times = np.array([0.0, 0.01, 0.1])
    plan = moments(Reel("both", 10, 1.0), times, 0.05)
    assert len(plan) == 10
    assert plan[0] == (0.0, 0.0)
    assert plan[-1] == (pytest.approx(0.1), pytest.approx(324.0))
    assert np.allclose(np.diff([time for time, _ in plan]), 0.1 / 9)
    assert {time for time, _ in moments(Reel("turntable", 5, 1.0), times, 0.05)} == {0.05}
    assert {angle for _, angle in moments(Reel("time", 5, 1.0), times, 0.05)} == {0.0}
    assert len(moments(Reel("time", 1, 0.1), times, 0.05)) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: Reel("fly"),
        lambda: Reel(fps=0),
        lambda: Reel(seconds=0.0),
        lambda: Reel(seconds=1e9),
        lambda: Sheet(10, 100),
        lambda: Sheet(10_000, 100),
        lambda: Sheet(100, 100, 5),
        lambda: Sheet(8192, 8192, 4),
    ],
)
def test_what_cannot_be_is_refused(make):
    with pytest.raises(InvalidRequest):
        make()


def test_sheets_of_movies_are_even():
    sheet = movie_sheet(Sheet(131, 97, transparent=True))
    assert (sheet.width, sheet.height, sheet.transparent) == (130, 96, False)
    assert Sheet(8192, 8192).n_pixels <= MOST_AREA


def test_an_mp4_plays_and_says_where_it_comes_from(qapp, shot, tmp_path):
    told = []
    path = tmp_path / "a.mp4"
    save_movie(shot, SHEET, Reel("both", 8, 1.0), 0.0, path, progress=lambda f, t: told.append(f))
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
    reader = imageio_ffmpeg.read_frames(str(path))
    about = next(reader)
    frames = [np.frombuffer(frame, np.uint8) for frame in reader]
    assert about["size"] == (130, 96)
    assert about["pix_fmt"].startswith("yuv420p")
    assert about["fps"] == 8
    assert len(frames) == 8
    # It moves: no two pictures are alike.
    assert all(np.abs(a.astype(int) - b).max() > 20 for a, b in pairwise(frames))
    assert told == sorted(told)
    assert told[-1] == 1.0
    note = path.read_bytes()
    assert b"analytic" in note
    assert b"shellsight" in note


def test_a_gif_loops_and_says_where_it_comes_from(qapp, shot, tmp_path):
    path = save_movie(shot, SHEET, Reel("time", 4, 1.0), 0.0, tmp_path / "a.gif")
    with Image.open(path) as gif:
        assert gif.size == (130, 96)
        assert gif.n_frames == 4
        assert gif.info["loop"] == 0
        assert gif.info["duration"] == 250
        about = json.loads(gif.info["comment"])
        assert about["reel"] == {
            "motion": "time",
            "fps": 4,
            "seconds": 1.0,
            "interpolated": "in log density between 4 snapshots",
        }
        assert about["views"] == ["truth"]
        gif.seek(3)
        gif.load()
    assert [file.name for file in tmp_path.iterdir()] == ["a.gif"]


def test_a_cancelled_movie_leaves_nothing(qapp, shot, tmp_path):
    drawn = []

    def cancelled() -> bool:
        drawn.append(1)
        return len(drawn) > 2

    with pytest.raises(Cancelled):
        save_movie(shot, SHEET, Reel("both", 8, 1.0), 0.0, tmp_path / "a.mp4", cancelled=cancelled)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.avi", "missing/a.mp4"])
def test_other_names_are_refused(qapp, shot, tmp_path, name):
    with pytest.raises(InvalidRequest):
        save_movie(shot, SHEET, Reel(), 0.0, tmp_path / name)


def test_views_without_data_are_refused(qapp, tmp_path):
    empty = Shot(Material(), ("truth",))
    with pytest.raises(InvalidRequest, match="no truth"):
        save_movie(empty, SHEET, Reel(), 0.0, tmp_path / "a.mp4")
    with pytest.raises(InvalidRequest, match="choose a view"):
        Shot(Material(), ()).check()


# ---------------------------------------------------------------- in a process of its own


WORK = """
import os
import time

from core.errors import Cancelled, InvalidRequest, UnknownFormat

def answers(number, *, progress, cancelled):
    progress(0.5, "half")
    return number + 1, os.getpid()

def gives_back(sequence, told, *, progress, cancelled):
    return sequence.density, dict(sequence.provenance), told

def refuses(*, progress, cancelled):
    raise InvalidRequest("Not so.")

def refuses_at_length(*, progress, cancelled):
    raise UnknownFormat("a", {"b": "c"})

def breaks(*, progress, cancelled):
    return 1 / 0

def dies(*, progress, cancelled):
    os._exit(3)

def waits(*, progress, cancelled):
    progress(0.1, "waiting")
    while not cancelled():
        time.sleep(0.01)
    raise Cancelled("This")

def sleeps(*, progress, cancelled):
    progress(0.1, "asleep")
    time.sleep(1000)
"""


@pytest.fixture
def work(tmp_path, monkeypatch):
    """A module that another process finds as well."""
    (tmp_path / "work_apart.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("work_apart")
    sys.modules.pop("work_apart")


def test_work_is_done_elsewhere(work):
    told = []
    number, process = run_apart(work.answers, 4, progress=lambda f, t: told.append((f, t)))
    assert number == 5
    assert process != os.getpid()
    assert told == [(0.5, "half")]


@pytest.mark.parametrize(
    ("name", "error", "words"),
    [
        ("refuses", InvalidRequest, "Not so"),
        ("refuses_at_length", ShellsightError, "not a snapshot"),
        ("breaks", RuntimeError, "division by zero"),
        ("dies", ShellsightError, "code 3"),
    ],
)
def test_errors_come_back(work, name, error, words):
    with pytest.raises(error, match=words):
        run_apart(getattr(work, name), what="The test")


def test_arrays_arrive_as_they_are(work, tmp_path):
    evolution = analytic_evolution(64, 6)  # more than is sent at once
    told = {"wide": np.arange(24.0).reshape(4, 6).T, "none": np.empty((0, 3)), "name": "ä"}
    np.save(tmp_path / "mapped.npy", np.arange(10**5))
    told["mapped"] = np.load(tmp_path / "mapped.npy", mmap_mode="r")
    density, provenance, again = run_apart(work.gives_back, evolution.sequence, told)
    np.testing.assert_array_equal(density, evolution.density)
    assert provenance == evolution.sequence.provenance
    np.testing.assert_array_equal(again["wide"], told["wide"])
    np.testing.assert_array_equal(again["mapped"], told["mapped"])
    assert (again["none"].shape, again["name"]) == ((0, 3), "ä")


def test_a_process_that_dies_before_it_listens_is_noticed(work):
    usual = multiprocessing.spawn.get_executable()
    multiprocessing.set_executable(shutil.which("false"))
    try:
        with pytest.raises(ShellsightError, match="broke off: its process ended with code 1"):
            run_apart(work.gives_back, np.ones(10**6), {}, what="The test")
    finally:
        multiprocessing.set_executable(usual)


@pytest.mark.parametrize("name", ["waits", "sleeps"])
def test_it_can_be_stopped(work, name):
    begun = []
    with pytest.raises(Cancelled):
        run_apart(
            getattr(work, name),
            progress=lambda f, t: begun.append(t),
            cancelled=lambda: bool(begun),
        )
