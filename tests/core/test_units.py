"""Units: what people write, what files state, and that time follows."""

from __future__ import annotations

import pytest

from core.errors import InvalidRequest
from core.units import UnitSystem


def test_pc_msun_kms_are_ours_except_time():
    units = UnitSystem.parse("length=pc,mass=Msun,velocity=km/s")
    assert (units.length_pc, units.mass_msun, units.velocity_kms) == (1.0, 1.0, 1.0)
    assert units.time_myr == pytest.approx(0.977792, rel=1e-6)  # pc/(km/s)


def test_numbers_spaces_and_time_instead_of_velocity():
    units = UnitSystem.parse(" length = kpc , mass=1e10 Msun, time=0.5Gyr ")
    assert (units.length_pc, units.mass_msun, units.time_myr) == (1e3, 1e10, 500.0)
    assert units.velocity_kms == pytest.approx(1e3 / 500 * 0.977792, rel=1e-6)
    assert units.density == pytest.approx(10.0)


def test_time_may_have_a_unit_of_its_own():
    units = UnitSystem.parse("length=pc,mass=Msun,velocity=48 km/s,time=Myr")
    assert (units.velocity_kms, units.time_myr) == (48.0, 1.0)


@pytest.mark.parametrize(
    "units",
    [
        UnitSystem(1.0, 1.0, 1.0),
        UnitSystem(1000.0001356, 1.0003e10, 1.0),
        UnitSystem(1.0, 1.0, 48.1234567890123, 1.0),
    ],
)
def test_text_reads_back(units: UnitSystem):
    assert UnitSystem.parse(str(units)) == units


def test_from_cgs_as_gadget_states_them():
    units = UnitSystem.from_cgs(3.085678e21, 1.989e43, 1e5)
    assert units.length_pc == pytest.approx(1000, rel=1e-6)
    assert units.mass_msun == pytest.approx(1e10, rel=1e-3)
    assert units.velocity_kms == 1.0
    assert units.time_myr == pytest.approx(977.79, rel=1e-5)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("length=pc,mass=Msun", "velocity is missing"),
        ("length=pc,velocity=km/s", "mass is missing"),
        ("length=parsec,mass=Msun,velocity=km/s", "'parsec' is no unit of length"),
        ("length=pc,mass=Msun,speed=km/s", "'speed'"),
        ("length=pc,length=kpc,mass=Msun,velocity=km/s", "length is given twice"),
        ("length=-1pc,mass=Msun,velocity=km/s", "positive"),
        ("length=0pc,mass=Msun,velocity=km/s", "positive"),
        ("", "missing"),
    ],
)
def test_wrong_texts_say_what_is_wrong(text: str, says: str):
    with pytest.raises(InvalidRequest, match=says):
        UnitSystem.parse(text)
