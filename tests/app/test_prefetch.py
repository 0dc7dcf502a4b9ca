from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from app.scene.prepare import BoundedCache, PreparedEvolution
from app.views.prefetch import JOB, Drawn, frames_ahead, is_missing
from tests.app.conftest import WAIT_MS
from tests.helpers import analytic_evolution


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(16, 6)


def prepared_with(evolution, frames: int) -> PreparedEvolution:
    """Room for so many frames, gas and shell."""
    probe = PreparedEvolution(evolution.sequence, evolution.control)
    frame = 4 * (probe.volume_points**3 + probe.shell_points**3)
    return PreparedEvolution(
        evolution.sequence, evolution.control, evolution.site_pc, frames * frame
    )


def test_the_next_frames_come_first_and_no_more_than_are_kept(evolution):
    times = evolution.times_myr
    every = Drawn(PreparedEvolution(evolution.sequence, evolution.control), 0.5)
    assert frames_ahead(every, times[4]) == [4, 5, 0, 1, 2, 3]
    few = Drawn(prepared_with(evolution, 4), 0.5)
    assert few.prepared.frames_kept == 4
    assert frames_ahead(few, times[5]) == [5, 0, 1]


def test_a_frame_made_ready_is_not_made_again(evolution):
    prepared = prepared_with(evolution, 6)
    gas, both = Drawn(prepared, None), Drawn(prepared, 0.5)
    prepared.make_ready(2, None)
    assert not is_missing(gas, 2)
    assert is_missing(both, 2)
    prepared.make_ready(2, 0.5)
    assert not is_missing(both, 2)
    assert is_missing(Drawn(prepared, 0.9), 2)
    assert prepared.volume(2) is prepared.volume(2)
    alone = PreparedEvolution(evolution.sequence, None)
    alone.make_ready(0, 0.5)
    assert not is_missing(Drawn(alone, 0.5), 0)


def test_threads_may_share_what_is_kept():
    kept: BoundedCache[np.ndarray] = BoundedCache(40 * 80, lambda item: item.nbytes)

    def use(seed: int) -> bool:
        rng = np.random.default_rng(seed)
        keys = rng.integers(0, 60, 400)
        return all(kept.get(int(k), lambda k=k: np.full(10, float(k)))[0] == k for k in keys)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(use, range(8)))
    assert kept.nbytes == 80 * len(kept) <= kept.max_bytes


def test_the_window_prepares_every_frame_while_idle(qtbot, window, sample_file):
    window.open_paths([sample_file])
    qtbot.waitUntil(lambda: window.jobs.running() is None, timeout=WAIT_MS)

    def drawn() -> list[Drawn]:
        return window.centre.drawn()

    def complete() -> bool:
        return bool(drawn()) and not any(
            is_missing(each, frame)
            for each in drawn()
            for frame in frames_ahead(each, window.document.time_myr)
        )

    qtbot.waitUntil(complete, timeout=WAIT_MS)
    assert len(drawn()[0].prepared.times_myr) == 5
    qtbot.waitUntil(lambda: window.jobs.running(JOB) is None, timeout=WAIT_MS)
    # Another level is another surface.
    window.document.change_layers(shell_level=0.7)
    assert not complete()
    qtbot.waitUntil(complete, timeout=WAIT_MS)
    qtbot.waitUntil(lambda: window.jobs.running(JOB) is None, timeout=WAIT_MS)
