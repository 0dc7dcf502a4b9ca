"""The verb that draws pictures and movies, without a window and without a display."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Annotated

import typer

from core.cli_opening import Center, Format, Snapshots, Trajectory, Units, open_series
from core.errors import InvalidRequest, MissingDependency
from core.terminal import progress_bar, require_folder


def render(
    paths: Snapshots,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Picture to write (.png, .jpg, .tif)."),
    ] = None,
    movie: Annotated[
        Path | None, typer.Option(help="Movie to write (.mp4, .gif).", show_default=False)
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            help="Views, from left to right: truth, forecast, difference, uncertainty, control; "
            "default: truth and forecast, as far as there are.",
            show_default=False,
        ),
    ] = None,
    time: Annotated[
        float | None,
        typer.Option(help="Time in Myr; default: 0.1 after the start.", show_default=False),
    ] = None,
    size: Annotated[str, typer.Option(help="Width x height in pixels.")] = "1920x1080",
    scale: Annotated[int, typer.Option(help="Enlarge the picture, 1 to 4 times.")] = 1,
    camera: Annotated[
        str, typer.Option(help="Where the eye is: usual, iso, +x, -x, +y, -y, +z or -z.")
    ] = "usual",
    orthographic: Annotated[
        bool, typer.Option("--orthographic", help="What is farther is not smaller.")
    ] = False,
    layer: Annotated[
        str | None,
        typer.Option(
            help="What is shown, of volume, shell, affected, cavity, dense, probable, overlay, "
            "box, site, cut, velocity; default: volume,shell,box,site,cut.",
            show_default=False,
        ),
    ] = None,
    level: Annotated[
        float, typer.Option(help="The shell encloses gas below this part of the control's density.")
    ] = 0.5,
    colormap: Annotated[str, typer.Option(help="Colours of the gas.")] = "deep-blue",
    color_range: Annotated[
        str | None,
        typer.Option(
            "--range",
            help="Ends of the colours, log10 of Msun/pc^3, such as -1.2,1.4; default: fitting.",
            show_default=False,
        ),
    ] = None,
    density_unit: Annotated[
        str,
        typer.Option(
            help="Densities at the scale of colours: mass (Msun/pc^3) or number (hydrogen atoms, "
            "cm^-3)."
        ),
    ] = "mass",
    slices: Annotated[
        bool,
        typer.Option("--slices", help="The plane through the explosion below each view."),
    ] = False,
    particles: Annotated[
        bool,
        typer.Option(
            "--particles",
            help="A sample of the particles; those that the forecast blast wave has reached in "
            "its colour.",
        ),
    ] = False,
    coverage: Annotated[
        float | None,
        typer.Option(
            help="Show the region of the forecast that holds this share, such as 0.99, of what is "
            "really reached; for calibrated networks.",
            show_default=False,
        ),
    ] = None,
    transparent: Annotated[
        bool, typer.Option("--transparent", help="Nothing behind what is drawn.")
    ] = False,
    no_annotations: Annotated[
        bool, typer.Option("--no-annotations", help="No titles, time, scale and axes.")
    ] = False,
    no_color_bar: Annotated[
        bool, typer.Option("--no-color-bar", help="No scale of colours.")
    ] = False,
    draft: Annotated[
        bool, typer.Option("--draft", help="Four times faster, with rougher edges.")
    ] = False,
    turntable: Annotated[
        bool, typer.Option("--turntable", help="The movie turns around the cube once.")
    ] = False,
    through_time: Annotated[
        bool,
        typer.Option(
            "--through-time", help="The movie goes through time (the default of the two)."
        ),
    ] = False,
    fps: Annotated[int, typer.Option(help="Pictures of the movie a second.")] = 25,
    seconds: Annotated[float, typer.Option(help="Length of the movie.")] = 8.0,
    interpolate: Annotated[
        bool | None,
        typer.Option(
            "--interpolate/--no-interpolate",
            help="Whether pictures between the snapshots are interpolated in log density; "
            "default: where there are fewer than 8 snapshots in a second of the movie.",
            show_default=False,
        ),
    ] = None,
    forecast: Annotated[
        Path | None,
        typer.Option(
            help="A saved forecast (.shell.h5), instead of making one.", show_default=False
        ),
    ] = None,
    model: Annotated[str, typer.Option(help="Network that makes the forecast.")] = "default",
    device: Annotated[str, typer.Option(help="auto, cpu or cuda.")] = "auto",
    control: Annotated[
        Path | None,
        typer.Option(help="The same run without the explosion.", show_default=False),
    ] = None,
    frame: Annotated[int, typer.Option(help="Frame that the forecast starts from.")] = 0,
    cube: Annotated[float, typer.Option(help="Edge of the cube in pc.")] = 60.0,
    n: Annotated[int, typer.Option(help="Voxels along an edge.")] = 32,
    center: Center = None,
    units: Units = None,
    format: Format = None,
    trajectory: Trajectory = 0,
) -> None:
    """Draw a run, its forecast, or both: a picture, a movie; no display is needed."""
    for package in ("PySide6", "pyvista"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependency(package, "Drawing", "pip install 'shellsight[app]'")
    if out is None and movie is None:
        raise InvalidRequest("Name a picture to write with -o, or a movie with --movie.")
    for target in (out, movie):
        require_folder(target)
    from app.exports.cli_render import Order, Wanted, draw

    order = Order(
        views=view,
        time_myr=time,
        size=size,
        scale=scale,
        camera=camera,
        orthographic=orthographic,
        layers=layer,
        level=level,
        colormap=colormap,
        color_range=color_range,
        transparent=transparent,
        annotations=not no_annotations,
        color_bar=not no_color_bar,
        fine=not draft,
        turntable=turntable,
        through_time=through_time,
        fps=fps,
        seconds=seconds,
        interpolate=interpolate,
        slices=slices,
        particles=particles,
        coverage=coverage,
        density_unit=density_unit,
    )
    order.check(out, movie)
    wanted = Wanted(
        series=open_series(paths, units=units, format=format, trajectory=trajectory),
        control=None if control is None else open_series(control, units=units, format=format),
        forecast=forecast,
        model=model,
        device=device,
        frame=frame,
        size_pc=cube,
        n=n,
        center_pc=center,
    )
    with progress_bar("Reading") as progress:
        written = draw(wanted, order, out, movie, progress=progress)
    print(f"Wrote {', '.join(str(path) for path in written)}.")
