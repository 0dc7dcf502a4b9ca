"""Damaged and hostile particle files: read properly, or refused by name; nothing in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.mutations import (
    PATIENT_SETTINGS,
    Flip,
    Patient,
    assert_survives,
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
def test_an_array_in_place_of_any_attribute(
    code: str, small: dict[str, Path], place: Path, patient: Patient
):
    """Comparing an array with a text has no one answer."""
    with h5py.File(small[code]) as file:
        holders = _holders(file)
    for path, name in holders:
        for value in (np.empty(0), np.array([b"SWIFT", b"GIZMO"])):
            place.write_bytes(small[code].read_bytes())
            with h5py.File(place, "a") as file:
                file[path].attrs[name] = value
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
