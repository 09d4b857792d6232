"""Whole pieces: as long as asked for, from the prompt or after it, and the stream collected."""

import itertools

import numpy as np
import pytest

from antiphon.errors import OptionError
from antiphon.generate.pieces import Length, write_pieces
from antiphon.generate.sampling import Sampling
from antiphon.generate.stream import stream
from antiphon.notes import DRUMS, NOTE, from_seconds, score

SEEDS = [(5, i) for i in range(4)]


def write(engine, seeds=SEEDS, **options):
    length = Length(**{key: options.pop(key) for key in ("notes", "seconds") if key in options})
    return write_pieces(engine, length, seeds, **options)


@pytest.fixture
def prompt():
    return from_seconds(np.array([0.0, 0.25, 0.5]), np.array([0.2, 0.2, 0.2]), np.array([60, 64, 67]), np.full(3, 82))


@pytest.mark.parametrize("count", [1, 2, 257])
def test_as_many_notes_as_asked_for(toy, count):
    pieces = write(toy, notes=count)
    assert [len(score) for score in pieces.scores] == [count] * 4
    assert pieces.notes == 4 * count


@pytest.mark.parametrize("seconds", [0.05, 3.0, 30.0])
def test_as_long_as_asked_for_and_no_longer(toy, seconds):
    for made in write(toy, seconds=seconds).scores:
        assert len(made) >= 1
        assert made.onset_s[0] == 0
        assert made.length_s <= seconds + 1 / 3840  # a tick
        assert made.onset_s.max() < seconds


def test_all_notes_that_begin_in_time_are_there(toy):
    short, long = (write(toy, seconds=seconds).scores for seconds in (20, 40))
    for some, more in zip(short, long, strict=True):
        begun = more.notes[more.onset_s < 20]
        assert some.notes["onset"].tolist() == begun["onset"].tolist()
        assert some.notes["pitch"].tolist() == begun["pitch"].tolist()


def test_a_piece_is_the_stream_collected(toy):
    rows = np.array(list(itertools.islice(stream(toy, SEEDS[1]), 50)))
    rows[0, 0] = 0  # music begins at once
    assert write(toy, notes=50).scores[1] == toy.codec.decode(rows)


def test_the_same_seed_is_the_same_music_in_any_company(toy):
    every = write(toy, notes=30).scores
    assert [write(toy, [seed], notes=30).scores[0] for seed in SEEDS] == every
    assert len({made.notes.tobytes() for made in every}) == len(SEEDS)
    assert write(toy, notes=30, sampling=Sampling(temperature=2)).scores != every


def test_a_prompt_is_heard_and_left_out(toy, prompt):
    made = write(toy, notes=20, prompt=prompt).scores
    assert [len(score) for score in made] == [20] * 4
    assert all(score.notes["onset"][0] == 0 for score in made)
    assert made != write(toy, notes=20).scores


def test_a_prompt_that_is_kept_begins_the_piece(toy, prompt):
    new = write(toy, notes=20, prompt=prompt).scores
    for kept, made in zip(write(toy, notes=20, prompt=prompt, keep_prompt=True).scores, new, strict=True):
        assert len(kept) == 23
        assert kept.notes["pitch"][:3].tolist() == [60, 64, 67]
        later = kept.notes[3:]
        assert np.diff(later["onset"]) == pytest.approx(np.diff(made.notes["onset"]), abs=1)
        assert later["velocity"].tolist() == made.notes["velocity"].tolist()


@pytest.mark.parametrize("keep", [True, False])
def test_seconds_count_from_the_first_new_note(toy, prompt, keep):
    for made in write(toy, seconds=10, prompt=prompt, keep_prompt=keep).scores:
        first = made.onset_s[3 if keep else 0]
        assert made.length_s == pytest.approx(first + 10, abs=3)
        assert made.length_s <= first + 10 + 1 / 3840


@pytest.mark.parametrize("notes", [[], [(0, 10, 36, 80, DRUMS, 0)]], ids=["empty", "drums"])
def test_a_prompt_without_a_note_to_hear_is_an_error(toy, notes):
    with pytest.raises(OptionError, match="no notes that this model hears"):
        write(toy, notes=10, prompt=score(np.array(notes, NOTE)))


def test_the_instrument_is_as_asked_for(toy, toy_with_programs):
    assert set(write(toy, notes=5, program=40).scores[0].notes["program"].tolist()) == {40}
    own = write(toy_with_programs, notes=30, program=40).scores[0].notes["program"]
    assert len(set(own.tolist())) > 1  # a model with instruments chooses them itself


def test_progress_rises_to_the_whole(toy):
    told = []
    write(toy, seconds=5, progress=told.append)
    assert told == sorted(told)
    assert told[0] >= 0
    assert told[-1] == 1


def test_times_are_measured(toy):
    pieces = write(toy, notes=20)
    assert 0 < pieces.first_note_s < pieces.elapsed_s


@pytest.mark.parametrize(
    ("length", "message"),
    [
        ({"notes": 0}, "0 notes is out of range: 1 to 10,000,000"),
        ({"notes": -3}, "-3 notes is out of range"),
        ({"notes": 10_000_001}, "is out of range"),
        ({"seconds": 0.0}, "0.0 seconds is out of range: above 0"),
        ({"seconds": -1.0}, "is out of range"),
        ({"seconds": float("nan")}, "nan seconds is out of range"),
        ({"seconds": float("inf")}, "inf seconds is out of range"),
        ({}, "either a number of notes or of seconds"),
        ({"notes": 1, "seconds": 1.0}, "either a number of notes or of seconds"),
    ],
)
def test_a_length_out_of_range_is_refused(length, message):
    with pytest.raises(OptionError, match=message):
        Length(**length)
