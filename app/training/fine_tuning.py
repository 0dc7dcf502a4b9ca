"""Fine-tuning a network in a process of its own: started, watched, stopped, taken up again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import cast

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.forecasts import forecasting
from app.forecasts.forecasting import Choice
from app.jobs import Job, Jobs
from app.long_work import LongWork, Undertaking
from app.notifications import Notifications
from app.settings import Settings
from app.theme import Theme
from app.training import training_process
from app.training.training_dialog import TrainingDialog
from app.training.training_process import TrainingRequest

NAME = "training"


class Training(QObject):
    """Trains what its dialog asks for.

    Parameters
    ----------
    window : QWidget
        Parent of the dialog.
    jobs : Jobs
        Read weights.
    notifications : Notifications
        Where errors arrive.
    settings : Settings
        Knows the folders.
    theme : Theme
        Colours the curves.
    long_work : LongWork
        Runs the process.
    models : callable
        Lists the networks and theories there are.

    Signals
    -------
    model_ready(Choice)
        The user wants to forecast with the network that was trained.
    """

    model_ready = Signal(object)

    def __init__(
        self,
        window: QWidget,
        jobs: Jobs,
        notifications: Notifications,
        settings: Settings,
        theme: Theme,
        long_work: LongWork,
        models: Callable[[], Sequence[Choice]],
    ) -> None:
        super().__init__(window)
        self._window, self._jobs, self._notifications = window, jobs, notifications
        self._settings, self._theme = settings, theme
        self._long_work, self._models = long_work, models
        self.dialog: TrainingDialog | None = None

    @property
    def name(self) -> str:
        """What `LongWork` calls its work."""
        return NAME

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does."""
        return {"fine_tune": self.show_dialog}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now: always."""
        return {}

    def show_dialog(self) -> None:
        """Ask what to train, or show how it goes."""
        if self.dialog is None:
            self.dialog = TrainingDialog(self._settings, self._theme, self._window)
            self.dialog.requested.connect(self.start)
            self.dialog.follow(self._long_work, NAME)
            self.dialog.stop_requested.connect(self._long_work.stop)
            self.dialog.use_requested.connect(self.use)
        networks = [one for one in self._models() if not forecasting.is_theory(one.key)]
        self.dialog.set_networks(networks)
        self.dialog.show_work()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def start(self, request: TrainingRequest) -> Job | None:
        """Train, unless something else goes on in a process of its own.

        Parameters
        ----------
        request : TrainingRequest
            What to train; a run that is there goes on.

        Returns
        -------
        Job or None
            The work; None if it cannot begin.
        """
        what = Undertaking(
            NAME, "Fine-tuning", f"It can be taken up again where it stops, from {request.out}."
        )
        job = self._long_work.prepare(
            what,
            lambda reporter: training_process.train(request, reporter.progress, reporter.cancelled),
        )
        if job is None:
            return None
        job.finished.connect(lambda weights: self._finish(cast("Path | None", weights)))
        job.cancelled.connect(lambda: self._say("Stopped; Resume takes it up where it was"))
        job.failed.connect(self._fail)
        job.start()
        return job

    def use(self, weights: Path) -> Job:
        """Offer a network that was trained, and choose it for the next forecast.

        Parameters
        ----------
        weights : Path
            Its weights.

        Returns
        -------
        Job
            Reads what is known of it.
        """
        job = self._jobs.create("read weights", lambda _: _choice(weights))
        job.finished.connect(lambda choice: self._used(cast(Choice, choice)))
        job.failed.connect(lambda error: self._notifications.error(error, "The network"))
        job.start()
        return job

    def _used(self, choice: Choice) -> None:
        self.model_ready.emit(choice)
        self._say(f"{choice.label} is chosen for the next forecast")

    def _finish(self, weights: Path | None) -> None:
        name = weights.name if weights is not None else "no weights"
        self._say(f"Done: {name}")
        if self.dialog is None or not self.dialog.isVisible():
            self._notifications.info(f"The fine-tuning is done: {weights}")

    def _fail(self, error: BaseException) -> None:
        if self.dialog is None or not self.dialog.takes(error):
            self._notifications.error(error, "The fine-tuning")

    def _say(self, text: str) -> None:
        if self.dialog is not None:
            self.dialog.say(text)


def _choice(weights: Path) -> Choice:
    """Describe a network that was trained; its run tells it from the one it began as."""
    choice = forecasting.network_choice(str(weights))
    return replace(choice, label=f"{choice.label}, {weights.parent.name}")
