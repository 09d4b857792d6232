"""Beam search over the notes of one piece: several ways on at once, of which the likeliest are kept.

A way branches at every attribute of a note, not only at every note, so a beam of W looks at W · V codes at a time.
"""

from __future__ import annotations

import time

import numpy as np

from antiphon.engine.base import Engine
from antiphon.generate.bans import NewBan
from antiphon.generate.control import Control
from antiphon.generate.voice import Choice, Seed, Voices


class Beams:
    """W ways to write one piece.

    Scores are log-probabilities under the temperature and the constraints. ``beam`` keeps the W likeliest ways.
    ``stochastic`` draws W different ones, as if from the model without putting any back, by adding Gumbel noise that is
    handed down from a way to those that go on from it: Kool et al., Stochastic Beams and Where to Find Them, 2019.
    ``diverse`` parts the ways into groups that choose one after another; a code costs more for each time that a group
    before has taken it for the same attribute: Vijayakumar et al. 2016.
    """

    def __init__(
        self,
        engine: Engine,
        seed: Seed,
        control: Control,
        prompt: np.ndarray | None = None,
        kept: bool = False,
        ban: NewBan | None = None,
    ) -> None:
        self.search = control.search
        width = self.search.width
        self.voices = Voices(engine, [seed] * width, control, prompt=prompt, kept=kept, scored=True, ban=ban)
        self._rng = np.random.default_rng(list(seed))
        self._inverse = [1 / control.sampling.temperature_of(a.name) for a in engine.codec.attributes]
        groups = self.search.groups if self.search.method == "diverse" else 1
        self._groups = np.split(np.arange(width), groups)
        self.score = np.full(width, -np.inf)  # log-probability of each way
        self._noisy = np.full(width, -np.inf)  # of stochastic beams: the score with its Gumbel noise
        first = [group[0] for group in self._groups]
        self.score[first], self._noisy[first] = 0.0, 0.0  # all ways are one in the beginning
        self._length = np.zeros(width)  # notes of each way
        self._deadline = np.inf

    @property
    def best(self) -> int:
        """The way with the highest log-probability, divided by its notes to the power asked for."""
        return int((self.score / np.maximum(self._length, 1) ** self.search.length_power).argmax())

    def next(self) -> tuple[np.ndarray, np.ndarray]:
        """(W, A) rows, one more note of each way, and (W,) the ways they go on from."""
        if self.search.deadline_ms is not None:
            self._deadline = time.perf_counter() + self.search.deadline_ms / 1000
        self._parents = np.arange(len(self.score))
        self._length = self._length + ~self.voices.done
        return self.voices.write(self._choose), self._parents

    def _choose(self, index: int, logits: np.ndarray, allowed: np.ndarray | None) -> Choice:
        step = _log_softmax(logits * self._inverse[index], allowed)
        over = self.voices.done
        if over.any():  # a way that is over has one way on, which costs nothing
            code = np.zeros(len(step), np.int64) if allowed is None else allowed.argmax(-1)
            step[over] = np.where(np.arange(step.shape[1]) == code[over, None], 0.0, -np.inf)
        if time.perf_counter() > self._deadline:
            parents, codes = np.arange(len(step)), step.argmax(-1)
        elif self.search.method == "stochastic":
            parents, codes = self._drawn(step)
        else:
            parents, codes = self._likeliest(step)
        taken = step[parents, codes]
        self.score = self.score[parents] + taken
        # Where there are fewer ways than beams, a beam is empty: it copies some way, and does not count.
        empty = np.isneginf(self.score)
        parents, codes = np.where(empty, parents[0], parents), np.where(empty, codes[0], codes)
        self._parents, self._length = self._parents[parents], self._length[parents]
        return Choice(codes, np.exp(step[parents, codes]).tolist(), parents)

    def _likeliest(self, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The best ways on of each group, kept away from those of the groups before it."""
        size, taken = step.shape[1], np.zeros(step.shape[1])
        parents, codes = np.zeros((2, len(step)), np.int64)
        notes = np.maximum(self._length, 1)[:, None] ** self.search.length_power
        for group in self._groups:
            score = (self.score[group, None] + step[group]) / notes[group] - self.search.diversity * taken
            order = np.argsort(-score, axis=None, kind="stable")[: len(group)]
            parents[group], codes[group] = group[order // size], order % size
            np.add.at(taken, codes[group], 1.0)
        return parents, codes

    def _drawn(self, step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ways on drawn without putting back: of each way they share out its noise, so that the highest has as much."""
        score = self.score[:, None] + step
        noisy = score + self._rng.gumbel(size=score.shape)
        most, given = noisy.max(-1, keepdims=True), self._noisy[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            v = given - noisy + np.log1p(-np.exp(noisy - most))
            noisy = given - np.maximum(0, v) - np.log1p(np.exp(-np.abs(v)))
        noisy = np.where(np.isneginf(score), -np.inf, noisy)
        order = np.argsort(-noisy, axis=None, kind="stable")[: len(score)]
        parents, codes = order // step.shape[1], order % step.shape[1]
        self._noisy = noisy[parents, codes]
        return parents, codes


def _log_softmax(logits: np.ndarray, allowed: np.ndarray | None) -> np.ndarray:
    """(B, V) log-probabilities of the allowed codes, float64; -inf for the others."""
    kept = logits.astype(np.float64) if allowed is None else np.where(allowed, logits, -np.inf).astype(np.float64)
    kept -= kept.max(-1, keepdims=True)
    return kept - np.log(np.exp(kept).sum(-1, keepdims=True))
