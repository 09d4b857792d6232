"""Samples: the pieces of equal length in which a model, a folder of files and real music are compared.

A sample is a run of so many notes on the codec's grid, beginning at 0. Each knows its group, the piece it was cut from:
samples of one piece are alike, so groups are what is split and resampled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.corpus.melodies import SIXTEENTH_MS, as_score
from antiphon.corpus.store import Corpus, Piece
from antiphon.engine.base import Engine, Filling
from antiphon.engine.encoding import ChordEngine, LatentEngine
from antiphon.errors import CorpusError, FileError
from antiphon.evaluate.cache import Keep, keep_nothing
from antiphon.evaluate.groups import Progress, of_all
from antiphon.evaluate.likelihood import notes_of, rows_of
from antiphon.evaluate.measures import measure
from antiphon.files import READERS, read_music
from antiphon.generate.beginning import imagined
from antiphon.generate.latent import unfolded
from antiphon.generate.pieces import Length, write_pieces
from antiphon.generate.task import perform
from antiphon.notes import DRUMS, Score

GRID = NoteCodec()  # every sample stands on it, whatever its model's codec
CUT = 1  # raised when samples are cut from pieces otherwise
FILLED = 8  # pieces that a model that fills writes at once; more of them take as much longer
MELODIES_A_NOTE = 4  # at most: a model that knows little may write melodies without a note


@dataclass(frozen=True)
class Samples:
    """Pieces of music to compare, and what they were cut from."""

    scores: list[Score]
    groups: np.ndarray  # (S,) int: which piece or seed each is from
    names: list[str]  # of each sample, to find it again
    left_out: tuple[str, ...] = ()  # files of a folder that gave none, each with the reason

    def __len__(self) -> int:
        return len(self.scores)

    def to_arrays(self) -> dict[str, np.ndarray]:
        """All of it as arrays to be kept: rows one after another."""
        rows = [GRID.encode(score) for score in self.scores]
        ends, names, left_out = np.cumsum([len(r) for r in rows]), np.array(self.names), np.array(self.left_out, str)
        return {"rows": np.concatenate(rows), "ends": ends, "groups": self.groups, "names": names, "left_out": left_out}

    @staticmethod
    def of_arrays(arrays: Mapping[str, np.ndarray]) -> Samples:
        """What :meth:`to_arrays` kept."""
        scores = [GRID.decode(rows) for rows in np.split(arrays["rows"], arrays["ends"][:-1])]
        return Samples(scores, arrays["groups"], arrays["names"].tolist(), tuple(arrays["left_out"].tolist()))


def written(
    engine: Engine, count: int, notes: int, progress: Progress = lambda share: None, keep: Keep = keep_nothing
) -> Samples:
    """What a model alone writes from nothing: as ``antiphon generate --no-guard --seed S --notes N`` for S = 0, 1, …

    Of models whose last chord or block goes beyond that, the first ``notes`` of it; of models of melodies as many of
    them in a row as it takes. What a model that fills writes at once is given to ``keep``.
    """
    together = FILLED if isinstance(engine, Filling) else count
    parts = []
    for first in range(0, count, together):
        seeds = range(first, min(first + together, count))
        tell = partial(of_all, progress, first, len(seeds), count)
        parts.append(Samples.of_arrays(keep(first // together, partial(_written, engine, seeds, notes, tell))))
    scores = [score for part in parts for score in part.scores]
    return Samples(scores, np.arange(count), [f"seed {seed}" for seed in range(count)])


def _written(engine: Engine, seeds: range, notes: int, progress: Progress) -> dict[str, np.ndarray]:
    """The samples of some seeds, as arrays."""
    pairs = [(seed, 0) for seed in seeds]
    if isinstance(engine, LatentEngine):
        pieces = _melodies(engine, len(seeds), notes, progress)
    elif isinstance(engine, Filling | ChordEngine):
        works = perform(engine, "generate", {"notes": notes, "no-guard": True}, pairs, progress=progress)
        pieces = [work.music for work in works.pieces]
    else:
        pieces = write_pieces(engine, Length(notes=notes), pairs, progress=progress).scores
    return Samples([on_grid(p, notes) for p in pieces], np.array(seeds), [str(seed) for seed in seeds]).to_arrays()


def _melodies(engine: LatentEngine, count: int, notes: int, progress: Progress) -> list[Score]:
    """Melodies in a row, each from a place of its own, until every piece has ``notes`` notes."""
    pieces: list[list[np.ndarray]] = [[] for _ in range(count)]
    written = np.zeros(count, int)
    for turn in range(MELODIES_A_NOTE * notes):
        short = np.flatnonzero(written < notes)
        if not len(short):
            break
        seeds = [(int(seed), turn) for seed in short]
        for i, table in zip(short, unfolded(engine, imagined(engine, seeds), seeds), strict=True):
            pieces[i].append(table)
            written[i] += len(table)
        progress(float(np.minimum(written, notes).mean() / notes))
    return [as_score(tables, engine.bars, 4 * 1000 * SIXTEENTH_MS) for tables in pieces]


def real(corpus: Corpus, pieces: Sequence[Piece], notes: int, each: int = 0) -> Samples:
    """Runs of ``notes`` that do not overlap; of every piece all, or ``each`` spread evenly over it.

    Raises CorpusError where no piece is as long.
    """
    heard = [(_title(piece), rows_of(GRID, columns)) for piece, columns in _heard(corpus, pieces)]
    longest = max((len(rows) for _, rows in heard), default=0)
    if longest < notes:
        raise CorpusError(
            f"the longest of these pieces of {corpus.path} has {longest} notes, drums aside, and a sample {notes}; "
            "choose another split or corpus, or smaller samples: antiphon compare --notes"
        )
    return _cut([(name, rows) for name, rows in heard if len(rows) >= notes], notes, each)


def folder(path: Path, notes: int, each: int = 0, progress: Progress = lambda share: None) -> Samples:
    """Samples of every file of music under a folder, as of real music; ``left_out`` says what was wrong with others.

    A file with fewer notes is one sample if it has at least half of them. Raises FileError where nothing is left.
    """
    files = [file for file in sorted(path.rglob("*")) if file.suffix.lower() in READERS and file.is_file()]
    if not files:
        raise FileError(f"{path} has no files of music ({', '.join(READERS)})")
    heard, left_out = [], []
    for i, file in enumerate(files):
        name = file.relative_to(path).as_posix()
        try:
            score = read_music(file)
        except FileError as error:
            left_out.append(str(error) if name in str(error) else f"{name}: {error}")
            continue
        rows = GRID.encode(score.select(score.notes["program"] != DRUMS))
        if len(rows) * 2 >= notes:
            heard.append((name, rows))
        else:
            left_out.append(f"{name}: {len(rows)} notes, fewer than half a sample's {notes}")
        progress((i + 1) / len(files))
    if not heard:
        raise FileError(f"{path} has no file with {notes // 2} notes or more that can be read; {left_out[0]}")
    return replace(_cut(heard, notes, each), left_out=tuple(left_out))


def measured(samples: Samples, progress: Progress = lambda share: None) -> dict[str, np.ndarray]:
    """Every measure of every sample: (S,) each."""
    rows = []
    for i, score in enumerate(samples.scores):
        rows.append(measure(score))
        progress((i + 1) / len(samples))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def on_grid(score: Score, notes: int | None = None) -> Score:
    """A score, or its first notes, through the codec and back, its first note at 0: what all samples are."""
    return GRID.decode(_begun(GRID.encode(score)[:notes]))


def _heard(corpus: Corpus, pieces: Sequence[Piece]) -> Iterator[tuple[Piece, dict[str, np.ndarray]]]:
    for piece in pieces:
        for columns in notes_of(GRID, corpus, [piece]):  # none where there are only drums
            yield piece, dict(columns)


def _title(piece: Piece) -> str:
    """How people call a piece: composer and title where the corpus knows them, or its file."""
    return ": ".join(filter(None, [piece.composer, piece.title])) if piece.title else piece.name


def _cut(heard: Sequence[tuple[str, np.ndarray]], notes: int, each: int) -> Samples:
    scores, groups, names = [], [], []
    for group, (name, rows) in enumerate(heard):
        starts = np.arange(0, max(len(rows) - notes, 0) + 1, notes)
        if each and len(starts) > each:
            starts = starts[np.arange(1, each + 1) * len(starts) // (each + 1)]
        for start in starts:
            scores.append(GRID.decode(_begun(rows[start : start + notes])))
            groups.append(group)
            names.append(f"{name}, note {start}" if start else name)
    return Samples(scores, np.array(groups, int), names)


def _begun(rows: np.ndarray) -> np.ndarray:
    """A passage whose first note stands at 0."""
    rows = rows.copy()
    rows[:1, GRID.column["step"]] = 0
    return rows
