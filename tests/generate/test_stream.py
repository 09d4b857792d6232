"""The note stream: one seed, one music, whatever else is written beside it."""

import itertools
import tracemalloc

import numpy as np
import pytest

from antiphon.codec import HELD, NoteCodec
from antiphon.engine import open_engine
from antiphon.errors import OptionError
from antiphon.files.midi import read_midi
from antiphon.generate.sampling import Sampling
from antiphon.generate.stream import prompt_rows, stream, streams
from antiphon.notes import DRUMS

SEEDS = [(3, i) for i in range(16)]


def collected(rows, count):
    return np.array(list(itertools.islice(rows, count)))


def test_a_piece_is_the_same_beside_any_others(toy):
    alone = [collected(stream(toy, seed), 40) for seed in SEEDS]
    for size in (2, 16):
        together = collected(streams(toy, SEEDS[:size]), 40)  # (T, B, A)
        assert all((together[:, i] == alone[i]).all() for i in range(size))


def test_other_seeds_are_other_music(toy):
    written = collected(streams(toy, SEEDS), 20)
    assert len({written[:, i].tobytes() for i in range(len(SEEDS))}) == len(SEEDS)


def test_the_model_hears_the_start_the_prompt_and_then_what_it_wrote(toy):
    prompt = np.array([[0, 60, 10, 20], [25, 64, 10, HELD]])
    written = collected(stream(toy, (1,), prompt=prompt), 5)
    heard = np.concatenate(toy.heard)
    assert (heard[0] == toy.codec.start_row).all()
    assert (heard[1:3] == prompt).all()
    assert (heard[3:] == written[:-1]).all()


def test_another_prompt_is_another_continuation(toy):
    one = collected(stream(toy, (1,), prompt=np.array([[0, 60, 10, 20]])), 10)
    other = collected(stream(toy, (1,), prompt=np.array([[0, 61, 10, 20]])), 10)
    assert not np.array_equal(one, other)


def test_an_empty_prompt_is_none(toy):
    empty = np.empty((0, 4), np.uint8)
    assert (collected(stream(toy, (1,), prompt=empty), 10) == collected(stream(toy, (1,)), 10)).all()


def test_chords_rise_and_no_note_is_held(toy):
    for rows in np.moveaxis(collected(streams(toy, SEEDS, sampling=Sampling(temperature=10)), 200), 1, 0):
        within = rows[1:, 0] == 0
        assert (np.diff(rows[:, 1])[within] >= 0).all()
        assert (rows[:, 3] != HELD).all()


def test_a_chord_of_the_prompt_rises_into_the_music(toy):
    toy.tables[0][:, 0] = 50  # nothing but chords
    rows = collected(stream(toy, (1,), prompt=np.array([[0, 100, 10, 20]])), 20)
    assert (rows[:, 0] == 0).all()
    assert (rows[:, 1] >= 100).all()


def test_with_instruments_every_row_is_music(toy_with_programs):
    codec = toy_with_programs.codec
    rows = collected(stream(toy_with_programs, (1,)), 100)
    assert (rows < [a.size for a in codec.attributes]).all()
    assert len(codec.decode(rows)) == 100


def test_a_prompt_of_a_model_without_instruments_has_no_drums(data):
    drums = read_midi(data / "ccby4-groove-funk80.mid")
    assert set(drums.notes["program"].tolist()) == {DRUMS}
    with pytest.raises(OptionError, match="hears no drums"):
        prompt_rows(NoteCodec(), drums)
    assert prompt_rows(NoteCodec(programs=True), drums).shape == (len(drums), 5)


def test_ten_thousand_notes_take_no_more_memory_than_a_thousand(toy):
    toy.heard = type("Nothing", (), {"append": lambda self, rows: None})()
    notes = streams(toy, SEEDS[:1])
    collected(notes, 300)  # what is made once
    tracemalloc.start()
    for _ in itertools.islice(notes, 1000):
        pass
    before = tracemalloc.get_traced_memory()[0]
    for _ in itertools.islice(notes, 9000):
        pass
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 50_000  # a note kept would be 150 bytes, 1.3 MB in all


@pytest.mark.torch
def test_a_real_engine_writes_the_same_beside_any_others(bundle):
    engine = open_engine(bundle)
    together = collected(streams(engine, SEEDS), 30)
    for i in (0, 7, 15):
        assert (collected(stream(engine, SEEDS[i]), 30) == together[:, i]).all()
    assert (collected(streams(engine, SEEDS[:3]), 30) == together[:, :3]).all()
