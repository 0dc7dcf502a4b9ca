"""Make the shipped sample from a simulation of a held-out cloud.

python packaging/make_sample.py DATA/cloud00002_03.shell.h5 resources/sample/cloud_02.shell.h5
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import core
from core.cubes import CubeSequence

KEPT_BITS = 10
"""Bits of the mantissa that are kept: 0.1 per cent, below what any figure shows."""


def rounded(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to `KEPT_BITS` bits, so that the file compresses well."""
    mantissa, exponent = np.frexp(values)
    scale = 2.0 ** (KEPT_BITS + 1)
    return np.ldexp(np.round(mantissa * scale) / scale, exponent).astype(np.float32)


def compact(sequence: CubeSequence, names: tuple[str, ...]) -> CubeSequence:
    """Keep some fields, rounded."""
    return replace(sequence, fields={name: rounded(sequence.fields[name]) for name in names})


def main(source: str, target: str) -> None:
    """Write the sample."""
    simulation = core.load(source)
    if not isinstance(simulation, core.Simulation):
        raise SystemExit(f"{source} is not a simulation.")
    sample = replace(
        simulation,
        sequence=compact(simulation.sequence, ("density", "velocity")),
        control=compact(simulation.control, ("density",)),
    )
    core.save(sample, target)
    print(f"{target}: {Path(target).stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(*sys.argv[1:])
