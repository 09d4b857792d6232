"""The bound of models that fill: right where it is known, on the grid, and of every note."""

import numpy as np
import pytest
from tests.tiny import CONFIGS, corpus, tiny_model, write_model

from antiphon.bins import STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_engine
from antiphon.evaluate.cache import Cache
from antiphon.evaluate.comparison import Comparison, Study
from antiphon.evaluate.contestants import Kind, open_contestants
from antiphon.evaluate.filling import _Block, bounds, filling_bound, summary
from antiphon.evaluate.likelihood import Likelihood, notes_of, rows_of
from antiphon.evaluate.report import Page
from antiphon.evaluate.results import leaderboard, origin

__all__ = ["corpus"]


class Knows:
    """It says the same of a code whatever is shown: uniform, or almost sure of what is true where it is hidden."""

    def __init__(self, sure=None, window=32):
        self.codec, self.window, self._sure, self.hidden = NoteCodec(), window, sure, []

    def fill(self, rows, hints):
        assert rows.shape[1] <= self.window
        assert not hints.any()
        sizes = [a.size for a in self.codec.attributes]
        self.hidden.append((rows == sizes).sum())
        logits = [np.zeros((*rows.shape[:2], size), np.float32) for size in sizes]
        if self._sure is not None:
            for i, scores in enumerate(logits):
                scores[..., self._sure[i]] = 30
        return logits


def test_a_model_that_knows_nothing_has_the_nats_of_that(corpus):
    pytest.importorskip("pyarrow")
    opened = open_corpus(corpus)
    pieces, told = opened.split("train"), []
    found = filling_bound(Knows(), opened, pieces, told.append)
    codec = NoteCodec()
    rows = [rows_of(codec, notes) for notes in notes_of(codec, opened, pieces)]
    assert found.notes.tolist() == [len(r) for r in rows]
    assert sum(told) == found.notes.sum()
    cells = [np.concatenate([codec.log_cells[i][r[:, i]] for r in rows]).sum() for i in range(4)]
    right = [np.log(a.size) * found.notes.sum() + c for a, c in zip(codec.attributes, cells, strict=True)]
    assert found.nats.sum(0) == pytest.approx(right, rel=0.1)
    assert found.nats.sum() == pytest.approx(sum(right), rel=0.03)
    again = filling_bound(Knows(), opened, pieces)
    assert np.array_equal(found.nats, again.nats)


def test_a_model_that_knows_all_has_only_the_width_of_its_bins():
    rows = np.tile([90, 60, 20, 24], (20, 1))
    found = bounds(Knows(sure=(90, 60, 20, 24)), [_Block(0, rows, 4)], np.random.default_rng(0))
    assert found[0] == pytest.approx([16 * np.log(STEP_BINS.width[90]), 0, 0, 0], abs=1e-6)


def test_from_one_attribute_to_all_of_a_block_are_hidden_evenly():
    engine, rng = Knows(), np.random.default_rng(0)
    blocks = [_Block(0, np.zeros((6, 4), np.int64), 4)]
    for _ in range(800):
        bounds(engine, blocks, rng)
    count = np.bincount(engine.hidden, minlength=9)
    assert count[0] == 0
    assert (count[1:] > 60).all()


def test_it_stands_in_a_comparison_with_its_bound(tmp_path, corpus):
    pytest.importorskip("torch")
    config = CONFIGS["diffusion"]["small"]
    path = write_model(tmp_path / "filler", tiny_model("diffusion", config), "diffusion", config)
    (one,) = open_contestants([str(path)])
    assert one.kind == Kind.FILLING
    assert (one.whole, one.predicts, one.otherwise) == (True, True, False)
    study = Study(split="test", samples=2, notes=40)
    comparison = Comparison([one], open_corpus(corpus), study, Cache(tmp_path / "laboratory"))
    for _, work in comparison.steps():
        work(lambda share: None)
    numbers = comparison.results()["contestants"]["filler"]
    found = numbers["likelihood"]
    engine = open_engine(path)
    expected = filling_bound(engine, comparison.corpus, comparison.corpus.split("test"))
    assert found["kind"] == "bound"
    assert found["nats_per_note"] == pytest.approx(expected.mean)
    assert {len(score) for score in comparison.samples(one).scores} == {40}
    assert leaderboard(comparison.results())[1][1] == f"≤ {expected.mean:.3f}"
    assert "≤ " in Page(comparison, 0).html({**origin("antiphon compare"), **comparison.results()})


def test_intervals_are_over_pieces_and_missing_where_they_are_few():
    nats, notes = np.tile([[1.0, 2.0, 3.0, 4.0]], (6, 1)), np.ones(6, np.int64)
    names = ("step", "pitch", "velocity", "duration")
    found = summary(Likelihood(names, nats, notes, notes * 4))
    assert found["intervals_95"]["nats_per_note"] == [10.0, 10.0]
    assert found["intervals_95"]["nats_per_note_pitch"] == [2.0, 2.0]
    few = summary(Likelihood(names, nats[:2], notes[:2], notes[:2]))
    assert few["intervals_95"]["nats_per_note"] == [None, None]
