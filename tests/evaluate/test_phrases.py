"""MuseGAN's measures by hand, and how different phrases are."""

import numpy as np
import pytest

from antiphon.corpus.phrase_rolls import BEGINS, SOUNDS, Layout, PhraseRolls
from antiphon.corpus.store import open_corpus
from antiphon.errors import CorpusError
from antiphon.evaluate.phrases import apart, measures, nearest_of, phrase_report, spread, table, variety

LAYOUT = Layout(bars=2, steps=8, tracks=2, lowest=48, pitches=24)


def roll(*notes):
    """A phrase of (track, step, length, pitch)."""
    found = np.zeros(LAYOUT.shape, np.uint8)
    for track, step, length, pitch in notes:
        found[step : step + length, track, SOUNDS, pitch - 48] = 1
        found[step, track, BEGINS, pitch - 48] = 1
    return found


CHORD = [(1, 0, 4, 48), (1, 0, 4, 60), (1, 0, 4, 55), (1, 8, 1, 52)]
ONE = roll((0, 0, 4, 60), (0, 5, 1, 62), *CHORD)


def test_by_hand():
    found = {name: value[0] for name, value in measures(ONE[None], LAYOUT).items()}
    assert found["melody_empty_bars"] == 0.5
    assert found["accompaniment_empty_bars"] == 0
    assert found["melody_pitch_classes"] == 2
    assert found["accompaniment_pitch_classes"] == (2 + 1) / 2  # an octave is one class
    assert found["melody_qualified"] == 0.5
    assert found["accompaniment_qualified"] == 0.75
    assert found["melody_notes"] == 1
    assert found["accompaniment_notes"] == 2
    assert found["melody_on_beat"] == 0.5
    assert found["accompaniment_on_beat"] == 1


def test_a_note_that_is_struck_again_is_two_fragments():
    twice = roll((0, 0, 1, 60), (0, 1, 1, 60), (1, 0, 2, 48))
    assert measures(twice[None], LAYOUT)["melody_qualified"][0] == 0
    at_the_end = roll((0, 15, 1, 60), (1, 0, 2, 48))
    assert measures(at_the_end[None], LAYOUT)["melody_qualified"][0] == 1  # it is cut, not short


def test_tonal_distance():
    def distance(*pitches):
        return measures(roll((0, 0, 4, 60), *((1, 0, 4, p) for p in pitches))[None], LAYOUT)["tonal_distance"][0]

    assert distance(48) == pytest.approx(0)  # the same class an octave lower
    assert distance(48, 52, 55) < distance(55) < distance(54)  # its chord, its fifth, its tritone
    fifth = np.array([7 / 6, 3 / 2, 2 / 3]) * np.pi * 7
    apart = np.sqrt(sum(r**2 * (2 - 2 * np.cos(a)) for r, a in zip((1, 1, 0.5), fifth, strict=True)))
    assert distance(55) == pytest.approx(apart)


def test_of_nothing_there_is_nothing_to_say():
    found = measures(np.zeros((1, *LAYOUT.shape), np.uint8), LAYOUT)
    for name, value in found.items():
        known = name.endswith(("empty_bars", "notes"))
        assert np.isnan(value[0]) != known, name
    alone = Layout(bars=2, steps=8, tracks=1, lowest=48, pitches=24)
    assert set(measures(ONE[None, :, :1], alone)) == {"empty_bars", "pitch_classes", "qualified", "notes", "on_beat"}


def random_rolls(count, share, seed):
    rng = np.random.default_rng(seed)
    return (rng.random((count, *LAYOUT.shape)) < share).astype(np.uint8)


def test_equal_distributions_are_not_apart_and_others_are():
    one, other, denser = (random_rolls(400, s, i) for i, s in enumerate((0.02, 0.02, 0.1)))
    assert set(apart(one, one, LAYOUT).values()) == {0.0}
    near, far = (np.mean(list(apart(x, one, LAYOUT).values())) for x in (other, denser))
    assert near < 0.15 < 1 < far
    silent = apart(np.zeros_like(one), one, LAYOUT)
    assert all(np.isfinite(value) for value in silent.values())
    assert min(silent.values()) > 0.5


def test_variety_by_hand():
    one, other = roll((0, 0, 4, 60), *CHORD), roll((0, 0, 4, 62), *CHORD)
    found = variety(np.stack([one, one, other]))
    assert found["pairwise"] == pytest.approx((0 + 8 + 8) * 2 / 6)
    assert found["nearest"] == pytest.approx((0 + 0 + 8) / 3)
    assert found["pairwise_share"] == pytest.approx((8 / 21 * 4) / 6)
    assert found["distinct"] == pytest.approx(2 / 3)


@pytest.fixture
def trained(corpus):
    opened = open_corpus(corpus)
    return opened, PhraseRolls(opened, opened.split("train"), Layout(bars=1, steps=8))


def test_a_copy_is_found_in_any_key(trained):
    _, rolls = trained
    some = spread(rolls, 5)
    assert (nearest_of(some, rolls) == 0).all()
    inner = some[:1].copy()
    inner[..., :12] = inner[..., -12:] = 0  # room to move
    moved, there = np.roll(some, 3, axis=-1), nearest_of(some, rolls)
    lost = np.array([r[..., -3:].any() for r in some])
    assert (nearest_of(moved, rolls)[~lost] == there[~lost]).all()
    assert (nearest_of(random_rolls(3, 0.02, 0)[:, :8].repeat(3, -1)[..., :60], rolls) > 0.5).all()


class Fake:
    """Draws what it is told to."""

    layout, noise = Layout(bars=1, steps=8), 3

    def __init__(self, rolls):
        self._rolls = rolls

    def draw(self, noise):
        return np.resize(self._rolls, (len(noise), *self.layout.shape))


def test_a_report_tells_collapse_and_copying(trained):
    opened, rolls = trained
    shares = []
    copier = phrase_report(Fake(spread(rolls, 40)), opened, "validation", progress=shares.append)
    assert shares[-1] == 1
    assert copier["nearest_training"]["made"] == {"median": 0.0, "least": 0.0}
    assert copier["nearest_training"]["real"]["median"] > 0
    one = phrase_report(Fake(rolls.take(np.arange(1))), opened, "validation")
    assert one["variety"]["made"]["pairwise"] == 0 < one["variety"]["real"]["pairwise"]
    assert one["variety"]["made"]["distinct"] == 1 / one["phrases"]
    assert one["apart"] > copier["apart"]
    for title in ("melody, empty bars", "tonal distance of the two", "cells that differ between two phrases"):
        assert title in [what for what, _, _ in table(one)]


def test_a_split_without_pieces(trained):
    opened, rolls = trained
    with pytest.raises(CorpusError, match="unknown split 'tst'"):
        phrase_report(Fake(rolls.take(np.arange(1))), opened, "tst")
