from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from app.exports.board import Board
from app.exports.pictures import Sheet
from app.exports.render import PictureStyle, render_picture, render_pictures, shot_of
from app.exports.sheet_layout import cells
from app.view_state import LayerState
from core.errors import InvalidRequest
from tests.helpers import analytic_evolution

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def evolution():
    return analytic_evolution(16, 6, dimple=0.2)


def colors(image: QImage) -> set[tuple[int, int, int]]:
    small = image.scaled(64, 64)
    return {
        small.pixelColor(x, y).getRgb()[:3]
        for x in range(small.width())
        for y in range(small.height())
    }


def test_one_picture(qapp, evolution):
    image = render_picture(evolution, "forecast", 0.035, (240, 200))
    assert (image.width(), image.height()) == (240, 200)
    assert any(r > 150 and r - g > 60 and b > g for r, g, b in colors(image))
    bare = PictureStyle(layers=LayerState(volume=False, shell=False, box=False, site=False))
    empty = render_picture(evolution, "forecast", 0.035, (240, 200), bare)
    assert len(colors(empty)) < len(colors(image))


def test_side_by_side_is_saved_whole(qapp, evolution, tmp_path):
    path = render_pictures(
        {"truth": evolution, "forecast": evolution}, 0.035, (400, 200), tmp_path / "pair.png"
    )
    image = QImage(str(path))
    assert (image.width(), image.height()) == (400, 200)
    assert [file.name for file in tmp_path.iterdir()] == ["pair.png"]


@pytest.mark.parametrize(
    ("roles", "size", "name"),
    [
        ((), (200, 200), "a.png"),
        (("difference",), (200, 200), "a.png"),
        (("truth",), (20, 200), "a.png"),
        (("truth",), (100, 100), "a.nonsense"),
        (("truth",), (100, 100), "missing/a.png"),
    ],
)
def test_what_cannot_be_drawn_is_refused(qapp, evolution, tmp_path, roles, size, name):
    with pytest.raises(InvalidRequest):
        render_pictures(dict.fromkeys(roles, evolution), 0.0, size, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_works_without_a_display(tmp_path):
    code = (
        # By its path: a package called `tests` may be installed.
        "import runpy; make = runpy.run_path('tests/helpers.py')['analytic_evolution'];"
        "from app.exports.render import render_pictures;"
        f"render_pictures({{'truth': make(16, 3)}}, 0.01, (160, 160), {str(tmp_path / 'a.png')!r})"
    )
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    }
    result = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    assert "bad X server" not in result.stderr
    assert QImage(str(tmp_path / "a.png")).width() == 160


def test_slices_are_drawn_below_the_view(qapp, evolution):
    shot = shot_of({"truth": evolution})
    sheet = Sheet(160, 240, fine=False, slices=True)
    with Board(shot, sheet) as board:
        whole = board.draw(0.035)
    below = cells(sheet, 1)[0].slice
    part = whole.copy(below.left, below.top, below.width, below.height)
    seen = [
        part.pixelColor(x, y).getRgb()[:3] for x in range(below.width) for y in range(below.height)
    ]
    assert any(r > 120 and r - b > 60 for r, g, b in seen)  # the shell, in gold
    assert any(b > 90 and b > r for r, g, b in seen)  # the gas, in blue
    # Nothing behind: where gas is hidden too, the outline floats.
    bare = PictureStyle(layers=LayerState(volume=False, site=False))
    clear = replace(sheet, transparent=True, annotations=False)
    with Board(shot_of({"truth": evolution}, bare), clear) as board:
        image = board.draw(0.035).copy(below.left, below.top, below.width, below.height)
    alphas = [
        image.pixelColor(x, y).alpha() for x in range(below.width) for y in range(below.height)
    ]
    assert min(alphas) == 0
    assert max(alphas) > 100
    assert alphas.count(0) > len(alphas) / 2


def test_the_scale_of_colours_is_in_the_unit_that_is_shown(qapp, evolution):
    def bar(density) -> QImage:
        with Board(replace(shot, density=density), sheet) as board:
            return board.draw(0.0)

    shot, sheet = shot_of({"truth": evolution}), Sheet(200, 200, fine=False)
    mass, number = bar("mass"), bar("number")
    differ = [
        (x, y) for x in range(200) for y in range(200) if mass.pixel(x, y) != number.pixel(x, y)
    ]
    assert differ
    assert all(y > 150 for _, y in differ)  # the words of the scale and nothing else
