"""Save and load Shellsight's own files, `.shell.h5`."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from core.coverage import calibration_to_json
from core.cubes import FIELD_UNITS, Cube, CubeSequence, stack
from core.errors import CorruptSnapshot, InvalidRequest, UnknownFormat
from core.evolution import Evolution, Forecast, Simulation
from core.readers import native
from core.readers.hdf5 import attributes, open_hdf5, reading
from core.writers.atomic import replacing_hdf5

Saved = Cube | CubeSequence | Simulation | Forecast


def save(obj: Saved, path: str | os.PathLike[str]) -> None:
    """Write a cube, a sequence, a simulation or a forecast.

    The file appears under its name only when it is complete.

    Parameters
    ----------
    obj : Cube, CubeSequence, Simulation or Forecast
        What to save.
    path : path
        The file, by convention ``*.shell.h5``; replaced if it exists.

    Raises
    ------
    InvalidRequest
        If `obj` is something else, or the file cannot be written.
    """
    content = _content(obj)
    with replacing_hdf5(path) as file:
        file.attrs[native.FORMAT_KEY] = content
        file.attrs["version"] = native.VERSION
        if isinstance(obj, Evolution):
            file.attrs["site_pc"] = obj.site_pc
            file.attrs["energy_erg"] = obj.energy_erg
            file.attrs["provenance"] = as_json(obj.provenance)
            _write(file.create_group("sequence"), obj.sequence)
            _write(file.create_group("control"), obj.control)
            if isinstance(obj, Forecast):
                _write_certainty(file, obj)
        else:
            sequence = stack([obj]) if isinstance(obj, Cube) else obj
            _write(file.create_group("sequence"), sequence)


def load(path: str | os.PathLike[str]) -> Saved:
    """Read what `save` wrote.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    Cube, CubeSequence, Simulation or Forecast
        What was saved.

    Raises
    ------
    UnknownFormat
        If it is not one of Shellsight's own files.
    CorruptSnapshot
        If it is damaged.
    InvalidRequest
        If there is no such file.
    """
    source = Path(path)
    verdict = native.sniff(source)
    if not verdict.accepted:
        raise UnknownFormat(source, {native.name: verdict.reason})
    with open_hdf5(source) as file:
        root = attributes(file, "/")
        content = root[native.FORMAT_KEY]
        sequence = native.read_sequence(file, "sequence")
        if content == "cube":
            return sequence[0]
        if content == "sequence":
            return sequence
        control = native.read_sequence(file, "control")
        with reading(source, "site_pc and energy_erg"):
            x, y, z = (float(c) for c in root["site_pc"])
            energy_erg = float(root["energy_erg"])
        provenance = native.read_provenance(file, "/")
        try:
            if content == "simulation":
                return Simulation(sequence, control, (x, y, z), energy_erg, provenance)
            return Forecast(
                sequence,
                control,
                (x, y, z),
                energy_erg,
                provenance,
                native.read_probability(file),
                native.read_calibration(file),
            )
        except InvalidRequest as error:
            raise CorruptSnapshot(source, str(error)) from error


def _content(obj: object) -> str:
    kinds = {Cube: "cube", CubeSequence: "sequence", Simulation: "simulation"}
    kinds[Forecast] = "forecast"
    for kind, content in kinds.items():
        if isinstance(obj, kind):
            return content
    known = ", ".join(kind.__name__ for kind in kinds)
    raise InvalidRequest(f"Cannot save a {type(obj).__name__}; only {known}.")


def _write(group: h5py.Group, sequence: CubeSequence) -> None:
    group.attrs["size_pc"] = sequence.size_pc
    group.attrs["center_pc"] = sequence.center_pc
    group.attrs["provenance"] = as_json(sequence.provenance)
    group.create_dataset("times_myr", data=sequence.times_myr).attrs["unit"] = "Myr"
    for name, values in sequence.fields.items():
        stored = group.create_dataset(
            name,
            data=values,
            chunks=(1, *values.shape[1:]),
            compression="gzip",
            shuffle=True,
            fletcher32=True,
        )
        stored.attrs["unit"] = FIELD_UNITS[name]


def _write_certainty(file: h5py.File, forecast: Forecast) -> None:
    """Write the probability in steps of 1/255, and the calibration."""
    if forecast.probability is not None:
        stored = file.create_dataset(
            native.PROBABILITY,
            data=np.rint(255.0 * forecast.probability).astype(np.uint8),
            chunks=(1, *forecast.probability.shape[1:]),
            compression="gzip",
            shuffle=True,
            fletcher32=True,
        )
        stored.attrs["unit"] = "1/255"
        stored.attrs["meaning"] = "probability that density / control < 0.9"
    if forecast.calibration is not None:
        text = json.dumps(calibration_to_json(forecast.calibration), separators=(",", ":"))
        # As a data set: an attribute has room for some 500 runs only.
        file.create_dataset(native.CALIBRATION, data=np.frombuffer(text.encode(), np.uint8))


def as_json(provenance: Mapping[str, Any]) -> str:
    """Write a provenance as text.

    Parameters
    ----------
    provenance : Mapping
        What is known of where data come from.

    Returns
    -------
    str
        The same as JSON.

    Raises
    ------
    InvalidRequest
        If it holds what JSON cannot say.
    """
    return json.dumps(dict(provenance), default=_plain)


def _plain(value: object) -> Any:
    """Write what JSON does not know: numpy's numbers and arrays, paths, mappings."""
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise InvalidRequest(f"The provenance holds a {type(value).__name__}, which cannot be saved.")
