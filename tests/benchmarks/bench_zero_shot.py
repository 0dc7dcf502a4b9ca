"""An independent SPH run, forecast by everything there is: the table of `shellsight evaluate`.

python tests/benchmarks/bench_zero_shot.py SNAPSHOTS [MODEL …]

SNAPSHOTS holds `swift_turbulent_a` and its control. No network was trained on
anything of the kind, and its late shell is larger than a grid code's: SPH's
heated particles do not mix, and cool less.
"""

import sys
from pathlib import Path

import core
from core.cubes import CubeSequence
from core.training.evaluate import evaluate


def cubes_of(path: Path) -> CubeSequence:
    """Deposit a run around the middle of its box."""
    cubes = core.voxelize(core.open(path), cache=False)
    assert isinstance(cubes, CubeSequence)
    return cubes


def main(snapshots: Path, models: list[str]) -> None:
    """Print the table."""
    run = core.Simulation(
        cubes_of(snapshots / "swift_turbulent_a"),
        cubes_of(snapshots / "swift_turbulent_a_control"),
        provenance={"parameters": {"seed": 0}},
    )
    print(evaluate([core.Forecaster(model, device="cpu") for model in models], [run]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["default"])
