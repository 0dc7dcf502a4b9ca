"""New supernova: simulated in a process of its own and shown as it grows, a forecast beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

import core
from app import processes
from app.data.cutting import cube_of
from app.data.opening import describe, open_series
from app.data.place import Place, box_of, first_place
from app.data.source import OpenRequest, Source
from app.document import Document
from app.jobs import Job, Jobs, Reporter
from app.long_work import LongWork, Undertaking
from app.notifications import Notifications, Remedy
from app.scene.prepare import fitting_transfer
from app.settings import Settings
from app.supernova.recipe import Recipe, frames_folder
from app.supernova.supernova_dialog import SupernovaDialog
from app.theme import Theme
from core.cubes import Cube, CubeSequence, stack
from core.errors import Cancelled, InvalidRequest, ShellsightError

NAME = "supernova"


@dataclass(frozen=True, eq=False)
class Frame:
    """A frame that has just been simulated.

    Parameters
    ----------
    index : int
        Its number.
    place : Place
        The cube that is shown of it.
    truth, control : Cube
        The gas with and without the explosion.
    """

    index: int
    place: Place
    truth: Cube
    control: Cube


class Supernova(QObject):
    """Simulates what its dialog asks for.

    Signals
    -------
    forecast_wanted(float)
        The first frame is there: forecast it with this energy in erg.
    measure_wanted()
        There are frames that were not measured yet.
    opening_wanted(Path)
        The user wants to see a run that is complete.
    """

    forecast_wanted = Signal(float)
    measure_wanted = Signal()
    opening_wanted = Signal(object)

    def __init__(
        self,
        window: QWidget,
        document: Document,
        jobs: Jobs,
        notifications: Notifications,
        settings: Settings,
        theme: Theme,
        long_work: LongWork,
    ) -> None:
        super().__init__(window)
        self._window, self._document, self._jobs = window, document, jobs
        self._notifications, self._settings, self._theme = notifications, settings, theme
        self._long_work = long_work
        self._frames: list[Frame] = []
        self._source: Source | None = None
        self.dialog: SupernovaDialog | None = None
        long_work.changed.connect(self._tell_dialog)

    @property
    def name(self) -> str:
        """What `LongWork` calls its work."""
        return NAME

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does."""
        return {"new_supernova": self.show_dialog}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now: always."""
        return {}

    # -- the dialog ----------------------------------------------------------

    def show_dialog(self) -> None:
        """Ask what to simulate."""
        if self.dialog is None:
            self.dialog = SupernovaDialog(self._settings, self._theme, self._window)
            self.dialog.requested.connect(self._start_asked)
            self._prepare(self.dialog)
        self._tell_dialog()
        self.dialog.suggest_name()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _prepare(self, dialog: SupernovaDialog) -> None:
        """Measure the machine; imports PyTorch, so that the dialog can work out the rest."""

        def work(_: Reporter) -> object:
            import torch

            from core.simulate.cost import measure_speed

            return measure_speed(), torch.cuda.is_available()

        job = self._jobs.create("speed", work, quiet=True)
        job.finished.connect(lambda found: dialog.set_machine(*cast(tuple, found)))
        job.failed.connect(lambda error: self._notifications.error(error, "New supernova"))
        job.start()

    def _tell_dialog(self) -> None:
        if self.dialog is not None:
            what = self._long_work.what
            self.dialog.set_busy(what.title if what is not None else "")

    def _start_asked(self, recipe: Recipe, out: Path) -> None:
        if self.start(recipe, out) is not None and self.dialog is not None:
            self.dialog.hide()

    # -- the run -------------------------------------------------------------

    def start(self, recipe: Recipe, out: Path) -> Job | None:
        """Simulate, unless something else goes on in a process of its own.

        Parameters
        ----------
        recipe : Recipe
            What to simulate.
        out : Path
            The file to write.

        Returns
        -------
        Job or None
            The work; None if it cannot begin.
        """
        folder = frames_folder(out)
        what = Undertaking(
            NAME, "New supernova", f"The frames that are complete stay in {folder}, to be opened."
        )
        job = self._long_work.prepare(what, lambda reporter: _simulate(recipe, out, reporter))
        if job is None:
            return None
        self._frames, self._source = [], None
        job.published.connect(lambda frame: self._take(cast(Frame, frame), recipe, out))
        job.finished.connect(lambda source: self._finish(cast(Source, source), recipe))
        job.failed.connect(self._fail)
        job.cancelled.connect(lambda: self._keep(recipe, out))
        job.start()
        return job

    @property
    def is_shown(self) -> bool:
        """Whether the run is what the window shows."""
        return self._source is not None and self._document.source is self._source

    def _take(self, frame: Frame, recipe: Recipe, out: Path) -> None:
        """Show a frame: the first opens the run, the others join it."""
        document = self._document
        if frame.index == 0:
            self._frames = [frame]
            times = tuple(index * recipe.interval_myr for index in range(recipe.frames))
            edge = frame.truth.size_pc
            self._source = Source(
                path=out,
                name=out.name,
                format="Shellsight",
                n_frames=recipe.frames,
                times_myr=times,
                box_pc=(edge, edge, edge),
            )
            transfer = fitting_transfer(frame.truth.density)
            if transfer != document.transfer:
                document.set_transfer(transfer)
            truth, control = self._cubes()
            document.open_source(self._source, truth, control, frame.place)
            self.forecast_wanted.emit(recipe.energy_erg)
            return
        self._frames.append(frame)
        if self.is_shown:
            assert self._source is not None
            self._grow(self._source)
            if self._jobs.running("measure") is None:
                self.measure_wanted.emit()

    def _grow(self, source: Source) -> None:
        """Show all frames there are; who looked at the last one looks at the new last one."""
        document = self._document
        before = document.truth
        follows = before is not None and np.isclose(document.time_myr, before.times_myr[-1])
        truth, control = self._cubes()
        self._source = source
        document.set_truth(source, truth, control)
        if follows:
            document.go_to(float(truth.times_myr[-1]))

    def _cubes(self) -> tuple[CubeSequence, CubeSequence]:
        return stack([one.truth for one in self._frames]), stack([f.control for f in self._frames])

    def _finish(self, source: Source, recipe: Recipe) -> None:
        self._settings.add_recent(source.path)
        if self.is_shown:
            self._grow(source)
            self._notifications.info(f"The new supernova is complete, in {source.path}")
            self.measure_wanted.emit()
        else:
            self._offer(f"The new supernova is complete: {source.name}", source.path)

    def _offer(self, text: str, path: Path) -> None:
        remedy = Remedy("Open", lambda: self.opening_wanted.emit(path))
        self._notifications.info(text, str(path), remedy)

    def _fail(self, error: BaseException) -> None:
        if self.is_shown:
            self._document.close()
        self._source = None
        if self.dialog is not None and isinstance(error, ShellsightError):
            self.dialog.refuse(str(error))
            self.dialog.show()
            return
        self._notifications.error(error, "The simulation")

    # -- stopped halfway -----------------------------------------------------

    def _keep(self, recipe: Recipe, out: Path) -> None:
        """Make a file of the frames there are."""
        what = Undertaking(NAME, "Keeping the frames", f"They stay in {frames_folder(out)}.")
        job = self._long_work.prepare(what, lambda _: _join(out))
        if job is None:
            return  # The window closes.
        job.finished.connect(lambda source: self._kept(cast("Source | None", source), recipe))
        job.failed.connect(lambda error: self._notifications.error(error, "Keeping the frames"))
        job.start()

    def _kept(self, source: Source | None, recipe: Recipe) -> None:
        if source is None:
            if self.is_shown:
                self._document.close()
            self._notifications.info("Stopped before the first frame: nothing was kept.")
            return
        self._settings.add_recent(source.path)
        if self.is_shown:
            # The thread may have been told to stop before it had shown the last one.
            short = replace(source, n_frames=len(self._frames))
            self._grow(short if len(self._frames) < source.n_frames else source)
            self.measure_wanted.emit()
        self._notifications.info(
            f"Stopped: {source.n_frames} of {recipe.frames} frames are kept in {source.name}",
            str(source.path),
            Remedy("Discard", lambda: self._discard(source.path)),
        )

    def _discard(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._settings.forget_recent(path)
        if self._document.source is not None and self._document.source.path == path:
            self._document.close()
        self._notifications.info(f"{path.name} was discarded")


def _simulate(recipe: Recipe, out: Path, reporter: Reporter) -> Source:
    """Run the process, and publish each frame it writes."""
    from core.simulate.live import frame_file

    folder = frames_folder(out)
    if folder.exists():
        raise InvalidRequest(f"{folder} holds the frames of another run: choose another name.")
    out.parent.mkdir(parents=True, exist_ok=True)

    def publish(index: int) -> None:
        reporter.publish(_read(index, frame_file(folder, index)))

    reporter.progress(0.0, "Starting")
    try:
        processes.run(
            recipe.arguments(out),
            progress=reporter.progress,
            cancelled=reporter.cancelled,
            each_frame=publish,
        )
    except Cancelled:
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    return _described(out)


def _read(index: int, path: Path) -> Frame:
    series = open_series(OpenRequest((path,))).series
    place = first_place(box_of(series))
    assert series.control is not None
    return Frame(index, place, cube_of(series, 0, place), cube_of(series.control, 0, place))


def _join(out: Path) -> Source | None:
    """Make one file of the frames there are; None if there are none."""
    from core.simulate.live import frames_in, joined

    folder = frames_folder(out)
    files = frames_in(folder)
    if files:
        core.save(joined(files), out)
    shutil.rmtree(folder, ignore_errors=True)
    return _described(out) if files else None


def _described(path: Path) -> Source:
    return describe((path,), open_series(OpenRequest((path,))))
