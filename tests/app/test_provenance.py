"""What an exported file says of itself."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from PIL import Image
from PySide6.QtGui import QImage

from app.exports import provenance
from app.exports.provenance import (
    PROVENANCE,
    SESSION,
    SOFTWARE,
    describe,
    read_png_text,
    save_image,
    texts,
)
from core.errors import InvalidRequest
from tests.helpers import analytic_evolution

WORDS = {
    SOFTWARE: "Shellsight 1.2",
    PROVENANCE: '{"name": "Überrest → 中", "n": 1}',
    SESSION: json.dumps({"long": "abc \n\t" * 30_000}),
    "empty": "",
}


@pytest.fixture
def image() -> QImage:
    image = QImage(40, 30, QImage.Format.Format_RGBA8888)
    image.fill(0x80FF0000)
    return image


def chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png(*chunks: bytes) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 16, 6, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def test_a_png_brings_its_texts_back(qapp, image, tmp_path):
    path = save_image(image, tmp_path / "a.png", WORDS)
    assert {k: v for k, v in read_png_text(path).items() if v} == {
        k: v for k, v in WORDS.items() if v
    }
    again = QImage(str(path))
    assert again.size() == image.size()
    assert again.pixelColor(3, 3).alpha() == 128
    assert not image.textKeys()  # the picture given is left as it was


@pytest.mark.parametrize("suffix", [".jpg", ".jpeg", ".tif", ".tiff"])
def test_other_pictures_carry_what_they_can(qapp, image, tmp_path, suffix):
    path = save_image(image, tmp_path / f"a{suffix}", WORDS)
    with Image.open(path) as opened:
        assert opened.size == (40, 30)
        if suffix.startswith(".t"):
            assert opened.mode == "RGBA"
            assert json.loads(opened.tag_v2[270])[PROVENANCE] == WORDS[PROVENANCE]
            assert opened.tag_v2[305] == WORDS[SOFTWARE]
            assert SESSION not in opened.tag_v2[270]
    if suffix.startswith(".j"):
        read = QImage(str(path))
        assert read.text(PROVENANCE) == WORDS[PROVENANCE]


@pytest.mark.parametrize("name", ["a.gif", "a", "missing/a.png"])
def test_what_cannot_be_written_leaves_nothing(qapp, image, tmp_path, name):
    with pytest.raises(InvalidRequest, match=name.replace(".", r"\.")):
        save_image(image, tmp_path / name, WORDS)
    assert list(tmp_path.iterdir()) == []


def test_a_huge_picture_is_not_decoded(tmp_path):
    path = tmp_path / "huge.png"
    path.write_bytes(png(chunk(b"IDAT", b"nonsense"), chunk(b"tEXt", b"a\0b")))
    assert read_png_text(path) == {"a": "b"}


def test_texts_of_every_kind(tmp_path):
    path = tmp_path / "a.png"
    packed = zlib.compress("é".encode())
    path.write_bytes(
        png(
            chunk(b"tEXt", b"one\0caf\xe9"),
            chunk(b"zTXt", b"two\0\0" + zlib.compress(b"caf\xe9")),
            chunk(b"iTXt", b"three\0\0\0\0\0" + "é→".encode()),
            chunk(b"iTXt", b"four\0\1\0de\0vier\0" + packed),
        )
    )
    assert read_png_text(path) == {"one": "café", "two": "café", "three": "é→", "four": "é"}


BOMB = zlib.compress(bytes(provenance.MAX_TEXT_BYTES + 1))

BAD = {
    "no picture": b"hello, this is no picture",
    "empty": b"",
    "cut short": png(chunk(b"tEXt", b"a\0b"))[:-14],
    "bomb": png(chunk(b"zTXt", b"a\0\0" + BOMB)),
    "bomb in parts": png(*[chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(2**22)))] * 5),
    "announces too much": png() [:-12] + struct.pack(">I4s", 2**31, b"tEXt"),
    "wrong sum": png(chunk(b"tEXt", b"a\0b")[:-1] + b"x"),
    "no key": png(chunk(b"tEXt", b"abc")),
    "short": png(chunk(b"iTXt", b"a\0")),
    "not packed": png(chunk(b"zTXt", b"a\0\0hello")),
    "not UTF-8": png(chunk(b"iTXt", b"a\0\0\0\0\0\xff\xfe")),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_bad_pictures_are_refused_by_name(tmp_path, what):
    path = tmp_path / "bad.png"
    path.write_bytes(BAD[what])
    with pytest.raises(InvalidRequest, match=r"bad\.png"):
        read_png_text(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidRequest, match="cannot be read"):
        read_png_text(tmp_path / "none.png")


def test_the_description_names_files_model_and_versions():
    evolution = analytic_evolution(8, 3)
    told = describe(truth=evolution.sequence, forecast=evolution, time_myr=0.007, nothing=None)
    assert "nothing" not in told
    assert told["time_myr"] == 0.007
    assert told["forecast"]["provenance"]["method"] == "analytic"
    assert told["forecast"]["times_myr"] == [0.0, pytest.approx(0.014)]
    assert told["truth"]["voxels"] == 8
    assert told["versions"]["vtk"] != "unknown"
    assert told["software"].startswith("Shellsight ")
    words = texts(told, "a session")
    assert json.loads(words[PROVENANCE])["command"] == told["command"]
    assert words[SESSION] == "a session"
    assert SESSION not in texts(told)
