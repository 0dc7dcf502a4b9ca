"""A scene set up once, off screen, and drawn as often as a picture or a movie needs it."""

from __future__ import annotations

import math
from types import TracebackType

import numpy as np
import pyvista as pv
from numpy.typing import NDArray
from vtkmodules.util.numpy_support import vtk_to_numpy
from vtkmodules.vtkRenderingCore import vtkWindowToImageFilter

from app.scene import still  # decides how to draw without a display: before the first plotter
from app.scene.details import Details
from app.scene.prepare import PreparedEvolution
from app.scene.third_stage import stage_for
from app.view_state import CameraState, LayerState, TransferFunction

MOST_TILE = 4096
"""Pixels a side that are drawn at once: drivers promise no more, and memory stays bounded."""

LINE_WIDTH = 0.75


class Easel:
    """One view off screen; a context that lets go of the graphics at its end.

    Parameters
    ----------
    prepared : PreparedEvolution
        What is drawn.
    role : str
        "truth", "forecast" or "third".
    size : tuple of int
        Width and height of the pictures in pixels.
    transfer : TransferFunction
        Colours and opacities.
    layers : LayerState
        What is shown.
    line_width : float
        Width of lines in pixels of the picture.
    transparent : bool
        Whether there is nothing behind what is drawn.
    fine : bool
        Whether it is drawn larger and reduced, which smooths the edges.
    details : Details, optional
        What further layers show.
    """

    def __init__(
        self,
        prepared: PreparedEvolution,
        role: str,
        size: tuple[int, int],
        transfer: TransferFunction,
        layers: LayerState,
        *,
        line_width: float = 1.0,
        transparent: bool = False,
        fine: bool = True,
        details: Details | None = None,
    ) -> None:
        self.size = size
        self._factor = still.SUPERSAMPLING if fine else 1
        self._transparent = transparent
        drawn = [side * self._factor for side in size]
        self._tiles = math.ceil(max(drawn) / MOST_TILE)
        window = [math.ceil(side / self._tiles) for side in drawn]
        self._plotter = pv.Plotter(off_screen=True, window_size=window, lighting="none")
        try:
            self._plotter.render_window.SetMultiSamples(0)
            width = LINE_WIDTH * self._factor * line_width
            self.stage = stage_for(self._plotter, role, line_width=width)
            if transparent:
                self._plotter.render_window.SetAlphaBitPlanes(1)
                self._plotter.set_background("black")
                self._plotter.renderer.GradientBackgroundOff()
            self.stage.set_transfer(transfer)
            self.stage.set_layers(layers)
            self.stage.set_evolution(prepared)
            if details is not None:
                self.stage.set_details(details)
        except BaseException:
            self._plotter.close()
            raise

    def __enter__(self) -> Easel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the graphics."""
        self._plotter.close()

    def take(self, prepared: PreparedEvolution, details: Details | None) -> None:
        """Draw another evolution from now on.

        Parameters
        ----------
        prepared : PreparedEvolution
            The evolution.
        details : Details or None
            What further layers show.
        """
        self.stage.set_evolution(prepared)
        if details is not None:
            self.stage.set_details(details)

    def draw(self, index: int, camera: CameraState) -> NDArray[np.uint8]:
        """Draw a frame.

        Parameters
        ----------
        index : int
            The frame.
        camera : CameraState
            The eye.

        Returns
        -------
        ndarray of uint8
            (height, width, 3) sRGB, or (height, width, 4) with the colours
            multiplied by the opacity, if it is transparent.
        """
        self.stage.set_camera(camera)
        self.stage.show(index)
        large = self._pixels()
        width, height = self.size
        factor = self._factor
        # Tiles are of whole pixels: what they are too large is cut off around the middle.
        top = (large.shape[0] - height * factor) // 2
        left = (large.shape[1] - width * factor) // 2
        large = large[top : top + height * factor, left : left + width * factor]
        return reduced(large, factor)

    def _pixels(self) -> NDArray[np.uint8]:
        """Draw the window, tile by tile where it is larger than what is drawn at once."""
        window = self._plotter.render_window
        window.Render()
        reader = vtkWindowToImageFilter()
        reader.SetInput(window)
        reader.SetScale(self._tiles)
        reader.ReadFrontBufferOn()
        reader.ShouldRerenderOff()  # it draws tiles itself, but what is one tile it only reads
        if self._transparent:
            reader.SetInputBufferTypeToRGBA()
        reader.Update()
        image = reader.GetOutput()
        width, height, _ = image.GetDimensions()
        values = vtk_to_numpy(image.GetPointData().GetScalars())
        # A copy: what VTK has made goes with the reader.
        return np.array(values.reshape(height, width, -1)[::-1])


def reduced(large: NDArray[np.uint8], factor: int) -> NDArray[np.uint8]:
    """Average blocks of pixels.

    Parameters
    ----------
    large : ndarray of uint8
        (factor * height, factor * width, channels).
    factor : int
        Edge of a block.

    Returns
    -------
    ndarray of uint8
        (height, width, channels).
    """
    if factor == 1:
        return np.ascontiguousarray(large)
    # Strips are added up one by one: no copy of the large picture in a larger type.
    sums = np.zeros((large.shape[0] // factor, large.shape[1] // factor, large.shape[2]), np.uint16)
    for row in range(factor):
        for column in range(factor):
            sums += large[row::factor, column::factor]
    return ((sums + factor**2 // 2) // factor**2).astype(np.uint8)
