"""The command ``shellsight``: its verbs, and the window when there is none."""

from __future__ import annotations

import glob
import importlib.util
import io
import logging
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, NoReturn

import typer

import core
from core import supervised
from core.cli_calibration import calibrate
from core.cli_export import affected, convert, sites
from core.cli_info import info
from core.cli_models import export, forecast_many
from core.cli_opening import Center, Format, Snapshots, Trajectory, Units, open_series
from core.cli_render import render
from core.cli_simulation import simulate
from core.cli_training import evaluate, train
from core.errors import InvalidRequest, MissingDependency, ShellsightError
from core.resources import sample_path
from core.series import SnapshotSeries
from core.terminal import one_line, progress_bar, require_folder, start_log
from core.trial import run_trial

log = logging.getLogger("shellsight")

cli = typer.Typer(
    name="shellsight",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Without a verb, shellsight FILE… opens the window.",
)


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Run the command and leave with its exit code.

    Exit codes: 0 done, 1 a defect, 2 something the user can mend (said in
    one line), 130 stopped with Ctrl+C.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; by default those of the process.
    """
    args = list(sys.argv[1:] if argv is None else argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Names of files need not be UTF-8: they go out as they came in.
        sys.stdout.reconfigure(errors="surrogateescape")
    debug = "--debug" in args
    if debug:
        # Whoever repeats a failed command types it at the end, where a verb would not know it.
        args = ["--debug", *(arg for arg in args if arg != "--debug")]
    start_log(debug)
    if supervised.is_on():
        supervised.begin()
    try:
        cli(_with_verb(args), prog_name="shellsight")
    except (ShellsightError, OSError) as error:
        log.debug("The command failed.", exc_info=error)
        print(f"shellsight: {one_line(error)}", file=sys.stderr)
        sys.exit(2)
    sys.exit(0)


def _with_verb(args: list[str]) -> list[str]:
    """Insert the verb that opens the window where none is given."""
    for position, arg in enumerate(args):
        if arg == "--debug":
            continue
        if arg in _verbs() or (arg.startswith("-") and not Path(arg).exists()):
            return args
        return [*args[:position], "open", *args[position:]]
    return [*args, "open"]


def _verbs() -> tuple[str, ...]:
    group = typer.main.get_group(cli)
    return tuple(group.list_commands(typer.Context(group)))


# ---------------------------------------------------------------- options that verbs share

Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Model = Annotated[str, typer.Option(help="Name of a network, thin-shell or snowplough.")]
Control = Annotated[
    Path | None, typer.Option(help="The same run without the explosion, to compare with.")
]


# ---------------------------------------------------------------- verbs


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"shellsight {version('shellsight')}")
        raise typer.Exit


@cli.callback()
def _root(
    show_version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Print the version."
        ),
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Log more, with tracebacks.")] = False,
) -> None:
    """Forecast the shells that supernovae blow into turbulent gas."""


@cli.command("open")
def open_window(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="Snapshots or directories; default: the sample.")
    ] = None,
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """Open the window (the default without a verb)."""
    named = [match for path in paths or [] for match in _matches(path)]
    _require_app("The window")
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in displays):
        raise ShellsightError(
            "There is no display to open a window on; "
            "`shellsight report` makes a forecast and pictures without one."
        )
    from app.main import main as open_app

    given = None if units is None else core.UnitSystem.parse(units)
    files = [str(path) for path in named]
    raise typer.Exit(open_app(files, format=format, units=given, trajectory=trajectory))


@cli.command()
def forecast(
    paths: Snapshots,
    out: Annotated[Path, typer.Option("-o", "--output", help="File to write (.shell.h5).")],
    control: Control = None,
    frame: Annotated[int, typer.Option(help="Frame to start from.")] = 0,
    size: Annotated[float, typer.Option(help="Edge of the cube in pc.")] = 60.0,
    n: Annotated[int, typer.Option(help="Voxels along an edge.")] = 32,
    center: Center = None,
    model: Model = "default",
    device: Device = "auto",
    energy: Annotated[
        float | None,
        typer.Option(
            help="Energy of the explosion in erg; default: the model's usual one.",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(help="Write the comparison with the truth here.")
    ] = None,
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """Forecast the shell of a supernova, and compare it with later frames if there are any."""
    for target in (out, csv):
        require_folder(target)
    series, without = _with_control(paths, control, units, format, trajectory)
    forecaster = core.Forecaster(model, device=device)
    with progress_bar("Forecasting") as progress:
        trial = run_trial(
            series,
            forecaster,
            control=without,
            frame=frame,
            size_pc=size,
            n=n,
            center_pc=center,
            energy_erg=energy,
            progress=progress,
        )
    core.save(trial.forecast, out)
    first, last = trial.forecast.times_myr[[0, -1]]
    print(
        f"Wrote {out}: {len(trial.forecast)} frames from {first:.4g} to {last:.4g} Myr, "
        f"by {forecaster.model_name} on {forecaster.device_name}."
    )
    if trial.comparison is not None:
        print(trial.comparison)
        if csv is not None:
            trial.comparison.to_csv(csv)
    elif csv is not None:
        raise InvalidRequest(
            f"{paths[0]}: no frame follows frame {frame}, nothing to compare with."
        )


@cli.command()
def report(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[PATH]", help="Snapshots of one run, as for forecast; default: the sample."
        ),
    ] = None,
    out: Annotated[Path, typer.Option("-o", "--output", help="Directory to write to.")] = Path(
        "output"
    ),
    control: Control = None,
    model: Model = "default",
    device: Device = "auto",
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """Forecast without a window: a file, pictures and a table of figures."""
    _require_app("Pictures")
    from app.exports.report import make_report

    series, without = _with_control(paths or [sample_path()], control, units, format, trajectory)
    with progress_bar("Forecasting") as progress:
        made = make_report(
            out,
            source=series,
            control=without,
            model=model,
            device=device,
            progress=progress,
        )
    if made.trial.comparison is not None:
        print(made.trial.comparison)
    print(f"Wrote {', '.join(file.name for file in made.files)} to {out.resolve()}")


for verb in (info, sites, convert, affected, simulate, train, evaluate, calibrate):
    cli.command()(verb)
cli.command("forecast-many")(forecast_many)
cli.command()(export)
cli.command()(render)


# ---------------------------------------------------------------- helpers


def _matches(path: Path) -> list[Path]:
    """Find the files that a name or a pattern means; there must be one."""
    if path.exists():
        return [path]
    found = sorted(glob.glob(str(path)))
    if not found:
        raise InvalidRequest(
            f"{path}: no such file or directory, and no verb; those are {', '.join(_verbs())}."
        )
    return [Path(match) for match in found]


def _with_control(
    paths: list[Path],
    control: Path | None,
    units: str | None,
    format: str | None,
    trajectory: int,
) -> tuple[SnapshotSeries, SnapshotSeries | None]:
    """Open a run, and the same run without the explosion if there is one."""
    run, without = (
        open_series(one, units=units, format=format, trajectory=trajectory) if one else None
        for one in (paths, control)
    )
    assert run is not None
    return run, without


def _require_app(purpose: str) -> None:
    for package in ("PySide6", "pyvista"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependency(package, purpose, "pip install 'shellsight[app]'")
