"""8-bit integer matrices for an ONNX graph, with a scale for each row of activations.

ONNX Runtime's own dynamic quantisation takes one scale for all rows of a batch, so that a piece would change with its
neighbours. A scale a row costs a few microseconds and makes the product exact integers: the same seed gives the same
music at any batch size.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

_SMALLEST = 4096  # elements: below this a matrix costs less than its quantisation


def quantise(model: ModelProto) -> ModelProto:
    """A copy in which products with a constant matrix multiply int8 weights by uint8 rows, each with its scale."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graph = model.graph
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    nodes: list[NodeProto] = []
    rows: dict[str, tuple[str, str]] = {}  # an input quantised once serves all its products
    for node in graph.node:
        matrix = constants.get(node.input[1]) if node.op_type in ("Gemm", "MatMul") else None
        if matrix is None or matrix.ndim != 2 or matrix.size < _SMALLEST:
            nodes.append(node)
            continue
        if node.input[0] not in rows:
            rows[node.input[0]] = _quantised_rows(node.input[0], nodes)
        transposed = any(a.name == "transB" and a.i for a in node.attribute)
        _product(node, matrix.T if transposed else matrix, rows[node.input[0]], nodes, graph)
    constant = {"q/127": np.float32(127), "q/tiny": np.float32(1e-8), "q/128": np.float32(128), "q/zero": np.uint8(128)}
    graph.initializer.extend(numpy_helper.from_array(np.array(v), name) for name, v in constant.items())
    del graph.node[:]
    graph.node.extend(nodes)
    _drop_unused(graph)
    onnx.checker.check_model(model)
    return model


def _quantised_rows(x: str, nodes: list[NodeProto]) -> tuple[str, str]:
    """Append the nodes that turn float rows into uint8 around 128; the names of the codes and of the scales."""
    p = f"{x}/q"
    nodes += [
        helper.make_node("Abs", [x], [f"{p}/abs"]),
        helper.make_node("ReduceMax", [f"{p}/abs"], [f"{p}/max"], axes=[-1], keepdims=1),
        helper.make_node("Max", [f"{p}/max", "q/tiny"], [f"{p}/top"]),
        helper.make_node("Div", [f"{p}/top", "q/127"], [f"{p}/scale"]),
        helper.make_node("Div", [x, f"{p}/scale"], [f"{p}/scaled"]),
        helper.make_node("Round", [f"{p}/scaled"], [f"{p}/round"]),
        helper.make_node("Add", [f"{p}/round", "q/128"], [f"{p}/shifted"]),
        helper.make_node("Cast", [f"{p}/shifted"], [f"{p}/codes"], to=TensorProto.UINT8),
    ]
    return f"{p}/codes", f"{p}/scale"


def _product(
    node: NodeProto, matrix: np.ndarray, rows: tuple[str, str], nodes: list[NodeProto], graph: onnx.GraphProto
) -> None:
    """Append x·W, or x·W + b, for quantised rows x and a matrix W (inputs, outputs), quantised here."""
    p, (codes, scale) = f"{node.output[0]}/q", rows
    column = np.maximum(np.abs(matrix).max(axis=0), 1e-8) / 127
    quantised = np.rint(matrix / column).astype(np.int8)
    graph.initializer.append(numpy_helper.from_array(np.ascontiguousarray(quantised), f"{p}/W"))
    graph.initializer.append(numpy_helper.from_array(column.astype(np.float32), f"{p}/column"))
    nodes += [
        helper.make_node("MatMulInteger", [codes, f"{p}/W", "q/zero"], [f"{p}/int"]),
        helper.make_node("Cast", [f"{p}/int"], [f"{p}/float"], to=TensorProto.FLOAT),
        helper.make_node("Mul", [f"{p}/float", scale], [f"{p}/rows"]),
    ]
    if len(node.input) == 2:
        nodes.append(helper.make_node("Mul", [f"{p}/rows", f"{p}/column"], [node.output[0]]))
        return
    nodes += [
        helper.make_node("Mul", [f"{p}/rows", f"{p}/column"], [f"{p}/both"]),
        helper.make_node("Add", [f"{p}/both", node.input[2]], [node.output[0]]),
    ]


def _drop_unused(graph: onnx.GraphProto) -> None:
    """Remove the float matrices that nothing reads any more."""
    used = {name for node in graph.node for name in node.input}
    kept = [i for i in graph.initializer if i.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)
