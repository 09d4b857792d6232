"""What the page costs where much is to be drawn. ``docs/studio-page.md`` has the numbers of a machine at rest."""

from contextlib import contextmanager

import pytest
from tests.studio.page.driver import midi

pytestmark = pytest.mark.realtime

MOST_MS = 8  # of script a frame; half of it on a machine that does nothing else
COUNT = "window.drawn = 0; (function next() { window.drawn++; requestAnimationFrame(next); })()"


@contextmanager
def script_time(page):
    """Seconds of processor time that scripts took, by Chromium's own counters."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def total():
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(one["value"] for one in metrics if one["name"] == "ScriptDuration")

    taken = {}
    before = total()
    yield taken
    taken["s"] = total() - before


def test_five_thousand_notes_take_little_time_a_frame(visit):
    person = visit()
    label = person.label
    person.opens("many.mid", midi([30 + (i * 7) % 70 for i in range(5000)], ticks=20))
    person.waits_for_other_notes(label)
    assert person.count == 5000
    field = person.roll.bounding_box()
    person.page.mouse.move(field["x"] + 400, field["y"] + 200)
    person.page.evaluate(COUNT)
    before = person.page.evaluate("drawn")
    with script_time(person.page) as taken:
        for _ in range(40):
            person.page.mouse.wheel(2, 0)
            person.page.wait_for_timeout(20)
    frames = person.page.evaluate("drawn") - before
    a_frame = taken["s"] * 1000 / frames
    print(f"{a_frame:.2f} ms of script a frame, {frames} frames")
    assert a_frame <= MOST_MS
