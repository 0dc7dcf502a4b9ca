"""The longest turn of the event loop after each command, in processor time.

    xvfb-run -a -s "-screen 0 1600x1000x24" python tests/benchmarks/bench_turns.py [--where S]

The real window with the shipped sample. While the main thread works on one turn the window does
not answer. Everything is drawn by the main thread itself, in software, so that its processor time
is all that a turn takes: nearly the same on a busy machine, and more than on one with a graphics
card or several cores. Turns longer than ``--where`` seconds are taken apart.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("CONFIG", "STATE", "DATA"):
    os.environ[f"XDG_{name}_HOME"] = tempfile.mkdtemp()
os.environ["LP_NUM_THREADS"] = "0"  # no other threads draw
for name in ("OMP", "OPENBLAS"):
    os.environ[f"{name}_NUM_THREADS"] = "1"

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from bench_window import open_window  # noqa: E402
from stalls import StackSampler  # noqa: E402

COMMANDS = (
    *("forecast", "overlay", "overlay", "slices", "slices", "cut", "cut"),
    *("show_third", "third_uncertainty", "third_control", "third_difference"),
    *("maximise", "maximise", "orthographic", "orthographic", "look_+x", "reset_camera"),
    *("left", "left", "bottom", "bottom", "right", "right", "light", "dark", "live", "live"),
    *("palette", "preferences", "keys", "undo", "redo", "play", "play"),
)
LAYERS = (
    *("affected", "cavity", "dense", "probable", "reached", "plane_x", "plane_free", "velocity"),
)
TURNS = 40
PAUSE_S = 0.015
LIMIT_S = 120.0


class Watch:
    """Lets the window live, turn by turn, and keeps the longest.

    Parameters
    ----------
    app : QApplication
        The application.
    sampler : StackSampler
        Knows where the time went.
    where_s : float
        Turns longer than this are taken apart.
    """

    def __init__(self, app, sampler: StackSampler, where_s: float) -> None:
        self._app, self._sampler, self._where_s = app, sampler, where_s
        self.found: list[tuple[float, str]] = []

    def see(self, what: str, do: Callable[[], object], done: Callable[[], bool]) -> None:
        """Do something and print its longest turn, until it is done and `TURNS` are over."""
        from PySide6.QtWidgets import QApplication, QDialog

        longest, span, turns = 0.0, (0.0, 0.0), 0
        end = time.perf_counter() + LIMIT_S
        while (turns < TURNS or not done()) and time.perf_counter() < end:
            begun, busy = time.perf_counter(), time.thread_time()
            if turns == 0:
                do()
            self._app.processEvents()
            took = time.thread_time() - busy
            if took > longest:
                longest, span = took, (begun, time.perf_counter())
            turns += 1
            time.sleep(PAUSE_S)
        print(f"{what:>20} {longest:6.3f} s", flush=True)
        self.found.append((longest, what))
        if longest > self._where_s:
            share = longest / (span[1] - span[0])
            for seconds, where in self._sampler.causes(*span):
                print(f"{'':>28} {seconds * share:6.3f} s  {where}")
        for dialog in QApplication.topLevelWidgets():
            if isinstance(dialog, QDialog) and dialog.isVisible():
                dialog.close()
        self._app.processEvents()


def main() -> None:
    """Print the longest turn of each command, and the longest of all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--where", type=float, default=1e9, help="take longer turns apart (s)")
    options = parser.parse_args()
    app, window = open_window()
    document, jobs = window.document, window.jobs

    def measured() -> bool:
        return document.figures.comparison is not None and jobs.running() is None

    def quiet() -> bool:
        return jobs.running() is None

    with StackSampler() as sampler:
        watch = Watch(app, sampler, options.where)
        watch.see("start", window.start, measured)
        for key in COMMANDS:
            if window.actions_[key].isEnabled():
                watch.see(key, window.actions_[key].trigger, quiet)
        for layer in LAYERS:
            watch.see(layer, lambda name=layer: document.change_layers(**{name: True}), quiet)
        watch.see("close_file", window.actions_["close_file"].trigger, quiet)
        watch.see("open_sample", window.actions_["open_sample"].trigger, measured)
    print("\nThe longest:", ", ".join(f"{w} {s:.2f} s" for s, w in sorted(watch.found)[:-7:-1]))
    window.close()


if __name__ == "__main__":
    main()
