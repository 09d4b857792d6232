"""Export: what is saved is what was trained, rounded to bfloat16, and what is measured is what is saved."""

import json

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load
from tests.tiny import EVERY_MODEL, tiny_model

from antiphon.engine import open_bundle
from antiphon.engine.bundle import CARD, ENCODER, ENGINE, FILES, HEADS, WEIGHTS
from antiphon.engine.onnx_engine import LEADS
from antiphon.engine.torch_engine import load_model
from antiphon.models.base import Listener
from antiphon.training.callbacks import BEST
from antiphon.training.export import export, state_spec, write_files
from antiphon.training.finish import finish, notes_to_measure
from antiphon.training.quantise import quantise
from antiphon.training.recipe import load_recipe
from antiphon.training.run import fit, prepare_run

pytestmark = pytest.mark.torch
SETTINGS = (
    "model.size=16", "model.layers=1", "model.head_size=16", "data.window=16", "data.batch=4", "train.passes=0.2",
    "train.warmup=1", "train.precision=32-true",
)  # fmt: skip


@pytest.fixture(scope="module")
def finished(corpus, tmp_path_factory):
    """A short run made into a bundle: its folder, what was measured, the notes told on the way, and the run."""
    base, told = tmp_path_factory.mktemp("export"), []
    run = prepare_run(load_recipe("lstm", SETTINGS), corpus)
    fit(run, base / "mine.run")
    return base / "mine", finish(run, base / "mine.run", base / "mine", told.append), told, run


def test_a_finished_run_is_a_bundle(finished, corpus):
    path, measured, _, run = finished
    meta = open_bundle(path).meta
    assert meta["name"] == "mine"
    assert meta["measured"] == measured
    assert meta["recipe"] == json.loads(json.dumps(run.recipe.to_dict()))
    assert meta["parameters"] == sum(p.numel() for p in run.model.parameters())
    manifest = json.loads((corpus / "manifest.json").read_text())
    assert meta["data"]["sources"] == manifest["sources"]
    assert meta["licence"]["name"] == " and ".join(sorted({str(s["licence"]) for s in manifest["sources"]}))


def test_its_card_says_what_was_measured(finished):
    path, measured, _, _ = finished
    card = (path / CARD).read_text()
    assert card.startswith("# mine\n")
    assert f"| nats a note | {measured['validation']['nats_per_note']:.3f} |" in card
    for title in ("Licence of the weights", "Data", "Measured", "Recipe", "Limits"):
        assert f"## {title}" in card


def test_progress_tells_of_every_note_that_is_heard(finished):
    _, measured, told, run = finished
    assert sum(told) == notes_to_measure(run)
    assert measured["validation"]["notes"] == sum(p.count for p in run.corpus.split("validation"))


def test_int8_is_chosen_only_where_it_costs_nothing(finished):
    _, measured, _, _ = finished
    assert measured["engine"] == ("int8" if measured["int8_cost"] <= 0.005 else "float32")


def test_a_bundle_s_weights_are_the_best_ones_rounded(finished):
    path, _, _, _ = finished
    best = load((path.with_name("mine.run") / BEST).read_bytes())
    saved = load_model(open_bundle(path)).state_dict()
    assert saved.keys() == best.keys()
    for name, tensor in saved.items():
        torch.testing.assert_close(tensor, best[name], rtol=2**-8, atol=1e-6)


@pytest.mark.parametrize(("family", "config"), EVERY_MODEL)
def test_matrices_are_saved_in_half_and_all_files_written(family, config, tmp_path):
    model = tiny_model(family, config)
    write_files(model, tmp_path, "card", int8=False)
    further = {ENCODER} if isinstance(model, Listener) else set()
    assert {path.name for path in tmp_path.iterdir()} == {*FILES, *further}
    for name, tensor in load((tmp_path / WEIGHTS).read_bytes()).items():
        expected = torch.bfloat16 if model.state_dict()[name].dim() > 1 else model.state_dict()[name].dtype
        assert tensor.dtype == expected, name


@pytest.mark.parametrize("file", [ENGINE, HEADS])
def test_graphs_are_valid_and_hold_all_they_need(file, finished):
    model = onnx.load_from_string((finished[0] / file).read_bytes())
    onnx.checker.check_model(model, full_check=True)
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert {opset.domain for opset in model.opset_import} <= {""}


def test_the_state_s_start_is_told_in_full():
    plain, window = tiny_model(), tiny_model("lstm", {"size": 16, "head_size": 16, "window": 3})
    assert state_spec(plain)[0] == {"shape": ["B", 16], "dtype": "float32", "fill": 0.0}
    (spec,) = state_spec(window)
    filled = np.broadcast_to(np.array(spec["fill"], spec["dtype"]), (1, *spec["shape"][1:]))
    assert np.array_equal(filled, window.start(1)[0].numpy())


def test_the_first_attribute_s_logits_come_with_the_features():
    model = tiny_model("gru", {"size": 16, "head_size": 16}, ends=4)
    _, heads = export(model)
    (leads,) = [entry.value for entry in heads.metadata_props if entry.key == LEADS]
    assert int(leads) == model.codec.attributes[0].size
    features, row = model.step(torch.tensor([[30, 60, 10, 20]]), model.start(1))[0].detach(), torch.zeros(1, 4).long()
    feeds = {"index": np.array(0), "features": features.numpy(), "row": row.numpy()}
    (logits,) = ort.InferenceSession(heads.SerializeToString()).run(None, feeds)
    assert np.array_equal(logits, features[:, : int(leads)].numpy())
    assert torch.equal(model.heads.logits(0, features, row), features[:, : int(leads)])


def test_what_a_graph_only_reads_it_does_not_give():
    model = tiny_model("transformer", {"size": 64, "layers": 1, "groups": 1, "inner": 16, "context": 4})
    step, _ = export(model)
    assert [output.name for output in step.graph.output] == ["features", "after2", "after3", "after4"]
    assert [entry.get("ring") for entry in state_spec(model)] == [[2, 4], [3, 4], None, None, None]


def test_only_large_matrices_are_quantised_and_their_floats_dropped():
    step, _ = export(tiny_model("lstm", {"size": 64, "head_size": 16}))
    small, _ = export(tiny_model())
    kinds = {node.op_type for node in quantise(step).graph.node}
    assert "MatMulNBits" in kinds
    assert "MatMulNBits" not in {node.op_type for node in quantise(small).graph.node}
    assert quantise(step).ByteSize() < 0.6 * step.ByteSize()
    assert step.SerializeToString() == export(tiny_model("lstm", {"size": 64, "head_size": 16}))[0].SerializeToString()
