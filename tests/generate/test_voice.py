"""A voice writes, listens, and goes back exactly to where it was."""

import numpy as np
import pytest
from tests.generate.conftest import Toy

from antiphon.codec import HELD, NoteCodec
from antiphon.engine import open_engine
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.sampling import Sampling
from antiphon.generate.stream import stream
from antiphon.generate.voice import Voice, Voices

EVERYTHING = Control(
    sampling=Sampling(repetition=1.3, top_p=0.95),
    constraints=Constraints(key="D minor", tempo=96, grid="1/16", polyphony=3, density_high=8, drone=(38,)),
    guard=Guard(),
)
CONTROLS = pytest.mark.parametrize("control", [Control(), EVERYTHING], ids=["plain", "everything"])
CHORD = np.array([[0, 60, 20, 40], [0, 64, 20, 40], [12, 67, 20, HELD]])


def notes(voice, count):
    return np.array([voice.next() for _ in range(count)])


@CONTROLS
def test_a_voice_rewound_writes_the_same_again(control):
    voice = Voice(Toy(), (1,), control)
    notes(voice, 290)  # into the second block of random numbers
    mark = voice.mark()
    first = notes(voice, 30)
    for row in CHORD:
        voice.hear(row)
    notes(voice, 250)
    for _ in range(2):
        voice.rewind(mark)
        assert (notes(voice, 30) == first).all()


@CONTROLS
def test_what_was_planned_and_taken_back_leaves_no_trace(control):
    straight, wavering = Voice(Toy(), (1,), control), Voice(Toy(), (1,), control)
    for row in CHORD:
        mark = wavering.mark()
        notes(wavering, 4)
        wavering.rewind(mark)
        assert wavering.hear(row) == straight.hear(row)
    assert (notes(wavering, 20) == notes(straight, 20)).all()


def test_a_voice_is_a_stream(toy):
    voice = Voice(toy, (7, 3))
    written = stream(Toy(), (7, 3))
    assert all((voice.next() == next(written)).all() for _ in range(40))


def test_a_voice_says_what_it_played():
    voice, reader = Voice(Toy(), (1,)), NoteCodec().reader()
    assert voice.note is None
    for _ in range(20):
        note = reader.push(voice.next())
        assert voice.note == note
    assert voice.reader.push(CHORD[0]).onset_ms == voice.note.onset_ms


def test_a_voice_hears_before_it_answers(toy):
    alone, with_others = Voice(Toy(), (1,)), Voice(toy, (1,))
    with_others.hear(CHORD[0])
    assert not (notes(alone, 10) == notes(with_others, 10)).all()
    assert (np.concatenate(toy.heard)[1] == CHORD[0]).all()


def test_the_constraints_hold_from_what_was_heard_on():
    control = Control(constraints=Constraints(step_min_s=0.5, step_max_s=0.6, key="C"))
    voice = Voice(Toy(), (1,), control)
    for row in CHORD:  # its steps are none that the voice may play
        voice.hear(row)
    heard_ms = voice.note.onset_ms
    voice.next()
    assert 500 <= voice.note.onset_ms - heard_ms <= 610
    assert voice.note.pitch % 12 in {0, 2, 4, 5, 7, 9, 11}


def test_voices_may_go_on_from_each_other():
    voices = Voices(Toy(), [(1, i) for i in range(4)], EVERYTHING, scored=True)
    for _ in range(5):
        voices.next()
    before = voices.log_prob.copy()
    voices.take(np.array([2, 2, 0, 3]))
    assert voices.log_prob.tolist() == before[[2, 2, 0, 3]].tolist()
    assert voices.notes[0] == voices.notes[1]
    assert voices.ledger.time[0] == voices.ledger.time[1]
    voices.next()


def test_the_log_likelihood_is_that_of_the_rows():
    toy = Toy()
    voices = Voices(toy, [(1, 0), (1, 1)], Control(sampling=Sampling(temperature=2, top_k=50)), scored=True)
    rows = np.array([voices.next() for _ in range(6)])
    for i in range(2):
        reader, state, expected = toy.codec.reader(), toy.start(1), 0.0
        features, state = toy.step(toy.codec.start_row[None], state)
        for row in rows[:, i]:
            for j, attribute in enumerate(toy.codec.attributes):
                logits = toy.logits(j, features, row[None])[0].astype(float)
                mask = reader.allowed(attribute.name, row)
                logits[~(np.ones(len(logits), bool) if mask is None else mask)] = -np.inf
                expected += logits[row[j]] - np.log(np.exp(logits).sum())
            reader.push(row)
            features, state = toy.step(row[None], state)
        assert voices.log_prob[i] == pytest.approx(expected, rel=1e-5)


def test_repetition_makes_the_same_pitches_rarer():
    def different(penalty):
        control = Control(sampling=Sampling(repetition=penalty, repetition_window=16))
        return len(set(notes(Voice(Toy(spread=3.0), (1,), control), 200)[:, 1].tolist()))

    assert different(20.0) > different(1.0) > different(0.1)


def test_a_temperature_by_attribute_is_of_that_attribute():
    control = Control(sampling=Sampling(temperature={"pitch": 0.02}))
    toy = Toy()
    rows = notes(Voice(toy, (1,), control), 300)
    heard = np.concatenate([toy.codec.start_row[None], rows[:-1]])
    state, likeliest = np.zeros(1, np.int64), []
    for before, row in zip(heard, rows, strict=True):
        state = (state * 7 + before.astype(np.int64).sum()) % 13
        logits = toy.logits(1, state[None].astype(np.float32), row[None])[0]
        likeliest.append(row[1] == logits.argmax() or row[0] == 0)
    assert np.mean(likeliest) > 0.97
    assert len(set(rows[:, 0].tolist())) > 20


@pytest.mark.torch
def test_a_real_engine_rewinds(bundle):
    voice = Voice(open_engine(bundle), (1,), EVERYTHING)
    notes(voice, 5)
    mark = voice.mark()
    first = notes(voice, 10)
    voice.rewind(mark)
    assert (notes(voice, 10) == first).all()
