"""What leaves Shellsight is read by others: The Well's loader, VTK, a spreadsheet."""

from __future__ import annotations

import csv
import json
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest

import core
from core.constants import BOLTZMANN_ERG_K, HYDROGEN_MASS_G
from core.errors import Cancelled, InvalidRequest
from core.particles import ParticleSet
from core.writers.arrays import save_arrays
from core.writers.ids import save_affected
from core.writers.vti import save_vti
from core.writers.well import save_well
from tests.helpers import analytic_evolution

N, FRAMES = 8, 5
TIMES = np.array([0.0, 0.0001, 0.007, 0.02, 0.133])
CENTER = (130.0, -20.0, 7.5)


def sequence(seed: int = 1, times=TIMES, fields=("density", "temperature", "velocity")):
    """Random gas, cold and hot, on 8^3 voxels of 2 pc."""
    random = np.random.default_rng(seed)
    shape = (len(times), N, N, N)
    values = {
        "density": random.lognormal(0, 1, shape),
        "temperature": 10 ** random.uniform(1, 7.5, shape),
        "velocity": random.normal(0, 30, (*shape, 3)),
    }
    return core.CubeSequence(
        {name: values[name] for name in fields},
        times, 16.0, CENTER, {"files": [Path("a.hdf5")], "note": "made & <tested>"},
    )  # fmt: skip


def assert_same(read: core.CubeSequence, written: core.CubeSequence, rtol: float = 1e-6) -> None:
    assert set(read.fields) == set(written.fields)
    for name, values in written.fields.items():
        np.testing.assert_allclose(read.fields[name], values, rtol=rtol)
    np.testing.assert_allclose(read.times_myr, written.times_myr, rtol=1e-6)
    assert read.size_pc == pytest.approx(written.size_pc, rel=1e-5)
    assert read.center_pc == pytest.approx(written.center_pc, rel=1e-5)


def whole(series) -> core.CubeSequence:
    return core.voxelize(series, size_pc=series.box_pc[0], n=N, center_pc=series.center_pc)


# ---------------------------------------------------------------- The Well


def test_the_wells_own_dataset_loads_what_is_written(tmp_path):
    from the_well.data import WellDataset

    written = sequence()
    save_well(written, tmp_path / "run.hdf5")
    loaded = WellDataset(
        path=str(tmp_path), n_steps_input=2, n_steps_output=3, normalize_time_grid=False
    )
    assert len(loaded) == 1
    about = loaded.metadata
    assert about.n_spatial_dims == 3
    assert about.spatial_resolution == (N, N, N)
    assert about.n_steps_per_trajectory == [FRAMES]
    assert about.grid_type == "cartesian"
    assert about.boundary_condition_types == ["OPEN"]
    names = [name for order in range(3) for name in about.field_names[order]]
    assert sorted(names) == [
        "density", "pressure", "temperature", "velocity_x", "velocity_y", "velocity_z"
    ]  # fmt: skip
    sample = loaded[0]
    frames = np.concatenate([sample["input_fields"], sample["output_fields"]])
    for name in ("density", "temperature"):
        np.testing.assert_array_equal(frames[..., names.index(name)], written.fields[name])
    for axis, letter in enumerate("xyz"):
        np.testing.assert_array_equal(
            frames[..., names.index(f"velocity_{letter}")], written.fields["velocity"][..., axis]
        )
    times = np.concatenate([sample["input_time_grid"], sample["output_time_grid"]])
    np.testing.assert_allclose(times, TIMES, rtol=1e-6)
    grid = np.asarray(sample["space_grid"])
    np.testing.assert_allclose(grid[0, 0, 0], np.array(CENTER) - 7, rtol=1e-6)
    np.testing.assert_allclose(grid[-1, 3, 2], np.array(CENTER) + (7, -1, -3), rtol=1e-6)
    np.testing.assert_array_equal(sample["boundary_conditions"], np.ones((3, 2)))


def test_the_well_batches_it_through_a_data_loader(tmp_path):
    from the_well.data import WellDataset
    from torch.utils.data import DataLoader

    save_well(sequence(1), tmp_path / "a.hdf5")
    save_well(sequence(2), tmp_path / "b.hdf5")
    loaded = WellDataset(path=str(tmp_path), n_steps_input=1, n_steps_output=1)
    batches = list(DataLoader(loaded, batch_size=4))
    assert [len(batch["input_fields"]) for batch in batches] == [4, 4]


def test_a_control_is_the_second_trajectory(tmp_path):
    from the_well.data import WellDataset

    evolution = analytic_evolution(n=N, frames=4)
    save_well(evolution, tmp_path / "run.hdf5")
    loaded = WellDataset(path=str(tmp_path), n_steps_input=1, n_steps_output=3)
    assert loaded.metadata.n_trajectories_per_file == [2]
    with_sn, without = loaded[0], loaded[1]
    for sample, density in (
        (with_sn, evolution.density),
        (without, evolution.control.density),
    ):
        frames = np.concatenate([sample["input_fields"], sample["output_fields"]])[..., 0]
        np.testing.assert_array_equal(frames, density)
    assert loaded.metadata.constant_scalar_names == ["energy_1e51_erg"]
    assert float(with_sn["constant_scalars"][0]) == 1.0
    assert float(without["constant_scalars"][0]) == 0.0
    series = core.open(tmp_path / "run.hdf5", trajectory=1)
    np.testing.assert_allclose(whole(series).density, evolution.control.density, rtol=1e-6)


def test_the_well_file_opens_again_with_its_units(tmp_path):
    written = sequence()
    save_well(written, tmp_path / "run.hdf5")
    series = core.open(tmp_path / "run.hdf5")
    assert series.format == "The Well"
    assert_same(whole(series), written)


def test_pressure_states_a_unit_of_velocity_of_one_kms(tmp_path):
    """The rule of the design: the unit of velocity follows from P = rho k T / (mu m_H)."""
    save_well(sequence(), tmp_path / "run.hdf5")
    with h5py.File(tmp_path / "run.hdf5", "a") as file:
        density, temperature, pressure = (
            file[f"t0_fields/{name}"][0, 0].astype(float)
            for name in ("density", "temperature", "pressure")
        )
        del file.attrs["units"]
    mu = np.where(temperature < 1e4, 1.27, 0.59)
    sound_kms2 = BOLTZMANN_ERG_K * temperature / (mu * HYDROGEN_MASS_G) / 1e10
    np.testing.assert_allclose(pressure, density * sound_kms2, rtol=1e-6)
    with pytest.raises(core.errors.MissingUnits, match="velocity=1 km/s"):
        core.open(tmp_path / "run.hdf5")


def test_the_well_layout_is_the_specifications(tmp_path):
    save_well(sequence(fields=("density",)), tmp_path / "run.hdf5")
    with h5py.File(tmp_path / "run.hdf5") as file:
        assert file.attrs["dataset_name"] == "shellsight"
        assert list(file.attrs["simulation_parameters"]) == []
        assert list(file["dimensions"].attrs["spatial_dims"]) == ["x", "y", "z"]
        assert list(file["t0_fields"].attrs["field_names"]) == ["density"]
        for group in ("t1_fields", "t2_fields", "scalars"):
            assert list(file[group].attrs["field_names"]) == []
        field = file["t0_fields/density"]
        assert (field.shape, field.dtype) == ((1, FRAMES, N, N, N), np.float32)
        assert list(field.attrs["dim_varying"]) == [True, True, True]
        assert field.attrs["sample_varying"]
        assert field.attrs["time_varying"]
        assert all(file[f"dimensions/{name}"].dtype == np.float32 for name in ("time", *"xyz"))
        for axis in "xyz":
            wall = file[f"boundary_conditions/{axis}_open"]
            assert wall.attrs["bc_type"] == "OPEN"
            assert list(wall.attrs["associated_dims"]) == [axis]
            assert np.flatnonzero(wall["mask"]).tolist() == [0, N - 1]
        assert json.loads(file.attrs["provenance"])["files"] == ["a.hdf5"]


def test_cosmic_times_are_not_rounded_into_one_another(tmp_path):
    written = sequence(times=13_000.0 + TIMES)
    save_well(written, tmp_path / "run.hdf5")
    read = core.open(tmp_path / "run.hdf5").times_myr
    np.testing.assert_allclose(read - 13_000.0, TIMES, atol=1e-9)


# ---------------------------------------------------------------- VTK


def test_vtk_reads_the_voxels_where_they_are(tmp_path):
    pyvista = pytest.importorskip("pyvista", reason="reads the files by VTK itself")
    written = sequence()
    assert save_vti(written[2], tmp_path / "one.vti") == (tmp_path / "one.vti",)
    image = pyvista.read(tmp_path / "one.vti")
    assert image.dimensions == (N + 1, N + 1, N + 1)
    assert image.spacing == pytest.approx((2.0, 2.0, 2.0))
    assert image.origin == pytest.approx(tuple(np.array(CENTER) - 8))
    for name in ("density", "temperature", "velocity"):
        values = written.fields[name][2]
        axes = (2, 1, 0, 3)[: values.ndim]
        stored = image.cell_data[name].reshape(values.transpose(axes).shape)
        np.testing.assert_array_equal(stored, values.transpose(axes))
    # By place, so that swapped axes cannot hide: the voxel around a point.
    point = np.array(CENTER) + (3.1, -5.1, 0.5)
    cell = image.find_containing_cell(point)
    index = tuple(np.floor((point - CENTER + 8) / 2).astype(int))
    assert image.cell_data["density"][cell] == written.density[2][index]
    assert image.field_data["TimeValue"][0] == TIMES[2]
    assert json.loads(image.field_data["provenance"][0])["note"] == "made & <tested>"
    assert core.UnitSystem.parse(str(image.field_data["units"][0])).length_pc == 1.0


def test_a_series_is_a_collection_that_vtk_plays(tmp_path):
    pyvista = pytest.importorskip("pyvista", reason="reads the files by VTK itself")
    evolution = analytic_evolution(n=N, frames=3)
    files = save_vti(evolution, tmp_path / "run.pvd")
    assert [file.name for file in files] == [
        "run.pvd", "run_0000.vti", "run_0001.vti", "run_0002.vti"
    ]  # fmt: skip
    reader = pyvista.get_reader(tmp_path / "run.pvd")
    assert reader.time_values == pytest.approx(evolution.times_myr)
    for index, time in enumerate(reader.time_values):
        reader.set_active_time_value(time)
        image = reader.read()[0]
        for name, cubes in (
            ("density", evolution.sequence), ("control_density", evolution.control)
        ):  # fmt: skip
            np.testing.assert_array_equal(
                image.cell_data[name], cubes.density[index].ravel(order="F")
            )


def test_a_vti_file_opens_again(tmp_path):
    written = sequence()
    save_vti(written, tmp_path / "run.pvd")
    assert_same(whole(core.open(sorted(tmp_path.glob("*.vti")))), written)


def test_the_header_of_a_vti_file_is_plain_xml(tmp_path):
    save_vti(sequence()[0], tmp_path / "one.vti")
    data = (tmp_path / "one.vti").read_bytes()
    start, end = data.index(b'<AppendedData encoding="raw">'), data.rindex(b"</AppendedData>")
    root = ElementTree.fromstring(data[:start] + b"<AppendedData>" + data[end:])
    offsets = [int(a.get("offset")) for a in root.iter("DataArray") if a.get("offset")]
    raw = data[data.index(b"_", start) + 1 : end].rstrip(b"\n")
    sizes = [np.frombuffer(raw, "<u8", 1, offset)[0] for offset in offsets]
    assert sorted(sizes) == [4 * N**3, 4 * N**3, 12 * N**3]
    assert len(raw) == sum(sizes) + 8 * 3


def test_many_frames_do_not_go_into_one_vti(tmp_path):
    with pytest.raises(InvalidRequest, match=r"one frame, not 5.*run\.pvd"):
        save_vti(sequence(), tmp_path / "run.vti")
    assert not list(tmp_path.iterdir())
    with pytest.raises(Cancelled):
        save_vti(sequence(), tmp_path / "run.pvd", cancelled=lambda: True)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- identifiers


def gas_around(evolution, count: int = 3000) -> ParticleSet:
    random = np.random.default_rng(2)
    size = evolution.sequence.size_pc
    return ParticleSet(
        positions_pc=random.uniform(-size / 2, size / 2, (count, 3)),
        masses_msun=np.ones(count, np.float32),
        time_myr=0.0,
        box_pc=(size,) * 3,
        origin_pc=(-size / 2,) * 3,
        ids=np.uint64(2**63) + np.arange(count, dtype=np.uint64)[::-1],
        provenance={"files": ["snap_000.hdf5"]},
    )


def test_the_list_names_the_reached_particles_with_their_times(tmp_path):
    evolution = analytic_evolution(n=16, frames=6)
    forecast = core.Forecast(evolution.sequence, evolution.control, provenance={"model": "net-1"})
    gas = gas_around(evolution)
    count = save_affected(tmp_path / "ids.csv", gas, forecast)
    lines = (tmp_path / "ids.csv").read_text().splitlines()
    about = [line for line in lines if line.startswith("# ")]
    rows = list(csv.DictReader(line for line in lines if not line.startswith("#")))
    expected = core.affected_particles(gas, forecast)
    assert count == len(rows) == len(expected) > 10
    # 64-bit identifiers to the last digit.
    assert [int(row["id"]) for row in rows] == expected.tolist()
    at = {int(number): row for row, number in enumerate(gas.ids)}
    for row in rows:
        place = gas.positions_pc[at[int(row["id"])]]
        read = [float(row[name]) for name in ("x_pc", "y_pc", "z_pc")]
        np.testing.assert_allclose(read, place, atol=1e-6)
        assert float(row["time_myr"]) == pytest.approx(
            evolution.times_myr[evolution.sequence.nearest(float(row["time_myr"]))]
        )
    text = "\n".join(about)
    for word in ("snap_000.hdf5", "forecast by net-1", "log10", "not followed", "60 pc around"):
        assert word in text


def test_pieces_give_the_same_list_as_the_whole(tmp_path):
    evolution = analytic_evolution(n=16, frames=4)
    gas = gas_around(evolution)
    parts = [
        ParticleSet(
            gas.positions_pc[part], gas.masses_msun[part], 0.0, gas.box_pc, gas.origin_pc,
            ids=gas.ids[part], provenance=gas.provenance,
        )
        for part in (slice(0, 700), slice(700, 701), slice(701, 701), slice(701, None))
    ]  # fmt: skip
    save_affected(tmp_path / "whole.csv", gas, evolution)
    save_affected(tmp_path / "parts.csv", iter(parts), evolution)
    assert (tmp_path / "whole.csv").read_text() == (tmp_path / "parts.csv").read_text()


def test_particles_without_names_cannot_be_listed(tmp_path):
    evolution = analytic_evolution(n=16, frames=2)
    gas = gas_around(evolution)
    nameless = ParticleSet(gas.positions_pc, gas.masses_msun, 0.0, gas.box_pc, gas.origin_pc)
    with pytest.raises(InvalidRequest, match="no identifiers"):
        save_affected(tmp_path / "ids.csv", nameless, evolution)
    assert not list(tmp_path.iterdir())


# ---------------------------------------------------------------- what all writers share

WRITERS = {
    "a.shell.h5": lambda path: core.save(sequence(), path),
    "a.hdf5": lambda path: save_well(sequence(), path),
    "a.vti": lambda path: save_vti(sequence()[0], path),
    "a.pvd": lambda path: save_vti(sequence(), path),
    "a.npz": lambda path: save_arrays(sequence(), path),
    "a.csv": lambda path: save_affected(
        path, gas_around(analytic_evolution(n=16, frames=4)), analytic_evolution(n=16, frames=4)
    ),
}


@pytest.mark.parametrize("name", WRITERS)
def test_a_missing_folder_is_named(name, tmp_path):
    with pytest.raises(InvalidRequest, match="there is no directory"):
        WRITERS[name](tmp_path / "none" / name)


@pytest.mark.parametrize("name", WRITERS)
def test_a_file_is_replaced_and_no_draft_is_left(name, tmp_path):
    target = tmp_path / name
    target.write_text("old")
    WRITERS[name](target)
    assert target.read_bytes() != b"old"
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]


@contextmanager
def small_disk(limit: int) -> Iterator[None]:
    """A limit on the size of files stands in for a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("name", WRITERS)
def test_a_disk_that_refuses_leaves_the_old_file(name, tmp_path):
    target = tmp_path / name
    target.write_text("old")
    with small_disk(300), pytest.raises(InvalidRequest, match="cannot be written"):
        WRITERS[name](target)
    assert target.read_text() == "old"
    assert not [file for file in tmp_path.iterdir() if file.name.startswith(".")]
