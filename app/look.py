"""How everything looks: layers, colours and arrangement of the views, in one value. No Qt.

One value, so that undoing an edit is going back to the value before, and
saving a session is writing it down.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from app.view_state import LayerState, TransferFunction
from core.errors import InvalidRequest

ViewRole = Literal["truth", "forecast", "third"]
"""The views, from left to right."""

VIEW_ROLES: tuple[ViewRole, ...] = ("truth", "forecast", "third")

ThirdKind = Literal["difference", "uncertainty", "control"]
"""What the third view shows."""

THIRD_KINDS: tuple[ThirdKind, ...] = ("difference", "uncertainty", "control")


@dataclass(frozen=True)
class Look:
    """What the views show, and how.

    Parameters
    ----------
    truth, forecast, third : LayerState
        The layers of each view.
    transfer : TransferFunction
        Colours and opacity of the gas in every view.
    slices : bool
        Whether the plane through the explosion is shown under each view.
    linked : bool
        Whether the views turn together.
    hidden : tuple of {"truth", "forecast", "third"}
        The views that are not shown; one at least is.
    maximised : {"", "truth", "forecast", "third"}
        The view that has all the room, or none.
    third_kind : {"difference", "uncertainty", "control"}
        What the third view shows.
    orthographic : bool
        Whether the eye is infinitely far away: what is farther is not smaller.
    plot : str
        The key of the plot of the comparison (see `app.panels.charts`).
    log_opacity : bool
        Whether the editor of the opacity has a logarithmic axis.
    loop : bool
        Whether playing begins again after the last frame.
    speed : float
        How fast frames follow each other; 1 is the usual speed.

    Raises
    ------
    InvalidRequest
        If a view or a kind is unknown, every view is hidden, or the speed is
        not positive.
    """

    truth: LayerState = field(default_factory=LayerState)
    forecast: LayerState = field(default_factory=LayerState)
    third: LayerState = field(default_factory=LayerState)
    transfer: TransferFunction = field(default_factory=TransferFunction)
    slices: bool = True
    linked: bool = True
    hidden: tuple[ViewRole, ...] = ("third",)
    maximised: ViewRole | Literal[""] = ""
    third_kind: ThirdKind = "difference"
    orthographic: bool = False
    plot: str = "overlap"
    log_opacity: bool = False
    loop: bool = True
    speed: float = 1.0

    def __post_init__(self) -> None:
        unknown = {*self.hidden, self.maximised} - {*VIEW_ROLES, ""}
        if unknown:
            raise InvalidRequest(f"There is no view '{min(unknown)}'.")
        if {*self.hidden} >= {*VIEW_ROLES}:
            raise InvalidRequest("One view at least must be shown.")
        if not self.speed > 0.0:
            raise InvalidRequest(f"The speed must be positive, not {self.speed:g}.")
        if self.third_kind not in THIRD_KINDS:
            raise InvalidRequest(
                f"The third view shows {', '.join(THIRD_KINDS)}, not '{self.third_kind}'."
            )

    @property
    def shown(self) -> tuple[ViewRole, ...]:
        """The views that are seen, from left to right."""
        if self.maximised:
            return (self.maximised,)
        return tuple(role for role in VIEW_ROLES if role not in self.hidden)

    def with_shown(self, role: ViewRole, shown: bool) -> Look:
        """Return the look with a view shown or hidden beside those that are seen.

        Parameters
        ----------
        role : {"truth", "forecast", "third"}
            The view.
        shown : bool
            Whether it is to be seen; the only one that is seen stays.

        Returns
        -------
        Look
            The look after the change.
        """
        seen = {*self.shown} | {role} if shown else {*self.shown} - {role}
        if not seen or seen == {*self.shown}:
            return self
        hidden = tuple(each for each in VIEW_ROLES if each not in seen)
        return replace(self, hidden=hidden, maximised="")

    def layers(self, role: ViewRole) -> LayerState:
        """Return the layers of a view."""
        state: LayerState = getattr(self, role)
        return state

    @property
    def all_layers(self) -> tuple[LayerState, ...]:
        """The layers of every view."""
        return tuple(self.layers(role) for role in VIEW_ROLES)

    def with_layers(self, roles: tuple[ViewRole, ...] = VIEW_ROLES, **changes: Any) -> Look:
        """Return the look with other layers.

        Parameters
        ----------
        roles : tuple of {"truth", "forecast", "third"}
            The views meant.
        **changes
            Fields of `LayerState` and their new values.

        Returns
        -------
        Look
            The look after the change.
        """
        changed: dict[str, Any] = {role: replace(self.layers(role), **changes) for role in roles}
        return replace(self, **changed)
