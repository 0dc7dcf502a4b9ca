"""Pictures, movies and surfaces from the window, through its dialogs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog

from app.exports.export_choice import MovieChoice, PictureChoice, recalled, to_remember
from app.exports.export_dialog import MovieDialog, PictureDialog
from app.exports.provenance import PROVENANCE, SESSION, read_png_text
from app.exports.surface_dialog import SurfaceDialog
from tests.app.conftest import WAIT_MS

SMALL = PictureChoice(width=160, height=120)


def wait_idle(qtbot, window) -> None:
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=4 * WAIT_MS)


@pytest.fixture
def opened(qtbot, window, sample_file):
    window.open_paths([sample_file])
    wait_idle(qtbot, window)
    window.document.go_to(0.021)
    return window


@pytest.fixture
def folder(tmp_path) -> Path:
    """Where only what is exported arrives."""
    made = tmp_path / "exported"
    made.mkdir()
    return made


def dialog(window, kind):
    return next((d for d in window.findChildren(kind) if d.isVisible()), None)


def answer(monkeypatch, path: Path) -> None:
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(path), ""))


def test_a_picture_through_the_dialog(qtbot, opened, folder, monkeypatch):
    window = opened
    window.actions_["save_picture"].trigger()
    asked = dialog(window, PictureDialog)
    assert asked.views.count() == 1  # no forecast yet
    # The window shows slices: so does the picture, unless one does not want it.
    assert asked.slices.isChecked()
    asked.preset.setCurrentIndex(0)
    asked.preset.activated.emit(0)
    column = window.centre.columns["truth"]
    assert asked.height_spin.value() == column.height()
    asked.slices.click()
    assert asked.height_spin.value() == column.view.height()
    assert asked.preset.currentIndex() == 0
    asked.slices.click()
    asked.width_spin.setValue(200)
    asked.height_spin.setValue(160)
    assert asked.preset.currentData() is None
    asked.scale.setCurrentIndex(asked.scale.findData(2))
    assert "400 × 320 pixels" in asked.note.text()
    answer(monkeypatch, folder / "picture")
    asked.export.click()
    assert asked.bar.isVisible()
    wait_idle(qtbot, window)
    qtbot.waitUntil(lambda: dialog(window, PictureDialog) is None)
    path = folder / "picture.png"
    image = QImage(str(path))
    assert (image.width(), image.height()) == (400, 320)
    assert len({image.pixel(x, y) for x in range(0, 400, 7) for y in range(0, 320, 7)}) > 50
    told = read_png_text(path)
    about = json.loads(told[PROVENANCE])
    assert about["time_myr"] == pytest.approx(0.021)
    assert about["views"] == ["truth"]
    assert about["picture"]["slices"]
    assert json.loads(told[SESSION])
    assert [file.name for file in folder.iterdir()] == ["picture.png"]
    # Remembered, with how long it took.
    window.actions_["save_picture"].trigger()
    again = dialog(window, PictureDialog)
    assert (again.width_spin.value(), again.scale.currentData()) == (200, 2)
    assert "about" in again.note.text()
    again.width_spin.setValue(8192)
    again.height_spin.setValue(8192)
    again.scale.setCurrentIndex(again.scale.findData(4))
    assert not again.export.isEnabled()
    assert "too many" in again.note.text()


def test_a_movie_can_be_cancelled_and_leaves_nothing(qtbot, opened, folder, monkeypatch):
    window = opened
    window.actions_["export_movie"].trigger()
    asked = dialog(window, MovieDialog)
    asked.width_spin.setValue(162)
    asked.height_spin.setValue(100)
    asked.seconds.setValue(60.0)
    asked.motion.setCurrentIndex(asked.motion.findData("both"))
    assert "1500 pictures of 162 × 100" in asked.note.text()
    assert "interpolated between 5 snapshots" in asked.note.text()
    asked.between.setCurrentIndex(asked.between.findData("never"))
    assert "each shown until the next" in asked.note.text()
    asked.motion.setCurrentIndex(asked.motion.findData("turntable"))
    assert not asked.between.isEnabled()
    assert "snapshots" not in asked.note.text()
    asked.motion.setCurrentIndex(asked.motion.findData("both"))
    answer(monkeypatch, folder / "movie.mp4")
    asked.export.click()
    qtbot.waitUntil(lambda: asked.bar.value() > 0, timeout=4 * WAIT_MS)
    assert window.actions_["cancel"].isEnabled()
    asked.cancel.click()
    wait_idle(qtbot, window)
    qtbot.waitUntil(lambda: asked.export.isEnabled(), timeout=WAIT_MS)
    assert asked.isVisible()
    qtbot.waitUntil(lambda: not list(folder.iterdir()), timeout=WAIT_MS)
    asked.close()


def test_the_clipboard_gets_a_picture(qtbot, opened):
    opened.settings.remember("picture", to_remember(SMALL))
    QGuiApplication.clipboard().clear()
    column = opened.centre.columns["truth"]
    size = 2 * column.size()  # a notice will take some of it
    opened.actions_["copy_picture"].trigger()
    wait_idle(qtbot, opened)
    qtbot.waitUntil(lambda: not QGuiApplication.clipboard().image().isNull(), timeout=WAIT_MS)
    assert QGuiApplication.clipboard().image().size() == size


def test_surfaces_through_the_dialog(qtbot, opened, folder, monkeypatch):
    window = opened
    assert window.actions_["export_surfaces"].isEnabled()
    window.actions_["export_surfaces"].trigger()
    asked = dialog(window, SurfaceDialog)
    assert "All 5 frames" in asked.frames.itemText(1)
    assert "density is 0.5 of" in asked.note.text()
    asked.frames.setCurrentIndex(1)
    asked.format.setCurrentIndex(asked.format.findData(".vtp"))
    answer(monkeypatch, folder / "shell.vtp")
    asked.export.click()
    wait_idle(qtbot, window)
    # The first of the five frames has no shell.
    assert len(list(folder.glob("shell_000?.vtp"))) == 4
    assert window.centre.notices.notice.text.startswith("Saved 4 surfaces")


def test_what_cannot_be_written_is_said(qtbot, opened, folder):
    assert opened.exports.save_picture(folder / "a.bmp", SMALL) is None
    assert opened.centre.notices.notice.level == "error"
    assert ".png" in opened.centre.notices.notice.text
    assert opened.exports.save_movie(folder / "no" / "a.mp4", MovieChoice()) is None
    assert "no" in opened.centre.notices.notice.text


@pytest.mark.parametrize(
    "values",
    [
        {"width": "wide"},
        {"width": 10**6},
        {"scale": 4, "width": 8192, "height": 8192},
        {"suffix": ".exe"},
        {"views": "everything"},
        {"annotations": 1},
        {"unknown": 3},
        {},
    ],
)
def test_nonsense_is_not_remembered(values):
    assert recalled(PictureChoice(), values) == PictureChoice()


def test_choices_are_remembered():
    movie = MovieChoice(
        motion="both", fps=12, seconds=2.5, suffix=".gif", views="third", between="never"
    )
    assert recalled(MovieChoice(), json.loads(json.dumps(to_remember(movie)))) == movie
