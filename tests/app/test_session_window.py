"""Sessions in the real window: saved, opened, located, recovered."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

import core
from app.exports.provenance import SESSION, save_image
from app.panels.fold import open_folds, set_open_folds
from app.sessions.autosave import autosave_folder
from app.sessions.commands import session_text
from app.sessions.locate_dialog import LocateDialog
from app.sessions.recovery import CRASHED
from app.sessions.session import Session, read_session, session_json, write_session
from app.view_state import CameraState
from tests.app.conftest import WAIT_MS

EYE = CameraState((120.0, -90.0, 60.0), (1.0, 2.0, 3.0), view_angle=20.0)


def wait_idle(qtbot, window) -> None:
    qtbot.waitUntil(
        lambda: window.jobs.running() is None and not window.sessions.is_restoring,
        timeout=WAIT_MS,
    )


@pytest.fixture
def run_file(sample_file, tmp_path) -> Path:
    """A copy of the sample that may be moved and changed."""
    folder = tmp_path / "run"
    folder.mkdir()
    return Path(shutil.copy(sample_file, folder / "explosion.shell.h5"))


@pytest.fixture
def arranged(qtbot, window, run_file):
    """A window in which everything is as nobody finds it at first."""
    window.open_paths([run_file])
    wait_idle(qtbot, window)
    document = window.document
    document.change_layers(("truth",), shell_level=0.8, cut=False)
    document.set_transfer(replace(document.transfer, range_dex=(-2.5, 0.75)))
    document.change_look(linked=False, slices=False)
    document.go_to(float(document.times_myr[3]))
    window.centre.columns["truth"].view.set_camera(EYE)
    window.actions_["left"].setChecked(False)
    window.forecast_panel.averaging.setCurrentIndex(0)
    return window


@pytest.fixture
def forecast(qtbot, arranged):
    """The same with a forecast."""
    time_myr = arranged.document.time_myr
    arranged.forecast()
    wait_idle(qtbot, arranged)
    arranged.document.go_to(time_myr)
    return arranged


def disarrange(qtbot, window) -> None:
    """Make everything another way, with nothing open."""
    window.actions_["close_file"].trigger()
    document = window.document
    document.change_layers(shell_level=0.3, cut=True, volume_opacity=0.1)
    document.change_look(linked=True, slices=True)
    window.centre.columns["truth"].view.reset_camera()
    window.actions_["left"].setChecked(True)
    set_open_folds(window, ("Particles and motion",))
    window.forecast_panel.averaging.setCurrentIndex(2)
    wait_idle(qtbot, window)


def save(qtbot, window, path: Path) -> Session:
    window.sessions.save(path)
    wait_idle(qtbot, window)
    return read_session(path).session


def test_everything_comes_back(qtbot, forecast, tmp_path, run_file, monkeypatch):
    window, document = forecast, forecast.document
    look, time_myr = document.look, document.time_myr
    model = document.forecast.provenance["model"]
    set_open_folds(window, ("Planes", "More surfaces"))
    path = tmp_path / "evening"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))
    window.actions_["save_session"].trigger()
    wait_idle(qtbot, window)
    path = tmp_path / "evening.shellsight"
    saved = read_session(path).session
    assert saved.source.files[0].relative == "run/explosion.shell.h5"
    assert saved.source.files[0].checksum
    assert "made again" in window.centre.notices.notice.text
    assert window.settings.recent_files[0] == path
    disarrange(qtbot, window)
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", lambda *args: ([str(path)], ""))
    window.actions_["open_session"].trigger()
    wait_idle(qtbot, window)
    assert document.source.path == run_file
    assert document.complete
    assert document.look == look
    assert document.time_myr == pytest.approx(time_myr)
    assert window.centre.columns["truth"].view.camera() == EYE
    assert window.centre.columns["forecast"].view.fitted
    assert window.docks["left"].isHidden()
    assert not window.actions_["left"].isChecked()
    assert open_folds(window) == ("More surfaces", "Planes")
    assert window.forecast_panel.averaging_count == 1
    assert len(document.forecasts) == 1
    assert document.forecast.provenance["model"] == model
    assert document.figures.comparison is not None
    # What was before the session cannot be undone into.
    assert not window.actions_["undo"].isEnabled()
    assert window.settings.recent_files[0] == path
    again = save(qtbot, window, path)
    assert replace(again, docks="") == replace(saved, docks="")


def test_forecasts_saved_beside_are_read_again(qtbot, forecast, tmp_path):
    window, document = forecast, forecast.document
    path = tmp_path / "evening.shellsight"
    save(qtbot, window, path)
    notice = window.centre.notices
    assert notice.remedy.text() == "Save It Beside"
    density = document.forecast.density[-1].copy()
    name = document.shown_forecast.name
    notice.remedy.click()
    wait_idle(qtbot, window)
    saved = read_session(path).session
    assert saved.forecasts[0].file.relative == "evening.forecast-1.shell.h5"
    assert (tmp_path / "evening.forecast-1.shell.h5").is_file()
    disarrange(qtbot, window)
    window.workflow.forecast = None  # it must not be asked for
    window.open_paths([path])
    wait_idle(qtbot, window)
    assert (document.forecast.density[-1] == density).all()
    assert document.shown_forecast.name == name
    # It is known where it is: the next session needs no other file.
    assert save(qtbot, window, path).forecasts[0].file.relative == "evening.forecast-1.shell.h5"


def test_a_moved_explosion_is_forecast_again_where_it_was(qtbot, forecast, tmp_path):
    window, document = forecast, forecast.document
    first = document.shown_forecast
    voxel = document.truth.size_pc / document.truth.n
    moved = replace(first.forecast, site_pc=(2 * voxel, 0.0, -voxel))
    document.set_forecast(moved, "Farther out", first.request, matches=False)
    path = tmp_path / "moved.shellsight"
    assert save(qtbot, window, path).forecasts[1].site_pc == moved.site_pc
    disarrange(qtbot, window)
    window.open_paths([path])
    wait_idle(qtbot, window)
    assert [each.name for each in document.forecasts] == [first.name, "Farther out"]
    again = document.shown_forecast
    assert again.name == "Farther out"
    assert again.forecast.site_pc == pytest.approx(moved.site_pc)
    assert not again.matches
    assert again.forecast.provenance["gas_beyond_the_cube"] == "edge"


def test_the_shipped_sample_is_found_wherever_it_is(qtbot, window, sample_file, tmp_path):
    window.open_sample()
    wait_idle(qtbot, window)
    path = tmp_path / "sample.shellsight"
    saved = save(qtbot, window, path)
    assert saved.source.sample
    elsewhere = replace(saved.source.files[0], path="/nowhere/sample.shell.h5", relative="")
    write_session(replace(saved, source=replace(saved.source, files=(elsewhere,))), path)
    disarrange(qtbot, window)
    window.open_paths([path])
    wait_idle(qtbot, window)
    assert window.document.source.path == sample_file


def test_a_run_that_moved_with_its_session_is_found(qtbot, arranged, tmp_path):
    path = tmp_path / "evening.shellsight"
    save(qtbot, arranged, path)
    arranged.actions_["close_file"].trigger()
    there = tmp_path / "archive"
    there.mkdir()
    for name in ("run", "evening.shellsight"):
        shutil.move(tmp_path / name, there / name)
    arranged.open_paths([there / "evening.shellsight"])
    wait_idle(qtbot, arranged)
    assert arranged.document.source.path == there / "run/explosion.shell.h5"


def test_a_file_that_moved_is_located(qtbot, arranged, tmp_path, run_file, monkeypatch):
    window = arranged
    path = tmp_path / "evening.shellsight"
    save(qtbot, window, path)
    look = window.document.look
    disarrange(qtbot, window)
    moved = tmp_path / "archive" / "renamed.shell.h5"
    moved.parent.mkdir()
    run_file.rename(moved)
    window.open_paths([path])
    dialog = window.findChild(LocateDialog)
    assert dialog.isVisible()
    assert not dialog.open_button.isEnabled()
    assert window.document.source is None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(moved), ""))
    dialog.buttons[0].click()
    assert dialog.open_button.isEnabled()
    dialog.open_button.click()
    wait_idle(qtbot, window)
    assert window.document.source.path == moved
    assert window.document.look == look
    # It is the same file under another name.
    assert window.centre.notices.notice is None or "content" not in (
        window.centre.notices.notice.text
    )


def test_declining_to_locate_leaves_everything_as_it_is(qtbot, arranged, tmp_path, run_file):
    window = arranged
    path = tmp_path / "evening.shellsight"
    saved = save(qtbot, window, path)
    gone = replace(saved.source.files[0], path="/nowhere/x.shell.h5", relative="")
    write_session(replace(saved, source=replace(saved.source, files=(gone,))), path)
    before = window.document.source, window.document.look
    window.open_paths([path])
    dialog = window.findChild(LocateDialog)
    dialog.reject()
    assert (window.document.source, window.document.look) == before


def test_a_forecast_that_is_gone_is_done_without(qtbot, forecast, tmp_path):
    window = forecast
    path = tmp_path / "evening.shellsight"
    save(qtbot, window, path)
    window.sessions.save_forecasts()
    wait_idle(qtbot, window)
    (tmp_path / "evening.forecast-1.shell.h5").unlink()
    disarrange(qtbot, window)
    window.open_paths([path])
    dialog = window.findChild(LocateDialog)
    assert dialog.open_button.text() == "Open Without"
    dialog.open_button.click()
    wait_idle(qtbot, window)
    # It was asked for once, and can be again.
    assert window.document.forecast is not None
    assert "was not found" in window.centre.notices.notice.text


def test_a_file_that_changed_is_told(qtbot, arranged, tmp_path, run_file):
    window = arranged
    path = tmp_path / "evening.shellsight"
    save(qtbot, window, path)
    disarrange(qtbot, window)
    content = core.load(run_file)
    core.save(replace(content, energy_erg=2e51), run_file)
    window.open_paths([path])
    wait_idle(qtbot, window)
    qtbot.waitUntil(lambda: window.centre.notices.notice is not None, timeout=WAIT_MS)
    assert "when the session was saved" in window.centre.notices.notice.text
    assert window.centre.notices.notice.level == "warning"
    assert window.document.complete


def test_bad_sessions_leave_everything_as_it_is(qtbot, arranged, tmp_path):
    window = arranged
    before = window.document.source, window.document.look, window.document.forecast
    good = json.loads(window.sessions.text())
    good["session"]["look"]["truth"]["cut"] = "perhaps"
    for text, words in (
        ("{", "bad.shellsight"),
        (json.dumps(good), "session.look.truth.cut must be true or false"),
    ):
        (tmp_path / "bad.shellsight").write_text(text)
        window.open_paths([tmp_path / "bad.shellsight"])
        assert words in window.centre.notices.notice.text
        assert window.centre.notices.notice.level == "error"
    window.open_paths([tmp_path / "bad.shellsight", tmp_path / "other.hdf5"])
    assert "by itself" in window.centre.notices.notice.text
    assert (window.document.source, window.document.look, window.document.forecast) == before
    window.sessions.save(tmp_path / "nowhere" / "a.shellsight")
    wait_idle(qtbot, window)
    assert "a.shellsight" in window.centre.notices.notice.text


def test_a_picture_brings_its_session_back(qtbot, arranged, tmp_path, run_file):
    window = arranged
    look = window.document.look
    picture = tmp_path / "figure.png"
    text = session_text(window, picture)
    save_image(window.centre.picture(1), picture, {SESSION: text})
    disarrange(qtbot, window)
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(picture))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    plain = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), copy, mime, left, plain)
    QApplication.sendEvent(window, enter)
    drop = QDropEvent(QPointF(300, 300), copy, mime, left, plain)
    QApplication.sendEvent(window, drop)
    qtbot.waitUntil(lambda: window.document.source is not None, timeout=WAIT_MS)
    wait_idle(qtbot, window)
    assert window.document.source.path == run_file
    assert window.document.look == look
    assert window.settings.recent_files[0] == picture


def test_opening_something_else_ends_the_restoring(qtbot, forecast, tmp_path, sample_file):
    window = forecast
    path = tmp_path / "evening.shellsight"
    save(qtbot, window, path)
    disarrange(qtbot, window)
    window.open_paths([path])
    window.open_paths([sample_file])
    wait_idle(qtbot, window)
    assert window.document.source.path == sample_file
    assert window.document.forecast is None


def test_a_cube_of_a_large_box_comes_back_where_it_was_cut(qtbot, window, snapshots, tmp_path):
    from core.cutout import Cutout
    from tests.app.galaxy import write_galaxy

    folder = write_galaxy(tmp_path / "galaxy.hdf5")
    window.open_paths([folder])
    wait_idle(qtbot, window)
    document = window.document
    assert document.choosing
    place = replace(document.place, cutout=Cutout((70.0, 80.0, 90.0), 40.0))
    document.move(place)
    place = document.place
    path = tmp_path / "box.shellsight"
    assert save(qtbot, window, path).choosing
    window.reading.cut()
    wait_idle(qtbot, window)
    sites = document.sites
    cut = save(qtbot, window, tmp_path / "cut.shellsight")
    assert not cut.choosing
    disarrange(qtbot, window)
    window.open_paths([tmp_path / "cut.shellsight"])
    wait_idle(qtbot, window)
    assert not document.choosing
    assert document.place == place
    assert document.truth.center_pc == place.center_pc
    assert document.sites == sites
    window.open_paths([path])
    wait_idle(qtbot, window)
    assert document.choosing
    assert document.place == place


# ---------------------------------------------------------------- crashes


def test_what_is_open_is_written_down_and_gone_in_the_end(qtbot, window, run_file):
    recovery = window.recovery
    assert recovery.save() is None
    window.open_paths([run_file])
    wait_idle(qtbot, window)
    job = recovery.save()
    qtbot.waitUntil(lambda: not job.is_running, timeout=WAIT_MS)
    assert read_session(recovery.path).session.source.files[0].path == str(run_file)
    assert recovery.save() is None  # nothing has changed
    window.document.change_look(slices=False)
    job = recovery.save()
    qtbot.waitUntil(lambda: not job.is_running, timeout=WAIT_MS)
    assert not read_session(recovery.path).session.look.slices
    assert not recovery.look()  # one's own is none that was left behind
    window.close()
    assert list(autosave_folder().iterdir()) == []


def test_it_is_not_written_down_if_nobody_wants_it(qtbot, window, run_file):
    window.recovery.set_interval(0)
    window.open_paths([run_file])
    wait_idle(qtbot, window)
    assert not window.recovery._soon.isActive()
    assert not autosave_folder().exists() or list(autosave_folder().iterdir()) == []


LEFT = """
import sys, time
from pathlib import Path
from app.sessions.autosave import Autosave
autosave = Autosave()
autosave.write(Path(sys.argv[1]).read_text())
print("written", flush=True)
time.sleep(60)
"""


@pytest.fixture
def other_window(tmp_path):
    """A program that has a session open, until it is killed."""
    processes = []

    def begin(text: str) -> subprocess.Popen:
        path = tmp_path / "left.json"
        path.write_text(text)
        process = subprocess.Popen(
            [sys.executable, "-c", LEFT, str(path)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout.readline() == "written\n"
        return process

    yield begin
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_after_a_crash_it_is_offered(qtbot, arranged, other_window):
    window = arranged
    look, path = window.document.look, window.document.source.path
    process = other_window(window.sessions.text())
    disarrange(qtbot, window)
    # As long as the other program lives, what it has open is its own.
    assert not window.recovery.look()
    process.kill()
    process.wait()
    window.start()
    assert window.document.source is None
    notice = window.centre.notices
    assert notice.notice.text == CRASHED
    assert window.actions_["recover"].isEnabled()
    notice.remedy.click()
    wait_idle(qtbot, window)
    assert window.document.source.path == path
    assert window.document.look == look
    assert not window.actions_["recover"].isEnabled()


def test_with_a_file_to_open_the_offer_waits_until_it_is_there(
    qtbot, window, run_file, other_window
):
    from app.data.source import OpenRequest

    process = other_window(session_json(Session()))
    process.kill()
    process.wait()
    window.start(OpenRequest((run_file,)))
    wait_idle(qtbot, window)
    assert window.document.source.path == run_file
    assert window.centre.notices.notice.text == CRASHED
    window.close()
    assert list(autosave_folder().iterdir()) == []


RUN = """
import sys
from PySide6.QtCore import QTimer
import app.main, app.sessions.recovery
app.sessions.recovery.SOON_MS = 100
sys.exit(app.main.main(sys.argv[1:]))
"""


def test_a_program_that_is_killed_loses_nothing(qapp, window, qtbot, run_file, tmp_path):
    write_session(Session(time_myr=0.5), tmp_path / "empty.shellsight")
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(run_file)],
        env=os.environ | {"XDG_CACHE_HOME": str(tmp_path)},
        cwd=Path(__file__).parents[2],
    )
    try:
        deadline = time.monotonic() + 60
        while not list(autosave_folder().glob("*.shellsight")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.1)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    window.start()
    assert window.centre.notices.notice.text == CRASHED
    qtbot.mouseClick(window.centre.notices.remedy, Qt.MouseButton.LeftButton)
    wait_idle(qtbot, window)
    assert window.document.source.path == run_file
