"""A picture of a scene, drawn off screen: no window and no display needed."""

from __future__ import annotations

import os
import sys

import numpy as np

if sys.platform == "linux" and not os.environ.get("DISPLAY"):
    # VTK would try X first, and complain.
    os.environ.setdefault("VTK_DEFAULT_OPENGL_WINDOW", "vtkEGLRenderWindow")

import pyvista as pv
from numpy.typing import NDArray

from app.scene.details import Details
from app.scene.prepare import PreparedEvolution
from app.scene.third_stage import stage_for
from app.view_state import CameraState, LayerState, TransferFunction

SUPERSAMPLING = 2
"""Pictures are drawn larger by this factor and reduced: no stairs on box and shell."""


def draw_still(
    prepared: PreparedEvolution | None,
    role: str,
    index: int,
    camera: CameraState,
    size: tuple[int, int],
    transfer: TransferFunction | None = None,
    layers: LayerState | None = None,
    line_width: float = 1.0,
    details: Details | None = None,
) -> NDArray[np.uint8]:
    """Draw one frame off screen.

    Parameters
    ----------
    prepared : PreparedEvolution or None
        What to draw; None for the background alone.
    role : str
        "truth", "forecast" or "third".
    index : int
        The frame.
    camera : CameraState
        The eye.
    size : tuple of int
        Width and height of the picture in pixels.
    transfer : TransferFunction, optional
        Colours and opacities of the gas.
    layers : LayerState, optional
        What is shown.
    line_width : float
        Width of lines in pixels of the picture.
    details : Details, optional
        What the further layers show; what `prepared` has by itself otherwise.

    Returns
    -------
    ndarray of uint8
        (height, width, 3) sRGB.
    """
    factor = SUPERSAMPLING
    width, height = size
    plotter = pv.Plotter(
        off_screen=True, window_size=[width * factor, height * factor], lighting="none"
    )
    try:
        plotter.render_window.SetMultiSamples(0)
        stage = stage_for(plotter, role, line_width=0.75 * factor * line_width)
        stage.set_transfer(transfer or TransferFunction())
        stage.set_layers(layers or LayerState())
        stage.set_evolution(prepared)
        if details is not None:
            stage.set_details(details)
        stage.set_camera(camera)
        stage.show(index)
        return reduced(plotter)
    finally:
        plotter.close()


def reduced(plotter: pv.Plotter) -> NDArray[np.uint8]:
    """Draw a scene that was set up `SUPERSAMPLING` times as large, and reduce it.

    Parameters
    ----------
    plotter : pyvista.Plotter
        Off screen, with everything in it.

    Returns
    -------
    ndarray of uint8
        (height, width, 3) sRGB.
    """
    factor = SUPERSAMPLING
    large = np.asarray(plotter.screenshot(return_img=True), dtype=np.uint16)[..., :3]
    height, width = large.shape[0] // factor, large.shape[1] // factor
    sums = large.reshape(height, factor, width, factor, 3).sum(axis=(1, 3), dtype=np.uint32)
    return ((sums + factor**2 // 2) // factor**2).astype(np.uint8)
