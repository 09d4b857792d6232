"""The Markov chain: its counts are what was heard, and its mixture is Witten and Bell's."""

from collections import Counter

import numpy as np
import pytest
import torch
from tests.tiny import write_model

from antiphon.codec import NoteCodec
from antiphon.engine import open_bundle
from antiphon.engine.base import prefill
from antiphon.engine.onnx_engine import OnnxEngine
from antiphon.engine.torch_engine import TorchEngine
from antiphon.errors import RecipeError
from antiphon.models.base import Batch
from antiphon.models.markov import Markov, MarkovConfig, Table

pytestmark = pytest.mark.torch
CODEC = NoteCodec()
PITCH = CODEC.column["pitch"]


def batch_of(pitches):
    """One piece of even notes of these pitches."""
    rows = torch.tensor([[[25, pitch, 20, 24] for pitch in pitches]])
    start = torch.from_numpy(CODEC.start_row).long()[None, None]
    return Batch(torch.cat([start, rows[:, :-1]], 1), rows, torch.ones(rows.shape[:2]))


def counted(pitches, order=1):
    """A chain that has heard a piece once."""
    model = Markov(MarkovConfig(order=order, places=4000), CODEC).train()
    model.loss(batch_of(pitches))
    return model.eval()


def witten_bell(times, shorter):
    """(V,) of counts (V,) and the shorter context's distribution."""
    kinds = (times > 0).sum()
    return (times + kinds * shorter) / (times.sum() + kinds)


@torch.no_grad()
def test_the_mixture_is_witten_and_bell_s():
    pitches = [60, 62, 60, 64, 60, 62, 65, 60]
    model = counted(pitches)
    alone, after_60 = np.bincount(pitches, minlength=128), np.bincount([62, 64, 62], minlength=128)
    expected = witten_bell(after_60, witten_bell(alone, np.full(128, 1 / 128)))
    row = torch.tensor([[25, 60, 20, 24]])
    features, _ = model.step(row, model.start(1))
    found = model.heads.logits(PITCH, features, torch.tensor([[25, 0, 0, 0]])).exp()[0]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


@torch.no_grad()
def test_an_unheard_context_says_what_the_shorter_one_says():
    model = counted([60, 62, 60, 64])
    heard, _ = model.step(torch.tensor([[25, 99, 20, 24]]), model.start(1))
    found = model.heads.logits(PITCH, heard, torch.tensor([[25, 0, 0, 0]])).exp()[0]
    np.testing.assert_allclose(
        found, witten_bell(np.bincount([60, 62, 60, 64], minlength=128), np.full(128, 1 / 128)), rtol=1e-5
    )


@torch.no_grad()
def test_every_context_gives_a_distribution():
    model = counted([60, 62, 60, 64, 60, 62, 65, 60] * 4, order=6)
    rows = torch.from_numpy(np.stack([np.random.default_rng(0).integers(0, a.size, 40) for a in CODEC.attributes], -1))
    features, _ = model.parallel(rows[None], model.start(1))
    for i in range(len(CODEC.attributes)):
        assert model.heads.logits(i, features[0], rows).exp().sum(-1).numpy() == pytest.approx(1, abs=1e-5)


@torch.no_grad()
def test_a_longer_context_knows_more():
    tune = [60, 62, 64, 60, 62, 67] * 8  # after 62, two notes back decide
    nats = [-counted(tune, order).log_prob(batch_of(tune))[..., PITCH].mean().item() for order in (0, 1, 4)]
    assert nats[0] > nats[1] + 0.5 > nats[2] + 0.6


def test_only_training_counts_and_it_predicts_before_it_counts():
    model = Markov(MarkovConfig(order=1, places=400), CODEC).eval()
    batch = batch_of([60] * 16)
    before = model.loss(batch).item()
    assert not model.heads.table.counts.any()
    assert model.train().loss(batch).item() == pytest.approx(before)
    assert model.eval().loss(batch).item() < before / 2


def test_padding_is_not_counted():
    model = Markov(MarkovConfig(order=0, places=400), CODEC).train()
    batch = batch_of([60] * 8)
    batch.weight[:, 3:] = 0
    model.loss(batch)
    assert int(model.heads.table.counts.sum()) == 3 * len(CODEC.attributes)


def test_a_table_with_room_counts_as_a_counter_does():
    rng, table, counter = np.random.default_rng(0), Table(4000), Counter()
    for _ in range(5):
        pairs = rng.integers(0, 300, 500)
        counter.update(pairs.tolist())
        first, second = torch.from_numpy(pairs * 7919), torch.from_numpy(pairs * 104_729 % 2**31)
        table.add(first, second)
    seen = torch.tensor(list(counter))
    found = table.find((seen * 7919, seen * 104_729 % 2**31))
    assert found.tolist() == list(counter.values())
    assert not table.find((torch.tensor([400 * 7919]), torch.tensor([400 * 104_729]))).any()


def test_in_a_full_table_the_frequent_stay():
    rng, table = np.random.default_rng(1), Table(40)
    often = torch.arange(8)
    for _ in range(50):
        rare = torch.from_numpy(rng.integers(100, 2**31 - 1, 8))
        pairs = torch.cat([often.repeat(4), rare])
        table.add(pairs * 7919 % 2**31, pairs * 104_729 % 2**31)
    found = table.find((often * 7919, often * 104_729))
    assert int((found > 100).sum()) >= 6  # of 200 times each


def test_what_was_counted_is_exported_whole(tmp_path):
    config = {"order": 3, "places": 4000}
    model = Markov(MarkovConfig(**config), CODEC).train()
    tune = np.random.default_rng(0).integers(50, 70, 200).tolist() + [60] * 300  # counts above what bfloat16 holds
    model.loss(batch_of(tune))
    bundle = open_bundle(write_model(tmp_path / "model", model.eval(), "markov", config))
    rows = batch_of(tune[:20]).inputs.numpy()
    for engine in (OnnxEngine(bundle), TorchEngine(bundle)):
        features, _ = prefill(engine, rows, engine.start(1))
        with torch.no_grad():
            expected = model.heads.logits(PITCH, torch.from_numpy(features), torch.tensor([[25, 0, 0, 0]]))
        found = engine.logits(PITCH, features, np.array([[25, 0, 0, 0]]))
        np.testing.assert_allclose(found, expected.numpy(), atol=1e-4)
    assert np.ptp(found) > 3


@pytest.mark.parametrize(("key", "value"), [("order", -1), ("order", 17), ("places", 3), ("places", 10**9)])
def test_a_chain_that_cannot_be_is_refused(key, value):
    with pytest.raises(RecipeError, match=rf"model\.{key} {value} is out of range"):
        MarkovConfig(**{key: value})
