"""Movies: a shot through time, around the cube, or both. No window is needed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.exports import provenance
from app.exports.pictures import Sheet, Shot, about
from app.exports.reel import MOVIE_SUFFIXES, Reel, moments, movie_sheet
from core.errors import InvalidRequest
from core.progress import CancelCheck, Progress, check_cancelled, report
from core.writers.atomic import replacing

if TYPE_CHECKING:
    from PySide6.QtGui import QImage

QUALITY = 8  # of 10: text stays sharp, a movie of 10 s in full HD takes some 5 MB
_PALETTE = "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=bayer"


def check_movie_path(path: Path) -> None:
    """Refuse a name that no movie can have; see `provenance.check_name`."""
    provenance.check_name(path, MOVIE_SUFFIXES, "movies")


def save_movie(
    shot: Shot,
    sheet: Sheet,
    reel: Reel,
    time_myr: float,
    path: Path,
    *,
    progress: Progress | None = None,
    cancelled: CancelCheck | None = None,
) -> Path:
    """Draw a movie and save it with where it comes from.

    Parameters
    ----------
    shot : Shot
        What is drawn.
    sheet : Sheet
        The pictures; sides are made even.
    reel : Reel
        How it goes on.
    time_myr : float
        The time that a turntable shows.
    path : Path
        The file, ``*.mp4`` (H.264, which every player knows) or ``*.gif``.
        It appears under its name only when it is complete.
    progress : callable, optional
        Told the fraction done.
    cancelled : callable, optional
        Asked before every picture whether to stop; nothing is left then.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InvalidRequest
        If there is nothing to draw, or the file cannot be written.
    Cancelled
        If told to stop.
    """
    from app.exports.board import Board  # draws: VTK and Qt are not for who only asks

    check_movie_path(path)
    shot.check()
    sheet = movie_sheet(sheet)
    times = shot.material.times_myr
    plan, between = moments(reel, times, time_myr), reel.interpolates(len(times))
    told = about(shot, sheet, reel=reel.told(len(times)), time_myr=time_myr)
    note = json.dumps(told, default=str)
    with replacing(path) as partial, Board(shot, sheet, between=between) as board:
        # Writers choose the format by the name.
        named = partial.with_name(partial.name + path.suffix.lower())
        try:
            with _writer(named, sheet.size, reel.fps, note) as pictures:
                shown: object = None
                pixels = b""
                for done, (time, angle) in enumerate(plan):
                    check_cancelled(cancelled, "The movie")
                    report(progress, done / len(plan), f"Picture {done + 1} of {len(plan)}")
                    moment = (time if between else board.frames_at(time), angle)
                    if moment != shown:  # the same frame is shown for a while: drawn once
                        shown, pixels = moment, _bytes(board.draw(time, angle))
                    pictures.send(pixels)
                check_cancelled(cancelled, "The movie")
            if path.suffix.lower() == ".gif":
                _add_comment(named, partial, note)
            else:
                named.replace(partial)
        finally:
            named.unlink(missing_ok=True)
    report(progress, 1.0, f"Wrote {path.name}")
    return path


def _bytes(image: QImage) -> bytes:
    """Return the pixels as ffmpeg takes them: RGB, row by row without padding."""
    import numpy as np

    plain = image.convertToFormat(image.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), -1)
    return rows[:, : 3 * plain.width()].tobytes()


@contextmanager
def _writer(
    path: Path, size: tuple[int, int], fps: int, note: str
) -> Iterator[Generator[None, bytes, None]]:
    """Open a movie; send it pictures."""
    import imageio_ffmpeg

    options: dict[str, Any]
    if path.suffix == ".gif":
        options = {
            "codec": "gif",
            "pix_fmt_out": "pal8",
            "quality": None,
            "output_params": ["-filter_complex", _PALETTE, "-loop", "0"],
        }
    else:
        options = {
            "codec": "libx264",
            "pix_fmt_out": "yuv420p",
            "quality": QUALITY,
            # A player can begin before it has the end; colours are marked as what they are.
            "output_params": [
                *("-movflags", "+faststart", "-metadata", f"comment={note}"),
                *("-metadata", "title=Shellsight"),
            ],
        }
    frames = imageio_ffmpeg.write_frames(
        str(path), size, fps=fps, macro_block_size=2, ffmpeg_log_level="error", **options
    )
    try:
        frames.send(None)
        yield frames
    except OSError as error:
        raise InvalidRequest(f"{path.parent}: the movie cannot be written ({error}).") from error
    finally:
        frames.close()
    if not path.exists() or os.path.getsize(path) == 0:
        raise InvalidRequest(f"{path.parent}: the movie could not be written.")


def _add_comment(source: Path, target: Path, note: str) -> None:
    """Copy a GIF with a comment in it: ffmpeg writes none."""
    body = note.encode("ascii", "backslashreplace")
    blocks = [body[start : start + 255] for start in range(0, len(body), 255)]
    comment = b"".join([b"\x21\xfe", *(bytes([len(b)]) + b for b in blocks), b"\0"])
    with source.open("rb") as read, target.open("wb") as write:
        head = read.read(13)
        flags = head[10]
        table = 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0
        write.write(head + read.read(table) + comment)
        shutil.copyfileobj(read, write)
