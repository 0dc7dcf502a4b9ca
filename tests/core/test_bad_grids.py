"""Damaged and hostile grids and meshes: read properly, or refused by name; nothing in between."""

from __future__ import annotations

import base64
import shutil
import struct
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from core.errors import CorruptSnapshot, ShellsightError
from core.writers.arrays import save_arrays
from core.writers.vti import save_vti
from tests.core.mesh_files import write_athena, write_enzo, write_flash
from tests.core.mutations import (
    PATIENT_SETTINGS,
    Flip,
    Patient,
    assert_survives,
    claiming,
    damaged_copy,
    early,
    flipped,
    flips,
    odd_types,
    odd_values,
    positions,
    replaced,
    truncated,
)
from tests.core.synthetic import SNAPSHOTS, needs_snapshots, write_well

UNITS = "length=pc,mass=Msun,velocity=km/s,time=Myr"
RAMSES = SNAPSHOTS / "ramses_blast" / "output_00003"
TRILLION = 10**12


@dataclass(frozen=True)
class Sample:
    """A small file that is mostly structure, and how it is opened."""

    path: Path
    options: dict[str, Any]


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with Patient() as reader:
        yield reader


def _sequence() -> core.CubeSequence:
    random = np.random.default_rng(0)
    density = random.lognormal(size=(3, 4, 4, 4))
    velocity = random.normal(size=(3, 4, 4, 4, 3))
    fields = {"density": density, "velocity": velocity}
    return core.CubeSequence(fields, np.array([0.0, 0.1, 0.3]), 60.0)


def _vtk(sequence: core.CubeSequence, path: Path, packed: bool) -> Path:
    """VTK's inline form, packed or not, written by hand: base64 with a header of its own."""
    raw = np.ascontiguousarray(sequence.density[0].swapaxes(0, 2), "<f4").tobytes()
    if packed:
        import zlib

        block = zlib.compress(raw)
        text = base64.b64encode(struct.pack("<4I", 1, len(raw), 0, len(block))).decode()
        text += base64.b64encode(block).decode()
    else:
        text = base64.b64encode(struct.pack("<I", len(raw)) + raw).decode()
    compressor = ' compressor="vtkZLibDataCompressor"' if packed else ""
    path.write_text(
        f'<VTKFile type="ImageData" version="0.1" byte_order="LittleEndian"{compressor}>'
        '<ImageData WholeExtent="0 4 0 4 0 4" Origin="0 0 0" Spacing="1 1 1">'
        '<Piece Extent="0 4 0 4 0 4"><CellData Scalars="density">'
        f'<DataArray type="Float32" Name="density" format="binary">{text}</DataArray>'
        "</CellData></Piece></ImageData></VTKFile>"
    )
    return path


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sample]:
    directory, sequence = tmp_path_factory.mktemp("samples"), _sequence()
    np.save(directory / "cubes.npy", sequence.density)
    np.savez_compressed(directory / "packed.npz", density=sequence.density, extra=np.arange(9))
    save_arrays(sequence, directory / "stated.npz")
    clips = np.array([[[0, 1]], [[1, 2]]])
    frames = np.random.default_rng(1).random((3, 1, 4, 4, 4), dtype=np.float32)
    np.savez(
        directory / "mim.npz", clips=clips, dims=np.array([[1, 4, 4, 4]]), input_raw_data=frames
    )
    save_vti(sequence[1], directory / "ours.vti")
    core.save(sequence, directory / "ours.shell.h5")
    write_well(directory / "well.hdf5", n=4, velocity_kms=1.0)
    write_athena(directory / "mesh.athdf")
    write_flash(directory / "mesh_hdf5_plt_cnt_0000")
    asked = {"units": UNITS}
    return {
        "npy": Sample(directory / "cubes.npy", asked),
        "packed npz": Sample(directory / "packed.npz", asked),
        "stated npz": Sample(directory / "stated.npz", {}),
        "mim": Sample(directory / "mim.npz", asked),
        "our vti": Sample(directory / "ours.vti", {}),
        "inline vti": Sample(_vtk(sequence, directory / "inline.vti", False), asked),
        "packed vti": Sample(_vtk(sequence, directory / "inline2.vti", True), asked),
        "native": Sample(directory / "ours.shell.h5", {}),
        "well": Sample(directory / "well.hdf5", asked),
        "athena": Sample(directory / "mesh.athdf", asked),
        "flash": Sample(directory / "mesh_hdf5_plt_cnt_0000", asked),
    }


GRIDS = (
    "npy",
    "packed npz",
    "stated npz",
    "mim",
    "our vti",
    "inline vti",
    "packed vti",
    "native",
    "well",
)
MESHES = ("athena", "flash")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged")


def few(examples: int) -> settings:
    return settings(PATIENT_SETTINGS, max_examples=examples)


def damaged(sample: Sample, place: Path, content: bytes) -> Path:
    path = place / f"damaged{sample.path.suffix}"
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    return path


def test_the_samples_are_sound(samples: dict[str, Sample], patient: Patient):
    for name, sample in samples.items():
        answer = patient.read(sample.path, **sample.options)
        assert answer.outcome == "read", f"{name}: {answer.text}"


# The bytes of the file ----------------------------------------------------------------------


@few(100)
@given(name=st.sampled_from(GRIDS), at=positions)
def test_grids_truncated_at_any_byte(
    name: str, at: float, samples: dict[str, Sample], place: Path, patient: Patient
):
    sample = samples[name]
    path = damaged(sample, place, truncated(sample.path.read_bytes(), at))
    answer = assert_survives(patient, path, **sample.options)
    # What follows the values in VTK's XML does not matter.
    assert answer.outcome == "refused" or "vti" in name


@few(250)
@given(name=st.sampled_from(GRIDS), changes=flips)
def test_grids_with_bytes_changed(
    name: str,
    changes: list[Flip],
    samples: dict[str, Sample],
    place: Path,
    patient: Patient,
):
    sample = samples[name]
    path = damaged(sample, place, flipped(sample.path.read_bytes(), changes))
    assert_survives(patient, path, **sample.options)


@few(100)
@given(name=st.sampled_from(GRIDS), changes=early(flips, 0.1))
def test_grids_with_headers_changed(
    name: str, changes: list[Flip], samples: dict[str, Sample], place: Path, patient: Patient
):
    sample = samples[name]
    path = damaged(sample, place, flipped(sample.path.read_bytes(), changes))
    assert_survives(patient, path, **sample.options)


@few(8)
@given(name=st.sampled_from(MESHES), at=positions)
def test_meshes_truncated_at_any_byte(
    name: str, at: float, samples: dict[str, Sample], place: Path, patient: Patient
):
    sample = samples[name]
    path = damaged(sample, place, truncated(sample.path.read_bytes(), at))
    assert assert_survives(patient, path, **sample.options).outcome == "refused"


@few(6)
@given(name=st.sampled_from(MESHES), changes=flips)
def test_meshes_with_bytes_changed(
    name: str, changes: list[Flip], samples: dict[str, Sample], place: Path, patient: Patient
):
    sample = samples[name]
    path = damaged(sample, place, flipped(sample.path.read_bytes(), changes))
    assert_survives(patient, path, **sample.options)


# The structure of HDF5 ----------------------------------------------------------------------

PLACES = {
    "native": ("sequence/density", "sequence/times_myr", "sequence/velocity"),
    "well": (
        "t0_fields/density",
        "t0_fields/temperature",
        "t1_fields/velocity",
        "dimensions/time",
        "dimensions/x",
    ),
    "athena": ("prim", "Levels", "x1f", "LogicalLocations"),
    "flash": ("dens", "bounding box", "gid", "node type", "refine level", "unknown names"),
}


def places(*codes: str) -> st.SearchStrategy[tuple[str, str]]:
    return st.sampled_from([(code, name) for code in codes for name in PLACES[code]])


GRID_PLACES, MESH_PLACES = places("native", "well"), places(*MESHES)
shapes = st.lists(st.integers(0, 9), max_size=5).map(tuple)


def _other_array(
    sample: Sample, name: str, dtype: str, shape: tuple[int, ...], place: Path, patient: Patient
) -> None:
    path = damaged_copy(sample.path, place, replaced(name, np.zeros(shape, dtype)))
    assert_survives(patient, path, **sample.options)
    path.unlink()


@few(80)
@given(where=GRID_PLACES, dtype=odd_types, shape=shapes)
def test_grids_with_arrays_of_other_types_and_shapes(
    where: tuple[str, str],
    dtype: str,
    shape: tuple[int, ...],
    samples: dict[str, Sample],
    place: Path,
    patient: Patient,
):
    _other_array(samples[where[0]], where[1], dtype, shape, place, patient)


@few(8)
@given(where=MESH_PLACES, dtype=odd_types, shape=shapes)
def test_meshes_with_arrays_of_other_types_and_shapes(
    where: tuple[str, str],
    dtype: str,
    shape: tuple[int, ...],
    samples: dict[str, Sample],
    place: Path,
    patient: Patient,
):
    _other_array(samples[where[0]], where[1], dtype, shape, place, patient)


def _odd_attribute(
    code: str, value: Any, which: float, sample: Sample, place: Path, patient: Patient
) -> None:
    def damage(file: h5py.File) -> None:
        owners = [file, *(file[name] for name in ("sequence", *PLACES[code]) if name in file)]
        keys = [(owner, key) for owner in owners for key in owner.attrs]
        owner, key = keys[int(which * len(keys))]
        # Nothing of no size can be written.
        if not (isinstance(value, np.void) and value.itemsize == 0):
            owner.attrs[key] = value

    path = damaged_copy(sample.path, place, damage)
    assert_survives(patient, path, **sample.options)
    path.unlink()


@few(80)
@given(code=st.sampled_from(["native", "well"]), value=odd_values, which=positions)
def test_grids_with_odd_attributes(
    code: str, value: Any, which: float, samples: dict[str, Sample], place: Path, patient: Patient
):
    _odd_attribute(code, value, which, samples[code], place, patient)


@few(8)
@given(value=odd_values, which=positions)
def test_meshes_with_odd_attributes(
    value: Any, which: float, samples: dict[str, Sample], place: Path, patient: Patient
):
    _odd_attribute("athena", value, which, samples["athena"], place, patient)


@pytest.mark.parametrize(
    ("code", "bad"),
    [
        *((code, bad) for code in ("native", "well") for bad in (np.nan, np.inf, -np.inf, -1.0)),
        *((code, bad) for code in MESHES for bad in (np.nan, -1.0)),
    ],
)
def test_values_that_no_gas_has(
    code: str, bad: float, samples: dict[str, Sample], place: Path, patient: Patient
):
    sample, name = samples[code], PLACES[code][0]

    def damage(file: h5py.File) -> None:
        values = file[name][()]
        # In the density of the first frame, or of the last block: a leaf.
        values.flat[-7 if code == "flash" else 7] = bad
        file[name][...] = values

    answer = assert_survives(patient, damaged_copy(sample.path, place, damage), **sample.options)
    assert answer.outcome == "refused"
    assert "density" in answer.text


@pytest.mark.parametrize("code", ["native", "well", "athena", "flash"])
def test_claims_of_a_trillion_cells_take_no_memory(
    code: str, samples: dict[str, Sample], place: Path, patient: Patient
):
    sample, name = samples[code], PLACES[code][0]
    with h5py.File(sample.path) as file:
        shape = file[name].shape
    huge = (shape[0], *(10_000,) * 3) if code == "flash" else (*shape[:-3], *(10_000,) * 3)
    path = damaged_copy(sample.path, place, claiming(name, huge, "f4", chunks=True))
    before = patient.read(sample.path, **sample.options).peak_mb
    answer = assert_survives(patient, path, **sample.options)
    assert answer.outcome == "refused"
    assert answer.peak_mb < before + 200


@pytest.mark.parametrize("code", ["native", "well", "athena", "flash"])
@pytest.mark.parametrize("link", ["external", "circle", "virtual"])
def test_links_out_of_the_file_are_refused(
    code: str, link: str, samples: dict[str, Sample], place: Path, patient: Patient
):
    sample, name = samples[code], PLACES[code][0]

    def damage(file: h5py.File) -> None:
        values = file[name]
        if link == "virtual":
            layout = h5py.VirtualLayout(values.shape, values.dtype)
            layout[...] = h5py.VirtualSource(str(sample.path), name, values.shape)
            del file[name]
            file.create_virtual_dataset(name, layout)
            return
        del file[name]
        outside = h5py.ExternalLink(str(sample.path), name)
        file[name] = outside if link == "external" else h5py.SoftLink(f"/{name}")

    path = damaged_copy(sample.path, place, damage)
    answer = assert_survives(patient, path, **sample.options)
    assert answer.outcome == "refused"
    assert "refused" in answer.text or "circles" in answer.text


# RAMSES and Enzo: several files -------------------------------------------------------------


@needs_snapshots
@few(6)
@given(
    part=st.sampled_from(["amr_00003.out00001", "hydro_00003.out00002", "amr_00003.out00002"]),
    at=positions,
)
def test_ramses_truncated_at_any_byte(part: str, at: float, place: Path, patient: Patient):
    output = _ramses(place)
    content = (output / part).read_bytes()
    (output / part).unlink()
    (output / part).write_bytes(truncated(content, at))
    answer = patient.read(output / "info_00003.txt")
    assert answer.outcome == "refused", answer.text
    assert part in answer.text


@needs_snapshots
@few(12)
@given(changes=flips)
def test_ramses_with_its_info_changed(changes: list[Flip], place: Path, patient: Patient):
    output = _ramses(place)
    info = output / "info_00003.txt"
    # The first lines only: what follows tells yt which files to open, and costs time.
    content = info.read_bytes()
    info.unlink()
    info.write_bytes(flipped(content[:400], changes) + content[400:])
    assert_survives(patient, info)


@needs_snapshots
@few(5)
@given(
    part=st.sampled_from(["amr_00003.out00001", "hydro_00003.out00002"]),
    changes=early(flips, 0.002),
)
def test_ramses_with_a_header_changed(
    part: str, changes: list[Flip], place: Path, patient: Patient
):
    output = _ramses(place)
    content = (output / part).read_bytes()
    (output / part).unlink()
    (output / part).write_bytes(flipped(content, changes))
    answer = patient.read(output / "info_00003.txt")
    assert answer.outcome in ("read", "refused"), answer.text
    assert answer.outcome == "read" or "00003" in answer.text


def _ramses(place: Path) -> Path:
    """A copy of the real output, of links except for what is damaged later."""
    output = place / "output_00003"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    for path in RAMSES.iterdir():
        (output / path.name).symlink_to(path)
    return output


@few(12)
@given(
    part=st.sampled_from(["DD0001", "DD0001.hierarchy", "DD0001.cpu0000"]),
    changes=st.one_of(flips, early(flips, 0.05)),
    at=st.one_of(st.none(), positions),
)
def test_enzo_with_any_file_damaged(
    part: str, changes: list[Flip], at: float | None, place: Path, patient: Patient
):
    shutil.rmtree(place / "DD0001", ignore_errors=True)
    parameters = write_enzo(place)
    damaged_part = parameters.with_name(part)
    content = damaged_part.read_bytes()
    damaged_part.write_bytes(flipped(content, changes) if at is None else truncated(content, at))
    answer = patient.read(parameters)
    assert answer.outcome in ("read", "refused"), answer.text
    assert answer.outcome == "read" or "DD0001" in answer.text


# Arrays and XML -----------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(10_000,) * 3, (TRILLION, 4, 4, 4), (2**62,) * 3])
@pytest.mark.parametrize("inside", [False, True])
def test_arrays_that_claim_too_much(
    shape: tuple[int, ...], inside: bool, place: Path, patient: Patient
):
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}}}".encode()
    header = header.ljust(118 - 1) + b"\n"
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + bytes(64)
    path = place / "huge.npy"
    path.write_bytes(content)
    if inside:
        path = place / "huge.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("density.npy", content)
    before = patient.read(path, units=UNITS).peak_mb
    answer = assert_survives(patient, path, units=UNITS)
    assert answer.outcome == "refused"
    assert "truncated or damaged" in answer.text
    assert answer.peak_mb < before + 100


def test_a_zip_bomb_is_refused(place: Path, patient: Patient):
    """A cube of 4 GB that takes a few bytes in the file."""
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {(1000,) * 3}}}".encode()
    header = header.ljust(118 - 1) + b"\n"
    path = place / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
        archive.writestr("density.npy", content + bytes(100_000))
    packed = bytearray(path.read_bytes())
    struct.pack_into("<I", packed, packed.index(b"PK\x01\x02") + 24, 4 * 1000**3 + 128)
    path.write_bytes(packed)
    before = patient.read(path, units=UNITS).peak_mb
    answer = assert_survives(patient, path, units=UNITS)
    assert answer.outcome == "refused"
    assert "would fill 3.7 GiB" in answer.text
    assert answer.peak_mb < before + 100


@pytest.mark.parametrize("name", ["cube.npy", "cube.npz"])
def test_nothing_is_unpickled(name: str, tmp_path: Path):
    class Trap:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "sprung",))

    values = np.empty((4, 4, 4), dtype=object)
    values[...] = Trap()
    if name.endswith("npz"):
        np.savez(tmp_path / name, density=values)
    else:
        np.save(tmp_path / name, values)
    with pytest.raises(ShellsightError, match="Python objects, which are never read"):
        core.open(tmp_path / name, units=UNITS)
    assert not (tmp_path / "sprung").exists()


BOMB = (
    "<!DOCTYPE VTKFile ["
    + '<!ENTITY a0 "lol">'
    + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 12))
)


@pytest.mark.parametrize(
    "declaration",
    [BOMB + "]>", '<!DOCTYPE VTKFile [<!ENTITY x SYSTEM "/etc/hostname">]>', "<!DOCTYPE VTKFile>"],
)
def test_document_types_are_refused(declaration: str, samples: dict[str, Sample], tmp_path: Path):
    text = samples["inline vti"].path.read_text()
    path = tmp_path / "bomb.vti"
    entity = "&a11;" if "a11" in declaration else "&x;" if "ENTITY" in declaration else ""
    path.write_text(declaration + text.replace("<Piece", f"{entity}<Piece", 1))
    with pytest.raises(CorruptSnapshot, match=r"bomb\.vti.*document type"):
        core.open(path, units=UNITS)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("0 4 0 4 0 4", "0 1000000 0 1000000 0 1000000"), "256 bytes, not"),
        (("0 4 0 4 0 4", "0 4 0 4 0 5"), "cube of equal sides"),
        (("0 4 0 4 0 4", "4 0 0 4 0 4"), "its extent"),
        (("0 4 0 4 0 4", "zero"), "extent, origin and spacing"),
        (('Spacing="1 1 1"', 'Spacing="1 1 2"'), "not cubes"),
        (('Spacing="1 1 1"', 'Spacing="0 0 0"'), "cannot be right"),
        (('Spacing="1 1 1"', 'Spacing="nan 1 1"'), "cannot be right"),
        (('Spacing="1', 'Direction="0 1 0 1 0 0 0 0 1" Spacing="1'), "axes are turned"),
        (("<Piece", "<Other"), "mismatched"),
        (("Float32", "Float16"), "type Float16"),
        (('format="binary"', 'format="ascii"'), "1 values, not 64"),
        (('byte_order="LittleEndian"', 'byte_order="BigEndian"'), "bytes, not 256"),
        (('version="0.1"', 'version="0.1" compressor="vtkLZ4DataCompressor"'), "zlib or unpacked"),
        (("</ImageData></VTKFile>", ""), "its XML"),
    ],
)
def test_vtk_that_cannot_be_right(
    change: tuple[str, str], says: str, samples: dict[str, Sample], tmp_path: Path
):
    path = tmp_path / "odd.vti"
    path.write_text(samples["inline vti"].path.read_text().replace(*change))
    with pytest.raises(CorruptSnapshot, match=rf"odd\.vti.*{says}"):
        core.open(path, units=UNITS)[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -1.0])
def test_arrays_with_values_that_no_gas_has(bad: float, tmp_path: Path):
    values = np.ones((2, 4, 4, 4), np.float32)
    values[1, 2, 3, 1] = bad
    np.save(tmp_path / "a.npy", values)
    series = core.open(tmp_path / "a.npy", units=UNITS)
    assert series[0].density.max() == 1
    with pytest.raises(CorruptSnapshot, match=r"a\.npy.*the array has 1 of 64 values"):
        series[1]
