"""What a note costs beyond the model: drawing its attributes, the codec's rules, constraints and the guard.

The model's own answers are recorded once and played back, so that what is timed is all the rest, with the distributions
that a real model gives. A round is 200 notes; the median round counts, rounds of all controls take turns. Processor
time, which for one thread is the time itself on a machine that has nothing else to do. How many times as long a note
takes as with nothing asked is compared round by round, as a machine's pace may change from one to the next.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from antiphon.engine import open_bundle, open_engine
from antiphon.engine.base import Engine, State
from antiphon.engine.through import Through
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Ending, Length
from antiphon.generate.sampling import Sampling
from antiphon.generate.voice import Voices
from record import Value, parser, save

NOTES = 200
CONTROLS = {
    "nothing asked": Control(),
    "temperature, top-p, min-p": Control(sampling=Sampling(temperature=0.9, top_p=0.95, min_p=0.02)),
    "top-k": Control(sampling=Sampling(top_k=20)),
    "typical": Control(sampling=Sampling(typical=0.9)),
    "repetition": Control(sampling=Sampling(repetition=1.2)),
    "greedy": Control(sampling=Sampling(greedy=True)),
    "guard": Control(guard=Guard()),
    "key and range": Control(constraints=Constraints(key="D minor", pitch_low=36, pitch_high=90)),
    "all of it": Control(
        sampling=Sampling(temperature=0.9, top_p=0.95),
        constraints=Constraints(
            key="D minor", tempo=96, grid="1/16", swing=0.6, chords="Dm Bb F C", polyphony=5, density_high=12,
            density_low=1, velocity_low=30, velocity_high=110, step_max_s=4, duration_max_s=6, drone=(38,),
        ),
        guard=Guard(), length=Length(bars=100_000), ending=Ending(),
    ),
}  # fmt: skip


class Recorder(Through):
    """An engine that remembers the logits it gave."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.said: list[np.ndarray] = []

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """The other's, and remembered."""
        self.said.append(super().logits(index, features, rows))
        return self.said[-1]


class Recording(Through):
    """An engine that computes nothing: it gives again what another gave while it wrote NOTES notes."""

    def __init__(self, engine: Engine, batch: int) -> None:
        super().__init__(engine)
        self.chunk = 1
        recorder = Recorder(engine)
        voices = Voices(recorder, [(0, i) for i in range(batch)])
        for _ in range(NOTES):
            voices.next()
        start = np.broadcast_to(self.codec.start_row, (batch, len(self.codec.attributes)))
        self._heard, self._said = engine.step(start, engine.start(batch)), recorder.said
        self.rewind()

    def rewind(self) -> None:
        """Begin again."""
        self._next = 0

    def step(self, rows: np.ndarray, state: State) -> tuple[np.ndarray, State]:
        """The first step's, always."""
        return self._heard

    def logits(self, index: int, features: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """What was recorded next."""
        self._next = (self._next + 1) % len(self._said)
        return self._said[self._next - 1]


def main() -> None:
    """A row for each control and batch size."""
    options = parser(__doc__ or "", "python benchmarks/sampling.py piano")
    options.add_argument("model", metavar="MODEL", help="a model's name or folder")
    options.add_argument("--rounds", type=int, default=15, help="turns of each control (default: 15)")
    options.add_argument("--batch", type=int, action="append", help="voices at once; repeatable (default: 1 and 16)")
    args = options.parse_args()
    engine = open_engine(open_bundle(args.model))
    rows: list[dict[str, Value]] = []
    for batch in args.batch or [1, 16]:
        recording = Recording(engine, batch)
        turns = {name: _round(recording, batch, control) for name, control in CONTROLS.items()}
        spent: dict[str, list[float]] = {name: [] for name in turns}
        for _ in range(args.rounds):
            for name, turn in turns.items():
                spent[name].append(turn())
        plain = np.array(spent["nothing asked"])
        for name, seconds in spent.items():
            micros = np.array(seconds) / batch * 1e6
            rows.append({
                "control": name, "batch": batch, "µs a note": float(np.median(micros)),
                "fastest": float(micros.min()), "times as long": float(np.median(seconds / plain)),
            })  # fmt: skip
    save(args, rows, ("antiphon", "numpy"))


def _round(recording: Recording, batch: int, control: Control) -> Callable[[], float]:
    """A function that writes NOTES notes and tells how many seconds each step took."""
    voices = Voices(recording, [(1, i) for i in range(batch)], control)

    def turn() -> float:
        recording.rewind()
        began = time.process_time()
        for _ in range(NOTES):
            voices.next()
        return (time.process_time() - began) / NOTES

    turn()
    return turn


if __name__ == "__main__":
    main()
