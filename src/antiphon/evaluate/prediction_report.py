"""Predictions summed up: likelihoods with intervals, accuracy, errors in milliseconds, calibration, change with time.

Keys are stable; all values are plain numbers, lists and dictionaries, ready for JSON.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from antiphon.evaluate.bootstrap import Estimate, ratio
from antiphon.evaluate.likelihood import Likelihood
from antiphon.evaluate.predictions import Predictions

CONFIDENCE_BINS = 10
NOTE_BINS = (0, 4, 16, 64, 256, 1024, 4096)  # notes since the beginning of a piece or a reset; the last is open
EXCERPT = 160  # notes of the first piece, shown one by one

KIND = "exact"  # not a bound: every note's probability given all before it, from normalised distributions


def summary(found: Predictions) -> dict[str, Any]:
    """All numbers of a table row: those of :meth:`Likelihood.report`, and more."""
    notes = np.diff(found.starts)
    nats = found.by_piece(found.nats)
    total = nats.sum(axis=1)
    whole = Likelihood(found.attributes, nats, notes, found.tokens)
    intervals = {
        "nats_per_note": ratio(total, notes),
        "bits_per_note": ratio(total, notes).scaled(1 / np.log(2)),
        "nats_per_second": ratio(total, found.seconds),
        "nats_per_midi_token": ratio(total, found.tokens),
        **{f"nats_per_note_{name}": ratio(nats[:, i], notes) for i, name in enumerate(found.attributes)},
        "nats_per_note_pitch_step_duration": ratio(whole.without_velocity, notes),
    }
    if len(found.nats_reset):
        intervals["nats_per_midi_token_segments"] = ratio(found.by_piece(found.nats_reset).sum(axis=1), found.tokens)
    pitch = found.column("pitch")
    for name, within in (("pitch_top1", 1), ("pitch_top5", 5)):
        intervals[name] = ratio(found.by_piece((found.rank[:, pitch] < within).astype(np.int64)), notes)
    perplexity = Estimate(*np.exp(intervals["nats_per_note_pitch"]))
    intervals["pitch_perplexity"] = perplexity
    for name, times_ms in (("step", found.step_ms), ("duration", found.duration_ms)):
        intervals[f"{name}_error_mean_ms"] = ratio(found.by_piece(error_ms(times_ms)), notes)
    return {
        **whole.report(),
        "kind": KIND,
        "seconds": float(found.seconds.sum()),
        "nats_per_second": intervals["nats_per_second"].value,
        "nats_per_midi_token_segments": _value(intervals.get("nats_per_midi_token_segments")),
        "intervals_95": {name: [_plain(e.low), _plain(e.high)] for name, e in intervals.items()},
        "pitch_top1": intervals["pitch_top1"].value,
        "pitch_top5": intervals["pitch_top5"].value,
        "pitch_perplexity": perplexity.value,
        **_errors("step", found.step_ms),
        **_errors("duration", found.duration_ms),
        "calibration_error": {name: calibration_error(found, name) for name in found.attributes},
    }


def details(found: Predictions) -> dict[str, Any]:
    """What pictures need beyond the numbers."""
    return {
        "calibration": {name: calibration(found, name) for name in found.attributes},
        "over_time": over_time(found),
        "over_history": over_history(found),
        "confusion": confusion(found),
        "excerpt": excerpt(found),
    }


def calibration(found: Predictions, name: str) -> list[dict[str, float]]:
    """How often the likeliest code was right, for notes by how sure the model was of it, in tenths of probability."""
    column = found.column(name)
    sure, right = found.confidence[:, column], found.rank[:, column] == 0
    bins = np.minimum((sure * CONFIDENCE_BINS).astype(int), CONFIDENCE_BINS - 1)
    return [
        {
            "confidence": float(sure[bins == i].mean()),
            "right": float(right[bins == i].mean()),
            "notes": int((bins == i).sum()),
        }
        for i in range(CONFIDENCE_BINS)
        if (bins == i).any()
    ]


def calibration_error(found: Predictions, name: str) -> float:
    """Expected calibration error: the mean gap of confidence and accuracy, 0 to 1 (Guo et al., ICML 2017)."""
    rows = calibration(found, name)
    return sum(r["notes"] * abs(r["confidence"] - r["right"]) for r in rows) / len(found.rows)


def over_time(found: Predictions) -> list[dict[str, Any]]:
    """Nats a note by how many notes of the piece were heard before it."""
    heard = np.arange(len(found.rows)) - np.repeat(found.starts[:-1], np.diff(found.starts))
    total = found.nats.sum(axis=1)
    return [{**_span(i), **_mean(found, total, here)} for i, here in _binned(heard)]


def over_history(found: Predictions) -> list[dict[str, Any]]:
    """Nats a note by how many notes were heard since the reset, and of the same notes when all before was heard."""
    if not len(found.nats_reset):
        return []
    reset, whole = found.nats_reset.sum(axis=1), found.nats.sum(axis=1)
    return [
        {**_span(i), **_mean(found, reset, here), "whole_piece": float(whole[here].mean())}
        for i, here in _binned(found.since_reset)
    ]


def confusion(found: Predictions) -> dict[str, Any]:
    """For each pitch played (a row) how often each was the likeliest, from the lowest to the highest that occurs."""
    column = found.column("pitch")
    true, likeliest = found.rows[:, column].astype(int), found.likeliest[:, column]
    low, high = int(min(true.min(), likeliest.min())), int(max(true.max(), likeliest.max()))
    size = high - low + 1
    count = np.bincount((true - low) * size + likeliest - low, minlength=size * size).reshape(size, size)
    return {"low": low, "high": high, "count": count.tolist()}


def excerpt(found: Predictions) -> dict[str, list[float]]:
    """The first notes of the first piece one by one: pitch played, likeliest pitch, and the probability it had."""
    part, column = slice(0, min(EXCERPT, int(found.starts[1]))), found.column("pitch")
    return {
        "true": found.rows[part, column].astype(int).tolist(),
        "predicted": found.likeliest[part, column].tolist(),
        "confidence": found.confidence[part, column].round(4).tolist(),
        "nats": found.nats[part].sum(axis=1).round(3).tolist(),
    }


def error_ms(times_ms: np.ndarray) -> np.ndarray:
    """(N,) distance from the predicted median to what was played, of (N, 2) milliseconds."""
    return np.abs(times_ms[:, 0] - times_ms[:, 1])


def _errors(name: str, times_ms: np.ndarray) -> dict[str, float]:
    error = error_ms(times_ms)
    return {f"{name}_error_median_ms": float(np.median(error)), f"{name}_error_mean_ms": float(error.mean())}


def _binned(heard: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Which notes lie in each of NOTE_BINS, where any do."""
    bins = np.searchsorted(NOTE_BINS, heard, side="right") - 1
    return [(i, bins == i) for i in range(len(NOTE_BINS)) if (bins == i).any()]


def _span(i: int) -> dict[str, int | None]:
    return {"from_note": NOTE_BINS[i], "to_note": NOTE_BINS[i + 1] if i + 1 < len(NOTE_BINS) else None}


def _mean(found: Predictions, values: np.ndarray, here: np.ndarray) -> dict[str, Any]:
    above, below = found.by_piece(np.where(here, values, 0.0)), found.by_piece(here.astype(np.int64))
    estimate = ratio(above[below > 0], below[below > 0])
    return {
        "nats_per_note": estimate.value, "low": _plain(estimate.low), "high": _plain(estimate.high),
        "notes": int(here.sum()),
    }  # fmt: skip


def _value(estimate: Estimate | None) -> float | None:
    return None if estimate is None else estimate.value


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else value
