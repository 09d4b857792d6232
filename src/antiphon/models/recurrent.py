"""LSTM, GRU and plain recurrent networks over note rows.

Embeddings of a row's attributes are summed, run through stacked recurrent layers, and handed to the heads. With
``inputs="continuous"``, ``window`` and Gaussian heads the same file is the classic notebook's network: both stand in
one table. Training uses torch's fused layers; ``step`` writes the gates out, which is what the ONNX engine runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.base import Batch, State, Stepper
from antiphon.models.embedding import Embedding
from antiphon.models.heads import Gaussian, Heads, Kind
from antiphon.models.past import Past
from antiphon.models.recall import Recall


@dataclass(frozen=True, kw_only=True)
class RecurrentConfig:
    """The size and kind of a recurrent network."""

    size: int = 512  # width of the embeddings and of each layer
    layers: int = 2
    dropout: float = 0.1  # on the embeddings and on each layer's output
    layer_norm: bool = False  # normalise each layer's output
    attention: int = 0  # last states of the top layer that each prediction looks back to; 0: none
    heads: Kind = "chained"
    head_size: int = 256  # width of a chained head's hidden layer
    kinds: Mapping[str, Kind] = field(default_factory=dict)  # a head of another kind for some attributes
    weights: Mapping[str, float] = field(default_factory=dict)  # of each attribute's loss, where not 1
    inputs: Literal["embedding", "continuous"] = "embedding"
    window: int = 0  # notes that a prediction sees, from an empty state, as in the notebooks; 0: all that came before

    def __post_init__(self) -> None:
        for name, low in (("size", 1), ("layers", 1), ("head_size", 1), ("attention", 0), ("window", 0)):
            if getattr(self, name) < low:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least {low}")
        if not 0 <= self.dropout < 1:
            raise RecipeError(f"model.dropout {self.dropout} is out of range: at least 0 and below 1")


class Recurrent(Stepper):
    """Stacked recurrent layers; a subclass names the layer and its gates."""

    Config = RecurrentConfig
    codec: NoteCodec
    heads: Heads
    layer: ClassVar[Callable[..., nn.RNNBase]]
    cell: ClassVar[Callable[[Tensor, State, nn.RNNBase], State]]
    states: ClassVar[int]  # tensors in a layer's state
    start_row: Tensor

    def __init__(self, config: RecurrentConfig, codec: NoteCodec) -> None:
        super().__init__()
        self.config, self.codec = config, codec
        _check(config, codec)
        self.past = Past(codec) if codec.ends else None
        self.embed = Embedding(codec, config.size, self.past) if config.inputs == "embedding" else Continuous(codec)
        widths = [self.embed.width] + [config.size] * (config.layers - 1)
        self.layers = nn.ModuleList([type(self).layer(width, config.size) for width in widths])
        norm = nn.LayerNorm if config.layer_norm else nn.Identity
        self.norms = nn.ModuleList([norm(config.size) for _ in widths])
        self.recall = Recall(config.size, config.attention) if config.attention else None
        self.dropout = nn.Dropout(config.dropout)
        self.heads = Heads(codec, config.size, config.head_size, config.heads, config.kinds, config.weights, self.past)
        self.register_buffer("start_row", torch.from_numpy(codec.start_row).long(), persistent=False)

    def start(self, batch: int) -> State:
        """Zeros (B, D), each layer's one after another, what is recalled, the past (B, 2 K); or a window's rows."""
        if self.config.window:
            return (self.start_row.expand(batch, self.config.window, -1).clone(),)
        return self._zeros(batch)

    def _zeros(self, batch: int) -> State:
        zeros = self.heads.project.weight.new_zeros(batch, self.config.size)
        recalled = self.recall.start(batch) if self.recall else ()
        past = (self.past.start(batch),) if self.past else ()
        return *(zeros,) * (self.states * self.config.layers), *recalled, *past

    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        if self.config.window:
            rows = torch.cat([state[0][:, 1:], row[:, None]], 1)
            return self._last(rows), (rows,)
        past = self.past.step(row, state[-1]) if self.past else None
        x = self.dropout(self._embedded(row, past))
        after: State = ()
        for layer, norm, before in zip(self.layers, self.norms, self._by_layer(state), strict=True):
            now = type(self).cell(x, before, layer)
            x, after = self.dropout(norm(now[0])), (*after, *now)
        x, after = self._recalled(x[:, None], state, after)
        return self.heads(x[:, 0], past), after if past is None else (*after, past)

    def _embedded(self, rows: Tensor, past: Tensor | None) -> Tensor:
        return self.embed(rows) if past is None else self.embed(rows, past)

    def _by_layer(self, state: State) -> list[State]:
        return [state[i : i + self.states] for i in range(0, self.states * self.config.layers, self.states)]

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        if self.config.window:
            return self._windows(rows, state)
        past, last_past = self.past.parallel(rows, state[-1]) if self.past else (None, None)
        hidden, after = self._run(rows, past, state)
        return self.heads(hidden, past), after if last_past is None else (*after, last_past)

    def _run(self, rows: Tensor, past: Tensor | None, state: State) -> tuple[Tensor, State]:
        """(B, T, A) rows through the fused layers: hidden vectors (B, T, D) and the layers' state after them."""
        x = self.dropout(self._embedded(rows, past)).transpose(0, 1)
        after: State = ()
        for layer, norm, before in zip(self.layers, self.norms, self._by_layer(state), strict=True):
            first = tuple(s[None] for s in before)
            x, last = layer(x, first if self.states > 1 else first[0])
            after = (*after, *(s[0] for s in (last if self.states > 1 else (last,))))
            x = self.dropout(norm(x))
        return self._recalled(x.transpose(0, 1), state, after)

    def _recalled(self, x: Tensor, state: State, after: State) -> tuple[Tensor, State]:
        """(B, T, D) states of the top layer, with attention if there is any, and its cache after the layers' states."""
        if self.recall is None:
            return x, after
        first = self.states * self.config.layers
        x, (keys, values, heard) = self.recall(x, (state[first], state[first + 1], state[first + 2]))
        return x, (*after, keys, values, heard)

    def _last(self, rows: Tensor) -> Tensor:
        """(B, W, A) windows: features (B, F) after the last row of each, from an empty state."""
        return self.heads(self._run(rows, None, self._zeros(rows.shape[0]))[0][:, -1])

    def _windows(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        past = torch.cat([state[0], rows], 1)
        windows = past.unfold(1, self.config.window, 1)[:, 1:].transpose(2, 3)  # (B, T, W, A)
        features = self._last(windows.flatten(0, 1)).unflatten(0, rows.shape[:2])
        return features, (past[:, -self.config.window :],)

    def loss(self, batch: Batch) -> Tensor:
        """With a window, only the note after it counts, as the notebooks train."""
        if not self.config.window:
            return super().loss(batch)
        features, targets = self._predicted(batch)
        return self.heads.loss(features, targets).sum() / max(len(targets), 1)  # all may be padding

    @torch.no_grad()
    def calibrate(self, batches: Iterable[Batch]) -> None:
        """Fit the one deviation of each Gaussian head."""
        heads = [(i, h) for i, h in enumerate(self.heads.heads) if isinstance(h, Gaussian)]
        if not heads:
            return
        features, targets = (torch.cat(x) for x in zip(*map(self._predicted, batches), strict=True))
        for i, head in heads:
            head.fit(self.heads.parts(features)[0][i].float(), targets[:, i])

    def _predicted(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Features (N, F) and targets (N, A) of the notes that training predicts."""
        if self.config.window:
            features, targets, weight = self._last(batch.inputs), batch.targets[:, -1], batch.weight[:, -1]
        else:
            whole = self.features(batch.inputs), batch.targets, batch.weight
            features, targets, weight = (x.flatten(0, 1) for x in whole)
        return features[weight > 0], targets[weight > 0]


def _check(config: RecurrentConfig, codec: NoteCodec) -> None:
    """The classic notebook's inputs and heads know durations only as times of their own."""
    classic = config.window or config.inputs == "continuous" or "gaussian" in (config.heads, *config.kinds.values())
    if codec.ends and classic:
        raise RecipeError(
            "codec.ends does not go with model.window, continuous inputs or gaussian heads: set codec.ends to 0, or "
            'model.window to 0, model.inputs to "embedding" and the heads to "chained"'
        )


class Continuous(nn.Module):
    """Pitch/128, step and duration in seconds as three numbers, as in the classic notebooks; the start is zero."""

    def __init__(self, codec: NoteCodec) -> None:
        super().__init__()
        self.columns = [codec.column[name] for name in ("pitch", "step", "duration")]
        self.width = len(self.columns)
        for column, scale in zip(self.columns, (1 / 128, 1.0, 1.0), strict=True):
            values = torch.from_numpy(codec.values[column]) * scale
            self.register_buffer(f"values{column}", F.pad(values, (0, 1)), persistent=False)

    def forward(self, rows: Tensor) -> Tensor:
        """(…, A) → (…, 3)."""
        return torch.stack([getattr(self, f"values{c}")[rows[..., c]] for c in self.columns], -1)


def _gates(x: Tensor, h: Tensor, layer: nn.RNNBase) -> tuple[Tensor, Tensor]:
    """What the input and what the state before contribute to each gate."""
    return F.linear(x, layer.weight_ih_l0, layer.bias_ih_l0), F.linear(h, layer.weight_hh_l0, layer.bias_hh_l0)


def _lstm(x: Tensor, state: State, layer: nn.RNNBase) -> State:
    from_x, from_h = _gates(x, state[0], layer)
    i, f, g, o = (from_x + from_h).chunk(4, -1)
    c = torch.sigmoid(f) * state[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def _gru(x: Tensor, state: State, layer: nn.RNNBase) -> State:
    from_x, from_h = (g.chunk(3, -1) for g in _gates(x, state[0], layer))
    r, z = torch.sigmoid(from_x[0] + from_h[0]), torch.sigmoid(from_x[1] + from_h[1])
    n = torch.tanh(from_x[2] + r * from_h[2])
    return ((1 - z) * n + z * state[0],)


def _rnn(x: Tensor, state: State, layer: nn.RNNBase) -> State:
    return (torch.tanh(sum(_gates(x, state[0], layer))),)


class LSTM(Recurrent):
    """Long short-term memory (Hochreiter & Schmidhuber 1997)."""

    layer, cell, states = nn.LSTM, _lstm, 2


class GRU(Recurrent):
    """Gated recurrent unit (Cho et al. 2014)."""

    layer, cell, states = nn.GRU, _gru, 1


class RNN(Recurrent):
    """Plain recurrent network with tanh (Elman 1990)."""

    layer, cell, states = nn.RNN, _rnn, 1
