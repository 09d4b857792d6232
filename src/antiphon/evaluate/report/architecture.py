"""A model's picture, drawn from its own modules: every one with its tensors' shapes, and which head sees which.

The names and shapes are those in the header of ``weights.safetensors``, which is plain JSON: no library is needed. Of a
model whose weights are left out torch builds the modules anew.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

from antiphon.charts.drawing import Drawing, Line, Text, box, line
from antiphon.chords import ChordCodec
from antiphon.engine.bundle import DRAWER, WEIGHTS, Bundle
from antiphon.errors import AntiphonError
from antiphon.rolls import RollCodec

WIDTH, MARGIN, BOX, GAP = 380.0, 4.0, 44.0, 20.0
Shapes = dict[str, tuple[int, ...]]
_HEAD = re.compile(r"heads\.heads\.(\d+)\.")
_INPUTS = ("embed", "past", "input", "wishes")  # how the names begin of what stands before the layers
_SEEN = re.compile(r"heads\.heads\.(\d+)\.seen\.(\d+)\.")


@dataclass(frozen=True)
class Block:
    """A module: its name, its weights, and the largest of their shapes."""

    name: str
    parameters: int
    tensors: int
    largest: tuple[int, ...]


def shapes(bundle: Bundle) -> Shapes:
    """The shape of every tensor of a model, by name.

    Nothing where its weights are left out and torch is not installed, or this version builds the family otherwise.
    """
    if not bundle.has(WEIGHTS):
        return _built(bundle)
    content = bundle.read(WEIGHTS)
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}


def _built(bundle: Bundle) -> Shapes:
    if find_spec("torch") is None:
        return {}
    from antiphon.models.registry import build  # here, as it loads torch

    try:
        model = build(bundle.meta["family"], bundle.meta["config"], bundle.rows)
    except (AntiphonError, TypeError):  # a family or an option of another version
        return {}
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}


def blocks(found: Shapes) -> list[Block]:
    """The modules in the order in which a note passes them: inputs, layers by number, what is left, heads."""
    groups: dict[str, Shapes] = {}
    for name, shape in found.items():
        if not _HEAD.match(name):
            groups.setdefault(_module(name), {})[name] = shape
    return [_block(name, groups[name]) for name in sorted(groups, key=_rank)]


def architecture(bundle: Bundle) -> Drawing:
    """From the row that is heard, at the top, to the heads that predict the next, at the bottom."""
    found = shapes(bundle)
    if not found:
        return _unknown(bundle)
    middle = blocks(found)
    if bundle.has(DRAWER):
        return _of_phrases(bundle, middle)
    if isinstance(bundle.rows, RollCodec):
        return _of_frames(bundle, bundle.rows, found)
    if isinstance(bundle.rows, ChordCodec):
        return _of_chords(bundle, bundle.rows, found)
    attributes = [a.name for a in bundle.codec.attributes]
    drawing = _titled(bundle, 34 + (len(middle) + 2) * (BOX + GAP) + 70)
    top = 34.0
    sizes = [f"{a.name} {a.size}" for a in bundle.codec.attributes]
    _add_box(drawing, top, "a note heard", " · ".join(sizes), "z0")
    for block in middle:
        _add_arrow(drawing, top + BOX)
        top += BOX + GAP
        _add_box(drawing, top, block.name, _about(block), "b0")
    _add_arrow(drawing, top + BOX)
    _add_heads(drawing, top + BOX + GAP, attributes, found)
    return drawing


def _titled(bundle: Bundle, height: float) -> Drawing:
    drawing = Drawing(WIDTH, height, f"architecture of {bundle.name}")
    drawing.add(Text("ink", MARGIN, 18, bundle.name, size=13, bold=True))
    facts = f"{bundle.meta['family']}, {bundle.meta['parameters']:,} parameters"
    drawing.add(Text("muted", WIDTH - MARGIN, 18, facts, "end"))
    return drawing


def _unknown(bundle: Bundle) -> Drawing:
    """Of a model whose modules cannot be known here."""
    drawing = _titled(bundle, 34 + BOX + GAP)
    _add_box(drawing, 34, "weights left out", "its modules are drawn where antiphon[train] is installed", "z0")
    return drawing


def _of_phrases(bundle: Bundle, sides: list[Block]) -> Drawing:
    """From noise to a phrase, and from a phrase to a verdict, for a model that learns against a critic."""
    ends = {"player": ("noise", "a phrase"), "critic": ("a phrase, real or drawn", "how real it is")}
    known = [side for side in sides if side.name in ends]
    drawing = _titled(bundle, 34 + 3 * len(known) * (BOX + GAP))
    top = 34.0
    for side in sorted(known, key=lambda side: side.name, reverse=True):
        first, last = ends[side.name]
        _add_box(drawing, top, first, "", "z0")
        _add_arrow(drawing, top + BOX)
        _add_box(drawing, top + BOX + GAP, side.name, _about(side), "b0")
        _add_arrow(drawing, top + 2 * BOX + GAP)
        _add_box(drawing, top + 2 * (BOX + GAP), last, "", "c0")
        top += 3 * (BOX + GAP)
    return drawing


def _of_frames(bundle: Bundle, codec: RollCodec, found: Shapes) -> Drawing:
    """From the frame that is heard to that which is predicted, for a model of piano rolls."""
    inside = {name.removeprefix("backbone."): shape for name, shape in found.items()}
    heads = bundle.meta["config"].get("heads", "joint")
    return _stacked(bundle, inside, ("a frame heard", f"{codec.keys} keys"), f"{heads} heads")


def _of_chords(bundle: Bundle, codec: ChordCodec, found: Shapes) -> Drawing:
    """From the chord that is heard to that which is predicted."""
    heads = bundle.meta["config"].get("heads", "chained")
    heard = "step, velocity, and of each note a pitch and a duration"
    return _stacked(bundle, found, (f"a chord of up to {codec.notes} notes heard", heard), f"{heads} heads")


def _stacked(bundle: Bundle, inside: Shapes, heard: tuple[str, str], predicts: str) -> Drawing:
    """What is heard, the modules, and all heads as one box."""
    heads = {name: shape for name, shape in inside.items() if name.startswith("heads.")}
    middle = blocks({name: shape for name, shape in inside.items() if name not in heads})
    whole = [(*heard, "z0"), *((block.name, _about(block), "b0") for block in middle)]
    whole.append((predicts, _about(_block("heads", heads)), "c0"))
    drawing = _titled(bundle, 34 + len(whole) * (BOX + GAP))
    for i, (name, about, colour) in enumerate(whole):
        top = 34 + i * (BOX + GAP)
        _add_box(drawing, top, name, about, colour)
        if i + 1 < len(whole):
            _add_arrow(drawing, top + BOX)
    return drawing


def _add_heads(drawing: Drawing, top: float, attributes: list[str], found: Shapes) -> None:
    """The heads side by side, with a line from each to those that see what it drew, where they have weights."""
    apart = any(_HEAD.match(n) for n in found)
    width = (WIDTH - 2 * MARGIN - 8 * (len(attributes) - 1)) / len(attributes)
    lefts = [MARGIN + i * (width + 8) for i in range(len(attributes))]
    for i, (name, left) in enumerate(zip(attributes, lefts, strict=True)):
        mine = {n: s for n, s in found.items() if (m := _HEAD.match(n)) and int(m[1]) == i}
        drawing.add(box("c0", left, top, width, BOX))
        drawing.add(Text("ink", left + width / 2, top + 19, name, "middle", size=12, bold=True))
        count = sum(_size(s) for s in mine.values())
        if apart:
            drawing.add(Text("ink", left + width / 2, top + 34, f"{count:,}", "middle", size=10))
    for n in found:
        if seen := _SEEN.match(n):
            to, since = int(seen[1]), int(seen[2])
            depth = top + BOX + 8 + 11 * (to - since)
            x1, x2 = lefts[since] + width * 0.62, lefts[to] + width * (0.2 + 0.08 * since)
            drawing.add(line("c7", (x1, top + BOX), (x1, depth), (x2, depth), (x2, top + BOX + 2), thickness=1.4))
            drawing.add(_tip(x2, top + BOX + 1, up=True))
    chained = any(_SEEN.match(n) for n in found)
    if not apart:  # a table of counts, say: whose weights are whose is not in their names
        return
    words = "each head sees what those before it drew" if chained else "each head predicts on its own"
    drawing.add(Text("muted", MARGIN, top + BOX + 24 + 11 * len(attributes), words))


def _add_box(drawing: Drawing, top: float, name: str, about: str, colour: str) -> None:
    drawing.add(box(colour, MARGIN, top, WIDTH - 2 * MARGIN, BOX))
    drawing.add(Text("ink", MARGIN + 12, top + 19, name, size=12, bold=True))
    drawing.add(Text("ink", MARGIN + 12, top + 35, about, size=11))


def _add_arrow(drawing: Drawing, top: float) -> None:
    x = WIDTH / 2
    drawing.add(line("muted", (x, top + 3), (x, top + GAP - 3), thickness=1.4), _tip(x, top + GAP - 3))


def _tip(x: float, y: float, up: bool = False) -> Line:
    back = 4 if up else -4
    return line("c7" if up else "muted", (x - 3.5, y + back), (x, y), (x + 3.5, y + back), thickness=1.4)


def _about(block: Block) -> str:
    size = " × ".join(map(str, block.largest))
    many = "1 tensor of" if block.tensors == 1 else f"{block.tensors} tensors up to"
    return f"{block.parameters:,} parameters, {many} {size}"


def _module(name: str) -> str:
    """``layers.0.weight`` → ``layers.0``; of others the first part, and of wishes, which are added up, all as one."""
    parts = name.split(".")
    keep = 2 if parts[0] == "heads" or (len(parts) > 1 and parts[1].isdigit() and parts[0] != "wishes") else 1
    return ".".join(parts[:keep])


def _rank(name: str) -> tuple[int, str, int]:
    first, _, rest = name.partition(".")
    if first.startswith(_INPUTS):
        return 0, first, 0
    group = 3 if first == "heads" else 2 if not rest else 1
    return group, first, int(rest) if rest.isdigit() else 0


def _block(name: str, tensors: Mapping[str, tuple[int, ...]]) -> Block:
    largest = max(tensors.values(), key=_size)
    return Block(name, sum(map(_size, tensors.values())), len(tensors), largest)


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size
