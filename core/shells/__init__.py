"""What a shell is: its regions, its surface and its radius.

Everything here compares the density with the density that the same gas would
have at the same time *without* the explosion (the control): turbulence moves
gas as well, and must not be mistaken for the shell.
"""

from core.shells.affected import affected_particles, reach_map, reach_times
from core.shells.radius import (
    RadiusProfile,
    dense_shell_radius,
    fibonacci_directions,
    radius_profile,
)
from core.shells.region import (
    AFFECTED_BELOW,
    CAVITY_BELOW,
    REACHED_DEX,
    Mask,
    affected_region,
    at_site,
    cavity,
    density_ratio,
    fill_holes,
    reached_region,
    site_index,
)
from core.shells.remnant import Remnant, blast_radius_pc
from core.shells.surface import Surface, distances_to_surface, surface
from core.shells.thin_shell import thin_shell_radii

__all__ = [
    "AFFECTED_BELOW",
    "CAVITY_BELOW",
    "REACHED_DEX",
    "Mask",
    "RadiusProfile",
    "Remnant",
    "Surface",
    "affected_particles",
    "affected_region",
    "at_site",
    "blast_radius_pc",
    "cavity",
    "dense_shell_radius",
    "density_ratio",
    "distances_to_surface",
    "fibonacci_directions",
    "fill_holes",
    "radius_profile",
    "reach_map",
    "reach_times",
    "reached_region",
    "site_index",
    "surface",
    "thin_shell_radii",
]
