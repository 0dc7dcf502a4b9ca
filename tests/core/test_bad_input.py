"""Damaged and hostile particle files: read properly, or refused by name; nothing in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from core.errors import CorruptSnapshot
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
from tests.core.synthetic import SNAPSHOTS, gas, write_gadget, write_swift

REAL = {
    "swift": SNAPSHOTS / "swift_turbulent_a" / "snap_0005.hdf5",
    "gadget": SNAPSHOTS / "gadget4" / "snapshot_000.hdf5",
}
SMALL = ("gadget", "swift")
TRILLION = 10**12


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with Patient() as reader:
        yield reader


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Files that are mostly structure: what is turned over in them matters."""
    directory = tmp_path_factory.mktemp("small")
    return {
        "gadget": write_gadget(directory / "gadget.hdf5"),
        "swift": write_swift(directory / "swift.hdf5"),
    }


@pytest.fixture(scope="module")
def real(small: dict[str, Path]) -> dict[str, Path]:
    """Files that codes wrote; generated ones where these are not at hand."""
    return {code: path if path.is_file() else small[code] for code, path in REAL.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("damaged") / "damaged.hdf5"


def few(examples: int) -> settings:
    return settings(PATIENT_SETTINGS, max_examples=examples)


# The bytes of the file ----------------------------------------------------------------------


@few(40)
@given(code=st.sampled_from(SMALL), at=positions)
def test_truncated_at_any_byte(
    code: str, at: float, real: dict[str, Path], place: Path, patient: Patient
):
    place.write_bytes(truncated(real[code].read_bytes(), at))
    assert assert_survives(patient, place).outcome == "refused"


@few(100)
@given(code=st.sampled_from(SMALL), at=positions)
def test_small_files_truncated_at_any_byte(
    code: str, at: float, small: dict[str, Path], place: Path, patient: Patient
):
    place.write_bytes(truncated(small[code].read_bytes(), at))
    assert assert_survives(patient, place).outcome == "refused"


@few(60)
@given(code=st.sampled_from(SMALL), changes=st.one_of(flips, early(flips, 0.02)))
def test_bits_turned_over(
    code: str, changes: list[Flip], real: dict[str, Path], place: Path, patient: Patient
):
    place.write_bytes(flipped(real[code].read_bytes(), changes))
    assert_survives(patient, place)


@few(150)
@given(code=st.sampled_from(SMALL), changes=flips)
def test_bits_turned_over_in_the_structure(
    code: str, changes: list[Flip], small: dict[str, Path], place: Path, patient: Patient
):
    place.write_bytes(flipped(small[code].read_bytes(), changes))
    assert_survives(patient, place)


def test_a_heap_in_which_hdf5_would_walk_for_ever(
    small: dict[str, Path], place: Path, patient: Patient
):
    content = bytearray(small["swift"].read_bytes())
    heap = content.index(b"GCOL")
    # The first object becomes free space of no length at all.
    content[heap + 16 : heap + 32] = bytes(16)
    place.write_bytes(content)
    answer = assert_survives(patient, place)
    assert answer.outcome == "refused"
    assert f"the heap at byte {heap}" in answer.text


@few(20)
@given(content=st.binary(max_size=64), signed=st.booleans())
def test_noise(content: bytes, signed: bool, place: Path, patient: Patient):
    place.write_bytes(b"\x89HDF\r\n\x1a\n" * signed + content)
    assert assert_survives(patient, place).outcome == "refused"


# What stands in it --------------------------------------------------------------------------


def _holders(file: h5py.File) -> list[tuple[str, str]]:
    """Every attribute, by its object and its name."""
    found = [("Header", name) for name in file["Header"].attrs]
    file.visititems(lambda path, thing: found.extend((path, name) for name in thing.attrs))
    return sorted(set(found))


@few(150)
@given(code=st.sampled_from(SMALL), which=positions, value=odd_values)
def test_odd_values_in_any_attribute(
    code: str, which: float, value: Any, small: dict[str, Path], place: Path, patient: Patient
):
    place.write_bytes(small[code].read_bytes())
    with h5py.File(place, "a") as file:
        holders = _holders(file)
        path, name = holders[int(which * len(holders))]
        try:
            file[path].attrs[name] = value
        except (TypeError, ValueError, OverflowError):
            return  # not even HDF5 takes it
    assert_survives(patient, place)


@pytest.mark.parametrize("code", SMALL)
def test_any_attribute_missing(code: str, small: dict[str, Path], place: Path, patient: Patient):
    with h5py.File(small[code]) as file:
        holders = _holders(file)
    for path, name in holders:
        place.write_bytes(small[code].read_bytes())
        with h5py.File(place, "a") as file:
            del file[path].attrs[name]
        assert_survives(patient, place)


@pytest.mark.parametrize("code", SMALL)
def test_any_object_missing_or_in_disguise(
    code: str, small: dict[str, Path], tmp_path: Path, patient: Patient
):
    with h5py.File(small[code]) as file:
        names: list[str] = []
        file.visit(names.append)

    def without(file: h5py.File, name: str) -> None:
        del file[name]

    def as_group(file: h5py.File, name: str) -> None:
        del file[name]
        file.create_group(name)

    def as_type(file: h5py.File, name: str) -> None:
        del file[name]
        file[name] = np.dtype("f8")

    def as_text(file: h5py.File, name: str) -> None:
        del file[name]
        file[name] = "text"

    for name in names:
        for damage in (without, as_group, as_type, as_text):
            path = damaged_copy(
                small[code], tmp_path, lambda file, name=name, damage=damage: damage(file, name)
            )
            assert_survives(patient, path)


@few(100)
@given(
    code=st.sampled_from(SMALL),
    which=positions,
    kind=odd_types,
    shape=st.one_of(
        st.none(), st.lists(st.integers(0, 70), max_size=4).map(tuple), st.just((64, 3))
    ),
)
def test_any_type_and_shape(
    code: str,
    which: float,
    kind: str,
    shape: tuple[int, ...] | None,
    small: dict[str, Path],
    place: Path,
    patient: Patient,
):
    with h5py.File(small[code]) as file:
        names = sorted(file["PartType0"])
        name = names[int(which * len(names))]
        values = file[f"PartType0/{name}"][()]
    if shape is not None:
        values = np.resize(values, shape) if np.prod(shape) else np.zeros(shape)
    with np.errstate(all="ignore"):
        values = values.astype(kind)
    place.write_bytes(small[code].read_bytes())
    with h5py.File(place, "a") as file:
        replaced(f"PartType0/{name}", values)(file)
    answer = assert_survives(patient, place)
    plain = np.dtype(kind).kind in "iuf"
    fits = shape is None or shape == ((64, 3) if name in ("Coordinates", "Velocities") else (64,))
    if not (plain and fits):
        assert answer.outcome == "refused"
        assert name in answer.text


@few(60)
@given(
    code=st.sampled_from(SMALL),
    which=positions,
    row=st.integers(0, 63),
    value=st.sampled_from([np.nan, np.inf, -np.inf, -1.0, -1e-30, 3e38]),
)
def test_any_impossible_value(
    code: str,
    which: float,
    row: int,
    value: float,
    small: dict[str, Path],
    place: Path,
    patient: Patient,
):
    place.write_bytes(small[code].read_bytes())
    with h5py.File(place, "a") as file:
        numbers = sorted(name for name in file["PartType0"] if name != "ParticleIDs")
        name = numbers[int(which * len(numbers))]
        file[f"PartType0/{name}"][row] = value
    answer = assert_survives(patient, place)
    signed = name in ("Coordinates", "Velocities")
    if not np.isfinite(value) or (value < 0 and not signed):
        assert answer.outcome == "refused"
        assert f"PartType0/{name}" in answer.text


# Sizes --------------------------------------------------------------------------------------


def _stating(count: int) -> Callable[[h5py.File], None]:
    def damage(file: h5py.File) -> None:
        for key in ("NumPart_ThisFile", "NumPart_Total"):
            if key in file["Header"].attrs:
                numbers = np.zeros(6, np.int64)
                numbers[0] = count
                file["Header"].attrs[key] = numbers

    return damage


@pytest.mark.parametrize("code", SMALL)
@pytest.mark.parametrize(
    "storage",
    [
        {},
        {"chunks": True},
        {"chunks": True, "compression": "gzip"},
        {"chunks": (1 << 16, 3)},
        {"chunks": (1 << 16, 3), "fillvalue": 1.0},
    ],
    ids=["plain", "chunked", "compressed", "large chunks", "filled"],
)
@pytest.mark.parametrize("count", [10_000_000, 4 * 10**9, TRILLION])
def test_a_size_that_was_never_written_is_refused_without_making_room(
    code: str,
    storage: dict[str, Any],
    count: int,
    small: dict[str, Path],
    tmp_path: Path,
    patient: Patient,
):
    def damage(file: h5py.File) -> None:
        claiming("PartType0/Coordinates", (count, 3), "f8", **storage)(file)
        _stating(count)(file)

    before = patient.read(small[code]).peak_mb
    answer = assert_survives(patient, damaged_copy(small[code], tmp_path, damage))
    assert answer.outcome == "refused"
    assert f"PartType0/Coordinates states a size of {24 * count} bytes" in answer.text
    assert answer.peak_mb - before < 20


@pytest.mark.parametrize("name", ["Masses", "Velocities", "ParticleIDs", "InternalEnergy"])
def test_other_columns_of_absurd_size(
    name: str, small: dict[str, Path], tmp_path: Path, patient: Patient
):
    shape = (TRILLION, 3) if name == "Velocities" else (TRILLION,)
    path = damaged_copy(small["gadget"], tmp_path, claiming(f"PartType0/{name}", shape, "f4"))
    answer = assert_survives(patient, path)
    assert answer.outcome == "refused"
    assert f"PartType0/{name}" in answer.text


def test_one_chunk_of_absurd_size(small: dict[str, Path], tmp_path: Path, patient: Patient):
    """Few values, in a piece that has room for a billion: HDF5 would make that room."""

    def damage(file: h5py.File) -> None:
        del file["PartType0/Masses"]
        file.create_dataset(
            "PartType0/Masses",
            (64,),
            "f4",
            maxshape=(None,),
            chunks=(1 << 29,),
            compression="gzip",
        )

    answer = assert_survives(patient, damaged_copy(small["gadget"], tmp_path, damage))
    assert answer.outcome == "refused"
    assert "PartType0/Masses states a size" in answer.text


def test_a_compression_bomb(tmp_path: Path, patient: Patient):
    """A gigabyte of zeros in a megabyte of file."""
    import zlib

    count, rows = 45_000_000, 1 << 18
    path = write_gadget(tmp_path / "bomb.hdf5")
    with h5py.File(path, "a") as file:
        del file["PartType0/Coordinates"]
        source = file.create_dataset(
            "PartType0/Coordinates", (count, 3), "f8", chunks=(rows, 3), compression="gzip"
        )
        packed = zlib.compress(bytes(rows * 24), 9)
        for start in range(0, count, rows):
            source.id.write_direct_chunk((start, 0), packed)
        _stating(count)(file)
    assert path.stat().st_size < 2_000_000
    answer = assert_survives(patient, path)
    assert answer.outcome == "refused"
    assert "Coordinates states a size" in answer.text


def test_honest_compression_is_read(tmp_path: Path, patient: Patient):
    """Equal masses shrink to a thousandth: that is no reason to distrust them."""
    count = 30_000_000
    path = write_gadget(tmp_path / "equal.hdf5")
    with h5py.File(path, "a") as file:
        del file["PartType0"]
        random = np.random.default_rng(1)
        few_positions = random.uniform(0, 60, (count // 100, 3)).astype(np.float32)
        group = file.create_group("PartType0")
        group["Coordinates"] = np.tile(few_positions, (100, 1))
        group.create_dataset(
            "Masses", data=np.full(count, 2.0, np.float32), chunks=(1 << 20,), compression=1
        )
        _stating(count)(file)
    masses = h5py.File(path)["PartType0/Masses"]
    assert masses.id.get_storage_size() < 4 * count / 200
    total = sum(piece.mass_msun for piece in core.open(path).chunks(0, ()))
    assert total == pytest.approx(2.0 * count, rel=1e-3)


def test_an_attribute_of_absurd_size_is_left_aside(
    small: dict[str, Path], tmp_path: Path, patient: Patient
):
    def damage(file: h5py.File) -> None:
        file["Header"].attrs["Notes"] = np.zeros(7000)
        file["PartType0"].attrs["Big"] = np.zeros(8000, np.uint8)

    with h5py.File(tmp_path / "dense.hdf5", "w", libver="latest") as dense:
        with h5py.File(small["gadget"]) as source:
            source.copy("PartType0", dense)
            dense.create_group("Header").attrs.update(source["Header"].attrs)
        dense["Header"].attrs["Huge"] = np.zeros(4_000_000)
    assert assert_survives(patient, tmp_path / "dense.hdf5").outcome == "read"
    assert assert_survives(patient, damaged_copy(small["gadget"], tmp_path, damage)).outcome == (
        "read"
    )


# Ways out of the file, and in circles -------------------------------------------------------


def _external_storage(file: h5py.File, other: Path) -> None:
    del file["PartType0/Masses"]
    file.create_dataset(
        "PartType0/Masses", (64,), "f4", external=[(str(other), 0, h5py.h5f.UNLIMITED)]
    )


def _external_group(file: h5py.File, other: Path) -> None:
    del file["PartType0"]
    file["PartType0"] = h5py.ExternalLink(str(other), "PartType0")


def _external_header(file: h5py.File, other: Path) -> None:
    del file["Header"]
    file["Header"] = h5py.ExternalLink(str(other), "Header")


def _external_chain(file: h5py.File, other: Path) -> None:
    del file["PartType0/Masses"]
    file["away"] = h5py.ExternalLink(str(other), "/")
    file["PartType0/Masses"] = h5py.SoftLink("./hop/PartType0//Masses")
    file["PartType0/hop"] = h5py.SoftLink("/away/")


def _virtual_masses(file: h5py.File, other: Path) -> None:
    del file["PartType0/Masses"]
    layout = h5py.VirtualLayout((64,), np.float32)
    layout[:] = h5py.VirtualSource(str(other), "PartType0/Masses", (64,))
    file.create_virtual_dataset("PartType0/Masses", layout)


@pytest.mark.parametrize("code", SMALL)
@pytest.mark.parametrize(
    "leave",
    [_external_storage, _external_group, _external_header, _external_chain, _virtual_masses],
)
def test_no_way_out_of_the_file(
    leave: Callable[[h5py.File, Path], None],
    code: str,
    small: dict[str, Path],
    tmp_path: Path,
    patient: Patient,
):
    other = tmp_path / "secret.hdf5"
    other.write_bytes(small[code].read_bytes())
    path = damaged_copy(small[code], tmp_path, lambda file: leave(file, other))
    answer = assert_survives(patient, path)
    assert answer.outcome == "refused"
    assert "refused" in answer.text


def test_stars_may_not_be_elsewhere(small: dict[str, Path], tmp_path: Path):
    def damage(file: h5py.File) -> None:
        file["PartType4"] = h5py.ExternalLink("elsewhere.hdf5", "PartType4")
        numbers = file["Header"].attrs["NumPart_ThisFile"]
        numbers[4] = 3
        file["Header"].attrs["NumPart_ThisFile"] = numbers

    with pytest.raises(CorruptSnapshot, match=r"PartType4 is a link to another file"):
        core.open(damaged_copy(small["gadget"], tmp_path, damage))


def _own_tail(file: h5py.File) -> None:
    file["PartType0/PartType0"] = file["PartType0"]
    file["Header/self"] = file["/"]


def _soft_circle(file: h5py.File) -> None:
    del file["PartType0/Masses"]
    file["PartType0/Masses"] = h5py.SoftLink("Masses")


def _soft_climb(file: h5py.File) -> None:
    del file["PartType0/Masses"]
    file["PartType0/Masses"] = h5py.SoftLink("/" + "PartType0/" * 3 + "Masses")


def _deep(file: h5py.File) -> None:
    here = file["PartType0"]
    for _ in range(3000):
        here = here.create_group("d")


def _deep_name(file: h5py.File) -> None:
    file.move("PartType0/Masses", "PartType0/" + "d/" * 2000 + "m")
    file["PartType0/Masses"] = h5py.SoftLink("/PartType0/" + "d/" * 2000 + "m")


def _many_names(file: h5py.File) -> None:
    for number in range(20_000):
        file["PartType0"][f"n{number}"] = h5py.SoftLink("/nowhere")


@pytest.mark.parametrize(
    ("damage", "outcome"),
    [
        (_own_tail, "read"),
        (_soft_circle, "refused"),
        (_soft_climb, "refused"),
        (_deep, "read"),
        (_deep_name, "read"),
        (_many_names, "read"),
    ],
)
def test_circles_and_depths(
    damage: Callable[[h5py.File], None],
    outcome: str,
    small: dict[str, Path],
    tmp_path: Path,
    patient: Patient,
):
    for code in SMALL:
        path = damaged_copy(small[code], tmp_path, damage)
        assert assert_survives(patient, path).outcome == outcome


# One part of several ------------------------------------------------------------------------


@few(25)
@given(changes=flips, at=st.one_of(st.none(), positions))
def test_a_damaged_part_is_named(
    changes: list[Flip], at: float | None, place: Path, patient: Patient
):
    directory = place.parent / "parts"
    directory.mkdir(exist_ok=True)
    columns = gas(64)
    numbers = np.array([64, 0, 0, 0, 0, 0])
    for part in range(2):
        write_gadget(
            directory / f"part.{part}.hdf5",
            {name: values[32 * part : 32 * part + 32] for name, values in columns.items()},
            NumFilesPerSnapshot=2,
            NumPart_Total=numbers,
        )
    second = directory / "part.1.hdf5"
    content = second.read_bytes()
    second.write_bytes(flipped(content, changes) if at is None else truncated(content, at))
    answer = patient.read(directory / "part.0.hdf5")
    assert answer.outcome in ("read", "refused"), answer.text
    if answer.outcome == "refused":
        assert "part." in answer.text
    if at is not None:
        assert answer.outcome == "refused"
        assert "part.1.hdf5" in answer.text
