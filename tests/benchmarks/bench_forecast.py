"""Time and memory of a 20-frame forecast with the default network.

python tests/benchmarks/bench_forecast.py [DEVICE [MODEL]]
"""

import resource
import sys
from time import perf_counter, process_time

import core
from core.resources import sample_path


def main(device: str, model: str = "default") -> None:
    """Print the table."""
    cube = core.voxelize(core.open(sample_path())[0], size_pc=60, n=32)
    print("orientations   wall / s   CPU / s")
    for averaging in (1, 4, 8):
        forecaster = core.Forecaster(model, device=device, averaging=averaging)
        forecaster.forecast(cube)
        wall, cpu = perf_counter(), process_time()
        for _ in range(5):
            forecaster.forecast(cube)
        print(
            f"{averaging:12d}   {(perf_counter() - wall) / 5:8.2f}   "
            f"{(process_time() - cpu) / 5:7.2f}"
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of the process: {peak:.0f} MiB, on {forecaster.device_name}")


if __name__ == "__main__":
    main(*(sys.argv[1:] or ["auto"]))
