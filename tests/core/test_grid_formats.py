"""Grids in other people's formats: The Well, 3D-MIM, VTK image data, NumPy arrays."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

import core
from core.errors import CorruptSnapshot, InvalidRequest, MissingUnits, UnknownFormat
from core.writers.arrays import save_arrays
from core.writers.vti import save_vti
from tests.core.synthetic import write_well

PC_KMS = "length=pc,mass=Msun,velocity=km/s"
OURS = f"{PC_KMS},time=Myr"


def cubes(n: int = 6, frames: int = 4, seed: int = 0) -> core.CubeSequence:
    random = np.random.default_rng(seed)
    shape = (frames, n, n, n)
    return core.CubeSequence(
        {
            "density": random.lognormal(size=shape),
            "temperature": random.uniform(10, 1e6, shape),
            "velocity": random.normal(0, 10, (*shape, 3)),
        },
        times_myr=np.cumsum(random.uniform(0.001, 0.01, frames)),
        size_pc=60.0,
        center_pc=(10.0, -20.0, 30.0),
    )


# --- NumPy ---------------------------------------------------------------------------


def test_arrays_that_carry_their_size_need_no_units(tmp_path: Path):
    sequence = cubes()
    save_arrays(sequence, tmp_path / "run.npz")
    series = core.open(tmp_path / "run.npz")
    assert (series.format, series.kind, len(series)) == ("NumPy", "grid", 4)
    assert series.box_pc == (60.0, 60.0, 60.0)
    assert series.origin_pc == pytest.approx((-20.0, -50.0, 0.0))
    np.testing.assert_array_equal(series.times_myr, sequence.times_myr)
    for frame, cube in zip(series, sequence, strict=True):
        assert set(frame.fields) == {"density", "temperature", "velocity"}
        for name, values in cube.fields.items():
            np.testing.assert_array_equal(frame.fields[name], values)
        assert frame.center_pc == pytest.approx(cube.center_pc)
    with pytest.raises(InvalidRequest, match="leave the units out"):
        core.open(tmp_path / "run.npz", units=PC_KMS)


def test_one_cube_is_saved_and_read_too(tmp_path: Path):
    cube = cubes()[2]
    save_arrays(cube, tmp_path / "one.npz")
    (frame,) = core.open(tmp_path / "one.npz")
    np.testing.assert_array_equal(frame.density, cube.density)
    assert frame.time_myr == cube.time_myr
    assert np.load(tmp_path / "one.npz")["provenance"].dtype.kind == "U"
    with pytest.raises(InvalidRequest, match="no directory"):
        save_arrays(cube, tmp_path / "nowhere" / "one.npz")
    with pytest.raises(InvalidRequest, match=r"ends in \.npz"):
        save_arrays(cube, tmp_path / "one.txt")


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["<f4", ">f8", "<i2"])
def test_arrays_however_they_are_stored(
    save: Callable[..., None], order: str, dtype: str, tmp_path: Path
):
    values = (100 * cubes().density).astype(dtype)
    stored = np.asarray(values, order=order)  # type: ignore[call-overload]
    save(tmp_path / "a.npz", rho=stored, other=np.arange(3))
    np.save(tmp_path / "b.npy", stored)
    for name in ("a.npz", "b.npy"):
        series = core.open(tmp_path / name, units=OURS)
        assert len(series) == 4
        for frame, cube in zip(series, values, strict=True):
            np.testing.assert_array_equal(frame.density, cube.astype(np.float32))


def test_an_array_asks_for_its_voxel_and_interval(tmp_path: Path):
    np.save(tmp_path / "rho.npy", np.full((3, 8, 8, 8), 2.0, np.float32))
    with pytest.raises(MissingUnits, match=r"rho\.npy.*8 voxels.*edge of a voxel") as caught:
        core.open(tmp_path / "rho.npy")
    assert caught.value.missing == ("length", "mass", "time")
    series = core.open(tmp_path / "rho.npy", units=caught.value.offer)
    assert series.box_pc == pytest.approx((60.0,) * 3)
    np.testing.assert_allclose(series.times_myr, [0, 0.007, 0.014])
    # The offer stands for densities in Msun/pc^3.
    np.testing.assert_allclose(series[0].density, 2.0, rtol=1e-6)
    assert series[0].mass_msun == pytest.approx(2.0 * 60**3, rel=1e-6)


def test_cubes_in_several_files_are_counted_by_their_names(tmp_path: Path):
    for number in (2, 10, 1):
        np.save(tmp_path / f"rho_{number:03d}.npy", np.full((4, 4, 4), float(number)))
    series = core.open(tmp_path, units="length=pc,mass=Msun,time=0.5 Myr")
    np.testing.assert_allclose(series.times_myr, [0.5, 1.0, 5.0])
    assert [frame.density[0, 0, 0] for frame in series] == [1, 2, 10]


@pytest.mark.parametrize(
    ("arrays", "says"),
    [
        ({"a": np.ones((4, 4, 4)), "b": np.ones((4, 4, 4))}, "arrays are a, b; call one"),
        ({"density": np.ones((4, 4, 4)), "rho": np.ones((4, 4, 4))}, "leave one density"),
        ({"density": np.ones((4, 4, 5))}, "not numbers on a cube"),
        ({"density": np.ones((4, 4, 4), complex)}, "not numbers on a cube"),
        ({"density": np.ones((4, 4)), "x": np.ones(3)}, "none is a cube called density"),
    ],
)
def test_arrays_that_are_no_cube_say_why(
    arrays: dict[str, NDArray[Any]], says: str, tmp_path: Path
):
    np.savez(tmp_path / "a.npz", **arrays)  # type: ignore[arg-type]
    with pytest.raises(UnknownFormat, match=says):
        core.open(tmp_path / "a.npz")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"times_myr": np.array([0.0, 1.0])}, r"times_myr has shape \(2,\), expected \(4,\)"),
        ({"times_myr": np.array([0.0, 2.0, 1.0, 3.0])}, "do not increase"),
        ({"times_myr": np.array([0.0, np.nan, 1.0, 3.0])}, "NaN"),
        ({"times_myr": None}, "no times_myr"),
        ({"size_pc": np.float64(-1)}, "must be positive"),
        ({"velocity": np.ones((4, 6, 6, 6))}, "velocity has shape"),
    ],
)
def test_arrays_that_contradict_each_other(change: dict[str, Any], says: str, tmp_path: Path):
    save_arrays(cubes(), tmp_path / "a.npz")
    with np.load(tmp_path / "a.npz") as file:
        arrays = {**file, **change}
    np.savez(tmp_path / "a.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(CorruptSnapshot, match=says):
        core.open(tmp_path / "a.npz")


def test_one_frame_is_read_at_a_time(tmp_path: Path):
    frames = np.random.default_rng(0).random((40, 32, 32, 32), dtype=np.float32)
    np.save(tmp_path / "a.npy", frames)
    np.savez(tmp_path / "b.npz", density=frames)
    for name in ("a.npy", "b.npz"):
        tracemalloc.start()
        cube = core.open(tmp_path / name, units=OURS)[39]
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        np.testing.assert_array_equal(cube.density, frames[39])
        assert peak < 0.3 * frames.nbytes


# --- 3D-MIM --------------------------------------------------------------------------


def write_mim(path: Path, **change: Any) -> NDArray[np.float32]:
    """Two clips of 1 + 4 frames, the second stored before the first."""
    frames = np.random.default_rng(5).random((10, 1, 8, 8, 8), dtype=np.float32)
    arrays = {
        "clips": np.array([[[5, 1], [0, 1]], [[6, 4], [1, 4]]]),
        "dims": np.array([[1, 8, 8, 8]]),
        "input_raw_data": frames,
        **change,
    }
    np.savez_compressed(path, **{k: v for k, v in arrays.items() if v is not None})
    return frames


def test_mim_clips_are_trajectories(tmp_path: Path):
    frames = write_mim(tmp_path / "train.npz")
    with pytest.raises(MissingUnits, match=r"paper's cube of 60 pc.*How densities became") as e:
        core.open(tmp_path / "train.npz")
    for clip, first in ((0, 5), (1, 0)):
        series = core.open(tmp_path / "train.npz", units=e.value.offer, trajectory=clip)
        assert (series.format, series.trajectories, len(series)) == ("3D-MIM", (0, 1), 5)
        assert series.box_pc == pytest.approx((60.0,) * 3)
        np.testing.assert_allclose(series.times_myr, 0.007 * np.arange(5))
        for number, frame in enumerate(series):
            np.testing.assert_allclose(frame.density, frames[first + number, 0], rtol=1e-6)
    assert "does not say" in series[0].provenance["values"]
    with pytest.raises(InvalidRequest, match="no trajectory 2"):
        core.open(tmp_path / "train.npz", units=e.value.offer, trajectory=2)


def test_mim_with_the_range_of_its_logarithms(tmp_path: Path):
    frames = write_mim(tmp_path / "a.npz", log10_density_range=np.array([-3.0, 2.0]))
    series = core.open(tmp_path / "a.npz", units="length=pc,mass=Msun,time=Myr")
    np.testing.assert_allclose(series[1].density, 10.0 ** (5 * frames[6, 0] - 3), rtol=1e-5)
    assert "log10 density -3 to 2" in series[1].provenance["values"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"clips": np.array([[[0, 1]], [[1, 10]]])}, "clip 0 has 10 frames from 1 on"),
        ({"clips": np.array([[[-1, 1]], [[1, 2]]])}, "clip 0 has 1 frames from -1"),
        ({"clips": np.zeros((2, 1, 2), int)}, "clip 0 has no frames"),
        ({"clips": np.zeros((3, 2))}, r"clips has shape \(3, 2\)"),
        ({"clips": np.zeros((2, 1, 2))}, "not whole numbers"),
        ({"input_raw_data": np.zeros((10, 2, 8, 8, 8))}, "input_raw_data has shape"),
        ({"input_raw_data": np.zeros((10, 1, 8, 8, 4))}, "cube of equal sides"),
        ({"log10_density_range": np.array([2.0, 1.0])}, "increasing"),
    ],
)
def test_mim_that_contradicts_itself(change: dict[str, Any], says: str, tmp_path: Path):
    write_mim(tmp_path / "a.npz", **change)
    with pytest.raises(CorruptSnapshot, match=rf"a\.npz.*{says}"):
        core.open(tmp_path / "a.npz", units=OURS)


def test_mim_values_outside_zero_to_one(tmp_path: Path):
    write_mim(tmp_path / "a.npz", input_raw_data=np.full((10, 1, 8, 8, 8), 1.5))
    with pytest.raises(CorruptSnapshot, match=r"frame 5 of input_raw_data.*not in \[0, 1\]"):
        core.open(tmp_path / "a.npz", units=OURS)[0]


# --- VTK image data ------------------------------------------------------------------

ENCODINGS = {
    "ascii": ("Ascii", True, "ZLib"),
    "binary": ("Binary", True, None),
    "binary zlib": ("Binary", True, "ZLib"),
    "binary lzma": ("Binary", True, "LZMA"),
    "appended base64": ("Appended", True, None),
    "appended base64 zlib": ("Appended", True, "ZLib"),
    "appended raw": ("Appended", False, None),
    "appended raw zlib": ("Appended", False, "ZLib"),
    "appended raw lzma": ("Appended", False, "LZMA"),
}


def write_vtk(
    path: Path,
    encoding: str = "appended raw zlib",
    *,
    n: int = 5,
    points: bool = False,
    time: float | None = 0.25,
    name: str = "density",
    header_64: bool = False,
    big_endian: bool = False,
    dtype: str = "f4",
    extent: int = 0,
    **more: NDArray[Any],
) -> NDArray[Any]:
    """Write with VTK itself; returns the density with axes (x, y, z)."""
    pv = pytest.importorskip("pyvista")
    from vtkmodules.vtkIOCore import vtkLZMADataCompressor, vtkZLibDataCompressor
    from vtkmodules.vtkIOXML import vtkXMLImageDataWriter

    size = n if points else n + 1
    grid = pv.ImageData(dimensions=(size,) * 3, spacing=(2.0,) * 3, origin=(-1.0, 3.0, 5.0))
    grid.offset = (extent,) * 3
    values = np.random.default_rng(2).lognormal(size=(n, n, n)).astype(dtype)
    data = grid.point_data if points else grid.cell_data
    for key, array in {name: values, **more}.items():
        flat = array.swapaxes(0, 2).reshape((n**3, 3) if array.ndim == 4 else n**3)
        data[key] = flat
    if time is not None:
        grid.field_data["TimeValue"] = [time]
    mode, encoded, packing = ENCODINGS[encoding]
    writer = vtkXMLImageDataWriter()
    writer.SetFileName(str(path))
    writer.SetInputData(grid)
    getattr(writer, f"SetDataModeTo{mode}")()
    writer.SetEncodeAppendedData(encoded)
    compressors = {"ZLib": vtkZLibDataCompressor, "LZMA": vtkLZMADataCompressor}
    writer.SetCompressor(compressors[packing]() if packing else None)
    writer.SetBlockSize(96)  # several blocks, the last one shorter
    if header_64:
        writer.SetHeaderTypeToUInt64()
    if big_endian:
        writer.SetByteOrderToBigEndian()
    assert writer.Write()
    return values


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("points", [False, True])
def test_vtk_in_every_encoding(encoding: str, points: bool, tmp_path: Path):
    random = np.random.default_rng(3)
    velocity = random.normal(size=(5, 5, 5, 3)).astype(np.float32)
    density = write_vtk(tmp_path / "a.vti", encoding, points=points, velocity=velocity)
    series = core.open(tmp_path / "a.vti", units=PC_KMS)
    assert (series.format, series.kind) == ("VTK image data", "grid")
    (cube,) = series
    np.testing.assert_allclose(cube.density, density, rtol=1e-5)
    np.testing.assert_allclose(cube.fields["velocity"], velocity, rtol=1e-4, atol=1e-5)
    assert cube.size_pc == pytest.approx(10.0)
    # Points are the centres of voxels: the cube reaches half a spacing further.
    corner = np.array([-1.0, 3.0, 5.0]) - (1.0 if points else 0.0)
    assert series.origin_pc == pytest.approx(tuple(corner))
    assert cube.time_myr == pytest.approx(0.25 * 0.977792, rel=1e-5)


@pytest.mark.parametrize("encoding", ["binary zlib", "appended raw", "appended base64 zlib"])
@pytest.mark.parametrize("header_64", [False, True])
@pytest.mark.parametrize("big_endian", [False, True])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4", "u1"])
def test_vtk_of_every_type(
    encoding: str, header_64: bool, big_endian: bool, dtype: str, tmp_path: Path
):
    density = write_vtk(
        tmp_path / "a.vti", encoding, header_64=header_64, big_endian=big_endian, dtype=dtype
    )
    (cube,) = core.open(tmp_path / "a.vti", units=PC_KMS)
    np.testing.assert_allclose(cube.density, density.astype(np.float32), rtol=1e-6)


def test_vtk_files_as_pyvista_saves_them(tmp_path: Path):
    pv = pytest.importorskip("pyvista")
    grid = pv.ImageData(dimensions=(6, 6, 6))
    grid.cell_data["Rho"] = np.arange(125.0)
    for binary in (True, False):
        grid.save(tmp_path / "a.vti", binary=binary)
        (cube,) = core.open(tmp_path / "a.vti", units=OURS)
        assert cube.density[4, 3, 2] == 4 + 5 * 3 + 25 * 2


def test_vtk_asks_for_units_unless_it_carries_them(tmp_path: Path):
    write_vtk(tmp_path / "a.vti")
    with pytest.raises(MissingUnits, match=r"a\.vti.*box is 10 wide") as caught:
        core.open(tmp_path / "a.vti")
    assert core.open(tmp_path / "a.vti", units=caught.value.offer).times_myr[0] == 0.25
    cube = cubes()[1]
    save_vti(cube, tmp_path / "ours.vti")
    series = core.open(tmp_path / "ours.vti")
    for name, values in cube.fields.items():
        np.testing.assert_allclose(series[0].fields[name], values, rtol=1e-6)
    assert series[0].center_pc == pytest.approx(cube.center_pc)
    assert series.times_myr[0] == cube.time_myr


def test_vtk_extents_need_not_begin_at_zero(tmp_path: Path):
    write_vtk(tmp_path / "a.vti", extent=7)
    series = core.open(tmp_path / "a.vti", units=PC_KMS)
    assert series.origin_pc == pytest.approx((13.0, 17.0, 19.0))


def test_a_directory_of_vtk_is_a_series(tmp_path: Path):
    frames = [
        write_vtk(tmp_path / f"{name}.vti", time=time)
        for name, time in (("b", 0.1), ("a", 0.3), ("c", 0.2))
    ]
    series = core.open(tmp_path, units=OURS)
    np.testing.assert_allclose(series.times_myr, [0.1, 0.2, 0.3])
    np.testing.assert_allclose(series[0].density, frames[0], rtol=1e-6)
    write_vtk(tmp_path / "d.vti", time=None)
    with pytest.raises(InvalidRequest, match=r"d\.vti.*TimeValue"):
        core.open([tmp_path / "a.vti", tmp_path / "d.vti"], units=OURS)


def test_vtk_with_no_or_two_densities_lists_what_it_has(tmp_path: Path):
    write_vtk(tmp_path / "a.vti", name="n_H", other=np.ones((5, 5, 5)))
    with pytest.raises(CorruptSnapshot, match=r"none of its arrays.*'n_H', 'other'"):
        core.open(tmp_path / "a.vti", units=PC_KMS)
    write_vtk(tmp_path / "b.vti", rho=np.ones((5, 5, 5)))
    with pytest.raises(CorruptSnapshot, match=r"several of its arrays.*'density', 'rho'"):
        core.open(tmp_path / "b.vti", units=PC_KMS)


def test_other_files_of_vtk_are_named(tmp_path: Path):
    pv = pytest.importorskip("pyvista")
    pv.Sphere().save(tmp_path / "a.vtp")
    with pytest.raises(UnknownFormat, match="VTK's PolyData, not ImageData"):
        core.open(tmp_path / "a.vtp")


# --- The Well ------------------------------------------------------------------------


def test_the_well_counts_the_trajectories_of_all_files(tmp_path: Path):
    for name in ("a", "b"):
        write_well(tmp_path / f"{name}.hdf5", velocity_kms=1.0)
    with h5py.File(tmp_path / "b.hdf5", "a") as file:
        file["t0_fields/density"][...] *= 3
        expected = file["t0_fields/density"][1, 2]
    series = core.open(tmp_path, units=OURS, trajectory=3)
    assert series.trajectories == (0, 1, 2, 3)
    assert series.paths == (tmp_path / "b.hdf5",)
    np.testing.assert_allclose(series[2].density, expected, rtol=1e-6)


def test_the_well_of_two_data_sets_is_refused(tmp_path: Path):
    write_well(tmp_path / "a.hdf5", velocity_kms=1.0)
    write_well(tmp_path / "b.hdf5", velocity_kms=1.0, n=4)
    with pytest.raises(InvalidRequest, match="of different data sets"):
        core.open([tmp_path / "a.hdf5", tmp_path / "b.hdf5"], units=OURS)


def test_the_wells_offer_can_be_read_by_a_program(tmp_path: Path):
    path = write_well(tmp_path / "a.hdf5", velocity_kms=48.9)
    with pytest.raises(MissingUnits) as caught:
        core.open(path)
    assert core.UnitSystem.parse(caught.value.offer).velocity_kms == pytest.approx(48.9, rel=1e-3)
    with h5py.File(path, "a") as file:
        del file["t0_fields/pressure"]
    with pytest.raises(MissingUnits) as caught:
        core.open(path)
    assert caught.value.offer == ""


def test_the_wells_constant_fields_and_own_times(tmp_path: Path):
    """A field may lack the axis of trajectories, of time, or one of space."""
    path = write_well(tmp_path / "a.hdf5", velocity_kms=1.0)
    along = np.linspace(10, 80, 8).astype(np.float32)
    with h5py.File(path, "a") as file:
        del file["t0_fields/temperature"], file["dimensions/time"], file["t1_fields/velocity"]
        field = file.create_dataset("t0_fields/temperature", data=along)
        field.attrs.update(
            {
                "sample_varying": False,
                "time_varying": False,
                "dim_varying": np.array([False, True, False]),
            }
        )
        vectors = file.create_dataset("t1_fields/velocity", data=np.ones((3, 8, 8, 8, 3)))
        vectors.attrs.update({"sample_varying": False, "time_varying": True})
        file["dimensions/time"] = np.array([[0.0, 0.001, 0.01], [0.0, 0.5, 0.7]])
    series = core.open(path, units=OURS, trajectory=1)
    np.testing.assert_allclose(series.times_myr, [0.0, 0.5, 0.7])
    cube = series[1]
    np.testing.assert_array_equal(cube.fields["temperature"][3, :, 5], along)
    assert cube.fields["velocity"].shape == (8, 8, 8, 3)


def test_the_well_reads_only_the_frame_asked_for(tmp_path: Path):
    path = write_well(tmp_path / "a.hdf5", velocity_kms=1.0, n=32, times=tuple(range(20)))
    series = core.open(path, units=OURS)
    tracemalloc.start()
    series[7]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 0.1 * path.stat().st_size


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda f: f.attrs.modify("n_spatial_dims", 2), "2 axes in space; 3 are needed"),
        (lambda f: f["t0_fields"].pop("density"), "no density among its fields"),
        (lambda f: f["dimensions"].pop("time"), "dimensions/time is missing"),
        (lambda f: f["dimensions/time"].write_direct(np.array([0.0, 2.0, 1.0])), "not increase"),
        (lambda f: f["dimensions/x"].write_direct(np.zeros(8)), "evenly spaced"),
    ],
)
def test_the_well_that_cannot_be_right(
    damage: Callable[[h5py.File], object], says: str, tmp_path: Path
):
    path = write_well(tmp_path / "a.hdf5", velocity_kms=1.0)
    with h5py.File(path, "a") as file:
        damage(file)
    with pytest.raises(CorruptSnapshot, match=rf"a\.hdf5.*{says}"):
        core.open(path, units=OURS)


@pytest.mark.parametrize("kinds", [("PERIODIC",) * 3, ("PERIODIC", "OPEN", "OPEN")])
def test_the_wells_boundaries(kinds: tuple[str, ...], tmp_path: Path):
    path = write_well(tmp_path / "a.hdf5", velocity_kms=1.0)
    with h5py.File(path, "a") as file:
        for axis, kind in zip("xyz", kinds, strict=True):
            file[f"boundary_conditions/{axis}_open"].attrs["bc_type"] = kind
    assert core.open(path, units=OURS).periodic == (set(kinds) == {"PERIODIC"})
