"""Notes that the model has planned: crossed out, kept and moved with a mouse before they sound."""

import pytest
from tests.studio.page.driver import PATIENCE_MS, TAP

pytestmark = pytest.mark.realtime

PHRASE = "zcbmnbcxzcbmnbvc"  # an answer is as long as what it answers
AHEAD_S = 4  # so far ahead it plans: time for a hand
SLACK_S = 0.03


# The last of them as it is at one moment: they come and go too fast to be asked twice.
LAST = """(ghosts) => {
    const ghost = ghosts.at(-1), { left, right, top, height } = ghost.getBoundingClientRect();
    return { pitch: +ghost.dataset.pitch, onset_s: +ghost.dataset.onset, left, right, top, height };
}"""


class Planned:
    """A dashed note on the roll."""

    def __init__(self, found):
        self.pitch, self.onset_s = found["pitch"], found["onset_s"]
        self.x, self.y = min((found["left"] + found["right"]) / 2, found["left"] + 5), found["top"] + 5
        self.right, self.height = found["right"], found["height"]

    def sounded(self, notes):
        return any(note[5] == 1 and note[2] == self.pitch and abs(note[0] - self.onset_s) < SLACK_S for note in notes)


def planned(person):
    """Plays a phrase until an answer is planned, and finds the last note of it, which nothing covers."""
    ghosts = person.page.locator(".ghost")
    for _ in range(5):
        person.plays(PHRASE)
        person.presses("Enter")
        for _ in range(60):
            person.page.wait_for_timeout(50)
            if ghosts.count() > 5:
                return Planned(ghosts.evaluate_all(LAST))
    raise AssertionError("nothing was planned five times")


def there(person, selector):
    """The planned note that a selector finds, once it is there."""
    found = person.page.locator(".ghost").filter(has=person.page.locator(selector))
    found.first.wait_for(state="attached", timeout=PATIENCE_MS)
    return Planned(found.evaluate_all(LAST))


# Counts what is painted.
FRAMES = """
window.frames_asked = 0;
const ask = window.requestAnimationFrame;
window.requestAnimationFrame = (paint) => { window.frames_asked++; return ask.call(window, paint); };
"""


@pytest.fixture
def person(visit):
    found = visit(scripts=(TAP, FRAMES))
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
    gone = f".ghost[data-pitch='{note.pitch}'][data-onset='{note.onset_s}']"
    person.page.locator(gone).wait_for(state="detached")
    notes = rests(person)
    assert not note.sounded(notes)
    assert any(other[5] == 1 and other[0] > note.onset_s - AHEAD_S for other in notes), "the others did"


def test_a_note_that_is_kept_sounds_although_the_person_plays(person):
    note, mouse = planned(person), person.page.mouse
    mouse.click(note.x, note.y)
    kept = there(person, "[aria-label^='Unlock']")
    assert (kept.pitch, kept.onset_s) == (note.pitch, pytest.approx(note.onset_s, abs=SLACK_S))
    person.plays("m")
    assert person.page.locator(".ghost").count() <= 1, "what was not kept is forgotten"
    person.plays("m" * 5 * AHEAD_S)  # on and on: a long silence would be cut out of the roll
    assert kept.sounded(rests(person))


def test_a_note_is_dragged_elsewhere(person):
    note, mouse = planned(person), person.page.mouse
    mouse.move(note.x, note.y)
    mouse.down()
    mouse.move(note.x + 20, note.y - 3 * note.height, steps=4)
    mouse.up()
    moved = there(person, "[aria-label^='Unlock']")
    assert moved.pitch > note.pitch
    assert moved.onset_s > note.onset_s
    notes = rests(person)
    assert moved.sounded(notes)
    assert not note.sounded(notes)


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
