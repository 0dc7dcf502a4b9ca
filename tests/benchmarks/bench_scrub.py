"""Frames per second of moving through time in a live view.

Playing and turning draw coarsely where drawing is slow; "full" is a redraw in full quality.
"First pass" prepares each frame when it is shown; "ahead" is the same after the window's
prefetching, for which a worker is "preparing"; "scrubbing" is dragging the playhead over
frames that are prepared.

Run with a display: ``xvfb-run -a python tests/benchmarks/bench_scrub.py``.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
# Not as `tests.helpers`: other packages of the environment may have installed a folder `tests`.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from helpers import analytic_evolution
from PySide6.QtWidgets import QApplication

from app.scene.prepare import PreparedEvolution
from app.scene.view import SceneView

SIZE = (342, 416)
FRAMES = 20


class Pace(NamedTuple):
    """Frames per second, and what one costs the processor."""

    per_second: float
    cpu_ms: float


def pace(shows: Sequence[Callable[[], object]]) -> Pace:
    """Show one after the other, drawing every one."""
    start, cpu = time.perf_counter(), time.process_time()
    for show in shows:
        show()
        QApplication.processEvents()
    taken, used = time.perf_counter() - start, time.process_time() - cpu
    return Pace(len(shows) / taken, 1000 * used / len(shows))


def main() -> None:
    """Print a table."""
    app = QApplication(sys.argv)
    print(f"One view of {SIZE[0]} x {SIZE[1]} pixels, frames/s")
    print("(in brackets: CPU ms per frame, which a busy machine leaves as it is)")
    columns = ("first pass", "preparing", "ahead", "scrubbing", "playing", "full", "turning")
    print(f"{'cube':>6}" + "".join(f"{name:>14}" for name in columns))
    for n in (32, 64):
        evolution = analytic_evolution(n, FRAMES, dimple=0.25)
        view = SceneView("truth")
        view.resize(*SIZE)
        view.set_evolution(evolution.sequence, evolution.control, evolution.site_pc)
        view.show()
        for _ in range(10):
            app.processEvents()
            time.sleep(0.02)
        times = [float(moment) for moment in evolution.times_myr]
        shows = [partial(view.show_time, moment) for moment in times]
        first = pace(shows[1:])
        again = PreparedEvolution(evolution.sequence, evolution.control, evolution.site_pc)
        preparing = pace([partial(again.make_ready, index, 0.5) for index in range(FRAMES)])
        view.set_prepared(again, evolution.site_pc)
        app.processEvents()
        ahead = pace(shows[1:])
        view.set_coarse(True)  # as while the playhead is dragged
        scrubbing = pace(shows)
        view.set_coarse(False)
        playing = pace(shows)
        full = pace([view.redraw] * 10)
        turning = pace([partial(view.turn, 5.0, 0.0)] * 30)
        paces = (first, preparing, ahead, scrubbing, playing, full, turning)
        cells = "".join(f"{each.per_second:>7.1f} ({each.cpu_ms:>4.0f})" for each in paces)
        print(f"{n:>4}^3{cells}")
        view.close_view()
        view.close()


if __name__ == "__main__":
    main()
