"""Pieces of phrases: their lengths, their seeds, and what cannot be asked of a model that draws them."""

import numpy as np
import pytest
from tests.models.test_gan import lively
from tests.tiny import CONFIGS, write_model

from antiphon.engine import open_engine
from antiphon.errors import ModelError, OptionError
from antiphon.evaluate.samples import written
from antiphon.files.midi import read_midi, write_midi
from antiphon.generate.pieces import Length, write_pieces
from antiphon.generate.task import perform
from antiphon.notes import from_seconds

pytestmark = pytest.mark.torch
SEEDS = [(1, 0), (1, 1)]
SONG = from_seconds(np.arange(8.0), np.ones(8), np.full(8, 60), np.full(8, 80))


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    config = CONFIGS["gan"]["small"]
    return open_engine(write_model(tmp_path_factory.mktemp("gan") / "drawn", lively("gan", config), "gan", config))


def test_a_piece_is_phrases_in_a_row(engine, tmp_path):
    works = perform(engine, "generate", {"seconds": 10.0}, SEEDS)
    one, other = (piece.music for piece in works.pieces)
    assert one != other
    assert one.tracks == ("melody", "accompaniment")
    assert 8 < one.onset_s.max() < 10
    assert one.end_s.max() <= 10
    assert (one.notes["onset"] % 480 == 0).all()
    write_midi(one, tmp_path / "one.mid")
    assert len(read_midi(tmp_path / "one.mid")) == len(one)
    assert works.notes == len(one) + len(other)


def test_the_same_seed_is_the_same_music_beside_others_and_at_any_length(engine):
    both = perform(engine, "generate", {"seconds": 10.0}, SEEDS).pieces
    alone = perform(engine, "generate", {"seconds": 20.0}, SEEDS[1:]).pieces[0].music
    assert alone.until(10.0) == both[1].music


def test_so_many_notes_or_bars(engine):
    (notes,) = perform(engine, "generate", {"notes": 33}, SEEDS[:1]).pieces
    assert len(notes.music) == 33
    (bars,) = perform(engine, "generate", {"bars": 3, "tempo": 60.0}, SEEDS[:1]).pieces
    assert 8 < bars.music.onset_s.max() < 12  # three bars of four seconds
    assert bars.music.tempos["tempo"].tolist() == [1_000_000]


def test_a_minute_where_nothing_is_said(engine):
    (work,) = perform(engine, "generate", {}, SEEDS[:1]).pieces
    assert 57 < work.music.onset_s.max() < 60


def test_one_that_draws_silence_ends(engine, monkeypatch):
    monkeypatch.setattr(type(engine), "draw", lambda self, noise: np.zeros((len(noise), *self.layout.shape), np.uint8))
    (work,) = perform(engine, "generate", {"notes": 5}, SEEDS[:1]).pieces
    assert len(work.music) == 0


def test_instruments(engine):
    (work,) = perform(engine, "generate", {"seconds": 4.0, "instrument": "violin"}, SEEDS[:1]).pieces
    assert set(work.music.notes["program"]) == {40}


def test_samples_of_a_comparison(engine):
    drawn = written(engine, 2, 40)
    assert [len(score) for score in drawn.scores] == [40, 40]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"temperature": "0.8"}, "sampling is about notes that are drawn one after another"),
        ({"key": "C major"}, "key is about notes"),
        ({"range": "C3..C5"}, "pitch low is about notes"),
        ({"grid": "1/16", "tempo": 100.0}, "grid is about notes"),
        ({"beam": 4}, "search is about notes"),
        ({"ending": "C"}, "ending is about notes"),
        ({"guard": "same_pitch=3"}, "guard is about notes"),
        ({"tempo": 100.0, "metre": "3/4"}, "metre 3/4 is not this model's, whose bars are in 4/4"),
    ],
)
def test_what_cannot_be_asked_is_named(options, message, engine):
    with pytest.raises(OptionError, match=message):
        perform(engine, "generate", options, SEEDS[:1])


def test_it_hears_no_music(engine):
    with pytest.raises(OptionError, match="draws whole phrases and hears no music: leave the prompt out"):
        write_pieces(engine, Length(notes=5), SEEDS, prompt=SONG)
    for command in ("continue", "generate"):
        with pytest.raises(OptionError, match="hears no music"):
            perform(engine, command, {"seconds": 4.0}, SEEDS[:1], SONG)
    for command in ("vary", "infill", "accompany"):
        options = {"from": "1", "to": "3"} if command == "infill" else {}
        with pytest.raises(ModelError, match="drawn draws whole phrases and hears no music"):
            perform(engine, command, options, SEEDS[:1], SONG)
