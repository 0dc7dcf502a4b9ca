"""Finding commands by a few letters, and why a command is off; without a window."""

from __future__ import annotations

import pytest

from app.actions import COMMANDS
from app.document import Document
from app.guidance.search import LAST_REASONS, REASONS, match, why_not
from app.view_state import TransferFunction
from tests.helpers import analytic_evolution


def best(query: str, texts: list[str]) -> str:
    found = {text: match(query, text) for text in texts}
    return max((t for t, m in found.items() if m is not None), key=lambda t: found[t].score)


def test_letters_must_occur_in_order():
    assert match("ofi", "Open File") is not None
    assert match("ifo", "Open File") is None
    assert match("zz", "Open File") is None
    assert match("", "Open File").score == 0.0


def test_the_places_of_the_letters_are_told():
    found = match("opf", "Open File")
    assert found.places == (0, 1, 5)
    assert match("FILE", "open file").places == (5, 6, 7, 8)
    assert match("f i l e", "open file").places == (5, 6, 7, 8)


def test_a_letter_that_grows_in_small_type_is_no_trouble():
    assert "İx".lower() != "i̇x"[:2]
    assert match("x", "İx").places == (1,)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("of", "Open File"),
        ("fold", "Open Folder"),
        ("fore", "Forecast"),
        ("cp", "Command Palette"),
        ("rc", "Reset Camera"),
        ("cam", "Reset Camera"),
    ],
)
def test_starts_of_words_and_runs_of_letters_win(query, wanted):
    texts = ["Save Forecast", "Forecast", "Open File", "Open Folder", "Reset Camera"]
    assert best(query, [*texts, "Command Palette", "Look for Candidates"]) == wanted


def test_why_not_says_what_comes_first():
    document = Document()
    assert why_not("save_forecast", document) == "Nothing is open"
    assert why_not("play", document) == "Nothing is open"
    assert why_not("cancel", document) == "Nothing is going on"


def test_why_not_asks_for_a_forecast_only_where_one_is_needed(sample_source):
    document = Document()
    source, evolution = sample_source
    document.open_source(source, evolution.sequence, evolution.control)
    assert why_not("save_forecast", document) == "There is no forecast yet"
    assert why_not("play", document) == "There is only one frame"
    assert why_not("cut_out", document) == "This cube is cut out already"
    document.set_transfer(TransferFunction(range_dex=(0.0, 1.0)))
    assert why_not("undo", document) == "There is nothing to undo"


@pytest.fixture
def sample_source(tmp_path):
    from app.data.source import Source

    evolution = analytic_evolution(16, 3)
    times = tuple(float(t) for t in evolution.times_myr)
    source = Source(
        path=tmp_path / "a.h5", name="a", format="Shellsight", n_frames=3, times_myr=times
    )
    return source, evolution


def test_reasons_are_given_for_commands_there_are():
    known = {command.key for command in COMMANDS}
    assert set(REASONS) | set(LAST_REASONS) <= known
