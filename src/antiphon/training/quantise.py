"""8-bit integer matrices for an ONNX graph: one operation a product, with a scale for each few numbers.

ONNX Runtime's ``MatMulNBits`` keeps a matrix in blocks of 64 inputs, each with its scale, and gives each block of a row
of activations its own too: the products are of integers, and a piece does not change with its neighbours. Blocks of 64
at most: of longer ones a row alone and a row among others are summed in different orders, so that the same seed would
not give the same music at any batch size.
"""

from __future__ import annotations

import numpy as np
import onnx
from onnx import GraphProto, ModelProto, NodeProto, helper, numpy_helper

_SMALLEST = 4096  # elements: a smaller matrix costs next to nothing as it is
_BLOCK = 64  # inputs that share a scale
_DOMAIN = "com.microsoft"
_INTEGERS = 4  # accuracy level: activations as 8-bit integers too


def quantise(model: ModelProto) -> ModelProto:
    """A copy in which products of a constant matrix are of 8-bit integers; a bias is added in float32."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    if _quantise(model.graph):
        model.opset_import.append(helper.make_opsetid(_DOMAIN, 1))
    onnx.checker.check_model(model)
    return model


def _quantise(graph: GraphProto) -> int:
    """The same in place, for a graph and those inside it; how many products there were."""
    found = sum(_quantise(a.g) for node in graph.node for a in node.attribute if a.HasField("g"))
    constants = {i.name: numpy_helper.to_array(i) for i in graph.initializer}
    for node in graph.node:
        matrix = constants.get(node.input[1]) if node.op_type in ("Gemm", "MatMul") else None
        if matrix is not None and matrix.ndim == 2 and matrix.size >= _SMALLEST:
            outputs_first = any(a.name == "transB" and a.i for a in node.attribute)
            _replace(node, matrix if outputs_first else matrix.T, graph)
            found += 1
    _drop_unused(graph)
    return found


def _replace(node: NodeProto, matrix: np.ndarray, graph: GraphProto) -> None:
    """Make a node the product with a matrix (outputs, inputs), quantised here."""
    outputs, inputs = matrix.shape
    blocks = -(-inputs // _BLOCK)
    padded = np.pad(matrix, ((0, 0), (0, blocks * _BLOCK - inputs))).reshape(outputs, blocks, _BLOCK)
    scale = np.maximum(np.abs(padded).max(-1), 1e-8) / 127
    codes = (np.rint(padded / scale[..., None]) + 128).astype(np.uint8)  # 128 stands for 0
    names = [f"{node.output[0]}/codes", f"{node.output[0]}/scales"]
    arrays = codes, scale.astype(np.float32).reshape(-1)
    graph.initializer.extend(numpy_helper.from_array(a, name) for a, name in zip(arrays, names, strict=True))
    bias = ["", "", node.input[2]] if len(node.input) == 3 else []
    node.CopyFrom(
        helper.make_node(
            "MatMulNBits", [node.input[0], *names, *bias], list(node.output), node.name, domain=_DOMAIN,
            K=inputs, N=outputs, bits=8, block_size=_BLOCK, accuracy_level=_INTEGERS,
        )
    )  # fmt: skip


def _drop_unused(graph: GraphProto) -> None:
    """Remove the float matrices that nothing reads any more."""
    used = _read(graph)
    kept = [i for i in graph.initializer if i.name in used]
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _read(graph: GraphProto) -> set[str]:
    """What a graph and those inside it read."""
    inner = [_read(a.g) for node in graph.node for a in node.attribute if a.HasField("g")]
    return {name for node in graph.node for name in node.input}.union(*inner)
