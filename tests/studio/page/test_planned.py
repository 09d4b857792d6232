"""Notes that the model has planned: crossed out, kept and moved, by mouse and by keyboard, before they sound."""

import re

import pytest
from playwright.sync_api import expect
from tests.studio.page.driver import PATIENCE_MS, PATIENT, TAP

pytestmark = pytest.mark.realtime

PHRASE = "zcbmnbcxzcbmnbvc"  # an answer is as long as what it answers
AHEAD_S = 4  # so far ahead it plans: time for a hand
SLACK_S = 0.03


# The last of so many as it is at one moment, null for fewer: they come and go too fast to be asked twice.
LAST = """(ghosts, least) => {
    if (ghosts.length < least) return null;
    const ghost = ghosts.at(-1), { left, right, top, height } = ghost.getBoundingClientRect();
    return { pitch: +ghost.dataset.pitch, onset_s: +ghost.dataset.onset, left, right, top, height };
}"""


class Planned:
    """A dashed note on the roll."""

    def __init__(self, found):
        self.pitch, self.onset_s = found["pitch"], found["onset_s"]
        self.x, self.y = min((found["left"] + found["right"]) / 2, found["left"] + 5), found["top"] + 5
        self.right, self.height = found["right"], found["height"]
        self.selector = f".ghost[data-pitch='{self.pitch}'][data-onset='{self.onset_s}']"

    def sounded(self, notes):
        return any(note[5] == 1 and note[2] == self.pitch and abs(note[0] - self.onset_s) < SLACK_S for note in notes)


def planned(person):
    """Plays a phrase until an answer is planned, and finds the last note of it, which nothing covers."""
    ghosts = person.page.locator(".ghost")
    for _ in range(5):
        person.plays(PHRASE)
        person.presses("Enter")
        for _ in range(100):
            person.page.wait_for_timeout(50)
            if found := ghosts.evaluate_all(LAST, 6):
                return Planned(found)
    raise AssertionError("nothing was planned five times")


def there(person, selector):
    """The planned note that a selector finds, once it is there."""
    ghosts = person.page.locator(".ghost").filter(has=person.page.locator(selector))
    for _ in range(PATIENCE_MS // 50):
        if found := ghosts.evaluate_all(LAST, 1):
            return Planned(found)
        person.page.wait_for_timeout(50)
    raise AssertionError(f"no planned note is {selector}")


# The one at the keyboard's cursor; null where that is elsewhere.
CURSOR = "() => { const at = document.activeElement.closest('.ghost'); return at && (" + LAST + ")([at], 1); }"


def at_cursor(person):
    found = person.page.evaluate(CURSOR)
    return found and Planned(found)


def walks(person):
    """To the last planned note by keyboard: the one with the most time left."""
    planned(person)
    person.presses("PageDown", "End")
    return at_cursor(person)


def moves(person, keys, changed):
    """Presses a key, and waits until the note at the cursor is as it shall be."""
    person.presses(keys)
    for _ in range(PATIENCE_MS // 50):
        note = at_cursor(person)
        if note and changed(note):
            return note
        person.page.wait_for_timeout(50)
    raise AssertionError(f"{keys} moves nothing")


# Counts what is painted.
FRAMES = """
window.frames_asked = 0;
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (paint) => { window.frames_asked++; return ask.call(window, paint); };
"""


@pytest.fixture
def person(visit):
    found = visit(scripts=(TAP, FRAMES, PATIENT))
    found.connected()
    found.looks_at("Play")
    found.slides("Plans ahead", AHEAD_S)
    return found


def rests(person):
    person.page.locator(".turn.rest").wait_for(timeout=PATIENCE_MS)
    return person.notes


def test_a_note_that_is_crossed_out_does_not_sound(person):
    note, mouse = planned(person), person.page.mouse
    mouse.move(note.x, note.y)
    mouse.move(note.right + 6, note.y)
    mouse.down()
    mouse.up()
    person.page.locator(note.selector).wait_for(state="detached")
    notes = rests(person)
    assert not note.sounded(notes)
    assert any(other[5] == 1 and other[0] > note.onset_s - AHEAD_S for other in notes), "the others did"


def test_a_note_that_is_kept_sounds_although_the_person_plays(person):
    note, mouse = planned(person), person.page.mouse
    mouse.click(note.x, note.y)
    kept = there(person, "[aria-pressed=true]")
    assert (kept.pitch, kept.onset_s) == (note.pitch, pytest.approx(note.onset_s, abs=SLACK_S))
    person.plays("m")
    assert person.page.locator(".ghost").count() <= 1, "what was not kept is forgotten"
    person.plays("m" * 5 * AHEAD_S)  # on and on: a long silence would be cut out of the roll
    person.presses("Enter")
    assert kept.sounded(rests(person))


def test_a_note_is_dragged_elsewhere(person):
    note, mouse = planned(person), person.page.mouse
    mouse.move(note.x, note.y)
    mouse.down()
    mouse.move(note.x + 20, note.y - 3 * note.height, steps=4)
    mouse.up()
    moved = there(person, "[aria-pressed=true]")
    assert moved.pitch > note.pitch
    assert moved.onset_s > note.onset_s
    notes = rests(person)
    assert moved.sounded(notes)
    assert not note.sounded(notes)


def test_by_keyboard_a_note_is_crossed_out(person):
    note = walks(person)
    person.presses("Delete")
    person.page.locator(note.selector).wait_for(state="detached")
    expect(person.page.locator(".ghost .body:focus, .roll:focus")).to_have_count(1)  # the cursor goes on
    assert not note.sounded(rests(person))


def test_by_keyboard_a_note_is_kept_although_the_person_plays(person):
    note = walks(person)
    button = person.page.locator(f"{note.selector} .body")
    expect(button).to_have_accessible_name(re.compile(r"^Keep [A-G]( sharp| flat)? \d, planned at \d+\.\d\d seconds$"))
    expect(button).to_have_attribute("aria-pressed", "false")
    person.presses("Enter")
    expect(button).to_have_attribute("aria-pressed", "true")
    person.plays("m" * 5 * AHEAD_S)
    person.presses("Enter")
    assert note.sounded(rests(person))


def test_by_keyboard_a_note_is_moved_and_the_cursor_goes_with_it(person):
    note = walks(person)
    higher = moves(person, "Alt+ArrowUp", lambda one: one.pitch == note.pitch + 1)
    assert higher.onset_s == pytest.approx(note.onset_s, abs=SLACK_S)
    later = moves(person, "Alt+ArrowRight", lambda one: one.onset_s > higher.onset_s + SLACK_S)
    assert (later.pitch, later.onset_s) == (higher.pitch, pytest.approx(higher.onset_s + 0.05, abs=SLACK_S))
    expect(person.page.locator(f"{later.selector} .body")).to_have_attribute("aria-pressed", "true")
    person.presses("Escape")
    expect(person.roll).to_be_focused()
    notes = rests(person)
    assert later.sounded(notes)
    assert not note.sounded(notes)


def test_once_everything_planned_has_sounded_the_cursor_is_on_the_roll(person):
    assert walks(person)
    expect(person.roll).to_be_focused(timeout=PATIENCE_MS)
    expect(person.page.locator(".ghost")).to_have_count(0)


def test_nothing_is_painted_once_an_answer_is_over(person):
    planned(person)
    frames = "() => window.frames_asked"
    before = person.page.evaluate(frames)
    rests(person)
    assert person.page.evaluate(frames) > before + 10
    person.page.wait_for_timeout(1500)
    before = person.page.evaluate(frames)
    person.page.wait_for_timeout(1000)
    assert person.page.evaluate(frames) - before < 5
