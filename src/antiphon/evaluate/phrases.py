"""What can be counted in whole phrases that a model draws: MuseGAN's measures, and how different they are.

MuseGAN (Dong et al. 2018) counts, of each track, empty bars, pitch classes used in a bar, and qualified notes, those
that are no fragments; of two tracks, their tonal distance. Its grid has 24 steps a beat and a note of 3 is qualified;
here a step is a sixteenth and a note of QUALIFIED is. The distributions are compared with those of real phrases: a mean
alone would be right for a model that always draws the same. A model that draws has no likelihood.

Shapes: N phrases of (T, K, 2, P), see :mod:`antiphon.corpus.phrase_rolls`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from antiphon.corpus.phrase_rolls import BEGINS, NAMES, SOUNDS, Layout, PhraseRolls
from antiphon.corpus.store import Corpus, Piece
from antiphon.engine.base import Drawing
from antiphon.errors import CorpusError
from antiphon.evaluate.measures.pitch import tonal_centroids

QUALIFIED = 2  # steps of a note that is no fragment: a quaver
BEAT = 4  # steps
OCTAVE = 12
PHRASES = 512  # that are measured, at most
SEARCHED = 128  # phrases for which the nearest training phrase is looked for
SHIFTS = range(-6, 7)  # semitones by which a copy may be moved

Progress = Callable[[float], None]  # is told the share done, 0 to 1


def measures(rolls: np.ndarray, layout: Layout) -> dict[str, np.ndarray]:
    """(N,) of each phrase, by name; nan where there is nothing to count.

    Of each track ``empty_bars``, the share of bars in which nothing sounds; ``pitch_classes`` that sound in a bar that
    is not empty, 0 to 12; ``qualified``, the share of notes of at least QUALIFIED steps; ``notes`` a bar; ``on_beat``,
    the share of notes that begin on a beat. Of both ``tonal_distance``, 0 to 3: of the bars in which both sound the
    mean distance of their tonal centroids (Harte, Sandler and Gasser 2006).
    """
    sounds, begins = rolls[:, :, :, SOUNDS] > 0, rolls[:, :, :, BEGINS] > 0
    chroma = _bars(_folded(sounds), layout).sum(2)  # (N, bars, K, 12) steps that each pitch class sounds
    used = (chroma > 0).sum(-1).astype(float)  # (N, bars, K)
    found = {}
    for track in range(layout.tracks):
        name = f"{NAMES[track]}_" if layout.tracks > 1 else ""
        here, start = used[:, :, track], begins[:, :, track]
        count = start.sum((1, 2)).astype(float)
        lasts = _whole(sounds[:, :, track], start, QUALIFIED)
        found[f"{name}empty_bars"] = (here == 0).mean(1)
        found[f"{name}pitch_classes"] = _share(here.sum(1), (here > 0).sum(1))
        found[f"{name}qualified"] = _share(lasts.sum((1, 2)), count)
        found[f"{name}notes"] = count / layout.bars
        found[f"{name}on_beat"] = _share(start[:, ::BEAT].sum((1, 2)), count)
    if layout.tracks > 1:
        found["tonal_distance"] = _tonal_distance(chroma)
    return found


def _folded(sounds: np.ndarray) -> np.ndarray:
    """(N, T, K, P) → (N, T, K, 12) pitches of each class that sound, the lowest row's class first."""
    return sounds.reshape(*sounds.shape[:3], -1, OCTAVE).sum(3)


def _bars(steps: np.ndarray, layout: Layout) -> np.ndarray:
    """(N, T, …) → (N, bars, steps, …)."""
    return steps.reshape(len(steps), layout.bars, layout.steps, *steps.shape[2:])


def _whole(sounds: np.ndarray, begins: np.ndarray, steps: int) -> np.ndarray:
    """(N, T, P) whether a note begins that lasts at least so many steps without another beginning; a cut one counts."""
    lasts = begins.copy()
    for later in range(1, steps):
        goes_on = np.ones_like(sounds)
        goes_on[:, :-later] = sounds[:, later:] & ~begins[:, later:]
        lasts &= goes_on
    return lasts


def _share(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """(N,) part of the whole, nan where that is nothing."""
    return np.where(whole > 0, part / np.maximum(whole, 1), np.nan)


def _tonal_distance(chroma: np.ndarray) -> np.ndarray:
    """(N,) of (N, bars, 2, 12) the mean distance of the two tracks, over bars in which both sound."""
    total = chroma.sum(-1, keepdims=True)
    centroid = tonal_centroids(chroma / np.maximum(total, 1))
    distance = np.sqrt(((centroid[:, :, 0] - centroid[:, :, 1]) ** 2).sum(-1))
    both = (total[..., 0] > 0).all(-1)
    return _share(np.where(both, distance, 0.0).sum(1), both.sum(1))


def apart(made: np.ndarray, real: np.ndarray, layout: Layout) -> dict[str, float]:
    """By measure, how far made phrases' values are from real ones: Wasserstein distance in deviations of the real ones.

    0 for equal distributions. Where made phrases have no value at all, they count as 0.
    """
    found, wanted = measures(made, layout), measures(real, layout)
    return {name: _distance(found[name], wanted[name]) for name in wanted}


def _distance(one: np.ndarray, other: np.ndarray) -> float:
    """Between the distributions of two samples; nan are left out."""
    one, other = one[~np.isnan(one)], other[~np.isnan(other)]
    shares = (np.arange(PHRASES) + 0.5) / PHRASES
    quantiles = [np.quantile(x, shares) if len(x) else np.zeros(PHRASES) for x in (one, other)]
    return float(np.abs(quantiles[0] - quantiles[1]).mean() / max(float(other.std() if len(other) else 0.0), 1e-3))


def cells(rolls: np.ndarray) -> np.ndarray:
    """(N, T · K · P) float32: 1 where something sounds."""
    return (rolls[:, :, :, SOUNDS] > 0).reshape(len(rolls), -1).astype(np.float32)


def variety(rolls: np.ndarray) -> dict[str, float]:
    """How different phrases are from one another; a model that has collapsed draws few.

    ``pairwise`` and ``nearest``: cells that differ, in the mean over all pairs and to the nearest other phrase
    (Hamming). ``pairwise_share``: of the cells that sound in either of two phrases, the share that sound in one only
    (Jaccard), which does not grow with the number of notes. ``distinct``: the share of phrases that are no others'
    double.
    """
    sounding = cells(rolls)
    count = sounding.sum(1)
    both = sounding @ sounding.T
    differ, either = count[:, None] + count - 2 * both, count[:, None] + count - both
    pairs = ~np.eye(len(rolls), dtype=bool)
    nearest = np.where(pairs, differ, np.inf).min(1)
    return {
        "pairwise": float(differ[pairs].mean()),
        "nearest": float(nearest.mean()),
        "pairwise_share": float((differ[pairs] / np.maximum(either[pairs], 1)).mean()),
        "distinct": len(np.unique(sounding, axis=0)) / len(rolls),
    }


def nearest_of(rolls: np.ndarray, others: PhraseRolls, progress: Progress = lambda share: None) -> np.ndarray:
    """(N,) share of cells that sound in one only, to the nearest of other phrases in any of SHIFTS: 0 for a copy."""
    found = np.ones(len(rolls))
    moved = [cells(np.roll(rolls, shift, axis=-1)) for shift in SHIFTS]  # what leaves at one end comes in at the other
    starts = range(0, len(others), 2048)
    for done, start in enumerate(starts):
        known = cells(others.take(np.arange(start, min(start + 2048, len(others)))))
        count = known.sum(1)
        for mine in moved:
            both = mine @ known.T
            either = mine.sum(1)[:, None] + count - both
            found = np.minimum(found, (1 - both / np.maximum(either, 1)).min(1))
        progress((done + 1) / len(starts))
    return found


def spread(rolls: PhraseRolls, count: int = PHRASES) -> np.ndarray:
    """At most so many phrases, at even distances."""
    return rolls.take(np.unique(np.linspace(0, len(rolls) - 1, count).round().astype(int)))


def phrase_report(
    engine: Drawing, corpus: Corpus, split: str, seed: int = 0, progress: Progress = lambda share: None
) -> dict[str, Any]:
    """What an engine draws beside the phrases of a split, with stable names.

    Means of the measures; ``apart``, how far their distributions are from the split's, and ``apart_floor``, the same of
    other real phrases; variety; and how near the nearest training phrase is. CorpusError where there are no phrases.
    """
    layout = engine.layout
    real = spread(PhraseRolls(corpus, _pieces(corpus, split), layout))
    rng = np.random.default_rng(seed)
    made = engine.draw(rng.standard_normal((len(real), engine.noise)).astype(np.float32))
    trained = PhraseRolls(corpus, _pieces(corpus, "train"), layout)
    other, (ours, theirs) = spread(trained, len(real)), (measures(x, layout) for x in (made, real))
    far, floor = apart(made, real, layout), apart(other, real, layout)
    names, every = {"made": made, "real": real}, max(len(real) // SEARCHED, 1)
    searched = nearest_of(np.concatenate([rolls[::every] for rolls in names.values()]), trained, progress)
    copies = dict(zip(names, np.split(searched, 2), strict=True))
    return {
        "phrases": len(real),
        "bars": layout.bars,
        "measures": {
            name: {"made": _mean(ours[name]), "real": _mean(theirs[name]), "apart": far[name], "floor": floor[name]}
            for name in theirs
        },
        "apart": float(np.mean(list(far.values()))),
        "apart_floor": float(np.mean(list(floor.values()))),
        "variety": {name: variety(rolls) for name, rolls in names.items()},
        "nearest_training": {
            name: {"median": float(np.median(found)), "least": float(found.min())} for name, found in copies.items()
        },
    }


def _pieces(corpus: Corpus, split: str) -> list[Piece]:
    pieces = corpus.split(split)
    if not pieces:
        raise CorpusError(f"{corpus.path} has no {split} pieces; prepare it with a split")
    return pieces


def _mean(values: np.ndarray) -> float | None:
    """None where there is nothing to count."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else None


def table(report: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """A report for people: (what, of made phrases, of real ones), a title having neither."""
    rows = []
    for name, found in report["measures"].items():
        track = next((t for t in NAMES if name.startswith(t)), "")
        title, unit = _TITLES[name.removeprefix(f"{track}_")]
        rows.append((", ".join(filter(None, [track, title])), _said(found["made"], unit), _said(found["real"], unit)))
    made, real = report["variety"]["made"], report["variety"]["real"]
    rows += [
        ("cells that differ between two phrases", f"{made['pairwise']:.1f}", f"{real['pairwise']:.1f}"),
        ("  as a share of those that sound", f"{made['pairwise_share']:.1%}", f"{real['pairwise_share']:.1%}"),
        ("cells that differ to the nearest", f"{made['nearest']:.1f}", f"{real['nearest']:.1f}"),
        ("phrases that are no double", f"{made['distinct']:.1%}", f"{real['distinct']:.1%}"),
    ]
    made, real = (report["nearest_training"][key] for key in ("made", "real"))
    rows += [
        ("nearest training phrase, share that differs", f"{made['median']:.1%}", f"{real['median']:.1%}"),
        ("  the nearest of all", f"{made['least']:.1%}", f"{real['least']:.1%}"),
        ("deviations apart, mean of the measures", f"{report['apart']:.2f}", f"{report['apart_floor']:.2f}"),
    ]
    return rows


def _said(value: float | None, unit: str) -> str:
    if value is None:
        return "–"
    return f"{value:.1%}" if unit == "%" else f"{value:.2f}"


_TITLES = {
    "empty_bars": ("empty bars", "%"),
    "pitch_classes": ("pitch classes in a bar", ""),
    "qualified": ("qualified notes", "%"),
    "notes": ("notes a bar", ""),
    "on_beat": ("notes on a beat", "%"),
    "tonal_distance": ("tonal distance of the two", ""),
}
