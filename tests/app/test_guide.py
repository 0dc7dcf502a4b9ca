"""The guide, and that what it says is there."""

from __future__ import annotations

import re

import pytest
from PySide6.QtCore import Qt

from app.actions import COMMANDS, key_text
from app.guidance.guide_dialog import GuideDialog, guide_path


@pytest.fixture(scope="module")
def text() -> str:
    return guide_path().read_text(encoding="utf-8")


@pytest.fixture
def guide(qtbot) -> GuideDialog:
    dialog = GuideDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    qtbot.waitExposed(dialog)
    return dialog


def test_its_pictures_are_there(text):
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert len(pictures) >= 8
    missing = [name for name in pictures if not (guide_path().parent / name).is_file()]
    assert missing == []


def test_its_keys_do_something(text):
    keys = {key_text(k) for c in COMMANDS for k in (c.shortcut, c.also) if c.key and k}
    named = set(
        re.findall(r"\*\*((?:Ctrl|Shift|Alt|F\d)[^*\s]*|[A-Z?\]\[]|Space|Return|Esc)\*\*", text)
    )
    assert len(named) >= 20
    assert named - keys == set()


def test_its_commands_are_in_the_menus(text):
    titles = {command.text for command in COMMANDS}
    menus = {command.menu for command in COMMANDS} | {"File"}
    named = [part.split(", ") for part in re.findall(r"\*((?:File|Help|Forecast), [^*]+)\*", text)]
    assert len(named) >= 5
    for path in named:
        assert path[0] in menus
        assert path[-1] in titles, path


def test_its_contents_go_to_the_sections(qtbot, guide, text):
    sections = re.findall(r"^## (.+)$", text, re.MULTILINE)
    listed = [guide.contents.item(row).text() for row in range(guide.contents.count())]
    assert listed == sections
    bar = guide.page.verticalScrollBar()
    places = []
    for row in range(4):
        guide.contents.setCurrentRow(row)
        places.append(bar.value())
    assert places == sorted(set(places))


def test_pictures_are_no_wider_than_the_page(qtbot, guide):
    for width in (1100, 760):
        guide.resize(width, 600)
        qtbot.waitUntil(lambda: guide.page.horizontalScrollBar().maximum() == 0)


def test_it_is_searched_round_and_round(qtbot, guide):
    qtbot.keyClicks(guide.search, "hausdorff")
    assert guide.page.textCursor().selectedText() == "Hausdorff"
    first = guide.page.textCursor().position()
    qtbot.keyClick(guide.search, Qt.Key.Key_Return)
    assert guide.page.textCursor().selectedText() == "Hausdorff"
    assert guide.page.textCursor().position() == first  # there is one, which is found again
    assert guide.isVisible()
    guide.search.setText("no such word at all")
    assert guide.search.property("wrong")
    guide.search.clear()
    assert not guide.search.property("wrong")


def test_the_window_shows_it_where_it_was_left(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_F1)
    guide = window.guidance._guide
    assert guide.isVisible()
    guide.contents.setCurrentRow(5)
    place = guide.page.verticalScrollBar().value()
    guide.reject()
    window.actions_["guide"].trigger()
    assert guide.isVisible()
    assert guide.page.verticalScrollBar().value() == place
