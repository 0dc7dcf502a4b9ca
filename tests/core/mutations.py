"""Damage done to snapshots, and a reader in a process of its own that may not fall over it.

`Patient` reads files in a child process under limits of time and memory, so
that a crash, a hang or a flood of memory is a failed test and not the end of
the test run. The strategies describe damage, the functions do it to a copy.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import h5py
import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 120.0
ADDRESS_SPACE = 3 << 30
"""Bytes that reading may ask for on top of what the libraries take; most are never touched."""

PATIENT_SETTINGS = settings(
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

_CHILD = """
import json, re, resource, sys, traceback, warnings
from pathlib import Path
import numpy as np
import core
from core.cutout import Cutout
from core.errors import ShellsightError

warnings.simplefilter("error", RuntimeWarning)

def bounded(extra):
    with open("/proc/self/statm") as file:
        now = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + extra, resource.RLIM_INFINITY))

def check(frame):
    for name in getattr(frame, "__dataclass_fields__", ()):
        values = getattr(frame, name)
        if isinstance(values, np.ndarray) and values.dtype.kind == "f":
            if not np.isfinite(values).all():
                return f"{name} is not finite"
    fields = getattr(frame, "fields", None)
    for name, values in (fields or {}).items():
        if not np.isfinite(values).all():
            return f"{name} is not finite"
    return None

def peak_mb():
    # Not `ru_maxrss`, which begins with the peak of the parent.
    return int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024

def look(path, options):
    series = core.open(path, **options)
    wrong = None
    for index in range(min(len(series), 3)):
        frame = series[index]
        wrong = wrong or check(frame)
        total = sum(piece.mass_msun for piece in series.chunks(index))
        if not np.isclose(total, frame.mass_msun, rtol=1e-4):
            wrong = wrong or f"{total} Msun in pieces, {frame.mass_msun} as a whole"
        size = min(series.headers[index].box_pc)
        if np.isfinite(size) and size > 0:
            for _ in series.chunks(index, None, Cutout(series.center_pc, 0.25 * size)):
                pass
        series.stars(index)
    if wrong:
        return {"outcome": "wrong", "text": wrong}
    return {"outcome": "read", "text": ""}

bounded(int(sys.argv[1]))
print(json.dumps({"outcome": "ready"}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = look(request["path"], request["options"])
    except ShellsightError as error:
        answer = {"outcome": "refused", "error": type(error).__name__, "text": str(error)}
    except BaseException as error:
        trace = traceback.format_exc()
        answer = {"outcome": "raised", "error": type(error).__name__, "text": trace}
    answer["peak_mb"] = peak_mb()
    print(json.dumps(answer), flush=True)
"""


@dataclass(frozen=True)
class Answer:
    """What came of reading a file.

    Parameters
    ----------
    outcome : str
        ``read``: everything was read and is finite; ``refused``: with one of
        Shellsight's errors; anything else is a failure.
    error, text : str
        Class and message of the error.
    peak_mb : float
        The most memory the child has used so far.
    """

    outcome: Literal["read", "refused", "wrong", "raised", "crashed", "hung"]
    error: str = ""
    text: str = ""
    peak_mb: float = 0.0


class Patient:
    """Reads files in a child process; a context manager."""

    def __init__(self, address_space: int = ADDRESS_SPACE) -> None:
        self._address_space = address_space
        self._child: subprocess.Popen[str] | None = None

    def __enter__(self) -> Patient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> subprocess.Popen[str]:
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-c", _CHILD, str(self._address_space)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                cwd=ROOT,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
            assert self._child.stdout is not None
            assert json.loads(self._child.stdout.readline())["outcome"] == "ready"
        return self._child

    def _stop(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.communicate()
            self._child = None

    def read(self, path: Path, **options: Any) -> Answer:
        """Open a file with `options` for `core.open`, and read all of it in every way."""
        child = self._start()
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(json.dumps({"path": str(path), "options": options}) + "\n")
        child.stdin.flush()
        if not select.select([child.stdout], [], [], TIMEOUT_S)[0]:
            self._stop()
            return Answer("hung")
        line = child.stdout.readline()
        if not line:
            code = child.wait()
            self._stop()
            return Answer("crashed", text=f"exit status {code}")
        return Answer(**json.loads(line))


def assert_survives(patient: Patient, path: Path, **options: Any) -> Answer:
    """Check that a file is either read, or refused by name with one of our errors."""
    answer = patient.read(path, **options)
    assert answer.outcome in ("read", "refused"), f"{answer.outcome}: {answer.text}"
    if answer.outcome == "refused":
        assert path.name in answer.text, answer.text
        assert "Traceback" not in answer.text
    return answer


@dataclass(frozen=True)
class Flip:
    """Bytes changed in place.

    Parameters
    ----------
    at : float
        Where, as a fraction of the file.
    mask : int
        Bits to turn over.
    """

    at: float
    mask: int


positions = st.floats(0.0, 1.0, exclude_max=True)
flips = st.lists(st.builds(Flip, positions, st.integers(1, 255)), min_size=1, max_size=8)


def early(strategy: st.SearchStrategy[list[Flip]], part: float) -> st.SearchStrategy[list[Flip]]:
    """Move flips into the first part of the file, where HDF5 keeps most of its structure."""
    return strategy.map(lambda many: [Flip(flip.at * part, flip.mask) for flip in many])


def truncated(content: bytes, at: float) -> bytes:
    """Cut a file off."""
    return content[: int(at * len(content))]


def flipped(content: bytes, changes: list[Flip]) -> bytes:
    """Turn bits over."""
    damaged = bytearray(content)
    for change in changes:
        damaged[int(change.at * len(damaged))] ^= change.mask
    return bytes(damaged)


Damage = Callable[[h5py.File], None]


def damaged_copy(source: Path, directory: Path, damage: Damage) -> Path:
    """Copy an HDF5 file and do something to the copy."""
    with tempfile.NamedTemporaryFile(dir=directory, suffix=".hdf5", delete=False) as copy:
        copy.write(source.read_bytes())
    path = Path(copy.name)
    with h5py.File(path, "a") as file:
        damage(file)
    return path


def replaced(name: str, values: Any, **storage: Any) -> Damage:
    """Put another data set in the place of one; its attributes stay."""

    def damage(file: h5py.File) -> None:
        attributes = dict(file[name].attrs) if name in file else {}
        if name in file:
            del file[name]
        file.create_dataset(name, data=values, **storage).attrs.update(attributes)

    return damage


def claiming(name: str, shape: tuple[int, ...], dtype: Any, **storage: Any) -> Damage:
    """Put a data set in the place of one that states a size but was never written."""

    def damage(file: h5py.File) -> None:
        del file[name]
        file.create_dataset(name, shape=shape, dtype=dtype, **storage)

    return damage


odd_numbers = st.one_of(
    st.sampled_from([0.0, -0.0, -1.0, 1e-300, 1e300, -1e300, float("nan"), float("inf")]),
    st.floats(width=64),
    st.integers(-(2**63), 2**63 - 1),
)
odd_values = st.one_of(
    odd_numbers,
    st.text(max_size=8),
    st.binary(max_size=8).map(np.void),
    st.lists(odd_numbers, max_size=9).map(lambda values: np.array(values, dtype=np.float64)),
    st.booleans(),
    st.just(h5py.Empty("f8")),
)
"""What might stand in an attribute that should hold a number."""

odd_types = st.sampled_from(
    ["f2", "f4", ">f4", "f8", ">f8", "g", "i1", "i2", "u4", ">i8", "u8", "c8", "S4", "?"]
)
