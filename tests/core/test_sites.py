"""Candidates for the place of an explosion: from stars, from gas, and from a list."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import core
from core.constants import NH_PER_DENSITY
from core.errors import Cancelled, InvalidRequest
from tests.core.synthetic import CGS, SNAPSHOTS, gas, needs_snapshots, write_gadget

TIME_MYR = 50.0


def _with_stars(path: Path, columns: dict[str, Any], **stars: Any) -> Path:
    """A GIZMO snapshot at 50 Myr with star particles of given ages (Myr)."""
    stars = {name: np.asarray(values) for name, values in stars.items()}
    unit_myr = core.UnitSystem.from_cgs(*CGS.values()).time_myr
    count = len(stars["Masses"])
    numbers = np.array([len(columns["Masses"]), 0, 0, 0, count, 0])
    write_gadget(
        path,
        columns,
        units={
            "UnitLength_In_CGS": CGS["UnitLength_in_cm"],
            "UnitMass_In_CGS": CGS["UnitMass_in_g"],
            "UnitVelocity_In_CGS": CGS["UnitVelocity_in_cm_per_s"],
        },
        Time=TIME_MYR / unit_myr,
        NumPart_ThisFile=numbers,
        NumPart_Total=numbers,
    )
    with h5py.File(path, "a") as file:
        group = file.create_group("PartType4")
        if "ages" in stars:
            stars["StellarFormationTime"] = (TIME_MYR - stars.pop("ages")) / unit_myr
        for name, values in stars.items():
            group[name] = values
    return path


@needs_snapshots
@pytest.mark.parametrize(
    ("name", "voxel_pc"), [("swift_turbulent_a", 60 / 40), ("swift_sedov_kpc", 60 / 48)]
)
def test_the_hottest_gas_is_where_the_energy_went_in(name, voxel_pc):
    sites = core.find_sites(core.open(SNAPSHOTS / name))
    hottest = [site for site in sites if site.kind == "hottest"]
    assert sites[0] is hottest[0]
    assert len(hottest) == 1
    np.testing.assert_allclose(hottest[0].position_pc, 30.0, atol=voxel_pc)
    assert hottest[0].unit == "K"
    assert hottest[0].value > 1e7
    assert hottest[0].label.startswith("hottest gas, ")
    assert hottest[0].label.endswith("e7 K")


@needs_snapshots
def test_one_bubble_is_one_site_also_later():
    sites = core.find_sites(core.open(SNAPSHOTS / "swift_sedov_kpc"), 1)
    hottest = [site for site in sites if site.kind == "hottest"]
    assert len(hottest) == 1
    np.testing.assert_allclose(hottest[0].position_pc, 30.0, atol=60 / 48)


@needs_snapshots
def test_gas_without_an_explosion_has_no_hot_site():
    series = core.open(SNAPSHOTS / "swift_turbulent_a_control")
    sites = core.find_sites(series)
    assert {site.kind for site in sites} == {"densest"}
    values = [site.value for site in sites]
    assert values == sorted(values, reverse=True)
    assert all(site.unit == "cm^-3" for site in sites)
    places = np.array([site.position_pc for site in sites])
    apart = places[:, None] - places
    apart -= 60 * np.round(apart / 60)
    distance = np.linalg.norm(apart, axis=2) + 100 * np.eye(len(places))
    assert distance.min() > 15
    # The densest place is the densest of the coarse cube.
    coarse = core.voxelize(series.read(0), size_pc=series.box_pc[0], n=40).density
    assert values[0] == pytest.approx(coarse.max() * NH_PER_DENSITY, rel=1e-4)


def test_hot_gas_at_the_face_of_a_periodic_box_is_one_site(tmp_path):
    columns = gas(8000)
    columns["InternalEnergy"][:] = 1.0
    offsets = columns["Coordinates"] - (0.0, 60.0, 30.0)
    offsets -= 60 * np.round(offsets / 60)
    hot = np.linalg.norm(offsets, axis=1) < 5
    columns["InternalEnergy"][hot] = 1e6
    sites = core.find_sites(core.open(write_gadget(tmp_path / "s.hdf5", columns)))
    hottest = [site for site in sites if site.kind == "hottest"]
    assert len(hottest) == 1
    off = np.array(hottest[0].position_pc) - (0.0, 60.0, 30.0)
    assert np.abs(off - 60 * np.round(off / 60)).max() < 3
    assert min(hottest[0].position_pc) >= 0
    assert max(hottest[0].position_pc) <= 60.01


def test_two_blasts_are_two_sites(tmp_path):
    columns = gas(20_000)
    places = ((15.0, 15.0, 15.0), (45.0, 45.0, 15.0))
    for place, energy in zip(places, (1e6, 4e6), strict=True):
        near = np.linalg.norm(columns["Coordinates"] - place, axis=1) < 4
        columns["InternalEnergy"][near] = energy
    sites = core.find_sites(core.open(write_gadget(tmp_path / "s.hdf5", columns)))
    hottest = [site for site in sites if site.kind == "hottest"]
    assert len(hottest) == 2
    np.testing.assert_allclose(hottest[0].position_pc, places[1], atol=1.5)
    np.testing.assert_allclose(hottest[1].position_pc, places[0], atol=1.5)
    assert hottest[0].value > hottest[1].value > 1e5


def test_stars_of_the_right_age_come_by_mass_and_keep_apart(tmp_path):
    path = _with_stars(
        tmp_path / "s.hdf5",
        gas(1000),
        Coordinates=[
            [10.0, 10, 10], [11, 10, 10], [50, 50, 50], [30, 30, 30], [10, 50, 10], [50, 10, 10]
        ],
        Masses=[100.0, 90, 300, 500, 400, 100],
        ages=[5.0, 10, 39, 2, 41, 4],
    )  # fmt: skip
    sites = core.find_sites(core.open(path))
    stars = [site for site in sites if site.kind == "star"]
    # 2 and 41 Myr are too young and too old; the second is beside the first.
    expected = [(50, 50, 50), (50, 10, 10), (10, 10, 10)]
    np.testing.assert_allclose([site.position_pc for site in stars], expected, rtol=1e-4)
    np.testing.assert_allclose([site.value for site in stars], [39, 4, 5], rtol=1e-3)
    assert all(site.unit == "Myr" for site in stars)
    assert stars[0].label == "star of 300 Msun, 39 Myr old"
    assert [site.kind for site in sites][: len(stars)] == ["star"] * len(stars)
    assert sites[-1].kind == "densest"


def test_stars_without_ages_come_last_and_say_so(tmp_path):
    path = _with_stars(
        tmp_path / "s.hdf5",
        gas(1000),
        Coordinates=[[10.0, 10, 10], [50, 50, 50]],
        Masses=[100.0, 200],
    )
    sites = core.find_sites(core.open(path))
    assert [site.label for site in sites[-2:]] == [
        "star of 200 Msun, age unknown",
        "star of 100 Msun, age unknown",
    ]
    assert sites[-1].value is None
    assert sites[0].kind == "densest"


def test_a_star_that_explodes_now_comes_first(tmp_path):
    """GIZMO follows single stars in PartType5; stage 6 is a supernova."""
    columns = gas(1000)
    near = np.linalg.norm(columns["Coordinates"] - 45.0, axis=1) < 8
    columns["InternalEnergy"][near] = 1e6
    numbers = np.array([1000, 0, 0, 0, 0, 2])
    path = write_gadget(
        tmp_path / "s.hdf5", columns, NumPart_ThisFile=numbers, NumPart_Total=numbers
    )
    with h5py.File(path, "a") as file:
        group = file.create_group("PartType5")
        group["Coordinates"] = np.array([[10.0, 10, 10], [20, 20, 20]])
        group["Masses"] = np.array([30.0, 20.0])
        group["ProtoStellarStage"] = np.array([5, 6])
        group["ParticleIDs"] = np.array([5000, 5001])
    sites = core.find_sites(core.open(path))
    assert [site.kind for site in sites][:2] == ["supernova", "hottest"]
    assert sites[0].position_pc == pytest.approx((20, 20, 20), rel=1e-4)
    assert sites[0].time_myr == core.open(path).times_myr[0]
    assert sites[0].label.startswith("flagged supernova of 20 Msun")


@pytest.mark.parametrize("limit", [1, 2, 3, 6, 100])
def test_the_limit_holds_and_no_kind_crowds_out_the_others(limit, tmp_path):
    columns = gas(8000)
    columns["Coordinates"] *= 4
    hot = np.linalg.norm(columns["Coordinates"] - 120.0, axis=1) < 20
    columns["InternalEnergy"][hot] = 1e6
    places = np.stack(np.meshgrid(*[np.arange(20.0, 240, 40)] * 3), -1).reshape(-1, 3)
    path = _with_stars(
        tmp_path / "s.hdf5",
        columns,
        Coordinates=places,
        Masses=np.full(len(places), 50.0),
        ages=np.full(len(places), 6.0),
    )
    with h5py.File(path, "a") as file:
        file["Header"].attrs["BoxSize"] = 240.0
    sites = core.find_sites(core.open(path), limit=limit)
    assert len(sites) == min(limit, len(sites))
    kinds = [site.kind for site in sites]
    assert set(kinds) == {"star", "hottest", "densest"} if limit >= 3 else kinds[0] == "star"
    if limit <= 6:
        assert len(sites) == limit
    order = ["star", "hottest", "densest"]
    assert kinds == sorted(kinds, key=order.index)


@needs_snapshots
def test_it_reports_progress_and_can_be_stopped():
    series = core.open(SNAPSHOTS / "swift_turbulent_a")
    told: list[float] = []
    core.find_sites(series, progress=lambda fraction, _: told.append(fraction))
    assert told[-1] == 1.0
    with pytest.raises(Cancelled):
        core.find_sites(series, cancelled=lambda: True)
    with pytest.raises(InvalidRequest, match="At least one"):
        core.find_sites(series, limit=0)


def test_a_grid_has_sites_as_well(tmp_path):
    density = np.ones((16, 16, 16), np.float32)
    temperature = np.full_like(density, 100.0)
    density[4, 4, 4] = 50.0
    temperature[12, 8, 8] = 3e7
    cube = core.Cube({"density": density, "temperature": temperature}, 32.0, (100.0, 0.0, 0.0))
    core.save(cube, tmp_path / "c.shell.h5")
    hottest, densest = core.find_sites(core.open(tmp_path / "c.shell.h5"))
    assert hottest.position_pc == pytest.approx((100 - 16 + 25, 1, 1))
    assert hottest.label == "hottest gas, 3.0e7 K"
    assert densest.position_pc == pytest.approx((100 - 16 + 9, -7, -7))
    assert densest.value == pytest.approx(50 * NH_PER_DENSITY)


# ---------------------------------------------------------------- lists


def test_a_list_is_read_in_its_order(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(
        "# made by hand\n"
        "label, X ,y,z,time_myr,remark\n"
        "\n"
        '"first, of two",1.5,-2,3e1,0.25,x\n'
        "# half way\n"
        ",4,5,6,,\n",
        encoding="utf-8-sig",
    )
    first, second = core.read_sites(path)
    assert first.position_pc == (1.5, -2.0, 30.0)
    assert (first.kind, first.label, first.time_myr) == ("list", "first, of two", 0.25)
    assert (second.label, second.time_myr) == ("sites.csv, line 6", None)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["empty", "x,y,z"]),
        ("1,2,3\n", ["line 1", "no column x"]),
        ("x,y\n1,2\n", ["line 1", "no column z"]),
        ("x,y,z\n1,2\n", ["line 2", "2 values"]),
        ("x,y,z\n# c\n1,two,3\n", ["line 3", "y is 'two'"]),
        ("x,y,z\n1,nan,3\n", ["line 2", "y is 'nan'"]),
        ("x,y,z,x\n1,2,3,4\n", ["named twice"]),
        ("x,y,z,time_myr\n1,2,3,soon\n", ["line 2", "time_myr is 'soon'"]),
        ('x,y,z\n1,2,"3\n', ["line 2"]),
    ],
)
def test_a_bad_list_names_the_line(text, words, tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(text)
    with pytest.raises(InvalidRequest) as caught:
        core.read_sites(path)
    for word in [str(path), *words]:
        assert word in str(caught.value)


def test_a_list_that_is_no_text_or_not_there(tmp_path):
    with pytest.raises(InvalidRequest, match="cannot be read"):
        core.read_sites(tmp_path / "none.csv")
    path = tmp_path / "snapshot.csv"
    path.write_bytes(b"\x89HDF\r\n\x1a\n\xff\xfe")
    with pytest.raises(InvalidRequest, match="not a text file"):
        core.read_sites(path)


CELL = st.one_of(
    st.floats().map(str),
    st.sampled_from(["x", "y", "z", "label", "time_myr", '"', "#", "nan"]),
    st.text(),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELL, max_size=6), max_size=5), st.booleans())
def test_no_list_does_worse_than_an_error_that_names_it(rows, headed):
    text = "x,y,z,label\n" * headed + "\n".join(",".join(row) for row in rows)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "sites.csv"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        complaint, sites = str(path), ()
        try:
            sites = core.read_sites(path)
        except InvalidRequest as error:
            complaint = str(error)
    assert str(path) in complaint
    assert all(np.isfinite(site.position_pc).all() for site in sites)


def test_a_field_that_is_too_long_for_a_list_is_refused(tmp_path):
    path = tmp_path / "sites.csv"
    path.write_text(f"x,y,z,{'a' * 200_000}\n1,2,3,4\n")
    with pytest.raises(InvalidRequest, match="line 1"):
        core.read_sites(path)


def test_a_site_is_three_numbers():
    assert core.Site((1.0, 2.0, 3.0), "given", "typed").value is None
    with pytest.raises(InvalidRequest, match="three numbers"):
        core.Site((1.0, float("nan"), 3.0), "given", "typed")
