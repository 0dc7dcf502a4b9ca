"""Sessions as values and as files, without a window: every field there and back."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, Union

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.data.place import Place
from app.forecasts.forecast_request import ForecastRequest
from app.look import Look
from app.sessions.encoding import decoded, encoded
from app.sessions.fingerprints import (
    END_BYTES,
    FileEntry,
    Fingerprints,
    change,
    find,
    find_all,
    fingerprint,
    size_text,
)
from app.sessions.session import (
    VERSION,
    ForecastEntry,
    Session,
    SourceEntry,
    finite,
    is_session_file,
    parse_session,
    read_session,
    session_json,
    write_session,
)
from app.view_state import CameraState, LayerState, TransferFunction
from core.cutout import Cutout
from core.errors import InvalidRequest
from core.sites import Site
from core.units import UnitSystem

FIXTURE = Path(__file__).parent / "sessions" / "version_1_0.shellsight"

EXAMPLES: dict[type, Any] = {
    Session: Session(),
    SourceEntry: SourceEntry((FileEntry("/data/run"),)),
    FileEntry: FileEntry("/data/run"),
    ForecastEntry: ForecastEntry(),
    ForecastRequest: ForecastRequest(),
    Look: Look(),
    LayerState: LayerState(),
    TransferFunction: TransferFunction(),
    CameraState: CameraState((1.0, 2.0, 3.0)),
    Place: Place(Cutout((1.0, 2.0, 3.0), 60.0)),
    Cutout: Cutout((1.0, 2.0, 3.0), 60.0),
    Site: Site((1.0, 2.0, 3.0), "star", "a star"),
    UnitSystem: UnitSystem(1.0, 1.0, 1.0),
}
"""A value of each kind to begin with."""


def reachable(kind: Any, found: set[type] | None = None) -> set[type]:
    """Every dataclass that a type can hold."""
    found = set() if found is None else found
    if is_dataclass(kind) and isinstance(kind, type):
        if kind not in found:
            found.add(kind)
            for hint in typing.get_type_hints(kind).values():
                reachable(hint, found)
    else:
        for argument in typing.get_args(kind):
            reachable(argument, found)
    return found


def others(kind: Any, value: Any) -> Iterator[Any]:
    """Values of a type that are not the one given."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        yield from itertools.chain.from_iterable(others(each, value) for each in arguments)
    elif origin is Literal:
        yield from (each for each in arguments if each != value)
    elif origin is tuple:
        yield from _other_tuples(arguments, value)
    elif origin in (dict, Mapping) or kind is Mapping:
        yield {"first": EXAMPLES[arguments[1]], "second": next(others(arguments[1], None))}
    elif is_dataclass(kind):
        example = EXAMPLES[kind]
        for field in fields(kind):
            hint = typing.get_type_hints(kind)[field.name]
            yield from _replaced(example, field.name, hint)
        if value != example:
            yield example
    elif kind is bool:
        yield not value
    elif kind is float:
        base = value if isinstance(value, float) else 0.5
        yield from (
            x for x in (0.5 * base, base + 0.25, base - 0.25, 1 / 3, 7.5, 50.0) if x != base
        )
    elif kind is int:
        yield from (x for x in (1, 2, 3, 32, 64) if x != value)
    elif kind is str:
        yield from (x for x in ("another “name”\n", "temperature", "x") if x != value)


def _other_tuples(arguments: tuple, value: Any) -> Iterator[tuple]:
    value = value if isinstance(value, tuple) else ()
    if arguments[-1] is Ellipsis:
        element = value[0] if value else None
        new = next(iter(others(arguments[0], element)), None)
        yield (*value, *value)
        yield from ((*value[:-1], each) for each in others(arguments[0], element))
        yield (new,)
        yield value[:-1]
        return
    start = value or tuple(next(others(each, None)) for each in arguments)
    if start != value:
        yield start
    for index, each in enumerate(arguments):
        for other in others(each, start[index]):
            yield (*start[:index], other, *start[index + 1 :])


def _replaced(example: Any, name: str, hint: Any) -> Iterator[Any]:
    """The example with another value of a field, as far as it allows any."""
    before = getattr(example, name)
    for value in others(hint, before):
        try:
            changed = replace(example, **{name: value})
        except (InvalidRequest, ValueError, TypeError):
            continue
        if changed != example:
            yield changed


def there_and_back(value: Any) -> Any:
    notes: list[str] = []
    back = decoded(type(value), json.loads(json.dumps(encoded(value), allow_nan=False)), "", notes)
    assert notes == []
    return back


FIELDS = [
    (kind, field.name)
    for kind in sorted(reachable(Session), key=lambda k: k.__name__)
    for field in fields(kind)
]


def test_every_kind_has_an_example():
    assert reachable(Session) == set(EXAMPLES)


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=[f"{k.__name__}.{n}" for k, n in FIELDS])
def test_every_field_comes_back(kind, name):
    hint = typing.get_type_hints(kind)[name]
    changed = list(itertools.islice(_replaced(EXAMPLES[kind], name, hint), 4))
    assert changed, f"no other value of {kind.__name__}.{name} was found: extend `others`"
    for value in changed:
        assert there_and_back(value) == value


@pytest.mark.parametrize(("kind", "name"), FIELDS, ids=[f"{k.__name__}.{n}" for k, n in FIELDS])
def test_a_value_of_the_wrong_kind_is_refused_with_its_key(kind, name):
    content = encoded(EXAMPLES[kind])
    content[name] = 3.5 if isinstance(content[name], list) else ["no"]
    with pytest.raises(InvalidRequest, match=rf"^it\.{name}\b"):
        decoded(kind, content, "it")


def test_everything_at_once_comes_back(tmp_path):
    full = Session(
        **{
            field.name: getattr(next(iter(_replaced(Session(), field.name, hint))), field.name)
            for field in fields(Session)
            for hint in (typing.get_type_hints(Session)[field.name],)
        }
    )
    path = tmp_path / "full.shellsight"
    write_session(full, path)
    read = read_session(path)
    assert read.session == full.in_folder(tmp_path)
    assert read.notes == ()
    assert [item.name for item in tmp_path.iterdir()] == ["full.shellsight"]


def test_needs_no_qt():
    code = (
        "import sys, app.sessions.session;"
        "sys.exit(any(m.startswith('PySide6') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------- versions


def test_the_first_version_is_still_read():
    read = read_session(FIXTURE)
    session = read.session
    assert read.notes == ()
    assert session.source.files[0].relative == "../run/snap_000.hdf5"
    assert session.source.units == UnitSystem.parse("length=pc,mass=Msun,velocity=km/s")
    assert session.place == Place(Cutout((30.0, 31.5, 29.0), 60.0), 64, "sph")
    assert session.look.transfer.colormap == "deep-blue"
    assert session.look.transfer.range_dex == (-2.0, 1.75)
    assert session.look.truth.shell_level == 0.9
    assert not session.look.linked
    assert session.cameras["truth"].position == (100.0, 50.0, 25.0)
    assert session.forecasts[0].request == ForecastRequest("default", "cpu", 8, 1e51)
    assert session.forecasts[1].file.name == "run.forecast-2.shell.h5"
    assert session.sites[0].kind == "hottest"
    assert session.time_myr == 0.0975


def _written(**changes) -> str:
    content = json.loads(session_json(Session()))
    return json.dumps({**content, **changes})


def test_what_a_newer_minor_version_adds_is_left_aside_with_a_note():
    content = json.loads(session_json(Session(time_myr=0.05)))
    content["version"] = f"{VERSION[0]}.{VERSION[1] + 7}"
    content["session"]["mood"] = "calm"
    content["session"]["look"]["truth"]["fog"] = 0.5
    session, notes = parse_session(json.dumps(content))
    assert session == Session(time_myr=0.05)
    assert len(notes) == 2
    assert notes[0].startswith("session.mood") or notes[1].startswith("session.mood")
    assert any(note.startswith("session.look.truth.fog") for note in notes)


def test_what_an_older_version_lacks_takes_its_default():
    content = json.loads(session_json(Session(time_myr=0.05)))
    content["session"] = {"time_myr": 0.05, "look": {"slices": False}}
    assert parse_session(json.dumps(content))[0] == Session(time_myr=0.05, look=Look(slices=False))


def test_a_newer_major_version_is_refused():
    with pytest.raises(InvalidRequest, match=r"run\.shellsight was written by a newer Shellsight"):
        parse_session(_written(version=f"{VERSION[0] + 1}.0"), "run.shellsight")


@pytest.mark.parametrize(
    "version", [None, 3, "", "1", "one.two", "1.0.0", "-1.0", "²5.1", "9" * 99]
)
def test_versions_that_are_none_are_refused(version):
    with pytest.raises(InvalidRequest, match="version"):
        parse_session(_written(version=version))


# ---------------------------------------------------------------- damaged files


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not a session"),
        ("{", "line 1"),
        ("[1, 2]", "not a session"),
        ('{"format": "something else"}', "not a session"),
        ("[" * 100_000, "not a session"),
        ("\x00\x01", "not a session"),
        ('{"format": "shellsight-session", "version": "1.0"}', "session must be"),
    ],
)
def test_damaged_files_are_refused(tmp_path, text, words):
    path = tmp_path / "bad.shellsight"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRequest, match=words) as raised:
        read_session(path)
    assert "bad.shellsight" in str(raised.value)


def test_files_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "bad.shellsight"
    path.write_bytes(b"\x89HDF\xff\xfe" * 100)
    with pytest.raises(InvalidRequest, match="no text"):
        read_session(path)
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_session(tmp_path / "nowhere.shellsight")
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_session(tmp_path)


def test_values_that_do_not_go_together_are_refused_with_their_key():
    content = json.loads(session_json(Session()))
    content["session"]["look"]["truth"]["volume_opacity"] = 7
    with pytest.raises(InvalidRequest, match=r"run: session\.look\.truth cannot be used"):
        parse_session(json.dumps(content), "run")
    content = json.loads(session_json(Session()))
    content["session"]["look"]["transfer"]["opacity_points"][2] = [0.1, "much"]
    with pytest.raises(InvalidRequest, match=r"opacity_points\[2\]\[1\] must be a number"):
        parse_session(json.dumps(content))
    content["session"]["look"]["transfer"]["opacity_points"][2] = [0.1]
    with pytest.raises(InvalidRequest, match=r"opacity_points\[2\] must be a list of 2"):
        parse_session(json.dumps(content))


def test_missing_values_are_refused_with_their_key():
    content = json.loads(session_json(Session(cameras={"truth": CameraState((1.0, 2.0, 3.0))})))
    del content["session"]["cameras"]["truth"]["position"]
    with pytest.raises(InvalidRequest, match=r"session\.cameras\.truth\.position is missing"):
        parse_session(json.dumps(content))


# ---------------------------------------------------------------- no numbers


def test_what_is_no_number_is_written_as_nothing_and_read_as_the_default():
    site = Site((1.0, 2.0, 3.0), "star", "a star", value=float("nan"))
    text = session_json(Session(time_myr=float("inf"), sites=(site,)))
    assert "NaN" not in text
    session, notes = parse_session(text)
    assert session.time_myr == 0.0
    assert session.sites[0].value is None
    assert notes == ("session.time_myr has no value; it is as in a new window.",)


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(word):
    text = session_json(Session()).replace('"time_myr": 0.0', f'"time_myr": {word}')
    assert word in text
    with pytest.raises(InvalidRequest, match=r"session\.time_myr must be a number"):
        parse_session(text)


def test_an_eye_that_is_nowhere_is_known():
    assert finite(CameraState((1.0, 2.0, 3.0)))
    assert not finite(CameraState((1.0, float("nan"), 3.0)))
    assert not finite(CameraState((1.0, 2.0, 3.0), view_angle=float("inf")))


def test_numbers_of_numpy_are_numbers():
    camera = CameraState(tuple(np.float32([1, 2, 3])), view_angle=np.float64(30))
    assert there_and_back(camera) == CameraState((1.0, 2.0, 3.0), view_angle=30.0)
    with pytest.raises(TypeError, match="cannot be kept"):
        encoded(np.zeros(3))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(
    path=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    value=_json,
)
@settings(max_examples=200, deadline=None)
def test_whatever_stands_anywhere_is_read_or_refused(path, value):
    content = json.loads(FIXTURE.read_text(encoding="utf-8"))
    spot = content["session"]
    for step in path[:-1]:
        items = list(spot.values()) if isinstance(spot, dict) else spot
        if not items or not isinstance(items[step % len(items)], dict | list):
            break
        spot = items[step % len(items)]
    if isinstance(spot, dict) and spot:
        spot[list(spot)[path[-1] % len(spot)]] = value
    elif isinstance(spot, list) and spot:
        spot[path[-1] % len(spot)] = value
    try:
        session, _ = parse_session(json.dumps(content))
    except InvalidRequest:
        return
    assert parse_session(session_json(session))[0] == session


# ---------------------------------------------------------------- files


def test_only_some_names_are_sessions():
    assert is_session_file(Path("a/run.shellsight"))
    assert is_session_file(Path("a/Picture.PNG"))
    assert not is_session_file(Path("a/run.shell.h5"))


def test_a_picture_without_a_session_says_so(tmp_path):
    from PySide6.QtGui import QImage

    from app.exports.provenance import SESSION, save_image

    image = QImage(4, 4, QImage.Format.Format_RGB32)
    image.fill(0)
    save_image(image, tmp_path / "plain.png", {})
    with pytest.raises(InvalidRequest, match=r"plain\.png carries no session"):
        read_session(tmp_path / "plain.png")
    session = Session(time_myr=0.125)
    save_image(image, tmp_path / "full.png", {SESSION: session_json(session)})
    assert read_session(tmp_path / "full.png").session == session


def test_fingerprints_take_in_both_ends_and_the_size(tmp_path):
    file = tmp_path / "large.bin"
    content = bytearray(b"a" * (4 * END_BYTES))
    file.write_bytes(content)
    first = fingerprint(file)
    assert (first.size, first.files, first.folder) == (4 * END_BYTES, 1, False)
    for where in (0, len(content) - 1):
        changed = bytearray(content)
        changed[where] ^= 1
        file.write_bytes(changed)
        assert fingerprint(file).checksum != first.checksum
    changed = bytearray(content)
    changed[2 * END_BYTES] ^= 1  # the middle is not read
    file.write_bytes(changed)
    assert fingerprint(file).checksum == first.checksum
    file.write_bytes(content[:-1])
    assert fingerprint(file).checksum != first.checksum


def test_every_byte_of_a_small_file_counts(tmp_path):
    file = tmp_path / "small.bin"
    content = bytearray(2 * END_BYTES)
    file.write_bytes(content)
    first = fingerprint(file)
    content[END_BYTES] = 1
    file.write_bytes(content)
    assert fingerprint(file).checksum != first.checksum


def test_a_renamed_file_is_the_same_file(tmp_path):
    (tmp_path / "one").write_bytes(b"content")
    first = fingerprint(tmp_path / "one")
    (tmp_path / "one").rename(tmp_path / "two")
    assert fingerprint(tmp_path / "two").checksum == first.checksum


def test_of_a_folder_the_files_of_the_run_count(tmp_path):
    run = [tmp_path / f"snap_{n}.hdf5" for n in range(3)]
    for file in run:
        file.write_bytes(file.name.encode())
    first = fingerprint(tmp_path, run)
    assert (first.folder, first.files, first.size) == (True, 3, 33)
    (tmp_path / "notes.txt").write_text("mine")
    assert fingerprint(tmp_path, run) == first
    assert fingerprint(tmp_path).files == 4
    run.append(tmp_path / "snap_3.hdf5")
    run[-1].write_bytes(b"new")
    now = fingerprint(tmp_path, run)
    assert "4 files now, 3 when" in change(first, now)
    run[0].write_bytes(b"SNAP_0.hdf5")
    assert "another content" in change(now, fingerprint(tmp_path, run))
    run[0].write_bytes(b"shorter")
    assert "now" in change(now, fingerprint(tmp_path, run))
    assert change(first, first) == change(replace(first, checksum=""), now) == ""


def test_what_has_not_changed_is_not_read_again(tmp_path, monkeypatch):
    import app.sessions.fingerprints

    file = tmp_path / "file"
    file.write_bytes(b"content")
    known = Fingerprints()
    assert known.known(file).checksum == ""
    first = known.read(file)
    assert known.known(file) == first
    with monkeypatch.context() as patch:
        patch.setattr(app.sessions.fingerprints, "fingerprint", None)
        assert known.read(file) == first
    file.write_bytes(b"something else")
    assert known.read(file) != first
    with pytest.raises(InvalidRequest, match="cannot be read"):
        known.read(tmp_path / "nowhere")


def test_files_are_found_from_the_session_first(tmp_path):
    for folder in ("old", "new"):
        (tmp_path / folder / "run").mkdir(parents=True)
        (tmp_path / folder / "run" / "a.hdf5").write_bytes(b"")
    entry = FileEntry(str(tmp_path / "old/run/a.hdf5")).relative_to(tmp_path / "old")
    assert entry.relative == "run/a.hdf5"
    assert find(entry, tmp_path / "new") == tmp_path / "new/run/a.hdf5"
    assert find(entry, tmp_path) == tmp_path / "old/run/a.hdf5"
    assert find(entry, None) == tmp_path / "old/run/a.hdf5"
    gone = FileEntry("/nowhere/run/a.hdf5", "run/b.hdf5")
    assert find(gone, tmp_path / "new") is None
    # A folder is no file, and the other way round.
    assert find(replace(entry, folder=True), tmp_path / "new") is None


def test_locating_one_finds_those_that_moved_with_it(tmp_path):
    for name in ("run/a.hdf5", "control/c.hdf5", "run/f.shell.h5"):
        (tmp_path / "disk" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "disk" / name).write_bytes(b"")
    entries = [
        FileEntry("/gone/data/run/a.hdf5"),
        FileEntry("/gone/data/control/c.hdf5"),
        FileEntry("/gone/data/run/f.shell.h5"),
        FileEntry("/gone/data/control", folder=True),
        FileEntry("/elsewhere/x.hdf5"),
    ]
    assert find_all(entries, tmp_path) == {}
    moved = {entries[0].path: tmp_path / "disk/run/a.hdf5"}
    found = find_all(entries, tmp_path, moved)
    assert found == {
        "/gone/data/run/a.hdf5": tmp_path / "disk/run/a.hdf5",
        "/gone/data/control/c.hdf5": tmp_path / "disk/control/c.hdf5",
        "/gone/data/run/f.shell.h5": tmp_path / "disk/run/f.shell.h5",
        "/gone/data/control": tmp_path / "disk/control",
    }


def test_paths_of_another_system_are_understood(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "a.hdf5").write_bytes(b"")
    entry = FileEntry("D:\\data\\run\\a.hdf5", "run/a.hdf5")
    assert entry.name == "a.hdf5"
    assert find(entry, tmp_path) == tmp_path / "run/a.hdf5"
    assert find(replace(entry, relative=""), tmp_path) is None
    other = FileEntry("D:\\data\\run\\b.hdf5")
    (tmp_path / "run" / "b.hdf5").write_bytes(b"")
    assert find(other, None, {entry.path: tmp_path / "run/a.hdf5"}) == tmp_path / "run/b.hdf5"


def test_a_session_in_another_folder_names_its_files_from_there(tmp_path):
    session = Session(
        source=SourceEntry((FileEntry(str(tmp_path / "run/a.hdf5")),)),
        forecasts=(ForecastEntry(file=FileEntry(str(tmp_path / "f.shell.h5"))), ForecastEntry()),
    )
    there = session.in_folder(tmp_path / "sessions")
    assert there.source.files[0].relative == "../run/a.hdf5"
    assert there.forecasts[0].file.relative == "../f.shell.h5"
    assert there.in_folder(None) == session
    assert [entry.name for entry in there.files] == ["a.hdf5", "f.shell.h5"]
    sample = replace(session, source=replace(session.source, sample=True))
    assert [entry.name for entry in sample.files] == ["f.shell.h5"]


def test_what_is_opened_is_what_was_opened():
    units = UnitSystem.parse("length=kpc,mass=1e10 Msun,velocity=km/s")
    entry = SourceEntry((FileEntry("/a"), FileEntry("/b")), "SWIFT", units, 3)
    place = Place(Cutout((1.0, 2.0, 3.0), 60.0))
    request = entry.request({"/a": Path("/x/a"), "/b": Path("/x/b")}, place)
    assert request.paths == (Path("/x/a"), Path("/x/b"))
    assert (request.format, request.units, request.trajectory) == ("SWIFT", units, 3)
    assert request.place == place
    with pytest.raises(InvalidRequest):
        SourceEntry(())


def test_sizes_as_people_read_them():
    assert [size_text(n) for n in (5, 1500, 12_345_678, 3 * 10**12, 10**16)] == [
        "5 bytes",
        "1.5 kB",
        "12.35 MB",
        "3 TB",
        "1e+04 TB",
    ]
