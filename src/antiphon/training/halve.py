"""Half the size or less for an ONNX graph's large constants, without a change to any number.

A model's matrices are rounded to bfloat16 before they are exported, but a graph spells them out as float32, and a table
of small integers in 64 bits each. Here every one is kept in as few bits as hold all its numbers, and widened by a cast,
which ONNX Runtime does once, when the graph is opened.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

_SMALLEST = 1024  # elements: below this a cast costs more bytes than it saves
_INTEGERS = (np.uint8, np.int8, np.int16, np.int32)  # the narrowest first


def halve(model: ModelProto) -> ModelProto:
    """A copy in which every large constant is stored as the narrowest type that holds its numbers.

    That is bfloat16 for float32 numbers that are all of it, and the shortest of the integers for longer ones.
    """
    model = onnx.ModelProto.FromString(model.SerializeToString())
    _halve(model.graph)
    onnx.checker.check_model(model)
    return model


def _halve(graph: GraphProto) -> None:
    """The same in place, for a graph and those inside it."""
    for inner in (a.g for node in graph.node for a in node.attribute if a.HasField("g")):
        _halve(inner)
    nodes = [node for node in graph.node if not _lifted(node, graph)]
    casts: list[NodeProto] = []
    for constant in graph.initializer:
        narrow = _narrow(constant)
        if narrow is None:
            continue
        name, wide = constant.name, constant.data_type
        constant.CopyFrom(narrow)
        casts.append(helper.make_node("Cast", [narrow.name], [name], to=wide))
    del graph.node[:]
    graph.node.extend([*casts, *nodes])


def _lifted(node: NodeProto, graph: GraphProto) -> bool:
    """Whether a node was a large constant, which is one of the graph's own then."""
    if node.op_type != "Constant" or node.attribute[0].name != "value":
        return False
    constant = node.attribute[0].t
    if int(np.prod(constant.dims)) < _SMALLEST:
        return False
    graph.initializer.append(constant)
    graph.initializer[-1].name = node.output[0]
    return True


def _narrow(constant: TensorProto) -> TensorProto | None:
    """A constant's numbers in fewer bits, under another name; None if it is small or needs all it has."""
    if int(np.prod(constant.dims)) < _SMALLEST:
        return None
    if constant.data_type == TensorProto.FLOAT:
        bits = _upper_halves(numpy_helper.to_array(constant))
        if bits is None:
            return None
        name = f"{constant.name}/bf16"
        return helper.make_tensor(name, TensorProto.BFLOAT16, constant.dims, bits.tobytes(), raw=True)
    if constant.data_type not in (TensorProto.INT64, TensorProto.INT32):
        return None
    numbers = numpy_helper.to_array(constant)
    for kind in _INTEGERS:
        info = np.iinfo(kind)
        if info.bits < numbers.itemsize * 8 and info.min <= numbers.min() and numbers.max() <= info.max:
            return numpy_helper.from_array(numbers.astype(kind), f"{constant.name}/{np.dtype(kind)}")
    return None


def _upper_halves(numbers: np.ndarray) -> np.ndarray | None:
    """Of float32 numbers, if their lower halves are all zero, in the order in which they lie."""
    words = numbers.astype("<f4").view("<u4")
    return None if (words & 0xFFFF).any() else (words >> 16).astype("<u2")
