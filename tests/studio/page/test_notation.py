"""Notation at the page: tunes and scores are opened, seen as notation, and saved."""

import re

import pytest
from playwright.sync_api import expect
from tests.studio.page.driver import PATIENCE_MS

from antiphon.files import read_music_bytes

pytestmark = pytest.mark.realtime

TUNE = b"X:1\nT:Tune\nM:6/8\nL:1/8\nQ:1/4=100\nK:G\nD|GAB BAG|d2 e (3fed B|g6|]\n"
PITCHES = [62, 67, 69, 71, 71, 69, 67, 74, 76, 78, 76, 74, 71, 79]


def test_a_tune_is_opened_seen_as_a_score_and_saved(visit):
    person = visit(expected=("422",))
    label = person.label
    person.drops("tune.abc", TUNE)
    person.waits_for_other_notes(label)
    assert [note[2] for note in person.notes] == PITCHES
    data, name = person.exports("MusicXML")
    assert name == "tune.musicxml"
    written = read_music_bytes(data, name)
    assert written.notes["pitch"].tolist() == PITCHES
    assert written.metres.tolist() == [(0, 1, 8), (960, 6, 8)]
    assert read_music_bytes(person.exports("ABC")[0], "a.abc").notes["pitch"].tolist() == PITCHES
    label = person.label
    person.clicks("New piece")
    person.waits_for_other_notes(label)
    person.opens("again.musicxml", data)
    person.opened()
    assert [note[2] for note in person.notes] == PITCHES
    person.opens("bad.abc", b"X:1\nK:C\nC ? \xc2\xa7")
    expect(person.page.locator(".messages")).to_contain_text("line 3", timeout=PATIENCE_MS)


def test_the_score_has_pages_and_closes(visit):
    pytest.importorskip("verovio")
    person = visit()
    person.clicks("Score")
    sheet = person.page.get_by_role("dialog")
    picture = sheet.get_by_role("img")
    expect(picture).to_have_attribute("alt", re.compile("Score, page 1 of [12]$"), timeout=PATIENCE_MS)
    assert picture.evaluate("image => image.naturalWidth > 300 && image.naturalHeight > 100")
    person.presses("Escape")
    expect(sheet).to_have_count(0)
    label = person.label
    person.opens("long.abc", b"X:1\nM:4/4\nL:1/8\nK:D\n" + b"DEFG ABcd|dcBA GFED|\n" * 60)
    person.waits_for_other_notes(label)
    person.clicks("Score")
    expect(picture).to_have_attribute("alt", re.compile("Score, page 1 of [2-9]$"), timeout=PATIENCE_MS)
    expect(person.page.get_by_role("button", name="Previous page")).to_be_disabled()
    pages, first = int(picture.get_attribute("alt")[-1]), picture.get_attribute("src")
    for page in range(2, pages + 1):
        person.clicks("Next page")
        expect(picture).to_have_attribute("alt", f"Score, page {page} of {pages}", timeout=PATIENCE_MS)
    assert picture.get_attribute("src") != first
    expect(person.page.get_by_role("button", name="Next page")).to_be_disabled()
