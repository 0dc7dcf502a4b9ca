"""Several forecasts of one snapshot, kept and compared. Without a window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.data.source import Source
from app.document import Document
from app.events import ComparisonChanged, ForecastChanged, ForecastsChanged, PreviewChanged
from app.figures import Figures
from app.forecasts.forecast_list import ForecastList, Preview, describe, energy_text, site_text
from app.forecasts.forecast_request import ForecastRequest
from core.cubes import CubeSequence
from core.errors import InvalidRequest
from core.evolution import Evolution
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def evolution() -> Evolution:
    return analytic_evolution(8, 5, uniform=True)


def made(evolution: Evolution, **changes) -> Evolution:
    provenance = {"model": "unet-32", "averaging": 4}
    return replace(evolution, provenance=provenance, **changes)


def figures() -> Figures:
    return Figures(curves={"forecast": ()})


@pytest.fixture
def document(evolution) -> Document:
    document = Document()
    source = Source(Path("run"), "run", "SWIFT", 5, tuple(evolution.times_myr), (60.0,))
    document.open_source(source, evolution.sequence, evolution.control)
    return document


@pytest.fixture
def heard(document) -> list[type]:
    events: list[type] = []
    for kind in (ForecastsChanged, ForecastChanged, ComparisonChanged, PreviewChanged):
        document.subscribe(kind, lambda event: events.append(type(event)))
    return events


def test_names_say_what_differs(evolution):
    assert describe(made(evolution)) == "unet-32 · mean of 4"
    moved = made(evolution, energy_erg=3e50, site_pc=(3.75, 0.0, -1.875))
    assert describe(moved) == "unet-32 · 3 × 10⁵⁰ erg · mean of 4 · at +3.8, 0, −1.9 pc"
    assert energy_text(1e51) == "10⁵¹ erg"
    assert site_text((0.0, 0.0, 0.0)) == "0, 0, 0 pc"


def test_forecasts_are_kept_beside_each_other(evolution):
    first, second = made(evolution), made(evolution)
    kept = ForecastList().added(first).added(second)
    assert [entry.name for entry in kept.entries] == [
        "unet-32 · mean of 4",
        "unet-32 · mean of 4 (2)",
    ]
    assert kept.shown.forecast is second
    back = kept.showing(kept.entries[0].id)
    assert back.shown.forecast is first
    assert kept.showing(1).removed(1).shown.forecast is second
    assert kept.removed(2).shown.forecast is first
    assert kept.removed(1).removed(2).shown is None
    with pytest.raises(InvalidRequest, match="number 7"):
        kept.get(7)


def test_a_number_is_never_given_twice(evolution):
    kept = ForecastList().added(evolution).removed(1).added(evolution)
    assert [entry.id for entry in kept.entries] == [2]


def test_names_stay_different(evolution):
    kept = ForecastList().added(evolution, "a").added(evolution, "b")
    assert kept.renamed(2, " a ").get(2).name == "a (2)"
    assert kept.renamed(2, "   ").get(2).name == "b"
    assert kept.renamed(2, "with  spaces").get(2).name == "with spaces"


def test_the_same_request_again_replaces_its_forecast(evolution):
    request = ForecastRequest("unet-32", "cpu", 4, None)
    kept = ForecastList().added(made(evolution), request=request).renamed(1, "mine")
    kept = kept.measured(1, figures()).added(made(evolution), "other")
    again = made(evolution)
    kept = kept.added(again, request=ForecastRequest("unet-32", "cpu", 4, None))
    assert [entry.name for entry in kept.entries] == ["mine", "other"]
    assert kept.shown.forecast is again
    assert not kept.shown.is_measured
    elsewhere = kept.added(made(evolution, site_pc=(1.875, 0.0, 0.0)), request=request)
    assert len(elsewhere.entries) == 3


def test_figures_belong_to_their_forecast(document, evolution):
    one = document.set_forecast(made(evolution))
    mine = figures()
    document.set_figures(mine)
    two = document.set_forecast(made(evolution))
    assert document.figures.curves == {}
    document.set_figures(figures(), two)
    document.show_forecast(one)
    assert document.figures is mine
    document.remove_forecast(one)
    assert document.shown_forecast.id == two
    # Measuring may end after a forecast was removed.
    document.set_figures(figures(), one)
    assert [entry.id for entry in document.forecasts] == [two]


def test_switching_tells_who_shows_it(document, evolution, heard):
    one = document.set_forecast(made(evolution))
    document.set_forecast(made(evolution))
    heard.clear()
    document.show_forecast(one)
    assert heard == [ForecastsChanged, ForecastChanged, ComparisonChanged]
    document.show_forecast(one)
    assert len(heard) == 3
    document.rename_forecast(one, "first")
    assert heard[3:] == [ForecastsChanged]


def test_a_new_control_makes_all_figures_old(document, evolution):
    for _ in range(2):
        document.set_figures(figures(), document.set_forecast(made(evolution)))
    document.set_control(document.source, evolution.control)
    assert not any(entry.figures.curves for entry in document.forecasts)


def test_another_file_takes_all_forecasts_away(document, evolution):
    document.set_forecast(made(evolution))
    document.show_preview(Preview("live", evolution))
    document.open_source(document.source, evolution.sequence)
    assert document.forecasts == ()
    assert document.preview is None
    assert document.forecast is None


def test_a_preview_is_shown_and_goes_without_a_trace(document, evolution, heard):
    document.set_forecast(made(evolution))
    mine = figures()
    document.set_figures(mine)
    kept = document.forecast
    moved = replace(evolution, site_pc=(7.5, 0.0, 0.0))
    heard.clear()
    document.show_preview(Preview("live", moved, matches=False))
    assert heard == [ForecastsChanged, ForecastChanged, ComparisonChanged]
    document.show_preview(Preview("live", moved, matches=False))
    assert heard[3:] == [PreviewChanged]
    assert document.forecast is moved
    assert not document.matches
    assert document.site_pc == (7.5, 0.0, 0.0)
    assert document.truth_site_pc == (0.0, 0.0, 0.0)
    assert document.truth_forecast is kept
    assert document.figures.curves == {}
    document.end_preview()
    assert (document.forecast, document.figures) == (kept, mine)


def test_the_time_shown_goes_with_the_frames_that_have_it(evolution):
    document = Document()
    document.open_forecast(Source(Path("f"), "f", "native", 5), evolution)
    document.go_to(0.028)
    first = CubeSequence({"density": evolution.density[:2]}, evolution.times_myr[:2], 60.0)
    document.show_preview(Preview("growing", Evolution(first, first)))
    assert document.time_myr == pytest.approx(0.007)
    assert np.allclose(document.times_myr, [0.0, 0.007])
