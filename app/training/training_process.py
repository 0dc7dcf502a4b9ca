"""A fine-tuning as the user asks for it: its settings, its command, its folder. No Qt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app import processes
from app.training.training_curves import columns_of
from core.errors import CorruptSnapshot
from core.progress import CancelCheck, Progress

SETTINGS = "settings.toml"
METRICS = "metrics.csv"
CHECKPOINT = "checkpoint.safetensors"

LEARNING_RATE = 3e-4
"""Of a network that knows something already; a third of that from nothing."""

PATIENCE_S = 30.0
"""A training that is stopped ends its step, and writes where it was."""


@dataclass(frozen=True)
class TrainingRequest:
    """What is to be trained on what.

    Parameters
    ----------
    data : Path
        A data set, or a file or folder of The Well.
    base : str
        Network to start from: its name or its weights file.
    minutes : float
        Budget of training time, that of earlier parts of the run included.
    out : Path
        Folder of the run; one that is there is continued.
    device : str
        "cpu" or "cuda".
    """

    data: Path
    base: str
    minutes: float
    out: Path
    device: str = "cpu"

    def arguments(self) -> list[str]:
        """Return the command that trains."""
        return [
            "train",
            str(self.out / SETTINGS),
            f"--data={self.data}",
            f"--output={self.out}",
            f"--model={self.base}",
            f"--from={self.base}",
            f"--minutes={self.minutes:g}",
            f"--device={self.device}",
        ]

    def settings(self) -> str:
        """Return the file of settings: what the options do not say."""
        # Often enough to see a curve; a validation each costs a second or so.
        often = min(max(self.minutes / 30, 0.05), 3.0)
        return f"learning_rate = {LEARNING_RATE}\nsave_minutes = {often:.3g}\n"


def can_resume(folder: Path) -> bool:
    """Tell whether a folder holds a run that can be taken up again."""
    return (folder / CHECKPOINT).exists()


def weights_in(folder: Path) -> Path | None:
    """Return the weights of a run: the best on its validation part, or the last."""
    found = [path for path in folder.glob("*.safetensors") if path.name != CHECKPOINT]
    best = [path for path in found if path.name.endswith(".best.safetensors")]
    return next(iter(best or found), None)


def curves(folder: Path) -> dict[str, list[float]]:
    """Return the figures of a run so far, column by column; empty before the first."""
    path = folder / METRICS
    if not path.exists():
        return {}
    try:
        return columns_of(path)
    except CorruptSnapshot:
        return {}  # A row is just being written.


def train(request: TrainingRequest, progress: Progress, cancelled: CancelCheck) -> Path | None:
    """Train in a process of its own, and wait for it; in a worker.

    Parameters
    ----------
    request : TrainingRequest
        What to train.
    progress : callable
        Told the part of the budget that is spent, and the loss.
    cancelled : callable
        Asked whether to stop; the run can be taken up again.

    Returns
    -------
    Path or None
        The weights.

    Raises
    ------
    ShellsightError
        If the process says what is wrong.
    Cancelled
        If it was stopped.
    """
    request.out.mkdir(parents=True, exist_ok=True)
    (request.out / SETTINGS).write_text(request.settings(), encoding="utf-8")
    processes.run(
        request.arguments(), progress=progress, cancelled=cancelled, patience_s=PATIENCE_S
    )
    return weights_in(request.out)
