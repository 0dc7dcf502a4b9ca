"""Progress of a part as that of the whole."""

from __future__ import annotations

import pytest

from core.progress import part_of


def test_a_part_fills_its_share_of_the_whole():
    told: list[tuple[float, str]] = []
    part = part_of(lambda fraction, text: told.append((fraction, text)), 0.2, 0.6)
    assert part is not None
    part(0.0, "begins")
    part(0.5, "goes on")
    part(1.0, "ends")
    assert [fraction for fraction, _ in told] == pytest.approx([0.2, 0.4, 0.6])
    assert [text for _, text in told] == ["begins", "goes on", "ends"]


def test_a_part_can_be_given_a_text_and_needs_a_listener():
    told: list[str] = []
    part = part_of(lambda _, text: told.append(text), 0.0, 1.0, "Reading")
    assert part is not None
    part(0.5, "row 7")
    assert told == ["Reading"]
    assert part_of(None, 0.0, 1.0) is None
