"""Graphs at half the size or less: the same numbers, to the bit."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from onnx import TensorProto, helper, numpy_helper

from antiphon.training.halve import halve

pytestmark = pytest.mark.torch
RNG = np.random.default_rng(0)
EXACT = (RNG.normal(size=(64, 32)).astype(np.float32).view(np.uint32) & 0xFFFF0000).view(np.float32)  # bfloat16's
ROUGH = RNG.normal(size=(32, 64)).astype(np.float32)


def numbers(name, *shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def product(name, constant, x, y):
    """A graph: x times the constant is y."""
    node, kept = helper.make_node("MatMul", [x, name], [y]), numpy_helper.from_array(constant, name)
    return helper.make_graph([node], f"times {name}", [], [numbers(y, "B", constant.shape[1])], [kept])


@pytest.fixture(scope="module")
def model():
    """x times EXACT; then, inside a branch, times ROUGH, or times EXACT again."""
    outer, yes = product("exact", EXACT, "x", "y"), numpy_helper.from_array(np.array(True), "yes")
    again = product("again", np.ascontiguousarray(EXACT.T), "y", "b")
    branches = {"then_branch": product("rough", ROUGH, "y", "a"), "else_branch": again}
    nodes = [*outer.node, helper.make_node("If", ["yes"], ["z"], **branches)]
    graph = helper.make_graph(nodes, "all", [numbers("x", "B", 64)], [numbers("z", "B", 64)], [*outer.initializer, yes])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def run(model, x):
    return ort.InferenceSession(model.SerializeToString()).run(None, {"x": x})[0]


def test_no_number_changes(model):
    x = RNG.normal(size=(5, 64)).astype(np.float32)
    np.testing.assert_array_equal(run(halve(model), x), run(model, x))


def test_what_is_bfloat16_takes_half_the_bytes_also_inside_a_branch(model):
    saved = len(model.SerializeToString()) - len(halve(model).SerializeToString())
    assert saved == pytest.approx(2 * EXACT.size * 2, abs=500)


def test_what_is_not_stays_as_it_is(model):
    branch = next(a.g for node in halve(model).graph.node for a in node.attribute if a.name == "then_branch")
    assert [constant.data_type for constant in branch.initializer] == [TensorProto.FLOAT]


def looked_up(table):
    """A graph that gathers numbers from a table, a node of its own as the exporter writes it."""
    nodes = [
        helper.make_node("Constant", [], ["table"], value=numpy_helper.from_array(table)),
        helper.make_node("Gather", ["table", "places"], ["z"]),
    ]
    kind = helper.np_dtype_to_tensor_dtype(table.dtype)
    places = helper.make_tensor_value_info("places", TensorProto.INT64, ["N"])
    graph = helper.make_graph(nodes, "look up", [places], [helper.make_tensor_value_info("z", kind, ["N"])])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


@pytest.mark.parametrize(
    ("low", "high", "kind", "bytes_each"),
    [
        (0, 255, np.int64, 1),
        (-128, 127, np.int64, 1),
        (0, 256, np.int64, 2),
        (0, 32_768, np.int32, 4),
        (0, 2**31 - 1, np.int64, 4),
        (0, 2**40, np.int64, 8),
    ],
)
def test_integers_take_no_more_bytes_than_they_need(low, high, kind, bytes_each):
    table = RNG.integers(low, high, 5000, kind, endpoint=True)
    table[:2] = low, high
    small = halve(looked_up(table))
    assert len(small.SerializeToString()) == pytest.approx(table.size * bytes_each, abs=300)
    places = np.arange(table.size)
    found = ort.InferenceSession(small.SerializeToString()).run(None, {"places": places})[0]
    assert found.dtype == kind
    np.testing.assert_array_equal(found, table)


def test_a_second_time_changes_nothing(model):
    once = halve(model)
    assert halve(once).SerializeToString() == once.SerializeToString()


def test_the_model_given_is_not_changed(model):
    before = model.SerializeToString()
    halve(model)
    assert model.SerializeToString() == before
    assert isinstance(model, onnx.ModelProto)
