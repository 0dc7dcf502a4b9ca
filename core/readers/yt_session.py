"""yt, as Shellsight uses it: imported late, kept quiet, its errors turned into ours."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from core.constants import DENSITY_TO_CGS, KMS_CM_S, MYR_S, PARSEC_CM
from core.errors import CorruptSnapshot, MissingDependency, ShellsightError
from core.readers.amr_codes import ATHENA, Code, Facts
from core.units import UnitSystem


@dataclass(frozen=True)
class Scale:
    """What yt's cgs are worth in Shellsight's units.

    Where units are given that yt does not know of, the quotient of both is in.

    Parameters
    ----------
    length_pc, density, velocity_kms, time_myr : float
        What 1 cm, 1 g/cm^3, 1 cm/s and 1 s of yt's are in pc, Msun/pc^3, km/s
        and Myr.
    """

    length_pc: float
    density: float
    velocity_kms: float
    time_myr: float


def import_yt() -> Any:
    """Import yt, which takes seconds, when it is needed.

    Returns
    -------
    module
        yt.

    Raises
    ------
    MissingDependency
        If it is not installed.
    """
    try:
        return import_module("yt")
    except ImportError as error:
        raise MissingDependency(
            "yt", "Reading adaptive meshes", "pip install 'shellsight[amr]'"
        ) from error


@contextmanager
def reading_with_yt(code: Code, facts: Facts, place: str) -> Iterator[None]:
    """Turn what yt raises, which may be anything, into `CorruptSnapshot`.

    Parameters
    ----------
    code : Code
        Whose files are read.
    facts : Facts
        The files.
    place : str
        What is being read, for the message.
    """
    try:
        yield
    except ShellsightError:
        raise
    except Exception as error:
        path = facts.paths[0]
        if code.find_damage is not None:
            code.find_damage(facts)
        said = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise CorruptSnapshot(
            path, f"yt cannot read {place}; the snapshot is damaged or incomplete ({said})."
        ) from error


@contextmanager
def _quiet(yt: Any) -> Iterator[None]:
    """Keep yt from writing to the terminal, and leave its settings as they were."""
    logger, config = logging.getLogger("yt"), yt.config.ytcfg
    level, bars = logger.level, config.get("yt", "suppress_stream_logging")
    logger.setLevel(logging.ERROR)
    config.set("yt", "suppress_stream_logging", True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        logger.setLevel(level)
        config.set("yt", "suppress_stream_logging", bars)


@contextmanager
def open_with_yt(code: Code, facts: Facts, given: UnitSystem | None) -> Iterator[tuple[Any, Scale]]:
    """Open a snapshot with yt, quietly, and say what its cgs are worth.

    Parameters
    ----------
    code : Code
        Whose it is.
    facts : Facts
        Its files.
    given : UnitSystem, optional
        Units in place of those that yt takes for the file's.

    Yields
    ------
    (Dataset, Scale)
        yt's object, and what its cgs are worth.

    Raises
    ------
    CorruptSnapshot
        If yt cannot open it.
    """
    yt = import_yt()
    path = facts.paths[0]
    options = dict(facts.options)
    if code is ATHENA and given is not None:
        options["units_override"] = {
            "length_unit": (given.length_pc * PARSEC_CM, "cm"),
            "mass_unit": (given.density * DENSITY_TO_CGS * (given.length_pc * PARSEC_CM) ** 3, "g"),
            "time_unit": (given.length_pc * PARSEC_CM / (given.velocity_kms * KMS_CM_S), "s"),
        }
    with _quiet(yt):
        with reading_with_yt(code, facts, "its header"):
            module, name = code.frontend
            ds = getattr(import_module(module), name)(str(path), **options)
            own = units_of(ds, facts)
        factor = own if given is None else given
        try:
            yield (
                ds,
                Scale(
                    length_pc=factor.length_pc / own.length_pc / PARSEC_CM,
                    density=factor.density / own.density / DENSITY_TO_CGS,
                    velocity_kms=factor.velocity_kms / own.velocity_kms / KMS_CM_S,
                    time_myr=factor.time_myr / own.time_myr / MYR_S,
                ),
            )
        finally:
            # yt's objects refer to each other and may live on; files should not stay open.
            for handle in ("_handle", "_particle_handle"):
                with suppress(Exception):
                    getattr(ds, handle).close()


def units_of(ds: Any, facts: Facts) -> UnitSystem:
    """Put the units of a file, as yt understands them, into a unit system.

    Parameters
    ----------
    ds : Dataset
        yt's object.
    facts : Facts
        The files.

    Returns
    -------
    UnitSystem
        The units.
    """
    return UnitSystem.from_cgs(
        length_cm=float(ds.length_unit.in_cgs().v) / facts.length_factor,
        mass_g=float(ds.mass_unit.in_cgs().v),
        velocity_cm_s=float(ds.velocity_unit.in_cgs().v),
        time_s=float(ds.time_unit.in_cgs().v),
    )
