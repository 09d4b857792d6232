"""Piano rolls: a row a time step and a bit a key, predicted frame by frame by any causal network of the registry.

The network is built as for notes; then its two ends are replaced. A frame's keys go in as one linear layer over bits,
and out come the keys of the next frame. Independent heads give every key a probability of its own, blind to the other
keys of its frame, as RNN, LSTM, GRU and TCN were compared (Bai et al. 2018). The joint head predicts the notes of a
frame one after another from the lowest, each knowing those below it, until it says stop: a chord is weighed as a whole,
which RNN-NADE (Boulanger-Lewandowski et al. 2012) first showed to matter more than the recurrent layer does.

A model of rolls makes its own codec from its configuration.

Shapes: N frames, K keys of a frame, J traces, C channels, M = K + 1 places that a next note may take, the last the
stop, H the width of the joint head's hidden layer.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.codec import NoteCodec
from antiphon.errors import OptionError, RecipeError, unknown
from antiphon.models.base import Batch, RowHeads, State, Stepper
from antiphon.models.registry import build, family
from antiphon.rolls import KEYS, LOWEST, ON, SIXTEENTH_MS, START, RollCodec

FADING = 0.0, 0.5, 0.8, 0.95  # what of a trace is left a frame later; the first is what sounds now
VOICES = 4  # notes of a frame that are told apart, counted from the lowest; the last stands for all above
OCTAVE = 12
BACKBONES = "lstm", "gru", "rnn", "autoregressive", "cnn", "transformer"  # from rows to hidden vectors to heads
# What a family's configuration says of notes, their attributes and their times: a roll has none of them.
_OF_NOTES = {"heads", "head_size", "kinds", "weights", "inputs", "window", "seconds", "conditions", "composers"}


@dataclass(frozen=True, kw_only=True)
class RollConfig:
    """What a frame is, a backbone and its head."""

    beats: bool = False  # frames are sixteenths of scores, not so many milliseconds of performances
    frame_ms: int = SIXTEENTH_MS  # that a frame of a performance lasts
    struck: bool = False  # a key that is struck again is silent for the frame before
    lowest: int = LOWEST  # MIDI pitch of the first key
    keys: int = KEYS
    backbone: str = "lstm"  # a family of the registry
    options: Mapping[str, Any] = field(default_factory=dict)  # keys of that family's configuration
    heads: Literal["independent", "joint"] = "joint"
    head_size: int = 256  # width of the joint head's hidden layer
    channels: int = 32  # of the joint head's part that is the same for all keys
    dropout: float = 0.0  # on the joint head's hidden layer

    def __post_init__(self) -> None:
        try:
            self.codec()
        except OptionError as error:
            raise RecipeError(str(error)) from error
        if self.heads not in _HEADS:
            raise RecipeError(unknown("value of model.heads", self.heads, _HEADS))
        for name in ("head_size", "channels"):
            if getattr(self, name) < 1:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least 1")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout {self.dropout} is out of range: at least 0 and below 1")
        if self.backbone not in BACKBONES:
            raise RecipeError(unknown("value of model.backbone", self.backbone, BACKBONES))
        known = {f.name for f in dataclasses.fields(family(self.backbone).Config)} - _OF_NOTES
        for key in self.options:
            if key not in known:
                raise RecipeError(unknown(f"key of model.options for {self.backbone}", key, sorted(known)))

    def codec(self) -> RollCodec:
        """How music becomes frames."""
        return RollCodec(self.frame_ms, self.lowest, self.keys, self.beats, self.struck)


class Roll(Stepper):
    """See the module's description."""

    Config = RollConfig
    cut = "frames"
    codec: RollCodec

    def __init__(self, config: RollConfig, codec: NoteCodec | RollCodec) -> None:
        super().__init__()
        if isinstance(codec, NoteCodec) and (codec.ends or codec.programs):
            raise RecipeError("rolls have no instruments and no pointers to ends: leave the table codec out")
        self.config, self.codec = config, config.codec()
        keys = config.keys
        backbone: Any = build(config.backbone, config.options, NoteCodec())  # of any class that has these ends
        backbone.embed = Frame(keys, backbone.embed.width)
        backbone.heads = _HEADS[config.heads](keys, backbone.config.size, config)
        if config.heads == "joint":
            backbone.past = Traces(keys)  # counted beside the network, where other codecs count notes
        self.backbone: Stepper = backbone
        self.chunked = backbone.chunked

    @property
    def rings(self) -> Mapping[int, tuple[int, int]]:
        return self.backbone.rings

    @property
    def heads(self) -> RowHeads:
        """The backbone's, of one of the two kinds."""
        return self.backbone.heads

    def start(self, batch: int) -> State:
        """The backbone's state; for the joint head the traces (B, J, K) are part of it."""
        return self.backbone.start(batch)

    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        return self.backbone.step(row, state)

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        return self.backbone.parallel(rows, state)

    def hear(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        return self.backbone.hear(rows, state)

    def features(self, rows: Tensor) -> Tensor:
        return self.backbone.features(rows)

    def loss(self, batch: Batch) -> Tensor:
        """Nats a frame; padding is left out before the head sees it."""
        heard = batch.weight > 0
        return self.heads.loss(self.features(batch.inputs)[heard], batch.targets[heard]).sum(-1).mean()


class Frame(nn.Module):
    """A frame's keys as a vector: the sum of a learned vector for each that sounds; one more stands for the start."""

    def __init__(self, keys: int, width: int) -> None:
        super().__init__()
        self.width = width
        self.keys = nn.Linear(keys, width)
        self.begin = nn.Parameter(torch.zeros(width))
        nn.init.normal_(self.keys.weight, std=0.5)

    def forward(self, rows: Tensor, traces: Tensor | None = None) -> Tensor:
        """(…, K) → (…, D); the traces are for the head alone."""
        begins = (rows[..., :1] == START).to(self.begin.dtype)
        return self.keys((rows == ON).to(self.begin.dtype)) + begins * self.begin


class Traces(nn.Module):
    """How much each key has sounded: in the last frame, and over about the last 2, 5 and 20 frames, fading."""

    fading: Tensor

    def __init__(self, keys: int) -> None:
        super().__init__()
        self.keys = keys
        self.register_buffer("fading", torch.tensor(FADING), persistent=False)

    def start(self, batch: int) -> Tensor:
        """(B, J, K) zeros."""
        return self.fading.new_zeros(batch, len(FADING), self.keys)

    def step(self, row: Tensor, before: Tensor) -> Tensor:
        """The traces (B, J, K) after one more frame (B, K)."""
        return self.parallel(row[:, None], before)[1]

    def parallel(self, rows: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
        """(B, T, K) frames: the traces (B, T, J, K) after each, and (B, J, K) after all."""
        frame = torch.arange(rows.shape[1], device=rows.device)
        age = frame[:, None] - frame
        weight = self.fading[:, None, None] ** age.clamp(min=0) * (1 - self.fading)[:, None, None] * (age >= 0)
        faded = (self.fading[:, None] ** (frame + 1))[..., None]  # (J, T, 1)
        traces = weight @ (rows == ON).to(weight.dtype)[:, None] + faded * before[:, :, None]  # (B, J, T, K)
        return traces.transpose(1, 2), traces[:, :, -1]


class IndependentKeys(nn.Module):
    """A logit a key, blind to the other keys of the frame."""

    def __init__(self, keys: int, width: int, config: RollConfig) -> None:
        super().__init__()
        self.project = nn.Linear(width, keys)

    def forward(self, hidden: Tensor, traces: None = None) -> Tensor:
        """(…, D) hidden vectors → (…, K) features."""
        return self.project(hidden)

    def scores(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, K) log-odds of each key, whatever sounds already."""
        return features

    def logits(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        """(…, 2) log-probabilities, up to a constant, of a key's silence and sound."""
        sound = features[..., index]
        return torch.stack([torch.zeros_like(sound), sound], -1)

    def log_prob(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, K) log-probability of each key of (…, K) rows."""
        return F.logsigmoid(torch.where(rows == ON, features, -features))

    def loss(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, K) nats a key."""
        return -self.log_prob(features, rows)


class JointKeys(nn.Module):
    """The notes of a frame from the lowest up, each given those below it, and then a stop.

    Every set of notes has one order and so one probability, which sums to 1 over all sets: no bound, no sampling. A
    key's own probability given those below it follows, so that a roll is drawn key by key like any row.

    Two networks add up. One sees the backbone's hidden vector and the notes below by name. The other looks from every
    place at the notes below and at the traces by their distance and is the same for all places, so that what it learns
    in one register or key it knows in all, as the tied parallel networks of Johnson (2017) do.
    """

    distance: Tensor
    interval: Tensor

    def __init__(self, keys: int, width: int, config: RollConfig) -> None:
        super().__init__()
        self.keys = keys
        self.widths = [config.head_size, (keys + 1) * config.channels]
        self.project = nn.Linear(width, config.head_size + config.channels)
        self.below = nn.Embedding(keys, config.head_size)
        self.out = nn.Linear(config.head_size, keys + 1)
        self.dropout = nn.Dropout(config.dropout)
        channels = config.channels
        self.around = nn.Parameter(0.3 * torch.randn(VOICES + 2, 2 * keys, channels))  # below, before, and a trace
        self.classes = nn.Parameter(0.3 * torch.randn(len(FADING) - 2, OCTAVE, channels))  # the slow traces, by class
        self.turns = nn.Parameter(torch.zeros(VOICES, channels))  # that one, two … notes are there already
        self.deeper = nn.Linear(channels, channels)
        self.score = nn.Parameter(torch.zeros(2, channels))
        nn.init.normal_(self.below.weight, std=0.1)
        place, key = torch.arange(keys + 1), torch.arange(keys)[:, None]
        self.register_buffer("distance", place - key + keys - 1, persistent=False)  # (K, M) 0 … 2 K - 1
        interval = (torch.arange(OCTAVE) - torch.arange(OCTAVE)[:, None]) % OCTAVE
        self.register_buffer("interval", interval, persistent=False)  # (12, 12)

    def forward(self, hidden: Tensor, traces: Tensor) -> Tensor:
        """(…, D) hidden vectors and (…, J, K) traces → (…, F) features: what both networks know before any note."""
        part, gate = self.project(hidden).split((self.widths[0], self.score.shape[1]), -1)
        near = torch.cat([_voices(traces[..., 0, :]), traces[..., 1:2, :]], -2).flatten(-2)
        seen = near @ self.around[1:, self.distance].flatten(0, 1).flatten(1)  # (…, M · C)
        slow = F.pad(traces[..., 2:, :], (0, -self.keys % OCTAVE)).unflatten(-1, (-1, OCTAVE)).sum(-2)  # (…, J - 2, 12)
        tonal = slow.flatten(-2) @ self.classes[:, self.interval].flatten(0, 1).flatten(1)  # (…, 12 · C)
        tonal = tonal + gate.repeat([1] * (gate.dim() - 1) + [OCTAVE])
        octaves = -(-(self.keys + 1) // OCTAVE)
        tonal = tonal.repeat([1] * (gate.dim() - 1) + [octaves])[..., : self.widths[1]]
        return torch.cat([part, seen + tonal], -1)

    def _scores(self, part: Tensor, around: Tensor) -> Tensor:
        """(N, M) logits of the next note up, and of the stop, from (N, H) and (N, M, C)."""
        weight = self.dropout(self.score.expand(part.shape[0], -1, -1))  # whole channels of a frame
        first = F.relu(around)
        second = F.relu(self.deeper(first))
        near = (first @ weight[:, 0, :, None] + second @ weight[:, 1, :, None])[..., 0]
        return self.out(self.dropout(F.gelu(part))) + near

    def logits(self, index: int, features: Tensor, rows: Tensor) -> Tensor:
        """(…, 2) of a key given those below it: it is the next note, or one above it or the stop comes next."""
        scores = self.scores(features, F.pad(rows[..., :index], (0, self.keys - index)))
        return torch.stack([scores[..., index + 1 :].logsumexp(-1), scores[..., index]], -1)

    def scores(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, M) logits of the next note, and of the stop, given those in (…, K) rows: only those above it count."""
        part, around = features.flatten(0, -2).split(self.widths, -1)
        on = (rows == ON).to(features.dtype).flatten(0, -2)
        reach = self.around[0].flip(0).T[:, None]  # (C, 1, 2 K): a convolution needs no table of all pairs of keys
        struck = F.conv1d(F.pad(on, (self.keys, self.keys))[:, None], reach).transpose(1, 2)  # (N, M, C)
        count = on.sum(-1).long().clamp(max=VOICES)
        turns = F.pad(self.turns.cumsum(0), (0, 0, 1, 0))[count]
        around = around.unflatten(-1, (self.keys + 1, -1)) + struck + turns[:, None]
        scores = self._scores(part + on @ self.below.weight, around)
        return scores.view(*rows.shape[:-1], self.keys + 1)

    def log_prob(self, features: Tensor, rows: Tensor) -> Tensor:
        """(…, K) log-probability of each key of (…, K) rows given the keys below it."""
        on = (rows == ON).flatten(0, -2)
        found = [
            F.pad(scores, (0, 0, 0, len(on) - len(scores))) for scores, *_ in self._walk(features.flatten(0, -2), on)
        ]
        order, scores = _fullest_first(on), torch.stack(found, 1)  # (N, S + 1, M)
        place = torch.empty_like(order).scatter(0, order, torch.arange(len(order), device=order.device))
        above = scores.flip(-1).logcumsumexp(-1).flip(-1)  # this note or any above it, or the stop
        keyed = torch.where(on[order][:, None], scores[..., :-1], above[..., 1:]) - above[..., :-1]
        below = (on.cumsum(-1) - on.long())[order]  # notes below each key
        return keyed.gather(1, below[:, None])[:, 0][place].view(rows.shape)

    def loss(self, features: Tensor, rows: Tensor) -> Tensor:
        """(N, 1) nats a frame of N frames."""
        on = rows == ON
        nats = features.new_zeros(len(rows))
        for scores, target, lowest in self._walk(features, on):
            above = torch.arange(self.keys + 1, device=rows.device) >= lowest[:, None]
            now = F.cross_entropy(scores.masked_fill(~above, -torch.inf), target, reduction="none")
            nats = nats + F.pad(now, (0, len(nats) - len(now)))
        order = _fullest_first(on)
        return torch.empty_like(nats).scatter(0, order, nats)[:, None]

    def _walk(self, features: Tensor, on: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """The frames, the fullest first, note by note; at each turn those that have so many notes.

        Gives their scores (n, M), the place of the next note or the stop (n,), and the lowest place it may have (n,).
        """
        order = _fullest_first(on)
        on = on[order]
        count = on.sum(-1)
        most = int(count[0])
        notes = F.pad(on.long().argsort(stable=True, dim=-1, descending=True), (0, 1))  # the lowest first
        part, around = features[order].split(self.widths, -1)
        around, table = around.unflatten(-1, (self.keys + 1, -1)), self.around[0, self.distance]  # (K, M, C)
        lowest = torch.zeros_like(count)
        for turn in range(most + 1):
            some = int((count >= turn).sum())
            part, around, lowest = part[:some], around[:some], lowest[:some]
            target = torch.where(count[:some] > turn, notes[:some, turn], self.keys)
            yield self._scores(part, around), target, lowest
            if turn < most:
                struck = notes[:some, turn]
                added = table[struck] + self.turns[turn] if turn < VOICES else table[struck]
                part, around, lowest = part + self.below(struck), around + added, struck + 1


def _voices(on: Tensor) -> Tensor:
    """(…, K) keys that sound → (…, VOICES, K): the lowest alone, the second alone …, and all that are left."""
    rank = (on.cumsum(-1) - on)[..., None, :].clamp(max=VOICES - 1)
    voice = torch.arange(VOICES, device=on.device, dtype=on.dtype)[:, None]
    return on[..., None, :] * (rank == voice)


def _fullest_first(on: Tensor) -> Tensor:
    """(N,) frames by how many of their keys sound, the most first."""
    return on.sum(-1).argsort(stable=True, descending=True)


_HEADS = {"independent": IndependentKeys, "joint": JointKeys}
