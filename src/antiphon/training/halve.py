"""Half the size for an ONNX graph's float matrices, without a change to any number.

A model's matrices are rounded to bfloat16 before they are exported, but a graph spells them out as float32. Here they
are kept as bfloat16 and widened by a cast, which ONNX Runtime does once, when the graph is opened.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

_SMALLEST = 1024  # elements: below this a cast costs more bytes than it saves


def halve(model: ModelProto) -> ModelProto:
    """A copy in which every large float32 constant whose numbers are all bfloat16 is stored as that."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    _halve(model.graph)
    onnx.checker.check_model(model)
    return model


def _halve(graph: GraphProto) -> None:
    """The same in place, for a graph and those inside it."""
    for inner in (a.g for node in graph.node for a in node.attribute if a.HasField("g")):
        _halve(inner)
    casts: list[NodeProto] = []
    for constant in graph.initializer:
        bits = _bits(constant)
        if bits is None:
            continue
        name, narrow = constant.name, f"{constant.name}/bf16"
        constant.CopyFrom(helper.make_tensor(narrow, TensorProto.BFLOAT16, constant.dims, bits.tobytes(), raw=True))
        casts.append(helper.make_node("Cast", [narrow], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _bits(constant: TensorProto) -> np.ndarray | None:
    """The upper halves of a constant's numbers if their lower halves are all zero, in the order in which they lie."""
    if constant.data_type != TensorProto.FLOAT or int(np.prod(constant.dims)) < _SMALLEST:
        return None
    words = numpy_helper.to_array(constant).astype("<f4").view("<u4")
    return None if (words & 0xFFFF).any() else (words >> 16).astype("<u2")
