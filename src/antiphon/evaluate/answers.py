"""How well a model predicts answers, given their calls: passages rather than whole pieces, in nats a note.

Of a model with a latent space the number is a bound: nats of the notes from a place drawn for the passage, plus the
divergence of that place from the prior, which stands beside the attributes as ``latent``. See Likelihood for the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from antiphon.codec import NoteCodec, milliseconds
from antiphon.corpus.windows import Arrays
from antiphon.engine.base import Calling, Engine, Latent, State
from antiphon.errors import ModelError
from antiphon.evaluate.likelihood import Likelihood, log_prob_of
from antiphon.evaluate.tokens import midi_tokens

LATENT = "latent"


def answer_likelihood(
    engine: Engine, batches: Iterable[Arrays], progress: Callable[[int], None] = lambda notes: None, seed: int = 0
) -> Likelihood:
    """The likelihood of the targets of batches that have calls; ``progress`` is called with the notes just heard.

    What a family adds to an answer's end, its closing row, counts as a note. ``seed`` is that of the places drawn.
    """
    rng = np.random.default_rng(seed)
    nats, notes, tokens = [], [], []
    for batch in batches:
        state, further = begun(engine, batch, rng)
        log_prob = heard(engine, batch, state)
        nats.append(np.concatenate([-(log_prob * batch.weight[..., None]).sum(1), further], -1))
        notes.append(batch.weight.sum(1))
        tokens += [_tokens(engine.codec, t[w > 0]) for t, w in zip(batch.targets, batch.weight, strict=True)]
        progress(int(batch.weight.sum()))
    names = tuple(a.name for a in engine.codec.attributes)
    names = (*names, LATENT) if isinstance(engine, Latent) else names
    return Likelihood(names, np.concatenate(nats), np.concatenate(notes).astype(np.int64), np.array(tokens))


def begun(engine: Engine, batch: Arrays, rng: np.random.Generator) -> tuple[State, np.ndarray]:
    """The state in which a batch's answers begin; and what nats (B, …) a bound adds for it: (B, 0) where it is none."""
    assert batch.call is not None
    call = batch.call.astype(np.int64)
    if isinstance(engine, Calling):
        return engine.answer(call), np.empty((len(call), 0))
    if not isinstance(engine, Latent):
        raise ModelError("the model hears no calls; choose one that answers or encodes them, such as seq2seq or vae")
    mean, deviation = engine.place(call)
    place = mean + deviation * rng.standard_normal(mean.shape)
    return engine.unfold(place), divergence(mean, deviation)[:, None]


def heard(engine: Engine, batch: Arrays, state: State) -> np.ndarray:
    """(B, T, A) float64 log-probability on the 10 ms grid of each attribute of a batch's targets, from a state on."""
    features, _ = engine.hear(batch.inputs.astype(np.int64), state)
    rows = batch.targets.astype(np.int64)
    log_prob = log_prob_of(engine, features.reshape(-1, features.shape[-1]), rows.reshape(-1, rows.shape[-1]))
    return log_prob.reshape(rows.shape)


def divergence(mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """(B,) nats between normal distributions, (B, Z) mean and deviation, and the standard one."""
    return np.asarray((0.5 * (mean**2 + deviation**2 - 1) - np.log(deviation)).sum(-1), np.float64)


def _tokens(codec: NoteCodec, rows: np.ndarray) -> int:
    music = codec.decode(rows)
    return midi_tokens(*milliseconds(music), music.notes["velocity"])
