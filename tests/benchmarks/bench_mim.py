"""Time and memory of 19 frames of 3D-MIM: the plain network against the fast one.

python tests/benchmarks/bench_mim.py [THREADS]

Each in a process of its own, at 32^3 with 32 hidden channels and filters of 5. Six frames are
made, twice; the fastest step between the first and the last tells what nineteen would cost.
The released TensorFlow code takes 84-95 s (150 CPU-s, 1.4 GB) with patches of 1 and 8.7 s
(17 CPU-s) with patches of 2 on two free cores (measured once, elsewhere). Processor time is the
figure to compare where other programs compute as well, with one thread: threads that wait for
each other count as busy.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from time import perf_counter, process_time

RELEASED_CPU_S = {1: 150.0, 2: 17.0}
FRAMES = 19
STEPS = 6
VARIANTS = ("plain float32", "plain bfloat16", "fast float32", "fast bfloat16")


def measure(variant: str, patch: int, threads: int) -> None:
    """Print wall and processor time of nineteen frames, and the peak of the memory."""
    import torch

    from core.models.mim import MIM3D
    from core.models.mim_fast import FastMIM

    torch.set_num_threads(threads)
    torch.manual_seed(0)
    network = MIM3D(patch_size=patch).eval().requires_grad_(False)
    frames = torch.rand(1, 1, 32, 32, 32, 1)
    kind, precision = variant.split()
    fast = FastMIM(network, precision) if kind == "fast" else None  # type: ignore[arg-type]

    def frames_made() -> Iterator[torch.Tensor]:
        if fast is not None:
            yield from fast.stream(frames, 1, STEPS + 1)
        else:
            low = precision == "bfloat16"
            with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=low):
                yield from network.stream(frames, 1, STEPS + 1)

    for _ in range(2):  # the first time warms up
        times = [(perf_counter(), process_time())]
        times += [(perf_counter(), process_time()) for _ in frames_made()]
    steps = [[b - a for a, b in zip(*pair, strict=True)] for pair in pairwise(times)]
    # Other programs only ever make it slower: the fastest of the middle steps counts.
    middle = [min(step[k] for step in steps[1:-1]) for k in (0, 1)]
    wall, cpu = (steps[0][k] + (FRAMES - 2) * middle[k] + steps[-1][k] for k in (0, 1))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{wall:.2f} {cpu:.2f} {peak:.0f}")


def main(threads: int) -> None:
    """Print the table."""
    print(f"{threads} threads   patch   wall/s   CPU/s   released CPU/this   peak/MiB")
    for patch, released in RELEASED_CPU_S.items():
        for variant in VARIANTS:
            command = [sys.executable, __file__, variant, str(patch), str(threads)]
            out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            wall, cpu, peak = (float(word) for word in out.split())
            print(
                f"{variant:15s} {patch:5d} {wall:8.1f} {cpu:7.1f} {released / cpu:14.1f} "
                f"{peak:15.0f}",
                flush=True,
            )


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
