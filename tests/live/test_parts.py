"""The small parts of a session by themselves."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.bins import STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.errors import FileError, OptionError
from antiphon.live.events import Clock, NoteOn
from antiphon.live.ledger import Histogram, Ledger
from antiphon.live.metronome import Metronome
from antiphon.live.pulse import Beat
from antiphon.live.settings import LiveSettings
from antiphon.live.timeline import Timeline
from antiphon.live.turns import MACHINES, Phrase, follow
from antiphon.live.wishes import Wishes

STATES, CUES = ("rest", "listen", "answer", "both"), ("key", "phrase over", "answer over", "silence")


@given(st.lists(st.floats(0.002, 200_000), min_size=1, max_size=300))
def test_percentiles_are_within_five_percent(times):
    histogram = Histogram()
    for ms in times:
        histogram.add(ms)
    for percent in (50, 95, 99):
        exact = np.quantile(times, percent / 100, method="inverted_cdf")
        assert exact * 0.999 <= histogram.percentile(percent) <= exact * 1.051
    assert histogram.summary()["max ms"] == max(times)


def test_a_ledger_is_saved_as_json(tmp_path):
    ledger = Ledger()
    ledger.time("note", 0.0012)
    ledger.count("sounded", 3)
    ledger.save(tmp_path / "ledger.json")
    saved = json.loads((tmp_path / "ledger.json").read_text())
    assert saved["stages"]["note"]["count"] == 1
    assert saved["stages"]["note"]["p50 ms"] == pytest.approx(1.2)
    assert saved["stages"]["due"]["p99 ms"] == 0
    assert saved["counters"]["sounded"] == 3
    with pytest.raises(FileError, match="does not exist"):
        ledger.save(tmp_path / "nowhere" / "ledger.json")


def test_the_clock_may_jump_back_but_the_session_does_not():
    timeline = Timeline()
    assert [timeline.ms(s) for s in (50.0, 51.0, 50.8)] == [0, 1000, 800]
    assert timeline.now_ms == 1000
    assert timeline.ms(10.0) == 1000  # set back by an hour or so
    assert timeline.ms(10.5) == 1500
    assert timeline.seconds(1500) == pytest.approx(10.5)
    assert timeline.jumps == 1
    assert timeline.ms(9000.0) == 8_991_000  # forward is silence


@pytest.mark.parametrize("mode", MACHINES)
def test_every_turn_can_be_reached_and_silence_ends_all(mode):
    reached = {"rest"}
    for _ in STATES:
        reached |= {follow(mode, state, cue) for state in reached for cue in CUES}
    assert reached == ({"rest", "both"} if mode in ("duet", "harmonise", "follow") else {"rest", "listen", "answer"})
    assert all(follow(mode, state, "silence") == "rest" for state in STATES)


def test_a_held_key_doubles_the_silence_that_ends_a_phrase():
    phrase = Phrase()
    for i in range(10):
        phrase.onset(i * 0.4)
    assert phrase.ends_s(0, False) == pytest.approx(3.6 + 0.6)
    assert phrase.ends_s(0, True) == pytest.approx(3.6 + 1.2)
    assert phrase.ends_s(0.3, True) == pytest.approx(3.6 + 0.6)
    phrase.release(3.8)
    assert phrase.ends_s(0.5, False) == pytest.approx(4.3)


def test_clicks_are_not_made_up_for():
    metronome, beat = Metronome(), Beat(0.5, 0.0)
    first = metronome.clicks(beat, 4, 0, 50)
    assert [(ms, event.pitch) for ms, event in first] == [(0, 76)]
    assert [ms for ms, _ in metronome.clicks(beat, 4, 40, 50)] == [40]  # its end
    late = metronome.clicks(beat, 4, 10_020, 50)
    assert [(ms, event.pitch) for ms, event in late if isinstance(event, NoteOn)] == [(10_000, 76)]
    assert metronome.next_ms(beat, True, False, 10_020, 50) == 10_040
    assert [ms for ms, _ in metronome.stop(10_030)] == [10_030]
    ticks = metronome.ticks(beat, 100, 50)
    assert all(event == Clock() for _, event in ticks)
    assert [ms for ms, _ in ticks] == [62, 83]


def wish(last_pitch=60, least=0, taken=(), near=None, chord=None, room=0, **settings):
    return Wishes(
        codec=NoteCodec(),
        settings=LiveSettings(**settings),
        last_ms=0,
        last_pitch=last_pitch,
        least_cells=least,
        taken=frozenset(taken),
        near=near,
        chords=lambda ms: chord,
        room=room,
    )


def pitches(wish, step=5):
    return set(np.flatnonzero(wish("pitch", np.array([step, 0, 0, 0]))).tolist())


def test_wishes_about_pitch():
    assert pitches(wish(lowest=60, highest=64, taken=[62])) == {60, 61, 63, 64}
    assert pitches(wish(lowest=60, highest=72, key="C major")) == {60, 62, 64, 65, 67, 69, 71, 72}
    assert pitches(wish(lowest=60, highest=72, key="C major", chord={1, 4})) == {64}  # of the chord, in the key
    assert pitches(wish(lowest=60, highest=72, key="C major", chord={1})) == {61}  # the chord before the key
    assert pitches(wish(lowest=60, highest=60, taken=[60])) == {60}  # the register before all
    assert max(pitches(wish(near=(50, 60), place="below"))) == 49
    assert pitches(wish(near=(5, 60), place="below")) == set(range(12))  # an octave is left
    assert min(pitches(wish(near=(50, 60), place="above"))) == 61
    assert pitches(wish(lowest=60, highest=64, last_pitch=62), step=0) == {63, 64}  # a chord rises
    assert pitches(wish(lowest=60, highest=64, room=2)) == {60, 61, 62}
    assert wish()("velocity", np.zeros(4, int)) is None


def test_wishes_about_time():
    def steps(**options):
        return STEP_BINS.middle[wish(**options)("step", np.zeros(4, int))]

    assert (steps().min(), steps().max() <= 400) == (0, True)
    assert steps(least=30).min() == 30
    assert steps(last_pitch=72, lowest=60, highest=72).min() == 1  # nothing above, so no chord
    assert len(steps(least=415)) == 1
    assert steps(least=415)[0] >= 415


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"mode": "duett"}, "unknown mode 'duett'; did you mean 'duet'"),
        ({"temperature": -1.0}, "temperature -1"),
        ({"lowest": 60, "highest": 50}, "lowest 60 is above highest 50"),
        ({"tempo": 7.0}, "tempo 7.0 is out of range: 20 to 400, or 0 for following the player"),
        ({"ahead_s": float("nan")}, "ahead_s nan"),
        ({"key": "H dur"}, "H dur"),
        ({"chords": "Xm"}, "Xm"),
        ({"voices": 9}, "voices 9 is out of range: 1 to 4"),
        ({"lateness": "never"}, "unknown lateness"),
    ],
)
def test_settings_out_of_range_are_refused(bad, message):
    with pytest.raises(OptionError, match=message):
        LiveSettings(**bad)
