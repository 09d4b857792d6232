"""XML from strangers as a small tree: no entities, nothing fetched, and only as large as music needs.

Place in the path: under :mod:`antiphon.files.musicxml`, which says which elements it wants; all others are dropped as
they come, so that a large score takes little memory.
"""

from __future__ import annotations

from collections.abc import Collection
from xml.etree.ElementTree import Element, TreeBuilder  # the tree only: the parser below is our own
from xml.parsers import expat

from antiphon.errors import FileError

MOST_ELEMENTS = 2_000_000
DEEPEST = 100
LINE = " line"  # the attribute that holds an element's line; no XML name has a space


def line_of(element: Element) -> int:
    """The line of the file on which an element begins."""
    return int(element.get(LINE, "0"))


def tree(data: bytes, wanted: Collection[str], name: str) -> Element:
    """The root of a document with those elements whose name is in ``wanted``, and the root whatever its name.

    A document type is allowed but never loaded. Raises FileError with the line for what is no XML, declares an entity,
    or is too large.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    building = _Building(parser, frozenset(wanted), name)
    parser.StartElementHandler, parser.EndElementHandler = building.start, building.end
    parser.CharacterDataHandler, parser.EntityDeclHandler = building.text, building.entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        why = expat.errors.messages[error.code]
        raise FileError(f"cannot read {name}: line {error.lineno} is no XML ({why}); export the file again") from error
    return building.builder.close()


class _Building:
    """The handlers of the parser."""

    def __init__(self, parser: expat.XMLParserType, wanted: frozenset[str], name: str) -> None:
        self.builder = TreeBuilder()
        self._parser, self._wanted, self._name = parser, wanted, name
        self._depth = self._dropped = self._count = 0  # _dropped: the depth inside an element that nobody wants

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self._dropped or (self._depth and tag not in self._wanted):
            self._dropped += 1
        else:
            self._count += 1
            self._depth += 1
            self.builder.start(tag, {**attributes, LINE: str(self._parser.CurrentLineNumber)})
        if self._count > MOST_ELEMENTS or self._depth + self._dropped > DEEPEST:
            raise self._error(f"more than {MOST_ELEMENTS:,} elements, or {DEEPEST} inside one another: no music is so")

    def end(self, tag: str) -> None:
        if self._dropped:
            self._dropped -= 1
        else:
            self._depth -= 1
            self.builder.end(tag)

    def text(self, text: str) -> None:
        if not self._dropped:
            self.builder.data(text)

    def entity(self, entity: str, *_: object) -> None:
        raise self._error(f"declares the entity {entity!r}, which no score needs; take the declaration out")

    def _error(self, why: str) -> FileError:
        return FileError(f"cannot read {self._name}: line {self._parser.CurrentLineNumber} {why}")
