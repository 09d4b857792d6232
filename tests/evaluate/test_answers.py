"""Likelihoods of answers and reports of latent spaces: the same numbers as torch, bounds in order, counts exact."""

import numpy as np
import pytest
import torch
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.codec import NoteCodec
from antiphon.corpus.melodies import as_excerpt
from antiphon.corpus.pairs import Pair, Pairs, Sizes, fixed_pairs
from antiphon.engine import open_engine
from antiphon.errors import ModelError
from antiphon.evaluate.answers import LATENT, answer_likelihood
from antiphon.evaluate.latent import alike, bounds_of, latent_report
from antiphon.training.batches import as_batch

pytestmark = pytest.mark.torch
CODEC = NoteCodec()
TUNES = [np.array([(2 * i, 2, 60 + (i * k) % 12) for i in range(4 + k)]) for k in range(1, 6)]
PASSAGES = [Pair(as_excerpt(t), as_excerpt(t), 0, follows=False, ends_ms=3200) for t in TUNES]
BATCHES = list(fixed_pairs(Pairs(PASSAGES, CODEC, Sizes(call=12, answer=13)), 3))


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Each model with its engine."""
    folder, found = tmp_path_factory.mktemp("answers"), {}
    for name, config in (("vae", "small"), ("seq2seq", "together"), ("lstm", "small")):
        model = tiny_model(name, CONFIGS[name][config])
        engine = open_engine(write_model(folder / name, model, name, CONFIGS[name][config]))
        found[name] = model, engine
    return found


@torch.no_grad()
def test_answers_cost_what_torch_says(models):
    model, engine = models["seq2seq"]
    told = []
    found = answer_likelihood(engine, BATCHES, told.append)
    expected = []
    for batch in map(as_batch, BATCHES):
        cells = torch.stack([torch.from_numpy(c)[batch.targets[..., i]] for i, c in enumerate(CODEC.log_cells)], -1)
        expected.append(((cells - model.log_prob(batch)) * batch.weight[..., None]).sum(1).numpy())
    np.testing.assert_allclose(found.nats, np.concatenate(expected), rtol=1e-3)
    assert found.notes.tolist() == [len(tune) + 1 for tune in TUNES]
    assert sum(told) == found.notes.sum()
    assert found.attributes == tuple(a.name for a in CODEC.attributes)
    assert (found.tokens > 2 * found.notes).all()


@torch.no_grad()
def test_of_a_space_the_divergence_stands_beside(models):
    model, engine = models["vae"]
    found = answer_likelihood(engine, BATCHES, seed=3)
    assert found.attributes[-1] == LATENT
    expected = np.concatenate([model.further(as_batch(batch))["latent"].numpy() for batch in BATCHES])
    np.testing.assert_allclose(found.nats[:, -1], expected, rtol=1e-2)
    assert np.array_equal(found.nats, answer_likelihood(engine, BATCHES, seed=3).nats)
    report = found.report()
    assert report["nats_per_note"] == pytest.approx(sum(report["nats_per_note_by_attribute"].values()))


def test_a_weighted_bound_is_the_closer_one(models):
    _, engine = models["vae"]
    one, many = bounds_of(engine, BATCHES[0], np.random.default_rng(0))
    assert (many <= one + 1e-9).all()
    assert (many < one).any()


def test_a_report_has_all_numbers_together(models):
    _, engine = models["vae"]
    report = latent_report(engine, BATCHES)
    assert (report["passages"], report["bars"]) == (5, 2)
    assert set(report["teacher_forced"]) == {"step", "pitch", "velocity", "duration", "all"}
    shares = [*report["teacher_forced"].values(), *report["sampled"].values()]
    assert all(0 <= share <= 1 for share in shares)
    assert report["teacher_forced"]["all"] <= min(report["teacher_forced"][a.name] for a in CODEC.attributes)
    assert report["kl_nats_per_bar"] == pytest.approx(report["kl_nats_per_passage"] / 2)
    assert report["weighted_bound_nats_per_note"] <= report["bound_nats_per_note"]


def test_melodies_are_alike_where_they_do_the_same():
    one, other = np.array([(0, 4, 60), (4, 4, 62)]), np.array([(0, 4, 60), (4, 4, 64)])
    assert alike(one, one, 2) == 1
    assert alike(one, other, 2) == 31 / 32


def test_a_model_that_hears_no_calls_is_refused(models):
    with pytest.raises(ModelError, match="the model hears no calls"):
        answer_likelihood(models["lstm"][1], BATCHES)
