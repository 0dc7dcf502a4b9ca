"""Every command of the window: name, key, icon and what it does, in one table.

Menus, tool buttons and the cheat sheet are made from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from app.theme import Theme


@dataclass(frozen=True)
class Command:
    """One command.

    Parameters
    ----------
    key : str
        What the program calls it.
    menu : str
        The menu it is in.
    text : str
        Its name in the menu.
    tip : str
        What it does.
    shortcut : str
        Its keys, or "".
    icon : str
        Name of its icon, or "".
    checkable : bool
        Whether it is on or off.
    also : str
        Other keys for the same, or "".
    """

    key: str
    menu: str
    text: str
    tip: str
    shortcut: str = ""
    icon: str = ""
    checkable: bool = False
    also: str = ""


SEPARATOR = Command("", "", "", "")


def _in(menu: str, *commands: Command | tuple) -> tuple[Command, ...]:
    return tuple(c if isinstance(c, Command) else Command(c[0], menu, *c[1:]) for c in commands)


COMMANDS: tuple[Command, ...] = (
    *_in(
        "File",
        ("open_file", "Open File…", "Open a snapshot", "Ctrl+O", "folder-open"),
        (
            "open_folder",
            "Open Folder…",
            "Open a directory with the snapshots of one run",
            "Ctrl+Shift+O",
            "folder",
        ),
        (
            "open_as",
            "Open As…",
            "Choose the format too, where its detection goes wrong",
            "Ctrl+Alt+O",
        ),
        (
            "new_supernova",
            "New Supernova…",
            "Simulate an explosion in a cloud of your own, with a forecast beside it",
            "Ctrl+N",
            "sparkle",
        ),
        (
            "open_sample",
            "Open Sample",
            "Open the simulation that ships with Shellsight",
            "",
            "cube",
        ),
        (
            "watch",
            "Watch Folder",
            "Pick up new snapshots of a running simulation",
            "",
            "broadcast",
            True,
        ),
        SEPARATOR,
        (
            "open_session",
            "Open Session…",
            "Bring back what a session, or a picture that carries one, has kept",
            "Ctrl+Alt+R",
            "clock-counter-clockwise",
        ),
        (
            "save_session",
            "Save Session…",
            "Keep what is open: files, place, views, colours, time and forecasts",
            "Ctrl+Alt+S",
            "bookmark-simple",
        ),
        ("save_session_as", "Save Session As…", "Keep what is open under another name"),
        (
            "recover",
            "Restore What Was Open",
            "Bring back what was open when the program ended unexpectedly",
        ),
        SEPARATOR,
        (
            "control_folder",
            "Open Control Folder…",
            "Open the same run without the explosion, to compare with",
            "",
            "minus-circle",
        ),
        (
            "control_file",
            "Open Control File…",
            "Open the same run without the explosion, to compare with",
        ),
        SEPARATOR,
        (
            "save_forecast",
            "Save Forecast…",
            "Write the forecast to a file",
            "Ctrl+S",
            "floppy-disk",
        ),
        (
            "copy_picture",
            "Copy Picture",
            "Put a picture of the views on the clipboard",
            "Ctrl+Alt+C",
            "copy-simple",
        ),
        (
            "copy_table",
            "Copy Measurements",
            "Put the table of the frame shown on the clipboard",
            "Ctrl+Shift+C",
            "copy",
        ),
        SEPARATOR,
        ("close_file", "Close File", "Close what is open", "Ctrl+W"),
        ("quit", "Quit", "Close the window; work that goes on is stopped", "Ctrl+Q"),
    ),
    *_in(
        "Export",
        (
            "save_picture",
            "Picture…",
            "Draw the views in any size: PNG, JPEG or TIFF",
            "Ctrl+E",
            "camera",
        ),
        (
            "export_movie",
            "Movie…",
            "Draw the views through time, turning, or both: MP4 or GIF",
            "Ctrl+Shift+M",
            "film-strip",
        ),
        SEPARATOR,
        (
            "export_surfaces",
            "Surfaces…",
            "Write the shell of the truth or the forecast as triangles: PLY, STL or VTP",
        ),
        (
            "export_truth",
            "Cubes of the Truth…",
            "Write the cubes for The Well, ParaView or NumPy",
            "",
            "export",
        ),
        (
            "export_forecast",
            "Cubes of the Forecast…",
            "Write the forecast for The Well, ParaView or NumPy",
        ),
        (
            "export_comparison",
            "Comparison…",
            "Write the figures of all frames to a CSV file",
            "Ctrl+Shift+E",
            "table",
        ),
        (
            "export_plots",
            "Plots…",
            "Write the plots as a figure for a paper: PNG, SVG or PDF",
            "Ctrl+Alt+E",
            "chart-line",
        ),
        SEPARATOR,
        (
            "export_ids",
            "IDs of Affected Particles…",
            "Write the particles that the forecast blast wave reaches, and when, to a CSV file; "
            "those in the region of the coverage, where that is shown",
        ),
        (
            "export_subset",
            "Affected Particles as a Snapshot…",
            "Write the particles that the forecast blast wave reaches in the file's own format",
        ),
    ),
    *_in(
        "Edit",
        (
            "undo",
            "Undo",
            "Take back the last change of the layers, the colours or the place of the cube",
            "Ctrl+Z",
            "arrow-u-up-left",
        ),
        ("redo", "Redo", "Do again what was undone", "Ctrl+Shift+Z", "arrow-u-up-right"),
        SEPARATOR,
        (
            "preferences",
            "Preferences…",
            "Theme, units, the model to begin with, threads, cache",
            "Ctrl+,",
            "sliders-horizontal",
        ),
    ),
    *_in(
        "Place",
        ("cut_out", "Cut Out", "Read the cube from every snapshot", "Return", "cube"),
        (
            "choose_place",
            "Choose Another Place",
            "Show the whole snapshot to choose the place of the explosion",
            "P",
            "crosshair",
        ),
        SEPARATOR,
        (
            "find_sites",
            "Look for Candidates",
            "List stars about to explode, the hottest and the densest gas",
            "",
            "magnifying-glass",
        ),
        (
            "load_sites",
            "Load List of Places…",
            "List the places of a CSV file with the columns x, y, z in pc",
            "",
            "list-plus",
        ),
    ),
    *_in(
        "Forecast",
        ("forecast", "Forecast", "Forecast what an explosion does to the gas", "F", "sparkle"),
        ("cancel", "Cancel", "Stop the forecast, or the reading of a file", "Esc", "x"),
        (
            "live",
            "Live",
            "Drag the explosion through the cloud, and the forecast follows",
            "V",
            "crosshair",
            True,
        ),
        (
            "compare",
            "Compare Forecasts…",
            "Show the figures of all forecasts side by side",
            "",
            "table",
        ),
        SEPARATOR,
        ("play", "Play or Pause", "Let the frames follow each other", "Space", "play"),
        ("step_back", "One Frame Back", "Show the frame before", "Left", "caret-left"),
        ("step_on", "One Frame On", "Show the next frame", "Right", "caret-right"),
        ("first", "First Frame", "Show the first frame", "Home", "skip-back"),
        ("last", "Last Frame", "Show the last frame", "End", "skip-forward"),
        SEPARATOR,
        (
            "evaluate",
            "Evaluate Networks…",
            "Measure networks on a folder of simulations, beside simple baselines",
            "",
            "chart-bar",
        ),
        (
            "fine_tune",
            "Fine-Tune a Network…",
            "Train a network further on simulations of your own",
            "",
            "graduation-cap",
        ),
    ),
    *_in(
        "View",
        ("reset_camera", "Reset Camera", "Show the whole cube", "R", "arrow-counter-clockwise"),
        ("link", "Link Cameras", "Turn all views together", "L", "link", True),
        (
            "align",
            "Align Views to This One",
            "Let the other views look from where the one under the mouse does",
            "A",
        ),
        (
            "orthographic",
            "Orthographic",
            "Look along parallel lines: what is farther away is not smaller",
            "O",
            "",
            True,
        ),
        SEPARATOR,
        ("show_truth", "Truth", "Show or hide the view of the truth", "1", "", True),
        ("show_forecast", "Forecast", "Show or hide the view of the forecast", "2", "", True),
        (
            "show_third",
            "Third View",
            "Show or hide the third view: difference, uncertainty or control",
            "3",
            "columns",
            True,
        ),
        (
            "maximise",
            "Maximise View",
            "Give the view under the mouse all the room, or share it again",
            "Z",
            "",
            True,
        ),
        SEPARATOR,
        (
            "ruler",
            "Ruler",
            "Measure a distance: drag from one point to another; Esc ends it",
            "M",
            "ruler",
            True,
        ),
        (
            "plane_back",
            "Move Plane Back",
            "Move the plane under the mouse, or that moved last, back by a cell",
            "[",
        ),
        (
            "plane_on",
            "Move Plane On",
            "Move the plane under the mouse, or that moved last, on by a cell",
            "]",
        ),
        ("cut", "Cut", "Leave out the gas that faces the eye", "X", "scissors", True),
        ("slices", "Slices", "Show the mid-plane under each view", "S", "rows", True),
        (
            "overlay",
            "Overlay the Other Shell",
            "Show rings of the true shell on the forecast, and of the forecast's on the truth",
            "T",
            "intersect",
            True,
        ),
        SEPARATOR,
        ("left", "Data and Layers", "Show or hide the left panels", "F2", "list-bullets", True),
        (
            "bottom",
            "Timeline and Plots",
            "Show or hide the bottom panels",
            "F3",
            "chart-line",
            True,
        ),
        (
            "right",
            "Forecast and Measurements",
            "Show or hide the right panels",
            "F4",
            "table",
            True,
        ),
        SEPARATOR,
        ("dark", "Dark", "Dark window", "", "moon", True),
        ("light", "Light", "Light window; the views stay dark", "", "sun", True),
        ("system", "As the System", "Dark or light, as the system is", "", "desktop", True),
        SEPARATOR,
        ("full_screen", "Full Screen", "Fill the screen", "F11", "", True),
    ),
    *_in(
        "Third View Shows",
        (
            "third_difference",
            "Difference",
            "How forecast and truth differ: rose where the forecast is emptier, gold where denser",
            "",
            "",
            True,
        ),
        (
            "third_uncertainty",
            "Uncertainty",
            "How likely, by the forecast, the explosion has lowered the density by a tenth",
            "",
            "",
            True,
        ),
        ("third_control", "Control", "The gas without the explosion", "", "", True),
    ),
    *_in(
        "Look From",
        ("look_+x", "+x", "Look from the side of large x", "4"),
        ("look_+y", "+y", "Look from the side of large y", "5"),
        ("look_+z", "+z", "Look from above, from the side of large z", "6"),
        ("look_-x", "−x", "Look from the side of small x", "Ctrl+4"),
        ("look_-y", "−y", "Look from the side of small y", "Ctrl+5"),
        ("look_-z", "−z", "Look from below, from the side of small z", "Ctrl+6"),
        ("look_isometric", "Isometric", "Look along the diagonal of the cube", "7"),
    ),
    *_in(
        "Help",
        ("guide", "Guide", "What can be done, and how, with pictures", "F1", "book-open"),
        (
            "palette",
            "Command Palette…",
            "Find a command, a recent file or a model by a few letters",
            "Ctrl+K",
            "magnifying-glass",
            False,
            "Ctrl+Shift+P",
        ),
        ("keys", "Keyboard Shortcuts", "All keys on one sheet", "?", "keyboard"),
        ("about", "About Shellsight", "Versions of everything that matters", "", "info"),
    ),
)

MOUSE = (
    ("Drag", "Turn the cube"),
    ("Shift + drag", "Move the cube"),
    ("Wheel", "Zoom; on the timeline, step"),
    ("Drag a plane", "Move it along its normal"),
    ("Ctrl + drag the free plane", "Turn it"),
    ("Shift + wheel on a plane", "Move it by a cell"),
    ("Double-click on a title", "Give that view all the room"),
    ("Double-click on gas", "Put the explosion there"),
    ("Click in a plot", "Go to that time"),
    ("Drop a file", "Open it"),
)


class Actions(QObject):
    """The commands as `QAction`.

    Parameters
    ----------
    handlers : Mapping of str to callable
        What each command does; checkable ones receive the new state.
    theme : Theme
        Colours the icons.
    parent : QWidget
        The window whose keys they are.
    """

    def __init__(
        self, handlers: Mapping[str, Callable[..., object]], theme: Theme, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._actions: dict[str, QAction] = {}
        for command in COMMANDS:
            if command.key:
                self._actions[command.key] = self._make(command, handlers[command.key], parent)
        theme.changed.connect(self._recolor)

    def __getitem__(self, key: str) -> QAction:
        return self._actions[key]

    def __contains__(self, key: str) -> bool:
        return key in self._actions

    def _make(self, command: Command, handler: Callable[..., object], parent: QWidget) -> QAction:
        action = QAction(command.text, parent)
        action.setObjectName(command.key)
        action.setCheckable(command.checkable)
        keys = f" ({key_text(command.shortcut)})" if command.shortcut else ""
        action.setToolTip(command.tip + keys)
        action.setStatusTip(command.tip)
        if command.shortcut:
            keys_of = (command.shortcut, command.also)
            action.setShortcuts([QKeySequence(keys) for keys in keys_of if keys])
        if command.icon:
            action.setIcon(self._theme.icon(command.icon))
            action.setIconVisibleInMenu(False)
        if command.checkable:
            action.toggled.connect(handler)
        else:
            action.triggered.connect(lambda _checked=False: handler())
        parent.addAction(action)
        return action

    def _recolor(self) -> None:
        for command in COMMANDS:
            if command.icon:
                self._actions[command.key].setIcon(self._theme.icon(command.icon))


def key_text(shortcut: str) -> str:
    """Return a shortcut as people read it."""
    names = {"Left": "←", "Right": "→"}
    return names.get(shortcut) or QKeySequence(shortcut).toString(
        QKeySequence.SequenceFormat.NativeText
    )
