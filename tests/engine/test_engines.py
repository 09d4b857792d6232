"""Two engines, one answer: ONNX Runtime and torch agree on every family, and int8 does not depend on the batch."""

import subprocess
import sys

import numpy as np
import pytest
from tests.tiny import EVERY_MODEL, tiny_model, write_model

from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import prefill
from antiphon.engine.onnx_engine import OnnxEngine
from antiphon.engine.torch_engine import TorchEngine

pytestmark = pytest.mark.torch
LARGE = {"size": 64, "head_size": 16}  # matrices large enough to be quantised


def random_rows(codec, batch, length, seed=0):
    rng = np.random.default_rng(seed)
    rows = np.stack([rng.integers(0, a.size, (batch, length)) for a in codec.attributes], axis=-1)
    return np.concatenate([np.broadcast_to(codec.start_row, (batch, 1, len(codec.attributes))), rows], axis=1)


def logits(engine, rows):
    """Of each attribute, and the state, after (B, T, A) rows have been heard."""
    features, state = prefill(engine, rows, engine.start(len(rows)))
    return [engine.logits(i, features, rows[:, -1]) for i in range(rows.shape[-1])], state


def stepped(engine, rows):
    """The same, of rows one after another, as they are when a model writes them."""
    features, state = np.empty(0), engine.start(len(rows))
    for t in range(rows.shape[1]):
        features, state = engine.step(rows[:, t], state)
    return [engine.logits(i, features, rows[:, -1]) for i in range(rows.shape[-1])], state


@pytest.fixture(scope="module")
def quantised(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "int8"
    return write_model(path, tiny_model("lstm", LARGE), "lstm", LARGE, int8=True)


@pytest.fixture(scope="module")
def quantised_transformer(tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "int8"
    size = {"size": 128, "layers": 2, "inner": 96, "context": 9, "head_size": 64}
    return write_model(path, tiny_model("transformer", size, ends=4), "transformer", size, int8=True)


@pytest.mark.parametrize(("family", "config"), EVERY_MODEL)
def test_onnx_and_torch_agree(family, config, tmp_path):
    path = write_model(tmp_path / "model", tiny_model(family, config), family, config)
    bundle = open_bundle(path)
    rows = random_rows(bundle.rows, 3, 9)
    one, other = logits(open_engine(bundle), rows), logits(TorchEngine(bundle), rows)
    for a, b in zip([*one[0], *one[1]], [*other[0], *other[1]], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-3, rtol=1e-3)
        assert a.dtype == b.dtype


@pytest.mark.parametrize(("family", "config"), EVERY_MODEL)
def test_untrained_int8_is_close(family, config, tmp_path):
    path = write_model(tmp_path / "model", tiny_model(family, config), family, config, int8=True)
    rows = random_rows(open_bundle(path).rows, 3, 9)
    one, other = logits(open_engine(path), rows), logits(TorchEngine(open_bundle(path)), rows)
    for a, b in zip(one[0], other[0], strict=True):
        assert np.abs(a - b).max() < 0.1 * np.ptp(b) + 1e-3


def test_int8_is_in_use(quantised_transformer):
    for file in ("engine.onnx", "heads.onnx"):
        assert b"MatMulNBits" in open_bundle(quantised_transformer).read(file)


@pytest.mark.parametrize("model", ["quantised", "quantised_transformer"])
def test_int8_is_bit_identical_at_any_batch_size(model, request):
    engine = open_engine(request.getfixturevalue(model))
    rows = random_rows(engine.codec, 16, 12)
    whole, state = stepped(engine, rows)
    for size in (1, 3):
        for start in (0, 5, 13):
            some, after = stepped(engine, rows[start : start + size])
            for a, b in zip([*some, *after], [*whole, *state], strict=True):
                assert np.array_equal(a, b[start : start + size])


def test_int8_is_close_to_float32(quantised):
    bundle = open_bundle(quantised)
    rows = random_rows(bundle.codec, 8, 20)
    for a, b in zip(logits(OnnxEngine(bundle), rows)[0], logits(TorchEngine(bundle), rows)[0], strict=True):
        assert np.sqrt(np.mean((a - b) ** 2)) < 0.05 * b.std()


def test_a_step_changes_nothing_it_was_given(bundle):
    engine = open_engine(bundle)
    rows = random_rows(engine.codec, 2, 3)
    _, state = prefill(engine, rows, engine.start(2))
    before, row = [part.copy() for part in state], rows[:, 0].copy()
    first, _ = engine.step(rows[:, 0], state)
    again, _ = engine.step(rows[:, 0], state)
    assert np.array_equal(first, again)
    assert all(map(np.array_equal, before, state))
    assert np.array_equal(row, rows[:, 0])


def test_a_head_sees_only_what_was_drawn(bundle):
    engine = open_engine(bundle)
    rows = random_rows(engine.codec, 1, 1)
    features, _ = engine.step(rows[:, 0], engine.start(1))
    for i in range(4):
        later = rows[:, 1].copy()
        later[:, i:] = 0
        assert np.array_equal(engine.logits(i, features, rows[:, 1]), engine.logits(i, features, later))


def test_playing_imports_neither_torch_nor_pickled_models(bundle):
    program = (
        "import sys\n"
        "from antiphon.engine import open_engine\n"
        "from antiphon.generate.pieces import Length, write_pieces\n"
        "write_pieces(open_engine(sys.argv[1]), Length(notes=3), [(0,)])\n"
        "print(*sorted(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program, str(bundle)], capture_output=True, text=True, check=True)
    modules = set(ran.stdout.split())
    assert "onnxruntime" in modules
    assert not modules & {"torch", "lightning", "safetensors", "onnx", "pyarrow", "matplotlib"}
