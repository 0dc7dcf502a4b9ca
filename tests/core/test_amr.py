"""Adaptive meshes through yt: the truth of real runs, and refined cells counted once."""

from __future__ import annotations

import functools
import logging
import os
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core
from core.cells import CellSet
from core.constants import NH_PER_DENSITY
from core.cutout import Cutout
from core.errors import CorruptSnapshot, MissingDependency, MissingUnits, UnknownFormat
from tests.core.mesh_files import (
    COVERED,
    LEAVES,
    N,
    density,
    pressure,
    total_mass,
    velocity,
    write_athena,
    write_enzo,
    write_flash,
)
from tests.core.synthetic import SNAPSHOTS, needs_snapshots

yt = pytest.importorskip("yt", reason="yt, the extra shellsight[amr], is not installed")

PC_KMS = "length=pc,mass=Msun,velocity=km/s"
ATHENA, RAMSES = SNAPSHOTS / "athena_blast", SNAPSHOTS / "ramses_blast"


def read(series: core.SnapshotSeries, index: int = 0, **more: Any) -> CellSet:
    frame = series.read(index, **more)
    assert isinstance(frame, CellSet)
    return frame


@functools.cache
def athena() -> tuple[core.SnapshotSeries, tuple[CellSet, ...]]:
    """Both real frames of Athena++, read once: yt takes a second for each."""
    series = core.open(ATHENA, units=PC_KMS)
    return series, (read(series, 0), read(series, 1))


@functools.cache
def ramses() -> tuple[core.SnapshotSeries, CellSet]:
    series = core.open(RAMSES)
    return series, read(series)


def shell_pc(cells: CellSet, step: float = 0.5) -> float:
    """Radius of the peak of the radial momentum, in bins of `step` pc."""
    arms = cells.centers_pc - cells.center_pc
    radius = np.linalg.norm(arms, axis=1)
    assert cells.velocities_kms is not None
    outward = (cells.velocities_kms * arms).sum(axis=1) / radius
    momentum = cells.densities * cells.widths_pc**3 * outward
    bins = (radius / step).astype(int)
    return (float(np.bincount(bins[radius < 30], momentum[radius < 30]).argmax()) + 0.5) * step


@needs_snapshots
def test_athena_agrees_with_its_truth():
    series, (first, later) = athena()
    assert (series.format, series.code, series.kind) == ("Athena++", "Athena++", "cells")
    assert series.box_pc == pytest.approx((60.0,) * 3, rel=1e-6)
    assert series.origin_pc == pytest.approx((-30.0,) * 3, rel=1e-6)
    assert not series.periodic
    # The files count time in pc/(km/s).
    np.testing.assert_allclose(series.times_myr, [0.0, 0.036062825 * 0.977792], rtol=1e-5)
    assert first.mass_msun == pytest.approx(324_000, rel=1e-6)
    assert first.mass_msun / 60**3 * NH_PER_DENSITY == pytest.approx(46.1, rel=1e-3)
    assert len(first) == series.headers[0].count == 64**3
    assert shell_pc(later) == pytest.approx(7.25, abs=0.01)
    assert first.temperatures_k is not None
    assert first.temperatures_k.max() > 1e7


@needs_snapshots
def test_ramses_agrees_with_its_truth():
    series, cells = ramses()
    assert (series.format, series.kind, len(series)) == ("RAMSES", "cells", 1)
    assert series.times_myr[0] == pytest.approx(0.0140416, rel=1e-5)
    assert series.box_pc == pytest.approx((60.0,) * 3, rel=1e-6)
    assert series.periodic
    assert len(cells) == series.headers[0].count
    assert cells.mass_msun == pytest.approx(323_496, rel=1e-5)
    assert sorted(np.unique(cells.widths_pc)) == pytest.approx([60 / 128, 60 / 64, 60 / 32])
    assert shell_pc(cells) == pytest.approx(7.25, abs=0.01)
    arms = cells.centers_pc - cells.center_pc
    assert cells.velocities_kms is not None
    outward = (cells.velocities_kms * arms).sum(axis=1) / np.linalg.norm(arms, axis=1)
    momentum = float((cells.densities * cells.widths_pc**3 * outward).sum())
    assert momentum == pytest.approx(1.35e5, rel=5e-3)


@needs_snapshots
def test_ramses_opens_by_each_of_its_names():
    output = RAMSES / "output_00003"
    opened = [core.open(p) for p in (RAMSES, output, output / "info_00003.txt")]
    assert len({series.headers[0].paths for series in opened}) == 1


@needs_snapshots
def test_voxels_keep_the_mass():
    """Of a whole series, and of each frame at another resolution."""
    for series, frames in (athena(), (ramses()[0], (ramses()[1],))):
        cubes = core.voxelize(series, size_pc=60.0, n=32)
        for cube, cells in zip(cubes, frames, strict=True):
            assert cube.mass_msun == pytest.approx(cells.mass_msun, rel=1e-6)
            finer = core.voxelize(cells, size_pc=60.0, n=64)
            assert finer.mass_msun == pytest.approx(cells.mass_msun, rel=1e-6)
            coarser = finer.density.reshape(32, 2, 32, 2, 32, 2).mean((1, 3, 5))
            np.testing.assert_allclose(coarser, cube.density, rtol=1e-4)


@needs_snapshots
def test_the_cube_is_that_of_yt():
    """At the finest resolution yt's covering grid has the same densities."""
    yt.set_log_level("error")
    for path, n, level, cells in (
        (ATHENA / "sn.prim.00005.athdf", 64, 0, athena()[1][1]),
        (RAMSES / "output_00003" / "info_00003.txt", 128, 2, ramses()[1]),
    ):
        time_unit = (3.0856775814913673e13, "s")
        units = {"length_unit": (1, "pc"), "mass_unit": (1, "Msun"), "time_unit": time_unit}
        ds = yt.load(str(path), **({"units_override": units} if level == 0 else {}))
        grid = ds.covering_grid(level, ds.domain_left_edge, [n] * 3)
        theirs = grid["gas", "density"].to("Msun/pc**3").v
        ours = core.voxelize(cells, size_pc=cells.box_pc[0], n=n)
        np.testing.assert_allclose(ours.density, theirs, rtol=1e-4)
        speed = grid["gas", "velocity_y"].to("km/s").v
        np.testing.assert_allclose(ours.fields["velocity"][..., 1], speed, rtol=1e-4, atol=1e-3)


@needs_snapshots
@pytest.mark.parametrize("center", [(30.0, 30.0, 30.0), (2.0, 59.0, 30.0)])
def test_a_cutout_reads_the_cells_that_touch_it(center: tuple[float, float, float]):
    series, whole = ramses()
    cutout = Cutout(center, 12.0)
    part = read(series, cutout=cutout)
    touching = cutout.contains(
        whole.centers_pc, whole.box_pc, periodic=True, margin_pc=0.5 * whole.widths_pc - 1e-6
    )
    assert len(whole) > 4 * len(part)
    assert len(part) >= np.count_nonzero(touching)
    cubes = [core.voxelize(c, size_pc=12.0, n=24, center_pc=center) for c in (part, whole)]
    np.testing.assert_allclose(cubes[0].density, cubes[1].density, rtol=1e-6)


@needs_snapshots
def test_fields_not_wanted_are_not_read():
    series, cells = ramses()
    only = read(series, fields=("temperatures_k",))
    assert only.velocities_kms is None
    np.testing.assert_array_equal(only.temperatures_k, cells.temperatures_k)


@needs_snapshots
def test_given_units_beat_those_of_ramses():
    own, a = ramses()
    assert own.units is not None
    given = core.UnitSystem(2.0, 3.0 * own.units.mass_msun, 5.0, 7.0)
    other = core.open(RAMSES, units=given)
    assert other.box_pc == pytest.approx((120.0,) * 3)
    assert other.times_myr[0] == pytest.approx(7.0 * own.times_myr[0], rel=1e-6)
    b = read(other)
    np.testing.assert_allclose(b.mass_msun, 3.0 * a.mass_msun, rtol=1e-6)
    np.testing.assert_allclose(
        b.velocities_kms, a.velocities_kms * (5.0 / own.units.velocity_kms), rtol=1e-5
    )


@needs_snapshots
def test_nothing_is_written_beside_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(home)
    for run in (ATHENA, RAMSES):
        copy = tmp_path / run.name
        shutil.copytree(run, copy)
        for path in copy.rglob("*"):
            path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        before = {path: path.stat().st_mtime_ns for path in copy.rglob("*")}
        read(core.open(copy, units=PC_KMS if run is ATHENA else None))
        assert {path: path.stat().st_mtime_ns for path in copy.rglob("*")} == before
    assert list(home.iterdir()) == []


@needs_snapshots
def test_yt_keeps_quiet_and_its_settings(capfd: pytest.CaptureFixture[str]):
    logging.getLogger("yt").setLevel(logging.INFO)
    core.open(RAMSES).info()
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert logging.getLogger("yt").level == logging.INFO


@needs_snapshots
def test_without_yt_the_command_that_installs_it_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "yt", None)
    with pytest.raises(MissingDependency, match=r"yt.*pip install 'shellsight\[amr\]'"):
        core.open(RAMSES)


def test_athena_asks_for_units_and_offers_what_fits(tmp_path: Path):
    path = write_athena(tmp_path / "sn.athdf")
    with pytest.raises(MissingUnits, match=r"sn\.athdf.*60 pc and 0\.488896 Myr") as caught:
        core.open(path)
    assert caught.value.missing == ("length", "mass", "velocity")
    series = core.open(path, units=caught.value.offer)
    assert series.box_pc == pytest.approx((60.0,) * 3)
    assert str(series.units) == PC_KMS
    in_kpc = core.open(path, units="length=kpc,mass=1e10 Msun,velocity=km/s")
    assert in_kpc.box_pc == pytest.approx((60e3,) * 3)
    np.testing.assert_allclose(read(in_kpc).densities, 10 * read(series).densities, rtol=1e-6)
    np.testing.assert_allclose(
        read(in_kpc).velocities_kms, read(series).velocities_kms, rtol=1e-6, atol=1e-6
    )


def _compare(cells: CellSet, box: float) -> None:
    """Every leaf once, with its own density; none of the coarse cells under fine ones."""
    assert len(cells) == len(LEAVES) * N**3
    assert np.sum(cells.widths_pc**3) == pytest.approx(box**3, rel=1e-6)
    x = (cells.centers_pc - cells.origin_pc) / box
    scale = cells.densities / density(x)
    np.testing.assert_allclose(scale, np.median(scale), rtol=1e-5)
    assert cells.mass_msun == pytest.approx(total_mass() * np.median(scale) * box**3, rel=1e-6)
    assert cells.densities.max() / np.median(scale) < COVERED / 10


def test_refined_blocks_of_athena_count_once(tmp_path: Path):
    cells = read(core.open(write_athena(tmp_path / "a.athdf"), units=PC_KMS))
    _compare(cells, 60.0)
    x = cells.centers_pc / 60.0 + 0.5
    np.testing.assert_allclose(cells.velocities_kms, np.stack(velocity(x), -1), atol=1e-5)
    hot = cells.temperatures_k / (pressure(x) / density(x))
    np.testing.assert_allclose(hot, np.median(hot), rtol=1e-4)


def test_conserved_variables_of_athena_are_the_same_gas(tmp_path: Path):
    primitive, conserved = (
        read(core.open(write_athena(tmp_path / f"{kind}.athdf", conserved=kind), units=PC_KMS))
        for kind in (False, True)
    )
    _compare(conserved, 60.0)
    np.testing.assert_allclose(conserved.velocities_kms, primitive.velocities_kms, atol=1e-5)
    np.testing.assert_allclose(conserved.temperatures_k, primitive.temperatures_k, rtol=1e-4)


def test_refined_blocks_of_flash_count_once(tmp_path: Path):
    series = core.open(write_flash(tmp_path / "run_hdf5_plt_cnt_0001"))
    assert (series.format, series.periodic) == ("FLASH", True)
    box = 1.85e20 / 3.0856775814913673e18
    assert series.box_pc == pytest.approx((box,) * 3)
    assert series.times_myr[0] == pytest.approx(1e12 / 3.15576e13)
    cells = read(series)
    _compare(cells, box)
    x = cells.centers_pc / box
    np.testing.assert_allclose(cells.velocities_kms, np.stack(velocity(x), -1), atol=1e-5)
    np.testing.assert_allclose(cells.temperatures_k, 100 * pressure(x), rtol=1e-5)
    part = read(series, cutout=Cutout((1.0, 1.0, 1.0), 10.0))
    assert len(part) < len(cells)
    cubes = [core.voxelize(c, size_pc=10, n=8, center_pc=(1, 1, 1)) for c in (part, cells)]
    np.testing.assert_allclose(cubes[0].density, cubes[1].density, rtol=1e-6)


@pytest.mark.parametrize("unitsystem", ["none", None])
def test_flash_without_a_unit_system_asks(unitsystem: str | None, tmp_path: Path):
    path = write_flash(tmp_path / "a_hdf5_chk_0001", box=60.0, time=0.5, unitsystem=unitsystem)
    with pytest.raises(MissingUnits, match=r"unitsystem is 'none'") as caught:
        core.open(path)
    assert core.UnitSystem.parse(caught.value.offer).velocity_kms == pytest.approx(1e-5)
    series = core.open(path, units=PC_KMS)
    assert series.box_pc == pytest.approx((60.0,) * 3)
    cells = read(series)
    np.testing.assert_allclose(cells.densities, 1e-24 * density(cells.centers_pc / 60), rtol=1e-5)


def test_nested_grids_of_enzo_count_once(tmp_path: Path):
    path = write_enzo(tmp_path)
    for name in (path.parent, tmp_path, path):
        series = core.open(name)
        assert (series.format, series.periodic, len(series)) == ("Enzo", True, 1)
    assert series.box_pc == pytest.approx((60.0,) * 3)
    assert series.times_myr[0] == pytest.approx(0.25)
    cells = read(series)
    _compare(cells, 60.0)
    assert series.headers[0].count == len(cells)
    x = cells.centers_pc / 60
    # The unit of velocity is 60 pc/Myr; the thermal energy is the total less the kinetic.
    unit = 60 * 3.0856775814913673e13 / 3.15576e13
    np.testing.assert_allclose(cells.velocities_kms, unit * np.stack(velocity(x), -1), rtol=1e-4)
    warm = cells.temperatures_k / (pressure(x) / density(x))
    np.testing.assert_allclose(warm, np.median(warm), rtol=1e-3)


def test_enzo_without_units_asks(tmp_path: Path):
    path = write_enzo(tmp_path, units=False)
    with pytest.raises(MissingUnits, match="no LengthUnits"):
        core.open(path)
    assert core.open(path, units="length=60 pc,mass=Msun,time=Myr").box_pc == pytest.approx(
        (60,) * 3
    )


def test_enzo_does_not_lead_elsewhere(tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    target = write_enzo(other).parent / "DD0001.cpu0000"
    path = write_enzo(tmp_path, elsewhere=f"{other}/")
    assert target.exists()
    with pytest.raises(CorruptSnapshot, match="leads to another directory"):
        core.open(path)


def test_a_mesh_that_is_no_cube_of_cells_is_refused(tmp_path: Path):
    h5py = pytest.importorskip("h5py")
    cases: list[tuple[str, Any, str]] = [
        ("RootGridX1", np.array([-30, 30, 1.1], np.float32), "grow along an axis"),
        ("RootGridX2", np.array([-30, 90, 1.0], np.float32), "needs cubes"),
        ("Coordinates", np.bytes_("spherical_polar"), "cartesian is needed"),
        ("RootGridSize", np.array([8, 8, 1], ">i4"), "3 axes are needed"),
    ]
    for key, value, says in cases:
        path = write_athena(tmp_path / f"{key}.athdf")
        with h5py.File(path, "a") as file:
            file.attrs[key] = value
        with pytest.raises(CorruptSnapshot, match=says):
            core.open(path, units=PC_KMS)


def test_output_without_density_is_not_athena(tmp_path: Path):
    h5py = pytest.importorskip("h5py")
    path = write_athena(tmp_path / "user.athdf")
    with h5py.File(path, "a") as file:
        file.attrs["VariableNames"] = np.array([b"a", b"press", b"vel1", b"vel2", b"vel3"])
    with pytest.raises(UnknownFormat, match="no density among a, press"):
        core.open(path)


@needs_snapshots
@pytest.mark.parametrize("lost", ["amr_00003.out00002", "hydro_00003.out00001"])
def test_ramses_with_a_part_missing_says_which(lost: str, tmp_path: Path):
    copy = tmp_path / "output_00003"
    shutil.copytree(RAMSES / "output_00003", copy)
    os.chmod(copy, 0o755)
    (copy / lost).unlink()
    with pytest.raises(CorruptSnapshot, match=f"2 parts, but {lost} is missing"):
        core.open(copy / "info_00003.txt")
