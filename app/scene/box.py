"""The edges of the cube and of its cut: which lie before the gas, and which behind.

Those on a face that looks at the eye have nothing before them: they are drawn
over the picture, sharp and faint. The others belong into the scene, where the
gas before them tints them and the shell hides them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.scene.camera import viewpoint
from app.view_state import CameraState, Vector3

Octant = tuple[int, int, int]
"""-1 or 1 along each axis."""

_SLACK = 0.04  # sine of the angle past a plane at which the cut moves to the next octant


@dataclass(frozen=True, eq=False)
class BoxEdges:
    """Line segments, each (k, 2, 3) in pc relative to the cube's centre.

    Parameters
    ----------
    front, back : ndarray
        Edges of the cube before and behind the gas.
    cut_front, cut_back : ndarray
        Edges of the cut octant on the near faces, and inside the cube.
    """

    front: NDArray
    back: NDArray
    cut_front: NDArray
    cut_back: NDArray


def facing_octant(
    camera: CameraState, corner_pc: Vector3, previous: Octant | None = None
) -> Octant:
    """Return the octant around a corner that faces the eye.

    Parameters
    ----------
    camera : CameraState
        The eye.
    corner_pc : tuple of float
        The corner in pc.
    previous : tuple of int, optional
        The octant shown so far: it is kept until the eye is clearly past a
        plane, so that the cut does not flicker.

    Returns
    -------
    tuple of int
        -1 or 1 along each axis.
    """
    offset = np.subtract(viewpoint(camera), corner_pc)
    direction = offset / max(float(np.linalg.norm(offset)), 1e-12)
    signs = [1 if value >= 0 else -1 for value in direction]
    if previous is not None:
        signs = [
            old if abs(value) < _SLACK else new
            for value, new, old in zip(direction, signs, previous, strict=True)
        ]
    x, y, z = signs
    return (x, y, z)


def _edges(low: NDArray, high: NDArray) -> NDArray:
    """Return the (12, 2, 3) edges of a box."""
    corners = np.array([[(low, high)[i >> axis & 1][axis] for axis in range(3)] for i in range(8)])
    pairs = [(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1]
    return corners[np.array(pairs)]


def box_edges(
    camera: CameraState,
    size_pc: float | Vector3,
    octant: Octant | None = None,
    corner_pc: Vector3 = (0.0, 0.0, 0.0),
) -> BoxEdges:
    """Sort the edges of a box, and of its cut, by what lies before them.

    Parameters
    ----------
    camera : CameraState
        The eye.
    size_pc : float or tuple of float
        Edge of the cube, or the three edges of the box, in pc.
    octant : tuple of int or None
        The octant that is cut away, if any.
    corner_pc : tuple of float
        Where the planes of the cut meet.

    Returns
    -------
    BoxEdges
        Edges of the cut that coincide with the cube's are left out.
    """
    half = np.broadcast_to(np.asarray(size_pc, dtype=float) / 2, 3)
    eye = viewpoint(camera)
    faces = [(axis, side * half[axis]) for axis in range(3) for side in (-1, 1)]
    near = [(axis, side) for axis, side in faces if eye[axis] * np.sign(side) > half[axis]]

    def on(edges: NDArray, planes: list[tuple[int, float]]) -> NDArray:
        """How many of the planes each edge lies in."""
        hits = [np.isclose(edges[:, :, axis], side).all(axis=1) for axis, side in planes]
        return np.sum(hits, axis=0) if hits else np.zeros(len(edges), dtype=int)

    cube = _edges(-half, half)
    seen = on(cube, near) > 0
    empty = np.zeros((0, 2, 3))
    if octant is None:
        return BoxEdges(cube[seen], cube[~seen], empty, empty)
    corner = np.asarray(corner_pc, dtype=float)
    face = np.asarray(octant) * half
    cut = _edges(np.minimum(corner, face), np.maximum(corner, face))
    cut = cut[on(cut, faces) < 2]
    cut_seen = on(cut, near) > 0
    return BoxEdges(cube[seen], cube[~seen], cut[cut_seen], cut[~cut_seen])
