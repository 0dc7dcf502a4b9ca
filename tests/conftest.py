"""A test fails that leaves a thread or a timer running."""

from __future__ import annotations

import gc
import sys
import threading
import time

import pytest

GRACE_S = 3.0


def _threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.is_alive()}


def _running_qt() -> list[str]:
    """Describe the QThreads and QTimers that run."""
    core = sys.modules.get("PySide6.QtCore")
    shiboken = sys.modules.get("shiboken6")
    if core is None or shiboken is None:
        return []
    found = []
    for thing in gc.get_objects():
        kind = type(thing)
        if not issubclass(kind, core.QThread | core.QTimer) or not shiboken.isValid(thing):
            continue
        parent = thing.parent()
        place = f"{kind.__module__}.{kind.__qualname__} of {type(parent).__qualname__}"
        if isinstance(thing, core.QTimer):
            if thing.isActive():
                found.append(f"QTimer {place}, {thing.interval()} ms")
        elif thing.isRunning() and thing is not core.QThread.currentThread():
            found.append(f"QThread {place}")
    return found


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    """Keep cubes, and whatever else is cached, out of the cache of the person who tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(autouse=True)
def _no_leaks(request: pytest.FixtureRequest):
    """Fail when a thread or timer that the test started is left running."""
    uses_qt = "qapp" in request.fixturenames
    threads, before = _threads(), _running_qt() if uses_qt else []
    yield
    deadline = time.monotonic() + GRACE_S
    left: list[str] = []
    while time.monotonic() < deadline:
        new = {thread for thread in _threads() - threads if _is_ours(thread)}
        left = [f"thread {thread.name}" for thread in new]
        if uses_qt:
            left += [item for item in _running_qt() if item not in before]
        if not left:
            return
        time.sleep(0.05)
    pytest.fail(f"left running: {'; '.join(sorted(left))}")


def _is_ours(thread: threading.Thread) -> bool:
    """Threads of Qt and of libraries appear as dummies when they call Python once."""
    return not isinstance(thread, threading._DummyThread)
