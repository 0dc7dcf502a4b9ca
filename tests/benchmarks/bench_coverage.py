"""Coverage on held-out clouds against the promise, its price, and what probabilities are worth.

python tests/benchmarks/bench_coverage.py DIRECTORY [MODEL] [COVERAGE] [CALIBRATION.json]

DIRECTORY holds simulations (.shell.h5) in clouds that the model was neither
trained nor calibrated on; turbulent ones count.
"""

import sys
from pathlib import Path

import numpy as np

import core
from core.coverage import plain_regions, read_calibration
from core.shells import affected_region
from core.tables import number, text_table
from core.training.calibrate import held_shares
from core.uncertainty import reliability_rows


def main(folder: Path, model: str, coverage: float, calibration: Path | None) -> None:
    """Print the tables."""
    forecaster = core.Forecaster(model, device="cpu")
    if calibration is not None:
        forecaster.calibration = read_calibration(calibration)
    stated, happened = [], []
    frames, ever, names = [], [], []
    for path in sorted(folder.glob("cloud*.shell.h5")):
        truth = core.load(path)
        assert isinstance(truth, core.Simulation)
        forecast = forecaster.forecast(truth.sequence[0], energy_erg=truth.energy_erg)
        plain, enlarged = forecast.reached(None), forecast.reached(coverage)
        frames.append(
            np.column_stack(
                (
                    held_shares(truth, forecast, plain),
                    held_shares(truth, forecast, enlarged),
                    forecast.volume_factor(coverage)[1:],
                    enlarged[1:].mean((1, 2, 3)) / plain_regions(truth)[1:].mean((1, 2, 3)),
                )
            )
        )
        ever.append(_ever(truth, plain, forecast.reached(coverage, of="gas")))
        names.append(path.name.rsplit("_", 1)[0])
        if forecast.probability is not None:
            stated.append(forecast.probability[1:])
            happened.append(affected_region(truth.density, truth.control.density)[1:])
        print(".", end="", file=sys.stderr, flush=True)
    figures = np.stack(frames)
    promise = forecast.margin(coverage)
    print(
        f"\n{forecaster.model_name}: {len(frames)} explosions in {len(set(names))} clouds "
        f"of '{folder.name}'"
    )
    print(f"Promised: {promise}\n")
    held = np.minimum(figures[..., 2], figures[..., 3])
    rows = [
        (
            f"{time:.3f}",
            *(number(float(np.nanmean(figures[:, row, k])), 3) for k in range(4)),
            number(float(np.nanmin(held[:, row])), 3),
            number(float(np.mean(held[:, row] >= coverage)), 2),
            *(number(float(np.nanmean(figures[:, row, k])), 2) for k in (4, 5)),
        )
        for row, time in enumerate(truth.times_myr[1:] - truth.times_myr[0])
    ]
    print(
        text_table(
            (
                "time\nMyr", "plain\nvolume", "plain\nmass", "held\nvolume", "held\nmass",
                "worst\nrun", f"runs\n>={coverage:g}", "volume\n/ plain", "volume\n/ truth",
            ),
            rows,
        )
    )  # fmt: skip
    every = (held >= coverage).all(axis=1)
    print(
        f"\nIn every frame, volume and mass: {every.sum()} of {every.size} explosions "
        f"({every.mean():.2f}) hold {coverage:g}; promised with {promise.confidence:.2f}."
    )
    by_cloud = [np.mean(every[[n == name for n in names]]) for name in sorted(set(names))]
    print(f"By cloud: {', '.join(f'{share:.2f}' for share in by_cloud)}")
    plain_share, held_share, factor = np.mean(ever, axis=0)
    gas = np.array(ever)[:, 1]
    print(
        f"\nPromised: {forecast.margin(coverage, of='gas')}\n"
        f"Gas ever reached, by mass, at the places where it is at the start: "
        f"{plain_share:.3f} without a margin, {held_share:.4f} with (worst run {gas.min():.4f}, "
        f"{np.mean(gas >= coverage):.2f} of the runs >= {coverage:g}); "
        f"{factor:.2f} times as much gas is named."
    )
    if stated:
        table = reliability_rows(stated, happened)
        print("\nProbability of being affected: stated, and share that was")
        print(
            text_table(
                ("stated", "affected", "voxels"),
                [(number(p, 3), number(share, 3), str(n)) for p, share, n in table],
            )
        )
        total = sum(n for *_, n in table)
        error = sum(n * abs(p - share) for p, share, n in table) / total
        print(f"mean difference, weighted by voxels: {error:.4f}")


def _ever(truth: core.Simulation, plain: np.ndarray, enlarged: np.ndarray) -> tuple[float, ...]:
    """Share of the gas ever reached that the plain and the enlarged region hold, and the price."""
    mass = truth.density[0].astype(np.float64)
    real = plain_regions(truth).any(axis=0)
    few, many = plain.any(axis=0), enlarged.any(axis=0)
    reached = mass[real].sum()
    return (
        float(mass[real & few].sum() / reached),
        float(mass[real & many].sum() / reached),
        float(mass[many].sum() / mass[few].sum()),
    )


if __name__ == "__main__":
    given = sys.argv[1:]
    main(
        Path(given[0]),
        given[1] if len(given) > 1 else "default",
        float(given[2]) if len(given) > 2 else 0.99,
        Path(given[3]) if len(given) > 3 else None,
    )
