"""Frame by frame: test nats a frame of the published piano rolls, by the published protocol.

Of every piece each frame but the first is predicted from all before it; the negative log-likelihood is summed over the
88 keys, over frames and over pieces, and divided by the number of predicted frames. Weights are chosen on the
validation split, and the test split is heard once, by those (Bai et al. 2018, `poly_music/music_test.py`). Heads that
are independent and a head that is joint over the frame's keys are both exact and so comparable.

Runs are resumable: what is finished is not trained again, and an interrupted run goes on from its last validation.
"""

from __future__ import annotations

import copy
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch

from antiphon.corpus.frames import read_frames
from antiphon.files.midi import write_midi
from antiphon.files.paths import written
from antiphon.models.base import Batch, Stepper, count_parameters
from antiphon.models.roll import Roll, RollConfig
from antiphon.rolls import RollCodec
from record import Value, parser, save

FILES = {"JSB": "JSB_Chorales", "Nottingham": "Nottingham", "Piano-midi.de": "Piano_midi", "MuseData": "MuseData"}
CODEC = RollCodec()
PIECE = 96  # frames of a piece that is written
EVALUATED = 4_000  # frames that are measured at once
Pieces: TypeAlias = Mapping[str, list[np.ndarray]]  # of each split


@dataclass(frozen=True, kw_only=True)
class Run:
    """One training run: a model, and how it learns."""

    data: str  # a key of FILES
    backbone: str
    heads: str
    options: Mapping[str, Any]  # of the backbone
    head: Mapping[str, Any] = field(default_factory=dict)  # of the joint head
    steps: int
    window: int = 128  # frames
    batch: int = 16  # windows
    rate: float = 2e-3  # the highest learning rate, reached after WARMUP steps; it then falls along a cosine
    decay: float = 0.05  # of matrices
    average: float = 0.995  # decay of the moving average of the weights that is measured
    transpose: int = 0  # semitones that a training window may move, either way
    every: int = 200  # steps between validations


Cut: TypeAlias = Callable[[np.ndarray, int, Run, np.random.Generator], np.ndarray]  # a window of a piece, from a start

WARMUP = 100
RECURRENT = {"size": 256, "layers": 1}  # the backbones with independent heads
DROPPED = {"JSB": 0.3, "Nottingham": 0.15, "Piano-midi.de": 0.4, "MuseData": 0.2}
SETS = {  # how they learn
    "JSB": {"window": 64, "steps": 1500, "rate": 3e-3, "every": 50},
    "Nottingham": {"window": 128, "steps": 5000, "rate": 3e-3},
}
CNN = {
    "JSB": Run(
        data="JSB",
        backbone="cnn",
        heads="independent",
        options={"size": 128, "layers": 4, "kernel": 4, "cycle": 4, "dropout": 0.4},
        transpose=6,  # without, it learns the 229 chorales by heart within 300 steps: validation 8.47
        decay=0.15,
        window=64,
        rate=3e-3,
        steps=4000,
    ),
    "Nottingham": Run(
        data="Nottingham",
        backbone="cnn",
        heads="independent",
        options={"size": 160, "layers": 4, "kernel": 6, "cycle": 4, "dropout": 0.2},
        **SETS["Nottingham"],
    ),
}
JOINT = {
    "JSB": Run(
        data="JSB",
        backbone="gru",
        heads="joint",
        options={"size": 128, "layers": 1, "dropout": 0.5},
        head={"channels": 48, "head_size": 128, "dropout": 0.35},
        transpose=6,
        rate=8e-3,
        decay=0.15,
        steps=1000,  # with twice as many it begins to learn the chorales by heart at half of them
        window=64,
        every=100,
    ),
    "Nottingham": Run(
        data="Nottingham",
        backbone="gru",
        heads="joint",
        options={"size": 128, "layers": 1, "dropout": 0.1, "attention": 96},
        head={"channels": 24, "head_size": 128, "dropout": 0.1},
        transpose=6,
        rate=8e-3,
        steps=2500,
        window=96,
        batch=12,
    ),
}
PIANO = {  # the two sets of piano music: one run for each kind of head
    "Piano-midi.de": {"window": 64, "steps": 1500, "transpose": 6, "decay": 0.1, "every": 100},
    "MuseData": {"window": 96, "steps": 2000, "every": 250},
}


def runs() -> dict[str, Run]:
    """All runs, by name."""
    found = {}
    for data, how in SETS.items():
        options = RECURRENT | {"dropout": DROPPED[data]}
        for backbone in ("lstm", "gru"):
            found[f"{data}-{backbone}"] = Run(data=data, backbone=backbone, heads="independent", options=options, **how)
        found |= {f"{data}-cnn": CNN[data], f"{data}-joint": JOINT[data]}
    for data, how in PIANO.items():
        options = RECURRENT | {"dropout": DROPPED[data]}
        found[f"{data}-gru"] = Run(data=data, backbone="gru", heads="independent", options=options, rate=3e-3, **how)
        options, head = options | {"size": 128}, {"channels": 32, "head_size": 128, "dropout": DROPPED[data]}
        found[f"{data}-joint"] = Run(
            data=data, backbone="gru", heads="joint", options=options, head=head, rate=6e-3, **how
        )
    return found


def batches(run: Run, pieces: list[np.ndarray], first: int, cut: Cut) -> Iterator[Batch]:
    """Batches of windows without end; number i is a function of i alone. Every pass cuts the pieces at new places."""
    passes, left, number, index = 0, np.empty((0, 2), np.int64), first, 0
    while True:
        while len(left) < run.batch:
            rng = np.random.default_rng((0, passes))
            starts = [np.arange(-int(rng.integers(run.window)), len(p), run.window) for p in pieces]
            more = np.concatenate([np.stack([np.full(len(s), i), s], -1) for i, s in enumerate(starts)])
            rng.shuffle(more)
            left, passes = np.concatenate([left, more]), passes + 1
        chosen, left = left[: run.batch], left[run.batch :]
        if index >= number:
            rng = np.random.default_rng((1, index))
            yield padded([cut(pieces[i], start, run, rng) for i, start in chosen])
        index += 1


def window(piece: np.ndarray, start: int, run: Run, rng: np.random.Generator) -> np.ndarray:
    """(1 + T, K) the frame before a window and the window, moved by a few semitones within the keyboard."""
    before = CODEC.start_row[None] if start <= 0 else piece[start - 1 : start]
    frames = piece[max(start, 0) : start + run.window]
    on = np.flatnonzero(np.concatenate([before, frames])[-len(frames) :].any(0))
    if not (run.transpose and len(on)):
        return np.concatenate([before, frames])
    low, high = -min(run.transpose, int(on[0])), min(run.transpose, CODEC.keys - 1 - int(on[-1]))
    shift = int(rng.integers(low, high + 1))
    return np.concatenate([before if start <= 0 else np.roll(before, shift, 1), np.roll(frames, shift, 1)])


def padded(windows: list[np.ndarray]) -> Batch:
    """Windows of several lengths as one batch."""
    longest = max(map(len, windows))
    rows = np.stack([np.pad(w, ((0, longest - len(w)), (0, 0))) for w in windows])
    weight = np.stack([np.arange(1, longest) < len(w) for w in windows])
    frames = torch.from_numpy(rows).long()
    return Batch(frames[:, :-1], frames[:, 1:], torch.from_numpy(weight).float())


@torch.inference_mode()
def nats_per_frame(model: Stepper, pieces: list[np.ndarray]) -> float:
    """The protocol: whole pieces, the first frame free, sums over keys and frames by the number of frames."""
    order = sorted((np.concatenate([CODEC.start_row[None], p]) for p in pieces), key=len)
    total, frames, together = 0.0, 0, []
    for i, piece in enumerate(order):
        together.append(piece)
        following = len(order[i + 1]) if i + 1 < len(order) else EVALUATED
        if following * (len(together) + 1) > EVALUATED:
            batch = padded(together)
            log_prob = measured(model, batch)
            total -= float(log_prob[batch.weight[:, 1:] > 0].double().sum())
            frames, together = frames + int(batch.weight[:, 1:].sum()), []
    return total / frames


def measured(model: Stepper, batch: Batch) -> torch.Tensor:
    """(B, T - 1) log-probability of all frames but the first, summed over keys."""
    features = model.features(batch.inputs)
    heard = batch.weight > 0
    found = torch.zeros(heard.shape)
    found[heard] = -model.heads.loss(features[heard], batch.targets[heard]).sum(-1)
    return found[:, 1:]


def fit(training: Training, pieces: Pieces) -> dict[str, Any]:
    """Train to the end, or go on from where it stopped; what was measured."""
    run, name, done = training.run, training.path.stem, training.path.with_suffix(".json")
    if done.exists():
        return dict(json.loads(done.read_text()))
    while training.step < run.steps:
        training.go_on(pieces["train"])
        nats = training.validate(pieces["validation"])
        text = f"{name} step {training.step} validation {nats:.3f} best {training.best:.3f} {training.cpu_s:.0f} s"
        print(text, file=sys.stderr, flush=True)
    model = training.chosen()
    found = {"parameters": count_parameters(model), "validation": training.best, "cpu_s": training.cpu_s}
    found["test"] = training.measure(model, pieces["test"])
    done.write_text(json.dumps(found) + "\n")
    return found


class Training:
    """A run at a step: the model that learns, its moving average, and the best average so far."""

    cut = staticmethod(window)
    measure = staticmethod(nats_per_frame)

    def __init__(self, run: Run, path: Path) -> None:
        torch.manual_seed(0)
        self.run, self.path = run, path
        self.model = self.made(run)
        self.average = copy.deepcopy(self.model).requires_grad_(False).eval()
        matrices, others = ([p for p in self.model.parameters() if (p.dim() > 1) == many] for many in (True, False))
        groups = [{"params": matrices, "weight_decay": run.decay}, {"params": others, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=run.rate, betas=(0.9, 0.99))
        self.step, self.best, self.cpu_s = 0, math.inf, 0.0
        self.weights = copy.deepcopy(self.average.state_dict())
        if path.exists():
            self._load()

    def made(self, run: Run) -> Stepper:
        """The untrained model."""
        return Roll(RollConfig(backbone=run.backbone, options=run.options, heads=run.heads, **run.head), CODEC)

    def go_on(self, pieces: list[np.ndarray]) -> None:
        """Learn until the next validation is due."""
        began, last = time.process_time(), min((self.step // self.run.every + 1) * self.run.every, self.run.steps)
        for batch in batches(self.run, pieces, self.step, self.cut):
            self._advance(batch)
            if self.step == last:
                break
        self.cpu_s += time.process_time() - began

    def validate(self, pieces: list[np.ndarray]) -> float:
        """Measure the average, keep it if it is the best, and save all."""
        nats = self.measure(self.average, pieces)
        if nats < self.best:
            self.best, self.weights = nats, copy.deepcopy(self.average.state_dict())
        self._save()
        return nats

    def chosen(self) -> Stepper:
        """The best average by validation."""
        self.average.load_state_dict(self.weights)
        return self.average

    def _advance(self, batch: Batch) -> None:
        run, step = self.run, self.step
        torch.manual_seed(step)  # dropout
        rate = run.rate * min((step + 1) / WARMUP, 0.5 * (1 + math.cos(math.pi * step / run.steps)) + 0.01)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad()
        self.model.loss(batch).backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(run.average, self.step / (9 + self.step))
        with torch.no_grad():
            for old, new in zip(self.average.parameters(), self.model.parameters(), strict=True):
                old.lerp_(new, 1 - decay)

    def _save(self) -> None:
        numbers = {"step": self.step, "best": self.best, "cpu_s": self.cpu_s, "weights": self.weights}
        parts = {name: getattr(self, name).state_dict() for name in ("model", "average", "optimiser")}
        with written(self.path) as temporary:
            torch.save(numbers | parts, temporary)

    def _load(self) -> None:
        saved = torch.load(self.path, weights_only=True)
        for name in ("model", "average", "optimiser"):
            getattr(self, name).load_state_dict(saved[name])
        self.step, self.best, self.cpu_s, self.weights = (saved[n] for n in ("step", "best", "cpu_s", "weights"))


@torch.inference_mode()
def compose(model: Stepper, frames: int, seed: int) -> np.ndarray:
    """(T, K) frames that a model writes from nothing, each key drawn in turn."""
    torch.manual_seed(seed)
    rows, row, state = [], torch.from_numpy(CODEC.start_row).long()[None], model.start(1)
    for _ in range(frames):
        features, state = model.step(row, state)
        row = torch.zeros(1, CODEC.keys, dtype=torch.long)
        for key in range(CODEC.keys):
            row[:, key] = torch.multinomial(model.heads.logits(key, features, row).softmax(-1), 1)[:, 0]
        rows.append(row[0].numpy().astype(np.uint8))
    return np.stack(rows)


def main() -> None:
    """A row a run, each trained where it is not yet."""
    names = list(runs())
    options = parser(__doc__ or "", "python benchmarks/frames.py boulanger-mat --runs runs/frames")
    options.add_argument("data", type=Path, help="the folder of the published .mat files")
    options.add_argument("--runs", type=Path, default=Path("runs/frames"), help="where runs are kept")
    options.add_argument("--only", nargs="*", choices=names, default=names, help="some of them (default: all)")
    options.add_argument("--write", type=Path, help="a folder for a piece by each model, as MIDI")
    args = options.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    for folder in filter(None, (args.runs, args.write)):
        folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, Value]] = []
    for name in args.only:
        run = runs()[name]
        training = Training(run, args.runs / f"{name}.pt")
        found = fit(training, read_frames(args.data / f"{FILES[run.data]}.mat"))
        rows.append(row_of(run, found))
        if args.write:
            write_midi(CODEC.decode(compose(training.chosen(), PIECE, seed=1)), args.write / f"{name}.mid")
    save(args, rows, ("antiphon", "numpy", "torch"))


def row_of(run: Run, found: Mapping[str, Any]) -> dict[str, Value]:
    """What is shown of a run."""
    return {
        "set": run.data,
        "heads": run.heads,
        "backbone": run.backbone,
        "transposed": f"±{run.transpose}" if run.transpose else "no",
        "parameters": found["parameters"],
        "validation": found["validation"],
        "test": found["test"],
        "minutes of a core": found["cpu_s"] / 60,
    }


if __name__ == "__main__":
    main()
