"""Data sets: resumed, merged, in batches, and on a cluster whose workers die."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core.errors import InvalidRequest, MissingDependency
from core.simulate.dataset import (
    MANIFEST,
    Split,
    file_of,
    files_of_split,
    generate,
    plan,
    simulate_group,
)


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clouds with two explosions each, made by one process of one thread."""
    directory = tmp_path_factory.mktemp("serial")
    texts: list[str] = []
    generate(
        directory,
        plan(6, 3, n=16),
        coarse_n=16,
        workers=1,
        progress=lambda fraction, text: texts.append(text),
    )
    assert texts[0] == "0 of 6 simulations are there"
    assert texts[-1] == "6 of 6 simulations"
    return directory


def densities(directory: Path) -> dict[str, np.ndarray]:
    """Density of each run of a data set, with and without the explosion."""
    found = {}
    for path in sorted(directory.glob("*.shell.h5")):
        run = core.load(path)
        assert isinstance(run, core.Simulation)
        found[path.name] = np.stack((run.density, run.control.density))
    return found


def test_runs_are_split_by_cloud_and_say_how_they_were_made(serial: Path) -> None:
    """No cloud in two parts; energy, cost and injection in each run's provenance."""
    entries = json.loads((serial / MANIFEST).read_text())["runs"]
    assert len(entries) == 6
    parts: dict[int, set[str]] = {}
    for entry in entries:
        parts.setdefault(entry["parameters"]["seed"], set()).add(entry["split"])
    assert all(len(part) == 1 for part in parts.values())
    splits: tuple[Split, ...] = ("train", "validation", "test")
    found = [path for split in splits for path in files_of_split(serial, split)]
    assert len(found) == 6
    provenance = core.load(found[0]).provenance  # type: ignore[union-attr]
    assert provenance["wall_time_s"] > 0
    assert provenance["energy_method"]
    assert provenance["injections"][0]["number_density"] > 0


def test_time_left_is_told(tmp_path: Path) -> None:
    """After the first simulation the text says how long the others will take."""
    runs = plan(8, 8, n=16)
    texts: list[str] = []
    generate(
        tmp_path, runs, coarse_n=16, workers=1,
        progress=lambda fraction, text: texts.append(text),
    )  # fmt: skip
    assert any(text.endswith(" s left") for text in texts)


def test_a_set_of_an_older_version_is_continued(serial: Path, tmp_path: Path) -> None:
    """A manifest that knows fewer parameters is the same plan; other values are not."""
    runs = plan(6, 3, n=16)
    manifest = json.loads((serial / MANIFEST).read_text())
    for entry in manifest["runs"]:
        for name in ("metallicity", "cooling_curve", "mach", "explosions", "require_resolved"):
            del entry["parameters"][name]
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    for path in serial.glob("*.shell.h5"):
        (tmp_path / path.name).symlink_to(path)
    assert len(generate(tmp_path, runs, coarse_n=16)) == 6
    manifest["runs"][0]["parameters"]["n"] = 32
    (tmp_path / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(InvalidRequest, match="other parameters"):
        generate(tmp_path, runs, coarse_n=16)


def test_what_killed_processes_leave_is_removed_when_it_is_old(serial: Path) -> None:
    """A half-written file is never read, and goes after an hour without growth."""
    old, new = serial / ".a.shell.h5.1.partial", serial / ".b.shell.h5.2.partial"
    old.write_bytes(b"half")
    new.write_bytes(b"half")
    os.utime(old, (time.time() - 7200,) * 2)
    generate(serial, plan(6, 3, n=16), coarse_n=16)
    assert not old.exists()
    assert new.exists()
    assert len(densities(serial)) == 6
    new.unlink()


def test_explosions_of_a_cloud_in_batches(serial: Path, tmp_path: Path) -> None:
    """As on a GPU: common time steps, nearly the same densities, one file for each."""
    group = [run for run in plan(6, 3, n=16) if run.parameters.seed == 1]
    paths = list(simulate_group(tmp_path, group, 16, False, batch=2))
    assert paths == [file_of(tmp_path, run) for run in group]
    expected = densities(serial)
    for name, density in densities(tmp_path).items():
        assert np.abs(np.log10(density / expected[name])).mean() < 0.02
    assert not list(simulate_group(tmp_path, group, 16, False, batch=2))


CLUSTER = """
import json, os
from distributed import Client, LocalCluster

if __name__ == "__main__":
    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    ) as cluster, Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        print(json.dumps({"address": cluster.scheduler_address, "pids": pids}), flush=True)
        input()
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Two worker processes with a nanny each, on this machine: address and process ids."""
    pytest.importorskip("distributed", reason="needs shellsight[cluster]")
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER)
    environment = dict(os.environ, PYTHONPATH=str(Path(core.__file__).parents[1]))
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    ) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate("\n", timeout=60)


@pytest.mark.timeout(180)
def test_a_cluster_makes_the_same_set_though_a_worker_is_killed(
    cluster: dict[str, Any], serial: Path, tmp_path: Path
) -> None:
    """One of two workers dies midway: all runs are there and equal to the serial ones."""
    out = tmp_path / "set"
    command = f"simulate --count 6 --clouds 3 --n 16 --coarse-n 16 --out {out}"
    with subprocess.Popen(
        [sys.executable, "-m", "core", *command.split(), "--scheduler", cluster["address"]],
        cwd=Path(core.__file__).parents[1],
    ) as process:
        while not list(out.glob("*.shell.h5")):
            assert process.poll() is None, "the work ended before it made a file"
            time.sleep(0.02)
        os.kill(cluster["pids"][0], signal.SIGKILL)
        midway = len(list(out.glob("*.shell.h5")))
        assert process.wait(120) == 0
    assert midway < 6
    expected, found = densities(serial), densities(out)
    assert found.keys() == expected.keys()
    for name in expected:
        np.testing.assert_array_equal(found[name], expected[name])


def test_a_scheduler_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The message says how to start one."""
    pytest.importorskip("distributed", reason="needs shellsight[cluster]")
    command = "simulate --count 1 --n 16 --scheduler tcp://127.0.0.1:9 --out"
    result = subprocess.run(
        [sys.executable, "-m", "core", *command.split(), str(tmp_path / "set")],
        cwd=Path(core.__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert result.returncode == 2
    assert "no Dask scheduler at 'tcp://127.0.0.1:9'" in result.stderr
    assert "Traceback" not in result.stderr


def test_without_dask_the_extra_is_named(tmp_path: Path, monkeypatch) -> None:
    """The message holds the exact command."""
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingDependency, match=r"shellsight\[cluster\]"):
        generate(tmp_path, plan(1, 1, n=16), scheduler="tcp://127.0.0.1:9")
