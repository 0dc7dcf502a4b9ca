"""The commands that draw pictures and movies of what the window shows."""

from __future__ import annotations

import glob
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtWidgets import QDialog, QWidget

from app.data.files import ask_name
from app.exports import provenance
from app.exports.export_choice import (
    ALL,
    MovieChoice,
    PictureChoice,
    Screens,
    recalled,
    to_remember,
)
from app.exports.export_dialog import ExportDialog, MovieDialog, PictureDialog, view_choices
from app.exports.helper_process import run_apart
from app.exports.movie import check_movie_path, save_movie
from app.exports.pictures import Material, Sheet, Shot
from app.form_parts import duration
from app.jobs import Job, Reporter
from core.errors import ShellsightError

if TYPE_CHECKING:
    from app.window import Window

JOB = "export"
SPEED = "drawing"
_PATIENCE_S = 1.0
"""Time left is told after this."""


class Exports(QObject):
    """Asks what is to be drawn, draws it in a process of its own, and says how far it is.

    Parameters
    ----------
    window : Window
        The window: what it shows is what is drawn.
    """

    def __init__(self, window: Window) -> None:
        super().__init__(window)
        self._window = window
        self._dialog: ExportDialog | None = None

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {
            "save_picture": self.choose_picture,
            "copy_picture": self.copy_picture,
            "export_movie": self.choose_movie,
        }

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        document = self._window.document
        seen = document.truth is not None or document.forecast is not None
        cubes = seen and not document.choosing
        return {
            "save_picture": cubes or document.choosing,
            "copy_picture": cubes or document.choosing,
            "export_movie": cubes and len(document.times_myr) > 0,
        }

    # -- what is shown -------------------------------------------------------

    def shot(self, views: str = ALL) -> Shot:
        """Return what the window shows.

        Parameters
        ----------
        views : str
            "all" for every view that is seen, or a role.

        Returns
        -------
        Shot
            With the eyes, layers and colours of the views.
        """
        window = self._window
        document, layering = window.document, window.layering
        source = document.source
        material = Material(
            truth=document.truth,
            control=document.control,
            forecast=document.forecast,
            site_pc=document.site_pc,
            name=source.name if source is not None else "",
            envelope=layering.envelope,
            coverage=document.layers("forecast").coverage,
            particles=layering.particles,
            truth_site_pc=document.truth_site_pc,
            truth_forecast=document.truth_forecast,
        )
        look = document.look
        wanted = [role for role in look.shown if not material.lacks(role, look)]
        if views != ALL:
            wanted = [role for role in wanted if role == views] or wanted[:1]
        seen = {role: window.centre.columns[role].view for role in wanted}
        moved = {role: view for role, view in seen.items() if not view.fitted}
        return Shot(
            material,
            tuple(wanted),
            look,
            cameras={role: view.camera() for role, view in moved.items()},
            aspects={role: view.width() / max(view.height(), 1) for role, view in moved.items()},
            titles={role: view.title for role, view in seen.items()},
            density=document.density_display.key,
        )

    def _views(self) -> list[tuple[str, str]]:
        shot = self.shot()
        return view_choices([(role, shot.titles[role][0]) for role in shot.views])

    def _screen(self, slices: bool) -> tuple[int, int]:
        """Size of the views on the screen, side by side, in pixels; with their slices or not."""
        columns = [self._window.centre.columns[role] for role in self.shot().views]
        parts: list[QWidget] = [column if slices else column.view for column in columns]
        ratio = self._window.devicePixelRatioF()
        width = sum(part.width() for part in parts)
        height = max((part.height() for part in parts), default=64)
        return max(round(width * ratio), 64), max(round(height * ratio), 64)

    def _screens(self) -> Screens:
        return Screens(self._screen(False), self._screen(True))

    def _usual_picture(self) -> PictureChoice:
        """Return how a picture was wanted last, with slices if the window shows them now."""
        usual = recalled(PictureChoice(), self._window.settings.recall("picture"))
        return replace(usual, slices=self._window.document.look.slices)

    def _session(self, path: Path | None = None) -> str | None:
        if path is not None and path.suffix.lower() != ".png":
            return None
        return self._window.sessions.text(path)

    # -- pictures ----------------------------------------------------------------

    def choose_picture(self) -> None:
        """Ask for a picture."""
        if self._window.document.choosing:
            self._choose_overview()
            return
        choice = self._usual_picture()
        dialog = PictureDialog(self._views(), self._screens(), choice, self._speed(), self._window)
        dialog.chosen.connect(lambda choice: self._ask_picture(choice, dialog))
        self._open(dialog)

    def _ask_picture(self, choice: PictureChoice, dialog: ExportDialog) -> None:
        path = self._ask_name("Export a picture", f"shellsight{choice.suffix}", choice.suffix)
        if path is not None:
            self._window.settings.remember("picture", to_remember(choice))
            self.save_picture(path, choice, dialog)

    def save_picture(
        self, path: Path, choice: PictureChoice | None = None, dialog: ExportDialog | None = None
    ) -> Job | None:
        """Draw what is shown and write it.

        Parameters
        ----------
        path : Path
            The file.
        choice : PictureChoice, optional
            How; by default as the last time.
        dialog : ExportDialog, optional
            Where progress is shown.

        Returns
        -------
        Job or None
            The work, started; None if it cannot begin.
        """
        choice = choice or self._usual_picture()
        try:
            provenance.check_picture_path(path)
            shot, sheet = self.shot(choice.views), choice.sheet
            shot.check()
        except ShellsightError as error:
            self._window.notifications.error(error, "The picture")
            return None
        from app.exports.render import save_picture

        now, session = self._window.document.time_myr, self._session(path)
        told = ("The picture", self._said)
        job = self._draw(told, path, sheet, 1, save_picture, shot, sheet, now, path, session)
        self._follow(job, dialog)
        job.start()
        return job

    def copy_picture(self) -> Job | None:
        """Draw what is shown, twice as large as on the screen, and put it on the clipboard.

        Returns
        -------
        Job or None
            The work; None where the picture is there at once, or cannot be drawn.
        """
        if self._window.document.choosing:
            self._to_clipboard(self._window.centre.picture(2))
            return None
        choice = self._usual_picture()
        width, height = self._screen(choice.slices)
        sheet = replace(choice.sheet, width=width, height=height, scale=2, transparent=False)
        folder = tempfile.TemporaryDirectory(prefix="shellsight-")
        path = Path(folder.name) / "picture.png"
        shot, now = self.shot(), self._window.document.time_myr
        from app.exports.render import save_picture

        told = ("The picture", lambda saved: self._to_clipboard(QImage(str(saved))))
        job = self._draw(told, path, sheet, 1, save_picture, shot, sheet, now, path)
        job.done.connect(lambda: folder.cleanup())
        self._follow(job, None)
        job.start()
        return job

    def _to_clipboard(self, image: QImage) -> None:
        QGuiApplication.clipboard().setImage(image)
        self._window.notifications.info("The picture is on the clipboard.")

    def _choose_overview(self) -> None:
        """Write the whole snapshot as it is seen: it is no cube that could be drawn again."""
        path = self._ask_name("Export a picture", "shellsight.png", ".png")
        if path is None:
            return
        source = self._window.document.source
        told = provenance.describe(file=source.name if source is not None else None)
        texts = provenance.texts(told, self._session(path))
        try:
            saved = provenance.save_image(self._window.centre.picture(2), path, texts)
        except ShellsightError as error:
            self._window.notifications.error(error, "The picture")
        else:
            self._window.notifications.info(f"Saved {saved}")

    # -- movies ------------------------------------------------------------------

    def choose_movie(self) -> None:
        """Ask for a movie."""
        usual = recalled(MovieChoice(), self._window.settings.recall("movie"))
        choice = replace(usual, slices=self._window.document.look.slices)
        dialog = MovieDialog(
            *(self._views(), self._screens(), choice, self._speed(), self._window),
            n_snapshots=len(self.shot().material.times_myr),
        )
        dialog.chosen.connect(lambda choice: self._ask_movie(choice, dialog))
        self._open(dialog)

    def _ask_movie(self, choice: MovieChoice, dialog: ExportDialog) -> None:
        path = self._ask_name("Export a movie", f"shellsight{choice.suffix}", choice.suffix)
        if path is not None:
            self._window.settings.remember("movie", to_remember(choice))
            self.save_movie(path, choice, dialog)

    def save_movie(
        self, path: Path, choice: MovieChoice, dialog: ExportDialog | None = None
    ) -> Job | None:
        """Draw a movie of what is shown and write it (see `save_picture`)."""
        try:
            check_movie_path(path)
            shot, sheet, reel = self.shot(choice.views), choice.sheet, choice.reel
            shot.check()
        except ShellsightError as error:
            self._window.notifications.error(error, "The movie")
            return None
        now = self._window.document.time_myr
        told, count = ("The movie", self._said), reel.n_drawn(len(shot.material.times_myr))
        job = self._draw(told, path, sheet, count, save_movie, shot, sheet, reel, now, path)
        self._follow(job, dialog)
        job.start()
        return job

    # -- going on ------------------------------------------------------------------

    def _open(self, dialog: ExportDialog) -> None:
        """Show a dialog beside the window, which goes on working."""
        if self._dialog is not None:
            self._dialog.close()
        self._dialog = dialog
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowFlag(Qt.WindowType.Dialog)
        dialog.finished.connect(lambda _: self._forget(dialog))
        dialog.cancel_requested.connect(lambda: self._window.jobs.cancel(JOB))
        dialog.show()

    def _forget(self, dialog: QDialog) -> None:
        if self._dialog is dialog:
            self._dialog = None

    def _ask_name(self, title: str, name: str, suffix: str) -> Path | None:
        return ask_name(self._window, self._window.settings, title, name, suffix)

    def _speed(self) -> float:
        value = self._window.settings.recall(SPEED).get("seconds_per_megapixel", 0.0)
        return float(value) if isinstance(value, int | float) else 0.0

    def _draw(
        self,
        told: tuple[str, Callable[[Path], object]],
        path: Path,
        sheet: Sheet,
        count: int,
        draw: Callable[..., Any],
        *arguments: Any,
    ) -> Job:
        """Make the job that draws in a process of its own; told is its name, and what follows."""
        what, done = told

        def work(reporter: Reporter) -> tuple[Path, float]:
            began = 0.0

            def progress(fraction: float, text: str = "") -> None:
                nonlocal began
                now = time.monotonic()
                began = began or now
                if 0.0 < fraction < 1.0 and now - began > _PATIENCE_S:
                    left = (now - began) * (1.0 - fraction) / fraction
                    text = f"{text} · {duration(left)} left"
                reporter.progress(fraction, text)

            reporter.progress(0.0, f"{what}: starting")
            try:
                made = run_apart(
                    draw, *arguments, what=what, progress=progress, cancelled=reporter.cancelled
                )
            finally:
                remove_partial(path)
            return made, time.monotonic() - began if began else 0.0

        def finish(result: Any) -> None:
            saved, seconds = result
            cost = sheet.n_pixels / 1e6 * count * (1.0 if sheet.fine else 0.25)
            self._window.settings.remember(SPEED, {"seconds_per_megapixel": seconds / cost})
            done(saved)

        job = self._window.jobs.create(JOB, work)
        job.finished.connect(finish)
        return job

    def _said(self, path: Path) -> None:
        self._window.notifications.info(f"Saved {path}")

    def _follow(self, job: Job, dialog: ExportDialog | None) -> None:
        """Tell errors, and show in a dialog how far the work is, as long as it is there."""
        notifications = self._window.notifications
        job.failed.connect(lambda error: notifications.error(error, "The export"))
        if dialog is None:
            return

        def here(do: Callable[..., object]) -> Callable[..., None]:
            def call(*told: Any) -> None:
                if self._dialog is dialog:
                    do(*told)

            return call

        dialog.set_busy(True)
        job.progress.connect(here(dialog.show_progress))
        job.failed.connect(here(lambda _: dialog.set_busy(False)))
        job.cancelled.connect(here(lambda: dialog.set_busy(False)))
        job.finished.connect(here(lambda _: dialog.finish_drawing()))


def remove_partial(path: Path) -> None:
    """Remove what a process that had to be killed has left of a file."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.partial*"):
        with suppress(OSError):
            left.unlink()
