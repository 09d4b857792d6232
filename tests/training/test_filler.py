"""Training a family that fills: from its recipe to a bundle that says what was measured."""

import numpy as np
import onnx
import pytest
from tests.tiny import corpus

from antiphon.engine import open_bundle, open_engine
from antiphon.engine.bundle import CARD, FILLER
from antiphon.generate.melody import read_melody
from antiphon.generate.task import perform
from antiphon.training.finish import finish, notes_to_measure
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

pytestmark = pytest.mark.torch
__all__ = ["corpus"]
SETTINGS = (
    "model.size=64", "model.layers=1", "model.inner=16", "model.window=24", "data.window=24", "data.batch=4",
    "data.validation_window=24", "train.passes=0.2", "train.warmup=1", "train.precision=32-true",
)  # fmt: skip


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory):
    """A short run made into a bundle, what was measured, and the notes told on the way."""
    base, told = tmp_path_factory.mktemp("filler"), []
    run = prepare_run(load_recipe("diffusion", SETTINGS), corpus)
    best = fit(run, base / "mine.run")
    return base / "mine", finish(run, base / "mine.run", base / "mine", told.append), told, run, best


def test_a_run_ends_in_a_bundle_with_its_bound(finished):
    path, measured, told, run, best = finished
    bundle = open_bundle(path)
    assert bundle.meta["measured"] == measured
    assert bundle.meta["measured"]["validation"]["notes"] == sum(p.count for p in run.corpus.split("validation"))
    assert measured["validation"]["nats_per_note"] == pytest.approx(best, abs=2)  # other lots, other context
    assert sum(told) == notes_to_measure(run)
    assert "nats a note, at most" in (path / CARD).read_text()


def test_its_graph_is_valid_and_small(finished):
    model = onnx.load_from_string((finished[0] / FILLER).read_bytes())
    onnx.checker.check_model(model, full_check=True)
    assert {opset.domain for opset in model.opset_import} <= {"", "com.microsoft"}


def test_it_writes_valid_music(finished):
    engine = open_engine(finished[0])
    music = perform(engine, "generate", {"notes": 40, "passes": 4}, [(1, 0)]).pieces[0].music
    assert len(music) == 40
    song = read_melody("96bpm C4 E4 G4:2 r A4 B4 C5:2 ; C3:4 G2:4")
    again = perform(engine, "infill", {"from": "1s", "to": "2s", "candidates": 1}, [(1, 0)], song).pieces[0]
    assert again.notes >= 1
    assert np.isfinite(again.music.length_s)
