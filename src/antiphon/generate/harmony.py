"""Names for the harmony of music, bar by bar: what a model of chords wrote, or a file, as chords to play over.

Template matching: the time for which each pitch class sounds in a bar is compared with the tones of each chord
(Fujishima 1999, whose chroma came from sound). The nearest in angle is taken; a root that is the lowest note counts
for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import groupby, pairwise

import numpy as np

from antiphon.chords import Chords, as_score
from antiphon.engine.base import Engine
from antiphon.engine.encoding import ChordEngine
from antiphon.errors import OptionError
from antiphon.generate.chords import Until, at_tempo, drawn_chords
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.options import DEFAULT_SECONDS, Value
from antiphon.generate.prompt import retimed
from antiphon.generate.sampling import Sampling
from antiphon.notes import DRUMS, TICKS_PER_QUARTER, Score
from antiphon.theory import CHORDS, PITCH_CLASSES

# The chords that are told apart, and how much nearer than a plain triad one must be, in cosines. That and what the bass
# is worth were chosen on songs 1 to 60 of POP909; see benchmarks/harmony.py for others.
QUALITIES = {
    "": 0.0, "m": 0.0, "7": 0.05, "m7": 0.05, "maj7": 0.05,
    "dim": 0.1, "m7b5": 0.1, "dim7": 0.1, "aug": 0.1, "sus4": 0.1,
}  # fmt: skip
ROOTS = tuple(name.replace("♯", "#").replace("♭", "b") for name in PITCH_CLASSES)
MOST_CHORDS = 256  # of a progression; it is played over and over
_BASS = 0.15  # what it is worth that a chord's root is the lowest note, in cosines
_WRITTEN_BARS = 16  # of a progression for a piece whose length is a number of notes


def named(weights: np.ndarray, bass: int | None = None) -> str:
    """The chord that (12,) weights of pitch classes are nearest to, one at least above 0: ``"F#m7"``.

    ``bass`` is the pitch class of the lowest note.
    """
    names, templates, roots, rare = _templates()
    near = templates @ weights / np.linalg.norm(weights)
    return names[int((near - rare + _BASS * (roots == bass)).argmax())]


@cache
def _templates() -> tuple[list[str], np.ndarray, np.ndarray, np.ndarray]:
    """All chords: names, tones as unit vectors (n, 12), roots (n,), and how much nearer each must be (n,)."""
    names, tones = [], []
    for quality in QUALITIES:
        for root, name in enumerate(ROOTS):
            names.append(name + quality)
            tones.append(np.isin(np.arange(12), [(root + tone) % 12 for tone in CHORDS[quality]]))
    table = np.array(tones, float)
    roots = np.tile(np.arange(12), len(QUALITIES))
    return names, table / np.linalg.norm(table, axis=1, keepdims=True), roots, np.repeat([*QUALITIES.values()], 12)


def harmony(music: Score, bars: float = 1.0) -> list[str]:
    """A chord for every so many bars of some music, from its first bar line to its last note; drums do not count.

    Where all is silent the chord before goes on. Raises OptionError for music without a note.
    """
    notes = music.notes[music.notes["program"] != DRUMS]
    if not len(notes):
        raise OptionError("there are no chords in it: it has no notes but those of drums; give other music")
    onset, pitch = notes["onset"].astype(np.int64), notes["pitch"].astype(np.int64)
    end = onset + notes["duration"]
    lines = bar_lines(music, int(onset.max()) + 1)
    edges = np.interp(np.arange(0, len(lines) - 1 + bars, bars), np.arange(len(lines)), lines)
    return _filled([chord_of(onset, end, pitch, start, stop) for start, stop in pairwise(edges)])


def chord_of(onset: np.ndarray, end: np.ndarray, pitch: np.ndarray, start: float, stop: float) -> str | None:
    """The chord of what sounds from ``start`` to ``stop``, of (notes,) in any unit of time; None where nothing does."""
    sounds = np.maximum(np.minimum(end, stop) - np.maximum(onset, start), 0)
    weights = np.bincount(pitch % 12, sounds, 12)
    lasting = pitch[sounds > (stop - start) / 8]
    bass = int(lasting.min()) % 12 if len(lasting) else None
    return named(weights, bass) if weights.any() else None


def bar_lines(music: Score, until: int) -> np.ndarray:
    """The ticks of a score's bar lines, from 0 to the first at or after ``until``."""
    lines: list[int] = []
    ends = [*music.metres["tick"][1:].tolist(), None]
    for (tick, numerator, denominator), end in zip(music.metres.tolist(), ends, strict=True):
        bar = numerator * 4 * TICKS_PER_QUARTER // denominator
        stop = min(end, until) if end is not None else until
        lines += range(tick, stop, bar)
        last = (lines[-1] if lines else 0) + bar
    return np.array([*lines, last])


def _filled(found: Sequence[str | None]) -> list[str]:
    """Silence takes the chord before it, at the beginning the first there is."""
    chord = next(name for name in found if name is not None)
    filled = []
    for name in found:
        chord = name or chord
        filled.append(chord)
    return filled


def written(names: Sequence[str]) -> str:
    """Chords as :func:`antiphon.theory.progression` reads them: ``"Am F:2 C"``; at most MOST_CHORDS."""
    runs = [(name, len(list(run))) for name, run in groupby(names)]
    words = [f"{name}:{part}" if part > 1 else name for name, count in runs for part in _parts(count)]
    return " ".join(words[:MOST_CHORDS])


def _parts(count: int) -> list[int]:
    return [64] * (count // 64) + ([count % 64] if count % 64 else [])


def proposed(engine: ChordEngine, options: Mapping[str, Value], seed: Sequence[int]) -> list[str]:
    """Chords of a model for a piece with these options, one for every ``bars-per-chord`` bars at its tempo.

    Where a key is asked for, the model keeps to it too. Raises OptionError without a tempo.
    """
    if "tempo" not in options:
        raise OptionError("chords over time need a tempo: give one, such as 96")
    tempo, metre = float(options["tempo"]), str(options.get("metre", "4/4"))
    key = str(options["key"]) if "key" in options else None
    wanted = Control(sampling=Sampling(), constraints=Constraints(key=key, tempo=tempo, metre=metre))
    bars, each = _bars(options, tempo, metre), float(options.get("bars-per-chord", 1))
    drawn = drawn_chords(engine, wanted, [seed], Until.bars(bars, tempo, metre, engine.chords))
    names, count = harmony(_in_bars(drawn.chords[0], engine, tempo, metre), each), int(np.ceil(bars / each))
    return [*names, *names[-1:] * count][:count]


def proposal(engine: Engine, model: str, options: Mapping[str, Value], seed: int) -> str:
    """Chords of a model as text, as they are recorded: with the model's name behind ``;``.

    Raises OptionError for a model that writes no chords, or without a tempo.
    """
    if not isinstance(engine, ChordEngine):
        raise OptionError(f"the model {model} writes notes, not chords: give one of the family chord")
    return f"{written(proposed(engine, options, (seed, 0)))} ; by the model {model}, seed {seed}"


def _bars(options: Mapping[str, Value], tempo: float, metre: str) -> int:
    if "bars" in options:
        return int(options["bars"])
    if "notes" in options:
        return _WRITTEN_BARS
    seconds = float(options.get("seconds", DEFAULT_SECONDS))
    return max(int(np.ceil(seconds * tempo / 60 / int(metre.split("/")[0]) - 1e-9)), 1)


def _in_bars(chords: Chords, engine: ChordEngine, tempo: float, metre: str) -> Score:
    """A model's chords in the bars of a tempo: a score's by their beats, a performance's by its seconds."""
    music = as_score(chords)
    return at_tempo(music, tempo, metre) if engine.chords.beats else retimed(music, tempo, metre)
