"""What else can be done at the page: verbs on a passage, presets, loudness, the gallery."""

import pytest
from playwright.sync_api import expect
from tests.studio.page.driver import PATIENCE_MS

pytestmark = pytest.mark.realtime

TUNE = b"X:1\nM:4/4\nL:1/4\nK:C\n" + b"CDEF|GABc|" * 4 + b"\n"


def takes_of(person):
    return person.page.get_by_role("group", name="Takes").get_by_role("listitem")


@pytest.mark.parametrize("verb", ["Vary", "Continue", "Harmonise"])
def test_a_passage_is_worked_on(visit, verb):
    person = visit()
    label = person.label
    person.opens("tune.abc", TUNE)
    person.waits_for_other_notes(label)
    before = person.notes
    person.page.locator("label").filter(has_text="Takes").get_by_role("combobox").select_option("2")
    person.boxes(0.02, 0.6)
    person.clicks(verb)
    expect(takes_of(person)).to_have_count(3, timeout=2 * PATIENCE_MS)
    person.clicks("Keep")
    after = person.notes
    assert after != before
    if verb == "Harmonise":
        assert [note for note in before if note[2] not in [other[2] for other in after]] == []
        assert len(after) > len(before)
    person.presses("Control+z")
    assert person.notes == before


def test_presets_and_a_surprise(visit):
    person = visit()
    preset = person.page.get_by_role("region", name="Preset").get_by_role("button").first
    preset.click()
    expect(preset).to_have_attribute("aria-pressed", "true")
    person.slides("Seconds", 8)
    label = person.label
    person.clicks("Compose")
    person.waits_for_other_notes(label)
    label = person.label
    person.page.get_by_role("button", name="Surprise me").click()
    person.waits_for_other_notes(label)
    assert person.count > 5


def test_quantise_and_loudness(visit):
    person = visit()
    person.page.locator("label").filter(has_text="Grid").get_by_role("combobox").select_option("1/8")
    person.clicks("Quantise")
    onsets = [note[0] for note in person.notes]
    assert onsets == pytest.approx([round(onset / 0.25) * 0.25 for onset in onsets], abs=1e-3)
    person.presses("Control+z")
    before = [note[3] for note in person.notes]
    lane = (
        person.page.get_by_role("img", name="Velocities").or_(person.page.locator(".lanes canvas")).first.bounding_box()
    )
    mouse = person.page.mouse
    mouse.move(lane["x"] + 60, lane["y"] + 8)
    mouse.down()
    mouse.move(lane["x"] + lane["width"] - 20, lane["y"] + 8, steps=30)
    mouse.up()
    after = [note[3] for note in person.notes]
    assert sum(after) > sum(before)


def test_the_gallery_keeps_what_was_there(visit):
    person = visit()
    label = person.label
    person.page.get_by_label("Title of the piece").fill("First")
    person.opens("tune.abc", TUNE)
    person.waits_for_other_notes(label)
    tune = person.label
    person.clicks("Gallery")
    sheet = person.page.get_by_role("dialog")
    sheet.get_by_role("button", name="First").first.click()
    person.waits_for_other_notes(tune)
    assert person.label.partition(":")[2] == label.partition(":")[2]
    person.clicks("Gallery")
    expect(sheet.get_by_role("button", name="tune", exact=False).first).to_be_visible(timeout=PATIENCE_MS)
    sheet.get_by_role("button", name="Forget tune").click()
    expect(sheet).to_contain_text("Nothing here yet", timeout=PATIENCE_MS)
