"""Surfaces that are seen through: some of their pixels are left out.

To VTK they stay opaque, which is the only kind that can be composited with a
volume from every side.
"""

from __future__ import annotations

from vtkmodules.vtkRenderingCore import vtkActor

# The threshold is interleaved gradient noise (Jimenez 2014), finer to the eye than a Bayer matrix.
_SHADER = """//VTK::Light::Impl
  float door = fract(52.9829189 * fract(dot(gl_FragCoord.xy, vec2(0.06711056, 0.00583715))));
  if (door >= doorOpacity) { discard; }
"""


class ScreenDoor:
    """The opacity of an actor.

    Parameters
    ----------
    actor : vtkActor
        Drawn opaque.
    """

    def __init__(self, actor: vtkActor) -> None:
        self._actor = actor
        self._opacity = 1.0

    def set_opacity(self, opacity: float) -> None:
        """Let 0 to 1 of the actor's pixels through to the eye."""
        if opacity == self._opacity:
            return
        shader = self._actor.GetShaderProperty()
        if self._opacity >= 1.0:
            shader.AddFragmentShaderReplacement("//VTK::Light::Impl", True, _SHADER, False)
        if opacity >= 1.0:
            shader.ClearAllFragmentShaderReplacements()
        shader.GetFragmentCustomUniforms().SetUniformf("doorOpacity", float(opacity))
        self._opacity = opacity
