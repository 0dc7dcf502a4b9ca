"""Looking at a whole snapshot for the place of the explosion: overviews, candidates, picks.

Connects the workers to the document. It knows no widgets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject, QTimer, Signal

import core
from app.data.place import Spot, has_choice
from app.data.source import Source
from app.document import Document
from app.events import OverviewChanged, TimeChanged
from app.jobs import Job, Jobs
from app.notifications import Notifications
from core.cutout import Cutout

if TYPE_CHECKING:
    from core.sites import Site

LOOK_MS = 150
"""Quiet time on the timeline before the whole box of another frame is read."""


class Survey(QObject):
    """Starts what looks at the whole box and puts the results into the document.

    Signals
    -------
    said(str)
        What was picked.
    cut_wanted()
        The cube is to be cut out at once: there is no box around it to draw it in.
    """

    said = Signal(str)
    cut_wanted = Signal()

    def __init__(
        self,
        document: Document,
        jobs: Jobs,
        notifications: Notifications,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._document = document
        self._jobs = jobs
        self._notifications = notifications
        self._look_timer = QTimer(self)
        self._look_timer.setSingleShot(True)
        self._look_timer.setInterval(LOOK_MS)
        self._look_timer.timeout.connect(self._look_at_frame)
        for event in (TimeChanged, OverviewChanged):
            document.subscribe(event, lambda _: self._on_time())

    def stop(self) -> None:
        """Stop looking: nothing is started any more."""
        self._look_timer.stop()

    def choose_place(self) -> None:
        """Show the whole box again, to choose another place; it is read if it never was."""
        source = self._document.source
        if source is None or source.series is None:
            return
        if self._document.overview(0) is not None:
            self._document.choose(True)
            return
        self._read_overview(source, 0, lambda: self._document.choose(True))

    def _on_time(self) -> None:
        document = self._document
        if document.choosing and document.overview() is None:
            self._look_timer.start()

    def _look_at_frame(self) -> None:
        document = self._document
        source = document.source
        if document.choosing and source is not None and document.overview() is None:
            self._read_overview(source, document.frame)

    def _read_overview(
        self, source: Source, index: int, then: Callable[[], None] | None = None
    ) -> None:
        series = source.series
        assert series is not None
        job = self._jobs.create(
            "overview",
            lambda reporter: core.overview(
                series, index, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )

        def finish(overview: object) -> None:
            now = self._document.source
            if now is None or now.path != source.path:
                return
            self._document.add_overview(cast(core.Overview, overview))
            if then is not None:
                then()

        job.finished.connect(finish)
        job.failed.connect(lambda error: self._notifications.error(error, "The whole box"))
        job.start()

    def find_sites(self) -> Job | None:
        """Look for candidates in the first frame.

        Returns
        -------
        Job or None
            The work; None if nothing is open.
        """
        source = self._document.source
        if source is None or source.series is None:
            return None
        series = source.series
        job = self._jobs.create(
            "sites",
            lambda reporter: core.find_sites(
                series, progress=reporter.progress, cancelled=reporter.cancelled
            ),
        )
        job.finished.connect(lambda sites: self._take_sites(source, sites))
        job.failed.connect(lambda error: self._notifications.error(error, "Looking for candidates"))
        job.start()
        return job

    def load_sites(self, path: Path) -> Job | None:
        """List the places of a CSV file before the other candidates.

        Parameters
        ----------
        path : Path
            A table with the columns x, y, z in pc.

        Returns
        -------
        Job or None
            The work; None if nothing is open.
        """
        source = self._document.source
        if source is None:
            return None
        job = self._jobs.create("sites", lambda _: core.read_sites(path))

        def finish(sites: object) -> None:
            listed = cast("tuple[Site, ...]", sites)
            others = tuple(s for s in self._document.sites if s.kind != "list")
            self._take_sites(source, listed + others)
            count = f"{len(listed)} place{'s' if len(listed) != 1 else ''}"
            self._notifications.info(f"{count} from {path.name}")

        job.finished.connect(finish)
        job.failed.connect(lambda error: self._notifications.error(error, f"Reading {path.name}"))
        job.start()
        return job

    def _take_sites(self, source: Source, sites: object) -> None:
        now = self._document.source
        if now is not None and now.path == source.path:
            self._document.set_sites(cast("tuple[Site, ...]", sites))

    # -- picking -------------------------------------------------------------

    def pick(self, spot: Spot) -> None:
        """Put the cube around what the user pointed at.

        Parameters
        ----------
        spot : Spot
            The place.
        """
        document = self._document
        place, truth = document.place, document.truth
        box = document.source.box if document.source is not None else None
        if place is None or box is None:
            self.said.emit("A saved forecast has no other gas to cut a cube out of.")
            return
        moved = document.move(replace(place, cutout=Cutout(spot.position_pc, place.size_pc)))
        text = spot.describe(document.density_display)
        shown = None if truth is None else (truth.center_pc, truth.size_pc)
        if document.choosing or has_choice(box):
            text += " · Enter cuts out the cube"
        elif document.place is not None and shown != (document.place.center_pc, place.size_pc):
            self.cut_wanted.emit()
        self.said.emit(text)
        if moved:
            self._notifications.info(moved)
