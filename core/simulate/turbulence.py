"""Random velocity fields with a power-law spectrum."""

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
        Exponent of the three-dimensional power spectrum.

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
