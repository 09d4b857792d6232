import re
from xml.etree import ElementTree

import numpy as np
import pytest

from antiphon import svg
from antiphon.files.midi import read_midi
from antiphon.notes import Score, from_seconds

NAMESPACE = "{http://www.w3.org/2000/svg}"


def piece(count: int = 40) -> Score:
    rng = np.random.default_rng(3)
    onset_s = np.cumsum(rng.exponential(0.1, count))
    return from_seconds(
        onset_s, rng.exponential(0.4, count) + 0.02, rng.integers(21, 109, count), rng.integers(1, 128, count)
    )


def notes_in(text: str) -> int:
    return sum(path.get("d", "").count("M") for path in ElementTree.fromstring(text).iter(f"{NAMESPACE}path"))


@pytest.mark.parametrize("draw", [svg.roll, svg.histograms])
def test_it_is_xml_of_the_size_it_says(draw):
    root = ElementTree.fromstring(draw(piece(), "Étude"))
    assert root.tag == f"{NAMESPACE}svg"
    assert root.get("viewBox") == f"0 0 {root.get('width')} {root.get('height')}"
    assert root.find(f"{NAMESPACE}title").text == root.get("aria-label") == "Étude"


def test_every_note_is_in_it():
    assert notes_in(svg.roll(piece(40))) == 40


@pytest.mark.parametrize(
    ("name", "notes", "words"),
    [
        ("cc0-openscore-lc6067798", 527, {"C4", "Oboe", "Acoustic Grand Piano", "527 notes · 0:54"}),
        ("ccby4-groove-funk80", 773, {"kick", "snare", "closed hi-hat", "773 notes · 1:26"}),
    ],
)
def test_real_pieces(data, name, notes, words):
    text = svg.roll(read_midi(data / f"{name}.mid"))
    assert words <= {element.text for element in ElementTree.fromstring(text).iter(f"{NAMESPACE}text")}
    assert notes <= notes_in(text) <= notes * 1.01  # a note that runs over the end of a system counts twice


def test_it_is_self_contained():
    text = svg.roll(piece()).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|href|@import|url\(|<script", text)


@pytest.mark.parametrize("draw", [svg.roll, svg.histograms])
def test_every_colour_is_declared_for_light_and_for_dark(draw):
    text = draw(piece())
    used = {name for names in re.findall(r'class="([^"]+)"', text) for name in names.split()} - {"s", "f"}
    light, dark = text.split("@media(prefers-color-scheme:dark)")
    for name in used:
        assert f".{name}{{color:#" in light
        assert f".{name}{{color:#" in dark


def test_six_thousand_notes_are_small():
    assert len(svg.roll(piece(6000))) < 400_000


def test_the_same_score_gives_the_same_text():
    assert svg.roll(piece()) == svg.roll(piece())


@pytest.mark.parametrize("title", ['<b> & "quotes"', "]]>", "a\x00b\x1bc\x85d", "\ud800", "雨だれ ♭", "x" * 500])
def test_any_title_is_valid_xml(title):
    root = ElementTree.fromstring(svg.roll(piece(), title))
    assert root.find(f"{NAMESPACE}title").text[:1] == (title[0] if title[0] != "\ud800" else " ")
    svg.roll(piece(), title).encode("utf-8")


def test_names_of_tracks_are_escaped():
    columns = (np.zeros(2), np.ones(2), np.array([60, 64]), np.full(2, 64))
    score = from_seconds(*columns, track=np.array([0, 1]), tracks=("<left>", "R&B"))
    texts = [t.text for t in ElementTree.fromstring(svg.roll(score)).iter(f"{NAMESPACE}text")]
    assert {"<left>", "R&B"} <= set(texts)


def test_a_score_without_notes_is_a_picture_too():
    empty = piece(0)
    assert notes_in(svg.roll(empty)) == 0
    assert ElementTree.fromstring(svg.histograms(empty)).tag == f"{NAMESPACE}svg"
