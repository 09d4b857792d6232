"""Coming to the page: it sounds, it answers, and everybody can use it."""

import gzip
import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from tests.studio.page.driver import PATIENCE_MS, PATIENT, TAP, WATCH

pytestmark = pytest.mark.realtime

STATIC = Path(__file__).parents[3] / "src/antiphon/studio/static"


def test_the_built_page_is_small_and_whole():
    scripts = sum(len(gzip.compress(path.read_bytes())) for path in STATIC.rglob("*.js"))
    assert 0 < scripts <= 400_000
    page = (STATIC / "index.html").read_text()
    linked = re.findall(r'(?:src|href)="\./([^"]+)"', page)
    assert len(linked) >= 3
    assert all((STATIC / name).is_file() for name in linked)
    assert "<style" not in page


def test_the_first_visit_sounds_within_one_click(visit):
    person = visit(hints=True)
    hints = person.page.get_by_role("complementary", name="First steps").get_by_role("listitem")
    expect(hints).to_have_count(3)
    person.clicks("Play")
    assert person.hears()
    person.clicks("Pause")
    assert person.hears_nothing()
    expect(hints.first).to_contain_text("done")


def test_enter_hands_over_although_a_tab_was_clicked_before_the_phrase(visit):
    person = visit(scripts=(TAP, PATIENT))
    person.connected()
    person.looks_at("Play")
    person.plays("zcb")
    person.presses("Enter")
    expect(person.page.locator(".turn.answer, .turn.rest")).to_be_visible(timeout=PATIENCE_MS)
    person.looks_at("See")
    person.presses("Enter")  # nothing was played since: it is the tab's
    expect(person.page.get_by_role("tab", name="See")).to_have_attribute("aria-selected", "true")


def test_a_phrase_is_answered_and_the_answer_sounds(visit):
    person = visit()
    person.connected()
    before = person.count
    person.page.evaluate(WATCH)
    phrases = 1
    person.answers("zcbmbc")
    while not person.heard_an_answer():  # a machine with no time for the model drops what would sound late
        phrases += 1
        assert phrases < 5, "nobody answers"
        person.answers("zcbmbc")
    played = person.notes[before:]
    assert [note[2] for note in played if note[5] == 0] == [48, 52, 55, 59, 55, 52] * phrases
    assert any(note[5] == 1 for note in played)
    person.page.keyboard.down("z")
    person.clicks("Panic")
    assert person.hears_nothing()
    expect(person.page.locator(".key.model, .key.you")).to_have_count(0)
    person.page.keyboard.up("z")
    for _ in range(phrases + 1):
        person.presses("Control+z")
    assert person.count == before


# Keeps the first word of the server back until the page is told.
HOLD = """
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  set onmessage(how) {
    const held = [];
    window.letIn = () => { super.onmessage = how; held.forEach(how); };
    super.onmessage = (event) => held.push(event);
  }
};
"""


def test_what_is_set_before_the_server_says_welcome_holds(visit):
    person = visit(scripts=(TAP, HOLD))
    expect(person.page.get_by_text("connecting …").first).to_be_visible(timeout=PATIENCE_MS)
    person.looks_at("Play")
    mode = person.page.get_by_role("button", name="Continue It goes on")
    mode.click()
    person.page.evaluate("letIn()")
    expect(person.page.locator(".turn.answer")).to_be_visible(timeout=PATIENCE_MS)  # it begins by itself
    expect(mode).to_have_attribute("aria-pressed", "true")


def test_two_browsers_have_a_session_each(visit):
    one, two = visit(), visit()
    one.connected()
    two.connected()
    before = two.count
    one.answers("zcb")
    assert one.count >= before + 3
    assert two.count == before
    expect(two.page.locator(".turn.rest")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_fault_for_those_who_cannot_see_it(visit, scheme):
    person = visit(hints=True, color_scheme=scheme, reduced_motion="reduce")
    for tab in ("Compose", "Play", "See"):
        person.looks_at(tab)
        person.page.wait_for_timeout(300)
        found = Axe().run(person.page).response["violations"]
        assert [fault["id"] for fault in found if fault["impact"] in ("serious", "critical")] == []


def test_a_phone_shows_everything(visit):
    screen = {"width": 390, "height": 844}
    person = visit(viewport=screen, has_touch=True, is_mobile=True, device_scale_factor=2)
    person.connected()
    assert person.page.evaluate("document.documentElement.scrollWidth") <= screen["width"]
    assert person.roll.bounding_box()["height"] > 250
    person.page.get_by_role("tab", name="Compose").tap()
    expect(person.page.get_by_role("button", name="Compose", exact=True)).to_be_in_viewport()
    person.page.get_by_role("tab", name="Compose").tap()
    person.page.locator(".key.white").nth(2).tap()
    expect(person.page.locator(".turn.listen, .turn.answer")).to_be_visible(timeout=PATIENCE_MS)
