"""What is asked before a picture or a movie is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from PySide6.QtWidgets import QSpinBox, QWidget

from app.exports.export_choice import (
    ALL,
    MOVIE_FORMATS,
    PICTURE_FORMATS,
    MovieChoice,
    PictureChoice,
    Screens,
)
from app.exports.export_form import ExportDialog, check, select
from app.exports.pictures import MOST_SCALE, estimated_bytes
from app.exports.reel import BETWEEN, MOST_FPS, MOST_SECONDS, MOTIONS
from app.form_parts import combo, number
from app.panels.parts import inset


class PictureDialog(ExportDialog):
    """Asks for a picture (see `ExportDialog`)."""

    def __init__(
        self,
        views: Sequence[tuple[str, str]],
        screens: Screens,
        choice: PictureChoice,
        seconds_per_megapixel: float = 0.0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__("Export a Picture", views, screens, choice, seconds_per_megapixel, parent)
        self.scale = combo(
            [(factor, f"{factor} ×") for factor in range(1, MOST_SCALE + 1)],
            "Enlargement",
            "Draw as many pixels more along each side; letters and lines grow with them",
        )
        select(self.scale, choice.scale)
        self.format = combo(
            PICTURE_FORMATS, "Format", "A PNG also holds the session: open it to go on from there"
        )
        select(self.format, choice.suffix)
        self.transparent = check(
            "Transparent background", choice.transparent, "Nothing behind gas and shell"
        )
        self.form.addRow("Enlarge", self.scale)
        self.form.addRow("Format", self.format)
        self.finish()
        self.form.addRow("", self.transparent)
        self.scale.currentIndexChanged.connect(lambda _: self.estimate())
        self.format.currentIndexChanged.connect(lambda _: self._on_format())
        self._on_format()

    @property
    def choice(self) -> PictureChoice:
        """What is chosen now."""
        return PictureChoice(
            views=self.views.currentData(),
            width=self.width_spin.value(),
            height=self.height_spin.value(),
            scale=self.scale.currentData(),
            transparent=self.transparent.isChecked(),
            annotations=self.annotations.isChecked(),
            color_bar=self.color_bar.isChecked(),
            suffix=self.format.currentData(),
            slices=self.slices.isChecked(),
        )

    def _on_format(self) -> None:
        self.transparent.setEnabled(self.format.currentData() != ".jpg")
        self.estimate()

    def described(self) -> str:
        """Say what will come out."""
        choice = self.choice
        sheet = choice.sheet
        width, height = sheet.size
        size = estimated_bytes(sheet, choice.suffix) / 1e6
        keeps = " · holds the session" if choice.suffix == ".png" else ""
        return f"{width} × {height} pixels · about {size:.2g} MB{self.time_text(sheet)}{keeps}"


class MovieDialog(ExportDialog):
    """Asks for a movie.

    Parameters
    ----------
    views, screens, choice, seconds_per_megapixel, parent
        See `ExportDialog`.
    n_snapshots : int
        The snapshots that a movie through time goes through.
    """

    def __init__(
        self,
        views: Sequence[tuple[str, str]],
        screens: Screens,
        choice: MovieChoice,
        seconds_per_megapixel: float = 0.0,
        parent: QWidget | None = None,
        *,
        n_snapshots: int = 1,
    ) -> None:
        super().__init__("Export a Movie", views, screens, choice, seconds_per_megapixel, parent)
        self._n_snapshots = n_snapshots
        self.motion = combo(
            MOTIONS.items(), "Motion", "What moves: the time, the eye around the cube, or both"
        )
        select(self.motion, choice.motion)
        self.seconds = number(
            0.5, MOST_SECONDS, choice.seconds, 1, "Length of the movie in seconds", " s"
        )
        self.fps = inset(QSpinBox())
        self.fps.setRange(1, MOST_FPS)
        self.fps.setValue(choice.fps)
        self.fps.setSuffix(" pictures a second")
        self.fps.setToolTip("Pictures of the movie a second")
        self.fps.setAccessibleName("Pictures a second")
        self.format = combo(
            MOVIE_FORMATS, "Format", "MP4 plays everywhere; GIF suits small movies on web pages"
        )
        select(self.format, choice.suffix)
        self.fine = check(
            "Smooth edges", choice.fine, "Draw twice as large and reduce: four times as slow"
        )
        self.between = combo(
            BETWEEN.items(),
            "Between snapshots",
            "Pictures between the snapshots, interpolated in the logarithm of the density; where "
            "snapshots are few means fewer than 8 in a second of the movie",
        )
        select(self.between, choice.between)
        self.form.addRow("Motion", self.motion)
        self.form.addRow("Between snapshots", self.between)
        self.form.addRow("Length", self.seconds)
        self.form.addRow("", self.fps)
        self.form.addRow("Format", self.format)
        self.finish()
        self.form.addRow("", self.fine)
        for changed in (
            self.seconds.valueChanged,
            self.fps.valueChanged,
            self.motion.currentIndexChanged,
            self.between.currentIndexChanged,
            self.fine.toggled,
        ):
            changed.connect(lambda _: self.estimate())

    @property
    def choice(self) -> MovieChoice:
        """What is chosen now."""
        return replace(
            cast(MovieChoice, self._choice),
            views=self.views.currentData(),
            width=self.width_spin.value(),
            height=self.height_spin.value(),
            annotations=self.annotations.isChecked(),
            color_bar=self.color_bar.isChecked(),
            motion=self.motion.currentData(),
            fps=self.fps.value(),
            seconds=self.seconds.value(),
            fine=self.fine.isChecked(),
            suffix=self.format.currentData(),
            slices=self.slices.isChecked(),
            between=self.between.currentData(),
        )

    def estimate(self) -> None:
        """Say what will come out, or why nothing can."""
        through_time = self.motion.currentData() != "turntable"
        self.between.setEnabled(through_time and self._n_snapshots > 1)
        super().estimate()

    def described(self) -> str:
        """Say what will come out, and whether all of it was in the snapshots."""
        choice = self.choice
        sheet, reel = choice.sheet, choice.reel
        count = reel.n_pictures
        pictures = "1 picture" if count == 1 else f"{count} pictures"
        width, height = sheet.width - sheet.width % 2, sheet.height - sheet.height % 2
        between = ""
        if reel.interpolates(self._n_snapshots):
            between = f" · interpolated between {self._n_snapshots} snapshots"
        elif reel.motion != "turntable" and self._n_snapshots > 1:
            between = f" · {self._n_snapshots} snapshots, each shown until the next"
        drawing = self.time_text(sheet, reel.n_drawn(self._n_snapshots))
        return f"{pictures} of {width} × {height} pixels{between}{drawing}"


def view_choices(roles: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return what can be drawn: every view that is seen, or one of them.

    Parameters
    ----------
    roles : sequence of (str, str)
        Role and name of each.

    Returns
    -------
    list of (str, str)
        Key and name.
    """
    names = [name for _, name in roles]
    if len(roles) < 2:
        return list(roles)
    return [(ALL, " and ".join([", ".join(names[:-1]), names[-1]])), *roles]
