"""What every family of model does: the one contract, on one page.

Shapes: B pieces in a batch, T notes in a window, A attributes in a row, F features for the heads, V codes of an
attribute. Models see integers and tensors, never a Score. A family is a frozen ``Config`` and a :class:`Model`; to add
one, write its file, add its line to ``models/registry.py`` and a recipe. The contract tests find it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import ClassVar, NamedTuple

from torch import Tensor, nn

from antiphon.codec import NoteCodec
from antiphon.conditions import Conditions
from antiphon.models.heads import Heads

State = tuple[Tensor, ...]  # what a model remembers; the batch is each tensor's first dimension


class Batch(NamedTuple):
    """A window of music for each of B pieces."""

    inputs: Tensor  # (B, T, A) int64: the row before each note; durations may be HELD
    targets: Tensor  # (B, T, A) int64: the notes to predict
    weight: Tensor  # (B, T) float: 1 for a note, 0 for padding
    conditions: Tensor | None = None  # (B, 4) int64: what models with conditions are told, see antiphon.conditions
    call: Tensor | None = None  # (B, S, A) int64: what the targets answer; start rows after the last note are padding


class Model(nn.Module, ABC):
    """A family's module: reads rows, remembers, and says what the heads need to predict the next row."""

    Config: ClassVar[type]  # the family's frozen dataclass
    steps: ClassVar[bool] = True  # whether it predicts note after note: without, it has no `start`, `step`, `parallel`
    chunked: ClassVar[bool] = False  # whether many notes are heard at once in playing too: `parallel` is exported
    cut: str = "windows"  # how pieces are cut for it: one of the kinds of antiphon.training.cutting
    scores: ClassVar[bool] = False  # whether `heads.scores` says at once what all heads say: that is exported for them
    bars: int = 0  # of what it learns from, where pieces are cut into bars
    encodes: int = 0  # rows that `encode` takes; 0: the family has none
    fills: int = 0  # rows that `fill` takes at most; 0: the family has none
    draws: int = 0  # numbers of noise that `draw` makes a phrase of; such a family learns against a critic
    latent: int = 0  # size of the latent space, if it has one: a state then begins with a place there, (B, Z)
    codec: NoteCodec
    heads: Heads
    conditions: Conditions | None = None  # those it knows; its state ends with their codes, (B, 4), unsaid at the start

    @abstractmethod
    def start(self, batch: int) -> State:
        """The state before anything was heard."""

    @abstractmethod
    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        """One row (B, A) heard: features (B, F) for the heads, and the new state. Pure: ``state`` is not changed."""

    @abstractmethod
    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        """T rows (B, T, A) heard at once: features (B, T, F). The same numbers as T calls of :meth:`step`."""

    def encode(self, rows: Tensor) -> tuple[Tensor, ...]:
        """A whole passage (B, S, A) heard at once, its padding start rows: the state with which its answer begins.

        Of a family with a latent space instead the mean and the log of the deviation, (B, Z) each, of its place there.
        """
        raise NotImplementedError(f"{type(self).__name__} encodes nothing")

    def fill(self, rows: Tensor, hints: Tensor) -> tuple[Tensor, ...]:
        """(B, T, V) logits of each attribute where it is masked in (B, T, A) rows, all of them seen at once.

        Hints (B, T, 3) say what is known of masked steps, see :mod:`antiphon.gaps`.
        """
        raise NotImplementedError(f"{type(self).__name__} fills nothing")

    def draw(self, noise: Tensor) -> Tensor:
        """(B, T, K, 2, P) whole phrases of (B, Z) noise, as :mod:`antiphon.corpus.phrase_rolls` has them."""
        raise NotImplementedError(f"{type(self).__name__} draws nothing")

    def at(self, step: int) -> None:
        """Told before each step of training, for a loss that changes on the way; by default nothing does."""

    def features(self, rows: Tensor) -> Tensor:
        """(B, T, F) features of whole windows (B, T, A) from the start; a family may know a faster way."""
        return self.parallel(rows, self.start(len(rows)))[0]

    def heard(self, batch: Batch) -> Tensor:
        """(B, T, F) features of a batch's windows; a family with conditions tells it them."""
        return self.features(batch.inputs)

    def loss(self, batch: Batch) -> Tensor:
        """What training minimises: by default the negative log-likelihood in nats a note; a scalar."""
        loss = self.heads.loss(self.heard(batch), batch.targets).sum(-1)
        return (loss * batch.weight).sum() / batch.weight.sum()

    def log_prob(self, batch: Batch) -> Tensor:
        """(B, T, A) log-probability of each attribute's code of each target, from the start of each window."""
        return self.heads.log_prob(self.heard(batch), batch.targets)

    def further(self, batch: Batch) -> Mapping[str, Tensor]:
        """By name, (B,) nats of whole windows that validation adds to :meth:`log_prob`'s, as a bound has; here none."""
        return {}

    def calibrate(self, batches: Iterable[Batch]) -> None:
        """Set what is counted rather than learned, once, on training data: by default nothing."""


def count_parameters(model: nn.Module) -> int:
    """The number of trained numbers in a model."""
    return sum(p.numel() for p in model.parameters())
