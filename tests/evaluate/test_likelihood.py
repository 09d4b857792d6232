"""Likelihood: pieces heard side by side, one at a time and by torch at once are equally likely."""

import json
import math
from statistics import NormalDist

import numpy as np
import pytest
import torch
from tests.evaluate.uniform import Uniform
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.bins import DURATION_BINS, STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.torch_engine import load_model
from antiphon.evaluate import listening
from antiphon.evaluate.likelihood import corpus_likelihood, log_prob_of, log_probs, notes_of, rows_of
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


@pytest.fixture(scope="module")
def regression(tmp_path_factory):
    """A notebook's model: of step, pitch and duration it gives a mean each, its only features. And its deviations."""
    config, deviations = CONFIGS["lstm"]["notebook"], {"step": 0.4, "pitch": 0.15, "duration": 0.7}
    model = tiny_model("lstm", config)
    for name, deviation in deviations.items():
        model.heads.heads[CODEC.column[name]].sigma.fill_(deviation)
    return open_engine(write_model(tmp_path_factory.mktemp("regression") / "m", model, "lstm", config)), deviations


def mass(bell, low, high):
    """What a bell has between two places, from the nearer tail, which keeps small masses exact."""
    if low > bell.mean:
        low, high = 2 * bell.mean - high, 2 * bell.mean - low
    return bell.cdf(high) - bell.cdf(low)


@pytest.mark.parametrize(("name", "bins"), [("step", STEP_BINS), ("duration", DURATION_BINS)])
def test_a_regression_s_density_is_integrated_over_codes_and_spread_over_their_cells(name, bins, regression):
    engine, deviations = regression
    features, _ = engine.step(CODEC.start_row[None], engine.start(1))
    assert features.shape == (1, 3)
    cells = np.arange(bins.first, bins.edges[-1])
    rows = np.zeros((len(cells), 4), np.int64)
    rows[:, CODEC.column[name]] = bins.index(cells)
    found = np.exp(log_prob_of(engine, features.repeat(len(cells), 0), rows)[:, CODEC.column[name]])
    assert found.sum() == pytest.approx(1, abs=1e-5)
    bell = NormalDist(float(features[0, ("step", "pitch", "duration").index(name)]), deviations[name])
    ends = [-math.inf, *((bins.edges[1:-1] - 0.5) / 100), math.inf]  # the tails go to the outermost, as notebooks clamp
    for code in (0, 1, 20, 60, bins.index(np.array(300)), bins.size - 1):
        inside = found[bins.edges[code] - bins.first : bins.edges[code + 1] - bins.first]
        assert inside.sum() == pytest.approx(mass(bell, ends[code], ends[code + 1]), rel=1e-3, abs=1e-12)
        assert len(set(inside)) == 1


def test_the_likelihood_of_a_regression_is_that_of_its_bells(regression, corpus):
    """Every note of a piece by hand, from the model's means and nothing else."""
    (engine, deviations), opened = regression, open_corpus(corpus)
    pieces = opened.split("validation")
    (notes,) = notes_of(CODEC, opened, pieces)
    rows = rows_of(CODEC, notes)
    means, _ = engine.hear(np.concatenate([CODEC.start_row[None], rows[:-1]])[None], engine.start(1))
    nats = dict.fromkeys(deviations, 0.0)
    for row, mean in zip(rows.astype(int), means[0].astype(float), strict=True):
        for i, (name, deviation) in enumerate(deviations.items()):
            code = row[CODEC.column[name]]
            edges, unit = {"step": (STEP_BINS.edges, 100), "duration": (DURATION_BINS.edges, 100)}.get(
                name, (np.arange(129), 128)
            )
            low = -math.inf if code == 0 else (edges[code] - 0.5) / unit
            high = math.inf if code == len(edges) - 2 else (edges[code + 1] - 0.5) / unit
            spread = edges[code + 1] - edges[code]
            nats[name] -= math.log(mass(NormalDist(mean[i], deviation), low, high) / spread)
    found = corpus_likelihood(engine, opened, pieces).report()["nats_per_note_by_attribute"]
    assert {name: found[name] for name in nats} == pytest.approx({n: x / len(rows) for n, x in nats.items()}, rel=1e-4)
