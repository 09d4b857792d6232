"""What models of chords predict and write: chained heads beside independent ones, and both beside real music.

Likelihood, on the validation split, in nats a note of the chords. *Ruled* takes from a model what it spends on chords
that cannot be, such as one whose second note is above its first; chained heads spend nothing on them. *All* adds what
the rows of chords do not say, so that the number may stand beside those of models of notes: how loud each note of a
chord is and when it begins within the chord, as their frequencies in the training split have it. It is a bound from
above. Of models of scores there is none, as they leave out more than that.

Sizes: how many notes have no place in chords of so many notes, in per cent.

Samples: excerpts drawn without any constraint, beside one as long from the middle of each real piece.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from antiphon.chords import ChordCodec, Chords, by_onset
from antiphon.codec import VELOCITY_BINS, VELOCITY_WIDTH
from antiphon.corpus.store import Corpus, Piece, open_corpus
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.encoding import ChordEngine
from antiphon.errors import ModelError
from antiphon.evaluate.chords import chord_likelihood
from antiphon.evaluate.measures.pitch import entropy
from antiphon.generate.chords import Until, drawn_chords, rendered
from antiphon.generate.control import PLAIN
from antiphon.generate.harmony import QUALITIES
from antiphon.pictures import draw
from antiphon.theory import CHORDS
from record import Value, parser, save

PICTURED_MS = 30_000
CONSONANT = (0, 3, 4, 5, 7, 8, 9)  # semitones modulo an octave
_LATE = 7  # cells that a note may begin after its chord, counted from 0
_SIZES = (1, 2, 3, 4)
_SPAN = 14  # semitones that a hand reaches: a ninth


def main() -> None:
    """Measure every model named and the corpus, print two tables, write the CSVs."""
    options = parser(__doc__ or "", "benchmarks/chords.py runs/chord runs/chord-independent --corpus corpora/maestro")
    options.add_argument("models", nargs="*", help="models of chords of one codec, by name or folder; none: sizes only")
    options.add_argument("--corpus", type=Path, required=True, help="what `antiphon prepare` wrote")
    options.add_argument("--pieces", type=int, default=None, help="of the validation split, at most (default: all)")
    options.add_argument("--samples", type=int, default=32, help="excerpts drawn by each model (default 32)")
    options.add_argument("--seconds", type=float, default=60.0, help="of an excerpt (default 60)")
    options.add_argument("--pictures", type=Path, help="a folder for half a minute by each model")
    args = options.parse_args()
    corpus, engines = open_corpus(args.corpus), {open_bundle(name).name: _engine(name) for name in args.models}
    pieces = corpus.split("validation")[: args.pieces]
    if not engines:
        save(args, _sizes(corpus, pieces), name="sizes")
        return
    codec = next(iter(engines.values())).chords
    rest = None if codec.beats else _rest(corpus, pieces, codec)
    save(args, [_likelihood(name, engine, corpus, pieces, rest) for name, engine in engines.items()], name="likelihood")
    length_ms = 1000 * args.seconds
    real = [_excerpt(codec.chords(corpus.score(piece)), length_ms) for piece in pieces]
    rows = [_measured("real music", [chords for chords in real if len(chords.onset_ms) > 1])]
    seeds = [(1, i) for i in range(args.samples)]
    for name, engine in engines.items():
        drawn = drawn_chords(engine, PLAIN, seeds, Until(np.inf, length_ms)).chords
        rows.append(_measured(name, drawn))
        if args.pictures:
            half = drawn_chords(engine, PLAIN, seeds[:1], Until(np.inf, PICTURED_MS)).chords[0]
            draw(rendered(half, "block"), args.pictures / f"{name}.svg", title=f"{name}, seed 1")
    save(args, rows, name="samples")


def _sizes(corpus: Corpus, pieces: Sequence[Piece]) -> list[dict[str, Value]]:
    rows: list[dict[str, Value]] = []
    for most in range(2, 10):
        found = [ChordCodec(most).chords(corpus.score(piece)) for piece in pieces]
        notes, dropped = (sum(x) for x in zip(*((chords.notes, chords.dropped) for chords in found), strict=True))
        share = round(100 * dropped / (notes + dropped), 3)
        chords = sum(len(chords.onset_ms) for chords in found)
        rows.append({"model.notes": most, "chords": chords, "notes": notes, "dropped": dropped, "dropped, %": share})
    return rows


def _engine(name: str) -> ChordEngine:
    engine = open_engine(name)
    if not isinstance(engine, ChordEngine):
        raise ModelError(f"{name} writes notes, not chords: give one of the family chord")
    return engine


def _likelihood(
    name: str, engine: ChordEngine, corpus: Corpus, pieces: Sequence[Piece], rest: float | None
) -> dict[str, Value]:
    found, ruled = (chord_likelihood(engine, corpus, pieces, ruled=wish).report() for wish in (False, True))
    attributes = {key: round(nats, 3) for key, nats in found["nats_per_note_by_attribute"].items()}
    nats = {"nats a note": round(found["nats_per_note"], 3), **attributes, "ruled": round(ruled["nats_per_note"], 3)}
    row: dict[str, Value] = {"model": name, "notes": found["notes"], "chords": found["chords"], **nats}
    return row if rest is None else {**row, "all": round(ruled["nats_per_note"] + rest, 3)}


def _rest(corpus: Corpus, pieces: Sequence[Piece], codec: ChordCodec) -> float:
    """Nats a note for how loud and how late notes are in their chords, by their frequencies in training."""
    late, loud = np.ones(_LATE), np.ones(2 * VELOCITY_BINS)  # one of each, so that nothing is impossible
    for piece in corpus.split("train"):
        found, _ = _within(corpus, piece, codec)
        np.add.at(late, found[:, 0], 1)
        np.add.at(loud, found[:, 1], 1)
    nats, notes = 0.0, 0
    for piece in pieces:
        found, count = _within(corpus, piece, codec)
        nats -= np.log(late[found[:, 0]] / late.sum()).sum() + np.log(loud[found[:, 1]] / loud.sum()).sum()
        notes += count
    return float(nats / notes)


def _within(corpus: Corpus, piece: Piece, codec: ChordCodec) -> tuple[np.ndarray, int]:
    """(n, 2) of each note that is not alone: cells after its chord, bins louder than it; and the notes of all chords.

    A note alone is its chord.
    """
    columns = corpus.columns()
    rows = slice(piece.first, piece.first + piece.count)
    onset, length, pitch, velocity = (columns[n][rows] for n in ("onset_ms", "duration_ms", "pitch", "velocity"))
    chords = by_onset(onset, length, pitch, velocity, codec.notes)
    chord = np.searchsorted(chords.onset_ms, onset, side="right") - 1
    kept = (chords.pitch[chord] == pitch[:, None]).any(1) & ((chords.pitch[chord] >= 0).sum(1) > 1)
    cells = (onset + 5) // 10 - (chords.onset_ms[chord] + 5) // 10
    louder = velocity // VELOCITY_WIDTH - chords.velocity[chord] // VELOCITY_WIDTH + VELOCITY_BINS
    return np.stack([cells, louder], -1)[kept], chords.notes


def _excerpt(chords: Chords, length_ms: float) -> Chords:
    """The chords that begin in so long a time in the middle of a piece."""
    start = max((chords.onset_ms[-1] - length_ms) / 2, 0)
    inside = (chords.onset_ms >= start) & (chords.onset_ms < start + length_ms)
    return Chords(chords.onset_ms[inside], chords.velocity[inside], chords.pitch[inside], chords.duration_ms[inside])


def _measured(name: str, excerpts: Sequence[Chords]) -> dict[str, Value]:
    size = np.concatenate([(chords.pitch >= 0).sum(1) for chords in excerpts])
    span_ms = sum(int(chords.onset_ms[-1] - chords.onset_ms[0]) for chords in excerpts)
    shares = {f"of {n}" if n < _SIZES[-1] else f"of {n} or more": _share(size, n) for n in _SIZES}
    several = [_classes(row) for chords in excerpts for row in chords.pitch if len(_classes(row)) > 2]
    return {
        "music": name,
        "chords a minute": round(60_000 * sum(len(c.onset_ms) - 1 for c in excerpts) / span_ms, 1),
        "notes a chord": round(float(size.mean()), 3),
        **shares,
        "pitch classes, bits": round(float(np.mean([_entropy(chords) for chords in excerpts])), 3),
        "as the one before": round(float(np.mean([_repeated(chords).mean() for chords in excerpts])), 4),
        "longest run": round(float(np.mean([_run(chords) for chords in excerpts])), 2),
        "consonant": round(_consonance(excerpts), 3),
        "playable": round(float(np.mean([_playable(row) for chords in excerpts for row in chords.pitch])), 3),
        "have a name": round(float(np.mean([classes in _NAMED for classes in several])) if several else 0.0, 3),
    }


def _playable(pitch: np.ndarray) -> bool:
    """Whether two hands can strike a chord of falling pitches (K,), each taking neighbouring notes."""
    notes = pitch[pitch >= 0]
    parts = ((notes[:i], notes[i:]) for i in range(len(notes) + 1))
    return any(all(len(hand) <= 5 and np.ptp(hand) <= _SPAN for hand in both if len(hand)) for both in parts)


def _share(size: np.ndarray, notes: int) -> float:
    return round(float((size == notes if notes < _SIZES[-1] else size >= notes).mean()), 3)


def _classes(pitch: np.ndarray) -> frozenset[int]:
    return frozenset((pitch[pitch >= 0] % 12).tolist())


def _entropy(chords: Chords) -> float:
    return entropy(np.bincount(chords.pitch[chords.pitch >= 0] % 12, minlength=12))


def _repeated(chords: Chords) -> np.ndarray:
    """Whether each chord but the first has the pitches of the one before."""
    return (np.diff(chords.pitch, axis=0) == 0).all(1)


def _run(chords: Chords) -> int:
    """The most chords in a row of the same pitches."""
    changes = np.flatnonzero(np.concatenate([[True], ~_repeated(chords), [True]]))
    return int(np.diff(changes).max())


def _consonance(excerpts: Sequence[Chords]) -> float:
    """The share of intervals between two notes of a chord that are consonant."""
    found = []
    for chords in excerpts:
        away = chords.pitch[:, :, None] - chords.pitch[:, None, :]
        both = (chords.pitch[:, :, None] >= 0) & (chords.pitch[:, None, :] >= 0) & (away > 0)
        found.append(np.isin(away[both] % 12, CONSONANT))
    return float(np.concatenate(found).mean())


_NAMED = {frozenset((root + tone) % 12 for tone in CHORDS[quality]) for quality in QUALITIES for root in range(12)}


if __name__ == "__main__":
    main()
