from __future__ import annotations

import threading
import time

import pytest
from PySide6.QtCore import QThread

from app.jobs import Jobs
from app.notifications import Notifications, notice_for, start_log
from core.errors import Cancelled, InvalidRequest, UnknownFormat


@pytest.fixture
def jobs(qapp):
    jobs = Jobs()
    yield jobs
    jobs.shut_down()
    qapp.processEvents()


def until_cancelled(reporter):
    while not reporter.cancelled():
        time.sleep(0.005)
    raise Cancelled


def test_results_arrive_in_the_gui_thread(qtbot, qapp, jobs):
    seen = {}

    def work(reporter):
        seen["worker"] = threading.get_ident()
        reporter.progress(0.5, "half")
        reporter.publish("first")
        return 42

    job = jobs.create("sum", work)
    order = []
    job.started.connect(lambda: order.append("started"))
    job.progress.connect(lambda part, text: order.append((part, text)))
    job.published.connect(lambda value: order.append(value))

    def finish(value):
        seen["gui"] = threading.get_ident()
        order.append(value)

    job.finished.connect(finish)
    with qtbot.waitSignal(job.done, timeout=5000):
        job.start()
    assert order == ["started", (0.5, "half"), "first", 42]
    assert seen["gui"] == threading.get_ident() != seen["worker"]
    assert jobs.running() is None


def test_failure_carries_the_exception(qtbot, jobs):
    def work(reporter):
        raise InvalidRequest("no")

    job = jobs.create("fail", work)
    with qtbot.waitSignal(job.failed, timeout=5000) as caught:
        job.start()
    assert isinstance(caught.args[0], InvalidRequest)


def test_cancel_ends_the_work(qtbot, jobs):
    job = jobs.create("long", until_cancelled)
    job.start()
    with qtbot.waitSignal(job.cancelled, timeout=5000):
        job.cancel()
    assert not job.is_running


def test_a_result_that_comes_after_cancelling_is_dropped(qtbot, jobs):
    may_go = threading.Event()

    def work(reporter):
        may_go.wait(5)
        return "late"

    job = jobs.create("deaf", work)
    results = []
    job.finished.connect(results.append)
    job.start()
    job.cancel()
    with qtbot.waitSignal(job.cancelled, timeout=5000):
        may_go.set()
    assert results == []


def test_a_second_job_of_a_name_replaces_the_first(qtbot, jobs):
    first = jobs.create("open", until_cancelled)
    first.start()
    with qtbot.waitSignal(first.cancelled, timeout=5000):
        second = jobs.create("open", lambda reporter: "new")
    with qtbot.waitSignal(second.finished, timeout=5000) as caught:
        second.start()
    assert caught.args == ["new"]


def test_shutting_down_waits_for_the_threads(jobs):
    for name in "ab":
        jobs.create(name, until_cancelled).start()
    jobs.shut_down()
    assert not any(thread.isRunning() for thread in jobs.findChildren(QThread))


def test_time_left_follows_the_progress(qtbot, jobs):
    def work(reporter):
        for step in range(10):
            reporter.progress(step / 10, "")
            time.sleep(0.05)

    job = jobs.create("steps", work)
    left = []
    job.progress.connect(lambda *_: left.append(job.seconds_left))
    with qtbot.waitSignal(job.done, timeout=5000):
        job.start()
    assert left[0] is None
    assert 0 < left[-1] < 1


def test_errors_from_any_thread_reach_the_bar(qtbot, qapp):
    notifications = Notifications()
    with qtbot.waitSignal(notifications.raised, timeout=5000) as caught:
        thread = threading.Thread(target=lambda: notifications.error(InvalidRequest("Too small.")))
        thread.start()
        thread.join()
    assert caught.args[0].text == "Too small."


def test_uncaught_errors_are_told_and_logged(qtbot, tmp_path, capsys):
    from app.notifications import logger

    start_log(tmp_path / "log" / "shellsight.log")
    notifications = Notifications()
    notifications.install()
    try:
        with qtbot.waitSignal(notifications.raised, timeout=5000) as caught:
            thread = threading.Thread(target=lambda: 1 / 0)
            thread.start()
            thread.join()
    finally:
        notifications.uninstall()
        handler = logger.handlers[-1]
        logger.removeHandler(handler)
        handler.close()
    assert "ZeroDivisionError" in caught.args[0].text
    assert "Traceback" in caught.args[0].details
    assert "Traceback" in (tmp_path / "log" / "shellsight.log").read_text()


def test_words_for_errors(tmp_path):
    path = tmp_path / "a.hdf5"
    notice = notice_for(UnknownFormat(path, {"SWIFT": "no header", "Gadget": "no NumPart"}))
    assert notice.text.startswith("a.hdf5 is not a snapshot Shellsight can read.")
    assert "no header" in notice.details
    notice = notice_for(UnknownFormat(path, {"SWIFT": "no header"}))
    assert notice.text == "a.hdf5 is not a SWIFT file: no header."
    notice = notice_for(PermissionError(13, "Permission denied", str(path)), "Saving a.hdf5")
    assert notice.text.startswith("Saving a.hdf5: Permission denied")
    notice = notice_for(InvalidRequest("A long story. " * 100 + "\nAnd on."))
    assert len(notice.text) <= 240
    assert notice.details.endswith("And on.")
    notice = notice_for(KeyError("x"), "Measuring")
    assert "something went wrong in Shellsight" in notice.text
