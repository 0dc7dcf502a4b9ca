"""Finding something by a few letters of its name, and why a command cannot be given. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.document import Document

_START, _RUN, _GAP, _LATE = 8.0, 5.0, 0.6, 0.1
"""What a letter at the start of a word or right after the last one is worth, and what a letter
left out between two, or before the first, costs."""


@dataclass(frozen=True)
class Match:
    """How well a text fits what was typed.

    Parameters
    ----------
    score : float
        The greater, the better.
    places : tuple of int
        The letters of the text that were typed.
    """

    score: float
    places: tuple[int, ...] = ()


def match(query: str, text: str) -> Match | None:
    """Compare what was typed with a text.

    Every letter typed must occur in the text, in order; letters at the start
    of words and letters in a row count most. Spaces typed are ignored.

    Parameters
    ----------
    query : str
        What was typed.
    text : str
        The text.

    Returns
    -------
    Match or None
        The best way the letters fit; None if they do not.
    """
    letters = "".join(query.lower().split())
    if not letters:
        return Match(0.0)
    low = text.lower()
    if len(low) != len(text):  # a letter whose small form is longer: places would be wrong
        low = text
    # best[j]: the best match of the letters so far whose last one is at j.
    best: dict[int, Match] = {}
    for index, letter in enumerate(letters):
        now: dict[int, Match] = {}
        for place, other in enumerate(low):
            if other != letter:
                continue
            worth = _START if place == 0 or not low[place - 1].isalnum() else 1.0
            if index == 0:
                now[place] = Match(worth - _LATE * place, (place,))
                continue
            found: Match | None = None
            for last, before in best.items():
                if last >= place:
                    continue
                gap = place - last - 1
                score = before.score + (max(worth, _RUN) if gap == 0 else worth - _GAP * gap)
                if found is None or score > found.score:
                    found = Match(score, (*before.places, place))
            if found is not None:
                now[place] = found
        best = now
    if not best:
        return None
    return max(best.values(), key=lambda m: m.score)


Check = Callable[[Document], bool]

STAGES: tuple[tuple[Check, str], ...] = (
    (lambda d: d.source is not None, "Nothing is open"),
    (lambda d: not d.choosing, "Cut out a cube first"),
    (lambda d: d.truth is None or d.complete, "Frames are still being read"),
    (lambda d: d.forecast is not None, "There is no forecast yet"),
)
"""What a command may need, from the first to the last."""

REASONS: dict[str, str] = {
    "cancel": "Nothing is going on",
    "undo": "There is nothing to undo",
    "redo": "There is nothing to redo",
    "recover": "No crash has left anything",
}
"""Why a command is off whenever it is."""

LAST_REASONS: dict[str, str] = {
    "forecast": "A forecast goes on, or there is no gas to forecast",
    "watch": "Only snapshots can be watched",
    "control_folder": "A saved forecast has no truth to compare with",
    "control_file": "A saved forecast has no truth to compare with",
    "load_sites": "Only of snapshots can a cube be cut out",
    "find_sites": "Only of snapshots can a cube be cut out",
    "cut_out": "This cube is cut out already",
    "choose_place": "The cube is all there is",
    "play": "There is only one frame",
    "step_back": "There is only one frame",
    "step_on": "There is only one frame",
    "first": "There is only one frame",
    "last": "There is only one frame",
    "export_ids": "Particles, and a forecast of them, are needed",
    "export_subset": "SWIFT or Gadget particles, and a forecast of them, are needed",
}
"""Why a command is off although something is open; these never wait for a forecast."""


def why_not(key: str, document: Document) -> str:
    """Say why a command that is off cannot be given.

    Parameters
    ----------
    key : str
        The command.
    document : Document
        What is open.

    Returns
    -------
    str
        A few words.
    """
    if key in REASONS:
        return REASONS[key]
    own = LAST_REASONS.get(key)
    for check, reason in STAGES[: 1 if own else None]:
        if not check(document):
            return reason
    return own or "Not with what is open"
