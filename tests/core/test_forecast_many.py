"""Many explosions of one snapshot: complete, resumable, the same as one by one."""

import csv
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import core
from core.errors import Cancelled, InvalidRequest
from core.forecast_many import _grouped
from core.models.registry import save_model
from core.readers import gadget
from core.series import SnapshotSeries
from core.sites import Site
from tests.core.synthetic import gas, write_gadget
from tests.tiny_data import TINY

ROOT = Path(__file__).resolve().parents[2]
BOX = 120.0
PLACES = np.array([[60.0, 60.0, 60.0], [61.0, 62.0, 63.0], [5.0, 110.0, 60.0], [100.0, 20.0, 30.0]])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network that does something everywhere."""
    torch.manual_seed(1)
    network = TINY.model.build()
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_model(network.state_dict(), replace(TINY.model, energy_range_erg=(3e50, 3e51)), path)
    return path


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> SnapshotSeries:
    """Gas of 20 000 particles in a periodic box of 120 pc."""
    path = tmp_path_factory.mktemp("snapshot") / "snap_000.hdf5"
    write_gadget(path, gas(20_000, BOX), BoxSize=BOX)
    return core.open(path)


def many(snapshot, weights, directory, **options):
    return core.forecast_many(
        snapshot, options.pop("sites", PLACES), weights, directory=directory, n=16, **options
    )


def test_each_is_the_forecast_of_its_cube(snapshot, weights, tmp_path):
    """Across the faces of the periodic box as well; stored to a quarter of a per cent."""
    told: list[str] = []
    made = many(snapshot, weights, tmp_path, progress=lambda _, text: told.append(text))
    assert len(made) == 4
    assert not made.failures
    assert "Site 4 of 4" in told[-2]
    forecaster = core.Forecaster(weights, averaging=1)
    for number, place in enumerate(PLACES):
        cube = core.voxelize(snapshot, n=16, center_pc=tuple(place), cache=False)[0]
        alone = forecaster.forecast(cube)
        stored = made[number]
        np.testing.assert_allclose(stored.density, alone.density, rtol=4e-3)
        np.testing.assert_allclose(stored.control.density, alone.control.density, rtol=2e-3)
        np.testing.assert_allclose(stored.sequence.center_pc, place)
        assert stored.provenance["model"] == "tiny"
    core.save(made[0], tmp_path / "whole.shell.h5")
    assert made.path(0).stat().st_size < 0.5 * (tmp_path / "whole.shell.h5").stat().st_size


def test_a_small_snapshot_is_read_once(snapshot, weights, tmp_path, monkeypatch):
    reads = _counted(monkeypatch)
    many(snapshot, weights, tmp_path)
    assert len(reads) == 1


def test_of_a_large_one_neighbours_are_read_together(snapshot, weights, tmp_path, monkeypatch):
    """Two of the four places are neighbours; the results are the same."""
    whole = many(snapshot, weights, tmp_path / "whole", size_pc=60.0)
    module = sys.modules["core.forecast_many"]
    monkeypatch.setattr(module, "WHOLE_COUNT", 10)
    monkeypatch.setattr(module, "WIDEST", 1.5)
    reads = _counted(monkeypatch)
    parts = many(snapshot, weights, tmp_path / "parts", size_pc=60.0)
    assert len(reads) == 3
    for number in range(4):
        np.testing.assert_allclose(parts[number].density, whole[number].density, rtol=6e-3)


def _counted(monkeypatch) -> list[object]:
    reads: list[object] = []
    original = gadget.load

    def load(header, fields, cutout=None):
        reads.append(cutout)
        return original(header, fields, cutout)

    monkeypatch.setattr(gadget, "load", load)
    return reads


def test_groups_are_no_wider_than_allowed():
    rng = np.random.default_rng(1)
    places = rng.uniform(0, 1000, (300, 3))
    sites = [Site(tuple(place), "given", "") for place in places]
    groups = _grouped(sites, range(300), np.zeros(3), np.full(3, 1000.0), 60.0, 150.0)
    assert sorted(number for group in groups for number in group) == list(range(300))
    assert max(np.ptp(places[group], axis=0).max() for group in groups) <= 90.0
    assert len(groups) < 300


def test_what_was_begun_is_gone_on_with(snapshot, weights, tmp_path):
    """Stopped after two, the same call makes the other two and leaves the first as they are."""
    asked = iter([False, False, False, True, True])
    with pytest.raises(Cancelled):
        many(snapshot, weights, tmp_path, cancelled=lambda: next(asked))
    first = {path: path.stat().st_mtime_ns for path in tmp_path.glob("site*.h5")}
    assert len(first) == 2
    made = many(snapshot, weights, tmp_path)
    assert all(made.is_done(number) for number in range(4))
    assert all(path.stat().st_mtime_ns == before for path, before in first.items())
    again = core.open_site_forecasts(tmp_path)
    assert len(list(again)) == 4
    assert again.sites == made.sites
    with pytest.raises(InvalidRequest, match=r"another request \(averaging differ"):
        many(snapshot, weights, tmp_path, averaging=2)
    with pytest.raises(InvalidRequest, match="sites differ"):
        many(snapshot, weights, tmp_path, sites=PLACES[:2])


def test_the_particles_reached_are_written(snapshot, weights, tmp_path):
    made = many(snapshot, weights, tmp_path, ids=True)
    with made.ids_path(0).open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    forecast = core.Forecaster(weights, averaging=1).forecast(
        core.voxelize(snapshot, n=16, center_pc=tuple(PLACES[0]), cache=False)[0]
    )
    expected = core.affected_particles(snapshot.read(0), forecast)
    assert expected.size > 0
    assert sorted(int(row["id"]) for row in rows) == sorted(expected.tolist())


def test_a_site_that_cannot_be_forecast_does_not_stop_the_others(weights, tmp_path):
    cube = core.Cube({"density": np.ones((32,) * 3, np.float32)}, 120.0, (60.0, 60.0, 60.0))
    core.save(cube, tmp_path / "box.shell.h5")
    series = core.open(tmp_path / "box.shell.h5")
    made = many(series, weights, tmp_path / "out", sites=[[60.0, 60.0, 60.0], [5.0, 60.0, 60.0]])
    assert list(made.failures) == [1]
    assert "sticks out" in made.failures[1]
    assert made.is_done(0)
    with pytest.raises(InvalidRequest, match="sticks out"):
        made[1]
    assert "sticks out" in core.open_site_forecasts(tmp_path / "out").failures[1]


def test_a_batch_gives_what_one_by_one_gives(snapshot, weights, tmp_path):
    one = many(snapshot, weights, tmp_path / "one", batch=1)
    three = many(snapshot, weights, tmp_path / "three", batch=3)
    for number in range(4):
        np.testing.assert_allclose(three[number].density, one[number].density, rtol=0.03)


CLUSTER = """
from distributed import LocalCluster

if __name__ == "__main__":
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        input()
"""


def test_workers_of_a_cluster_do_the_same(snapshot, weights, tmp_path):
    pytest.importorskip("distributed", reason="needs shellsight[cluster]")
    alone = many(snapshot, weights, tmp_path / "alone", ids=True)
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    process = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        made = many(snapshot, weights, tmp_path / "cluster", scheduler=address, ids=True)
    finally:
        process.communicate("stop\n", timeout=60)
    assert all(made.is_done(number) for number in range(4))
    for number in range(4):
        np.testing.assert_allclose(made[number].density, alone[number].density, rtol=6e-3)
        assert made.ids_path(number).read_text() == alone.ids_path(number).read_text()


def test_the_verb_writes_forecasts_and_identifiers(snapshot, weights, tmp_path, capsys):
    from core.cli import main

    sites = tmp_path / "sites.csv"
    sites.write_text("x,y,z,label\n60,60,60,first\n100,20,30,second\n")
    command = ["forecast-many", str(snapshot.paths[0]), "--sites", str(sites), "-o"]
    command += [str(tmp_path / "out"), "--model", str(weights), "--ids", "--voxels", "16"]
    with pytest.raises(SystemExit) as ended:
        main(command)
    assert ended.value.code == 0, capsys.readouterr().err
    assert "2 forecasts of 2 sites" in capsys.readouterr().out
    assert (tmp_path / "out" / "site00001_ids.csv").exists()
    assert core.open_site_forecasts(tmp_path / "out").sites[1].label == "second"


def test_sites_are_needed(snapshot, weights, tmp_path):
    with pytest.raises(InvalidRequest, match="no sites"):
        many(snapshot, weights, tmp_path, sites=[])
    with pytest.raises(InvalidRequest, match="rows of x, y, z"):
        many(snapshot, weights, tmp_path, sites=[[1.0, 2.0]])
