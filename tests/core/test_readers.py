"""Reading other codes' snapshots: the right numbers, or an error that helps."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

import core
from core.constants import DENSITY_TO_CGS, MSUN_G
from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits, UnknownFormat
from core.readers import READERS
from core.readers.particles import temperature_k
from tests.core.synthetic import (
    CGS,
    SNAPSHOTS,
    gas,
    needs_snapshots,
    write_gadget,
    write_swift,
    write_well,
)


@needs_snapshots
def test_swift_energies_of_the_explosion():
    """Kinetic and thermal energy from the snapshots' own README, in 1e51 erg."""
    series = core.open(SNAPSHOTS / "swift_turbulent_a")
    for index, kinetic in {0: 0.311, 5: 0.552, 19: 0.461}.items():
        frame = series[index]
        assert len(frame) == 64_000
        assert frame.mass_msun == pytest.approx(324_000, rel=1e-3)
        speed2 = np.square(frame.velocities_kms.astype(float)).sum(1)
        energy = 0.5 * (frame.masses_msun * speed2).sum() * MSUN_G * 1e10
        assert energy / 1e51 == pytest.approx(kinetic, abs=0.002)


@needs_snapshots
def test_swift_hot_gas_is_at_the_explosion():
    frame = core.open(SNAPSHOTS / "swift_turbulent_a" / "snap_0000.hdf5")[0]
    distance = np.linalg.norm(frame.positions_pc - 30.0, axis=1)
    nearest = np.argsort(distance)[:20]
    assert set(np.flatnonzero(frame.temperatures_k > 1e6)) == set(nearest)
    assert distance[nearest].max() < 3.3


@needs_snapshots
def test_swift_smoothing_length_is_the_kernels_support():
    path = SNAPSHOTS / "swift_turbulent_a" / "snap_0000.hdf5"
    with h5py.File(path) as file:
        stored = file["PartType0/SmoothingLengths"][:100]
    read = core.open(path)[0].smoothing_lengths_pc
    np.testing.assert_allclose(read[:100], stored * 2.018932, rtol=1e-5)


@pytest.mark.parametrize(
    ("kernel", "support"),
    [
        ("Cubic spline (M4)", 1.825742),
        ("Quintic spline (M6)", 2.195775),
        ("Wendland C2", 1.936492),
    ],
)
def test_swift_kernels_are_known_by_name(kernel: str, support: float, tmp_path: Path):
    frame = core.open(write_swift(tmp_path / "s.hdf5", kernel=kernel))[0]
    np.testing.assert_allclose(frame.smoothing_lengths_pc, 2.0 * support, rtol=1e-6)


def test_swift_lengths_are_physical(tmp_path: Path):
    now, then = (
        core.open(write_swift(tmp_path / f"{scale}.hdf5", scale=scale)) for scale in (1.0, 0.5)
    )
    assert then.box_pc == pytest.approx((30.0,) * 3)
    np.testing.assert_allclose(then[0].positions_pc, now[0].positions_pc / 2)
    np.testing.assert_allclose(then[0].densities, now[0].densities * 8)
    np.testing.assert_allclose(then[0].velocities_kms, now[0].velocities_kms)


@needs_snapshots
def test_sedov_in_kpc_has_its_shell_where_theory_says():
    frame = core.open(SNAPSHOTS / "swift_sedov_kpc")[1]
    radius = np.linalg.norm(frame.positions_pc - 30.0, axis=1)
    densest = radius[np.argsort(frame.densities)[-200:]]
    assert np.median(densest) == pytest.approx(18.88, abs=0.5)


@needs_snapshots
def test_gadget_agrees_with_its_truth():
    series = core.open(SNAPSHOTS / "gadget4" / "snapshot_000.hdf5")
    frame = series[0]
    assert (series.format, series.box_pc) == ("Gadget", pytest.approx((60.0,) * 3, rel=1e-6))
    assert frame.time_myr == pytest.approx(0.07, rel=5e-4)
    assert frame.mass_msun == pytest.approx(324_000, rel=1e-3)
    density = frame.densities * DENSITY_TO_CGS
    for read, truth in zip(
        (density.min(), np.median(density), density.max()),
        (4.178e-24, 1.770e-22, 3.689e-21),
        strict=True,
    ):
        assert read == pytest.approx(truth, rel=1e-3)
    temperature = frame.temperatures_k
    for read, truth in zip(
        (temperature.min(), np.median(temperature), temperature.max()),
        (20.42, 57.11, 8.427e6),
        strict=True,
    ):
        # The truth used the mean molecular weights of X = 0.752 without metals.
        assert read == pytest.approx(truth, rel=0.04)


@needs_snapshots
@pytest.mark.parametrize("part", [0, 1])
def test_gadget_in_two_files_equals_one(part: int):
    whole = core.open(SNAPSHOTS / "gadget4" / "snapshot_000.hdf5")[0]
    series = core.open(SNAPSHOTS / "gadget4" / f"snap_000.{part}.hdf5")
    parts = series[0]
    assert len(series) == 1
    assert len(series.paths) == 2
    a, b = np.argsort(whole.ids), np.argsort(parts.ids)
    for name in (
        "ids",
        "positions_pc",
        "masses_msun",
        "velocities_kms",
        "densities",
        "temperatures_k",
        "smoothing_lengths_pc",
    ):
        np.testing.assert_allclose(getattr(parts, name)[b], getattr(whole, name)[a], rtol=1e-6)


@needs_snapshots
def test_gadget_with_a_part_missing_says_which(tmp_path: Path):
    shutil.copy(SNAPSHOTS / "gadget4" / "snap_000.0.hdf5", tmp_path)
    with pytest.raises(CorruptSnapshot, match=r"has 2 files, but snap_000\.1\.hdf5 is missing"):
        core.open(tmp_path)


def test_gadget_mass_table(tmp_path: Path):
    columns = gas()
    del columns["Masses"]
    table = np.array([2.5, 0, 0, 0, 0, 0])
    frame = core.open(write_gadget(tmp_path / "s.hdf5", columns, MassTable=table))[0]
    np.testing.assert_allclose(frame.masses_msun, 2.5, rtol=1e-4)


def test_gadget_units_of_the_data_sets(tmp_path: Path):
    attributes = {
        "Coordinates": {"to_cgs": 3.0857e21},
        "Masses": {"to_cgs": 0.0},  # zero is how the code says it does not know
        "Density": {"to_cgs": 1.9884e33 / 3.0857e21**3},
        "Velocities": {"to_cgs": 1e5},
    }
    path = write_gadget(tmp_path / "s.hdf5", units=None, attributes=attributes, BoxSize=0.06)
    series = core.open(path)
    assert series.box_pc == pytest.approx((60.0,) * 3, rel=1e-4)
    assert series[0].masses_msun[0] == pytest.approx(5.0, rel=1e-4)
    assert series[0].velocities_kms[0, 0] == gas()["Velocities"][0, 0]


def test_gadget_without_units_asks_for_them(tmp_path: Path):
    path = write_gadget(tmp_path / "s.hdf5", units=None)
    with pytest.raises(MissingUnits, match=r"s\.hdf5.*length, mass, velocity.*box is 60 wide") as e:
        core.open(path)
    assert e.value.missing == ("length", "mass", "velocity")
    for units in ("length=pc,mass=Msun,velocity=km/s", core.UnitSystem(1.0, 1.0, 1.0)):
        series = core.open(path, units=units)
        assert series.box_pc == (60.0, 60.0, 60.0)
        assert series.times_myr[0] == pytest.approx(0.0977792, rel=1e-6)


def test_given_units_beat_the_files(tmp_path: Path):
    series = core.open(
        write_gadget(tmp_path / "s.hdf5"), units="length=kpc,mass=Msun,velocity=km/s"
    )
    assert series.box_pc == (60e3, 60e3, 60e3)


def test_gadget_cosmological_run(tmp_path: Path):
    """Einstein-de Sitter: t = 2/(3 H0) a^1.5; lengths carry a/h, velocities sqrt(a)."""
    path = write_gadget(
        tmp_path / "s.hdf5",
        Time=0.25,
        Redshift=3.0,
        Omega0=1.0,
        OmegaLambda=0.0,
        HubbleParam=0.7,
    )
    series = core.open(path)
    frame, columns = series[0], gas()
    assert series.box_pc == pytest.approx((60 * 0.25 / 0.7,) * 3, rel=1e-4)
    assert frame.time_myr == pytest.approx(2 / 3 * 9777.9 / 0.7 * 0.125, rel=1e-4)
    np.testing.assert_allclose(frame.velocities_kms, columns["Velocities"] / 2, rtol=1e-5)
    np.testing.assert_allclose(frame.masses_msun, 5.0 / 0.7, rtol=1e-4)
    np.testing.assert_allclose(frame.densities, 1.5 * 0.7**2 / 0.25**3, rtol=1e-3)


def test_gizmo_and_arepo_are_recognised(tmp_path: Path):
    old = ("UnitLength_in_cm", "UnitMass_in_g", "UnitVelocity_in_cm_per_s")
    new = ("UnitLength_In_CGS", "UnitMass_In_CGS", "UnitVelocity_In_CGS")
    units = {b: CGS[a] for a, b in zip(old, new, strict=True)}
    gizmo = core.open(write_gadget(tmp_path / "gizmo.hdf5", units=units))
    assert (gizmo.code, gizmo.format) == ("GIZMO", "Gadget")
    columns = gas()
    del columns["SmoothingLength"]
    # Gas without a kernel is not yet a cell: it takes what only a mesh has.
    plain = core.open(write_gadget(tmp_path / "plain.hdf5", columns))
    assert plain.code == "Gadget"
    assert plain[0].smoothing_lengths_pc is None
    columns["CenterOfMass"] = columns["Coordinates"]
    arepo = core.open(write_gadget(tmp_path / "arepo.hdf5", columns))
    assert arepo.code == "AREPO"
    expected = np.cbrt(3 * 5.0 / (4 * np.pi * 1.5))
    np.testing.assert_allclose(arepo[0].smoothing_lengths_pc, expected, rtol=1e-4)


def test_a_run_without_a_box_takes_the_gas_for_it(tmp_path: Path):
    series = core.open(write_gadget(tmp_path / "s.hdf5", BoxSize=0.0))
    positions = series[0].positions_pc
    assert not series.periodic
    np.testing.assert_allclose(series.origin_pc, positions.min(0))
    np.testing.assert_allclose(series.box_pc, np.ptp(positions, axis=0))


def test_the_files_own_temperature_wins(tmp_path: Path):
    columns = {**gas(), "Temperature": np.full(64, 123.0, np.float32)}
    frame = core.open(write_gadget(tmp_path / "s.hdf5", columns))[0]
    np.testing.assert_array_equal(frame.temperatures_k, 123.0)


def test_temperature_grows_with_energy_through_ionisation():
    energy = np.geomspace(1e-2, 1e6, 400)
    temperature = temperature_k(energy)
    assert np.all(np.diff(temperature) >= 0)
    per_mu = 2 / 3 * energy * 1e10 * 1.6735575e-24 / 1.380649e-16
    np.testing.assert_allclose(temperature[0], 1.27 * per_mu[0], rtol=1e-5)
    np.testing.assert_allclose(temperature[-1], 0.59 * per_mu[-1], rtol=1e-5)


def test_the_well_offers_the_units_that_fit(tmp_path: Path):
    path = write_well(tmp_path / "w.hdf5", velocity_kms=48.9)
    with pytest.raises(MissingUnits, match=r"w\.hdf5") as caught:
        core.open(path)
    offered = caught.value.detail.rsplit("units='", 1)[1].split("'")[0]
    series = core.open(path, units=offered)
    assert series.units.velocity_kms == pytest.approx(48.9, rel=1e-3)
    assert (series.kind, len(series), series.trajectories) == ("grid", 3, (0, 1))
    np.testing.assert_allclose(series.times_myr, [0.0, 0.001, 0.01])
    assert series.box_pc == pytest.approx((60.0,) * 3)
    assert series.center_pc == pytest.approx((30.0,) * 3)
    assert not series.periodic
    with h5py.File(path) as file:
        for trajectory in (0, 1):
            cube = core.open(path, units=offered, trajectory=trajectory)[1]
            np.testing.assert_allclose(
                cube.density, file["t0_fields/density"][trajectory, 1], rtol=1e-6
            )
    np.testing.assert_allclose(cube.fields["velocity"], 48.9, rtol=1e-3)
    np.testing.assert_allclose(cube.fields["temperature"], 8000.0)
    with pytest.raises(InvalidRequest, match="no trajectory 5; the file has 0 to 1"):
        core.open(path, units=offered, trajectory=5)


def test_each_reader_takes_its_own_only(tmp_path: Path):
    files = {
        "SWIFT": write_swift(tmp_path / "a.hdf5"),
        "Gadget": write_gadget(tmp_path / "b.hdf5"),
        "The Well": write_well(tmp_path / "c.hdf5", velocity_kms=1.0),
    }
    core.save(core.Cube({"density": np.ones((4, 4, 4))}, 1.0), tmp_path / "d.shell.h5")
    files["Shellsight"] = tmp_path / "d.shell.h5"
    assert set(files) <= {reader.name for reader in READERS}
    for name, path in files.items():
        for reader in READERS:
            assert reader.sniff(path).accepted == (reader.name == name)


@pytest.mark.parametrize("part", [0.0, 5e-6, 0.0005, 0.25, 0.75, 0.9999])
@needs_snapshots
def test_truncated_snapshots_are_named(part: float, tmp_path: Path):
    content = (SNAPSHOTS / "swift_turbulent_a" / "snap_0000.hdf5").read_bytes()
    (tmp_path / "cut.hdf5").write_bytes(content[: int(part * len(content))])
    with pytest.raises(CorruptSnapshot, match=r"cut\.hdf5.*(truncated|empty)"):
        core.open(tmp_path / "cut.hdf5")


def test_one_bad_file_of_a_directory_is_left_out_and_named(tmp_path: Path):
    for i in range(3):
        write_swift(tmp_path / f"snap_{i}.hdf5", time=float(i))
    bad = tmp_path / "snap_1.hdf5"
    bad.write_bytes(bad.read_bytes()[:-4000])
    series = core.open(tmp_path)
    assert [path.name for path in series.paths] == ["snap_0.hdf5", "snap_2.hdf5"]
    assert len(series.notes) == 1
    assert "snap_1.hdf5" in series.notes[0]
    with pytest.raises(CorruptSnapshot, match=r"snap_1\.hdf5"):
        core.open(bad)


def test_hdf5_that_is_no_snapshot_lists_the_reasons(tmp_path: Path):
    with h5py.File(tmp_path / "other.hdf5", "w") as file:
        file["catalogue/mass"] = np.ones(3)
    with pytest.raises(UnknownFormat) as caught:
        core.open(tmp_path / "other.hdf5")
    assert set(caught.value.reasons) == {reader.name for reader in READERS}
    assert "other.hdf5" in str(caught.value)
    assert "no group Header" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("Coordinates", np.nan),
        ("Coordinates", np.inf),
        ("Masses", np.nan),
        ("Masses", -1.0),
        ("Density", np.nan),
        ("Velocities", -np.inf),
        ("InternalEnergy", -1.0),
    ],
)
def test_impossible_values_name_data_set_and_count(name: str, bad: float, tmp_path: Path):
    columns = gas()
    columns[name][:3] = bad
    series = core.open(write_gadget(tmp_path / "bad.hdf5", columns))
    size = columns[name].size
    count = columns[name][:3].size
    with pytest.raises(
        CorruptSnapshot, match=rf"bad\.hdf5.*PartType0/{name} has {count} of {size}"
    ):
        series[0]


@pytest.mark.parametrize("name", ["Coordinates", "Masses"])
def test_voxelizing_bad_gas_fails_too(name: str, tmp_path: Path):
    columns = gas()
    columns[name][0] = np.nan
    series = core.open(write_gadget(tmp_path / "bad.hdf5", columns))
    with pytest.raises(CorruptSnapshot, match=name):
        core.voxelize(series)


def test_no_gas_is_said(tmp_path: Path):
    path = write_gadget(tmp_path / "dry.hdf5", {name: v[:0] for name, v in gas().items()})
    with pytest.raises(CorruptSnapshot, match=r"dry\.hdf5.*no gas particles"):
        core.open(path)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: f["PartType0"].pop("Coordinates"), "Coordinates is missing"),
        (lambda f: f["PartType0"].pop("Masses"), "neither PartType0/Masses nor"),
        (lambda f: f["Header"].attrs.pop("Time"), "Header"),
        (lambda f: f["Header"].attrs.modify("NumPart_Total", [70] * 6), "70 gas particles in all"),
        (lambda f: f["Header"].attrs.modify("NumPart_ThisFile", [9] * 6), "states 9 gas"),
    ],
)
def test_contradictions_are_said(damage: Callable[[h5py.File], object], says: str, tmp_path: Path):
    path = write_gadget(tmp_path / "odd.hdf5")
    with h5py.File(path, "a") as file:
        damage(file)
    with pytest.raises(CorruptSnapshot, match=rf"odd\.hdf5.*{says}"):
        core.open(path)


def test_a_column_of_the_wrong_shape_is_said(tmp_path: Path):
    columns = {**gas(), "Velocities": np.zeros((64, 2), np.float32)}
    series = core.open(write_gadget(tmp_path / "odd.hdf5", columns))
    with pytest.raises(CorruptSnapshot, match=r"Velocities has shape \(64, 2\)"):
        series[0]


def test_a_swift_file_without_units_asks_for_them(tmp_path: Path):
    path = write_swift(tmp_path / "s.hdf5")
    with h5py.File(path, "a") as file:
        del file["Units"]
    with pytest.raises(MissingUnits, match="length, mass, time"):
        core.open(path)
    assert core.open(path, units="length=pc,mass=Msun,velocity=km/s").box_pc == (60.0,) * 3


def _external_link(file: h5py.File, other: Path) -> None:
    file["PartType0/Coordinates"] = h5py.ExternalLink(str(other), "PartType0/Coordinates")


def _soft_then_external(file: h5py.File, other: Path) -> None:
    file["away"] = h5py.ExternalLink(str(other), "PartType0")
    file["PartType0/Coordinates"] = h5py.SoftLink("/away/Coordinates")


def _virtual(file: h5py.File, other: Path) -> None:
    layout = h5py.VirtualLayout((64, 3), np.float64)
    layout[:] = h5py.VirtualSource(str(other), "PartType0/Coordinates", (64, 3))
    file.create_virtual_dataset("PartType0/Coordinates", layout)


@pytest.mark.parametrize("leave", [_external_link, _soft_then_external, _virtual])
def test_data_outside_the_file_are_refused(
    leave: Callable[[h5py.File, Path], None], tmp_path: Path
):
    other = write_gadget(tmp_path / "other.hdf5")
    path = write_gadget(tmp_path / "link.hdf5")
    with h5py.File(path, "a") as file:
        del file["PartType0/Coordinates"]
        leave(file, other)
    with pytest.raises(CorruptSnapshot, match=r"link\.hdf5.*Coordinates.*refused"):
        core.open(path)


def test_links_within_the_file_are_followed_but_not_in_circles(tmp_path: Path):
    path = write_gadget(tmp_path / "link.hdf5")
    with h5py.File(path, "a") as file:
        file.move("PartType0/Coordinates", "places")
        file["PartType0/Coordinates"] = h5py.SoftLink("/places")
    assert len(core.open(path)[0]) == 64
    with h5py.File(path, "a") as file:
        del file["places"]
        file["places"] = h5py.SoftLink("/PartType0/Coordinates")
    with pytest.raises(CorruptSnapshot, match="circles"):
        core.open(path)
