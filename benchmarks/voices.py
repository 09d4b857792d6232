"""Four voices at once: nats a note of Bach's chorales in sixteenths, the grid of Coconet and Music Transformer.

Every sixteenth has four notes, soprano to bass, or a rest; a note that is held counts again in each sixteenth, and is
not told from one that is repeated (Huang et al. 2017). All four are predicted jointly from all sixteenths before, each
voice given those above it, by the Transformer of the registry. The likelihood is summed over all notes and divided by
their number: four for each sixteenth, the first among them. Where a sixteenth stands in its bar of sixteen, counted
from the beginning, is given. Weights are chosen on the validation split; the test split is heard once, by those.

The folder of data holds ``Jsb16thSeparated.json`` of github.com/czhuang/JSB-Chorales-dataset. Runs are resumable.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from antiphon.codec import Attribute, NoteCodec
from antiphon.models.base import Stepper
from antiphon.models.registry import build
from frames import EVALUATED, Pieces, Run, Training, fit, padded
from record import parser, save

VOICES = "soprano", "alto", "tenor", "bass"
SPLITS = {"train": "train", "validation": "valid", "test": "test"}
LOWEST, HIGHEST, REST = 36, 81, 0
BAR = 16
RUN = Run(
    data="JSB, sixteenths",
    backbone="transformer",
    heads="chained",
    options={
        "size": 192, "layers": 4, "groups": 1, "inner": 512, "context": 256, "dropout": 0.25, "head_size": 256,
    },
    steps=3000,
    window=256,
    batch=8,
    rate=1.5e-3,
    decay=0.1,
    transpose=6,
    every=200,
)  # fmt: skip


@dataclass(frozen=True)
class VoiceCodec(NoteCodec):
    """A row a sixteenth: its place in the bar, then a code a voice, 0 for a rest."""

    @cached_property
    def attributes(self) -> tuple[Attribute, ...]:
        """The columns of a row; the place is called as the Transformer calls what tells time."""
        return Attribute("step", BAR), *(Attribute(name, HIGHEST - LOWEST + 2) for name in VOICES)


CODEC = VoiceCodec()


def read(path: Path) -> Pieces:
    """(T, 5) rows of each chorale of each split."""
    found = json.loads(path.read_text())
    return {split: [rows(np.array(piece)) for piece in found[name]] for split, name in SPLITS.items()}


def rows(pitches: np.ndarray) -> np.ndarray:
    """(T, 4) MIDI numbers, below 0 for a rest → (T, 5) rows."""
    place = np.arange(len(pitches))[:, None] % BAR
    return np.concatenate([place, np.where(pitches > 0, pitches - LOWEST + 1, REST)], 1).astype(np.uint8)


def window(piece: np.ndarray, start: int, run: Run, rng: np.random.Generator) -> np.ndarray:
    """(1 + T, 5) the row before a window and the window, moved by a few semitones within the range of all chorales."""
    voices = piece[max(start, 0) : start + run.window].astype(np.int64)
    notes = voices[:, 1:]
    sounding = notes[notes != REST]
    low, high = 1 - int(sounding.min()), HIGHEST - LOWEST + 1 - int(sounding.max())
    shift = int(rng.integers(max(low, -run.transpose), min(high, run.transpose) + 1))
    notes[notes != REST] += shift
    return np.concatenate([CODEC.start_row[None], voices])


@torch.inference_mode()
def nats_per_note(model: Stepper, pieces: list[np.ndarray]) -> float:
    """Whole pieces, each from its start: the nats of all notes by their number."""
    total, notes = 0.0, 0
    together = max(EVALUATED // max(map(len, pieces)), 1)
    for first in range(0, len(pieces), together):
        batch = padded([np.concatenate([CODEC.start_row[None], piece]) for piece in pieces[first : first + together]])
        log_prob = model.log_prob(batch)[..., 1:]
        total -= float(log_prob[batch.weight > 0].double().sum())
        notes += int(batch.weight.sum()) * len(VOICES)
    return total / notes


class Chorales(Training):
    """Learning to go on with four voices."""

    cut = staticmethod(window)
    measure = staticmethod(nats_per_note)

    def made(self, run: Run) -> Stepper:
        """The untrained Transformer."""
        model = build(run.backbone, run.options, CODEC)
        assert isinstance(model, Stepper)
        return model


def main() -> None:
    """One row: the Transformer."""
    options = parser(__doc__ or "", "python benchmarks/voices.py jsb-chorales --runs runs/voices")
    options.add_argument("data", type=Path, help="the folder of Jsb16thSeparated.json")
    options.add_argument("--runs", type=Path, default=Path("runs/voices"), help="where runs are kept")
    args = options.parse_args()
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    args.runs.mkdir(parents=True, exist_ok=True)
    training = Chorales(RUN, args.runs / "transformer.pt")
    found = fit(training, read(args.data / "Jsb16thSeparated.json"))
    row = {
        "set": RUN.data,
        "backbone": RUN.backbone,
        "transposed": f"±{RUN.transpose}",
        "parameters": found["parameters"],
        "validation, nats a note": found["validation"],
        "test": found["test"],
        "minutes of a core": found["cpu_s"] / 60,
    }
    save(args, [row], ("antiphon", "numpy", "torch"))


if __name__ == "__main__":
    main()
