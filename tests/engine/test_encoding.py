"""Engines of models that hear a passage first: the same numbers as torch, and files that do not fit are refused."""

import json

import numpy as np
import pytest
import torch
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Calling, Latent
from antiphon.engine.begun import Begun, called
from antiphon.engine.bundle import ENCODER, META
from antiphon.engine.encoding import BARS
from antiphon.errors import ModelError, OptionError
from antiphon.models.registry import family

pytestmark = pytest.mark.torch
CLOSE = {"rtol": 1e-3, "atol": 1e-3}


@pytest.fixture(scope="module")
def make(tmp_path_factory):
    """A bundle of a tiny model and the model itself."""
    folder = tmp_path_factory.mktemp("encoding")

    def make(name, config):
        model = tiny_model(name, CONFIGS[name][config])
        path = folder / f"{name}-{config}"
        return (path if path.exists() else write_model(path, model, name, CONFIGS[name][config])), model

    return make


def rows(codec, batch, length):
    rng = np.random.default_rng(2)
    return np.stack([rng.integers(0, a.size, (batch, length)) for a in codec.attributes], -1)


@pytest.mark.parametrize("config", ["small", "together"])
@torch.no_grad()
def test_calls_are_answered_as_by_torch(config, make):
    path, model = make("seq2seq", config)
    engine = open_engine(path)
    assert isinstance(engine, Calling)
    assert not isinstance(engine, Latent)
    assert engine.together == (config == "together")
    call = rows(engine.codec, 3, 6)
    padding = np.broadcast_to(engine.codec.start_row, (3, model.encodes - 6, 4))
    expected = model.encode(torch.from_numpy(np.concatenate([call, padding], 1)))
    for one, other in zip(engine.answer(call), expected, strict=True):
        np.testing.assert_allclose(one, other.numpy(), **CLOSE)
        assert one.dtype == other.numpy().dtype


@pytest.mark.parametrize(("config", "part"), [("small", slice(-8, None)), ("together", slice(12))])
def test_of_a_long_call_the_end_counts_or_the_beginning(config, part, make):
    engine = open_engine(make("seq2seq", config)[0])
    call = rows(engine.codec, 2, 20)
    for one, other in zip(engine.answer(call), engine.answer(call[:, part]), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize("config", ["small", "planned"])
@torch.no_grad()
def test_passages_are_placed_as_by_torch(config, make):
    path, model = make("vae", config)
    engine = open_engine(path)
    assert isinstance(engine, Latent)
    assert (engine.size, engine.longest, engine.bars) == (4, 12, model.config.bars)
    passage = rows(engine.codec, 3, 12)
    mean, deviation = engine.place(passage)
    expected = model.encode(torch.from_numpy(passage))
    np.testing.assert_allclose(mean, expected[0].numpy(), **CLOSE)
    np.testing.assert_allclose(deviation, expected[1].exp().numpy(), **CLOSE)
    state = engine.unfold(mean)
    assert np.array_equal(state[0], mean)
    assert [s.shape for s in state] == [s.shape for s in engine.start(3)]


def test_the_bars_that_nobody_names_are_those_of_the_family():
    assert family("vae").Config().bars == BARS


def test_a_long_passage_is_refused(make):
    engine = open_engine(make("vae", "small")[0])
    with pytest.raises(OptionError, match="a passage of 13 notes is longer than this model hears: 12"):
        engine.place(rows(engine.codec, 1, 13))


def test_pieces_begin_in_a_given_state(make):
    engine = open_engine(make("vae", "small")[0])
    places = np.arange(8, dtype=np.float32).reshape(2, 4)
    begun, heard = Begun(engine, engine.unfold(places)), rows(engine.codec, 2, 3)
    assert np.array_equal(begun.start(2)[0], places)
    features, state = begun.step(heard[:, 0], begun.start(2))
    expected, _ = engine.step(heard[:, 0], engine.unfold(places))
    assert np.array_equal(features, expected)
    assert np.array_equal(begun.hear(heard[:, 1:], state)[0], engine.hear(heard[:, 1:], state)[0])
    assert np.array_equal(begun.logits(1, features, heard[:, 0]), engine.logits(1, features, heard[:, 0]))
    assert [part.shape[0] for part in Begun(engine, engine.unfold(places[:1])).start(5)] == [5] * len(state)


def test_only_models_that_answer_are_called(make):
    other = open_engine(make("vae", "small")[0])
    assert called(other, rows(other.codec, 1, 3)[0]) is other
    engine = open_engine(make("seq2seq", "small")[0])
    call = rows(engine.codec, 1, 3)
    assert np.array_equal(called(engine, call[0]).start(2)[0][1], engine.answer(call)[0][0])


def test_a_bundle_may_not_lack_its_encoder(make, tmp_path):
    _, model = make("seq2seq", "small")
    copy = write_model(tmp_path / "copy", model, "seq2seq", CONFIGS["seq2seq"]["small"])
    assert open_bundle(copy).has(ENCODER)
    (copy / ENCODER).unlink()
    with pytest.raises(ModelError, match=r"encoder\.onnx is missing"):
        open_bundle(copy)


def test_an_encoder_of_another_codec_is_refused(make, tmp_path):
    _, model = make("seq2seq", "small")
    copy = write_model(tmp_path / "copy", model, "seq2seq", CONFIGS["seq2seq"]["small"])
    meta = json.loads((copy / META).read_text())
    (copy / ENCODER).write_bytes((copy / "engine.onnx").read_bytes())
    meta["files"][ENCODER] = meta["files"]["engine.onnx"]
    (copy / META).write_text(json.dumps(meta))
    with pytest.raises(ModelError, match=r"encoder\.onnx takes rows of shape"):
        open_engine(copy)
