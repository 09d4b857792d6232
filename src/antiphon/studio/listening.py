"""What a model thinks of music: how surprised it is by each note, and what it would play next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.codec import NoteReader, milliseconds
from antiphon.engine import Bundle, Engine
from antiphon.engine.base import prefill
from antiphon.errors import OptionError
from antiphon.evaluate.likelihood import log_probs, normalised
from antiphon.evaluate.measures import MEASURES
from antiphon.generate.sampling import Sampling
from antiphon.generate.stream import prompt_rows
from antiphon.notes import DRUMS, Score

HEARD = 1024  # of the notes before a candidate, the last: more changes no distribution that anyone would see
STEPS_SHOWN = 8


def surprise(bundle: Bundle, engine: Engine, music: Score, progress: Callable[[float], None]) -> dict[str, Any]:
    """Nats of each note the model hears, by attribute, and measures of the whole piece."""
    codec = engine.codec
    rows = prompt_rows(codec, music)
    heard = np.arange(len(music)) if codec.programs else np.flatnonzero(music.notes["program"] != DRUMS)
    done = 0

    def show(notes: int) -> None:
        nonlocal done
        done += notes
        progress(done / len(rows))

    nats = -log_probs(engine, [rows], show)[0]
    return {
        "model": bundle.name,
        "attributes": [attribute.name for attribute in codec.attributes],
        "notes": heard[_order(music.select(heard))],
        "nats": nats.round(4),
        "nats_per_note": float(nats.sum(1).mean()),
        "bits_per_note": float(nats.sum(1).mean() / np.log(2)),
        "measures": {
            name: {"value": measure(music), "title": measure.title, "unit": measure.unit}
            for name, measure in MEASURES.items()
        },
    }


def _order(music: Score) -> np.ndarray:
    """(N,) the notes in the order in which the codec writes them: by 10 ms cell, then pitch."""
    onset_ms, _ = milliseconds(music)
    order: np.ndarray = np.lexsort((music.notes["pitch"], (onset_ms + CELL_MS // 2) // CELL_MS))
    return order


def following(engine: Engine, music: Score | None, sampling: Sampling, count: int) -> dict[str, Any]:
    """The likeliest next pitches, whatever their step, each with the likeliest step, loudness and length.

    Probabilities are the model's own, at the temperatures of ``sampling``.
    """
    codec = engine.codec
    if codec.programs:
        raise OptionError("candidates are shown of models that know one instrument only")
    rows = np.empty((0, len(codec.attributes)), np.int64) if music is None else prompt_rows(codec, music)[-HEARD:]
    heard = np.concatenate([codec.start_row[None], rows])[None].astype(np.int64)
    features, _ = prefill(engine, heard, engine.start(1))
    steps = np.zeros((codec.attributes[0].size, len(codec.attributes)), np.int64)
    steps[:, 0] = np.arange(len(steps))
    reader = codec.reader()
    for row in rows:
        reader.push(row)
    step = _logs(engine, 0, features, steps[:1], sampling, reader)[0]
    joint = step[:, None] + _logs(
        engine, 1, np.repeat(features, len(steps), 0), steps, sampling, reader
    )  # (steps, 128)
    pitch = np.exp(joint).sum(0)
    best = np.argsort(-pitch)[:count]
    whole = [_completed(engine, features, np.array([joint[:, p].argmax(), p, 0, 0]), sampling, reader) for p in best]
    return {
        "pitches": [
            {"pitch": int(p), "probability": float(pitch[p]), **rest} for p, rest in zip(best, whole, strict=True)
        ],
        "attributes": {"step": _steps(step)},
    }


def _logs(
    engine: Engine, index: int, features: np.ndarray, rows: np.ndarray, sampling: Sampling, reader: NoteReader
) -> np.ndarray:
    """(N, V) log-probabilities of an attribute at the temperature asked for, among the codes that may stand here."""
    name = engine.codec.attributes[index].name
    logits = engine.logits(index, features, rows) / sampling.temperature_of(name)
    for row, at in zip(rows, logits, strict=True):
        allowed = reader.allowed(name, row)
        if allowed is not None and allowed.any():
            at[~allowed] = -np.inf
    return normalised(logits)


def _completed(
    engine: Engine, features: np.ndarray, row: np.ndarray, sampling: Sampling, reader: NoteReader
) -> dict[str, float | int]:
    """The likeliest loudness and length of a note whose step and pitch are chosen."""
    codec = engine.codec
    for index in (codec.column["velocity"], codec.column["duration"]):
        row[index] = _logs(engine, index, features, row[None], sampling, reader)[0].argmax()
    velocity, duration = row[codec.column["velocity"]], row[codec.column["duration"]]
    return {
        "step_s": float(STEP_BINS.middle[row[0]] * CELL_MS / 1000),
        "duration_s": float(reader.lengths(row)[duration] * CELL_MS / 1000),
        "velocity": int(codec.values[codec.column["velocity"]][velocity]),
    }


def _steps(log_prob: np.ndarray) -> list[dict[str, float]]:
    best = np.argsort(-log_prob)[:STEPS_SHOWN]
    return [
        {"seconds": float(STEP_BINS.middle[c] * CELL_MS / 1000), "probability": float(np.exp(log_prob[c]))}
        for c in best
    ]
