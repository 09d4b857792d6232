"""The edges of a session: interruptions, storms, silence, lost ports, slow models and strange clocks."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.bins import CELL_MS
from antiphon.codec import HELD
from antiphon.errors import OptionError
from antiphon.live.events import HandOver, Lost, NoteOff, NoteOn, Pedal
from antiphon.live.recording import Recording
from antiphon.live.session import Session
from antiphon.live.settings import LiveSettings
from antiphon.live.simulate import performance, simulate
from antiphon.live.voice import LiveVoice
from antiphon.notes import from_seconds

TUNE = (60, 62, 64, 65, 67)
MODES = ("continue", "answer", "duet", "harmonise", "trade", "follow")


def heard_afresh(session, engine):
    """The state of a new voice that hears at once what the session's heard bit by bit, held keys as held."""
    notes = session._memory.notes
    voice = LiveVoice(engine, (9,))
    if notes:
        onset = np.array([n.onset_ms for n in notes])
        end = np.array([n.onset_ms + 1000 if n.end_ms is None else n.end_ms for n in notes])
        columns = [np.array(c) for c in zip(*((n.pitch, n.velocity) for n in notes), strict=True)]
        rows = engine.codec.encode_ms(onset, np.maximum(end - onset, 1), *columns).astype(np.int64)
        rows[[n.end_ms is None for n in notes], -1] = HELD
        voice.listen(rows)
    return voice.state


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def quiet(r):
    """The session with nothing planned and everything heard."""
    r.session._composer.forget()
    r.session._memory.settle(10**6)
    return r.session


def told(notes, part):
    """Onset, pitch, loudness and end of a part's notes in the memory; None: held."""
    return sorted((n.onset_ms, n.pitch, n.velocity, n.end_ms or 0) for n in notes if n.part == part)


def recorded(r, part):
    """The same as a recorder and a screen know it."""
    notes = [n for n in (*r.ended, *r.session.snapshot().sounding) if n.part == part]
    ends = [0 if n.duration_s is None else round((n.onset_s + n.duration_s) * 1000) for n in notes]
    return sorted((round(n.onset_s * 1000), n.pitch, n.velocity, end) for n, end in zip(notes, ends, strict=True))


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from([0, 0, 0.001, 0.003, 0.02, 0.1, 0.4, 2.0]),
        st.one_of(
            st.builds(NoteOn, pitch=st.integers(58, 63), velocity=st.integers(1, 127)),
            st.builds(NoteOff, pitch=st.integers(58, 63)),
            st.builds(Pedal, down=st.booleans()),
            st.just(HandOver()),
            st.just(Lost()),
            st.just("panic"),
            st.sampled_from(MODES),
        ),
    ),
    max_size=30,
)


@given(actions=ACTIONS, mode=st.sampled_from(MODES))
def test_after_any_interruption_the_model_is_where_a_fresh_one_would_be_that_heard_the_same(room, toy, actions, mode):
    r = room(mode=mode, entrance="now", echo_s=0, chords="C F" if mode == "follow" else "", longest_note_s=2)
    r.tick_s = 0.03
    for wait_s, action in actions:
        r.at(r.now_s + wait_s)
        if action == "panic":
            r.out += r.session.silence()
        elif isinstance(action, str):
            r.session.change(mode=action)
        else:
            r.session.hear(action, r.now_s)
    session = quiet(r)
    assert same(session._memory._voice.state, heard_afresh(session, toy()))
    assert told(session._memory.notes, "player") == recorded(r, "player")
    heard = [(n.onset_ms, n.pitch) for n in session._memory.notes if n.part == "model"]
    sounded = [(round(s * 1000), event.pitch) for s, event in r.ons()]
    assert sorted(heard) == sorted(sounded)  # all that sounded, and nothing that did not
    r.out += session.silence()
    assert not r.stuck()
    onsets = [n.onset_s for n in r.ended]
    assert len(onsets) == len(r.ons()) + r.counters["heard"]  # every note ends, once


@pytest.mark.parametrize("kind", [{"ends": 8}, {"chunk": 16, "pad": 2**22}, {"ends": 16, "chunk": 16, "pad": 2**21}])
def test_the_same_holds_for_other_codecs_and_for_large_states(room, toy, kind):
    rng = np.random.default_rng(1)
    r = room(toy(**kind), mode="duet", entrance="now", echo_s=0)
    for _ in range(60):
        r.at(r.now_s + rng.choice([0.0, 0.02, 0.3]))
        pitch = int(rng.integers(58, 66))
        r.session.hear(NoteOn(pitch, 80) if rng.random() < 0.6 else NoteOff(pitch), r.now_s)
    session = quiet(r)
    voice = LiveVoice(toy(**kind), (3,))
    voice.listen(session._memory.rows)
    assert same(session._memory._voice.state, voice.state)
    decoded = session._memory.codec.decode(session._memory.rows)
    assert decoded.notes["pitch"].tolist() == [n.pitch for n in sorted_notes(session)]


def sorted_notes(session):
    return sorted(session._memory.notes, key=lambda n: ((n.onset_ms + 5) // CELL_MS, n.pitch))


def test_what_is_out_of_reach_is_let_go_and_nothing_else_changes(room, toy, monkeypatch):
    def state(reach):
        monkeypatch.setattr("antiphon.live.memory.REACH", reach)
        monkeypatch.setattr("antiphon.live.memory.SLACK", reach // 2)
        r = room(toy(ends=4), mode="answer", entrance="now", echo_s=0)
        for start_s in range(0, 60, 12):
            r.play(start_s + 1, TUNE * 5)
        session = quiet(r)
        return session._memory._voice.state, len(session._memory.notes)

    (few, kept), (many, all_of_them) = state(48), state(10_000)
    assert kept < 48 + 24 + 40 < all_of_them
    assert same(few, many)


def test_interruption_in_the_middle_of_an_answer(room):
    r = room(mode="answer", entrance="now", answer_s=10)
    end_s = r.play(1, TUNE)
    r.at(end_s + 3)
    assert r.turn == "answer"
    assert r.session.snapshot().planned
    r.at(end_s + 3, NoteOn(60, 80)).at(end_s + 3.01)
    assert r.turn == "listen"
    assert not r.session.snapshot().planned
    assert not r.stuck()  # it yields at once
    count = len(r.ons())
    r.at(end_s + 3.3, NoteOff(60))
    r.at(end_s + 3.35)
    assert len(r.ons()) == count
    assert r.counters["interrupted"] == 1
    r.at(end_s + 6)
    assert len(r.ons()) > count


def test_a_note_held_through_hand_over_is_heard_as_held_and_corrected_when_it_ends(room, toy):
    r = room(mode="answer", entrance="now", answer_s=6)
    r.at(1, NoteOn(40, 80))
    end_s = r.play(1.2, TUNE)
    r.at(end_s + 3)
    assert r.turn == "answer"
    assert r.session._memory.rows[0, -1] == HELD
    planned = r.session.snapshot().planned
    r.at(r.now_s, NoteOff(40))
    r.at(r.now_s + 0.01)
    assert r.session._memory.rows[0, -1] != HELD
    assert r.turn == "answer"  # letting go is no interruption
    assert {p.pitch for p in planned} <= {p.pitch for p in r.session.snapshot().planned} | {e.pitch for _, e in r.ons()}
    session = quiet(r)
    assert same(session._memory._voice.state, heard_afresh(session, toy()))


def test_two_notes_in_one_millisecond_are_heard_in_the_order_of_the_codec(room, toy):
    r = room(mode="answer")
    r.at(1, NoteOn(67, 80), NoteOn(60, 80), NoteOn(64, 80)).at(1.1)
    assert r.session._memory.rows[:, 1].tolist() == [60, 64, 67]
    assert r.session._memory.rows[1:, 0].tolist() == [0, 0]
    assert same(r.session._memory._voice.state, heard_afresh(r.session, toy()))


def test_the_same_key_twice_in_one_millisecond_ends_once_and_sounds_once(room):
    r = room(mode="answer")
    r.at(1, NoteOn(60, 80), NoteOn(60, 90), NoteOff(60), NoteOff(60)).at(1.1)
    assert [n.pitch for n in r.ended] == [60, 60]
    assert not r.session.snapshot().sounding


def test_a_thousand_notes_in_a_second(room, toy):
    r = room(mode="answer", entrance="now")
    for i in range(1000):
        pitch = 30 + i * 7 % 60
        r.at(1 + i / 1000, NoteOn(pitch, 80))
        r.session.hear(NoteOff(30 + (i - 20) * 7 % 60), r.now_s)
    assert r.counters["heard"] == 1000
    r.at(2.1, Lost()).at(8)
    assert r.ons()
    assert len(r.ended) == 1000 + len(r.ons()) - len(r.stuck())
    assert len(r.session._memory.notes) < 1000  # bounded
    assert r.session._memory.settled


def test_a_burst_and_then_the_hand_over_without_time_in_between(room, toy, monkeypatch):
    monkeypatch.setattr("antiphon.live.memory.REACH", 2000)  # nothing is let go, so that all can be compared
    r = room(mode="answer", entrance="now", longest_hold_s=1)
    for i in range(1000):
        r.session.hear(NoteOn(30 + i * 7 % 60, 80), 1 + i / 1000)
        r.session.hear(NoteOff(30 + i * 7 % 60), 1 + i / 1000)
    r.session.hear(HandOver(), 2.0)
    r.out += r.session.due(2.0)
    assert [s for s, _ in r.ons()] == [2.0]  # in the very call that follows
    assert same(quiet(r)._memory._voice.state, heard_afresh(r.session, toy()))


def test_a_model_slower_than_the_player_leaves_notes_out_and_its_memory_is_bounded(room, toy, monkeypatch):
    monkeypatch.setattr("antiphon.live.session.LISTEN_ROWS", 1)
    r = room(toy(ends=4), mode="answer", ending="key", entrance="now")
    sizes = set()
    for i in range(4000):  # five notes for each row that the model hears
        pitch = 40 + i % 12
        r.session.hear(NoteOn(pitch, 80), 1 + i / 500)
        r.session.hear(NoteOff(pitch), 1 + i / 500 + 0.001)
        r.at(1 + i // 5 * 0.01)
        sizes.add(len(r.session._memory.notes))
    assert max(sizes) < 1500
    assert 0 < r.counters["skipped"] < 4000
    assert r.counters["heard"] == len([n for n in r.ended if n.part == "player"]) == 4000
    r.session.hear(HandOver(), r.now_s)
    r.at(r.now_s + 2)
    assert r.ons()
    kept = {(n.onset_ms, n.pitch) for n in quiet(r)._memory.notes if n.part == "player" and n.onset_ms >= 8900}
    assert kept == {(1000 + 2 * i, 40 + i % 12) for i in range(3950, 4000)}  # the last ones were heard


def test_the_end_of_a_note_that_is_not_down_means_nothing(room):
    r = room(mode="answer", entrance="now", silence_s=0.5)
    end_s = r.play(1, TUNE)
    r.at(end_s + 0.4, NoteOff(99)).at(end_s + 0.45, NoteOff(67)).at(end_s + 2)
    assert r.ons()[0][0] == pytest.approx(end_s + 0.5, abs=0.011)
    assert len([n for n in r.ended if n.part == "player"]) == len(TUNE)


def test_silence_for_an_hour(room):
    r = room(mode="answer", entrance="now")
    r.play(1, TUNE)
    r.at(10)
    session, count = r.session, len(r.ons())
    wake_s = session.next_s()
    assert wake_s is None  # nothing to do until something is heard
    r.out += session.due(3610.0)
    r.now_s = 3610.0
    end_s = r.play(3611, TUNE)
    r.at(end_s + 2)
    assert len(r.ons()) > count
    assert r.ons()[count][0] < end_s + 1
    assert session.ledger.counters["clock jumps"] == 0


def test_a_port_is_lost_and_comes_back(room):
    r = room(mode="answer", entrance="now")
    r.at(1, Pedal(True), NoteOn(60, 80)).at(1.2, NoteOn(64, 80)).at(1.5, Lost())
    assert not r.session.snapshot().sounding
    assert [n.duration_s for n in r.ended] == [0.5, pytest.approx(0.3)]
    r.at(4)
    assert r.ons()
    r.play(9, TUNE)
    r.at(13)
    assert r.counters["answers"] == 2


def test_a_key_that_never_comes_up_is_cut(room):
    r = room(mode="answer", longest_hold_s=5)
    r.at(1, NoteOn(60, 80)).at(7)
    assert r.counters["cut"] == 1
    assert not [n for n in r.session.snapshot().sounding if n.part == "player"]


def slow(engine, room, seconds):
    """Every step of the engine takes time, on the stopwatch and on the clock of whoever calls."""
    hear = engine.hear

    def slowly(rows, state):
        room.stopwatch += seconds * rows.shape[1]
        return hear(rows, state)

    engine.hear = slowly


def test_one_slow_note_does_not_let_a_dense_plan_run_dry(toy, room):
    engine = toy()
    step = engine.tables[0]
    step[:], step[:, 3] = -50, 0  # a note every 30 ms
    r = room(engine, mode="continue")
    slow(engine, r, 0.001)
    in_hand_s, hear = [], engine.hear

    def standing_still_once(rows, state):
        r.stopwatch += 0.08 * (engine.steps == 100)
        return hear(rows, state)

    engine.hear = standing_still_once
    while r.now_s < 10:
        before = r.stopwatch
        r.session.due(r.now_s)
        in_hand_s.append(r.session.planned()[-1].onset_s - r.now_s)
        r.now_s += 0.005 + r.stopwatch - before
    assert min(in_hand_s[200:]) > 0.1
    assert not r.counters["missed"]


@pytest.mark.parametrize("lateness", ["drop", "delay", "thin"])
def test_a_model_slower_than_the_music(toy, room, lateness):
    engine = toy()
    r = room(engine, mode="continue", lateness=lateness, longest_note_s=2)
    slow(engine, r, 0.3)  # it writes three notes a second, and would play seven
    while r.now_s < 60:
        before = r.stopwatch
        r.out += r.session.due(r.now_s)
        r.now_s += 0.005 + r.stopwatch - before
    assert r.ons()
    onsets = [s for s, _ in r.ons()]
    assert max(np.diff([*onsets, 60])) < 8  # it goes on, slowly
    assert r.counters["dropped"] < len(onsets) / 2  # most of what it writes is heard
    r.out += r.session.silence()
    assert not r.stuck()
    session = quiet(r)
    assert same(session._memory._voice.state, heard_afresh(session, toy()))


def stalled(room, toy, lateness):
    """A session nobody called for 0.3 s while notes were due; when these were, and when what sounded did."""
    r = room(mode="continue", lateness=lateness, longest_note_s=2, ahead_s=1)
    while True:
        r.at(r.now_s + 0.01)
        planned = [n.onset_s for n in r.session.snapshot().planned]
        late = [s for s in planned if s < r.now_s + 0.2]
        soon = [s for s in planned if r.now_s + 0.2 <= s < r.now_s + 0.4]
        if len(late) >= 3 and len(planned) > len(late) + 1 and not soon:
            break
    count = len(r.ons())
    r.now_s += 0.3
    stall_s = r.now_s
    r.out += r.session.due(stall_s)
    r.at(planned[-1] + 0.4)
    session = quiet(r)
    assert same(session._memory._voice.state, heard_afresh(session, toy()))
    return late, [s for s in planned if s not in late], stall_s, [s for s, _ in r.ons()[count:]], r.counters


def test_late_notes_are_dropped_and_the_others_keep_their_time(room, toy):
    late, others, _, sounded, counters = stalled(room, toy, "drop")
    assert not set(late) & set(sounded)
    assert sounded[: len(others)] == others
    assert (counters["dropped"], counters["late"]) == (len(late), 0)


def test_late_notes_delay_everything(room, toy):
    late, others, stall_s, sounded, counters = stalled(room, toy, "delay")
    delay_s = stall_s - late[0]
    assert sounded[: len(late + others)] == pytest.approx([s + delay_s for s in late + others], abs=0.001)
    assert (counters["dropped"], counters["delayed"]) == (0, 1)


def test_late_notes_are_thinned_out(room, toy):
    late, others, _, sounded, counters = stalled(room, toy, "thin")
    assert len(set(late) & set(sounded)) == 1
    assert sounded[1 : 1 + len(others)] == others
    assert (counters["dropped"], counters["late"]) == (len(late) - 1, 1)


def test_a_clock_that_jumps_back_delays_nothing_for_long(room):
    r = room(mode="continue")
    r.at(100)
    count = len(r.ons())
    r.now_s = 20.0
    r.at(30)
    assert r.counters["clock jumps"] == 1
    after = r.ons()[count:]
    assert len(after) > 20
    assert all(19.9 <= s <= 30 for s, _ in after)
    r.out += r.session.silence()
    assert not r.stuck()


@pytest.mark.parametrize("jump_s", [0.3, 0.9, 1.5])
def test_a_clock_set_back_a_little_stops_nothing(room, toy, jump_s):
    r = room(mode="continue")
    r.at(10)
    count = len(r.ons())
    r.now_s -= jump_s
    r.at(20)
    assert len(r.ons()) > count + 20
    assert same(quiet(r)._memory._voice.state, heard_afresh(r.session, toy()))
    r.out += r.session.silence()
    assert not r.stuck()


def test_a_clock_that_jumps_forward_drops_what_it_missed_and_goes_on(room):
    r = room(mode="continue")
    r.at(10)
    assert r.session.snapshot().planned
    r.now_s = 4000.0
    r.at(4010)
    assert r.counters["dropped"] > 0
    assert [s for s, _ in r.ons() if s > 4001]


def test_an_event_may_be_stamped_a_little_earlier_than_the_last_call(room, toy):
    r = room(mode="duet", entrance="now")
    r.at(1, NoteOn(60, 80)).at(3)
    r.session.hear(NoteOn(62, 80), 2.9)
    assert r.counters["clock jumps"] == 0
    session = quiet(r)
    assert [n.onset_ms for n in session._memory.notes if n.pitch == 62 and n.part == "player"] == [2900]
    assert same(session._memory._voice.state, heard_afresh(session, toy()))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("when_s", [0.0, 1.1, 2.5, 3.0, 4.7, 8.0])
def test_panic_at_any_time(room, mode, when_s):
    r = room(mode=mode, entrance="now", chords="C" if mode == "follow" else "")
    r.play(1, TUNE) if when_s > 4 else r.at(1, NoteOn(60, 80))
    r.at(max(when_s, r.now_s))
    r.out += r.session.silence()
    assert not r.stuck()
    assert r.turn == "rest"
    view = r.session.snapshot()
    assert not view.planned
    assert not view.sounding
    count = len(r.ons())
    r.at(r.now_s + 20)
    assert len(r.ons()) == count  # silent until asked
    end_s = r.play(r.now_s, TUNE)
    r.at(end_s + 12)
    assert len(r.ons()) > count


def test_an_echo_is_no_playing_but_the_same_key_later_is(room):
    r = room(mode="continue")
    while not r.ons():
        r.at(r.now_s + 0.01)
    pitch = r.ons()[0][1].pitch
    r.session.hear(NoteOn(pitch, 80), r.now_s + 0.02)
    r.session.hear(NoteOff(pitch), r.now_s + 0.03)
    assert (r.counters["echoes"], r.counters["heard"]) == (1, 0)
    assert r.turn == "answer"
    r.session.hear(NoteOn(pitch, 80), r.now_s + 0.05)
    assert (r.counters["echoes"], r.counters["heard"]) == (1, 1)
    assert r.turn == "listen"


def test_a_looped_port_does_not_interrupt_the_model(room):
    r = room(mode="continue", echo_s=0.03)
    back = 0
    for _ in range(2000):
        r.at(r.now_s + 0.01)
        for due in r.out[back:]:
            r.session.hear(due.event, r.now_s)
        back = len(r.out)
    assert r.counters["heard"] == 0
    assert r.counters["echoes"] == r.counters["sounded"] > 20


def test_no_note_is_longer_than_allowed(room):
    r = room(mode="continue", longest_note_s=0.1)
    r.at(20)
    assert max(n.duration_s for n in r.ended) <= 0.1


def test_the_pedal_lengthens_what_the_player_plays(room):
    r = room(mode="answer", ending="key")
    r.at(1, Pedal(True), NoteOn(60, 80)).at(1.2, NoteOff(60)).at(2, Pedal(False))
    assert [n.duration_s for n in r.ended] == [1.0]


def test_bad_input_is_refused(room):
    with pytest.raises(OptionError, match="pitch 128 and velocity 80"):
        NoteOn(128, 80)
    with pytest.raises(OptionError, match="velocity 0"):
        NoteOn(60, 0)
    r = room()
    with pytest.raises(OptionError, match="unknown setting 'temprature'; did you mean 'temperature'"):
        r.session.change(temprature=1)
    with pytest.raises(OptionError, match="temperature 0"):
        r.session.change(temperature=0.0)
    assert r.session.settings == LiveSettings()


def test_what_was_played_is_recorded_on_two_tracks(toy):
    recording = Recording()
    session = Session(toy(), LiveSettings(mode="answer", entrance="now"), played=recording.add, timer=lambda: 0.0)
    tune = from_seconds(np.arange(5) * 0.3, np.full(5, 0.25), np.array(TUNE), np.full(5, 80))
    due = list(simulate(session, performance(tune, 100.0), 110.0, from_s=99.0))
    score = recording.score((0, 40))
    assert score.tracks == ("player", "model")
    player = score.select(score.notes["track"] == 0)
    assert np.allclose(player.onset_s, tune.onset_s, atol=0.001)
    assert (score.notes["track"] == 1).sum() == len([d for d in due if isinstance(d.event, NoteOn)])
    assert set(score.notes["program"][score.notes["track"] == 1].tolist()) == {40}
    assert len(recording) == len(score)
    assert len(Recording().score()) == 0


def test_the_metronome_does_not_drift(toy):
    session = Session(toy(), LiveSettings(mode="answer", click=True, tempo=97), timer=lambda: 0.0)
    clicks = [d.due_s for d in simulate(session, iter(()), 1800.0) if isinstance(d.event, NoteOn)]
    assert len(clicks) == 30 * 97 + 1
    assert np.abs(np.array(clicks) - np.arange(len(clicks)) * 60 / 97).max() <= 0.0005


def test_simulated_hours_leave_nothing_behind(toy):
    """No stuck note, bounded memory, no drift: twenty hours of playing now and then."""
    ended = {"player": 0, "model": 0}
    last = []

    def count(note):
        ended[note.part] += 1
        last.append(note)
        del last[:-50]

    session = Session(toy(), LiveSettings(mode="answer", entrance="now", answer_s=2), played=count, timer=lambda: 0.0)
    tune = from_seconds(np.arange(6) * 0.21, np.full(6, 0.3), np.arange(60, 66), np.full(6, 80))
    script = (event for hour in range(20) for event in performance(tune, hour * 3600.0 + 1))
    sounding, sizes = set(), set()
    for due in simulate(session, script, 20 * 3600.0, tick_s=0.01):
        if isinstance(due.event, NoteOn):
            assert due.event.pitch not in sounding
            sounding.add(due.event.pitch)
        else:
            sounding.discard(due.event.pitch)
        sizes.add(len(session._memory.notes))
    assert not sounding
    assert ended["player"] == 120
    assert session.ledger.counters["answers"] == 20
    assert max(sizes) < 400
    played = [n for n in last if n.part == "player"]
    assert played[-1].onset_s == pytest.approx(19 * 3600 + 1 + 5 * 0.21, abs=0.001)
