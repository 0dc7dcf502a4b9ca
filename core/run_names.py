"""What the name of a file says of its snapshot: the run it is of, and its number."""

from __future__ import annotations

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path

from core.series import FrameHeader

_DIGITS = "[0-9]*"
_LAST_NUMBER = re.compile(r"^(?P<head>.*?)(?P<number>\d+)(?P<tail>\D*)$")
_PART = re.compile(r"^(?P<stem>.+)\.\d+(?P<suffix>\.[^.]+)$")
_NUMBERED_DIRECTORY = re.compile(r"^(?P<head>snapdir_|output_|DD|RD)\d+$")


@dataclass(frozen=True)
class RunName:
    """What the name of a file says: which run it is of, and its number.

    Parameters
    ----------
    pattern : str
        A pattern that the names of the run's files match.
    number : int or None
        Number of the snapshot, if the name has one.
    label : str
        The snapshot for people; ``{}`` stands for the number.
    digits : int
        Width to which numbers are padded with zeros.
    """

    pattern: str
    number: int | None
    label: str
    digits: int

    @classmethod
    def of(cls, header: FrameHeader) -> RunName:
        """Take the name of a snapshot apart.

        Parameters
        ----------
        header : FrameHeader
            The snapshot.

        Returns
        -------
        RunName
            Its parts.
        """
        return cls.of_file(header.paths[0], is_part=len(header.paths) > 1)

    @classmethod
    def of_file(cls, path: Path, *, is_part: bool) -> RunName:
        """Take the name of a file apart.

        Parameters
        ----------
        path : Path
            The file.
        is_part : bool
            Whether it is one of several files of a snapshot.

        Returns
        -------
        RunName
            Its parts.
        """
        part = _PART.match(path.name) if is_part else None
        name = path.stem if part is None else part["stem"]
        suffix = path.suffix if part is None else f".{_DIGITS}{part['suffix']}"
        folder = "" if path.parent == Path() else glob.escape(f"{path.parent}{os.sep}")
        directory = _NUMBERED_DIRECTORY.match(path.parent.name)
        if directory is not None:
            above = glob.escape(f"{path.parent.parent}{os.sep}")
            folder = f"{above}{directory['head']}{_DIGITS}{os.sep}"
        match = _LAST_NUMBER.match(name)
        if match is None:
            return cls(f"{folder}{glob.escape(name)}{suffix}", None, name, 0)
        head, tail = glob.escape(match["head"]), glob.escape(match["tail"])
        return cls(
            f"{folder}{head}{_DIGITS}{tail}{suffix}",
            int(match["number"]),
            f"{match['head']}{{}}{match['tail']}",
            len(match["number"]),
        )

    def numbered(self, number: int) -> str:
        """Name of the snapshot with another number, for people."""
        return self.label.replace("{}", f"{number:0{self.digits}d}")
