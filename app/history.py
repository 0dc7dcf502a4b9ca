"""What can be undone: the edits of the look and of the place of the cube. No Qt.

An edit keeps only the fields that it changed, so that undoing it leaves alone
what the program itself has set meanwhile, as the colours of another cube.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from app.data.place import Place
from app.document import Document
from app.events import LookChanged, PlaceChanged, SourceChanged
from app.look import VIEW_ROLES, Look

MERGE_S = 0.7
"""Changes of the same fields that follow each other faster are one edit."""

MAX_EDITS = 200

LABELS = {
    "volume": "gas",
    "volume_opacity": "opacity of gas",
    "shell": "shell",
    "shell_opacity": "opacity of shell",
    "shell_level": "level of shell",
    "volume_field": "field of gas",
    "shell_style": "style of shell",
    "affected": "affected region",
    "affected_style": "style of affected region",
    "cavity_style": "style of cavity",
    "dense": "dense shell",
    "dense_style": "style of dense shell",
    "probable": "surface of probability",
    "probable_level": "level of probability",
    "probable_style": "style of probability",
    "reached": "surface of coverage",
    "reached_style": "style of coverage",
    "overlay": "overlay of shells",
    **{f"plane_{axis}": f"plane across {axis}" for axis in "xyz"},
    **{f"plane_{axis}_pc": f"place of plane across {axis}" for axis in "xyz"},
    "plane_free": "free plane",
    "plane_free_pc": "place of free plane",
    "free_azimuth_deg": "azimuth of free plane",
    "free_elevation_deg": "tilt of free plane",
    "free_direction": "direction of free plane",
    "planes_opacity": "opacity of planes",
    "cube_particles": "particles",
    "reached_particles": "particles reached",
    "velocity": "arrows of velocity",
    "velocity_scale": "length of arrows",
    "box": "edges of cube",
    "site": "marker of explosion",
    "colormap": "colour map",
    "range_dex": "range of colours",
    "opacity_points": "opacity curve",
    "linked": "linking of cameras",
    "place": "place of cube",
    "transfer": "colours",
}
"""What fields are called in the menu, where their name with blanks does not say it."""

DIRECTION = ("free_azimuth_deg", "free_elevation_deg")

Path = tuple[str, ...]
"""Names of fields, from the outside in."""

_State = TypeVar("_State")


@dataclass(frozen=True)
class Edit:
    """One thing that can be undone.

    Parameters
    ----------
    before, after : Mapping of tuple of str to object
        The values of the fields that changed.
    """

    before: Mapping[Path, Any]
    after: Mapping[Path, Any]

    @property
    def text(self) -> str:
        """What was changed, for people."""
        return describe(tuple(self.before))


def differences(before: object, after: object, path: Path = ()) -> dict[Path, tuple[Any, Any]]:
    """Compare two values of one dataclass field by field, dataclasses within them too.

    Parameters
    ----------
    before, after : object
        The values.
    path : tuple of str
        Where they are in what is compared as a whole.

    Returns
    -------
    dict of tuple of str to (object, object)
        The fields that differ, with both values.
    """
    if before == after:
        return {}
    if not path or (is_dataclass(before) and type(before) is type(after)):
        found: dict[Path, tuple[Any, Any]] = {}
        for item in fields(before):  # type: ignore[arg-type]
            name = item.name
            found |= differences(getattr(before, name), getattr(after, name), (*path, name))
        return found
    return {path: (before, after)}


def with_values(state: _State, values: Mapping[Path, Any]) -> _State:
    """Return a dataclass with other values of some fields, however deep they are.

    Parameters
    ----------
    state : dataclass
        What to begin with.
    values : Mapping of tuple of str to object
        The new values; all of one dataclass are set at once.

    Returns
    -------
    dataclass
        The other.

    Raises
    ------
    InvalidRequest
        If the values do not go together.
    """
    changes: dict[str, Any] = {}
    inside: dict[str, dict[Path, Any]] = {}
    for (name, *rest), value in values.items():
        if rest:
            inside.setdefault(name, {})[tuple(rest)] = value
        else:
            changes[name] = value
    for name, inner in inside.items():
        changes[name] = with_values(getattr(state, name), inner)
    return replace(state, **changes)  # type: ignore[type-var]


def describe(paths: tuple[Path, ...]) -> str:
    """Say in a few words what fields are about.

    Parameters
    ----------
    paths : tuple of tuple of str
        The fields.

    Returns
    -------
    str
        For example "opacity of gas", or "layers" for several.
    """
    names = {path[-1] for path in paths}
    heads = {path[0] for path in paths}
    if names == {*DIRECTION}:
        # Both at once: the plane was turned with the mouse.
        names = {"free_direction"}
    views = heads & set(VIEW_ROLES)
    if len(names) == 1:
        name = names.pop()
        text = LABELS.get(name, name.replace("_", " "))
        return f"{text} ({views.pop()})" if len(heads) == len(views) == 1 else text
    if len(heads) == 1 and not views:
        head = heads.pop()
        return LABELS.get(head, head.replace("_", " "))
    return "layers" if heads == views else "look"


class History:
    """The edits of a document, to go back and forth in.

    Parameters
    ----------
    document : Document
        What is edited.
    held : callable, optional
        Whether a button of the mouse is down: what changes meanwhile is one
        edit, until `release`.
    clock : callable, optional
        The time in seconds.
    """

    def __init__(
        self,
        document: Document,
        held: Callable[[], bool] = lambda: False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._document = document
        self._held, self._clock = held, clock
        self._done: list[Edit] = []
        self._undone: list[Edit] = []
        self._listeners: list[Callable[[], None]] = []
        self._last = float("-inf")
        self._gesture = False
        self._applying = False
        self._source = self._what_is_open()
        self._look, self._place = document.look, document.place
        document.subscribe(LookChanged, lambda event: self._on_look(event.edit))
        document.subscribe(PlaceChanged, lambda _: self._on_place())
        document.subscribe(SourceChanged, lambda _: self._on_source())

    def on_change(self, listener: Callable[[], None]) -> None:
        """Call a listener whenever something else can be undone or redone."""
        self._listeners.append(listener)

    @property
    def undo_text(self) -> str:
        """What would be undone, or ""."""
        return self._done[-1].text if self._done else ""

    @property
    def redo_text(self) -> str:
        """What would be done again, or ""."""
        return self._undone[-1].text if self._undone else ""

    def __len__(self) -> int:
        return len(self._done)

    def clear(self) -> None:
        """Forget everything that could be undone."""
        self._done, self._undone = [], []
        self._last, self._gesture = float("-inf"), False
        self._tell()

    def release(self) -> None:
        """End the gesture: the button of the mouse is up."""
        self._gesture = False

    def undo(self) -> str:
        """Take back the last edit.

        Returns
        -------
        str
            What was undone, or "".
        """
        return self._go(self._done, self._undone, back=True)

    def redo(self) -> str:
        """Do again what was undone last.

        Returns
        -------
        str
            What was done again, or "".
        """
        return self._go(self._undone, self._done, back=False)

    def _go(self, source: list[Edit], target: list[Edit], *, back: bool) -> str:
        if not source:
            return ""
        edit = source.pop()
        target.append(edit)
        values = dict(edit.before if back else edit.after)
        place = values.pop(PLACE, None)
        self._applying = True
        try:
            if values:
                self._document.set_look(with_values(self._document.look, values), edit=False)
            if place is not None:
                self._document.move(place)
        finally:
            self._applying = False
            self._look, self._place = self._document.look, self._document.place
            # What comes next is a new edit, however soon.
            self._last, self._gesture = float("-inf"), False
            self._tell()
        return edit.text

    def _on_look(self, edit: bool) -> None:
        look = self._document.look
        before: Look = self._look
        self._look = look
        if edit and not self._applying:
            self._record(differences(before, look))

    def _on_place(self) -> None:
        place = self._document.place
        before: Place | None = self._place
        self._place = place
        # Where there was no cube, or is none now, there is nothing to go back to.
        if before is not None and place is not None and place != before and not self._applying:
            self._record({PLACE: (before, place)})

    def _on_source(self) -> None:
        self._place = self._document.place
        source = self._what_is_open()
        if source != self._source:
            self._source = source
            self.clear()

    def _what_is_open(self) -> object:
        source = self._document.source
        if source is None:
            return None
        request = source.request
        return source.path, (request.paths, request.trajectory) if request is not None else None

    def _record(self, changed: Mapping[Path, tuple[Any, Any]]) -> None:
        if not changed:
            return
        before = {path: pair[0] for path, pair in changed.items()}
        after = {path: pair[1] for path, pair in changed.items()}
        now = self._clock()
        soon = self._gesture or now - self._last < MERGE_S
        last = self._done[-1] if self._done else None
        same = last is not None and last.before.keys() == before.keys()
        # One gesture may change now one field, now two.
        if last is not None and soon and not self._undone and (same or self._gesture):
            self._done.pop()
            before |= last.before
            after = dict(last.after) | after
            still = {path: value for path, value in before.items() if value != after[path]}
            before, after = still, {path: after[path] for path in still}
        self._undone.clear()
        if before:
            self._done.append(Edit(before, after))
            del self._done[:-MAX_EDITS]
        self._last, self._gesture = now, self._held()
        self._tell()

    def _tell(self) -> None:
        for listener in tuple(self._listeners):
            listener()


PLACE: Path = ("place",)
"""Where an edit keeps the place of the cube, among the fields of the look."""
