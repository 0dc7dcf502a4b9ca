"""Small snapshots in the layouts of other codes, for what the real ones do not show."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

SNAPSHOTS = Path(__file__).resolve().parents[2] / ".." / "shared" / "snapshots"
needs_snapshots = pytest.mark.skipif(
    not SNAPSHOTS.is_dir(), reason="the snapshots of other codes are not beside the repository"
)

CGS = {"UnitLength_in_cm": 3.0857e18, "UnitMass_in_g": 1.9884e33, "UnitVelocity_in_cm_per_s": 1e5}


def gas(count: int = 64, box: float = 60.0, seed: int = 1) -> dict[str, NDArray[Any]]:
    """Columns of `PartType0` as Gadget names them."""
    random = np.random.default_rng(seed)
    return {
        "Coordinates": random.uniform(0, box, (count, 3)),
        "Masses": np.full(count, 5.0, np.float32),
        "Velocities": random.normal(0, 5, (count, 3)).astype(np.float32),
        "Density": np.full(count, 1.5, np.float32),
        "InternalEnergy": np.full(count, 1.0, np.float32),
        "SmoothingLength": np.full(count, 2.0, np.float32),
        "ParticleIDs": np.arange(count, dtype=np.uint32),
    }


def write_gadget(
    path: Path,
    columns: dict[str, NDArray[Any]] | None = None,
    *,
    units: dict[str, float] | None = CGS,
    attributes: dict[str, dict[str, float]] | None = None,
    **header: Any,
) -> Path:
    """Write a Gadget snapshot; `header` overrides attributes of its header."""
    columns = gas() if columns is None else columns
    count = len(next(iter(columns.values()), ()))
    numbers = np.array([count, 0, 0, 0, 0, 0], np.int64)
    with h5py.File(path, "w") as file:
        stated = {
            "BoxSize": 60.0,
            "Time": 0.1,
            "Redshift": 0.0,
            "NumFilesPerSnapshot": 1,
            "NumPart_ThisFile": numbers,
            "NumPart_Total": numbers,
            "MassTable": np.zeros(6),
            **(units or {}),
            **header,
        }
        file.create_group("Header").attrs.update(stated)
        group = file.create_group("PartType0")
        for name, values in columns.items():
            group[name] = values
            group[name].attrs.update((attributes or {}).get(name, {}))
    return path


def write_parts(directory: Path, counts: tuple[int, ...], **headers: Any) -> list[Path]:
    """Write a Gadget snapshot in several files."""
    columns = gas(sum(counts))
    ends = np.cumsum([0, *counts])
    paths = []
    for part, (start, stop) in enumerate(pairwise(ends)):
        header = {
            "NumFilesPerSnapshot": len(counts),
            "NumPart_Total": np.array([sum(counts), 0, 0, 0, 0, 0]),
            **headers,
        }
        path = directory / f"snap_007.{part}.hdf5"
        paths.append(write_gadget(path, {n: v[start:stop] for n, v in columns.items()}, **header))
    return paths


def write_swift(
    path: Path, *, time: float = 0.1, scale: float = 1.0, kernel: str = "Quartic spline (M5)"
) -> Path:
    """Write a SWIFT snapshot in pc, Msun and pc/(km/s), without `Kernel gamma`."""
    names = {
        "Density": "Densities",
        "InternalEnergy": "InternalEnergies",
        "SmoothingLength": "SmoothingLengths",
    }
    powers = {"Coordinates": 1.0, "Densities": -3.0, "SmoothingLengths": 1.0}
    columns = gas()
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(
            {
                "Code": b"SWIFT",
                "BoxSize": np.full(3, 60.0),
                "Time": np.array([time]),
                "Scale-factor": np.array([scale]),
                "Dimension": np.array([3]),
                "NumFilesPerSnapshot": np.array([1]),
                "NumPart_ThisFile": np.array([64, 0, 0, 0, 0, 0, 0]),
            }
        )
        file.create_group("Units").attrs.update(
            {
                "Unit length in cgs (U_L)": np.array([3.0856775814913673e18]),
                "Unit mass in cgs (U_M)": np.array([1.98840987e33]),
                "Unit time in cgs (U_t)": np.array([3.0856775814913673e13]),
            }
        )
        file.create_group("HydroScheme").attrs["Kernel function"] = kernel
        for name, values in columns.items():
            stored = names.get(name, name)
            file[f"PartType0/{stored}"] = values
            file[f"PartType0/{stored}"].attrs["a-scale exponent"] = powers.get(stored, 0.0)
    return path


def write_well(
    path: Path, *, n: int = 8, times: tuple[float, ...] = (0.0, 0.001, 0.01), velocity_kms: float
) -> Path:
    """Write two trajectories in the layout of The Well.

    Density is in Msun/pc^3, and pressure such that a unit of velocity of
    `velocity_kms` makes it agree with the temperature (8000 K, mu = 1.27).
    """
    random = np.random.default_rng(3)
    density = random.uniform(0.5, 2.0, (2, len(times), n, n, n)).astype(np.float32)
    temperature = np.full_like(density, 8000.0)
    sound_kms2 = 1.380649e-16 * 8000.0 / (1.27 * 1.6735575e-24) / 1e10
    with h5py.File(path, "w") as file:
        file.attrs.update(
            {"dataset_name": "supernova_explosion", "n_spatial_dims": 3, "n_trajectories": 2}
        )
        arrays = {
            "t0_fields/density": density,
            "t0_fields/temperature": temperature,
            "t0_fields/pressure": density * np.float32(sound_kms2 / velocity_kms**2),
            "t1_fields/velocity": np.ones((*density.shape, 3), np.float32),
        }
        for name, values in arrays.items():
            file[name] = values
            file[name].attrs.update({"sample_varying": True, "time_varying": True})
        file["dimensions/time"] = np.array(times)
        for axis in "xyz":
            file[f"dimensions/{axis}"] = (np.arange(n) + 0.5) * 60.0 / n
            wall = file.create_group(f"boundary_conditions/{axis}_open")
            wall.attrs["bc_type"] = "OPEN"
    return path
