"""Random velocity fields with a power-law spectrum, and the spectrum of any field."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def turbulent_velocity(
    n: int, rms_kms: float, rng: np.random.Generator, spectral_index: float = 4.0
) -> NDArray[np.float32]:
    """Divergence-free Gaussian random velocity field, periodic in the box.

    The power of a mode is P_v(k) ∝ k^-index; an index of 4 is the spectrum
    E(k) ∝ k^-2 of Burgers turbulence, 11/3 that of Kolmogorov.

    Parameters
    ----------
    n : int
        Cells along an edge.
    rms_kms : float
        Root mean square of the three-dimensional velocity in km/s.
    rng : numpy.random.Generator
        Source of randomness.
    spectral_index : float
        Exponent of the three-dimensional power spectrum: 4 for Burgers, 11/3
        for Kolmogorov turbulence, or any other.

    Returns
    -------
    ndarray of float32, (3, n, n, n)
        The velocity in km/s, with zero mean.
    """
    k_axis = np.fft.fftfreq(n, 1.0 / n)
    k = np.stack(np.meshgrid(k_axis, k_axis, np.fft.rfftfreq(n, 1.0 / n), indexing="ij"))
    k_squared = (k**2).sum(0)
    k_squared[0, 0, 0] = 1.0
    amplitude = k_squared ** (-0.25 * spectral_index)
    # Waves shorter than four cells cannot be followed by the scheme; leave them out.
    amplitude[(k_squared > (n / 4) ** 2)] = 0.0
    amplitude[0, 0, 0] = 0.0
    noise = rng.standard_normal((3, n, n, n))
    modes = np.fft.rfftn(noise, axes=(1, 2, 3)) * amplitude
    modes -= k * (k * modes).sum(0) / k_squared
    field = np.fft.irfftn(modes, s=(n, n, n), axes=(1, 2, 3))
    field *= rms_kms / np.sqrt((field**2).sum(0).mean())
    return field.astype(np.float32)


def power_spectrum(
    field: NDArray[np.floating], size_pc: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Power spectrum of a periodic field, averaged over directions.

    Parameters
    ----------
    field : ndarray, (components, n, n, n)
        A vector field, or a scalar one of one component.
    size_pc : float
        Edge length of the box in pc.

    Returns
    -------
    wavenumbers : ndarray, (n // 2,)
        Whole multiples of the lowest, 2 pi over the edge, in 1/pc.
    power : ndarray, (n // 2,)
        Mean power of the modes of each, summed over the components, in the
        field's unit squared times pc^3. E(k) is 4 pi k^2 / (2 pi)^3 of it.
    """
    n = field.shape[-1]
    modes = np.fft.fftn(field, axes=(1, 2, 3)) / n**3
    k = np.fft.fftfreq(n, 1.0 / n)
    length = np.sqrt(k[:, None, None] ** 2 + k[:, None] ** 2 + k**2)
    shell = np.rint(length).astype(int).ravel()
    power = (np.abs(modes) ** 2).sum(0).ravel() * size_pc**3
    total = np.bincount(shell, power)
    mean = total / np.bincount(shell)
    first = np.arange(1, n // 2 + 1)
    return 2.0 * np.pi / size_pc * first, mean[first]
