"""The window as a person meets it: how soon it is there, how fluid it stays, what it takes.

Each figure comes from a process of its own, with a cache directory of its own; the drawing is
compiled anew, as on a first start, unless ``--warm`` is given.

    xvfb-run -a python tests/benchmarks/bench_window.py [--warm] [TASK…]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

BEGAN = time.perf_counter()
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("QT_API", "pyside6")

LIMIT_S = 300.0
BEAT_MS = 10


class Gaps:
    """Watches how long the event loop leaves a timer waiting.

    Parameters
    ----------
    parent : QObject
        Whose timer it is.
    """

    def __init__(self, parent) -> None:
        from PySide6.QtCore import QTimer

        self.worst = 0.0
        self._last = time.perf_counter()
        self._timer = QTimer(parent)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def _beat(self) -> None:
        now = time.perf_counter()
        self.worst = max(self.worst, now - self._last - BEAT_MS / 1000)
        self._last = now

    def forget(self) -> None:
        """Begin anew."""
        self._last, self.worst = time.perf_counter(), 0.0


def open_window(size: tuple[int, int] = (1600, 1000)):
    """Show a window that remembers nothing."""
    from PySide6.QtCore import QSettings
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance() or QApplication(["shellsight"])
    from app.settings import Settings
    from app.window import Window

    store = QSettings(f"{os.environ['XDG_CONFIG_HOME']}/bench.ini", QSettings.Format.IniFormat)
    window = Window(Settings(store))
    window.resize(*size)
    window.show()
    return app, window


def until(app, done: Callable[[], bool]) -> float:
    """Let the window live until something is so; return the seconds it took."""
    start = time.perf_counter()
    while not done():
        app.processEvents()
        time.sleep(0.001)
        if time.perf_counter() - start > LIMIT_S:
            raise SystemExit("nothing happens any more")
    return time.perf_counter() - start


def memory_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def start() -> dict[str, float]:
    """From the start of Python to a window that answers, and to the sample in it."""
    app, window = open_window()
    app.processEvents()
    usable = time.perf_counter() - BEGAN
    shown: list[float] = []
    view = window.centre.columns["truth"].view

    def drawn() -> None:
        if window.document.truth is not None and not shown:
            shown.append(time.perf_counter() - BEGAN)

    view._canvas.frame_drawn.connect(drawn)
    window.start()
    until(app, lambda: bool(shown))
    until(app, lambda: window.document.figures.comparison is not None)
    whole = time.perf_counter() - BEGAN
    window.close()
    return {
        "window that answers / s": usable,
        "sample shown / s": shown[0],
        "with its forecast and figures / s": whole,
    }


def forecast() -> dict[str, float]:
    """The longest that the window does not answer while the sample is forecast again."""
    app, window = open_window()
    window.start()
    until(app, lambda: window.document.figures.comparison is not None)
    until(app, lambda: window.jobs.running() is None)
    time.sleep(0.3)
    app.processEvents()
    gaps = Gaps(window)
    until(app, lambda: time.perf_counter() - gaps._last < 1 and window.jobs.running() is None)
    gaps.forget()
    job = window.forecast()
    assert job is not None
    ended: list[bool] = []
    job.done.connect(lambda: ended.append(True))
    seconds = until(app, lambda: bool(ended))
    during = gaps.worst
    until(app, lambda: window.jobs.running() is None)
    window.close()
    return {
        "forecast of the sample / s": seconds,
        "worst gap during it / s": during,
        "worst gap with what follows / s": gaps.worst,
    }


def large_run() -> tuple[Path, float]:
    """Write 20 frames of 128^3 voxels and their control; return also their MB."""
    import core
    from core.evolution import Simulation

    # Not as a part of `tests`: other packages install one of that name.
    sys.path.insert(0, str(ROOT / "tests"))
    from helpers import analytic_evolution

    path = Path(tempfile.mkdtemp()) / "large.shell.h5"
    made = analytic_evolution(128, 20)
    core.save(Simulation(made.sequence, made.control, provenance={"method": "test"}), path)
    return path, (made.sequence.density.nbytes + made.control.density.nbytes) / 2**20


def series() -> dict[str, float]:
    """Memory with 20 frames of 128^3 voxels and their control, and how far scrubbing gets."""
    path, data = large_run()
    app, window = open_window()
    app.processEvents()
    empty = memory_mb()
    gaps = Gaps(window)
    job = window.open_paths([path])
    ended: list[bool] = []
    job.done.connect(lambda: ended.append(True))
    until(app, lambda: bool(ended) and window.jobs.running() is None)
    opening = gaps.worst
    opened = memory_mb()
    times = window.document.times_myr
    begun = time.perf_counter()
    for moment in [*times, *reversed(times)]:
        window.document.go_to(float(moment))
        app.processEvents()
    rate = 2 * len(times) / (time.perf_counter() - begun)
    scrubbed = memory_mb()
    window.close()
    path.unlink()
    return {
        "densities of 128^3 x 20 and control / MB": data,
        "window, nothing open / MB": empty,
        "series open / MB": opened,
        "after all frames were shown / MB": scrubbed,
        "worst gap while opening / s": opening,
        "frames per second, first pass and back": rate,
    }


def movie() -> dict[str, float]:
    """The longest that the window does not answer until a movie of a large run is drawn."""
    from app.exports.export_choice import MovieChoice

    path, _ = large_run()
    app, window = open_window()
    job = window.open_paths([path])
    ended: list[bool] = []
    job.done.connect(lambda: ended.append(True))
    until(app, lambda: bool(ended) and window.jobs.running() is None)
    still = time.perf_counter()
    until(app, lambda: time.perf_counter() - still > 1.0)
    gaps = Gaps(window)
    choice = MovieChoice(width=320, height=200, seconds=0.5, fps=4, slices=True)
    job = window.exports.save_movie(path.with_name("large.mp4"), choice)
    assert job is not None
    drawn: list[float] = []
    job.progress.connect(lambda fraction, _: drawn.append(fraction) if fraction > 0.0 else None)
    seconds = until(app, lambda: bool(drawn))
    during = gaps.worst
    until(app, lambda: window.jobs.running() is None)
    window.close()
    path.unlink()
    return {"movie of 128^3 x 20 begins / s": seconds, "worst gap until then / s": during}


def particles() -> dict[str, float]:
    """The longest that the window does not answer while 10^7 particles are opened."""
    sys.path.insert(0, str(Path(__file__).parent))
    from snapshots import Gas, write

    path = Path(tempfile.mkdtemp()) / "gadget.hdf5"
    write(path, Gas(10**7, 300.0), "gadget")
    app, window = open_window()
    app.processEvents()
    gaps = Gaps(window)
    job = window.open_paths([path])
    ended: list[bool] = []
    job.done.connect(lambda: ended.append(True))
    seconds = until(app, lambda: bool(ended))
    until(app, lambda: window.jobs.running() is None)
    window.close()
    path.unlink()
    return {"10^7 particles and candidates / s": seconds, "worst gap meanwhile / s": gaps.worst}


TASKS: dict[str, Callable[[], dict[str, float]]] = {
    "start": start,
    "forecast": forecast,
    "series": series,
    "movie": movie,
    "particles": particles,
}


def measure(task: str, warm: bool) -> dict[str, float]:
    """Run a task in a process of its own, after one that warms the caches if asked for."""
    with tempfile.TemporaryDirectory() as folder:
        homes = {f"XDG_{name}_HOME": folder for name in ("CONFIG", "STATE", "CACHE", "DATA")}
        command = [sys.executable, __file__, "--here", task]
        for _ in range(2 if warm else 1):
            done = subprocess.run(
                command, env=os.environ | homes, capture_output=True, text=True, check=False
            )
        if done.returncode:
            raise SystemExit(f"{task} failed:\n{done.stderr[-2000:]}")
        found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
        return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*", help=f"some of {', '.join(TASKS)}; all by default")
    parser.add_argument("--warm", action="store_true", help="as on a second start")
    parser.add_argument("--here", choices=TASKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        print(json.dumps(TASKS[options.here]()))
        return
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} cores, load {load:.1f} before")
    for task in options.tasks or TASKS:
        for what, value in measure(task, options.warm).items():
            print(f"{what:>44} {value:10.2f}", flush=True)


if __name__ == "__main__":
    main()
