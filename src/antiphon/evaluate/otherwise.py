"""Likelihoods of other things than the notes of whole pieces: of answers and passages, of chords, of frames.

Each is measured on the same split as all others, yet counts something else, so it stands beside the leaderboard and
not in it. What it counts is said with the number, and whether it is a bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from antiphon.corpus.melodies import Bars
from antiphon.corpus.pairs import Cut, Pairs, Sizes, fixed_pairs
from antiphon.corpus.phrases import Parts, Phrases
from antiphon.corpus.store import Corpus, Piece
from antiphon.corpus.windows import Arrays, columns_for
from antiphon.engine.base import Calling, Engine
from antiphon.engine.encoding import ChordEngine, LatentEngine
from antiphon.engine.rolls import RollEngine
from antiphon.errors import CorpusError, ModelError
from antiphon.evaluate.answers import answer_likelihood
from antiphon.evaluate.cache import Arrays as Kept
from antiphon.evaluate.cache import Keep, keep_nothing
from antiphon.evaluate.chords import UNCOUNTED, ChordLikelihood, chord_likelihood
from antiphon.evaluate.groups import Progress, in_groups, told_of_notes
from antiphon.evaluate.likelihood import Likelihood
from antiphon.evaluate.rolls import RollLikelihood, roll_likelihood

BATCH = 16  # passages
PASSAGES = 2000  # of a split, evenly spread, that are measured at most


def other_likelihood(
    engine: Engine,
    corpus: Corpus,
    pieces: Sequence[Piece],
    progress: Progress = lambda share: None,
    keep: Keep = keep_nothing,
) -> dict[str, Any]:
    """What a model that predicts no whole pieces note by note is measured by instead, on some pieces of a corpus.

    ``nats`` for each ``unit``, a note or a frame; ``of`` says in words what is counted, ``kind`` whether it is exact or
    a bound; the rest is the report of that likelihood. Chords and frames of a group of pieces are given to ``keep``.
    Raises ModelError for a model of another kind, CorpusError where the pieces have nothing of what it is about.
    """
    if isinstance(engine, ChordEngine | RollEngine):
        return _of_pieces(engine, in_groups(pieces, partial(_heard, engine, corpus), keep, progress))
    batches = passages(engine, corpus, pieces)
    total = sum(int(batch.weight.sum()) for batch in batches)
    likelihood = answer_likelihood(engine, batches, told_of_notes(progress, total))
    report = {**likelihood.report(), "passages": len(likelihood.notes)}
    del report["pieces"]  # which it took its passages for
    if isinstance(engine, LatentEngine):
        return _named(report, f"melodies of {engine.bars} bars, from one place drawn for each", "note", "bound")
    together = isinstance(engine, Calling) and engine.together
    return _named(report, f"{'the other voices' if together else 'answers'}, given the call", "note")


def _heard(
    engine: ChordEngine | RollEngine, corpus: Corpus, pieces: Sequence[Piece], progress: Callable[[int], None]
) -> Kept:
    if isinstance(engine, ChordEngine):
        return chord_likelihood(engine, corpus, pieces, progress).to_arrays()
    return roll_likelihood(engine, corpus, pieces, progress).to_arrays()


def _of_pieces(engine: ChordEngine | RollEngine, parts: Sequence[Kept]) -> dict[str, Any]:
    """The report of what :func:`_heard` gave; CorpusError where nothing was heard."""
    whole: Likelihood
    if isinstance(engine, ChordEngine):
        whole, of, unit = ChordLikelihood.joined(parts), f"chords; not counted: {UNCOUNTED}", "note"
    else:
        of, unit = "frames of a piano roll, all keys of a moment; of each piece all but the first", "frame"
        whole = RollLikelihood.joined(parts)
    if not len(whole.notes):
        raise CorpusError("the pieces have nothing that this model hears: drums are none; choose another corpus")
    return _named(whole.report(), of, unit)


def passages(engine: Engine, corpus: Corpus, pieces: Sequence[Piece], most: int = PASSAGES) -> list[Arrays]:
    """Calls and answers of some pieces as the model was trained on them, or melodies; at most so many, in batches."""
    cut: Cut
    if isinstance(engine, LatentEngine):
        cut = Bars(corpus, pieces, engine.bars, engine.longest)
        sizes = Sizes(call=engine.longest, answer=engine.longest + 1)
    elif not isinstance(engine, Calling):
        raise ModelError("this model hears no passages; choose one of the family seq2seq or vae")
    elif engine.together:
        cut = Parts(corpus.columns(), pieces, engine.longest)
        longest = max((len(cut[i].answer.pitch) for i in range(len(cut))), default=1)
        sizes = Sizes(call=engine.longest, answer=longest)
    else:
        cut = Phrases(*columns_for(engine.codec, corpus.columns(), pieces), engine.longest)
        sizes = Sizes(call=engine.longest, answer=engine.longest)
    pairs = Pairs(cut, engine.codec, sizes)
    return list(fixed_pairs(pairs, BATCH, 1 / -(-len(pairs) // most)))


def _named(report: dict[str, Any], of: str, unit: str, kind: str = "exact") -> dict[str, Any]:
    """A report that says what it is about."""
    return {**report, "nats": report[f"nats_per_{unit}"], "unit": unit, "of": of, "kind": kind}
