"""Unmasking: a model fills what is masked of a canvas, a few attributes in each pass, each pass seeing all before.

With as many passes as attributes this draws from the model's own distribution for that order; with fewer, attributes of
one pass do not see each other. The order is by lot, as the model was trained, or the most certain first (Chang et al.,
MaskGIT, 2022).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from antiphon.bins import CELL_MS, DURATION_BINS
from antiphon.codec import VELOCITY_BINS, VELOCITY_WIDTH
from antiphon.engine.base import Engine, Filling
from antiphon.errors import OptionError, unknown
from antiphon.generate.canvas import Canvas, plain_durations
from antiphon.generate.constraints import Constraints
from antiphon.generate.options import Value, control
from antiphon.generate.palette import Palette
from antiphon.generate.sampling import Sampling, draw, weights
from antiphon.generate.timeline import Timeline

ORDERS = ("random", "certain")
PASSES = 64
_MOST_PASSES = 4096
_RESTLESS = 4.5  # temperature of the noise on how certain the model is, which falls to 0 pass by pass; MaskGIT's
_REFUSED = (  # what needs an order in time, or a likelihood
    "transpose", "change", "amount", "beam", "search", "beam-groups", "beam-diversity", "best-of", "best-by",
    "repetition-penalty", "repetition-window", "drone", "drone-every", "chords", "bars-per-chord", "passing", "grid",
    "swing", "max-polyphony", "notes-per-second", "min-step", "max-step", "guard", "avoid-copies", "ending", "hold",
    "render",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Brush:
    """How a canvas is filled."""

    passes: int = PASSES  # in which all of a block is unmasked
    order: str = "random"
    sampling: Sampling = Sampling()
    pitches: np.ndarray  # (128,) bool: what key, range and forbidden pitches leave
    velocities: np.ndarray  # (V,) bool
    durations: np.ndarray  # (V,) bool


def brush(engine: Filling, options: Mapping[str, Value]) -> Brush:
    """What options ask for. Raises OptionError for those that a model cannot obey that has no order in time."""
    for name in _REFUSED:
        if name in options:
            raise OptionError(
                f"--{name} goes from note to note, and this model fills them in any order: leave it out, or take a "
                "model of another family"
            )
    passes, order = int(options.get("passes", PASSES)), str(options.get("order", "random"))
    if not 1 <= passes <= _MOST_PASSES:
        raise OptionError(f"passes {passes} is out of range: 1 to {_MOST_PASSES}")
    if order not in ORDERS:
        raise OptionError(unknown("order", order, ORDERS))
    wanted = control(options, endless=True)
    c = wanted.constraints
    palette = Palette(replace(Constraints(), key=c.key, pitch_low=c.pitch_low, pitch_high=c.pitch_high,
                              forbidden=c.forbidden), Timeline(Constraints()), None)  # fmt: skip
    palette.check()
    low = np.arange(VELOCITY_BINS) * VELOCITY_WIDTH
    return Brush(
        passes=passes, order=order, sampling=wanted.sampling, pitches=palette.base,
        velocities=(low + VELOCITY_WIDTH > c.velocity_low) & (low <= c.velocity_high),
        durations=_durations(engine, c),
    )  # fmt: skip


def _durations(engine: Filling, c: Constraints) -> np.ndarray:
    codes = plain_durations(engine.codec)
    cells = DURATION_BINS.middle
    low = 0.0 if c.duration_min_s is None else c.duration_min_s * 1000 / CELL_MS
    high = np.inf if c.duration_max_s is None else c.duration_max_s * 1000 / CELL_MS
    fits = (cells >= low) & (cells <= high)
    if not fits.any():
        raise OptionError(
            f"no duration that this model knows lies from {c.duration_min_s} to {c.duration_max_s} s: widen the bounds"
        )
    codes[: len(fits)] &= fits
    return codes


def filling(engine: Engine) -> Filling:
    """The engine as one that fills what is masked; OptionError if it does not."""
    if not isinstance(engine, Filling):
        raise OptionError(
            "this model goes from note to note and fills nothing; choose one of the family diffusion: "
            "`antiphon models` lists them"
        )
    return engine


def unmask(
    engine: Filling,
    canvas: Canvas,
    wanted: np.ndarray,
    how: Brush,
    rng: np.random.Generator,
    progress: Callable[[float], None] = lambda share: None,
    view: slice = slice(None),
) -> None:
    """Draw what is masked on a canvas and ``wanted``, (T, A) bool; the canvas is changed.

    The model sees the rows of ``view``, no more than its window, in which all that is wanted lies.
    """
    names, places = list(canvas.codec.column), np.argwhere(wanted & canvas.masked)
    first = view.start or 0
    left, passes = places[rng.permutation(len(places))], min(how.passes, max(len(places), 1))
    for turn in range(passes):
        logits = [scores[0] for scores in engine.fill(canvas.rows[None, view], canvas.hints()[None, view])]
        if how.order == "certain":
            left = left[_certain_first(logits, left - [first, 0], rng, 1 - turn / passes)]
        count = -(-len(left) // (passes - turn))
        for row, column in left[:count]:
            name = names[column]
            allowed = canvas.open(int(row), name)[None]
            temperature = how.sampling.temperature_of(name)
            scores = logits[column][row - first][None]
            code = int(draw(scores, how.sampling, rng.random(1), allowed, temperature)[0])
            canvas.put(int(row), name, code)
        left = left[count:]
        progress((turn + 1) / passes)


def _certain_first(logits: list[np.ndarray], places: np.ndarray, rng: np.random.Generator, heat: float) -> np.ndarray:
    """(M,) an order of places: by the probability of the likeliest code, and by lot as long as it is hot."""
    sure = np.array([-np.log(weights(logits[column][row][None], 1.0).sum()) for row, column in places])
    return np.argsort(-(sure + _RESTLESS * heat * rng.gumbel(size=len(places))), kind="stable")


def new_canvas(engine: Filling, rows: np.ndarray, how: Brush) -> Canvas:
    """A canvas of (T, A) rows on which a brush's constraints hold."""
    pitches = np.broadcast_to(how.pitches, (len(rows), 128)).copy()
    return Canvas(engine.codec, np.array(rows, np.int64), pitches, how.velocities, how.durations)
