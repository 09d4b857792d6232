"""Several ONNX graphs as one that computes only the graph whose ``index`` it is given.

ONNX Runtime computes all outputs of a graph whichever is asked for, and a note asks for one head after another. The
branches of ``If`` are computed only when they are taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from onnx import GraphProto, ModelProto, TensorProto, helper

from antiphon.training.share import share

_GIVEN = ("features", "row")  # what the branches read from around them


def switch(models: Sequence[ModelProto], width: int, attributes: int) -> ModelProto:
    """One graph of ``index`` (), ``features`` (B, ``width``) and ``row`` (B, ``attributes``): what models[index] gives.

    All are graphs of features and row, or one of the two, with the output ``logits`` (B, any).
    """
    branches = [_branch(model.graph, f"{i}/") for i, model in enumerate(models)]
    below = branches[-1]
    nodes: list[onnx.NodeProto] = []
    numbers = [helper.make_tensor(f"number/{i}", TensorProto.INT64, [], [i]) for i in range(len(branches) - 1)]
    for i in reversed(range(len(branches) - 1)):
        asked = helper.make_node("Equal", ["index", f"number/{i}"], [f"asked/{i}"])
        either = helper.make_node("If", [f"asked/{i}"], ["logits"], then_branch=branches[i], else_branch=below)
        nodes = [asked, either]
        below = helper.make_graph(nodes, f"from {i} on", [], [_logits()])
    inputs = [
        helper.make_tensor_value_info("index", TensorProto.INT64, []),
        helper.make_tensor_value_info("features", TensorProto.FLOAT, ["B", width]),
        helper.make_tensor_value_info("row", TensorProto.INT64, ["B", attributes]),
    ]
    graph = helper.make_graph(nodes, "heads", inputs, [_logits()], numbers)
    whole = helper.make_model(graph, opset_imports=models[0].opset_import, ir_version=models[0].ir_version)
    return share(whole)


def _logits() -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", None])


def _branch(graph: GraphProto, prefix: str) -> GraphProto:
    """The graph without inputs of its own, which it finds around it; all other names get a prefix."""

    def renamed(name: str) -> str:
        return name if name in _GIVEN or not name else prefix + name

    nodes = []
    for node in graph.node:
        fresh = onnx.NodeProto()
        fresh.CopyFrom(node)
        fresh.name = prefix + node.name
        fresh.input[:] = [renamed(name) for name in node.input]
        fresh.output[:] = [renamed(name) for name in node.output]
        nodes.append(fresh)
    weights = [TensorProto.FromString(tensor.SerializeToString()) for tensor in graph.initializer]
    for tensor in weights:
        tensor.name = prefix + tensor.name
    output = helper.make_tensor_value_info(renamed("logits"), TensorProto.FLOAT, ["B", None])
    return helper.make_graph(nodes, prefix.rstrip("/"), [], [output], weights)
