"""Windows of chords as batches, for models whose rows are chords.

The chords of all pieces are found once, when a run begins; as with notes, a batch is a pure function of (seed, index).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np

from antiphon.chords import ChordCodec, Chords
from antiphon.conditions import NAMES, UNSAID
from antiphon.corpus.augment import NONE, Augmentation
from antiphon.corpus.store import Corpus, Piece
from antiphon.corpus.windows import Arrays, Place, shuffled, spread, stack
from antiphon.errors import CorpusError


def chords_of(corpus: Corpus, pieces: Sequence[Piece], codec: ChordCodec) -> tuple[Chords, list[Place]]:
    """The chords of some pieces one after another, and where those of each lie; a piece without any is left out.

    Raises CorpusError where there is no chord at all.
    """
    found = [chords for piece in pieces if len((chords := codec.chords(corpus.score(piece))).onset_ms)]
    if not found:
        raise CorpusError(f"{corpus.path} has no notes but those of drums, so no chords; choose another corpus")
    ends = np.cumsum([len(chords.onset_ms) for chords in found]).tolist()
    places = [Place(end - len(chords.onset_ms), len(chords.onset_ms)) for end, chords in zip(ends, found, strict=True)]
    whole = Chords(
        onset_ms=np.concatenate([chords.onset_ms for chords in found]),
        velocity=np.concatenate([chords.velocity for chords in found]),
        pitch=np.concatenate([chords.pitch for chords in found]),
        duration_ms=np.concatenate([chords.duration_ms for chords in found]),
        dropped=sum(chords.dropped for chords in found),
    )
    return whole, places


class ChordWindows:
    """Cuts windows of ``length`` chords, each with the row before its first chord."""

    def __init__(self, chords: Chords, codec: ChordCodec, length: int) -> None:
        self._chords, self._codec, self._length = chords, codec, length
        self._pitches = int(chords.pitch[chords.pitch >= 0].min()), int(chords.pitch.max())

    def one(
        self, piece: Place, start: int, augmentation: Augmentation = NONE, rng: np.random.Generator | None = None
    ) -> Arrays:
        """Chords start … start+length of a piece as arrays without the batch dimension; a short one is padded."""
        stop = min(start + self._length, piece.count)
        skip = min(max(start, 0), 2)  # chords before the window: one to be heard, one for that one's step
        rows = slice(piece.first + max(start, 0) - skip, piece.first + stop)
        onset_ms, velocity, pitch, duration_ms, _ = self._chords
        chords = Chords(onset_ms[rows], velocity[rows], pitch[rows], duration_ms[rows])
        if rng is not None:
            chords = augmented(chords, augmentation, self._pitches, rng)
        codes = self._codec.rows(chords)
        before = codes[skip - 1 : -1] if skip else np.concatenate([self._codec.start_row[None], codes[:-1]])
        missing = self._length - (len(codes) - skip)
        weight = np.ones(self._length, np.float32)
        weight[self._length - missing :] = 0
        pad = ((0, missing), (0, 0))
        told = np.full(len(NAMES), UNSAID, np.uint8)
        return Arrays(np.pad(before, pad), np.pad(codes[skip:], pad), weight, told)


def augmented(chords: Chords, augmentation: Augmentation, pitches: tuple[int, int], rng: np.random.Generator) -> Chords:
    """A changed copy, as :meth:`Augmentation.apply` changes notes; nothing is held."""
    there, how = chords.pitch >= 0, augmentation
    low = max(-how.transpose, pitches[0] - int(chords.pitch[there].min()))
    high = min(how.transpose, pitches[1] - int(chords.pitch.max()))
    shift = rng.integers(min(low, 0), max(high, 0), endpoint=True)
    factor = np.exp(rng.uniform(*np.log(how.stretch)))
    louder = rng.integers(-how.velocity, how.velocity, endpoint=True)
    start = chords.onset_ms - chords.onset_ms[0]
    onset = np.rint(start * factor).astype(np.int64)
    end = np.rint((start[:, None] + chords.duration_ms) * factor).astype(np.int64)
    return Chords(
        onset_ms=onset,
        velocity=np.clip(chords.velocity + louder, 1, 127),
        pitch=np.where(there, chords.pitch + shift, -1),
        duration_ms=np.where(there, end - onset[:, None], 0),
    )


class TrainingChords:
    """Endless shuffled, augmented batches; every pass sees each chord once, cut at new places."""

    def __init__(
        self,
        chords: Chords,
        pieces: Sequence[Place],
        codec: ChordCodec,
        *,
        length: int,
        batch: int,
        augmentation: Augmentation = NONE,
        stride: int = 0,
        seed: int = 0,
    ) -> None:
        """``stride`` is the distance between the starts of windows, by default their length."""
        self._windows, self._pieces = ChordWindows(chords, codec, length), pieces
        self._size, self._augmentation, self._seed = batch, augmentation, seed
        stride = stride or length
        self.per_pass = max(sum(p.count // stride + 1 for p in pieces) // batch, 1)  # batches
        self._order = lru_cache(2)(lambda number: shuffled(pieces, stride, seed, number, self.per_pass * batch))

    def batch(self, index: int) -> Arrays:
        """Batch ``index`` ≥ 0 of an endless sequence."""
        number, place = divmod(index, self.per_pass)
        chosen = self._order(number)[place * self._size : (place + 1) * self._size]
        rng = np.random.default_rng((self._seed, 1, index))
        return stack([self._windows.one(self._pieces[p], s, self._augmentation, rng) for p, s in chosen])


def fixed_chords(
    chords: Chords, pieces: Sequence[Place], codec: ChordCodec, *, length: int, batch: int, share: float = 1.0
) -> Iterator[Arrays]:
    """All of the pieces once, in order, as they are; with ``share`` below 1, windows evenly spaced over them."""
    cut = ChordWindows(chords, codec, length)
    places = spread(pieces, length, share)
    for i in range(0, len(places), batch):
        yield stack([cut.one(piece, start) for piece, start in places[i : i + batch]])
