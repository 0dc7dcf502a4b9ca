"""Save cubes as plain NumPy arrays, `.npz`, which everything in Python reads."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from core.cubes import Cube, CubeSequence
from core.errors import InvalidRequest
from core.evolution import Evolution
from core.writers.atomic import replacing
from core.writers.native import as_json


def save_arrays(obj: Cube | CubeSequence | Evolution, path: str | os.PathLike[str]) -> None:
    """Write a cube or a sequence as arrays with their size and times.

    The keys are those of `core.readers.arrays`: `density` in Msun/pc^3,
    `temperature` in K, `velocity` in km/s, `times_myr`, `size_pc`, `center_pc`,
    and `provenance` as JSON. `core.open` reads them back without asking for
    units; elsewhere ``numpy.load(path)["density"]`` does.

    Parameters
    ----------
    obj : Cube, CubeSequence or Evolution
        What to save; of an evolution the frames, not the control.
    path : path
        The file, ``*.npz``; replaced if it exists. It appears under its name
        only when it is complete.

    Raises
    ------
    InvalidRequest
        If the file cannot be written.
    """
    frames = obj.sequence if isinstance(obj, Evolution) else obj
    times = [frames.time_myr] if isinstance(frames, Cube) else frames.times_myr
    fields: dict[str, Any] = dict(frames.fields)
    target = Path(path)
    if target.suffix != ".npz":
        raise InvalidRequest(f"{target}: the name of such a file ends in .npz.")
    with replacing(target) as partial, partial.open("wb") as file:
        # Not compressed: a frame can then be read without those before it.
        np.savez(
            file,
            **fields,
            times_myr=np.asarray(times, dtype=np.float64),
            size_pc=np.float64(frames.size_pc),
            center_pc=np.asarray(frames.center_pc, dtype=np.float64),
            provenance=np.array(as_json(frames.provenance)),
        )
