"""Evaluating networks on a folder of simulations, in a process of its own."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app import processes
from app.data import files
from app.forecasts.forecasting import Choice, is_theory
from app.jobs import Job, Reporter
from app.long_work import LongWork, Undertaking
from app.notifications import Notifications
from app.settings import Settings
from app.training.evaluation_dialog import EvaluationDialog
from app.workflow import with_suffix

if TYPE_CHECKING:
    from core.training.scores import EvaluationTable

NAME = "evaluation"


@dataclass(frozen=True)
class EvaluationRequest:
    """What is to be measured.

    Parameters
    ----------
    models : tuple of str
        Names or weights files of networks.
    data : Path
        Folder of simulations.
    surfaces : bool
        Whether to measure the distances between surfaces, too.
    device : str
        As `core.Forecaster` takes it.
    """

    models: tuple[str, ...]
    data: Path
    surfaces: bool = False
    device: str = "auto"

    def arguments(self, result: Path) -> list[str]:
        """Return the command that measures it and writes the table to a file."""
        words = ["evaluate", *self.models, f"--data={self.data}", f"--device={self.device}"]
        return [*words, *(["--surfaces"] if self.surfaces else []), f"--json={result}"]


@dataclass(frozen=True, eq=False)
class Evaluated:
    """What was measured.

    Parameters
    ----------
    table : EvaluationTable or None
        Networks and baselines in turbulent gas; None without such runs.
    uniform : tuple of (str, tuple of dict)
        For each model, the radii in uniform gas, as `UniformRadiusTable.as_dict` has them.
    """

    table: EvaluationTable | None
    uniform: tuple[tuple[str, tuple[dict, ...]], ...]


class Evaluation(QObject):
    """Measures what its dialog asks for.

    Parameters
    ----------
    window : QWidget
        Parent of the dialog.
    notifications : Notifications
        Where errors arrive.
    settings : Settings
        Knows the folders.
    long_work : LongWork
        Runs the process.
    models : callable
        Lists the networks and theories there are.
    """

    def __init__(
        self,
        window: QWidget,
        notifications: Notifications,
        settings: Settings,
        long_work: LongWork,
        models: Callable[[], Sequence[Choice]],
    ) -> None:
        super().__init__(window)
        self._window, self._notifications, self._settings = window, notifications, settings
        self._long_work, self._models = long_work, models
        self.dialog: EvaluationDialog | None = None
        self.result: Evaluated | None = None

    @property
    def name(self) -> str:
        """What `LongWork` calls its work."""
        return NAME

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does."""
        return {"evaluate": self.show_dialog}

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now: always."""
        return {}

    def show_dialog(self) -> None:
        """Ask what to measure, or show what was measured."""
        if self.dialog is None:
            self.dialog = EvaluationDialog(self._settings, self._window)
            self.dialog.requested.connect(
                lambda models, data, surfaces: self.start(
                    EvaluationRequest(tuple(models), data, surfaces)
                )
            )
            self.dialog.follow(self._long_work, NAME)
            self.dialog.stop_requested.connect(self._long_work.stop)
            self.dialog.export_requested.connect(self._choose_export)
        networks = [one for one in self._models() if not is_theory(one.key)]
        self.dialog.set_models(networks)
        self.dialog.show_work()
        self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def start(self, request: EvaluationRequest) -> Job | None:
        """Measure, unless something else goes on in a process of its own.

        Parameters
        ----------
        request : EvaluationRequest
            What to measure.

        Returns
        -------
        Job or None
            The work; None if it cannot begin.
        """
        what = Undertaking(NAME, "Evaluation", "Its figures are lost; it can be repeated.")
        job = self._long_work.prepare(what, lambda reporter: evaluate(request, reporter))
        if job is None:
            return None
        job.finished.connect(lambda found: self._show(cast(Evaluated, found)))
        job.failed.connect(self._fail)
        job.start()
        return job

    def _show(self, found: Evaluated) -> None:
        self.result = found
        if self.dialog is not None:
            self.dialog.show_result(found.table, found.uniform)
        if self.dialog is None or not self.dialog.isVisible():
            self._notifications.info("The evaluation is done; Evaluate… shows it.")

    def _fail(self, error: BaseException) -> None:
        if self.dialog is None or not self.dialog.takes(error):
            self._notifications.error(error, "The evaluation")

    def _choose_export(self) -> None:
        table = self.result.table if self.result is not None else None
        if table is None:
            return
        title = "Save the table of the evaluation"
        path = files.ask_new_file(self._window, self._settings, title, "evaluation.csv", "*.csv")
        if path is None:
            return
        path = with_suffix(path, ".csv")
        try:
            table.to_csv(path)
        except OSError as error:
            self._notifications.error(error, f"Saving {path.name}")
        else:
            self._notifications.info(f"Saved {path}")


def evaluate(request: EvaluationRequest, reporter: Reporter) -> Evaluated:
    """Run the process and read its table; in a worker.

    Parameters
    ----------
    request : EvaluationRequest
        What to measure.
    reporter : Reporter
        Told how far it is.

    Returns
    -------
    Evaluated
        The tables.

    Raises
    ------
    ShellsightError
        If the process says what is wrong.
    Cancelled
        If it was stopped.
    """
    from core.training.scores import EvaluationTable

    reporter.progress(0.0, "Starting")
    with tempfile.TemporaryDirectory(prefix="shellsight-") as folder:
        result = Path(folder) / "evaluation.json"
        processes.run(
            request.arguments(result), progress=reporter.progress, cancelled=reporter.cancelled
        )
        content = json.loads(result.read_text(encoding="utf-8"))
    turbulent = content.get("turbulent")
    table = EvaluationTable.from_dict(turbulent) if turbulent is not None else None
    uniform = tuple(
        (model, tuple(radii["rows"]))
        for model, radii in content.get("uniform_by_model", {}).items()
    )
    return Evaluated(table, uniform)
