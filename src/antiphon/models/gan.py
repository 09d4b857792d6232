"""A generative adversarial network of whole phrases: bars of a melody and its accompaniment as binary piano rolls.

In the line of MuseGAN and its binary successor (Dong et al. 2018; Dong & Yang 2018). A generator makes a roll of noise,
a critic tells rolls of real music from it, and each learns from the other. The generator's last layer is binary: a cell
is on where its logit is above 0, and the gradient passes through as if it were the logistic function of it
(straight-through, Bengio et al. 2013). So the critic never sees a cell half on, and all randomness is in the noise.

Two losses. ``wasserstein`` is Wasserstein GAN with gradient penalty (Gulrajani et al. 2017). ``relativistic`` pairs a
real phrase with a made one and asks only which is more real, with the gradients at both held small (R1 and R2; Roth et
al. 2017, Mescheder et al. 2018, Huang et al. 2024).

Such a family draws whole phrases: it hears nothing, has no steps, no heads and no likelihood.

Shapes: B phrases, Z numbers of noise, T steps of a phrase, K tracks, 2 planes (sounds, begins), P pitches, C channels,
N = K · 2 · P cells of a step. Rolls go between the two as (B, N, T).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from antiphon.codec import NoteCodec
from antiphon.errors import RecipeError, unknown
from antiphon.models.base import Batch, Drawer

Loss = Literal["wasserstein", "relativistic"]
SIXTEENTHS = 4  # of a beat
OCTAVE = 12
_SLOPE = 0.2  # of the rectifiers below 0
_RARE = -1.5  # the first logits, as most cells are off


@dataclass(frozen=True, kw_only=True)
class GANConfig:
    """What phrases look like, the sizes of the two networks, and how they learn from each other."""

    bars: int = 2
    steps: int = 16  # sixteenths of a bar
    tracks: int = 2  # 2: melody and accompaniment; 1: all in one
    lowest: int = 36  # MIDI pitch
    pitches: int = 60
    noise: int = 64  # numbers that a phrase is made of
    size: int = 64  # channels of the generator at a sixteenth; twice as many at a beat and at a bar
    critic_size: int = 64  # of the critic, likewise
    layers: int = 1  # residual blocks of each network at each of the three levels
    loss: Loss = "relativistic"
    penalty: float = 1.0  # weight of the gradient penalty
    critic_steps: int = 1  # of the critic to one of the generator

    def __post_init__(self) -> None:
        if self.loss not in get_args(Loss):
            raise RecipeError(unknown("value of model.loss", self.loss, get_args(Loss)))
        for name, low, high in (
            ("bars", 1, 64), ("steps", SIXTEENTHS, 64), ("tracks", 1, 2), ("lowest", 0, 127), ("pitches", OCTAVE, 128),
            ("noise", 1, 4096), ("size", 1, 4096), ("critic_size", 1, 4096), ("layers", 1, 64), ("critic_steps", 1, 99),
        ):  # fmt: skip
            if not low <= getattr(self, name) <= high:
                raise RecipeError(f"model.{name} {getattr(self, name)} is out of range: {low} to {high}")
        if self.steps % SIXTEENTHS or self.pitches % OCTAVE:
            raise RecipeError("model.steps must be a multiple of 4 and model.pitches of 12: whole beats and octaves")
        if self.lowest + self.pitches > 128:
            raise RecipeError(f"model.pitches {self.pitches} above model.lowest {self.lowest} leave the range 0 to 127")
        if self.penalty < 0:
            raise RecipeError(f"model.penalty {self.penalty} is out of range: at least 0")


class GAN(Drawer):
    """Generator and critic; see the module's description."""

    Config = GANConfig
    cut = "rolls"
    codec: NoteCodec
    config: GANConfig

    def __init__(self, config: GANConfig, codec: NoteCodec) -> None:
        super().__init__()
        if codec.programs or codec.ends:
            raise RecipeError("the family gan makes rolls, not rows of notes: leave codec.programs and codec.ends out")
        self.config, self.codec = config, codec
        self.draws = config.noise
        self.player = Generator(config)
        self.critic = Critic(config)

    def draw(self, noise: Tensor) -> Tensor:
        """(B, Z) noise, normally distributed → (B, T, K, 2, P) rolls of 0 and 1."""
        c = self.config
        return self.player(noise).transpose(1, 2).reshape(-1, c.bars * c.steps, c.tracks, 2, c.pitches)

    def real(self, batch: Batch) -> Tensor:
        """(B, N, T) the phrases of a batch."""
        return batch.targets.transpose(1, 2).to(self.player.first.weight.dtype)

    def made(self, count: int) -> Tensor:
        """(B, N, T) phrases of fresh noise."""
        return self.player(torch.randn(count, self.draws, device=self.player.first.weight.device))

    def critic_loss(self, batch: Batch) -> Tensor:
        """What the critic minimises: how little it tells real phrases from made ones, and its penalty; a scalar."""
        real = self.real(batch)
        made = self.made(len(real)).detach()
        if self.config.loss == "wasserstein":
            loss = self.critic(made).mean() - self.critic(real).mean()
            return loss + self.config.penalty * _steepness(self.critic, real, made)
        (real_score, real_slope), (made_score, made_slope) = (_with_slope(self.critic, x) for x in (real, made))
        return F.softplus(made_score - real_score).mean() + 0.5 * self.config.penalty * (real_slope + made_slope)

    def player_loss(self, batch: Batch) -> Tensor:
        """What the generator minimises: how well the critic tells its phrases from real ones; a scalar."""
        made = self.critic(self.made(len(batch.targets)))
        if self.config.loss == "wasserstein":
            return -made.mean()
        return F.softplus(self.critic(self.real(batch)).detach() - made).mean()

    def loss(self, batch: Batch) -> Tensor:
        """Both sides' losses in one sum; each side learns from its own."""
        return self.critic_loss(batch) + self.player_loss(batch)


def _with_slope(critic: nn.Module, rolls: Tensor) -> tuple[Tensor, Tensor]:
    """(B,) scores of rolls, and the mean of their squared gradients: R1 at real rolls, R2 at made ones."""
    rolls = rolls.detach().requires_grad_()
    with torch.enable_grad():
        score = critic(rolls)
        (slope,) = torch.autograd.grad(score.sum(), rolls, create_graph=True)
    return score, slope.square().sum((1, 2)).mean()


def _steepness(critic: nn.Module, real: Tensor, made: Tensor) -> Tensor:
    """How far the critic's slope is from 1, squared, between real and made phrases."""
    share = torch.rand(len(real), 1, 1, device=real.device)
    between = (share * real + (1 - share) * made).requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
    return (slope.square().sum((1, 2)).add(1e-12).sqrt() - 1).square().mean()


class _StraightThrough(torch.autograd.Function):
    """1 where a logit is above 0, with the gradient of the logistic function."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, logits: Tensor) -> Tensor:
        context.save_for_backward(logits)
        return (logits > 0).to(logits.dtype)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (logits,) = context.saved_tensors
        share = torch.sigmoid(logits)
        return gradient * share * (1 - share)


def binary(logits: Tensor) -> Tensor:
    """1 where a logit is above 0, else 0; straight-through where a gradient is wanted."""
    if torch.is_grad_enabled():
        return _StraightThrough.apply(logits)
    return (logits > 0).to(logits.dtype)


class Generator(nn.Module):
    """Noise becomes bars, bars beats, beats sixteenths; then each track has a layer of its own."""

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        wide, size = 2 * config.size, config.size
        self.bars, self.pitches = config.bars, config.pitches
        self.first = nn.Linear(config.noise, config.bars * wide)
        self.at_bars = _blocks(wide, config.layers, normalised=True)
        beats = config.steps // SIXTEENTHS
        self.to_beats = nn.ConvTranspose1d(wide, wide, beats, stride=beats)
        self.at_beats = _blocks(wide, config.layers, normalised=True)
        self.to_steps = nn.ConvTranspose1d(wide, size, SIXTEENTHS, stride=SIXTEENTHS)
        self.at_steps = _blocks(size, config.layers, normalised=True)
        self.tracks = nn.ModuleList([_Track(size, config.pitches) for _ in range(config.tracks)])

    def forward(self, noise: Tensor) -> Tensor:
        """(B, Z) → (B, N, T)."""
        x = self.first(noise).reshape(noise.shape[0], -1, self.bars)
        x = self.at_beats(self.to_beats(self.at_bars(x)))
        x = self.at_steps(self.to_steps(x))
        return torch.cat([track(x) for track in self.tracks], 1)


class _Track(nn.Module):
    """What one track does: a pitch begins only where it sounds."""

    def __init__(self, size: int, pitches: int) -> None:
        super().__init__()
        self.own = _Block(size, normalised=True)
        self.cells = nn.Conv1d(size, 2 * pitches, 1)
        nn.init.constant_(self.cells.bias, _RARE)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T) → (B, 2 · P, T)."""
        sounds, begins = binary(self.cells(F.leaky_relu(self.own(x), _SLOPE))).chunk(2, 1)
        return torch.cat([sounds, sounds * begins], 1)


class Critic(nn.Module):
    """Looks at sixteenths, at their pitch classes, at beats and at bars, and says how real a phrase is.

    The pitch classes have a way of their own (Dong & Yang 2018): harmony is the same in any octave.
    """

    def __init__(self, config: GANConfig) -> None:
        super().__init__()
        size, wide, planes = config.critic_size, 2 * config.critic_size, 2 * config.tracks
        self.planes = planes
        self.cells = nn.Conv1d(planes * config.pitches, size, 3, padding=1)
        self.classes = nn.Conv1d(planes * OCTAVE, size, 3, padding=1)
        self.at_steps = _blocks(size, config.layers)
        self.to_beats = nn.Conv1d(size, wide, SIXTEENTHS, stride=SIXTEENTHS)
        self.at_beats = _blocks(wide, config.layers)
        beats = config.steps // SIXTEENTHS
        self.to_bars = nn.Conv1d(wide, wide, beats, stride=beats)
        self.at_bars = _blocks(wide, config.layers)
        self.score = nn.Linear(wide * config.bars, 1)

    def forward(self, rolls: Tensor) -> Tensor:
        """(B, N, T) → (B,), the higher the more real."""
        batch, _, steps = rolls.shape
        classes = rolls.reshape(batch, self.planes, -1, OCTAVE, steps).sum(2).flatten(1, 2)
        x = self.at_steps(self.cells(rolls) + self.classes(classes))
        x = self.at_beats(self.to_beats(F.leaky_relu(x, _SLOPE)))
        x = self.at_bars(self.to_bars(F.leaky_relu(x, _SLOPE)))
        return self.score(F.leaky_relu(x, _SLOPE).flatten(1))[:, 0]


class _Block(nn.Module):
    """Two convolutions over three steps beside a way straight through; normalised over channels in the generator.

    No normalisation over the batch: a phrase must not depend on its neighbours.
    """

    def __init__(self, size: int, *, normalised: bool = False) -> None:
        super().__init__()
        self.normalised = normalised
        self.one, self.two = (nn.Conv1d(size, size, 3, padding=1) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        y = x * torch.rsqrt(x.square().mean(1, keepdim=True) + 1e-6) if self.normalised else x
        return x + self.two(F.leaky_relu(self.one(F.leaky_relu(y, _SLOPE)), _SLOPE))


def _blocks(size: int, count: int, *, normalised: bool = False) -> nn.Sequential:
    return nn.Sequential(*(_Block(size, normalised=normalised) for _ in range(count)))
