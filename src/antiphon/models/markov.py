"""A Markov chain over note rows: back-off n-grams by counting, the honest floor of every table.

An attribute is predicted from a few codes before it, the telling ones first: what it was a note ago, what is already
drawn of its own note, what it was two notes ago, three, and so on. What followed the longest such context is mixed with
what followed the shorter one, by Witten and Bell's (1991) rule: a context after which many different codes came is
trusted less. One number for each attribute and order says how much less; 1 is their rule, training finds it.

Training predicts some notes of each batch and then counts them all, as statistics are kept, not learned; one pass is
enough. Counts live in one table of fixed size, found by hashing context and code, so that the model is tensors and
Gather like any other: it is saved, exported and played like them.

Shapes: W rows remembered, V codes of an attribute, O orders from 0 (no context) to the longest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.base import Batch, State, Stepper

_PRIMES = 2_147_483_647, 2_147_483_629  # 2^31 - 1 and the next below: products stay within 63 bits
_FACTORS = 1_103_515_245, 747_796_405
_MARKS = 32_767  # a stored pair is told from others in its bucket by a number of 15 bits; 0 is an empty place
_WAYS = 4  # places in a bucket
_SAMPLED = 16  # in training one note in so many is predicted: there are few numbers to learn
_TINY = 1e-9  # no code is impossible


@dataclass(frozen=True, kw_only=True)
class MarkovConfig:
    """How far a Markov chain looks, and how much it can count."""

    order: int = 4  # codes of the longest context, of this note and those before
    places: int = 400_000  # pairs of a context and a code that can be counted; each takes 6 bytes

    def __post_init__(self) -> None:
        for name, low, high in (("order", 0, 16), ("places", _WAYS, 100_000_000)):
            if not low <= getattr(self, name) <= high:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: {low} to {high}")


class Markov(Stepper):
    """See the module's description."""

    Config = MarkovConfig
    chunked = True
    codec: NoteCodec
    heads: BackOff
    start_row: Tensor

    def __init__(self, config: MarkovConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.config, self.codec = config, codec
        self.heads = BackOff(config, codec)
        self.register_buffer("start_row", torch.from_numpy(codec.start_row).long(), persistent=False)

    def start(self, batch: int) -> State:
        """The last rows (B, W, A), the newest last."""
        return (self.start_row.expand(batch, self.heads.rows, -1).clone(),)

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        """The features (B, T, W · A) are the last rows themselves, as floats: a chain has nothing else to tell."""
        heard, length = torch.cat([state[0], rows], 1), rows.shape[1]
        recent = [heard[:, i + 1 : i + 1 + length] for i in range(self.heads.rows)]
        return torch.cat(recent, -1).float(), (heard[:, -self.heads.rows :],)

    def loss(self, batch: Batch) -> Tensor:
        """Nats a note; in training of some notes, all of which are counted afterwards."""
        heard = batch.weight > 0
        features, targets = self.features(batch.inputs)[heard], batch.targets[heard]
        every = _SAMPLED if self.training else 1
        loss = self.heads.loss(features[::every], targets[::every])
        if self.training:
            self.heads.count(features, targets)
        return loss.sum() / max(len(loss), 1)


class BackOff(nn.Module):
    """The distributions of all attributes, each from its contexts, the longest first to be believed."""

    def __init__(self, config: MarkovConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.sizes = [a.size for a in codec.attributes]
        self.contexts = [_context(i, config.order) for i in range(len(self.sizes))]
        self.rows = max([back for context in self.contexts for _, back in context], default=1) or 1
        self.doubt = nn.Parameter(torch.zeros(len(self.sizes) * (config.order + 1)))  # log of what multiplies T(h)
        self.table = Table(config.places)

    def logits(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        """(…, V) log-probabilities of attribute ``index`` given the rows before and ``rows[..., :index]``."""
        codes = torch.arange(self.sizes[index], device=rows.device)
        likely = torch.full_like(codes, 1, dtype=self.doubt.dtype) / self.sizes[index]
        for order, context in self._hashes(index, features, rows):
            counts = self.table.find(_extend(context, codes)).to(likely.dtype)  # (…, V)
            doubt = self.doubt[index * self.orders + order].exp() * (counts > 0).sum(-1, keepdim=True)
            likely = (counts + (doubt + _TINY) * likely) / (counts.sum(-1, keepdim=True) + doubt + _TINY)
        return likely.log()

    @property
    def orders(self) -> int:
        """O."""
        return len(self.contexts[0]) + 1

    def log_prob(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) log-probability of each attribute of (…, A) rows."""
        found = [self.logits(i, features, rows).gather(-1, rows[..., i : i + 1]) for i in range(len(self.sizes))]
        return torch.cat(found, -1)

    def loss(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, A) nats of each attribute."""
        return -self.log_prob(features, rows)

    @torch.no_grad()
    def count(self, features: Tensor, rows: Tensor) -> None:
        """Add what follows what in N rows (N, A) after features (N, W · A)."""
        pairs = [
            _mix(context, rows[:, index])
            for index in range(len(self.sizes))
            for _, context in self._hashes(index, features, rows)
        ]
        self.table.add(*(torch.cat(hashes) for hashes in zip(*pairs, strict=True)))

    def _hashes(self, index: int, features: Tensor, rows: Tensor) -> Iterator[tuple[int, tuple[Tensor, Tensor]]]:
        """Each order of an attribute and the two hashes (…,) of its context."""
        past = features.long().unflatten(-1, (self.rows, len(self.sizes)))
        hashes = (past[..., 0, 0] * 0 + index + 1,) * 2  # full_like would put the batch of the export into the graph
        yield 0, hashes
        for order, (column, back) in enumerate(self.contexts[index], start=1):
            code = past[..., -back, column] if back else rows[..., column]
            hashes = _mix(hashes, code)
            yield order, hashes


class Table(nn.Module):
    """Counts of pairs, by their hashes; where a bucket is full, a new pair wears down the least of those in it."""

    marks: Tensor
    counts: Tensor
    ways: Tensor

    def __init__(self, places: int) -> None:
        super().__init__()
        self.buckets = places // _WAYS
        self.register_buffer("marks", torch.zeros(self.buckets * _WAYS, dtype=torch.int16))
        self.register_buffer("counts", torch.zeros(self.buckets * _WAYS, dtype=torch.int32))
        self.register_buffer("ways", torch.arange(_WAYS), persistent=False)

    def find(self, pair: tuple[Tensor, Tensor]) -> Tensor:
        """(…,) how often each pair was counted, given its hashes."""
        bucket, mark = pair[0] % self.buckets, (pair[1] % _MARKS + 1)[..., None]
        mine = self.marks.view(-1, _WAYS)[bucket].long() == mark  # whole buckets: a Gather of rows is the faster one
        return (self.counts.view(-1, _WAYS)[bucket] * mine).sum(-1)

    def add(self, first: Tensor, second: Tensor) -> None:
        """Count pairs, given the two hashes (M,) of each."""
        pairs, times = torch.unique(first * 2**31 + second, return_counts=True)
        bucket, mark = pairs // 2**31 % self.buckets * _WAYS, pairs % 2**31 % _MARKS + 1
        for way in range(_WAYS):  # in its place already, or in the first that is free
            place = bucket + way
            free = self.counts[place] == 0
            self.marks[place[free]] = mark[free].short()  # of several that come at once, one stays
            mine = self.marks[place] == mark
            self.counts.index_add_(0, place[mine], times[mine].int())
            bucket, mark, times = bucket[~mine], mark[~mine], times[~mine]
        least = self.counts[bucket[:, None] + self.ways].argmin(-1) + bucket
        worn = torch.zeros_like(self.counts).index_add_(0, least, times.int())
        self.counts.sub_(worn).clamp_(min=0)


def _context(index: int, order: int) -> list[tuple[int, int]]:
    """The (column, notes back) that predict attribute ``index``, the telling ones first; 0 back is its own note."""
    drawn = [(column, 0) for column in reversed(range(index))]
    return [(index, 1), *drawn, *((index, back) for back in range(2, order + 2))][:order]


def _mix(hashes: tuple[Tensor, Tensor], code: Tensor) -> tuple[Tensor, Tensor]:
    """Two hashes of a sequence with one more code; below 2^31, so that no product overflows."""
    first, second = (
        (h * factor + code + 1) % prime for h, factor, prime in zip(hashes, _FACTORS, _PRIMES, strict=True)
    )
    return first, second


def _extend(context: tuple[Tensor, Tensor], codes: Tensor) -> tuple[Tensor, Tensor]:
    """The hashes (…, V) of contexts (…,) followed by each of some codes (V,)."""
    first, second = (h[..., None] for h in context)
    return _mix((first, second), codes)
