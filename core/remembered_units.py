"""Units that a person has given before, by directory.

For the command line and the window, which say when they use them. The
library never asks here: what a script does must not depend on what somebody
clicked earlier.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from pathlib import Path

from core.errors import InvalidRequest
from core.readers.request import PathLike, directory_of
from core.units import UnitSystem

log = logging.getLogger("shellsight")


def remembered(path: PathLike) -> UnitSystem | None:
    """Look up the units given for a directory.

    Parameters
    ----------
    path : path
        The directory, a file in it, or a pattern of such files.

    Returns
    -------
    UnitSystem or None
        The units; None if none were given, or the note of them is damaged.
    """
    text = _read().get(str(directory_of(path)))
    if text is None:
        return None
    try:
        return UnitSystem.parse(text)
    except InvalidRequest as error:
        log.warning("%s: units left aside. %s", notebook(), error)
        return None


def remember(path: PathLike, units: UnitSystem) -> None:
    """Keep the units given for a directory; they replace earlier ones.

    Where the user's configuration cannot be written, that is logged and
    nothing is kept: to have been asked twice is no reason to fail.

    Parameters
    ----------
    path : path
        The directory, a file in it, or a pattern of such files.
    units : UnitSystem
        The units.
    """
    known = _read()
    directory = str(directory_of(path))
    if known.get(directory) == str(units):
        return
    known[directory] = str(units)
    target = notebook()
    temporary = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=target.parent, prefix=".units-", delete=False, encoding="utf-8"
        ) as file:
            temporary = file.name
            json.dump({"version": 1, "units": known}, file, indent=2)
        os.replace(temporary, target)
    except OSError as error:
        log.warning("%s: the units could not be kept (%s).", target, error.strerror)
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def notebook() -> Path:
    """Find where the units are kept.

    Returns
    -------
    Path
        A JSON file in the user's configuration; it need not exist.
    """
    from platformdirs import user_config_path

    return user_config_path("shellsight", appauthor=False) / "units.json"


def _read() -> dict[str, str]:
    target = notebook()
    try:
        kept = json.loads(target.read_text(encoding="utf-8"))["units"]
        return {str(directory): str(units) for directory, units in kept.items()}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        log.warning("%s is damaged and left aside (%s).", target, error)
        return {}
