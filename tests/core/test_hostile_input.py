"""Hostile particle files: absurd sizes, ways out of the file, links in circles."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import core
from core.errors import CorruptSnapshot
from tests.core.mutations import Patient, assert_survives, claiming, damaged_copy
from tests.core.synthetic import write_gadget, write_swift

SMALL = ("gadget", "swift")
TRILLION = 10**12


@pytest.fixture(scope="module")
def patient() -> Iterator[Patient]:
    with Patient() as reader:
        yield reader


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    directory = tmp_path_factory.mktemp("small")
    return {
        "gadget": write_gadget(directory / "gadget.hdf5"),
        "swift": write_swift(directory / "swift.hdf5"),
    }


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
