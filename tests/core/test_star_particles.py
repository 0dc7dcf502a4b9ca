"""Star particles: how old they are, and which are about to explode."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

import core
from core.errors import CorruptSnapshot
from core.readers.cosmology import Cosmology
from tests.core.synthetic import write_gadget, write_parts, write_swift


def _add_stars(path: Path, group: str, columns: dict[str, Any]) -> Path:
    count = len(columns["Coordinates"])
    with h5py.File(path, "a") as file:
        for key in ("NumPart_ThisFile", "NumPart_Total"):
            if key in file["Header"].attrs:
                numbers = np.zeros(7, np.int64)
                numbers[: len(file["Header"].attrs[key])] = file["Header"].attrs[key]
                numbers[int(group[-1])] += count
                file["Header"].attrs[key] = numbers
        for name, values in columns.items():
            file[f"{group}/{name}"] = values
    return path


def _stars(**more: Any) -> dict[str, Any]:
    return {
        "Coordinates": np.array([[1.0, 2.0, 3.0], [30.0, 30.0, 30.0], [59.0, 1.0, 1.0]]),
        "Masses": np.array([1.0, 20.0, 8.0], np.float32),
        "ParticleIDs": np.array([7, 8, 9], np.uint64),
        **more,
    }


def test_no_stars(tmp_path: Path):
    assert core.open(write_gadget(tmp_path / "s.hdf5")).stars(0) is None
    disk = _add_stars(write_gadget(tmp_path / "d.hdf5"), "PartType2", _stars())
    assert core.open(disk).stars(0) is None
    holes = _add_stars(write_gadget(tmp_path / "h.hdf5"), "PartType5", _stars())
    assert core.open(holes).stars(0) is None


def test_stars_with_times_of_birth(tmp_path: Path):
    born = np.array([0.0, 0.04, 0.1], np.float32)
    path = _add_stars(
        write_gadget(tmp_path / "s.hdf5", Time=0.1), "PartType4", _stars(StellarFormationTime=born)
    )
    series = core.open(path)
    stars = series.stars(0)
    np.testing.assert_allclose(stars.positions_pc, _stars()["Coordinates"], rtol=1e-5)
    np.testing.assert_allclose(stars.masses_msun, [1, 20, 8], rtol=1e-4)
    np.testing.assert_array_equal(stars.ids, [7, 8, 9])
    np.testing.assert_allclose(stars.ages_myr, (0.1 - born) * 0.977792, rtol=1e-3, atol=1e-6)
    assert stars.exploding is None
    assert len(series[0]) == 64


def test_stars_of_a_universe_and_wind_that_is_no_star(tmp_path: Path):
    born = np.array([0.2, -0.24, 0.249])
    path = write_gadget(
        tmp_path / "s.hdf5", Time=0.25, Redshift=3.0, Omega0=1.0, OmegaLambda=0.0, HubbleParam=0.7
    )
    stars = core.open(_add_stars(path, "PartType4", _stars(GFM_StellarFormationTime=born))).stars(0)
    np.testing.assert_array_equal(stars.ids, [7, 9])
    ages = 2 / 3 * 9777.92 / 0.7 * (0.25**1.5 - np.array([0.2, 0.249]) ** 1.5)
    np.testing.assert_allclose(stars.ages_myr, ages, rtol=1e-4)
    np.testing.assert_allclose(stars.masses_msun, np.array([1.0, 8.0]) / 0.7, rtol=1e-4)
    np.testing.assert_allclose(
        stars.positions_pc, _stars()["Coordinates"][[0, 2]] * 0.25 / 0.7, rtol=1e-5
    )


def test_swift_stars_and_those_of_the_initial_conditions(tmp_path: Path):
    plain = _add_stars(
        write_swift(tmp_path / "s.hdf5", time=0.1),
        "PartType4",
        _stars(BirthTimes=np.array([-1.0, 0.05, 0.1])),
    )
    ages = core.open(plain).stars(0).ages_myr
    assert np.isnan(ages[0])
    np.testing.assert_allclose(ages[1:], [0.05 * 0.977792, 0.0], atol=1e-6)

    universe = Cosmology(0.3, 0.7, 0.68)
    now = float(universe.age_myr(0.5))
    path = write_swift(tmp_path / "c.hdf5", time=now / 0.9777922216807891, scale=0.5)
    with h5py.File(path, "a") as file:
        file.create_group("Cosmology").attrs.update(
            {"Omega_m": np.array([0.3]), "Omega_lambda": np.array([0.7]), "h": np.array([0.68])}
        )
    columns = _stars(BirthScaleFactors=np.array([-1.0, 0.4, 0.499], np.float32))
    ages = core.open(_add_stars(path, "PartType4", columns)).stars(0).ages_myr
    assert np.isnan(ages[0])
    np.testing.assert_allclose(ages[1:], now - universe.age_myr([0.4, 0.499]), rtol=1e-3)


def test_single_stars_that_go_off(tmp_path: Path):
    columns = _stars(
        ProtoStellarStage=np.array([5, 6, 5]),
        ProtoStellarAge=np.array([0.01, 0.02, 0.03]),
        StellarFormationTime=np.array([0.09, 0.1, 0.09]),
    )
    path = _add_stars(write_gadget(tmp_path / "s.hdf5", Time=0.1), "PartType5", columns)
    _add_stars(path, "PartType4", _stars(ParticleIDs=np.array([1, 2, 3], np.uint64)))
    stars = core.open(path).stars(0)
    assert list(stars.ids) == [1, 2, 3, 7, 8, 9]
    assert list(stars.exploding) == [False] * 4 + [True, False]
    assert np.isnan(stars.ages_myr[:3]).all()
    np.testing.assert_allclose(
        stars.ages_myr[3:], np.array([0.09, 0.08, 0.07]) * 0.977792, rtol=1e-4
    )


def test_stars_in_some_of_the_files(tmp_path: Path):
    """Also in a file without gas."""
    paths = write_parts(tmp_path, (0, 64), Time=0.1)
    _add_stars(paths[0], "PartType4", _stars(StellarFormationTime=np.full(3, 0.05)))
    stars = core.open(paths[1]).stars(0)
    np.testing.assert_allclose(stars.ages_myr, 0.05 * 0.977792, rtol=1e-4)


def test_bad_stars_do_not_spoil_the_gas(tmp_path: Path):
    columns = _stars(Masses=np.array([1.0, np.nan, 2.0], np.float32))
    series = core.open(_add_stars(write_gadget(tmp_path / "s.hdf5"), "PartType4", columns))
    assert len(series[0]) == 64
    with pytest.raises(CorruptSnapshot, match=r"s\.hdf5.*PartType4/Masses has 1 of 3"):
        series.stars(0)
