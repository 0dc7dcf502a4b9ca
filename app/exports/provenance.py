"""Where an exported file comes from, written into the file itself. No Qt.

A picture carries texts: ``Software``, ``shellsight-provenance`` (JSON) and, a
PNG, ``shellsight-session``, from which the window can be brought back.
"""

from __future__ import annotations

import json
import struct
import sys
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from core.errors import InvalidRequest
from core.evolution import Evolution
from core.writers.atomic import replacing
from core.writers.native import as_json

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

    from core.cubes import CubeSequence

SOFTWARE = "Software"
PROVENANCE = "shellsight-provenance"
SESSION = "shellsight-session"

PACKAGES = ("shellsight", "torch", "vtk", "pyvista", "PySide6-Essentials")
"""Packages whose versions are told."""

JPEG_QUALITY = 95

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_TEXT_CHUNKS = (b"tEXt", b"zTXt", b"iTXt")

MAX_TEXT_BYTES = 16 * 2**20
"""A text longer than this, packed or not, is no session: it is not unpacked."""

_MAX_CHUNKS = 100_000


# ---------------------------------------------------------------- what is told


def describe(
    *,
    truth: CubeSequence | Evolution | None = None,
    forecast: Evolution | None = None,
    **about: Any,
) -> dict[str, Any]:
    """Say where what is exported comes from.

    Parameters
    ----------
    truth : CubeSequence or Evolution, optional
        The frames of the open file.
    forecast : Evolution, optional
        The forecast.
    **about
        What else is to be told: JSON-friendly values by name; None is left out.

    Returns
    -------
    dict
        JSON-friendly: program, versions, command line, time of writing, and
        the provenances of truth and forecast.
    """
    told: dict[str, Any] = {
        "software": software(),
        "versions": versions(),
        "command": list(sys.argv),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    for name, shown in (("truth", truth), ("forecast", forecast)):
        if shown is not None:
            told[name] = _data(shown)
    told.update({name: value for name, value in about.items() if value is not None})
    return told


def software() -> str:
    """Return the name and version of this program."""
    return f"Shellsight {_version('shellsight')}"


def versions() -> dict[str, str]:
    """Return the versions of the packages that matter."""
    return {name: _version(name) for name in PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


def _data(shown: CubeSequence | Evolution) -> dict[str, Any]:
    sequence = shown.sequence if isinstance(shown, Evolution) else shown
    first, last = float(sequence.times_myr[0]), float(sequence.times_myr[-1])
    told: dict[str, Any] = {
        "frames": len(sequence),
        "times_myr": [first, last],
        "size_pc": float(sequence.size_pc),
        "center_pc": [float(value) for value in sequence.center_pc],
        "voxels": int(sequence.n),
        "provenance": json.loads(as_json({**sequence.provenance, **shown.provenance})),
    }
    if isinstance(shown, Evolution):
        told["energy_erg"] = float(shown.energy_erg)
    return told


def texts(provenance: Mapping[str, Any], session: str | None = None) -> dict[str, str]:
    """Return the texts that a file carries.

    Parameters
    ----------
    provenance : Mapping
        As `describe` gives it.
    session : str, optional
        The session, for formats that hold one.

    Returns
    -------
    dict of str to str
        By the names above.
    """
    told = {SOFTWARE: software(), PROVENANCE: as_json(provenance)}
    if session:
        told[SESSION] = session
    return told


# ---------------------------------------------------------------- pictures


def save_image(image: QImage, path: Path | str, text: Mapping[str, str]) -> Path:
    """Save a picture with texts in it.

    Parameters
    ----------
    image : QImage
        The picture.
    path : Path or str
        The file; its suffix says the format: PNG, JPEG or TIFF. It appears
        under its name only when it is complete.
    text : Mapping of str to str
        What the file is to carry. PNG keeps every text, JPEG those that fit
        into its comments (64 kB), TIFF all but the session in its description.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidRequest
        If the format is unknown, or the file cannot be written.
    """
    path = Path(path)
    check_picture_path(path)
    writer = _WRITERS[path.suffix.lower()]
    with replacing(path) as partial:
        if not writer(image, partial, text):
            raise InvalidRequest(f"{path}: the picture cannot be written there.")
    return path


def _save_png(image: QImage, path: Path, text: Mapping[str, str]) -> bool:
    marked = image.copy()
    for key, value in text.items():
        marked.setText(key, value)
    return marked.save(str(path), "PNG")  # type: ignore[call-overload]


def _save_jpeg(image: QImage, path: Path, text: Mapping[str, str]) -> bool:
    marked = image.copy()
    for key, value in text.items():
        if len(value.encode()) < 2**16 - 256:
            marked.setText(key, value)
    return marked.save(str(path), "JPG", JPEG_QUALITY)  # type: ignore[call-overload]


def _save_tiff(image: QImage, path: Path, text: Mapping[str, str]) -> bool:
    from PIL import Image  # Qt writes TIFF, but no text in it

    form = image.Format.Format_RGBA8888 if image.hasAlphaChannel() else image.Format.Format_RGB888
    plain = image.convertToFormat(form)
    mode = "RGBA" if image.hasAlphaChannel() else "RGB"
    size = (plain.width(), plain.height())
    data = Image.frombuffer(
        mode, size, bytes(plain.constBits()), "raw", mode, plain.bytesPerLine(), 1
    )
    described = {key: value for key, value in text.items() if key not in (SOFTWARE, SESSION)}
    tags = {270: json.dumps(described), 305: text.get(SOFTWARE, software())}
    data.save(path, "TIFF", compression="tiff_lzw", tiffinfo=tags)
    return True


_WRITERS = {
    ".png": _save_png,
    ".jpg": _save_jpeg,
    ".jpeg": _save_jpeg,
    ".tif": _save_tiff,
    ".tiff": _save_tiff,
}

PICTURE_SUFFIXES = tuple(_WRITERS)
"""How the names of pictures may end."""


def check_name(path: Path, suffixes: Sequence[str], what: str) -> None:
    """Refuse a name that a file cannot have, before anything is drawn.

    Parameters
    ----------
    path : Path
        The file to be written.
    suffixes : sequence of str
        How its name may end.
    what : str
        What is written, in the plural.

    Raises
    ------
    InvalidRequest
        If the name ends otherwise, or there is no such directory.
    """
    if path.suffix.lower() not in suffixes:
        raise InvalidRequest(
            f"{path}: {what} are written as {', '.join(suffixes)}; end the name with one."
        )
    if not path.parent.is_dir():
        raise InvalidRequest(f"{path}: there is no directory {path.parent}.")


def check_picture_path(path: Path) -> None:
    """Refuse a name that no picture can have; see `check_name`."""
    check_name(path, PICTURE_SUFFIXES, "pictures")


def read_png_text(path: Path | str) -> dict[str, str]:
    """Read the texts of a PNG file; the picture itself is not decoded.

    Parameters
    ----------
    path : Path or str
        The file.

    Returns
    -------
    dict of str to str
        Every text by its key; empty if there is none.

    Raises
    ------
    InvalidRequest
        If the file cannot be read, is no PNG, is damaged, or a text is too
        long to be one of ours.
    """
    path = Path(path)
    try:
        with path.open("rb") as file:
            if file.read(8) != _SIGNATURE:
                raise InvalidRequest(f"{path}: not a PNG picture.")
            return _read_texts(file, path)
    except OSError as error:
        raise InvalidRequest(f"{path}: cannot be read ({error.strerror or error}).") from error


def _read_texts(file: BinaryIO, path: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    left = MAX_TEXT_BYTES
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            raise InvalidRequest(f"{path}: the picture is cut short.")
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            return found
        if kind not in _TEXT_CHUNKS:
            file.seek(length + 4, 1)
            continue
        if length > left:
            raise InvalidRequest(f"{path}: a text of {length} bytes is too long to be read.")
        body, check = file.read(length), file.read(4)
        if len(check) < 4 or zlib.crc32(kind + body) != int.from_bytes(check, "big"):
            raise InvalidRequest(f"{path}: a text of the picture is damaged.")
        key, value = _decode(kind, body, left, path)
        left -= len(value)
        found[key] = value
    raise InvalidRequest(f"{path}: the picture has too many parts to be one.")


def _decode(kind: bytes, body: bytes, limit: int, path: Path) -> tuple[str, str]:
    try:
        key, rest = body.split(b"\0", 1)
        if kind == b"tEXt":
            packed, coding = False, "latin-1"
        elif kind == b"zTXt":
            packed, coding, rest = True, "latin-1", rest[1:]
        else:
            packed, coding = rest[0] == 1, "utf-8"
            rest = rest[2:].split(b"\0", 2)[2]
        if packed:
            unpacker = zlib.decompressobj()
            rest = unpacker.decompress(rest, limit)
            if unpacker.unconsumed_tail or not unpacker.eof:
                raise InvalidRequest(f"{path}: a text is too long to be read.")
        return key.decode("latin-1"), rest.decode(coding)
    except (ValueError, IndexError, zlib.error) as error:
        if isinstance(error, InvalidRequest):
            raise
        raise InvalidRequest(f"{path}: a text of the picture is damaged.") from error
