"""What every family of model does: the one contract, on one page.

Shapes: B pieces in a batch, T notes in a window, A attributes in a row, F features for the heads, V codes of an
attribute. Models see integers and tensors, never a Score. A family is a frozen ``Config`` and a :class:`Model` of one
of the kinds below; who needs a kind asks with ``isinstance``. To add a family, write its file, add its line to
``models/registry.py`` and a recipe. The contract tests find it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar, NamedTuple, Protocol, runtime_checkable

import numpy as np
from torch import Tensor, nn

from antiphon.codec import Attribute
from antiphon.conditions import Conditions

State = tuple[Tensor, ...]  # what a model remembers; the batch is each tensor's first dimension


class Batch(NamedTuple):
    """A window of music for each of B pieces."""

    inputs: Tensor  # (B, T, A) int64: the row before each note; durations may be HELD
    targets: Tensor  # (B, T, A) int64: the notes to predict
    weight: Tensor  # (B, T) float: 1 for a note, 0 for padding
    conditions: Tensor | None = None  # (B, 4) int64: what models with conditions are told, see antiphon.conditions
    call: Tensor | None = None  # (B, S, A) int64: what the targets answer; start rows after the last note are padding


class RowCodec(Protocol):
    """What learning asks of a codec; of notes it is :class:`antiphon.codec.NoteCodec`, a family may bring its own."""

    @property
    def attributes(self) -> tuple[Attribute, ...]:
        """The columns of a row, in the order in which they are predicted."""

    @property
    def start_row(self) -> np.ndarray:
        """(A,) the row before the first."""

    @property
    def ends(self) -> int:
        """Notes back that a duration may point to."""

    @property
    def log_cells(self) -> tuple[np.ndarray, ...]:
        """For each attribute, (size,) float64: log of the number of cells a code stands for; 0 if it is no time."""

    def spec(self) -> dict[str, Any]:
        """What a bundle saves to find its codec again."""


class RowHeads(Protocol):
    """From features to the attributes of the next row; of notes they are :class:`antiphon.models.heads.Heads`."""

    def logits(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        """(…, V) log-probabilities, up to a constant, of attribute ``index`` given ``rows[..., :index]``."""

    def log_prob(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) log-probability of each attribute of (…, A) rows."""

    def loss(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) what training minimises, or (…, 1) of whole rows."""


@runtime_checkable
class ScoringHeads(RowHeads, Protocol):
    """Heads that can say at once what all of them say: where they can, that is what is exported."""

    def scores(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, any) what is known of all attributes given what is there in (…, A) rows."""


class Model(nn.Module, ABC):
    """A family's module: it learns from batches. What it does besides is said by the classes below."""

    Config: ClassVar[type]  # the family's frozen dataclass
    cut: str = "windows"  # how pieces are cut for it: one of the kinds of antiphon.training.cutting
    codec: RowCodec
    conditions: Conditions | None = None  # those it knows; its state ends with their codes, (B, 4), unsaid at the start

    @abstractmethod
    def loss(self, batch: Batch) -> Tensor:
        """What training minimises; a scalar."""

    def at(self, step: int) -> None:
        """Told before each step of training, for a loss that changes on the way; by default nothing does."""

    def calibrate(self, batches: Iterable[Batch]) -> None:
        """Set what is counted rather than learned, once, on training data: by default nothing."""


class Predictor(Model):
    """A family that says how likely music is, or a bound on it."""

    @abstractmethod
    def log_prob(self, batch: Batch) -> Tensor:
        """(B, T, A) log-probability of each attribute's code of each target, from the start of each window."""

    def further(self, batch: Batch) -> Mapping[str, Tensor]:
        """By name, (B,) nats of whole windows that validation adds to :meth:`log_prob`'s, as a bound has; here none."""
        return {}


class Stepper(Predictor):
    """Goes from row to row: hears rows, remembers, and says what the heads need to predict the next one."""

    heads: RowHeads
    chunked: bool = False  # whether many rows are heard at once in playing too, as pays in attention but not in a GRU
    # Parts of the state that :meth:`hear` only reads: the part that collects rows for it, in blocks one longer than the
    # N of them, and the part whose first number counts the rows heard. See :class:`antiphon.engine.rings.Rings`.
    rings: Mapping[int, tuple[int, int]] = MappingProxyType({})

    @abstractmethod
    def start(self, batch: int) -> State:
        """The state before anything was heard."""

    @abstractmethod
    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        """T rows (B, T, A) heard at once: features (B, T, F) for the heads, and the state after them.

        The same numbers as T calls of :meth:`step`, and as pure.
        """

    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        """One row (B, A) heard: features (B, F), and the new state. Pure: ``state`` is not changed."""
        features, after = self.parallel(row[:, None], state)
        return features[:, 0], after

    def hear(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        """What is exported: :meth:`parallel`, with :attr:`rings` of rows that end no later than their block."""
        return self.parallel(rows, state)

    def features(self, rows: Tensor) -> Tensor:
        """(B, T, F) features of whole windows (B, T, A) from the start; a family may know a faster way."""
        return self.parallel(rows, self.start(len(rows)))[0]

    def heard(self, batch: Batch) -> Tensor:
        """(B, T, F) features of a batch's windows; a family with conditions tells it them."""
        return self.features(batch.inputs)

    def loss(self, batch: Batch) -> Tensor:
        """By default the negative log-likelihood in nats a note."""
        loss = self.heads.loss(self.heard(batch), batch.targets).sum(-1)
        return (loss * batch.weight).sum() / batch.weight.sum()

    def log_prob(self, batch: Batch) -> Tensor:
        return self.heads.log_prob(self.heard(batch), batch.targets)


class Listener(Stepper):
    """Hears a whole passage at once before it goes from row to row: a call to answer, or a melody to place."""

    encodes: int  # rows that `encode` takes
    latent: int = 0  # size of the latent space, if it has one: a state then begins with a place there, (B, Z)
    bars: int = 0  # of what it learns from, where pieces are cut into bars

    @abstractmethod
    def encode(self, rows: Tensor) -> tuple[Tensor, ...]:
        """A whole passage (B, S, A) heard at once, its padding start rows: the state with which its answer begins.

        Of a family with a latent space instead the mean and the log of the deviation, (B, Z) each, of its place there.
        """


class Filler(Predictor):
    """Fills what is masked, all rows of a window seen at once."""

    fills: int  # rows that `fill` takes at most

    @abstractmethod
    def fill(self, rows: Tensor, hints: Tensor) -> tuple[Tensor, ...]:
        """(B, T, V) logits of each attribute where it is masked in (B, T, A) rows.

        In a row an attribute's size stands for one that is masked, one more for padding. What is not masked has logits
        too, which mean nothing. Hints (B, T, 3) say what is known of masked steps, see :mod:`antiphon.gaps`.
        """


class Drawer(Model):
    """Draws whole phrases of noise: it hears nothing and knows no likelihood, and learns against a critic."""

    draws: int  # numbers of noise that `draw` makes a phrase of

    @abstractmethod
    def draw(self, noise: Tensor) -> Tensor:
        """(B, T, K, 2, P) whole phrases of (B, Z) noise, as :mod:`antiphon.corpus.phrase_rolls` has them."""


def count_parameters(model: nn.Module) -> int:
    """The number of trained numbers in a model."""
    return sum(p.numel() for p in model.parameters())
