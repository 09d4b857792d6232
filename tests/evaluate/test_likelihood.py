"""Likelihood: pieces heard side by side, one at a time and by torch at once are equally likely."""

import json
import math

import numpy as np
import pytest
import torch
from tests.evaluate.uniform import Uniform
from tests.tiny import tiny_model, write_model

from antiphon.codec import NoteCodec
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.torch_engine import load_model
from antiphon.evaluate import listening
from antiphon.evaluate.likelihood import corpus_likelihood, log_probs
from antiphon.models.base import Batch

pytestmark = pytest.mark.torch
CODEC = NoteCodec()
LENGTHS = [5, 70, 1, 33, 12, 150, 2, 64, 65]


@pytest.fixture(scope="module")
def pieces():
    rng = np.random.default_rng(0)
    sizes = [a.size for a in CODEC.attributes[:-1]] + [CODEC.attributes[-1].size - 1]
    return [np.stack([rng.integers(0, size, n) for size in sizes], axis=-1).astype(np.uint8) for n in LENGTHS]


@pytest.mark.parametrize("lanes", [1, 3, 32])
def test_side_by_side_is_one_at_a_time(lanes, bundle, pieces, monkeypatch):
    engine = open_engine(bundle)
    alone = [log_probs(engine, [piece])[0] for piece in pieces]
    monkeypatch.setattr(listening, "LANES", lanes)
    for one, among in zip(alone, log_probs(engine, pieces), strict=True):
        np.testing.assert_allclose(one, among, atol=1e-5)


@pytest.mark.parametrize("window", [0, 4])
@torch.no_grad()
def test_it_is_torch_s_likelihood_less_the_cells(window, pieces, tmp_path):
    config = {"size": 16, "head_size": 16, "window": window}
    path = write_model(tmp_path / "model", tiny_model("lstm", config), "lstm", config)
    model = load_model(open_bundle(path))
    cells = CODEC.log_cells
    for piece, found in zip(pieces, log_probs(open_engine(path), pieces), strict=True):
        rows = torch.from_numpy(piece).long()[None]
        inputs = torch.cat([torch.from_numpy(CODEC.start_row).long()[None, None], rows[:, :-1]], 1)
        expected = model.log_prob(Batch(inputs, rows, torch.ones(rows.shape[:2])))[0].numpy()
        expected = expected - np.stack([cells[i][piece[:, i]] for i in range(4)], axis=-1)
        np.testing.assert_allclose(found, expected, atol=1e-3)


def test_a_note_s_likelihood_does_not_depend_on_what_follows(bundle, pieces):
    engine = open_engine(bundle)
    whole, half = log_probs(engine, [pieces[5]])[0], log_probs(engine, [pieces[5][:70]])[0]
    np.testing.assert_allclose(whole[:70], half, atol=1e-5)


@pytest.mark.parametrize("chunk", [1, 64])
def test_a_uniform_model_is_as_likely_as_it_should_be(chunk, corpus):
    opened = open_corpus(corpus)
    found = corpus_likelihood(Uniform(chunk=chunk), opened, opened.split("validation"))
    report = found.report()
    assert report["nats_per_note_by_attribute"]["pitch"] == pytest.approx(math.log(128))
    assert report["nats_per_note_by_attribute"]["velocity"] == pytest.approx(math.log(32))
    assert report["nats_per_note_by_attribute"]["step"] > math.log(CODEC.attributes[0].size)  # cells cost as well


def test_the_report_adds_up(bundle, corpus):
    opened = open_corpus(corpus)
    told = []
    found = corpus_likelihood(open_engine(bundle), opened, opened.split("train"), told.append)
    report = found.report()
    assert list(report) == [
        "pieces", "notes", "nats_per_note", "bits_per_note", "nats_per_note_by_attribute",
        "nats_per_note_pitch_step_duration", "midi_tokens", "nats_per_midi_token",
    ]  # fmt: skip
    assert report["pieces"] == 3
    assert report["notes"] == sum(told) == sum(p.count for p in opened.split("train"))
    by_attribute = report["nats_per_note_by_attribute"]
    assert report["nats_per_note"] == pytest.approx(sum(by_attribute.values()))
    assert report["bits_per_note"] == pytest.approx(report["nats_per_note"] / math.log(2))
    without = report["nats_per_note"] - by_attribute["velocity"]
    assert report["nats_per_note_pitch_step_duration"] == pytest.approx(without)
    per_token = report["nats_per_note"] * report["notes"] / report["midi_tokens"]
    assert report["nats_per_midi_token"] == pytest.approx(per_token)
    assert json.loads(json.dumps(report)) == report


def test_instruments_are_an_attribute_like_any_other(corpus):
    opened = open_corpus(corpus)
    report = corpus_likelihood(Uniform(programs=True), opened, opened.split("test")).report()
    assert report["nats_per_note_by_attribute"]["program"] == pytest.approx(math.log(129))
