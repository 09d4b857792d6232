"""Pieces of a model that draws whole phrases of noise: one phrase after another until the piece has its length."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from math import ceil

import numpy as np

from antiphon.corpus.phrase_rolls import BEGINS, Layout, to_score
from antiphon.engine.base import Drawing
from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Length
from antiphon.generate.sampling import Sampling
from antiphon.generate.search import Search
from antiphon.notes import DEFAULT_TEMPO, Score

_AT_ONCE = 16  # phrases, where their number is not known
_NOT_FOR_PHRASES = "is about notes that are drawn one after another, and this model draws whole phrases: leave it out"


def draw_pieces(
    engine: Drawing,
    control: Control,
    seeds: Sequence[Sequence[int]],
    program: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> tuple[list[Score], float, float]:
    """A piece a seed; seconds until the first phrase was there, and until the last.

    Of a control only length, tempo and metre count. Raises OptionError for all else that one may ask of a model.
    """
    check(control, engine.layout)
    began, first_s, scores = time.perf_counter(), 0.0, []
    tempo = round(60e6 / control.constraints.tempo) if control.constraints.tempo else DEFAULT_TEMPO
    layout, length = engine.layout, control.length
    assert length is not None
    for seed in seeds:
        rolls = _drawn(engine, np.random.default_rng(tuple(seed)), length, tempo)
        first_s = first_s or time.perf_counter() - began
        music = to_score(rolls, layout, tempo, [program] * layout.tracks)
        seconds = _seconds(length, layout, tempo)
        scores.append(music.select(np.arange(len(music)) < _count(length)) if seconds is None else music.until(seconds))
        progress(len(scores) / len(seeds))
    return scores, first_s, time.perf_counter() - began


def check(control: Control, layout: Layout) -> None:
    """Raise OptionError, naming it, for what a model that draws phrases cannot be asked."""
    asked = {
        "sampling": control.sampling != Sampling(),
        "search": control.search != Search(),
        "ending": control.ending is not None,
        "guard": control.guard not in (None, Guard()),
    }
    plain = Constraints()
    for field in fields(Constraints):
        if field.name not in ("tempo", "metre"):
            asked[field.name] = getattr(control.constraints, field.name) != getattr(plain, field.name)
    for name, is_asked in asked.items():
        if is_asked:
            raise OptionError(f"{name.replace('_', ' ')} {_NOT_FOR_PHRASES}")
    metre = f"{layout.steps // 4}/4"
    if control.constraints.tempo and control.constraints.metre != metre:
        raise OptionError(f"metre {control.constraints.metre} is not this model's, whose bars are in {metre}")


def _seconds(length: Length, layout: Layout, tempo: int) -> float | None:
    """Seconds of a piece, unless it is so many notes long."""
    if length.bars is not None:
        return length.bars * layout.steps / 4 * tempo / 1e6
    return length.seconds


def _count(length: Length) -> int:
    """Notes of a piece that is so many notes long."""
    assert length.notes is not None
    return length.notes


def _drawn(engine: Drawing, rng: np.random.Generator, length: Length, tempo: int) -> np.ndarray:
    """(N, T, K, 2, P) phrases enough for a length; the first ones are the same for any length."""
    layout = engine.layout
    seconds = _seconds(length, layout, tempo)
    if seconds is not None:
        count = max(ceil(seconds / (layout.shape[0] / 4 * tempo / 1e6)), 1)
        return engine.draw(rng.standard_normal((count, engine.noise)))
    rolls, notes, wanted = [np.empty((0, *layout.shape), np.uint8)], 0, _count(length)
    while notes < wanted and len(rolls) <= wanted:  # a model may draw nothing but silence
        rolls.append(engine.draw(rng.standard_normal((_AT_ONCE, engine.noise))))
        notes += int(rolls[-1][:, :, :, BEGINS].sum())
    return np.concatenate(rolls)
