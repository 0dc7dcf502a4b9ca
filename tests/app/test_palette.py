"""The command palette and the sheet of keys, by keyboard alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from app.actions import COMMANDS
from app.forecasts.forecasting import Choice
from app.guidance.keys_dialog import KeysDialog, columns, sheet
from app.guidance.palette import Entry, Palette
from app.theme import Theme


def palette_on_screen() -> Palette | None:
    return next(
        (w for w in QApplication.topLevelWidgets() if isinstance(w, Palette) and w.isVisible()),
        None,
    )


@pytest.fixture
def shown(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    palette = palette_on_screen()
    assert palette is not None
    yield palette
    if (left := palette_on_screen()) is not None:
        left.close()


def test_ctrl_k_lists_every_command(window, shown):
    texts = shown.texts()
    for command in COMMANDS:
        if command.key and command.key != "palette":
            assert window.actions_[command.key].text().rstrip("…") in texts
    assert shown.list.currentRow() == 0


def test_the_other_keys_open_it_too(qtbot, window):
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_P, both)
    assert palette_on_screen() is not None
    palette_on_screen().close()


def test_typing_and_enter_do_a_command(qtbot, window, shown):
    qtbot.keyClicks(shown.line, "slices")
    assert shown.current.text == "Slices"
    assert shown.current.checked
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    assert not window.document.look.slices
    assert palette_on_screen() is None
    # What was done last comes first the next time.
    window.guidance.show_palette()
    assert palette_on_screen().texts()[0] == "Slices"
    palette_on_screen().close()


def test_letters_typed_do_not_reach_the_window(qtbot, window, shown):
    qtbot.keyClicks(shown.line, "sx")
    assert window.document.look.slices
    assert window.document.layers("truth").cut
    qtbot.keyClick(shown.line, Qt.Key.Key_Escape)
    assert palette_on_screen() is None


def test_what_cannot_be_done_says_why_and_stays(qtbot, window, shown):
    qtbot.keyClicks(shown.line, "save forecast")
    assert not shown.current.enabled
    assert shown.current.why == "Nothing is open"
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)
    assert palette_on_screen() is shown


def test_arrows_go_round(qtbot, shown):
    count = shown.list.count()
    qtbot.keyClick(shown.line, Qt.Key.Key_Up)
    assert shown.list.currentRow() == count - 1
    qtbot.keyClick(shown.line, Qt.Key.Key_Down)
    assert shown.list.currentRow() == 0
    qtbot.keyClick(shown.line, Qt.Key.Key_PageDown)
    assert shown.list.currentRow() == 10
    qtbot.keyClicks(shown.line, "zzzz")
    assert shown.nothing.isVisible()
    assert shown.current is None
    qtbot.keyClick(shown.line, Qt.Key.Key_Return)


def test_files_and_models_are_found(qtbot, window, sample_file):
    window.settings.add_recent(sample_file)
    window.forecast_panel.set_networks([Choice("a", "first"), Choice("b", "second")])
    window.guidance.show_palette()
    palette = palette_on_screen()
    assert f"Open {sample_file.name}" in palette.texts()
    qtbot.keyClicks(palette.line, "model second")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert window.forecast_panel.model == "b"


def test_a_fit_of_the_menu_comes_after_those_of_the_name(qtbot, qapp, window):
    done = []
    entries = [
        Entry("Dark", "View", lambda: done.append("dark")),
        Entry("Viewers", "Other", lambda: done.append("viewers")),
    ]
    palette = Palette(entries, Theme("dark"), window)
    palette.search("view")
    assert palette.texts() == ["Viewers", "Dark"]
    palette.choose()
    assert done == ["viewers"]


def test_the_sheet_has_every_shortcut():
    rows = {row.what: row.keys for lines in sheet().values() for row in lines}
    for command in COMMANDS:
        if command.shortcut:
            assert command.text.rstrip("…") in rows
    assert rows["Command Palette"] == "Ctrl+K or Ctrl+Shift+P"
    assert "Drop a file" in rows.values()


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_columns_keep_the_order_and_number(count):
    groups = sheet()
    shared = columns(groups, count)
    assert len(shared) <= count
    assert [name for column in shared for name in column] == list(groups)


def test_the_sheet_is_searched(qtbot, window):
    qtbot.keyClick(window, Qt.Key.Key_Question)
    dialog = window.findChild(KeysDialog)
    everything = len(dialog.lines())
    qtbot.keyClicks(dialog.search, "camera")
    assert 0 < len(dialog.lines()) < everything
    assert all("camera" in f"{row.keys} {row.what} {row.tip}".lower() for row in dialog.lines())
    dialog.search.setText("mouse")
    assert {row.keys for row in dialog.lines()} >= {"Wheel", "Drag"}
    dialog.search.setText("qqq")
    assert dialog.lines() == []
    assert dialog.nothing.isVisible()
    dialog.close()
