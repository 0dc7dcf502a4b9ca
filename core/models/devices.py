"""What networks compute on."""

from __future__ import annotations

import platform

import torch

from core.errors import InvalidRequest


def find_device(wanted: str) -> tuple[torch.device, str]:
    """Find a device, and its name for people.

    Parameters
    ----------
    wanted : str
        "auto" (a CUDA GPU where there is one), "cpu", "cuda" or one of several, as "cuda:1".

    Returns
    -------
    device : torch.device
        The device.
    name : str
        For example "NVIDIA H200" or "CPU (x86_64, 2 threads)".

    Raises
    ------
    InvalidRequest
        If there is no such device.
    """
    if wanted not in ("auto", "cpu", "cuda") and not wanted.startswith("cuda:"):
        raise InvalidRequest(f"The device is auto, cpu or cuda, not '{wanted}'.")
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cpu":
        threads = torch.get_num_threads()
        name = platform.machine() or "CPU"
        return torch.device("cpu"), f"CPU ({name}, {threads} thread{'s' if threads != 1 else ''})"
    if not torch.cuda.is_available():
        raise InvalidRequest(
            "PyTorch finds no CUDA GPU here; choose device='cpu', or 'auto' to take what there is."
        )
    device = torch.device(wanted)
    return device, torch.cuda.get_device_name(device)
