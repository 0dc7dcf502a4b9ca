"""The particles that are written are those of the region that is shown."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import core
from app.document import Document
from app.exports.exporting import coverage_shown, write_ids, write_subset
from tests.core.synthetic import write_gadget
from tests.core.test_affected import calibrated, growing_ball, lattice


def snapshot(folder: Path) -> core.SnapshotSeries:
    gas = lattice()
    columns = {
        "Coordinates": gas.positions_pc,
        "Masses": gas.masses_msun,
        "ParticleIDs": gas.ids,
        "SmoothingLength": np.full(len(gas), 2.0),
    }
    return core.open(write_gadget(folder / "snap.hdf5", columns))


def ids_in(path: Path) -> set[int]:
    lines = [line for line in path.read_text().splitlines() if line and line[0].isdigit()]
    return {int(line.split(",")[0]) for line in lines}


def test_a_coverage_counts_while_its_region_is_shown():
    document = Document()
    document.set_forecast(calibrated(4.0))
    assert coverage_shown(document) is None
    document.change_layers(("forecast",), reached=True, coverage=0.99)
    assert coverage_shown(document) == 0.99


def test_no_coverage_is_taken_from_what_cannot_promise_it():
    document = Document()
    document.change_layers(("forecast",), reached=True, coverage=0.99)
    assert coverage_shown(document) is None
    document.set_forecast(growing_ball())
    assert coverage_shown(document) is None


def test_more_particles_are_written_with_a_coverage(tmp_path):
    series, forecast = snapshot(tmp_path), calibrated(4.0)
    for name, coverage in (("plain", None), ("more", 0.99)):
        write_ids(series, forecast, tmp_path / f"{name}.csv", coverage)
        write_subset(series, forecast, tmp_path / f"{name}.hdf5", coverage)
        wanted = set(core.affected_particles(lattice(), forecast, coverage).tolist())
        assert ids_in(tmp_path / f"{name}.csv") == wanted
        kept = core.open(tmp_path / f"{name}.hdf5").read(0)
        assert set(kept.ids.tolist()) == wanted
    assert ids_in(tmp_path / "plain.csv") < ids_in(tmp_path / "more.csv")
