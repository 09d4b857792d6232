"""Every mode, with a fake clock."""

import numpy as np
import pytest

from antiphon import theory
from antiphon.live.events import Clock, HandOver, NoteOff, NoteOn, Pedal
from antiphon.notes import from_seconds

TUNE = (60, 62, 64, 65, 67, 65, 64, 62)


def test_answer_waits_for_the_phrase_to_end_and_answers_at_like_length(room):
    r = room(mode="answer", entrance="now")
    end_s = r.play(1, TUNE)
    assert r.turn == "listen"
    assert not r.ons()
    r.at(end_s + 0.3)
    assert r.turn == "listen"  # steps of 0.25 s do not end a phrase at 0.3 s
    r.at(12)
    first_s, last_s = r.ons()[0][0], r.ons()[-1][0]
    assert end_s + 0.3 < first_s < end_s + 1
    assert last_s < first_s + (end_s - 1)
    assert last_s > first_s + (end_s - 1) / 2
    assert r.turn == "rest"
    assert r.counters["answers"] == 1
    assert not r.stuck()


def test_the_silence_that_ends_a_phrase_adapts_to_its_pace(room):
    def answered_after(step_s):
        r = room(mode="answer", entrance="now")
        end_s = r.play(1, TUNE, step_s, step_s * 0.8)
        r.at(end_s + 5)
        return r.ons()[0][0] - end_s

    assert 0.38 < answered_after(0.1) < 0.5
    assert 0.9 < answered_after(0.6) < 1.2


@pytest.mark.parametrize("silence_s", [0.2, 1.5])
def test_a_fixed_silence_ends_a_phrase(room, silence_s):
    r = room(mode="answer", entrance="now", silence_s=silence_s)
    end_s = r.play(1, TUNE)
    r.at(end_s + 3)
    assert r.ons()[0][0] - end_s == pytest.approx(silence_s, abs=0.02)


def test_the_first_note_of_an_answer_is_in_time_with_the_player(room):
    r = room(mode="answer")
    r.play(1, TUNE * 2, 0.5, 0.4)
    r.at(14)
    first_s = r.ons()[0][0]
    assert (first_s - 1) % 0.5 == pytest.approx(0, abs=0.02) or (first_s - 1) % 0.5 == pytest.approx(0.5, abs=0.02)
    assert r.session.snapshot().bpm == pytest.approx(120, rel=0.01)


def test_a_key_or_a_pedal_hands_over_at_once(room):
    for ending, event in (("key", HandOver()), ("pedal", Pedal(True))):
        r = room(mode="answer", ending=ending, entrance="now")
        end_s = r.play(1, TUNE)
        r.at(end_s + 4)
        assert r.turn == "listen"  # no silence ends it
        r.at(end_s + 4, event).at(end_s + 5)
        assert r.ons()[0][0] == pytest.approx(end_s + 4, abs=0.01)


def test_a_bar_line_ends_a_phrase(room):
    r = room(mode="answer", ending="bar", tempo=120)
    r.play(1, TUNE, 0.5, 0.4)  # two bars, from 1.0 to 5.0; the next one is silent
    r.at(12)
    assert r.ons()[0][0] == pytest.approx(7, abs=0.011)


def test_handing_over_while_the_model_plays_stops_it(room):
    r = room(mode="answer", answer_s=20)
    r.at(1, HandOver()).at(3)
    assert r.turn == "answer"
    count = len(r.ons())
    r.at(3, HandOver()).at(13)
    assert r.turn == "rest"
    assert len(r.ons()) == count
    assert not r.stuck()


def test_handing_over_what_the_silence_has_just_handed_over_stops_nothing(room):
    r = room(mode="answer", entrance="now", silence_s=1)
    end_s = r.play(1, TUNE)
    r.at(end_s + 1.1)
    assert r.turn == "answer"
    r.at(end_s + 1.2, HandOver()).at(end_s + 1.4)
    assert r.turn == "answer"
    assert r.ons()


def test_continue_begins_from_nothing_and_has_no_end(room):
    r = room(mode="continue")
    r.at(60)
    onsets = [s for s, _ in r.ons()]
    assert max(np.diff(onsets)) <= 4.1
    assert onsets[0] < 0.1
    assert onsets[-1] > 55


def test_continue_goes_on_from_a_file_that_it_has_heard(room):
    prompt = from_seconds(np.arange(8) * 0.5, np.full(8, 0.4), np.arange(60, 68), np.full(8, 80))
    r = room(mode="continue", prompt=prompt)
    r.at(3)
    assert r.ons()
    assert [n.pitch for n in r.session._memory.notes[:8]] == list(range(60, 68))


def test_continue_listens_when_the_player_plays_and_then_goes_on(room):
    r = room(mode="continue", entrance="now")
    r.at(3)
    end_s = r.play(3, TUNE)
    assert not [s for s, _ in r.ons() if 3 < s < end_s]
    r.at(end_s + 30)
    assert [s for s, _ in r.ons() if s > end_s + 25]


def test_duet_plays_while_the_player_plays_below_and_stops_after(room):
    r = room(mode="duet", place="below", entrance="now")
    end_s = r.play(1, TUNE * 3)
    during = [event.pitch for s, event in r.ons() if s < end_s]
    assert len(during) > 10
    assert max(during) < 60
    r.at(end_s + 10)
    assert r.turn == "rest"
    assert r.ons()[-1][0] < end_s + 6
    assert not r.stuck()


def test_duet_forgets_what_was_planned_when_a_key_is_struck(room):
    r = room(mode="duet", entrance="now")
    r.at(1, NoteOn(60, 80)).at(2)
    planned = r.session.snapshot().planned
    assert planned
    assert all(note.part == "model" and note.onset_s > 2 for note in planned)
    r.at(2, NoteOn(72, 80))
    assert not r.session.snapshot().planned
    assert r.counters["forgotten"] == len(planned)


def test_harmonise_adds_voices_that_end_with_the_key(room):
    r = room(mode="harmonise", voices=3, place="below", key="C major")
    r.at(1, NoteOn(72, 80)).at(1.5)
    ons = r.ons()
    assert len(ons) == 3
    pitches = [event.pitch for _, event in ons]
    assert len(set(pitches)) == 3
    assert max(pitches) < 72
    assert {p % 12 for p in pitches} <= theory.scale("C major").pitch_classes
    assert max(s for s, _ in ons) <= 1.02
    assert len(r.session.snapshot().sounding) == 4
    r.at(2, NoteOff(72)).at(2.01)
    assert not r.stuck()
    ends = {d.due_s for d in r.out if isinstance(d.event, NoteOff)}
    assert ends == {2.0}


def test_harmonise_gives_a_chord_voices_once(room):
    r = room(mode="harmonise", voices=2)
    r.at(1, NoteOn(60, 80), NoteOn(64, 80)).at(1.02, NoteOn(67, 80)).at(1.5)
    assert len(r.ons()) == 2


def test_trade_counts_bars_with_a_click(room):
    r = room(mode="trade", tempo=120, bars=2, beats=4)  # turns of 4 s
    r.at(0.1)
    r.play(2, TUNE)  # the bar line at 2
    r.at(6.5)
    assert r.turn == "answer"
    r.play(10.1, TUNE)
    assert r.turn == "listen"
    r.at(30)
    onsets = [s for s, _ in r.ons()]
    assert onsets
    assert all(6 <= s < 10 or 14 <= s < 18 for s in onsets)
    assert any(s < 10 for s in onsets)
    assert any(s > 14 for s in onsets)
    ends = [d.due_s for d in r.out if d.part == "model" and isinstance(d.event, NoteOff)]
    assert all(s <= 18 for s in ends)  # notes end with the turn
    assert r.turn == "rest"  # the player's third turn was silent
    clicks = r.ons("click")
    assert np.allclose(np.diff([s for s, _ in clicks]), 0.5, atol=0.002)
    accents = [s for s, event in clicks if event.pitch == 76]
    assert np.allclose(np.diff(accents), 2, atol=0.002)


def test_playing_into_the_models_bars_does_not_take_its_turn(room):
    r = room(mode="trade", tempo=120, bars=2)
    r.at(0.1)
    r.play(2, TUNE)
    r.at(7, NoteOn(60, 80)).at(7.2, NoteOff(60)).at(9.9)
    assert r.turn == "answer"
    assert [s for s, _ in r.ons() if s > 7.2]


def test_follow_keeps_to_the_chords_of_its_lane(room):
    r = room(mode="follow", chords="Am F C G", tempo=120, entrance="now")
    r.at(1, NoteOn(69, 80)).at(1.1, NoteOff(69)).at(20)  # bars of 2 s from 1 on
    for onset_s, event in r.ons():
        bar = int((onset_s - 1 + 0.005) // 2) % 4
        assert event.pitch % 12 in theory.progression("Am F C G")[bar].pitch_classes
    assert len(r.ons()) > 20
    r.at(22.9)
    assert r.session.snapshot().chord == "C"


def test_follow_keeps_to_what_the_left_hand_holds(room):
    r = room(mode="follow", entrance="now", lowest=60)
    r.at(1, NoteOn(36, 80), NoteOn(40, 80), NoteOn(43, 80)).at(5)
    assert {event.pitch % 12 for _, event in r.ons()} <= {0, 4, 7}
    assert len(r.ons()) > 5
    r.at(5, NoteOff(36), NoteOff(40), NoteOff(43), NoteOn(38, 80), NoteOn(41, 80), NoteOn(45, 80)).at(8)
    assert {event.pitch % 12 for s, event in r.ons() if s > 5.05} <= {2, 5, 9}
    r.at(8, NoteOff(38), NoteOff(41), NoteOff(45)).at(14)
    assert r.turn == "rest"


def test_the_register_the_key_the_density_and_the_volume_are_kept(room):
    r = room(mode="continue", lowest=48, highest=59, key="D minor", density=2.0, volume=0.0)
    r.at(20)
    ons = r.ons()
    assert {event.pitch % 12 for _, event in ons} <= theory.scale("D minor").pitch_classes
    assert all(48 <= event.pitch <= 59 for _, event in ons)
    onsets = np.array([s for s, _ in ons])
    assert all(((onsets > s - 1) & (onsets <= s)).sum() <= 2 for s in onsets)
    assert {event.velocity for _, event in ons} == {1}


def test_settings_change_while_it_plays(room):
    r = room(mode="continue")
    r.at(5)
    r.session.change(lowest=60, highest=71)
    r.at(10)
    assert all(60 <= event.pitch <= 71 for s, event in r.ons() if s > 5)
    r.session.change(mode="answer")
    r.at(20)
    assert r.turn == "rest"
    assert not r.stuck()
    assert r.session.settings.mode == "answer"


def test_another_model_goes_on_from_what_was_heard(room, toy):
    r = room(mode="continue")
    r.at(5)
    heard = [note.pitch for note in r.session._memory.notes]
    other = toy()
    r.session.swap(other)
    r.at(5.1)
    assert other.steps >= len(heard) - 30
    r.at(10)
    assert [s for s, _ in r.ons() if s > 6]
    assert not [note for note in r.session._memory.notes if note.settled]


def test_a_midi_clock_leads(room):
    r = room(mode="answer", entrance="beat")
    r.at(0.0, Clock("start"))
    for i in range(24 * 8):
        r.at(0.1 + i * 60 / 90 / 24, Clock())
        if i in (24, 36, 48):
            r.session.hear(NoteOn(60, 80), r.now_s)
            r.session.hear(NoteOff(60), r.now_s + 0.001)
    assert r.session.snapshot().bpm == pytest.approx(90, rel=0.01)
    first_s = r.ons()[0][0]
    assert (first_s - 0.1) % (60 / 90) == pytest.approx(0, abs=0.012) or (first_s - 0.1) % (60 / 90) > 60 / 90 - 0.012


def test_a_clock_is_sent_when_asked(room):
    r = room(mode="answer", tempo=100, clock=True)
    r.at(0.01).at(6.01)
    ticks = [d.due_s for d in r.out if isinstance(d.event, Clock)]
    assert len(ticks) == pytest.approx(240, abs=2)
    assert np.allclose(np.diff(ticks), 0.025, atol=0.002)


def test_the_velocities_are_kept(room):
    played = room(mode="continue", softest=40, loudest=50)
    played.at(0.1, HandOver()).at(20)
    assert len(played.ons()) > 50
    assert all(40 <= event.velocity <= 50 for _, event in played.ons())


@pytest.mark.parametrize("most", [1, 2, 3])
@pytest.mark.parametrize("mode", ["continue", "duet", "harmonise"])
def test_no_more_notes_sound_at_once_than_are_allowed(room, mode, most):
    played = room(mode=mode, polyphony=most, ahead_s=1, voices=4)
    played.at(0.1, HandOver())
    played.play(1, [60, 62, 64, 65, 67, 69] * 4, length_s=0.6)
    played.at(30)
    heard, sounding = 0, set()
    for due in played.out:
        if isinstance(due.event, NoteOn):
            sounding.add(due.event.pitch)
        elif isinstance(due.event, NoteOff):
            sounding.discard(due.event.pitch)
        heard = max(heard, len(sounding))
    assert heard == most
    assert len(played.ons()) > 10


def test_what_repeats_is_made_unlikely_from_when_it_is_set(room):
    def repeated(**settings):
        pitches = [event.pitch for _, event in room(mode="continue", **settings).at(0.1, HandOver()).at(60).ons()]
        return sum(pitch in pitches[max(i - 8, 0) : i] for i, pitch in enumerate(pitches)) / len(pitches)

    narrow = {"lowest": 60, "highest": 83}
    assert repeated(**narrow, repetition=100, repetition_window=8) < 0.25 * repeated(**narrow)


def test_a_temperature_of_one_attribute_leaves_the_others_as_they_were(room):
    def distinct(**settings):
        ons = [event for _, event in room(mode="continue", **settings).at(0.1, HandOver()).at(30).ons()]
        return len({event.pitch for event in ons}) / len(ons), len({event.velocity for event in ons}) / len(ons)

    free, cold = distinct(), distinct(temperatures="velocity=0.01")
    assert cold[1] < free[1]
    assert abs(cold[0] - free[0]) < 0.25


@pytest.mark.parametrize("mode", ["continue", "answer", "duet"])
@pytest.mark.parametrize(("grid", "swing", "lines_s"), [("1/8", 0.5, [0, 0.3]), ("1/8", 0.6, [0, 0.36])])
def test_on_a_grid_notes_begin_and_end_on_its_lines(room, mode, grid, swing, lines_s):
    played = room(mode=mode, tempo=100, grid=grid, swing=swing)
    played.at(played.play(0.5, [60, 64, 67, 72] * 3, step_s=0.31), HandOver()).at(20)
    ended = [note for note in played.ended if note.part == "model" and note.onset_s > 0.5]  # from where the beat is
    assert len(ended) > 10
    struck = {(note.pitch, round(note.onset_s, 3)) for note in ended}
    for note in ended:
        ends_s = note.onset_s + note.duration_s
        cut = (note.pitch, round(ends_s, 3)) in struck or note.duration_s == played.session.settings.longest_note_s
        for time_s in (note.onset_s, *([] if cut or mode != "continue" else [ends_s])):
            assert min(abs((time_s - 0.5 - line + 0.3) % 0.6 - 0.3) for line in lines_s) < 0.0021, (time_s, note)


def test_without_a_beat_there_is_no_grid(room):
    played = room(mode="continue", grid="1/4").at(0.1, HandOver()).at(10)
    assert len({round(onset_s % 0.1, 3) for onset_s, _ in played.ons()}) > 3
