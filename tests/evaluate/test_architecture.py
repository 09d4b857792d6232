"""The picture of a model: every weight in some box, for every family."""

import importlib.util
import json

import pytest
from tests.tiny import CONFIGS, EVERY_MODEL, tiny_model, write_model

from antiphon.charts.drawing import Text
from antiphon.engine import open_bundle
from antiphon.engine.bundle import META, WEIGHTS
from antiphon.evaluate.report import architecture as module
from antiphon.evaluate.report.architecture import architecture, blocks, shapes

pytestmark = pytest.mark.torch


@pytest.mark.parametrize(("family", "config"), EVERY_MODEL)
def test_every_weight_is_in_some_block_or_head(family, config):
    found = {name: tuple(t.shape) for name, t in tiny_model(family, config).state_dict().items()}
    shown = blocks(found)
    inside = sum(block.tensors for block in shown)
    assert inside + sum(name.startswith("heads.heads.") for name in found) == len(found)
    assert len({block.name for block in shown}) == len(shown)
    ranks = [block.name.startswith("heads") for block in shown]
    assert ranks == sorted(ranks)  # heads come last


def test_what_is_added_up_before_the_layers_stands_before_them():
    model = tiny_model("transformer", CONFIGS["transformer"]["told"])
    found = {name: tuple(t.shape) for name, t in model.state_dict().items()}
    shown = [block.name for block in blocks(found)]
    assert shown.index("embed") < shown.index("wishes") < shown.index("blocks.0")


def test_the_drawing_names_modules_heads_and_size(bundle):
    opened = open_bundle(bundle)
    words = [shape.text for shape in architecture(opened).shapes if isinstance(shape, Text)]
    for word in ("tiny", "a note heard", "step", "pitch", "velocity", "duration"):
        assert word in words
    assert f"lstm, {opened.meta['parameters']:,} parameters" in words
    assert "each head sees what those before it drew" in words
    assert set(shapes(opened)) == set(tiny_model().state_dict())


def test_heads_without_weights_of_their_own_have_no_number(tmp_path):
    config = CONFIGS["markov"]["small"]
    opened = open_bundle(write_model(tmp_path / "counts", tiny_model("markov", config), "markov", config))
    words = [shape.text for shape in architecture(opened).shapes if isinstance(shape, Text)]
    assert "duration" in words
    assert "0" not in words
    assert not any(word.startswith("each head") for word in words)


EVERY_FAMILY = [pytest.param(family, next(iter(found.values())), id=family) for family, found in CONFIGS.items()]


@pytest.mark.parametrize(("family", "config"), EVERY_FAMILY)
def test_a_model_that_only_plays_has_the_same_picture(family, config, tmp_path, monkeypatch):
    """Built anew; and where torch is missing, a box that says so."""
    path = write_model(tmp_path / "m", tiny_model(family, config), family, config)
    drawn = _words(path)
    _leave_out(path)
    assert _words(path) == drawn
    find = importlib.util.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "torch" else find(name))
    assert "weights left out" in _words(path)


def test_a_model_of_another_version_that_only_plays_has_a_box(tmp_path):
    path = write_model(tmp_path / "m", tiny_model())
    _leave_out(path, colour="blue")
    assert "weights left out" in _words(path)


def _leave_out(path, **options):
    """Make a bundle one that only plays, of a family that had further options."""
    meta = json.loads((path / META).read_text())
    meta["files"][WEIGHTS]["may_be_left_out"] = True
    meta["config"] |= options
    (path / META).write_text(json.dumps(meta))
    (path / WEIGHTS).unlink()


def _words(path):
    return [shape.text for shape in architecture(open_bundle(path)).shapes if isinstance(shape, Text)]
