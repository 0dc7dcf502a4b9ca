"""A part of a galaxy: a snapshot that is larger than the cube, with clusters, stars and a site."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

BOX = 300.0
HOT = (220.0, 80.0, 140.0)
"""Where an explosion has just gone off, in pc."""

STAR = (90.0, 210.0, 160.0)
"""Where the most massive young star is, in pc."""

CGS = {
    "UnitLength_in_cm": 3.0856775814913673e18,
    "UnitMass_in_g": 1.98840987e33,
    "UnitVelocity_in_cm_per_s": 1e5,
}


def write_galaxy(
    path: Path, count: int = 60_000, *, time: float = 0.1, seed: int = 4, shuffle: int = 0
) -> Path:
    """Write gas in filaments and clumps, with smoothing lengths, temperatures and stars.

    Units are in the header: pc, Msun, km/s. The particles drift with time, so
    that several snapshots make a run.
    """
    random = np.random.default_rng(seed)
    clumps = random.uniform(40, BOX - 40, (60, 3))
    clumps[0], clumps[1] = STAR, HOT
    # Filaments between neighbouring clumps, clumps, and thin gas everywhere.
    pairs = [(i, j) for i in range(60) for j in np.argsort(((clumps - clumps[i]) ** 2).sum(1))[1:4]]
    share = (count // 3, count // 3, count - 2 * (count // 3))
    chosen = np.array(pairs)[random.integers(len(pairs), size=share[0])]
    along = random.uniform(0, 1, (share[0], 1))
    threads = clumps[chosen[:, 0]] * (1 - along) + clumps[chosen[:, 1]] * along
    threads += random.normal(0, 6.0, threads.shape)
    balls = clumps[random.integers(60, size=share[1])] + random.normal(0, 11.0, (share[1], 3))
    thin = random.uniform(0, BOX, (share[2], 3))
    velocities = random.normal(0, 4, (count, 3)).astype(np.float32)
    positions = (np.concatenate([threads, balls, thin]) + velocities * time * 1.0227) % BOX
    mass = 0.35 * BOX**3 / count
    density = np.concatenate(
        [np.full(share[0], 3.0), np.full(share[1], 12.0), np.full(share[2], 0.3)]
    ).astype(np.float32)
    energy = np.full(count, 1.0, np.float32)
    hot = np.sum((positions - HOT) ** 2, axis=1) < 25
    energy[hot] = 3e5
    order = np.random.default_rng(shuffle).permutation(count) if shuffle else np.arange(count)
    numbers = np.array([count, 0, 0, 0, 4, 0], np.int64)
    with h5py.File(path, "w") as file:
        file.create_group("Header").attrs.update(
            {
                "BoxSize": BOX,
                "Time": time / 0.977792,
                "Redshift": 0.0,
                "NumFilesPerSnapshot": 1,
                "NumPart_ThisFile": numbers,
                "NumPart_Total": numbers,
                "MassTable": np.zeros(6),
                **CGS,
            }
        )
        gas = file.create_group("PartType0")
        gas["Coordinates"] = positions[order]
        gas["Masses"] = np.full(count, mass, np.float32)
        gas["Velocities"] = velocities[order]
        gas["Density"] = density[order]
        gas["InternalEnergy"] = energy[order]
        gas["SmoothingLength"] = (1.8 * (mass / density) ** (1 / 3)).astype(np.float32)[order]
        gas["ParticleIDs"] = np.arange(count, dtype=np.uint32)[order]
        stars = file.create_group("PartType4")
        stars["Coordinates"] = np.array([STAR, *clumps[2:5]])
        stars["Masses"] = np.array([40.0, 12.0, 9.0, 3.0], np.float32)
        stars["Velocities"] = np.zeros((4, 3), np.float32)
        stars["ParticleIDs"] = np.arange(count, count + 4, dtype=np.uint32)
        # Formed 5 Myr before: of an age at which massive stars explode.
        stars["StellarFormationTime"] = np.full(4, (time - 5.0) / 0.977792, np.float32)
    return path
