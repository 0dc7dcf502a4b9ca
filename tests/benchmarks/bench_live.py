"""How many forecasts a second live mode shows, and the worst gap of the event loop.

    xvfb-run -a python tests/benchmarks/bench_live.py [--model NAME] [--seconds S]
        [--path RUN] [--layers reached,cube_particles]

The real window, the sample, and an explosion that is dragged round in circles
in the slice, a step every 16 ms, as a mouse does. One line for each device
there is: updates per second while it moves, the worst gap between two turns of
the event loop, and the time until a forecast of full quality stands after the
last step. On a busy machine the gap is mostly that of the others; the processor
time that a turn took is the window's own. Drawing is part of it, in software on a
machine without a GPU.
"""

from __future__ import annotations

import argparse
import math
import os
import tempfile
import time
from pathlib import Path

for name in ("CONFIG", "STATE", "CACHE"):
    os.environ[f"XDG_{name}_HOME"] = tempfile.mkdtemp()

from PySide6.QtCore import Qt, QTimer  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

STEP_MS = 16
RADIUS_PC = 9.0


def wait(app: QApplication, done, seconds: float = 300.0) -> None:
    """Let the window work until something is so."""
    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise SystemExit("nothing happens")
        app.processEvents()
        time.sleep(0.005)


def measure(app: QApplication, window, seconds: float) -> tuple[float, ...]:
    """Drag for a while.

    Returns updates/s, worst gap, worst turn, time to full quality, and processor time of all
    threads per update, in s.
    """
    live, panel = window.live, window.centre.columns["forecast"].slice
    shown: list[float] = []
    from app.events import PreviewChanged

    listener = lambda _: shown.append(time.monotonic())  # noqa: E731
    window.document.subscribe(PreviewChanged, listener)
    gaps: list[float] = []
    turns: list[float] = []
    last = [time.monotonic(), time.thread_time()]

    def beat() -> None:
        now, busy = time.monotonic(), time.thread_time()
        gaps.append(now - last[0])
        turns.append(busy - last[1])
        last[:] = now, busy

    ticker = QTimer()
    ticker.setTimerType(Qt.TimerType.PreciseTimer)
    ticker.timeout.connect(beat)
    left = Qt.MouseButton.LeftButton

    def place(angle: float):
        return panel.pixel_of(RADIUS_PC * math.cos(angle), RADIUS_PC * math.sin(angle)).toPoint()

    QTest.mousePress(panel, left, pos=place(0.0))
    # Models load once: the first circles are not counted.
    for phase, length in (("warm", min(seconds, 3.0)), ("counted", seconds)):
        if phase == "counted":
            for figures in (shown, gaps, turns):
                figures.clear()
            last[:] = time.monotonic(), time.thread_time()
            spent = time.process_time()
            ticker.start(5)
        began = time.monotonic()
        while (elapsed := time.monotonic() - began) < length:
            QTest.mouseMove(panel, place(2.0 * elapsed))
            step = time.monotonic() + STEP_MS / 1e3
            while time.monotonic() < step:
                app.processEvents()
    rate = len(shown) / seconds
    each = (time.process_time() - spent) / max(len(shown), 1)
    QTest.mouseRelease(panel, left, pos=place(0.0))
    rested = time.monotonic()
    wait(app, lambda: live.is_complete)
    ticker.stop()
    return rate, max(gaps, default=0.0), max(turns, default=0.0), time.monotonic() - rested, each


def report(app: QApplication, window, seconds: float, what: str) -> None:
    """Measure and print a line."""
    panel = window.forecast_panel
    rate, gap, turn, fine, each = measure(app, window, seconds)
    preview = window.document.preview
    made_by = preview.forecast.provenance["model"] if preview is not None else "?"
    where = ", ".join(filter(None, (panel.device.currentText(), what)))
    print(
        f"{panel.model} on {where}: {rate:.1f} updates/s ({1e3 * each:.0f} ms of processor time "
        f"each), worst gap {1e3 * gap:.0f} ms ({1e3 * turn:.0f} ms of processor time), "
        f"full quality ({made_by}) {fine:.2f} s after the last step",
        flush=True,
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="default", help="network or theory")
    parser.add_argument("--path", help="a snapshot or run instead of the sample")
    parser.add_argument(
        "--layers",
        default="",
        metavar="NAMES",
        help="then also with these layers on, such as reached,cube_particles",
    )
    parser.add_argument("--seconds", type=float, default=8.0, help="how long to drag")
    arguments = parser.parse_args()
    app = QApplication([])
    from app.data.source import OpenRequest
    from app.forecasts import forecasting
    from app.window import Window

    window = Window()
    window.resize(1600, 1000)
    window.show()
    window.start(OpenRequest((Path(arguments.path),)) if arguments.path else None)
    panel = window.forecast_panel
    wait(app, lambda: window.document.truth is not None and panel.models)
    wait(app, lambda: window.jobs.running() is None)
    model = panel.network.findData(arguments.model)
    panel.network.setCurrentIndex(max(model, 0))
    devices = [one.key for one in forecasting.devices() if one.key != "auto"]
    for device in devices:
        panel.device.setCurrentIndex(max(panel.device.findData(device), 0))
        window.forecast()
        wait(app, lambda: window.jobs.running() is None)
        window.actions_["live"].trigger()
        wait(app, lambda: window.live.is_complete)
        layers = [name for name in arguments.layers.split(",") if name]
        for shown in ([], layers) * 2 if layers else ([],):
            window.document.change_layers(("truth", "forecast"), **dict.fromkeys(layers, False))
            window.document.change_layers(("truth", "forecast"), **dict.fromkeys(shown, True))
            wait(app, lambda: window.jobs.running("particles") is None)
            report(app, window, arguments.seconds, "with " + ", ".join(shown) if shown else "")
        window.live.leave()
    window.close()
    app.processEvents()


if __name__ == "__main__":
    main()
