from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from app.data.source import Source
from app.document import Document
from app.events import (
    ComparisonChanged,
    Event,
    ForecastChanged,
    ForecastsChanged,
    LayersChanged,
    LookChanged,
    OverviewChanged,
    PlaceChanged,
    SourceChanged,
    TimeChanged,
    TruthChanged,
)
from app.figures import Figures
from tests.helpers import analytic_evolution


@pytest.fixture
def evolution():
    return analytic_evolution(8, 6, uniform=True)


@pytest.fixture
def source(evolution):
    return Source(Path("run"), "run", "SWIFT", len(evolution), tuple(evolution.times_myr), (60.0,))


@pytest.fixture
def document():
    return Document()


@pytest.fixture
def heard(document):
    events: list[Event] = []
    for kind in Event.__subclasses__():
        document.subscribe(kind, events.append)
    return events


def kinds(events):
    return [type(event) for event in events]


def test_needs_no_qt():
    code = "import sys, app.document; sys.exit(any(m.startswith('PySide6') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_starts_empty(document):
    assert document.source is None
    assert document.frame == 0
    assert len(document.times_myr) == 0
    assert not document.complete
    assert not document.step(1)


def test_opening_forgets_what_was_there(document, heard, source, evolution):
    document.open_source(source, evolution.sequence)
    document.set_forecast(evolution)
    heard.clear()
    document.open_source(source, evolution.sequence)
    assert document.forecast is None
    assert kinds(heard) == [
        SourceChanged,
        TruthChanged,
        ForecastsChanged,
        ForecastChanged,
        ComparisonChanged,
        PlaceChanged,
        OverviewChanged,
        TimeChanged,
    ]


def test_is_complete_when_all_frames_came(document, source, evolution):
    first = evolution.sequence.at(evolution.times_myr[:1])
    document.open_source(source, first)
    assert not document.complete
    document.set_truth(source, evolution.sequence)
    assert document.complete


def test_new_frames_leave_the_time_alone(document, source, evolution):
    document.open_source(source, evolution.sequence.at(evolution.times_myr[:3]))
    document.go_to(0.014)
    document.set_truth(source, evolution.sequence)
    assert document.time_myr == pytest.approx(0.014)


def test_times_are_those_of_the_truth_then_of_the_forecast_alone(document, source, evolution):
    # Times of files are rounded: frames of both that are nearly alike count once.
    early = evolution.sequence.at(evolution.times_myr[:4] + np.array([0, 1e-6, -0.0, 1e-6]))
    document.open_source(source, early)
    document.set_forecast(evolution)
    assert len(document.times_myr) == 6
    np.testing.assert_array_equal(document.times_myr[:4], early.times_myr)


def test_one_snapshot_takes_the_times_of_its_forecast(document, source, evolution):
    document.open_source(source, evolution.sequence.at([0.0]))
    document.set_forecast(evolution)
    np.testing.assert_allclose(document.times_myr, evolution.times_myr)


def test_steps_stop_at_the_end_or_go_round(document, heard, source, evolution):
    document.open_source(source, evolution.sequence)
    assert document.step(-1) is False
    assert document.step(-1, wrap=True)
    assert document.frame == 5
    assert document.step(1) is False
    assert document.step(1, wrap=True)
    assert document.frame == 0


def test_going_to_the_time_shown_tells_nobody(document, heard, source, evolution):
    document.open_source(source, evolution.sequence)
    heard.clear()
    document.go_to(0.0071)
    document.go_to(0.0069)
    assert heard == [TimeChanged(pytest.approx(0.007))]


def test_a_control_makes_old_figures_void(document, heard, source, evolution):
    document.open_source(source, evolution.sequence)
    document.set_forecast(evolution)
    document.set_figures(Figures(curves={"truth": ()}))
    document.set_control(source, evolution.control)
    assert document.control is evolution.control
    assert document.figures.curves == {}


def test_layers_may_differ_between_views(document, heard):
    document.change_layers(("truth",), shell=False)
    document.change_layers(shell_level=0.9)
    assert not document.layers("truth").shell
    assert document.layers("forecast").shell
    assert document.layers("forecast").shell_level == 0.9
    assert kinds(heard) == 2 * [LayersChanged, LookChanged]


def test_closing_keeps_the_look(document, source, evolution):
    document.open_source(source, evolution.sequence)
    document.change_layers(cut=False)
    document.close()
    assert document.source is None
    assert document.truth is None
    assert not document.layers("truth").cut
