"""Physical constants and unit conversions (CODATA 2018, IAU 2015), in cgs."""

PARSEC_CM = 3.0856775814913673e18
MYR_S = 3.15576e13  # 1e6 Julian years
MSUN_G = 1.98840987e33
KMS_CM_S = 1e5
PROTON_MASS_G = 1.67262192369e-24
HYDROGEN_MASS_G = 1.6735575e-24
BOLTZMANN_ERG_K = 1.380649e-16

HYDROGEN_FRACTION = 0.76
"""Mass fraction of hydrogen, X, unless a file says otherwise."""

GAMMA = 5.0 / 3.0
"""Adiabatic index of a monatomic gas."""

DENSITY_TO_CGS = MSUN_G / PARSEC_CM**3
"""g/cm^3 per Msun/pc^3."""

NH_PER_DENSITY = HYDROGEN_FRACTION * DENSITY_TO_CGS / HYDROGEN_MASS_G
"""Hydrogen nuclei per cm^3 for 1 Msun/pc^3."""

ERG_TO_CODE = 1.0 / (MSUN_G * KMS_CM_S**2)
"""Msun (km/s)^2 per erg."""

PC_PER_KMS_MYR = KMS_CM_S * MYR_S / PARSEC_CM
"""pc travelled in 1 Myr at 1 km/s: 1.0227."""
