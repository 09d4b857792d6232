"""A variational autoencoder of short melodies, after MusicVAE (Roberts et al. 2018).

A bidirectional encoder says where in a latent space a melody lies, as a normal distribution; a decoder of GRU layers
writes it again from a place drawn there. Places drawn from the standard normal distribution are melodies that nobody
wrote; those between two melodies lead from one to the other. A long melody gets a plan: a conductor says from the place
what each bar is to be, and the decoder hears what it says of this bar and the next.

Music comes as ``bars`` bars of sixteenths of 100 ms, see :mod:`antiphon.corpus.phrases`; the decoder counts them. The
loss is a bound on the likelihood: nats of the notes plus the divergence of place and prior.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.bins import STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError
from antiphon.models.base import Batch, Listener, State
from antiphon.models.embedding import Embedding
from antiphon.models.encoder import Decoder, Encoder
from antiphon.models.heads import Heads, Kind

SIXTEENTH = 10  # cells
BAR = 16  # sixteenths
_NARROWEST, _WIDEST = -6.0, 2.0  # logs of the deviation of a place


@dataclass(frozen=True, kw_only=True)
class VAEConfig:
    """The sizes of encoder, space and decoder, and how the divergence is weighed."""

    bars: int = 2  # of a melody
    notes: int = 32  # of a melody, at most
    latent: int = 64  # numbers of a place
    size: int = 256  # width of the embeddings and of each layer
    layers: int = 2  # of the decoder
    encoder_layers: int = 1
    conductor: bool = False  # plan each bar; for long melodies
    kl_weight: float = 1.0  # of the divergence in the loss; below 1, melodies come back better and the prior fits worse
    kl_warmup: int = 2000  # steps over which the weight grows from 0
    free_bits: float = 0.0  # nats of divergence a melody that cost nothing
    forget: float = 0.0  # share of the rows that the decoder is not told in training, so that it needs the place
    dropout: float = 0.1  # on the embeddings and on each layer's output
    heads: Kind = "chained"
    head_size: int = 192  # width of a chained head's hidden layer

    def __post_init__(self) -> None:
        for name in ("bars", "notes", "latent", "size", "layers", "encoder_layers", "head_size"):
            if getattr(self, name) < 1:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least 1")
        if self.size % 2:
            raise RecipeError(f"model.size {self.size} cannot be shared out over two directions: make it even")
        for name in ("kl_weight", "kl_warmup", "free_bits"):
            if getattr(self, name) < 0:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least 0")
        for name in ("forget", "dropout"):
            if not 0 <= getattr(self, name) < 1:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: at least 0 and below 1")


class VAE(Listener):
    """See the module's description."""

    Config = VAEConfig
    cut = "bars"
    codec: NoteCodec
    heads: Heads
    start_row: Tensor

    def __init__(self, config: VAEConfig, codec: NoteCodec) -> None:
        super().__init__()
        if codec.ends:
            raise RecipeError("codec.ends does not go with the family vae: its melodies have one voice; set it to 0")
        self.config, self.codec, size = config, codec, config.size
        self.encodes, self.latent, self.bars = config.notes, config.latent, config.bars
        self._weight = config.kl_weight
        self.clock = Clock(codec, config.bars)
        self.places = nn.Embedding(self.clock.places, size)
        self.encoder = Encoder(codec, size, config.encoder_layers, config.dropout)
        self.posterior = nn.Linear(size, 2 * config.latent)
        self.bridge = nn.Linear(config.latent, size * config.layers)
        self.plan = Plan(config.latent, size, config.bars if config.conductor else 1)
        self.embed = Embedding(codec, size)
        self.decoder = Decoder(size, config.layers, config.dropout)
        self.heads = Heads(codec, size, config.head_size, config.heads)
        self.register_buffer("start_row", torch.from_numpy(codec.start_row).long(), persistent=False)
        nn.init.normal_(self.places.weight, std=0.5)

    def start(self, batch: int) -> State:
        """The place (B, Z), 0 in the middle; what each layer remembers (B, D); the clock (B, 1), -1 at first."""
        layers = self.decoder.start(batch)
        clock = torch.full((batch, 1), -1, device=layers[0].device)
        return layers[0].new_zeros(batch, self.config.latent), *layers, clock

    def encode(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """(B, S, A) rows of melodies: the mean (B, Z) of their places, and the log of the deviation."""
        now = self.clock(rows, torch.zeros_like(rows[:, 0, :1]))
        _, whole = self.encoder(rows, self.places(self.clock.place(now)))
        mean, log_deviation = self.posterior(whole).float().chunk(2, -1)
        return mean, log_deviation.clamp(_NARROWEST, _WIDEST)

    def step(self, row: Tensor, state: State) -> tuple[Tensor, State]:
        place, layers, now = state[0], self._begun(state), self.clock(row[:, None], state[-1])
        x = self.embed(row) + self._told(place, now)[:, 0]
        x, layers = self.decoder.step(x, layers)
        return self.heads(x), (place, *layers, now)

    def parallel(self, rows: Tensor, state: State) -> tuple[Tensor, State]:
        place, layers, now = state[0], self._begun(state), self.clock(rows, state[-1])
        x = self.embed(self._forgotten(rows)) + self._told(place, now)
        x, layers = self.decoder(x, layers)
        return self.heads(x), (place, *layers, now[:, -1:])

    def _begun(self, state: State) -> State:
        """The layers' memory; before the first row, what the place makes of it."""
        first = torch.tanh(self.bridge(state[0])).chunk(self.config.layers, -1)
        return tuple(torch.where(state[-1] < 0, a, b) for a, b in zip(first, state[1:-1], strict=True))

    def _told(self, place: Tensor, now: Tensor) -> Tensor:
        """(B, T, D) what the decoder is told beside the rows: where in the bar it is, and the plan."""
        return self.places(self.clock.place(now)) + self.plan(place, now // BAR)

    def _forgotten(self, rows: Tensor) -> Tensor:
        if not (self.training and self.config.forget):
            return rows
        lost = torch.rand(rows.shape[:2], device=rows.device) < self.config.forget
        return torch.where(lost[..., None], self.start_row, rows)

    def heard(self, batch: Batch) -> Tensor:
        """(B, T, F) features of melodies, each from its own place: in training drawn, else the likeliest."""
        if batch.call is None:
            return self.features(batch.inputs)
        return self._from(batch, *self.encode(batch.call))

    def _from(self, batch: Batch, mean: Tensor, log_deviation: Tensor) -> Tensor:
        noise = torch.randn_like(mean) if self.training else torch.zeros_like(mean)
        state = mean + noise * log_deviation.exp(), *self.start(len(mean))[1:]
        return self.parallel(batch.inputs, state)[0]

    def loss(self, batch: Batch) -> Tensor:
        """Nats a note: of the notes, and of the divergence as far as it is not free, times its weight."""
        if batch.call is None:
            return super().loss(batch)
        mean, log_deviation = self.encode(batch.call)
        nats = self.heads.loss(self._from(batch, mean, log_deviation), batch.targets).sum(-1) * batch.weight
        paid = (divergence(mean, log_deviation).mean() - self.config.free_bits).clamp(min=0)
        return (nats.sum() + self._weight * paid * len(mean)) / batch.weight.sum()

    def at(self, step: int) -> None:
        done = min(step / self.config.kl_warmup, 1.0) if self.config.kl_warmup else 1.0
        self._weight = self.config.kl_weight * done

    def further(self, batch: Batch) -> Mapping[str, Tensor]:
        """The divergence of place and prior, weighed as the recipe does: what is kept is best by its own measure.

        Where the weight is below 1 this is no bound any more; those are measured when the run ends.
        """
        if batch.call is None:
            return {}
        return {"latent": self.config.kl_weight * divergence(*self.encode(batch.call))}


def divergence(mean: Tensor, log_deviation: Tensor) -> Tensor:
    """(B,) nats from the standard normal distribution to that of a place (Kingma & Welling 2014)."""
    return (0.5 * (mean**2 + (2 * log_deviation).exp() - 1) - log_deviation).sum(-1)


class Clock(nn.Module):
    """Counts sixteenths from the rows' steps, each rounded to whole ones."""

    steps: Tensor

    def __init__(self, codec: NoteCodec, bars: int) -> None:
        super().__init__()
        self.column, self.bars = codec.column["step"], bars
        self.places = BAR * (bars + 1)  # the last bar stands for all after it
        steps = np.pad((STEP_BINS.middle + SIXTEENTH // 2) // SIXTEENTH, (0, 1))  # the row before the first takes none
        self.register_buffer("steps", torch.from_numpy(steps), persistent=False)

    def forward(self, rows: Tensor, before: Tensor) -> Tensor:
        """(B, T, A) rows and the time before them (B, 1): the time (B, T) of each."""
        return before.clamp(min=0) + self.steps[rows[..., self.column]].cumsum(1)

    def place(self, now: Tensor) -> Tensor:
        """(B, T) where times stand: bar and sixteenth as one number below :attr:`places`."""
        return (now // BAR).clamp(max=self.bars) * BAR + now % BAR


class Plan(nn.Module):
    """What a place has to say to the decoder: of this bar and the next, where each has something of its own."""

    def __init__(self, latent: int, size: int, bars: int) -> None:
        super().__init__()
        self.bars = bars
        self.say = nn.Linear(latent, size)
        self.of_bar = nn.Embedding(bars, size)
        self.this, self.next = nn.Linear(size, size), nn.Linear(size, size, bias=False)
        nn.init.normal_(self.of_bar.weight, std=0.5)

    def forward(self, place: Tensor, bar: Tensor) -> Tensor:
        """(B, Z) places and the bars (B, T) that the decoder is in → (B, T, D)."""
        said = self.say(place)[:, None]
        now, later = (F.gelu(said + self.of_bar((bar + k).clamp(max=self.bars - 1))) for k in (0, 1))
        return self.this(now) + self.next(later)
