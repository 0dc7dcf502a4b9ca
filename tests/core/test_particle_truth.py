"""Particle snapshots of real codes against their README, and against other readers."""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest

import core
from core.constants import DENSITY_TO_CGS, MSUN_G, NH_PER_DENSITY
from core.cutout import Cutout
from core.particles import ParticleSet
from tests.core.synthetic import SNAPSHOTS, needs_snapshots

pytestmark = needs_snapshots

TURBULENT = SNAPSHOTS / "swift_turbulent_a"
SEDOV = SNAPSHOTS / "swift_sedov_kpc"
GADGET = SNAPSHOTS / "gadget4" / "snapshot_000.hdf5"
GADGET_PARTS = SNAPSHOTS / "gadget4" / "snap_000.1.hdf5"
PC_CM = 3.0856775814913673e18
MYR_S = 3.15576e13


def kinetic_erg(gas: ParticleSet) -> float:
    speed2 = np.square(gas.velocities_kms.astype(float)).sum(axis=1)
    return float(0.5 * (gas.masses_msun * speed2).sum() * MSUN_G * 1e10)


def stored_thermal_erg(path: Path, name: str, mass_unit_g: float, energy_unit: float) -> float:
    """Thermal energy from the file's own numbers, for codes that store energies."""
    with h5py.File(path) as file:
        masses = file["PartType0/Masses"][()].astype(float)
        energies = file[f"PartType0/{name}"][()].astype(float)
    return float((masses * energies).sum() * mass_unit_g * energy_unit)


def thermal_erg(gas: ParticleSet) -> float:
    """Thermal energy back from the temperatures, the molecular weight undone."""
    temperature = gas.temperatures_k.astype(float)
    # Gas that is held at the ionisation temperature has any weight between the two.
    weight = np.where(temperature <= 1e4, 1.27, 0.59)
    per_gram = 1.5 * 1.380649e-16 * temperature / (weight * 1.6735575e-24)
    return float((gas.masses_msun * per_gram).sum() * MSUN_G)


@pytest.mark.parametrize(
    ("path", "count", "time_myr"),
    [
        (TURBULENT, 64_000, None),
        (SNAPSHOTS / "swift_turbulent_a_control", 64_000, None),
        (SEDOV, 110_592, [0.0, 0.2]),
        (GADGET, 110_592, [0.07]),
        (GADGET_PARTS, 110_592, [0.07]),
    ],
    ids=["swift", "control", "sedov", "gadget", "two files"],
)
def test_mass_box_density_and_time(path: Path, count: int, time_myr: list[float] | None):
    series = core.open(path)
    for index, header in enumerate(series.headers):
        assert header.count == count
        assert header.box_pc == pytest.approx((60.0,) * 3, rel=1e-3)
        mass = sum(piece.mass_msun for piece in series.chunks(index, ()))
        assert mass == pytest.approx(324_000, rel=1e-3)
        assert mass / 60**3 * NH_PER_DENSITY == pytest.approx(46.1, rel=1e-3)
    if time_myr is None:
        assert len(series) == 20
        assert series.times_myr[[0, 1, 5, 19]] == pytest.approx([0, 0.007, 0.035, 0.133], rel=1e-3)
    else:
        assert series.times_myr == pytest.approx(time_myr, rel=1e-3, abs=1e-9)


@pytest.mark.parametrize(
    ("index", "kinetic", "thermal"), [(0, 0.311, 1.004), (5, 0.552, 0.328), (19, 0.461, 0.126)]
)
def test_energies_of_the_turbulent_cloud(index: int, kinetic: float, thermal: float):
    """To the three digits that the README gives."""
    series = core.open(TURBULENT)
    gas = series[index]
    assert kinetic_erg(gas) / 1e51 == pytest.approx(kinetic, abs=6e-4)
    stored = stored_thermal_erg(series.headers[index].paths[0], "InternalEnergies", MSUN_G, 1e10)
    assert stored / 1e51 == pytest.approx(thermal, abs=6e-4)
    # What is lost are energies between those of neutral and of ionised gas at 1e4 K.
    assert thermal_erg(gas) == pytest.approx(stored, rel=0.03)


def test_the_adiabatic_blast():
    """Energy shared as theory says, and the shell within one voxel of the README's radii."""
    series = core.open(SEDOV)
    gas = series[1]
    before, thermal = (
        stored_thermal_erg(path, "InternalEnergies", 1e10 * MSUN_G, 1e10) for path in series.paths
    )
    assert kinetic_erg(gas) / 1e51 == pytest.approx(0.283, abs=5e-4)
    # At the start the gas holds 1e51 erg, the heat it had before, and the first half kick.
    start = kinetic_erg(series[0]) + before
    assert kinetic_erg(gas) + thermal == pytest.approx(start, rel=4e-3)
    assert thermal_erg(gas) == pytest.approx(thermal, rel=0.03)
    n = 64
    cube = core.voxelize(gas, size_pc=60.0, n=n)
    axis = (np.arange(n) + 0.5) * 60 / n - 30
    x, y, z = np.meshgrid(axis, axis, axis, indexing="ij")
    radius = np.sqrt(x**2 + y**2 + z**2)
    bins = np.arange(0, 30, 60 / n)
    which = np.digitize(radius, bins)
    profile = np.array([cube.density[which == b].mean() for b in range(1, len(bins) + 1)])
    peak = bins[profile.argmax()] + 0.5 * 60 / n
    assert peak == pytest.approx(18.88, abs=60 / n)
    # The README's Sedov-Taylor radius follows from the time and the density read.
    density = 324_000 / 60**3 * DENSITY_TO_CGS
    time = series.times_myr[1] * MYR_S
    sedov = 1.1517 * (1e51 * time**2 / density) ** 0.2 / PC_CM
    assert sedov == pytest.approx(19.53, rel=1e-3)


def test_thermal_energy_of_gadget():
    stored = stored_thermal_erg(GADGET, "InternalEnergy", 1.989e43, 1e10)
    assert stored == pytest.approx(1.1617e50, rel=1e-3)
    assert thermal_erg(core.open(GADGET)[0]) == pytest.approx(1.1617e50, rel=0.03)


def test_the_same_swift_particles_as_swiftsimio():
    swiftsimio = pytest.importorskip("swiftsimio")
    for path in (TURBULENT / "snap_0007.hdf5", SEDOV / "sedov_0010.hdf5"):
        theirs = swiftsimio.load(str(path)).gas
        ours = core.open(path)[0]
        np.testing.assert_array_equal(ours.ids, theirs.particle_ids.value)
        for values, other, unit, factor in (
            (ours.positions_pc, theirs.coordinates, "pc", 1.0),
            (ours.masses_msun, theirs.masses, "Msun", 1.0),
            (ours.velocities_kms, theirs.velocities, "km/s", 1.0),
            (ours.densities * DENSITY_TO_CGS, theirs.densities, "g/cm**3", 1.0),
            (ours.smoothing_lengths_pc, theirs.smoothing_lengths, "pc", 2.018932),
        ):
            expected = np.asarray(other.to_physical().to(unit).value) * factor
            np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-6 * abs(values).max())
        seconds = swiftsimio.load(str(path)).metadata.time.to("s").value
        assert ours.time_myr * MYR_S == pytest.approx(float(seconds), rel=1e-4)


def test_the_same_swift_cutout_as_swiftsimio():
    """Their mask picks whole cells; every particle of ours is among them."""
    swiftsimio = pytest.importorskip("swiftsimio")
    path = TURBULENT / "snap_0007.hdf5"
    mask = swiftsimio.mask(str(path))
    low, high = 11.0, 23.0
    region = [[low, high]] * 3
    mask.constrain_spatial(
        [
            swiftsimio.cosmo_array(side, "pc", comoving=True, scale_factor=1.0, scale_exponent=1)
            for side in region
        ]
    )
    theirs = swiftsimio.load(str(path), mask=mask).gas
    positions = theirs.coordinates.to_physical().to("pc").value
    inside = np.all((positions >= low) & (positions <= high), axis=1)
    ours = core.open(path).read(0, ("ids",), Cutout((17.0,) * 3, 12.0))
    assert set(ours.ids) == set(theirs.particle_ids.value[inside])


def test_the_same_gadget_particles_as_yt(tmp_path: Path):
    """Given the units of the header; yt's time is left aside, it is a thousand times ours."""
    yt = pytest.importorskip("yt")
    yt.set_log_level("error")
    # Its progress bars would leave a thread behind.
    pytest.importorskip("tqdm").tqdm.monitor_interval = 0
    # yt writes an index beside the files.
    for file in GADGET.parent.glob("*.hdf5"):
        shutil.copy(file, tmp_path)
    for path in (tmp_path / GADGET.name, tmp_path / "snap_000.0.hdf5"):
        dataset = yt.load(
            str(path),
            unit_base={
                "UnitLength_in_cm": 3.085678e21,
                "UnitMass_in_g": 1.989e43,
                "UnitVelocity_in_cm_per_s": 1e5,
            },
        )
        data = dataset.all_data()
        ours = core.open(path)[0]
        kind = "PartType0"
        ids = data[kind, "ParticleIDs"].value.astype(np.int64)
        a, b = np.argsort(ours.ids), np.argsort(ids)
        np.testing.assert_array_equal(ours.ids[a], ids[b])
        for values, name, unit in (
            (ours.positions_pc, "particle_position", "pc"),
            (ours.masses_msun, "particle_mass", "Msun"),
            (ours.velocities_kms, "particle_velocity", "km/s"),
            (ours.densities * DENSITY_TO_CGS, "density", "g/cm**3"),
        ):
            expected = data[kind, name].to(unit).value
            # The solar masses of the two differ by 0.005 %.
            np.testing.assert_allclose(values[a], expected[b], rtol=2e-4, atol=1e-30)
