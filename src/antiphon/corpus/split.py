"""Which piece is for training and which is held out: by an official table, or by a hash of what the piece is called."""

from __future__ import annotations

import csv
import hashlib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from antiphon.corpus.store import SPLITS
from antiphon.errors import CorpusError

FILE_COLUMNS = ("midi_filename", "midi_performance", "filename", "file_name", "file", "path", "midi")
TITLE_COLUMNS = ("canonical_title", "title")
COMPOSER_COLUMNS = ("canonical_composer", "composer")
ALIASES = {"valid": "validation", "val": "validation", "dev": "validation", "training": "train"}

HELD_OUT = {"test": 0.05, "validation": 0.05}  # share of the titles
PIECE_FOLDER = 32  # files: a folder of so few holds one piece or little more, and stays on one side

# What tells one recording or copy of a piece from another: (…) at the end, take 2, v2, performance 1, copy, no repeat.
_MARKS = re.compile(
    r"[\s.,-]*(\([^)]*\)|\[[^\]]*\]"
    r"|\b(take|version|performance|perf|copy|rec)[\s.-]*\d*|\bv(er)?[\s.-]*\d+|\b((no|with|without) )?repeats?)$"
)


class Facts(NamedTuple):
    """What is known of a file besides its notes."""

    split: str = ""  # empty: not said
    composer: str = ""
    title: str = ""


class Table:
    """A CSV about files: MAESTRO's, Groove's, or any with a column of file names."""

    def __init__(self, path: Path) -> None:
        """Raises CorpusError for a file that is not such a table."""
        self._path = path
        rows = _rows(path)
        columns = rows[0].keys() if rows else ()
        file = _first(FILE_COLUMNS, columns)
        if file is None:
            raise CorpusError(f"{path} has no column of file names; it must have one of {', '.join(FILE_COLUMNS)}")
        self._by_path = {_clean(name): self._facts(row) for row in rows if (name := row[file])}
        names = Counter(PurePosixPath(name).name for name in self._by_path)
        self._by_name = {
            PurePosixPath(name).name: facts
            for name, facts in self._by_path.items()
            if names[PurePosixPath(name).name] == 1
        }

    def _facts(self, row: Mapping[str, str | None]) -> Facts:
        def value(names: Sequence[str]) -> str:
            column = _first(names, row)
            return (row[column] or "").strip() if column else ""

        split = value(("split",)).lower()
        split = ALIASES.get(split, split)
        if split and split not in SPLITS:
            raise CorpusError(f"{self._path} has a split {split!r}; allowed are {', '.join(SPLITS)}")
        return Facts(split, value(COMPOSER_COLUMNS), value(TITLE_COLUMNS))

    def find(self, name: str) -> Facts | None:
        """The row of a file, by its path or by its last parts, or by its bare name where that is unique."""
        parts = PurePosixPath(name).parts
        for i in range(len(parts)):
            if facts := self._by_path.get("/".join(parts[i:])):
                return facts
        return self._by_name.get(parts[-1])


def _rows(path: Path) -> list[dict[str, str | None]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CorpusError(f"cannot read the table {path} ({error}); give a CSV file in UTF-8") from error


def _first(names: Sequence[str], columns: Iterable[str]) -> str | None:
    there = set(columns)
    return next((name for name in names if name in there), None)


def _clean(name: str) -> str:
    return str(PurePosixPath(name.strip().replace("\\", "/")))


def normalised(title: str) -> str:
    """A title without case, accents, punctuation and what tells recordings of one piece apart."""
    text = unicodedata.normalize("NFKD", title).casefold().replace("_", " ")
    text = "".join(c for c in text if not unicodedata.combining(c)).strip()
    while (shorter := _MARKS.sub("", text)) not in ("", text):
        text = shorter
    return " ".join(re.findall(r"\w+", text))


def piece_keys(names: Sequence[str]) -> dict[str, str]:
    """What piece each file seems to be, by the names of files and folders: equal keys stay on one side.

    A folder below the top with few files is one piece (its recordings lie in it); in large ones the file names tell.
    """
    inside: Counter[PurePosixPath] = Counter()
    directly = {PurePosixPath(name).parent for name in names}
    for name in names:
        inside.update(list(PurePosixPath(name).parents)[:-1])
    keys = {}
    for name in names:
        path = PurePosixPath(name)
        folders = [f for f in path.parents if f.name and inside[f] <= PIECE_FOLDER]
        here = next((f for f in reversed(folders) if f in directly and f in path.parents), None)
        keys[name] = normalised(here.name) if here else normalised(path.stem)
    return keys


def merged(keys: Mapping[str, str], contents: Mapping[str, str]) -> dict[str, str]:
    """Keys by file, made equal where files of two keys have the same content: one piece under two names."""
    parent = {key: key for key in keys.values()}

    def root(key: str) -> str:
        while parent[key] != key:
            key = parent[key]
        return key

    first: dict[str, str] = {}
    for name in sorted(keys):
        one, other = sorted((root(keys[name]), root(keys[first.setdefault(contents[name], name)])))
        parent[other] = one
    return {name: root(key) for name, key in keys.items()}


def assign(keys: Iterable[str], seed: int = 0) -> dict[str, str]:
    """A split for every key, the same on any machine and in any order; with three keys or more none is empty.

    A key's place depends on its name and the seed alone, so a collection that grows keeps its splits.
    """
    places = {key: _place(key, seed) for key in keys}
    splits: defaultdict[str, list[str]] = defaultdict(list)
    for key, place in sorted(places.items(), key=lambda item: (item[1], item[0])):
        splits[_split_at(place)].append(key)
    if places and not splits["train"]:
        splits["train"].append(splits["validation" if splits["validation"] else "test"].pop())
    for name in reversed(HELD_OUT):
        if not splits[name] and len(splits["train"]) > 1:
            splits[name].append(splits["train"].pop(0))
    return {key: name for name, members in splits.items() for key in members}


def _place(key: str, seed: int) -> float:
    """A number in [0, 1) for a title."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{key}".encode()).digest()[:6], "big") / 2**48


def _split_at(place: float) -> str:
    edge = 0.0
    for name, share in HELD_OUT.items():
        edge += share
        if place < edge:
            return name
    return "train"
