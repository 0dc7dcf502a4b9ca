"""Opening and closing many documents leaves nothing behind."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import weakref
from collections import Counter
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication, QWidget

from app.jobs import Job
from tests.app.conftest import WAIT_MS
from tests.app.test_window import wait_idle

ROUNDS = 20
WARM_UP = 4
"""Rounds before memory is compared: caches fill, shaders are compiled."""

GROWTH_MB = 30.0
"""What may come on top in the rounds after: far less than a leak of the frames would be."""


def resident_mb() -> float:
    """Memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def settle() -> None:
    gc.collect()
    QApplication.sendPostedEvents(None, 52)  # QEvent.DeferredDelete
    QApplication.processEvents()


def census(window: QWidget) -> Counter:
    """How many objects of each kind belong to a window."""
    return Counter(type(child).__name__ for child in window.findChildren(QObject))


def test_opening_and_closing_leaves_nothing(qtbot, window, sample_file):
    if not Path("/proc/self/statm").exists():
        pytest.skip("tells its memory on Linux alone")
    held: list[weakref.ref] = []
    memory: list[float] = []
    children: list[Counter] = []
    threads: list[int] = []
    # What is drawn has other tests; hidden docks make for quick rounds.
    for name in ("left", "right", "bottom"):
        window.actions_[name].trigger()
    window.resize(960, 600)
    for _ in range(ROUNDS):
        window.open_paths([sample_file])
        wait_idle(qtbot, window)
        window.document.go_to(window.document.times_myr[-1])
        QApplication.processEvents()
        held.append(weakref.ref(window.document.truth))
        window.actions_["close_file"].trigger()
        # Also the quiet ones, which prepare frames ahead.
        qtbot.waitUntil(lambda: not window.findChildren(Job), timeout=WAIT_MS)
        settle()
        memory.append(resident_mb())
        children.append(census(window))
        threads.append(threading.active_count())
    gone = children[-1] - children[WARM_UP]
    assert not gone, f"more of these with every document: {gone}"
    assert threads[-1] <= threads[WARM_UP]
    alive = sum(reference() is not None for reference in held)
    assert alive <= 1, f"{alive} of {ROUNDS} documents are still held"
    growth = memory[-1] - memory[WARM_UP]
    assert growth < GROWTH_MB, f"{growth:.0f} MB more after {ROUNDS - WARM_UP} documents: {memory}"


def test_a_closed_window_leaves_nothing_running(qtbot, window, sample_file):
    processes = set(multiprocessing.active_children())
    window.open_paths([sample_file])
    wait_idle(qtbot, window)
    job = window.forecast()
    assert job is not None
    window.timeline.toggle()
    assert window.close()
    assert [t for t in window.findChildren(QThread) if t.isRunning()] == []
    QApplication.processEvents()
    repeating = [
        timer
        for timer in window.findChildren(QTimer)
        if timer.isActive() and not timer.isSingleShot()
    ]
    assert [timer.interval() for timer in repeating] == []
    assert set(multiprocessing.active_children()) <= processes
