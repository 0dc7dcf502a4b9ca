"""What a new supernova is made of, as the user chooses it. No Qt; PyTorch only in functions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import platformdirs

if TYPE_CHECKING:
    from core.simulate.parameters import SimulationParameters

Turbulence = Literal["dispersion", "mach", "none"]

TIMES_MYR = 0.133
"""Time that is followed, whatever the number of frames: that of the networks."""


@dataclass(frozen=True)
class Recipe:
    """A cloud, an explosion and a grid.

    Parameters
    ----------
    density : float
        Mean mass density in Msun/pc^3.
    turbulence : {"dispersion", "mach", "none"}
        Which of the next two counts; "none" is a uniform medium.
    dispersion_kms, mach : float
        Initial velocity dispersion in km/s, or over the speed of sound.
    index : float
        The velocity power spectrum falls as k to minus this.
    seed : int
        Of the turbulence.
    age_myr : float
        For how long it shapes the cloud before the explosion, in Myr.
    metallicity : float
        In units of the Sun's.
    energy_erg : float
        Of the explosion.
    place : str
        As `core.simulate.live.site_in` takes it.
    n : int
        Cells along an edge.
    frames : int
        Frames over `TIMES_MYR`.
    allow_coarse : bool
        Explode even where the cells are too large.
    device : {"cpu", "cuda"}
        Where to compute.
    """

    density: float = 1.34
    turbulence: Turbulence = "dispersion"
    dispersion_kms: float = 10.0
    mach: float = 10.0
    index: float = 4.0
    seed: int = 1
    age_myr: float = 2.5
    metallicity: float = 1.0
    energy_erg: float = 1e51
    place: str = "centre"
    n: int = 64
    frames: int = 20
    allow_coarse: bool = False
    device: str = "cpu"

    @property
    def interval_myr(self) -> float:
        """Time between frames in Myr."""
        return TIMES_MYR / (self.frames - 1)

    @property
    def name(self) -> str:
        """A name for its file."""
        return f"supernova-{self.n}-seed{self.seed}.shell.h5"

    def parameters(self) -> SimulationParameters:
        """Return the same for the simulator. Imports PyTorch.

        Raises
        ------
        InvalidRequest
            If a value makes no sense.
        """
        from core.simulate.parameters import SimulationParameters

        return SimulationParameters(
            seed=self.seed,
            mean_density=self.density,
            rms_velocity_kms=0.0 if self.turbulence == "none" else self.dispersion_kms,
            mach=self.mach if self.turbulence == "mach" else None,
            spectral_index=self.index,
            settle_myr=self.age_myr,
            metallicity=self.metallicity,
            energy_erg=self.energy_erg,
            n=self.n,
            frame_count=self.frames,
            interval_myr=self.interval_myr,
            require_resolved=not self.allow_coarse,
        )

    def arguments(self, out: Path) -> list[str]:
        """Return the command that simulates it.

        Parameters
        ----------
        out : Path
            The file to write; the frames go to `frames_folder` until it is there.

        Returns
        -------
        list of str
            What follows ``shellsight``.
        """
        options: dict[str, object] = {
            "--output": out,
            "--live": frames_folder(out),
            "--seed": self.seed,
            "--density": repr(self.density),
            "--velocity": 0.0 if self.turbulence == "none" else self.dispersion_kms,
            "--index": self.index,
            "--settle": self.age_myr,
            "--metallicity": self.metallicity,
            "--energy": self.energy_erg,
            "--site": self.place,
            "--n": self.n,
            "--frames": self.frames,
            "--interval": repr(self.interval_myr),
            "--device": self.device,
        }
        if self.turbulence == "mach":
            options["--mach"] = self.mach
        # With “=”, a place such as -8,0,4 is no option.
        words = ["simulate", *(f"{name}={value}" for name, value in options.items())]
        return [*words, "--allow-coarse"] if self.allow_coarse else words


def frames_folder(out: Path) -> Path:
    """Return the folder of the frames of a run that is not complete yet."""
    name = out.name.removesuffix(".shell.h5")
    return out.with_name(f"{name}.frames")


def default_folder() -> Path:
    """Return the folder that simulations go to unless the user chooses another."""
    return Path(platformdirs.user_data_dir("shellsight", appauthor=False)) / "simulations"


def is_taken(out: Path) -> bool:
    """Tell whether a run, or the frames of one that was not finished, has this name."""
    return out.exists() or frames_folder(out).exists()


def free_name(folder: Path, name: str) -> Path:
    """Return a name in a folder that nothing has yet."""
    stem = name.removesuffix(".shell.h5")
    for number in range(1, 10_000):
        path = folder / (f"{stem}.shell.h5" if number == 1 else f"{stem}-{number}.shell.h5")
        if not is_taken(path):
            return path
    return folder / name
