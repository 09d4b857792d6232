"""The family of chords: its heads give every chord one probability, and all of them together 1."""

import itertools

import numpy as np
import pytest
import torch
from tests.tiny import tiny_model

from antiphon.chords import NONE, STOP, ChordCodec
from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.chord import Chord, ChordConfig
from antiphon.models.registry import build

pytestmark = pytest.mark.torch
SMALL = {"notes": 2, "size": 16, "layers": 1, "attention": 0, "head_size": 16}


def row(*notes, step=9, velocity=5, most=2):
    """(1, A) a chord of (pitch, duration code) pairs."""
    pairs = [*notes, *[(STOP, NONE)] * (most - len(notes))]
    return torch.tensor([[step, velocity, *itertools.chain(*pairs)]])


@torch.no_grad()
def probability(model, chord, past):
    features, _ = model.step(past, model.start(1))
    return model.heads.log_prob(features, chord)[0]


@torch.no_grad()
def test_the_pitches_of_all_chords_sum_to_one():
    """With a fixed duration: of one note each of 128 pitches, of two each falling pair."""
    model, past = tiny_model("chord", SMALL), row((60, 10))
    pitches = [(p,) for p in range(128)] + [(p, q) for p in range(128) for q in range(p)]
    chords = torch.cat([row(*((pitch, 7) for pitch in chord)) for chord in pitches])
    features, _ = model.step(past, model.start(1))
    log_prob = model.heads.log_prob(features.expand(len(chords), -1), chords)
    pitch = log_prob[:, 2] + log_prob[:, 4]
    # The second pitch is given the first one's duration, which is the same in all of these chords.
    assert pitch.exp().sum().item() == pytest.approx(1, abs=1e-3)


def test_what_comes_after_a_stop_is_certain():
    log_prob = probability(tiny_model("chord", SMALL), row((60, 7)), row((50, 3)))
    assert log_prob[-1].item() == 0
    assert log_prob[-2].item() < 0  # the stop itself is not


@pytest.mark.parametrize(
    "impossible",
    [
        row((60, 7), (60, 7)),
        row((60, 7), (64, 7)),
        row((60, NONE)),
        row((STOP, NONE), (50, 7)),
        row((60, 7), (50, NONE)),
    ],
    ids=["twice", "rising", "no length", "after a stop", "a second without length"],
)
def test_what_the_codec_does_not_allow_has_no_probability(impossible):
    assert probability(tiny_model("chord", SMALL), impossible, row((50, 3))).sum().item() < -1000


def test_independent_heads_give_it_some():
    model = tiny_model("chord", {**SMALL, "heads": "independent"})
    assert probability(model, row((60, 7), (64, 7)), row((50, 3))).sum().item() > -100


def test_a_lower_note_sees_the_one_above_where_heads_are_chained():
    features = torch.randn(1, 6 * 16)
    for heads, differs in (("chained", True), ("independent", False)):
        model = tiny_model("chord", {**SMALL, "heads": heads})
        one, other = (model.heads.logits(4, features, row((p, 7)))[0, :40] for p in (60, 61))
        assert torch.equal(one, other) != differs


def test_the_order_of_time_is_heard():
    model, rows = tiny_model("chord", SMALL), torch.stack([row((60, 7)), row((64, 7))], 1)
    one, _ = model.parallel(rows, model.start(1))
    other, _ = model.parallel(rows.flip(1), model.start(1))
    assert not torch.allclose(one[:, -1], other[:, -1])


def test_it_makes_its_own_codec():
    assert tiny_model("chord", {**SMALL, "beats": True}).codec == ChordCodec(2, beats=True)


@pytest.mark.parametrize("codec", [NoteCodec(ends=4), NoteCodec(programs=True)])
def test_a_codec_of_notes_with_more_than_chords_have_is_refused(codec):
    with pytest.raises(RecipeError, match="leave the table codec out"):
        Chord(ChordConfig(), codec)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"notes": 0}, r"model\.notes 0 is out of range: at least 1"),
        ({"notes": 17}, r"model\.notes 17 is out of range: at most 16"),
        ({"attention": -1}, r"model\.attention -1 is out of range: at least 0"),
        ({"dropout": 1.0}, r"model\.dropout 1\.0 is out of range"),
    ],
)
def test_a_model_that_cannot_be_is_refused(table, message):
    with pytest.raises(RecipeError, match=message):
        build("chord", table, NoteCodec())


def test_the_loss_counts_what_is_not_certain_only_once():
    """Skipping what is certain gives the numbers of the logits, for chords of any size."""
    codec = ChordCodec(3)
    rng = np.random.default_rng(2)
    pitch = np.sort(rng.choice(128, (20, 3)), axis=1)[:, ::-1].copy()
    count = rng.integers(1, 4, 20)
    pitch[np.arange(3) >= count[:, None]] = STOP
    rows = np.zeros((20, len(codec.attributes)), np.int64)
    rows[:, 2::2], rows[:, 3::2] = pitch, np.where(pitch == STOP, NONE, 12)
    model, rows = tiny_model("chord", {**SMALL, "notes": 3}), torch.from_numpy(rows)
    features = torch.randn(20, 8 * 16)
    found = model.heads.log_prob(features, rows)
    for i in range(len(codec.attributes)):
        whole = model.heads.logits(i, features, rows).log_softmax(-1)
        torch.testing.assert_close(found[:, i], whole.gather(1, rows[:, i : i + 1])[:, 0])
