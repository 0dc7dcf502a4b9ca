"""The layers of the views, one row each: what the panel is made from. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

from app.look import VIEW_ROLES, ViewRole

BOTH: tuple[ViewRole, ...] = ("truth", "forecast")


@dataclass(frozen=True)
class Number:
    """A number of a layer, set with a slider and a box.

    Parameters
    ----------
    key : str
        The field of `LayerState`.
    label : str
        Its name.
    tip : str
        What it does.
    low, high, step : float
        Range and step, as they are shown.
    decimals : int
        Digits after the point.
    suffix : str
        The unit.
    factor : float
        What is shown over what the field holds.
    of_cube : bool
        Whether the range is a part of half the edge of the cube.
    """

    key: str
    label: str
    tip: str
    low: float
    high: float
    step: float
    decimals: int = 2
    suffix: str = ""
    factor: float = 1.0
    of_cube: bool = False


@dataclass(frozen=True)
class Layer:
    """One row of the panel.

    Parameters
    ----------
    key : str
        The field of `LayerState` that shows or hides it.
    label : str
        Its name.
    tip : str
        What it is.
    color : str
        A colour of the theme, a colour such as "#ffb0d0", ``"gas"``, or
        ``""`` for none.
    opacity : str
        The field that holds its strength, or ``""``.
    roles : tuple of role
        The views it belongs to.
    pages : tuple of {"cube", "box"}
        Whether cubes have it, or the whole box.
    style : str
        The field that says whether a surface is solid or rings, or ``""``.
    needs : str
        What it is made of (see `app.views.layer_needs`), or ``""``.
    numbers : tuple of Number
        What can be set while it is shown.
    """

    key: str
    label: str
    tip: str
    color: str = ""
    opacity: str = ""
    roles: tuple[ViewRole, ...] = BOTH
    pages: tuple[str, ...] = ("cube", "box")
    style: str = ""
    needs: str = ""
    numbers: tuple[Number, ...] = ()


ENVELOPE = "#ffb0d0"
_CUBE = ("cube",)

LAYERS = (
    Layer(
        "volume",
        "Gas",
        "The gas as a glowing volume, coloured by its density or its temperature",
        "gas",
        "volume_opacity",
    ),
    Layer(
        "shell",
        "Shell, truth",
        "Surface around the gas that the explosion emptied, in the truth",
        "truth",
        "shell_opacity",
        ("truth",),
        ("cube",),
        "shell_style",
    ),
    Layer(
        "shell",
        "Shell, forecast",
        "Surface around the gas that the explosion empties, in the forecast",
        "forecast",
        "shell_opacity",
        ("forecast",),
        ("cube",),
        "shell_style",
    ),
    Layer(
        "particles",
        "Particles",
        "The same sample of particles in every frame, coloured by density",
        "accent",
        pages=("box",),
    ),
    Layer("box", "Edges", "The outline of the cube or the box", "neutral", roles=VIEW_ROLES),
    Layer(
        "site",
        "Explosion site",
        "Marks the place of the explosion, or candidates",
        "text",
        roles=VIEW_ROLES,
    ),
    Layer(
        "cut",
        "Cut towards the eye",
        "Leaves out the octant of gas that faces the eye",
        "faint",
        roles=VIEW_ROLES,
        pages=("cube",),
    ),
)
"""Always in sight."""

THIRD = (
    Layer(
        "volume",
        "Third view",
        "What the third view shows, as a glowing volume",
        "neutral",
        "volume_opacity",
        ("third",),
        _CUBE,
    ),
    Layer(
        "shell",
        "Outlines, third view",
        "Rings of the shells that are compared, in the third view",
        "neutral",
        roles=("third",),
        pages=_CUBE,
    ),
)
"""In sight while there is a third view."""

LEVEL = Number(
    "shell_level",
    "Level",
    "The shell's surface encloses the gas whose density is below this part of the control's",
    0.05,
    0.95,
    0.01,
)


def _offset(key: str, where: str) -> Number:
    tip = f"Distance of the plane from the explosion, in pc, along {where}"
    return Number(key, "Offset", tip, -1.0, 1.0, 0.5, 1, " pc", of_cube=True)


SURFACES = (
    Layer(
        "overlay",
        "The other view's shell",
        "Rings of the true shell on the forecast, and of the forecast's on the truth",
        "truth",
        pages=_CUBE,
        needs="both",
    ),
    Layer(
        "affected",
        "Affected region",
        "Where the explosion lowered the density by more than a tenth",
        "neutral",
        pages=_CUBE,
        style="affected_style",
        needs="control",
    ),
    Layer(
        "cavity",
        "Cavity",
        "Where the explosion more than halved the density",
        "neutral",
        pages=_CUBE,
        style="cavity_style",
        needs="control",
    ),
    Layer(
        "dense",
        "Dense shell",
        "In every direction the distance at which the gas is compressed most",
        "neutral",
        pages=_CUBE,
        style="dense_style",
        needs="control",
    ),
    Layer(
        "probable",
        "Probability",
        "Within it the forecast takes gas for affected with at least this probability",
        ENVELOPE,
        roles=("forecast",),
        pages=_CUBE,
        style="probable_style",
        needs="probability",
        numbers=(
            Number(
                "probable_level",
                "At least",
                "Probability of being affected on the surface",
                1.0,
                99.0,
                1.0,
                0,
                " %",
                100.0,
            ),
        ),
    ),
    Layer(
        "reached",
        "Coverage",
        "Holds this share of what the blast wave really reaches, by calibration",
        ENVELOPE,
        roles=("forecast",),
        pages=_CUBE,
        style="reached_style",
        needs="coverage",
        numbers=(
            Number(
                "coverage",
                "Holds",
                "Share of what is really reached that the region shall hold",
                90.0,
                99.9,
                0.1,
                1,
                " %",
                100.0,
            ),
        ),
    ),
)

PLANES = (
    *(
        Layer(
            f"plane_{axis}",
            f"Plane across {axis}",
            f"The gas in a plane of constant {axis}; drag it in the view to move it",
            "gas",
            roles=VIEW_ROLES,
            pages=_CUBE,
            numbers=(_offset(f"plane_{axis}_pc", axis),),
        )
        for axis in "xyz"
    ),
    Layer(
        "plane_free",
        "Plane at any angle",
        "The gas in a plane of any direction; drag it in the view, with Ctrl to turn it",
        "gas",
        roles=VIEW_ROLES,
        pages=_CUBE,
        numbers=(
            _offset("plane_free_pc", "its normal"),
            Number(
                "free_azimuth_deg",
                "Azimuth",
                "Direction of the plane's normal around z, from x",
                -180.0,
                180.0,
                1.0,
                0,
                "°",
            ),
            Number(
                "free_elevation_deg",
                "Tilt",
                "Angle of the plane's normal above the x-y plane",
                -90.0,
                90.0,
                1.0,
                0,
                "°",
            ),
        ),
    ),
)

OPACITY_OF_PLANES = Number(
    "planes_opacity", "Opacity", "Opacity of all planes", 5.0, 100.0, 1.0, 0, " %", 100.0
)

MATTER = (
    Layer(
        "cube_particles",
        "Particles",
        "Up to 20 000 of the cube's particles, the same ones in every frame, coloured by density",
        "accent",
        pages=_CUBE,
        needs="particles",
    ),
    Layer(
        "reached_particles",
        "Reached in rose",
        "Particles whose place the forecast blast wave has reached by the time shown",
        "forecast",
        pages=_CUBE,
        needs="reached",
    ),
    Layer(
        "velocity",
        "Velocity",
        "Arrows of the mean velocity of the gas; the longest stand for the fastest gas",
        "text",
        pages=_CUBE,
        needs="velocity",
        numbers=(
            Number(
                "velocity_scale", "Length", "Factor on the length of the arrows", 0.2, 4.0, 0.1, 1
            ),
        ),
    ),
)

GROUPS: tuple[tuple[str, str, tuple[Layer, ...]], ...] = (
    ("More surfaces", "Further surfaces around what the explosion changed", SURFACES),
    ("Planes", "Planes through the gas, in the 3D views", PLANES),
    ("Particles and motion", "Particles of the cube, and how the gas moves", MATTER),
)
"""Folded away until they are wanted."""
