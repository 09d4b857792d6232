"""A run of a model of chords, from a corpus to a bundle whose card says what its likelihood is of."""

import numpy as np
import pytest

from antiphon.chords import ChordCodec
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.bundle import CARD
from antiphon.engine.encoding import ChordEngine
from antiphon.errors import RecipeError
from antiphon.training.export import export
from antiphon.training.finish import finish
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

pytestmark = pytest.mark.torch
TINY = (
    "model.notes=3", "model.size=16", "model.layers=1", "model.head_size=16", "model.attention=4", "data.window=16",
    "data.batch=4", "train.passes=0.2", "train.warmup=1", "train.precision=32-true",
)  # fmt: skip


@pytest.mark.parametrize(("name", "beats"), [("chord", False), ("chord-chorales", True)])
def test_a_run_ends_in_a_bundle_of_chords(name, beats, corpus, tmp_path):
    run = prepare_run(load_recipe(name, TINY), corpus)
    assert run.unit == "nats/chord"
    assert np.isfinite(fit(run, tmp_path / "mine.run"))
    measured = finish(run, tmp_path / "mine.run", tmp_path / "mine")["validation"]
    bundle = open_bundle(tmp_path / "mine")
    assert bundle.rows == ChordCodec(3, beats)
    assert isinstance(open_engine(bundle), ChordEngine)
    assert measured["of"] == "chords"
    if not beats:  # of a score a note may stand in several chords
        notes = sum(piece.count for piece in open_corpus(corpus).split("validation"))
        assert measured["notes"] + measured["dropped_notes"] == notes
    card = (tmp_path / "mine" / CARD).read_text()
    assert f"{measured['chords']:,} chords, whose rows are what is counted" in card
    assert "MIDI-like token" not in card


def test_beats_are_not_stretched(corpus):
    with pytest.raises(RecipeError, match=r"set augment\.stretch to \[1, 1\]"):
        prepare_run(load_recipe("chord-chorales", (*TINY, "augment.stretch=[0.9, 1.1]")), corpus)


def test_pointers_to_ends_are_refused(corpus):
    with pytest.raises(RecipeError, match="leave the table codec out"):
        prepare_run(load_recipe("chord", (*TINY, "codec.ends=4")), corpus)


def test_a_table_that_all_heads_share_is_exported_once(corpus):
    model = prepare_run(load_recipe("chord", TINY), corpus).model
    _, heads = export(model)
    names = [tensor.name.partition("/")[2] for tensor in heads.graph.initializer]  # a branch's number comes first
    assert sorted(name for name in names if name.startswith("heads.")) == sorted(
        f"heads.{name}.{i}.weight" for name in ("first", "above", "nearest") for i in (0, 1)
    )
