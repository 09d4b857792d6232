"""The engine of a model that fills: the numbers of torch, whatever stands beside, and no steps."""

import numpy as np
import pytest
import torch
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.codec import NoteCodec
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Filling
from antiphon.engine.bundle import CARD, FILLER, WEIGHTS, Bundle
from antiphon.engine.torch_engine import load_model
from antiphon.errors import ModelError
from antiphon.gaps import HINTS

pytestmark = pytest.mark.torch
SMALL = CONFIGS["diffusion"]["small"]


@pytest.fixture(scope="module", params=[False, True], ids=["float32", "int8"])
def bundle(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "filler"
    return open_bundle(write_model(path, tiny_model("diffusion", SMALL), "diffusion", SMALL, int8=request.param))


def rows_and_hints(codec, batch, length, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.stack([rng.integers(0, a.size + 1, (batch, length)) for a in codec.attributes], -1)
    hints = np.zeros((batch, length, HINTS), np.int64)
    hints[rows[..., 0] == codec.attributes[0].size] = rng.integers(0, 60, HINTS)
    return rows, hints


def test_a_bundle_that_fills_has_neither_steps_nor_heads(bundle):
    assert set(bundle.meta["files"]) == {WEIGHTS, FILLER, CARD}
    assert bundle.meta["state"] == []
    engine = open_engine(bundle)
    assert isinstance(engine, Filling)
    assert engine.window == SMALL["window"]


def test_onnx_and_torch_agree(bundle):
    model, engine = load_model(bundle), open_engine(bundle)
    rows, hints = rows_and_hints(engine.codec, 3, 9)
    with torch.no_grad():
        expected = model.fill(torch.from_numpy(rows), torch.from_numpy(hints))
    for found, right in zip(engine.fill(rows, hints), expected, strict=True):
        assert found.dtype == np.float32
        close = 1e-3 if b"MatMulNBits" not in bundle.read(FILLER) else 0.1 * np.ptp(right.numpy())
        np.testing.assert_allclose(found, right.numpy(), atol=close)


def test_windows_do_not_meet_whatever_their_number(bundle):
    engine = open_engine(bundle)
    rows, hints = rows_and_hints(engine.codec, 8, 16)
    whole = engine.fill(rows, hints)
    for start in (0, 3, 7):
        for some, all_ in zip(engine.fill(rows[start : start + 1], hints[start : start + 1]), whole, strict=True):
            np.testing.assert_allclose(some[0], all_[start], atol=1e-5)


def test_it_refuses_to_step(bundle):
    engine = open_engine(bundle)
    rows = np.zeros((1, 4), np.int64)
    asked = (
        lambda: engine.start(1), lambda: engine.step(rows, ()), lambda: engine.hear(rows[None], ()),
        lambda: engine.logits(0, rows, rows),
    )  # fmt: skip
    for ask in asked:
        with pytest.raises(ModelError, match="filler fills passages and does not go from note to note"):
            ask()


def test_another_codec_s_graph_is_refused(bundle):
    other = Bundle(bundle.path, {**bundle.meta, "codec": NoteCodec(programs=True).spec()})
    with pytest.raises(ModelError, match="fills step, pitch, velocity, duration; copy or train the model again"):
        open_engine(other)
