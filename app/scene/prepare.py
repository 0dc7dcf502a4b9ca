"""From density to what is drawn: smooth logarithmic fields on a finer grid.

The logarithm is taken first, then a narrow Gaussian, then a cubic refinement:
below half a cell of blur, slanted sheets one cell thick show moiré; at a full
cell the filaments wash out. Blur and refinement are linear and separable, so
both together are one small matrix applied along each axis.

Arrays made here have the axes (z, y, x): flattened in C order they are what
VTK wants, without a copy.
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from functools import cache
from threading import Lock
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from app.view_state import TransferFunction, Vector3
from core.cubes import CubeSequence

BLUR_CELLS = 0.62
"""Standard deviation of the Gaussian, in cells of the data."""

VOLUME_POINTS = 80
SHELL_POINTS = 64
"""Points along an edge of what is drawn, for cubes of up to 32 cells; twice as fine above that
the picture gains nothing that software rendering could pay for."""

MAX_POINTS = 128
PLANE_POINTS = 256

MAX_BYTES = 256 * 2**20
"""Room for a usual run of 64 cells or more: 20 frames of 10 MB."""

_LOG_FLOOR = 1e-4  # Msun/pc^3: a cell without particles is invisible, not a pit that blurs far

MEDIUM_DEX, BRIGHT_DEX = 0.1, 0.85
"""log10 of the median and of the 99th percentile of the density in the clouds the usual
transfer function was made for."""

LEAST_SHIFT_DEX = 0.5

Array = NDArray[np.float32]


T = TypeVar("T")


class BoundedCache(Generic[T]):
    """Keeps what was used last, up to a number of bytes; any thread may ask.

    Parameters
    ----------
    max_bytes : int
        The bound; one item is always kept.
    size_of : callable
        Bytes of an item.
    """

    def __init__(self, max_bytes: int, size_of: Callable[[T], int]) -> None:
        self.max_bytes = max_bytes
        self._size_of = size_of
        self._items: OrderedDict[Hashable, T] = OrderedDict()
        self.nbytes = 0
        self._lock = Lock()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._items

    def __len__(self) -> int:
        return len(self._items)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the item of `key`, making it when it is not kept."""
        with self._lock:
            if key in self._items:
                self._items.move_to_end(key)
                return self._items[key]
        # Not under the lock: nobody waits for another's item.
        item = make()
        with self._lock:
            if key in self._items:  # another thread was faster
                return self._items[key]
            self._items[key] = item
            self.nbytes += self._size_of(item)
            while self.nbytes > self.max_bytes and len(self._items) > 1:
                _, oldest = self._items.popitem(last=False)
                self.nbytes -= self._size_of(oldest)
        return item


@cache
def refinement(cells: int, points: int, blur: float = BLUR_CELLS) -> Array:
    """Blur and cubic refinement along one axis, as a matrix.

    Parameters
    ----------
    cells : int
        Cells of the data along the axis.
    points : int
        Points to sample, the first and the last on the faces of the cube.
    blur : float
        Standard deviation of the Gaussian in cells.

    Returns
    -------
    ndarray
        (points, cells); each row sums to 1.
    """
    identity = np.eye(cells)
    blurred = ndimage.gaussian_filter1d(identity, blur, axis=0, mode="nearest")
    places = np.linspace(-0.5, cells - 0.5, points)
    columns = [
        ndimage.map_coordinates(blurred[:, cell], [places], order=3, mode="nearest")
        for cell in range(cells)
    ]
    matrix = np.stack(columns, axis=1)
    return (matrix / matrix.sum(axis=1, keepdims=True)).astype(np.float32)


def refine(field: NDArray[np.floating], points: int, blur: float = BLUR_CELLS) -> Array:
    """Blur and refine a field along each of its axes.

    Parameters
    ----------
    field : ndarray
        Values at cell centres, axes (x, y, z).
    points : int
        Points along each axis, from face to face of the cube.
    blur : float
        Standard deviation of the Gaussian in cells.

    Returns
    -------
    ndarray
        (points, points, points), axes (z, y, x), C order.
    """
    result = np.asarray(field, dtype=np.float32)
    for _ in range(result.ndim):
        # Contracts the first axis and appends the refined one: x, y, z in turn.
        matrix = refinement(result.shape[0], points, blur)
        result = np.tensordot(result, matrix, axes=(0, 1))
    return np.ascontiguousarray(result.transpose())


def log_density(density: NDArray[np.floating]) -> Array:
    """log10 of a density in Msun/pc^3, finite also where there is nothing."""
    return np.log10(np.maximum(density, _LOG_FLOOR), dtype=np.float32)


def fitting_transfer(density: NDArray[np.floating]) -> TransferFunction:
    """Shift the usual colours and opacities to the densities there are.

    The usual ones suit clouds of about 45 hydrogen atoms per cm^3: their
    medium stays invisible, their filaments glow.

    Parameters
    ----------
    density : ndarray
        In Msun/pc^3; empty voxels do not count.

    Returns
    -------
    TransferFunction
        The usual one if it suits; else one as wide, whose medium is as faint
        or whose densest hundredth is as bright.
    """
    usual = TransferFunction()
    filled = density[density > 0]
    if len(filled) == 0:
        return usual
    medium, bright = np.percentile(np.log10(filled), [50.0, 99.0])
    # Quarters of a dex: ticks stay readable.
    shift = round(max(medium - MEDIUM_DEX, bright - BRIGHT_DEX) * 4) / 4
    if abs(shift) < LEAST_SHIFT_DEX:
        return usual
    low, high = usual.range_dex
    points = tuple((place + shift, opacity) for place, opacity in usual.opacity_points)
    return replace(usual, range_dex=(low + shift, high + shift), opacity_points=points)


def shell_field(
    density: NDArray[np.floating],
    control: NDArray[np.floating],
    level: float,
    points: int = SHELL_POINTS,
) -> Array:
    """How far the logarithm of the ratio to the control is above a level.

    Parameters
    ----------
    density, control : ndarray
        (n, n, n) density with and without the explosion, Msun/pc^3.
    level : float
        Fraction of the control's density, 0 to 1.
    points : int
        Points along an edge of the result.

    Returns
    -------
    ndarray
        (points, points, points) in dex, axes (z, y, x): negative inside the
        region, zero on its surface.

    Notes
    -----
    The field is limited to the same distance on both sides of the level
    before it is blurred; otherwise the depth of a cavity (3 dex, against 0.3
    from the level to the surroundings) would push its surface outwards.
    """
    depth = np.float32(np.log10(level))
    above = log_density(density) - log_density(control) - depth
    limit = 1.3 * abs(float(depth))
    return refine(np.clip(above, -limit, limit), points)


def keep_piece_at(field: Array, size_pc: float, site_pc: Vector3, reach_pc: float = 4.0) -> Array:
    """Keep only the piece of the negative region that the explosion made.

    Parameters
    ----------
    field : ndarray
        (m, m, m), axes (z, y, x), negative inside, over the whole cube.
    size_pc : float
        Edge of the cube in pc.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.
    reach_pc : float
        How far from the explosion a piece may begin and still count as
        touching it: dense debris may sit on the very spot.

    Returns
    -------
    ndarray
        The field with all other pieces lifted above zero; entirely positive
        when no piece touches the explosion.
    """
    labels, count = ndimage.label(field < 0.0)
    if count == 0:
        return field
    axis = np.linspace(-size_pc / 2, size_pc / 2, len(field), dtype=np.float32)
    squares = [(axis - np.float32(site)) ** 2 for site in reversed(site_pc)]
    near = squares[0][:, None, None] + squares[1][:, None] + squares[2] <= reach_pc**2
    touching = np.bincount(labels[near], minlength=count + 1)[1:] > 0
    if not touching.any():
        kept = 0
    else:
        sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
        kept = int(np.argmax(np.where(touching, sizes, 0))) + 1
    others = (labels > 0) & (labels != kept)
    return np.where(others, np.float32(field.max() if field.max() > 0 else 1.0), field)


def plane_of(field: Array, height: float, points: int = PLANE_POINTS) -> Array:
    """Cut a plane of constant z out of a field, refined.

    Parameters
    ----------
    field : ndarray
        (n, n, n) values at cell centres, axes (x, y, z).
    height : float
        Place of the plane, 0 to 1 from the lower to the upper face.
    points : int
        Points along an edge of the result.

    Returns
    -------
    ndarray
        (points, points), axes (y, x), from face to face.
    """
    n = field.shape[2]
    place = float(np.clip(height * n - 0.5, 0, n - 1))
    low = min(int(place), n - 2) if n > 1 else 0
    high = min(low + 1, n - 1)
    part = np.float32(place - low)
    return refine((1 - part) * field[:, :, low] + part * field[:, :, high], points)


class PreparedEvolution:
    """What is drawn of one evolution, frame by frame, made when first asked for.

    Those derived draw something else than the density in the same places.

    Parameters
    ----------
    sequence : CubeSequence
        The gas.
    control : CubeSequence or None
        The gas without the explosion, on the same grid; its nearest frame is
        compared. Without it there is no shell.
    site_pc : tuple of float
        The explosion relative to the cube's centre, in pc.
    max_bytes : int
        Bound on what is kept.
    """

    quantity: str = "density"
    """What the values are: "density", "difference" (both dex) or "probability"."""

    def __init__(
        self,
        sequence: CubeSequence,
        control: CubeSequence | None,
        site_pc: Vector3 = (0.0, 0.0, 0.0),
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self.sequence = sequence
        self.control = control
        self._density = sequence.density
        self._control = None if control is None else control.density
        times = sequence.times_myr
        self._partner = [] if control is None else [control.nearest(time) for time in times]
        self.times_myr = times
        self.size_pc = float(sequence.size_pc)
        self.site_pc = site_pc
        coarse = sequence.n <= 32
        self.volume_points = VOLUME_POINTS if coarse else MAX_POINTS
        self.shell_points = SHELL_POINTS if coarse else VOLUME_POINTS
        self._kept: BoundedCache[Array] = BoundedCache(max_bytes, lambda array: array.nbytes)

    @property
    def has_control(self) -> bool:
        """Whether a shell can be told from the gas."""
        return self._control is not None

    @property
    def cut_corner_pc(self) -> Vector3:
        """Where the gas is cut open: at the explosion, but at least a quarter inside."""
        quarter = self.size_pc / 4
        x, y, z = (float(min(max(value, -quarter), quarter)) for value in self.site_pc)
        return (x, y, z)

    def nearest(self, time_myr: float) -> int:
        """Index of the frame nearest to a time in Myr."""
        return int(np.argmin(np.abs(self.times_myr - time_myr)))

    def field(self, index: int) -> Array:
        """log10 density of a frame at cell centres, axes (x, y, z)."""
        return log_density(self._density[index])

    def volume(self, index: int) -> Array:
        """Return what is drawn of a frame, refined, axes (z, y, x)."""
        return self._kept.get(
            ("volume", index), lambda: refine(self.field(index), self.volume_points)
        )

    @property
    def frames_kept(self) -> int:
        """How many frames, gas and shell, are kept at once."""
        frame = 4 * (self.volume_points**3 + self.has_control * self.shell_points**3)
        return max(int(self._kept.max_bytes // frame), 1)

    def is_ready(self, index: int, level: float | None) -> bool:
        """Whether a frame, with the shell of a level, is kept."""
        shell = level is None or not self.has_control or ("shell", index, level) in self._kept
        return shell and ("volume", index) in self._kept

    def make_ready(self, index: int, level: float | None) -> None:
        """Prepare a frame, with the shell of a level, in any thread."""
        self.volume(index)
        if level is not None:
            self.shell(index, level)

    def plane(self, index: int, height: float, points: int = PLANE_POINTS) -> Array:
        """Return what is drawn of a frame in a plane of constant z (see `plane_of`)."""
        return plane_of(self.field(index), height, points)

    def log_density_at(self, index: int, position_pc: Vector3) -> float:
        """log10 density in Msun/pc^3 of the cell at a place relative to the centre, in pc."""
        cells = self._density.shape[1:]
        x, y, z = (
            int(np.clip((place / self.size_pc + 0.5) * n, 0, n - 1))
            for place, n in zip(position_pc, cells, strict=True)
        )
        return float(log_density(self._density[index][x, y, z]))

    def marks(self, index: int, level: float) -> dict[str, Array]:
        """Signed fields whose edges are drawn as lines, by the role that colours them."""
        return {}

    def shell(self, index: int, level: float) -> Array | None:
        """Signed field of the shell (see `shell_field`), or None without a control."""
        control = self._control
        if control is None:
            return None
        return self._kept.get(
            ("shell", index, level),
            lambda: keep_piece_at(
                shell_field(
                    self._density[index], control[self._partner[index]], level, self.shell_points
                ),
                self.size_pc,
                self.site_pc,
            ),
        )


_shared: weakref.WeakValueDictionary[tuple[int, int, Vector3], PreparedEvolution] = (
    weakref.WeakValueDictionary()
)


def prepare(
    sequence: CubeSequence, control: CubeSequence | None, site_pc: Vector3 = (0.0, 0.0, 0.0)
) -> PreparedEvolution:
    """Return the prepared evolution of a sequence, shared by all views of it.

    Parameters
    ----------
    sequence, control, site_pc
        See `PreparedEvolution`.

    Returns
    -------
    PreparedEvolution
        The same object as long as a view holds it.
    """
    # The prepared object holds the arrays, so the ids cannot be reused while it lives.
    key = (id(sequence.density), 0 if control is None else id(control.density), site_pc)
    prepared = _shared.get(key)
    if prepared is None:
        prepared = _shared[key] = PreparedEvolution(sequence, control, site_pc)
    return prepared
