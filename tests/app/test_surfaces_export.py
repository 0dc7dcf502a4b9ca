"""Shells as triangles for other programs."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import pyvista as pv

from app.exports.provenance import PROVENANCE, SOFTWARE
from app.exports.surfaces import Shells, save_surfaces
from core.errors import Cancelled, InvalidRequest
from tests.helpers import analytic_evolution

CENTER = (100.0, -20.0, 7.0)


@pytest.fixture(scope="module")
def shells():
    evolution = analytic_evolution(32, 4, uniform=True)
    moved = replace(evolution.sequence, center_pc=CENTER)
    return Shells(moved, evolution.control, (0.0, 0.0, 0.0), 0.5)


@pytest.mark.parametrize("suffix", [".ply", ".stl", ".vtp"])
def test_a_surface_has_its_place_and_size(shells, tmp_path, suffix):
    (path,) = save_surfaces(shells, (3,), tmp_path / f"a{suffix}", {"name": "Überrest"})
    assert [file.name for file in tmp_path.iterdir()] == [f"a{suffix}"]
    surface = pv.read(path)
    assert surface.is_all_triangles
    radii = np.linalg.norm(surface.points - np.array(CENTER), axis=1)
    assert radii.mean() == pytest.approx(13.0, abs=0.6)
    assert radii.std() < 0.4
    assert surface.volume == pytest.approx(4 / 3 * np.pi * 13.0**3, rel=0.12)


def test_files_say_where_they_come_from(shells, tmp_path):
    told = {"name": "Überrest", "model": "none"}
    for suffix in (".ply", ".stl", ".vtp"):
        save_surfaces(shells, (3,), tmp_path / f"a{suffix}", told)
    header = (tmp_path / "a.ply").read_bytes().split(b"end_header")[0].decode("ascii")
    line = next(each for each in header.splitlines() if PROVENANCE in each)
    about = json.loads(line.split(": ", 1)[1])
    assert about["name"] == "Überrest"
    assert about["time_myr"] == pytest.approx(0.021)
    assert (tmp_path / "a.stl").read_bytes()[:80].startswith(b"Shellsight")
    surface = pv.read(tmp_path / "a.vtp")
    assert surface.field_data["TimeValue"][0] == pytest.approx(0.021)
    assert json.loads(surface.field_data[PROVENANCE][0])["level"] == 0.5
    assert surface.field_data[SOFTWARE][0].startswith("Shellsight")


def test_frames_are_numbered_and_those_without_a_shell_left_out(shells, tmp_path):
    told = []
    paths = save_surfaces(
        shells, (0, 1, 2, 3), tmp_path / "s.ply", {}, progress=lambda f, t: told.append(f)
    )
    assert [path.name for path in paths] == ["s_0001.ply", "s_0002.ply", "s_0003.ply"]
    assert told[-1] == 1.0


def test_what_cannot_be_written_leaves_nothing(shells, tmp_path):
    with pytest.raises(InvalidRequest, match=r"\.obj"):
        save_surfaces(shells, (3,), tmp_path / "a.obj", {})
    with pytest.raises(InvalidRequest, match="no shell"):
        save_surfaces(shells, (0,), tmp_path / "a.ply", {})
    with pytest.raises(InvalidRequest, match="no directory"):
        save_surfaces(shells, (3,), tmp_path / "no" / "a.ply", {})
    asked = []
    with pytest.raises(Cancelled):
        save_surfaces(
            shells,
            (1, 2, 3),
            tmp_path / "a.ply",
            {},
            cancelled=lambda: bool(asked.append(1)) or len(asked) > 2,
        )
    assert list(tmp_path.iterdir()) == []
