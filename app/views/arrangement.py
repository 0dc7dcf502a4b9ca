"""The commands that arrange the views and put the eye somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject

from app.document import Document
from app.look import THIRD_KINDS, VIEW_ROLES, ThirdKind, ViewRole
from app.scene.camera import STANDARD_VIEWS
from app.views.centre import Centre
from app.views.view_buttons import maximised

VIEW_COMMANDS: dict[str, ViewRole] = {f"show_{role}": role for role in VIEW_ROLES}
THIRD_COMMANDS: dict[str, ThirdKind] = {f"third_{kind}": kind for kind in THIRD_KINDS}
EYE_COMMANDS: dict[str, str] = {f"look_{name}": name for name in STANDARD_VIEWS}


class Arrangement(QObject):
    """Shows, hides and maximises views, chooses what the third one shows, turns all of them.

    Checkable commands say what is so; told what is so already they do nothing.

    Parameters
    ----------
    document : Document
        Keeps the look.
    centre : callable
        Finds the views, which are made after the commands.
    parent : QObject
        The parent.
    """

    def __init__(self, document: Document, centre: Callable[[], Centre], parent: QObject) -> None:
        super().__init__(parent)
        self._document, self._centre = document, centre

    def commands(self) -> dict[str, Callable[..., object]]:
        """Return what each command does, by its key."""
        return {
            **{key: partial(self.show_view, role) for key, role in VIEW_COMMANDS.items()},
            **{key: partial(self.show_third, kind) for key, kind in THIRD_COMMANDS.items()},
            **{key: partial(self.look_from, name) for key, name in EYE_COMMANDS.items()},
            "maximise": self.maximise,
            "align": lambda: self._centre().align(),
            "orthographic": lambda on: self._document.change_look(orthographic=on),
        }

    def enabled(self) -> dict[str, bool]:
        """Return which of them make sense now."""
        document = self._document
        look = document.look
        cubes = document.source is not None and not document.choosing
        several = len(look.shown) > 1
        can = {key: cubes for key in (*VIEW_COMMANDS, *THIRD_COMMANDS, *EYE_COMMANDS)}
        for key, role in VIEW_COMMANDS.items():
            can[key] = cubes and look.shown != (role,)
        can["maximise"] = cubes and (several or bool(look.maximised))
        can["align"] = cubes and several
        can["orthographic"] = cubes
        return can

    def checked(self) -> dict[str, bool]:
        """Return the state of those that are on or off."""
        look = self._document.look
        third = look.third_kind if "third" in look.shown else None
        return {
            **{key: role in look.shown for key, role in VIEW_COMMANDS.items()},
            **{key: kind == third for key, kind in THIRD_COMMANDS.items()},
            "maximise": bool(look.maximised),
            "orthographic": look.orthographic,
        }

    def show_view(self, role: ViewRole, on: bool) -> None:
        """Show or hide a view beside those that are seen."""
        self._document.set_look(self._document.look.with_shown(role, on))

    def show_third(self, kind: ThirdKind, on: bool) -> None:
        """Show something in the third view, or hide the view that shows it."""
        document = self._document
        look = document.look
        if on and (look.third_kind != kind or "third" not in look.shown):
            document.set_look(replace(look.with_shown("third", True), third_kind=kind))
        elif not on and look.third_kind == kind:
            document.set_look(look.with_shown("third", False))

    def maximise(self, on: bool) -> None:
        """Give the view under the mouse all the room, or share it again."""
        look = self._document.look
        if on != bool(look.maximised):
            self._document.set_look(maximised(look, self._centre().current_role, on))

    def look_from(self, name: str) -> None:
        """Put the eye on an axis or on the diagonal."""
        self._centre().look_from(name)
