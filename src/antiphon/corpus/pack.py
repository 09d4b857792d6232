"""A corpus as one small file that travels: what training and measuring need, four bytes a note.

Onsets become steps, and Arrow's zstd does the rest. The ticks, tempi and metres stay behind in the folder.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.corpus.store import Corpus, Piece
from antiphon.errors import CorpusError
from antiphon.files.paths import written
from antiphon.notes import Score

_COLUMNS = ("step_ms", "duration_ms", "pitch", "velocity", "program")


def pack(corpus: Corpus, path: Path) -> None:
    """Write all pieces of a corpus to a file that :func:`~antiphon.corpus.open_corpus` opens."""
    import pyarrow as pa

    columns = corpus.columns()
    steps = np.diff(columns["onset_ms"], prepend=0)
    starts = [piece.first for piece in corpus.pieces]
    steps[starts] = columns["onset_ms"][starts]
    table = pa.table([steps.astype(np.uint32), *(columns[name] for name in _COLUMNS[1:])], list(_COLUMNS))
    about = {"manifest": dict(corpus.manifest), "pieces": [asdict(piece) for piece in corpus.pieces]}
    table = table.replace_schema_metadata({"antiphon": json.dumps(about)})
    options = pa.ipc.IpcWriteOptions(compression=pa.Codec("zstd", compression_level=6))
    with written(path) as temporary, pa.OSFile(str(temporary), "wb") as sink:
        writer = pa.ipc.new_file(sink, table.schema, options=options)
        writer.write_table(table)
        writer.close()


def unpack(path: Path) -> PackedCorpus:
    """The corpus in a packed file; raises CorpusError for a file that is none."""
    import pyarrow as pa

    try:
        table = pa.ipc.open_file(path.read_bytes()).read_all()
        about = json.loads(table.schema.metadata[b"antiphon"])
    except (pa.ArrowInvalid, KeyError, TypeError, ValueError) as error:
        raise CorpusError(f"{path} is not a packed corpus; pack one: antiphon pack CORPUS -o {path}") from error
    return PackedCorpus(path, about, {name: table[name].to_numpy() for name in _COLUMNS})


class PackedCorpus(Corpus):
    """An opened packed corpus: all of :class:`Corpus` but the scores, whose ticks were left behind."""

    def __init__(self, path: Path, about: dict[str, Any], columns: dict[str, np.ndarray]) -> None:
        """``about`` and ``columns`` are what :func:`pack` wrote."""
        super().__init__(path, about["manifest"])
        self._about, self._packed = about, columns

    @cached_property
    def pieces(self) -> list[Piece]:
        """All pieces in the order of their notes: train, validation, test."""
        return [Piece(**piece) for piece in self._about["pieces"]]

    @cached_property
    def _columns(self) -> dict[str, np.ndarray]:
        steps = self._packed["step_ms"].astype(np.int64)
        total = np.cumsum(steps)
        first = np.array([piece.first for piece in self.pieces])
        count = np.array([piece.count for piece in self.pieces])
        onset_ms = total - np.repeat(total[first] - steps[first], count)
        kept = {name: self._packed[name] for name in _COLUMNS[1:]}
        return {"onset_ms": onset_ms.astype(np.int32), **kept, "duration_ms": kept["duration_ms"].astype(np.int32)}

    def score(self, piece: Piece) -> Score:
        """Raises CorpusError: a packed corpus has no ticks."""
        raise CorpusError(f"{self.path} is packed and has no scores; use the folder that it was packed from")
