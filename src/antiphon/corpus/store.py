"""A corpus on disk: Arrow note tables that training maps into memory, and how they are opened and written.

A corpus is a folder. ``notes.arrow`` has a row a note, one piece after another; ``pieces.arrow`` a row a piece, in the
same order; ``manifest.json`` says where the music is from, under which licence, and what was left out. The manifest is
written last, so a folder that has one is whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from antiphon.errors import CorpusError, missing_extra, unknown
from antiphon.notes import METRE, NOTE, TEMPO, Score

if TYPE_CHECKING:
    import pyarrow as pa

FORMAT = 1  # of the folder; a change that older code cannot read makes it 2
SPLITS = ("train", "validation", "test")  # the order of the pieces
NOTES, PIECES, MANIFEST = "notes.arrow", "pieces.arrow", "manifest.json"

# A note: those of Score, and its place in whole milliseconds, so that training needs no tempo map.
ROW = np.dtype([*((name, NOTE[name]) for name in NOTE.names or ()), ("onset_ms", "<i4"), ("duration_ms", "<i4")])


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A piece of a corpus: what it is, and where its notes lie in the columns."""

    name: str  # the file's path inside its source
    split: str  # one of SPLITS
    sha256: str  # of the file
    content: str  # hash of what sounds: equal for the same notes in another file
    composer: str  # empty where nobody says
    title: str
    first: int  # row of the first note
    count: int  # notes, at least 1
    length_s: float  # to the end of the last note


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What is written of a piece: all of Piece but its place, and its notes and maps."""

    name: str
    split: str
    sha256: str
    content: str
    composer: str
    title: str
    length_s: float
    rows: np.ndarray  # (N,) of ROW
    tempos: np.ndarray  # of TEMPO
    metres: np.ndarray  # of METRE
    tracks: Sequence[str]


class Corpus:
    """An open corpus. Its columns are views of the mapped file: nothing is read until it is used."""

    def __init__(self, path: Path, manifest: Mapping[str, Any]) -> None:
        """``path`` is a folder that :func:`open_corpus` has checked."""
        self.path, self.manifest = path, manifest

    @cached_property
    def sha256(self) -> str:
        """Of the manifest, which lists the hashes of all else."""
        return hashlib.sha256((self.path / MANIFEST).read_bytes()).hexdigest()

    @cached_property
    def _table(self) -> pa.Table:
        return _mapped(self.path / PIECES)

    @cached_property
    def pieces(self) -> list[Piece]:
        """All pieces in the order of their notes: train, validation, test."""
        return [Piece(**row) for row in self._table.select([field.name for field in fields(Piece)]).to_pylist()]

    def split(self, name: str) -> list[Piece]:
        """The pieces of one split; raises CorpusError for a split that this corpus has not."""
        there = self.manifest["splits"]
        if name not in there:
            raise CorpusError(f"{self.path}: {unknown('split', name, there)}")
        return [piece for piece in self.pieces if piece.split == name]

    def columns(self) -> dict[str, np.ndarray]:
        """The fields of ROW, (notes,) each, as read-only views of the mapped file."""
        return dict(self._columns)

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        batch = _mapped(self.path / NOTES)
        return {name: batch[name].chunk(0).to_numpy(zero_copy_only=True) for name in batch.column_names}

    def score(self, piece: Piece) -> Score:
        """The music of a piece, as it was read from its file."""
        notes = np.empty(piece.count, NOTE)
        for name in NOTE.names or ():
            notes[name] = self._columns[name][piece.first : piece.first + piece.count]
        row = self._table.slice(self._row_of[piece.first], 1).to_pylist()[0]
        return Score(notes, _array(row["tempos"], TEMPO), _array(row["metres"], METRE), tuple(row["tracks"]))

    @cached_property
    def _row_of(self) -> dict[int, int]:
        return {first: row for row, first in enumerate(self._table["first"].to_pylist())}

    def summary(self) -> dict[str, Any]:
        """What a person asks of a corpus, for ``antiphon info``."""
        about = self.manifest
        return {
            "sources": [source["name"] for source in about["sources"]],
            "licence": sorted({source["licence"] for source in about["sources"]}),
            **about["totals"],
            "splits": dict(about["splits"]),
            "pedal": about["pedal"],
            "quarantined": len(about["quarantined"]),
            "duplicates": len(about["duplicates"]),
            "left out": len(about["left_out"]),
            "made by": about["created_by"],
        }


def open_corpus(path: Path | str) -> Corpus:
    """The corpus in a folder; raises CorpusError for a folder that is none, is damaged, or is of a newer format."""
    path = Path(path)
    if path.is_file():
        from antiphon.corpus.pack import unpack  # it needs the classes of this module

        return unpack(path)
    manifest = _manifest(path)
    if manifest.get("format") != FORMAT:
        raise CorpusError(
            f"{path} is a corpus of format {manifest.get('format')!r}; this version reads format {FORMAT}: "
            "prepare it again"
        )
    for name, file in manifest["files"].items():
        size = (path / name).stat().st_size if (path / name).is_file() else None
        if size != file["bytes"]:
            found = "is missing" if size is None else f"has {size:,} bytes instead of {file['bytes']:,}"
            raise CorpusError(f"{path} is damaged: {name} {found}; prepare it again")
    return Corpus(path, manifest)


def is_corpus(path: Path) -> bool:
    """Whether a folder has a corpus's manifest."""
    return (path / MANIFEST).is_file() and (path / NOTES).is_file()


def write_corpus(path: Path, entries: Iterable[Entry], manifest: Mapping[str, Any]) -> None:
    """Write pieces, in the order given, and the manifest into an empty folder.

    All notes pass through memory: preparing the 6.4 million of MAESTRO peaked at 470 MB.
    """
    pa = _arrow()
    rows: list[np.ndarray] = []
    records: list[dict[str, Any]] = []
    first = 0
    for entry in entries:
        rows.append(entry.rows)
        records.append(_record(entry, first))
        first += len(entry.rows)
    notes = np.concatenate(rows)
    names = list(ROW.names or ())
    _write(path / NOTES, pa.table([pa.array(np.ascontiguousarray(notes[name])) for name in names], names))
    _write(path / PIECES, pa.Table.from_pylist(records, _piece_schema()))
    whole = {"format": FORMAT, **manifest, "files": {name: _file(path / name) for name in (NOTES, PIECES)}}
    (path / MANIFEST).write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _record(entry: Entry, first: int) -> dict[str, Any]:
    """A piece's row as pyarrow takes it."""
    place = {"first": first, "count": len(entry.rows)}
    maps = {key: _dicts(getattr(entry, key)) for key in ("tempos", "metres")}
    plain = {field.name: getattr(entry, field.name) for field in fields(Piece) if field.name not in place}
    return {**plain, **place, **maps, "tracks": list(entry.tracks)}


def _dicts(table: np.ndarray) -> list[dict[str, int]]:
    return [dict(zip(table.dtype.names or (), row, strict=True)) for row in table.tolist()]


def _piece_schema() -> pa.Schema:
    pa = _arrow()
    types = {"str": pa.string(), "int": pa.int64(), "float": pa.float64()}
    maps = {"tempos": TEMPO, "metres": METRE}
    structs = {
        key: pa.list_(pa.struct([(name, pa.from_numpy_dtype(dtype[name])) for name in dtype.names or ()]))
        for key, dtype in maps.items()
    }
    plain = {field.name: types[str(field.type)] for field in fields(Piece)}
    return pa.schema({**plain, **structs, "tracks": pa.list_(pa.string())})


def _write(path: Path, table: pa.Table) -> None:
    """One uncompressed record batch a file, so that every column is one piece of the mapped memory."""
    pa = _arrow()
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks(), max_chunksize=max(len(table), 1))


def _mapped(path: Path) -> pa.Table:
    """The table of a file, without copying; raises CorpusError for what is not Arrow."""
    pa = _arrow()
    try:
        return pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise CorpusError(f"{path} is damaged ({error}); prepare the corpus again") from error


def _arrow() -> Any:
    """pyarrow, which the base install has not."""
    try:
        import pyarrow
    except ModuleNotFoundError as error:
        raise missing_extra("pyarrow", "corpus", "a corpus") from error
    return pyarrow


def _file(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def _manifest(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise CorpusError(f"there is no corpus {path}; make one: antiphon prepare SOURCE -o {path}")
    if not (path / MANIFEST).is_file():
        raise CorpusError(f"{path} is not a corpus: it has no {MANIFEST}; make one: antiphon prepare {path} -o CORPUS")
    try:
        manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorpusError(f"{path / MANIFEST} cannot be read ({error}); prepare the corpus again") from error
    if not isinstance(manifest, dict):
        raise CorpusError(f"{path / MANIFEST} is not a corpus's manifest; prepare the corpus again")
    return manifest


def _array(rows: Sequence[Mapping[str, int]], dtype: np.dtype) -> np.ndarray:
    return np.array([tuple(row[name] for name in dtype.names or ()) for row in rows], dtype)
