"""Everything that was measured on truth and forecast. No Qt."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from app.measuring import Curve, TheoryCurve
    from core.compare import Comparison

Role = Literal["truth", "forecast"]
ROLES: tuple[Role, ...] = ("truth", "forecast")


@dataclass(frozen=True, eq=False)
class Figures:
    """Everything measured: figures per frame, and curves against time.

    Parameters
    ----------
    comparison : Comparison or None
        Forecast against truth; None when there is nothing to compare.
    curves : Mapping of role to tuple of Curve
        Size against time of the cavity and of the affected region, for the
        truth and the forecast.
    theory : TheoryCurve, optional
        The radius that theory expects, where there are curves.
    """

    comparison: Comparison | None = None
    curves: Mapping[Role, tuple[Curve, ...]] = field(default_factory=lambda: MappingProxyType({}))
    theory: TheoryCurve | None = None

    def curve(self, role: Role, level: float) -> Curve | None:
        """Return the curve of an evolution and a level, if it was measured."""
        return next((c for c in self.curves.get(role, ()) if c.level == level), None)
