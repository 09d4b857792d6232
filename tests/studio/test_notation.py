"""Notation in and out of the service: MusicXML and ABC files, and pages of a score."""

import re
import sys

import pytest

from antiphon.errors import MissingExtraError
from antiphon.files import read_music_bytes
from antiphon.studio.score import _laid_out, engraved

TUNE = b"X:1\nT:Tune\nM:3/4\nL:1/8\nQ:1/4=100\nK:G\nD2|G2 B2 d2|(3gfe d4|g6|]\n"
PITCHES = [62, 67, 71, 74, 79, 78, 76, 74, 79]


@pytest.fixture(scope="module")
def music(server):
    return server.api.post("read", content=TUNE).json()


def test_abc_is_read(music):
    assert [note[2] for note in music["notes"]] == PITCHES
    assert music["metres"] == [[0, 1, 4], [1920, 3, 4]]


@pytest.mark.parametrize(("form", "media"), [("musicxml", "recordare"), ("abc", "text/vnd.abc"), ("mid", "audio/midi")])
def test_what_is_exported_is_read_again(api, music, form, media):
    answer = api.post("export", json={"music": music, "format": form, "name": "tune"})
    assert media in answer.headers["content-type"]
    assert answer.headers["content-disposition"] == f'attachment; filename="tune.{form}"'
    again = api.post("read", content=answer.content).json()
    assert again["notes"] == music["notes"] if form != "abc" else [n[2] for n in again["notes"]] == PITCHES
    assert [int(p) for p in read_music_bytes(answer.content, f"t.{form}").notes["pitch"]] == PITCHES


def test_formats_that_can_be_exported_are_listed(api):
    assert {"musicxml", "abc"} <= set(api.get("options").json()["formats"])


def test_written_music_comes_as_notation(api):
    asked = {"seed": 3, "options": {"notes": 30}}
    answer = api.post("generate", json=asked, headers={"accept": "application/vnd.recordare.musicxml+xml"})
    assert answer.content.startswith(b"<?xml")
    assert len(read_music_bytes(answer.content, "a.musicxml")) >= 25
    polyphonic = api.post("generate", json={**asked, "options": {"notes": 100}}, headers={"accept": "text/vnd.abc"})
    assert polyphonic.status_code == 422
    assert "one voice" in polyphonic.json()["error"]["message"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"X:1\nK:C\nC \xc2\xa7", "the file: line 3: '§' is no ABC"),
        (b"<html/>", "its outermost element is <html>"),
        (b'<!DOCTYPE x [<!ENTITY a "b">]><score-partwise>&a;</score-partwise>', "declares the entity"),
        (b"PK\x03\x04nothing", "the archive is damaged"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(api, content, said):
    answer = api.post("read", content=content)
    assert answer.status_code == 422
    assert answer.json()["error"]["kind"] == "file"
    assert said in answer.json()["error"]["message"]


def test_a_page_of_the_score(api, music):
    pytest.importorskip("verovio")
    found = api.post("score", json={"music": music, "width": 600}).json()
    assert (found["page"], found["pages"]) == (1, 1)
    assert len(re.findall(r'class="note"', found["svg"])) == len(PITCHES)
    assert 'class="tuplet"' in found["svg"]
    long = {"music": {"notes": [[i * 0.5, 0.5, 60 + i % 12, 80] for i in range(600)]}, "page": 2}
    assert api.post("score", json=long).json()["pages"] > 1
    beyond = api.post("score", json={"music": music, "page": 9})
    assert (beyond.status_code, "there is no page 9" in beyond.text) == (422, True)


def test_no_notes_are_no_score(api):
    answer = api.post("score", json={"music": {"notes": []}})
    assert (answer.status_code, "no notes" in answer.text) == (422, True)


def test_without_verovio_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "verovio", None)
    _laid_out.cache_clear()
    with pytest.raises(MissingExtraError, match=r"pip install 'antiphon\[studio\]'"):
        engraved(read_music_bytes(TUNE, "tune.abc"), 1, 500)
