"""Undo and redo, first without a window, then through its keys."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.data.place import Place
from app.data.source import Source
from app.document import Document
from app.history import MAX_EDITS, MERGE_S, History, describe, differences, with_values
from app.look import Look
from core.cutout import Cutout
from tests.helpers import analytic_evolution


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Mouse:
    is_held = False

    def __call__(self) -> bool:
        return self.is_held


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def mouse():
    return Mouse()


@pytest.fixture
def document():
    return Document()


@pytest.fixture
def history(document, clock, mouse):
    return History(document, mouse, clock)


def later(clock):
    clock.now += MERGE_S + 0.1


def open_something(document, name="run"):
    evolution = analytic_evolution(8, 3, uniform=True)
    times = tuple(evolution.times_myr)
    document.open_source(Source(Path(name), name, "SWIFT", 3, times), evolution.sequence)


def test_needs_no_qt():
    code = "import sys, app.history; sys.exit(any(m.startswith('PySide6') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_nothing_to_undo_at_first(history):
    assert history.undo() == history.redo() == ""
    assert (history.undo_text, history.redo_text) == ("", "")


def test_undoing_and_doing_again(document, history, clock):
    first = document.look
    document.change_layers(cut=False)
    later(clock)
    document.change_layers(("forecast",), shell_opacity=0.5)
    second = document.look
    assert history.undo_text == "opacity of shell (forecast)"
    assert history.undo() == "opacity of shell (forecast)"
    assert document.layers("forecast").shell_opacity == 1.0
    assert history.undo_text == "cut"
    history.undo()
    assert document.look == first
    assert history.undo() == ""
    history.redo()
    history.redo()
    assert document.look == second
    assert history.redo() == ""


def test_a_new_edit_after_undoing_drops_what_was_undone(document, history, clock):
    document.change_look(slices=False)
    later(clock)
    history.undo()
    document.change_look(linked=False)
    assert history.redo_text == ""
    history.undo()
    assert document.look == Look()


def test_changes_of_one_field_in_quick_succession_are_one_edit(document, history, clock):
    for step in range(10):
        document.change_layers(volume_opacity=0.9 - 0.05 * step)
        clock.now += 0.1
    assert len(history) == 1
    document.change_layers(cut=False)  # another field
    assert len(history) == 2
    later(clock)
    document.change_layers(cut=True)  # the same one, but much later
    assert len(history) == 3
    for _ in range(3):
        history.undo()
    assert document.look == Look()


def test_a_drag_is_one_edit_however_long_it_rests(document, history, clock, mouse):
    mouse.is_held = True
    for opacity in (0.9, 0.6, 0.3):
        document.change_layers(volume_opacity=opacity)
        clock.now += 20
    mouse.is_held = False
    history.release()
    assert len(history) == 1
    mouse.is_held = True
    document.change_layers(volume_opacity=0.1)
    assert len(history) == 2
    history.undo()
    assert document.layers("truth").volume_opacity == 0.3
    history.undo()
    assert document.layers("truth").volume_opacity == 1.0


def test_going_back_where_one_came_from_is_no_edit(document, history):
    document.change_layers(volume_opacity=0.5)
    document.change_layers(volume_opacity=1.0)
    assert len(history) == 0
    assert history.undo_text == ""


def test_what_the_program_sets_by_itself_is_no_edit_and_stays(document, history, clock):
    document.change_layers(cut=False)
    later(clock)
    fitted = replace(document.transfer, range_dex=(-3.0, 2.0))
    document.set_look(replace(document.look, transfer=fitted), edit=False)
    assert history.undo_text == "cut"
    history.undo()
    assert document.layers("truth").cut
    assert document.transfer == fitted


def test_places_are_undone_too(document, history, clock, monkeypatch):
    from app.data.place import Box

    box = Box((200.0,) * 3, (0.0,) * 3, True)
    monkeypatch.setattr(Source, "box", box)
    evolution = analytic_evolution(8, 3, uniform=True)
    first = Place(Cutout((100.0, 100.0, 100.0), 60.0))
    source = Source(Path("run"), "run", "SWIFT", 3, tuple(evolution.times_myr))
    document.open_source(source, evolution.sequence, place=first)
    assert len(history) == 0
    second = replace(first, cutout=Cutout((40.0, 90.0, 160.0), 60.0))
    document.move(second)
    later(clock)
    document.move(replace(second, n=64))
    assert history.undo_text == "place of cube"
    history.undo()
    assert document.place == second
    history.undo()
    assert document.place == first
    history.redo()
    assert document.place == second
    # Another cube of the same file: what was done can still be undone.
    document.set_cube(source, evolution.sequence, None, second)
    assert history.undo_text == "place of cube"


def test_another_file_forgets_the_edits(document, history):
    open_something(document)
    document.change_layers(cut=False)
    evolution = analytic_evolution(8, 4, uniform=True)
    document.set_truth(document.source, evolution.sequence)
    assert len(history) == 1
    open_something(document, "another")
    assert len(history) == 0
    document.change_layers(cut=True)
    document.close()
    assert history.undo() == ""


def test_only_so_many_edits_are_kept(document, history, clock):
    for step in range(MAX_EDITS + 20):
        document.change_look(slices=step % 2 == 1)
        later(clock)
    assert len(history) == MAX_EDITS


def test_listeners_hear_of_every_change(document, history):
    heard: list[str] = []
    history.on_change(lambda: heard.append(history.undo_text))
    document.change_look(slices=False)
    history.undo()
    assert heard == ["slices", ""]


def test_words_for_edits():
    assert describe((("truth", "cut"), ("forecast", "cut"), ("third", "cut"))) == "cut"
    assert describe((("truth", "volume"),)) == "gas (truth)"
    assert describe((("transfer", "range_dex"), ("transfer", "colormap"))) == "colours"
    assert describe((("truth", "cut"), ("forecast", "box"))) == "layers"
    assert describe((("slices",), ("truth", "box"))) == "look"
    assert describe((("some_new_field",),)) == "some new field"


_changes = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from([("truth",), ("forecast",), ("truth", "forecast", "third")]),
            st.one_of(
                st.fixed_dictionaries({"volume_opacity": st.floats(0, 1)}),
                st.fixed_dictionaries({"cut": st.booleans(), "box": st.booleans()}),
                st.fixed_dictionaries({"shell_level": st.floats(0.05, 0.95)}),
            ),
        ),
        st.tuples(st.none(), st.fixed_dictionaries({"slices": st.booleans()})),
    ),
    max_size=12,
)


@given(_changes)
@settings(max_examples=60, deadline=None)
def test_undoing_all_and_redoing_all_goes_there_and_back(changes):
    document, clock = Document(), Clock()
    history = History(document, clock=clock)
    states = [document.look]
    for roles, values in changes:
        if roles is None:
            document.change_look(**values)
        else:
            document.change_layers(roles, **values)
        later(clock)
        if document.look != states[-1]:
            states.append(document.look)
    for look in reversed(states):
        assert document.look == look
        history.undo()
    for look in states:
        assert document.look == look
        history.redo()


@given(_changes)
@settings(max_examples=40, deadline=None)
def test_differences_are_all_there_is_between_two_looks(changes):
    look = Look()
    for roles, values in changes:
        look = replace(look, **values) if roles is None else look.with_layers(roles, **values)
    found = differences(Look(), look)
    assert with_values(Look(), {path: after for path, (_, after) in found.items()}) == look
    assert with_values(look, {path: before for path, (before, _) in found.items()}) == Look()


def test_the_edit_menu_undoes_what_the_panels_do(qtbot, window, sample_file):
    from PySide6.QtCore import Qt

    undo, redo = window.actions_["undo"], window.actions_["redo"]
    assert not undo.isEnabled()
    assert undo.text() == "Undo"
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.document.complete, timeout=30_000)
    # Opening a file fits the colours: that is none of the user's edits.
    assert not undo.isEnabled()
    look = window.document.look
    window.actions_["cut"].trigger()
    assert undo.isEnabled()
    assert undo.text() == "Undo cut"
    qtbot.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert window.document.look == look
    assert window.actions_["cut"].isChecked()
    assert not undo.isEnabled()
    assert redo.text() == "Redo cut"
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(window, Qt.Key.Key_Z, both)
    assert not window.document.layers("truth").cut
    window.actions_["close_file"].trigger()
    assert not undo.isEnabled()
    assert undo.text() == "Undo"
