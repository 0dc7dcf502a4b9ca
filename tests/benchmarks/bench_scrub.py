"""Frames per second of moving through time in a live view.

Playing and turning draw coarsely where drawing is slow; "full" is a redraw in full quality.

Run with a display: ``xvfb-run -a python tests/benchmarks/bench_scrub.py``.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PySide6.QtWidgets import QApplication

from app.scene.view import SceneView
from tests.helpers import analytic_evolution

SIZE = (342, 416)
FRAMES = 20


def frames_per_second(view: SceneView, times: list[float]) -> float:
    """Show each time, drawing every one, and return frames per second."""
    start = time.perf_counter()
    for moment in times:
        view.show_time(moment)
        QApplication.processEvents()
    return len(times) / (time.perf_counter() - start)


def main() -> None:
    """Print a table."""
    app = QApplication(sys.argv)
    print(f"One view of {SIZE[0]} x {SIZE[1]} pixels, frames/s")
    print(f"{'cube':>6} {'first pass':>11} {'playing':>8} {'full':>8} {'turning':>8}")
    for n in (32, 64):
        evolution = analytic_evolution(n, FRAMES, dimple=0.25)
        times = [float(moment) for moment in evolution.times_myr]
        view = SceneView("truth")
        view.resize(*SIZE)
        view.set_evolution(evolution.sequence, evolution.control, evolution.site_pc)
        view.show()
        for _ in range(10):
            app.processEvents()
            time.sleep(0.02)
        first = frames_per_second(view, times[1:])
        playing = frames_per_second(view, times)
        start = time.perf_counter()
        for _ in range(10):
            view.redraw()
            app.processEvents()
        full = 10 / (time.perf_counter() - start)
        start = time.perf_counter()
        for _ in range(30):
            view.turn(5.0, 0.0)
            app.processEvents()
        turning = 30 / (time.perf_counter() - start)
        print(f"{n:>4}^3 {first:>11.1f} {playing:>8.1f} {full:>8.1f} {turning:>8.1f}")
        view.close_view()
        view.close()


if __name__ == "__main__":
    main()
