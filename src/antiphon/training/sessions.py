"""A player's own playing as short passages to learn from: of a recorded session the player's part, of other files all.

A passage is cut at rests and heard from the beginning, so that passages to learn from and passages to be measured on
have nothing in common. What the model played in a session is heard as what the player answered to, but not learned.

Shapes: N notes of a passage, A attributes of a note, B passages in a batch, T notes of the longest of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from antiphon.bins import CELL_MS
from antiphon.codec import NoteCodec, milliseconds
from antiphon.conditions import NAMES, UNSAID
from antiphon.corpus.augment import Augmentation, Excerpt
from antiphon.errors import FileError
from antiphon.files import read_music
from antiphon.models.base import Batch
from antiphon.notes import DRUMS, Score

PASSAGE = 100  # notes after which a rest ends a passage; after twice as many it ends anyway
REST_MS = 500  # from one onset to the next
ENDINGS = (".mid", ".midi")
MINE, MODEL = "player", "model"  # the tracks of a recorded session


@dataclass(frozen=True)
class Passage:
    """Some notes in order of time, and which of them are the player's."""

    notes: Excerpt  # (N,) each
    mine: np.ndarray  # (N,) bool

    def encoded(self, codec: NoteCodec) -> tuple[np.ndarray, np.ndarray]:
        """(N, A) rows, and (N,) which are the player's: in the order of the codec."""
        n = self.notes
        order = np.lexsort((n.pitch, (np.asarray(n.onset_ms) + CELL_MS // 2) // CELL_MS))
        return codec.encode_ms(n.onset_ms, n.duration_ms, n.pitch, n.velocity, n.program), self.mine[order]

    def varied(self, augmentation: Augmentation, rng: np.random.Generator) -> Passage:
        """As it might have been played as well."""
        return replace(self, notes=augmentation.apply(self.notes, (0, 127), rng))


def midi_files(paths: Sequence[Path]) -> list[Path]:
    """The files, and those in folders and below; FileError where there is none."""
    found = []
    for path in paths:
        inside = [p for p in sorted(path.rglob("*")) if p.suffix.lower() in ENDINGS] if path.is_dir() else [path]
        if not inside:
            raise FileError(f"there are no MIDI files ({', '.join(ENDINGS)}) in {path}")
        found += inside
    return found


def passages(paths: Sequence[Path], codec: NoteCodec) -> list[Passage]:
    """The passages of all files, one file after another; raises FileError for one that cannot be read."""
    return [passage for path in paths for passage in passages_of(read_music(path), codec)]


def passages_of(score: Score, codec: NoteCodec) -> list[Passage]:
    """The passages of a piece in which the player has a part."""
    heard = score if codec.programs else score.select(score.notes["program"] != DRUMS)
    onset_ms, duration_ms = milliseconds(heard)
    notes = heard.notes
    columns = (onset_ms, duration_ms, notes["pitch"], notes["velocity"], notes["program"])
    recorded = MINE in score.tracks and MODEL in score.tracks
    mine = notes["track"] == score.tracks.index(MINE) if recorded else np.ones(len(notes), bool)
    edges = [*_beginnings(onset_ms), len(notes)]
    parts = [slice(start, stop) for start, stop in pairwise(edges)]
    return [Passage(Excerpt(*(c[part] for c in columns)), mine[part]) for part in parts if mine[part].any()]


def _beginnings(onset_ms: np.ndarray) -> list[int]:
    """The notes with which passages begin."""
    found = [0]
    for i in range(1, len(onset_ms)):
        rests = onset_ms[i] - onset_ms[i - 1] >= REST_MS
        if i - found[-1] >= (PASSAGE if rests else 2 * PASSAGE):
            found.append(i)
    return found if len(onset_ms) else []


def batch_of(
    chosen: Sequence[Passage],
    codec: NoteCodec,
    augmentation: Augmentation | None = None,
    rng: np.random.Generator | None = None,
) -> Batch:
    """Passages side by side, varied where an augmentation and its randomness are given; the player's notes weigh."""
    if augmentation is not None and rng is not None:
        chosen = [passage.varied(augmentation, rng) for passage in chosen]
    encoded = [passage.encoded(codec) for passage in chosen]
    longest = max(len(rows) for rows, _ in encoded)
    inputs, targets, weight = [], [], []
    for rows, mine in encoded:
        heard = rows if augmentation is None or rng is None else augmentation.hold(rows, rng)
        pad = (0, longest - len(rows))
        inputs.append(np.pad(np.concatenate([codec.start_row[None], heard[:-1]]), (pad, (0, 0))))
        targets.append(np.pad(rows, (pad, (0, 0))))
        weight.append(np.pad(mine.astype(np.float32), pad))
    told = torch.full((len(chosen), len(NAMES)), UNSAID)
    return Batch(_long(inputs), _long(targets), torch.from_numpy(np.stack(weight)), told)


def _long(rows: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(rows)).long()
