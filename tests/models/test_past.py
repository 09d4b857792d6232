"""What models count of the recent past: the same from rows at once as one by one, and true to the music."""

import numpy as np
import pytest
import torch
from tests.models.test_contract import CLOSE, random_rows, stepwise
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.codec import HELD, NoteCodec
from antiphon.engine.bundle import open_bundle
from antiphon.engine.onnx_engine import OnnxEngine
from antiphon.engine.torch_engine import TorchEngine
from antiphon.errors import RecipeError
from antiphon.files.midi import read_midi
from antiphon.models.past import Past
from antiphon.models.registry import build

pytestmark = pytest.mark.torch
CODEC = NoteCodec(ends=8)
COUNTING = pytest.mark.parametrize(
    ("name", "config"), [(name, next(iter(CONFIGS[name].values()))) for name in ("lstm", "gru", "transformer")]
)


def lively_rows(batch, length, codec=CODEC):
    """Rows with short steps and many durations that point back, some of them over chains."""
    rows = random_rows(batch, length, codec)
    rng = np.random.default_rng(1)
    rows[..., 0] = torch.minimum(rows[..., 0], torch.from_numpy(rng.integers(0, 40, (batch, length))))
    points = torch.from_numpy(rng.random((batch, length)) < 0.6)
    back = torch.from_numpy(rng.integers(1, codec.ends + 1, (batch, length)))
    rows[..., -1] = torch.where(points, HELD + back, rows[..., -1])
    rows[:, 0] = torch.from_numpy(codec.start_row).long()
    return rows


def test_at_once_and_one_by_one_are_the_same():
    past, rows = Past(CODEC), lively_rows(4, 100)
    whole, last = past.parallel(rows, past.start(4))
    state = past.start(4)
    for t in range(rows.shape[1]):
        state = past.step(rows[:, t], state)
        assert torch.equal(whole[:, t], state)
    assert torch.equal(last, state)
    first, state = past.parallel(rows[:, :40], past.start(4))
    assert torch.equal(torch.cat([first, past.parallel(rows[:, 40:], state)[0]], 1), whole)


def test_it_says_how_long_real_notes_still_sound(data):
    score = read_midi(data / "cc0-openscore-lc6067798.mid")
    rows = CODEC.encode(score)
    reader = CODEC.reader()
    notes = [reader.push(row) for row in rows]
    onset = np.array([note.onset_ms // 10 for note in notes])
    end = onset + [note.duration_ms // 10 for note in notes]
    past = Past(CODEC)
    counted = past.parallel(torch.from_numpy(rows)[None].long(), past.start(1))[0][0].numpy()
    for note in range(8, len(rows), 7):
        recent = slice(note, note - 8, -1)
        np.testing.assert_array_equal(counted[note, :8], np.maximum(end[recent] - onset[note], 0))
        np.testing.assert_array_equal(counted[note, 8:], onset[note] - onset[recent])


@COUNTING
@torch.no_grad()
def test_a_model_with_a_past_keeps_the_contract(name, config):
    model, rows = tiny_model(name, config, ends=8), lively_rows(3, 12)
    parallel, end = model.parallel(rows, model.start(3))
    steps, after = stepwise(model, rows, model.start(3))
    torch.testing.assert_close(parallel, steps, **CLOSE)
    torch.testing.assert_close(end, after, **CLOSE)
    torch.testing.assert_close(model.features(rows), parallel, **CLOSE)


@COUNTING
def test_engines_with_a_past_agree(name, config, tmp_path):
    bundle = open_bundle(write_model(tmp_path / "model", tiny_model(name, config, ends=8), name, config))
    assert bundle.codec == CODEC
    rows = lively_rows(3, 9).numpy()
    found = []
    for engine in (OnnxEngine(bundle), TorchEngine(bundle)):
        state, features = engine.start(3), []
        for t in range(rows.shape[1] - 1):
            now, state = engine.step(rows[:, t], state)
            features.append([engine.logits(i, now, rows[:, t + 1]) for i in range(4)])
        found.append(features)
    for one, other in zip(*found, strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_no_duration_points_to_a_note_that_is_over():
    model, rows = tiny_model("lstm", ends=8), lively_rows(2, 12)
    features, target = model.parallel(rows, model.start(2))[0], torch.full_like(rows, 20)
    probability = model.heads.logits(3, features, target).softmax(-1)[..., HELD + 1 :]
    over = model.past.until(model.heads.parts(features)[1], target) == 0
    assert over.any()
    assert (~over).any()
    assert (probability[over] < 1e-9).all()
    assert (probability[~over] > 1e-4).all()


@pytest.mark.parametrize("config", [CONFIGS["lstm"]["notebook"], CONFIGS["lstm"]["window"]])
def test_the_notebooks_models_count_nothing(config):
    with pytest.raises(RecipeError, match=r"codec\.ends"):
        build("lstm", config, CODEC)
