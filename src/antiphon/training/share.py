"""One copy of every table that several branches of an ONNX graph look up.

Branches keep their constants to themselves: ONNX Runtime packs a branch's own matrices in advance, and multiplies
packed ones in the same order for any batch size, which those around it are not. Tables that are only looked up need no
such thing, and one that every head reads would be saved once for each of them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import onnx
from onnx import GraphProto, ModelProto, TensorProto

_LOOKED_UP = {("Gather", 0)}  # operation and place of its input


def share(model: ModelProto) -> ModelProto:
    """A copy in which equal tables that nodes only gather rows from are one, in the outermost graph."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    graphs = list(_graphs(model.graph))
    names: dict[str, str] = {}
    for same in _equal_tables(graphs):
        names |= {tensor.name: same[0].name for tensor in same}
        model.graph.initializer.append(same[0])
    _drop(graphs[1:], names)
    for graph in graphs:
        for node in graph.node:
            node.input[:] = [names.get(name, name) for name in node.input]
    onnx.checker.check_model(model)
    return model


def _graphs(graph: GraphProto) -> Iterator[GraphProto]:
    """A graph and all inside it, outer ones first."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from _graphs(attribute.g)


def _equal_tables(graphs: Sequence[GraphProto]) -> list[list[TensorProto]]:
    """Copies of the tables of inner graphs of which there are several, those that are equal together."""
    defined = Counter(tensor.name for graph in graphs for tensor in graph.initializer)
    uses = defaultdict(set)
    for graph in graphs:
        for node in graph.node:
            for place, name in enumerate(node.input):
                uses[name].add((node.op_type, place))
    found = defaultdict(list)
    for tensor in (tensor for graph in graphs[1:] for tensor in graph.initializer):
        if len(tensor.dims) == 2 and defined[tensor.name] == 1 and uses[tensor.name] == _LOOKED_UP:
            copy = TensorProto.FromString(tensor.SerializeToString())
            copy.name = ""
            content = copy.SerializeToString()
            copy.name = tensor.name
            found[content].append(copy)
    return [same for same in found.values() if len(same) > 1]


def _drop(graphs: Sequence[GraphProto], names: dict[str, str]) -> None:
    """Take what is kept elsewhere out of some graphs."""
    for graph in graphs:
        kept = [tensor for tensor in graph.initializer if tensor.name not in names]
        del graph.initializer[:]
        graph.initializer.extend(kept)
