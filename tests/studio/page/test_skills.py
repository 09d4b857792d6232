"""What only some models can, at the page: chords proposed and followed, a passage harmonised and revoiced."""

import re

import pytest
from playwright.sync_api import expect
from tests.generate.obeys import complaints
from tests.studio.page.driver import PATIENCE_MS
from tests.tiny import corpus

from antiphon.generate.options import control
from antiphon.generate.prompt import retimed
from antiphon.notes import from_seconds

__all__ = ["corpus"]
pytestmark = pytest.mark.realtime
TEMPO = 100  # of chords where nobody set one


def broken(person, chords):
    """Which notes of the piece are none of its chords', told from the notes alone."""
    onset, duration, pitch, velocity, *_ = zip(*person.notes, strict=True)
    music = retimed(from_seconds(onset, duration, pitch, velocity), TEMPO, "4/4")
    return complaints(music, control({"tempo": TEMPO, "chords": chords}))


def lane(person):
    return person.page.get_by_label("Chords, one a bar")


def composes(person):
    """A piece by a seed that is known to have many notes: by chance it may be short, or as long as the one before."""
    person.page.get_by_label("Seed", exact=True).fill("7")
    person.clicks("Compose")
    expect(person.page.get_by_label("Title of the piece")).to_have_value(re.compile("· 7$"), timeout=PATIENCE_MS)
    assert person.count > 10


def test_what_is_composed_follows_the_chords_that_were_typed(visit):
    person = visit()
    lane(person).fill("C G7 Am F")
    lane(person).blur()
    expect(person.page.get_by_role("list", name="The chords").get_by_role("listitem")).to_have_text(
        ["C", "G7", "Am", "F"]
    )
    composes(person)
    assert broken(person, "C G7 Am F") == []
    assert broken(person, "G7 C F Am") != [], "others it does not"


@pytest.mark.torch
def test_a_model_proposes_chords_which_are_followed(start, models, visit):
    person = visit(start().address)
    person.clicks("Propose chords")
    expect(lane(person)).not_to_have_value("", timeout=PATIENCE_MS)
    expect(person.page.get_by_text("Proposed by harmonist")).to_be_visible()
    chords = lane(person).input_value()
    expect(person.page.get_by_role("list", name="The chords").get_by_role("listitem")).to_have_count(12)
    composes(person)
    assert broken(person, chords) == []
    person.clicks("No chords")
    expect(lane(person)).to_have_value("")


@pytest.mark.torch
def test_where_no_model_proposes_chords_the_page_says_how_to_get_one(start, corpus, visit):
    person = visit(start("--corpora", str(corpus.parent)).address, expected=("404",))
    person.clicks("Propose chords")
    expect(person.page.get_by_role("alert")).to_contain_text("antiphon train chord --corpus", timeout=PATIENCE_MS)
    person.clicks("Train one here …")
    recipe = person.page.get_by_role("dialog").get_by_label("Recipe")
    expect(recipe).to_have_value("chord", timeout=PATIENCE_MS)


@pytest.mark.torch
def test_a_passage_is_revoiced_and_a_melody_harmonised(start, models, visit):
    person = visit(start().address)
    before = person.notes
    takes = person.page.get_by_role("group", name="Takes").get_by_role("listitem")
    person.boxes(0.02, 0.5)
    person.clicks("Revoice")
    expect(takes).to_have_count(4, timeout=2 * PATIENCE_MS)
    person.clicks("Discard")
    assert person.notes == before
    person.clicks("Revoice")  # the passage is still selected
    expect(takes).to_have_count(4, timeout=2 * PATIENCE_MS)
    person.clicks("Keep")
    after = person.notes
    assert [note[:2] for note in after] == [pytest.approx(note[:2], abs=0.011) for note in before], "when stays"
    assert sum(new[2] != old[2] for new, old in zip(after, before, strict=True)) > 3
    top = max(before, key=lambda note: note[2])
    assert top[2] in [note[2] for note in after]
    person.presses("Control+z")
    assert person.notes == before
    label = person.label
    person.opens("tune.abc", b"X:1\nM:4/4\nL:1/4\nK:C\ncdef|gabc'|\n")
    person.waits_for_other_notes(label)
    person.boxes(0.02, 0.95)
    person.clicks("Harmonise")
    expect(takes).to_have_count(4, timeout=2 * PATIENCE_MS)
    person.clicks("Keep")
    notes = person.notes
    added = [note for note in notes if note[5] == 1]
    assert len(notes) - len(added) == 8
    assert len(added) >= 8
    assert max(note[2] for note in added) < 84
