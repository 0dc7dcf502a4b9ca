"""The real window, driven as a person would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

import core
import core.resources
from app.data.units_dialog import UnitsDialog
from app.guidance.dialogs import AboutDialog, DetailsDialog
from app.guidance.keys_dialog import KeysDialog
from app.settings import Settings
from tests.app.conftest import WAIT_MS


def idle(window) -> bool:
    return window.jobs.running() is None


def wait_idle(qtbot, window) -> None:
    qtbot.waitUntil(lambda: idle(window), timeout=WAIT_MS)


@pytest.fixture
def opened(qtbot, window, sample_file):
    """The window with the sample open and nothing forecast."""
    window.open_paths([sample_file])
    wait_idle(qtbot, window)
    assert window.document.complete
    return window


@pytest.fixture
def forecast(qtbot, opened):
    """The same with a forecast, which has left the first frame, at the first frame again."""
    opened.forecast()
    wait_idle(qtbot, opened)
    assert opened.document.forecast is not None
    assert opened.document.frame > 0
    qtbot.keyClick(opened, Qt.Key.Key_Home)
    assert opened.document.frame == 0
    return opened


def dialog(window, kind):
    return next((d for d in window.findChildren(kind) if d.isVisible()), None)


def test_starts_empty_and_says_what_to_do(window):
    assert window.centre.stack.currentIndex() == 0
    assert "Drop a snapshot here" in window.centre.start_page.heading.text()
    assert not window.actions_["forecast"].isEnabled()


def test_first_start_shows_the_sample_with_its_forecast(qtbot, window):
    window.start()
    qtbot.waitUntil(
        lambda: idle(window) and window.document.figures.comparison is not None, timeout=WAIT_MS
    )
    document = window.document
    assert document.control is not None
    assert len(document.forecast) == 20
    assert document.figures.comparison.control_source == "given"
    assert window.forecast_panel.network.count() >= 1
    assert window.forecast_panel.device.itemData(0) == "auto"
    # A time at which there is a shell to see.
    assert window.document.frame > 0
    assert window.centre.columns["forecast"].view.frame == window.document.frame
    assert window.measurements.rows()
    # The sample is always there: it needs no place among the recent files.
    assert window.settings.recent_files == []


def test_the_shipped_sample_brings_its_control(qtbot, window):
    try:
        path = core.resources.sample_path()
    except core.errors.ShellsightError:
        pytest.skip("no sample is shipped")
    window.open_paths([path])
    wait_idle(qtbot, window)
    assert window.document.complete
    assert len(window.document.control) == len(window.document.truth) > 1
    assert window.document.figures.curve("truth", 0.5).mean_pc[-1] > 3


def test_scrubbing_moves_every_view(qtbot, forecast):
    window = forecast
    qtbot.keyClick(window, Qt.Key.Key_Right)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert window.document.frame == 2
    for column in window.centre.columns.values():
        assert column.view.frame == column.slice.frame == 2
    assert window.plots.radius.time_line.value() == pytest.approx(0.014)
    qtbot.keyClick(window, Qt.Key.Key_Left)
    assert window.document.frame == 1
    qtbot.keyClick(window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.document.frame > 1, timeout=5000)
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert not window.timeline.is_playing


def test_opening_a_directory_shows_frames_as_they_come(qtbot, window, snapshots):
    window.open_paths([snapshots / "swift_turbulent_a"])
    qtbot.waitUntil(lambda: window.document.truth is not None, timeout=WAIT_MS)
    assert window.centre.columns["truth"].view.frame == 0
    wait_idle(qtbot, window)
    assert len(window.document.truth) == 20
    assert window.document.truth[0].mass_msun == pytest.approx(324_000, rel=1e-4)
    window.forecast()
    wait_idle(qtbot, window)
    assert window.document.figures.comparison.control_source == "forecast"
    assert "forecast" in window.measurements.note.text()
    window.open_control(snapshots / "swift_turbulent_a_control")
    wait_idle(qtbot, window)
    assert window.document.figures.comparison.control_source == "given"
    radius = window.document.figures.curve("truth", 0.5).mean_pc
    assert 8 < radius[-1] < 16
    assert [path.name for path in window.settings.recent_files] == ["swift_turbulent_a"]


def test_cancelling_leaves_everything_as_it_was(qtbot, forecast, slow_forecast):
    window = forecast
    before = window.document.forecast, window.document.figures
    qtbot.keyClick(window, Qt.Key.Key_F)
    assert window.forecast_panel.button.text() == "Cancel"
    qtbot.waitUntil(lambda: window.forecast_panel.progress.value() > 0, timeout=WAIT_MS)
    assert window.forecast() is None
    qtbot.keyClick(window, Qt.Key.Key_Escape)
    wait_idle(qtbot, window)
    qtbot.waitUntil(lambda: window.forecast_panel.button.text() == "Forecast", timeout=5000)
    assert (window.document.forecast, window.document.figures) == before


def test_closing_during_a_forecast_waits_for_it(qtbot, opened, slow_forecast):
    window = opened
    job = window.forecast()
    qtbot.waitUntil(lambda: window.forecast_panel.progress.value() > 0, timeout=WAIT_MS)
    assert window.close()
    assert job.is_cancelled
    assert not job._thread.isRunning()


def test_closing_while_reading(qtbot, window, snapshots):
    window.open_paths([snapshots / "swift_turbulent_a"])
    assert window.close()
    assert idle(window)


CLOSE_AFTER = """
import sys
from PySide6.QtCore import QTimer
import app.main, app.window
start = app.window.Window.start
def start_and_close(window, paths):
    start(window, paths)
    QTimer.singleShot({after_ms}, window, window.close)
app.window.Window.start = start_and_close
sys.exit(app.main.main(sys.argv[1:]))
"""


@pytest.mark.parametrize("after_ms", [0, 700, 2500])
def test_the_program_ends_cleanly_whenever_it_is_closed(qapp, sample_file, tmp_path, after_ms):
    homes = {f"XDG_{name}_HOME": str(tmp_path) for name in ("CONFIG", "STATE", "CACHE")}
    process = subprocess.run(
        [sys.executable, "-c", CLOSE_AFTER.format(after_ms=after_ms), str(sample_file)],
        env=os.environ | homes,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    assert "Traceback" not in process.stderr


def test_bad_files_leave_the_window_usable(qtbot, forecast, bad_file):
    window = forecast
    before = window.document.source, window.document.truth, window.document.forecast
    window.open_paths([bad_file])
    wait_idle(qtbot, window)
    assert (window.document.source, window.document.truth, window.document.forecast) == before
    assert window.centre.notices.isVisible()
    assert bad_file.name in window.centre.notices.notice.text or "box" in (
        window.centre.notices.notice.text
    )
    window.centre.notices.show_details()
    assert dialog(window, DetailsDialog) is not None
    dialog(window, DetailsDialog).close()
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert window.document.frame == 1
    window.forecast()
    wait_idle(qtbot, window)
    assert window.document.forecast is not before[2]


def test_missing_units_are_asked_for(qtbot, window, unitless_file):
    window.open_paths([unitless_file])
    qtbot.waitUntil(lambda: dialog(window, UnitsDialog) is not None, timeout=WAIT_MS)
    asked = dialog(window, UnitsDialog)
    assert "box = 60 pc" in asked.consequence.text()
    assert window.document.source is None
    asked.accept()
    wait_idle(qtbot, window)
    assert window.document.source.path == unitless_file
    assert window.document.truth[0].size_pc == 60


def test_declining_the_units_opens_nothing(qtbot, window, unitless_file):
    window.open_paths([unitless_file])
    qtbot.waitUntil(lambda: dialog(window, UnitsDialog) is not None, timeout=WAIT_MS)
    dialog(window, UnitsDialog).reject()
    assert window.document.source is None
    assert idle(window)


def test_dropping_a_file_opens_it(qtbot, window, sample_file):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(sample_file))])
    copy, left = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton
    plain = Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(300, 300), copy, mime, left, plain)
    QApplication.sendEvent(window, enter)
    assert enter.isAccepted()
    assert window.status.text.full_text == "Drop to open"
    drop = QDropEvent(QPointF(300, 300), copy, mime, left, plain)
    QApplication.sendEvent(window, drop)
    qtbot.waitUntil(lambda: window.document.source is not None, timeout=WAIT_MS)
    wait_idle(qtbot, window)
    assert window.settings.recent_files == [sample_file]
    window.top.recent.aboutToShow.emit()
    assert window.top.recent.actions()[0].text() == str(sample_file)


def test_saving(qtbot, forecast, tmp_path, monkeypatch):
    window = forecast
    names = iter(["table.csv", "saved.shell.h5"])
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", lambda *args: (str(tmp_path / next(names)), "")
    )
    for key in ("export_comparison", "save_forecast"):
        window.actions_[key].trigger()
        wait_idle(qtbot, window)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    assert lines[0].startswith("# ")
    table = [line for line in lines if not line.startswith("#")]
    assert table[0].startswith("time_myr,")
    assert len(table) == 1 + 5
    saved = core.load(tmp_path / "saved.shell.h5")
    assert isinstance(saved, core.Forecast)
    window.open_paths([tmp_path / "saved.shell.h5"])
    wait_idle(qtbot, window)
    assert window.document.truth is None
    assert len(window.document.forecast) == 20
    assert not window.actions_["forecast"].isEnabled()


def test_saving_where_nothing_can_be_written(qtbot, forecast, tmp_path):
    forecast.exports.save_picture(tmp_path / "nowhere" / "a.png")
    assert forecast.centre.notices.notice.level == "error"
    forecast.workflow.export_comparison(tmp_path / "nowhere" / "a.csv")
    wait_idle(qtbot, forecast)
    assert "a.csv" in forecast.centre.notices.notice.text


def test_a_control_that_does_not_cover_the_truth_is_refused(qtbot, opened, tmp_path):
    window = opened
    early = window.document.control.at([0.0, 0.007])
    core.save(early, tmp_path / "early.shell.h5")
    before = window.document.control
    window.open_control(tmp_path / "early.shell.h5")
    wait_idle(qtbot, window)
    assert window.document.control is before
    assert "covers 0 to 0.007 Myr" in window.centre.notices.notice.text


def test_cameras_are_linked_until_told_otherwise(qtbot, forecast):
    truth, other = (column.view for column in forecast.centre.columns.values())
    moved = truth.camera().__class__((10.0, 200.0, 50.0))
    truth.set_camera(moved)
    qtbot.waitUntil(lambda: other.camera() == moved, timeout=2000)
    forecast.actions_["link"].trigger()
    forecast.centre.reset_camera()
    qtbot.keyClick(forecast, Qt.Key.Key_R)
    assert truth.camera() != moved


def test_panels_fold_and_themes_change(qtbot, opened):
    window = opened
    for name in ("left", "bottom", "right"):
        window.actions_[name].trigger()
        assert window.docks[name].isHidden()
        window.actions_[name].trigger()
        assert window.docks[name].isVisible()
    window.actions_["slices"].trigger()
    assert not window.centre.columns["truth"].slice.isVisible()
    window.actions_["light"].trigger()
    assert window.settings.theme == "light"
    assert window.theme.name == "light"
    window.top.theme_button.click()
    assert window.theme.name == "dark"
    window.actions_["cut"].trigger()
    assert not window.document.layers("truth").cut


def test_dialogs_open(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_Question)
    assert dialog(window, KeysDialog) is not None
    dialog(window, KeysDialog).close()
    window.actions_["about"].trigger()
    about = dialog(window, AboutDialog)
    assert "vtk 9" in about.text.toPlainText()
    about.close()


def test_geometry_is_remembered(qtbot, window):
    window.actions_["left"].trigger()
    window.close()
    assert window.settings.geometry("geometry") is not None
    assert window.settings.geometry("docks") is not None


def test_docks_and_open_sections_are_as_they_were_at_the_next_start(qtbot, window):
    assert not any(fold.is_open for fold in window.layers.folds)
    window.actions_["left"].trigger()
    window.actions_["bottom"].trigger()
    window.actions_["bottom"].trigger()
    window.layers.folds[1].head.click()
    window.close()
    from app.window import Window

    again = Window(Settings(window.settings._store))
    qtbot.addWidget(again)
    assert {name: dock.isHidden() for name, dock in again.docks.items()} == {
        "left": True,
        "bottom": False,
        "right": False,
    }
    assert not again.actions_["left"].isChecked()
    assert [fold.is_open for fold in again.layers.folds] == [False, True, False]
    # What is damaged opens nothing.
    again.settings.remember("folds", {"open": 3})
    assert again.settings.open_folds == ()
    again.close()


def test_closing_a_file_empties_the_window(qtbot, forecast):
    forecast.actions_["close_file"].trigger()
    wait_idle(qtbot, forecast)
    assert forecast.document.source is None
    assert forecast.centre.stack.currentIndex() == 0
    assert forecast.measurements.rows() == []


def test_closing_a_file_in_the_moment_its_forecast_arrives(qtbot, opened):
    opened.forecast().wait()  # it has ended, and nobody has heard of it yet
    opened.document.close()
    wait_idle(qtbot, opened)
    assert opened.document.forecast is None
    assert opened.forecast_panel.button.text() == "Forecast"


def test_every_command_has_a_tip(window):
    for key, action in window.actions_._actions.items():
        assert action.toolTip(), key
    assert json.dumps(sorted(window.actions_._actions))
