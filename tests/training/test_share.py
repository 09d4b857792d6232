"""Tables that several branches look up are saved once, and change no number."""

import numpy as np
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper
from tests.tiny import tiny_model

from antiphon.training.export import export
from antiphon.training.share import share

pytestmark = pytest.mark.torch
TABLE = np.random.default_rng(0).normal(size=(50, 8)).astype(np.float32)


def branch(name, table, product=False):
    """A graph that looks rows up, and may multiply them by the same table."""
    nodes = [helper.make_node("Gather", [f"{name}/table", "row"], [f"{name}/found"])]
    if product:
        nodes.append(helper.make_node("MatMul", [f"{name}/table", f"{name}/square"], [f"{name}/all"]))
    kept = [
        numpy_helper.from_array(table, f"{name}/table"),
        numpy_helper.from_array(np.eye(8, dtype="f"), f"{name}/square"),
    ]
    output = helper.make_tensor_value_info(f"{name}/found", TensorProto.FLOAT, ["N", 8])
    return helper.make_graph(nodes, name, [], [output], kept)


def either(then_branch, else_branch):
    """A graph that takes one of two branches."""
    node = helper.make_node("If", ["yes"], ["z"], then_branch=then_branch, else_branch=else_branch)
    inputs = [
        helper.make_tensor_value_info("yes", TensorProto.BOOL, []),
        helper.make_tensor_value_info("row", TensorProto.INT64, ["N"]),
    ]
    graph = helper.make_graph(
        [node], "either", inputs, [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["N", 8])]
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def tables(model):
    """The names of the tables in the outermost graph."""
    return [tensor.name for tensor in model.graph.initializer if list(tensor.dims) == list(TABLE.shape)]


def run(model, yes):
    feeds = {"yes": np.array(yes), "row": np.arange(50)}
    return ort.InferenceSession(model.SerializeToString()).run(None, feeds)[0]


def test_equal_tables_are_kept_once_whatever_their_names():
    model = either(branch("a", TABLE), branch("b", TABLE))
    small = share(model)
    assert len(tables(small)) == 1
    assert len(model.SerializeToString()) - len(small.SerializeToString()) == pytest.approx(TABLE.nbytes, abs=100)
    for yes in (True, False):
        np.testing.assert_array_equal(run(small, yes), TABLE)


def test_tables_that_differ_stay_where_they_are():
    model = either(branch("a", TABLE), branch("b", TABLE + 1))
    assert share(model).SerializeToString() == model.SerializeToString()


def test_a_matrix_that_is_multiplied_by_stays_in_its_branch():
    model = either(branch("a", TABLE, product=True), branch("b", TABLE))
    assert not tables(share(model))


def test_the_counts_of_a_markov_chain_are_exported_once():
    model = tiny_model("markov", {"order": 2, "places": 4000})
    _, heads = export(model)
    once = 4000 * (2 + 4)  # bytes of marks and counts
    assert sum(list(tensor.dims) == [1000, 4] for tensor in heads.graph.initializer) == 2
    assert heads.ByteSize() - export(tiny_model("markov", {"order": 2, "places": 8}))[1].ByteSize() < 1.1 * once
