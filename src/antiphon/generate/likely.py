"""How likely a model finds music that it is given: for choosing between ways to write it."""

from __future__ import annotations

import numpy as np

from antiphon.engine.base import Engine


def log_probs(engine: Engine, rows: np.ndarray, heard: np.ndarray | None = None) -> np.ndarray:
    """(B, T) log-probability of each of (B, T, A) rows given those before it, and given (B, P, A) rows ``heard`` first.

    In nats of codes: times are compared as codes, not spread over their cells.
    """
    codec, batch = engine.codec, len(rows)
    start = np.broadcast_to(codec.start_row, (batch, 1, len(codec.attributes)))
    given = [start] if heard is None else [start, heard]
    whole, state = np.concatenate([*given, rows[:, :-1]], 1), engine.start(batch)
    parts = []
    for at in range(0, whole.shape[1], engine.chunk):
        features, state = engine.hear(whole[:, at : at + engine.chunk], state)
        parts.append(features)
    features = np.concatenate(parts, 1)[:, -rows.shape[1] :]
    flat, codes = features.reshape(-1, features.shape[-1]), rows.reshape(-1, rows.shape[-1]).astype(np.int64)
    found = np.zeros(len(codes))
    for i in range(codes.shape[1]):
        logits = engine.logits(i, flat, codes).astype(np.float64)
        most = logits.max(-1)
        found += np.take_along_axis(logits, codes[:, [i]], -1)[:, 0] - most
        found -= np.log(np.exp(logits - most[:, None]).sum(-1))
    return found.reshape(batch, -1)
