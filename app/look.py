"""How everything looks: layers, colours and arrangement of the views, in one value. No Qt.

One value, so that undoing an edit is going back to the value before, and
saving a session is writing it down.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from app.view_state import LayerState, TransferFunction

ViewRole = Literal["truth", "forecast", "third"]
"""The views, from left to right."""

VIEW_ROLES: tuple[ViewRole, ...] = ("truth", "forecast", "third")


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
    """

    truth: LayerState = field(default_factory=LayerState)
    forecast: LayerState = field(default_factory=LayerState)
    third: LayerState = field(default_factory=LayerState)
    transfer: TransferFunction = field(default_factory=TransferFunction)
    slices: bool = True
    linked: bool = True

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
