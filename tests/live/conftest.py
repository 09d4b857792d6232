"""A model so small that it needs neither torch nor ONNX Runtime, and what tests of a session share."""

import numpy as np
import pytest

from antiphon.codec import HELD, NoteCodec
from antiphon.live.events import NoteOff, NoteOn
from antiphon.live.session import Session
from antiphon.live.settings import LiveSettings

STATES = 211


class Toy:
    """What follows depends on every row heard and on their order, so that one wrong row in its past shows.

    It likes steps below 0.3 s and notes below 0.5 s. ``chunk`` and ``pad`` make it a model that hears many rows at once
    and whose state is large.
    """

    def __init__(self, ends=0, chunk=1, pad=0):
        self.codec, self.chunk = NoteCodec(ends=ends), chunk
        rng = np.random.default_rng(0)
        self.tables = [rng.standard_normal((STATES, a.size)) for a in self.codec.attributes]
        self.tables[self.codec.column["step"]][:, 30:] -= 5
        self.tables[self.codec.column["duration"]][:, 50:HELD] -= 5
        self.pad = np.zeros((1, pad), np.uint8)
        self.steps = 0

    def start(self, batch):
        return np.ones((batch, 1), np.int64), self.pad

    def step(self, rows, state):
        features, after = self.hear(rows[:, None], state)
        return features[:, 0], after

    def hear(self, rows, state):
        place, pad = state
        features = []
        for t in range(rows.shape[1]):
            self.steps += 1
            place = (place * 31 + (rows[:, t].astype(np.int64) * [3, 7, 11, 13]).sum(-1, keepdims=True)) % STATES
            features.append(place.astype(np.float32))
        return np.stack(features, 1), (place, pad)

    def logits(self, index, features, rows):
        place = (features[:, 0].astype(np.int64) + rows[:, :index].sum(-1)) % STATES
        return self.tables[index][place].astype(np.float32)


class Room:
    """A session with a fake clock and everything that came out of it."""

    def __init__(self, engine=None, **settings):
        self.stopwatch = 0.0
        self.ended = []
        prompt = settings.pop("prompt", None)
        self.session = Session(
            engine or Toy(),
            LiveSettings(**settings),
            played=self.ended.append,
            timer=lambda: self.stopwatch,
            prompt=prompt,
        )
        self.now_s = 0.0
        self.tick_s = 0.01
        self.out = list(self.session.due(0.0))

    def at(self, now_s, *events):
        """Go on to a time, calling every few milliseconds, and do something there."""
        while self.now_s < now_s - 1e-9:
            wake_s = self.session.next_s()
            self.now_s = min(self.now_s + self.tick_s, now_s)
            due = self.session.due(self.now_s)
            assert not due or (wake_s is not None and wake_s <= self.now_s + 1e-3), "it did not ask to be called"
            self.out += due
        for event in events:
            self.session.hear(event, now_s)
        return self

    def play(self, start_s, pitches, step_s=0.25, length_s=0.2):
        """A phrase of single notes; the time at which the last one ends."""
        for i, pitch in enumerate(pitches):
            onset_s = start_s + i * step_s
            self.at(onset_s, NoteOn(pitch, 70))
            self.at(onset_s + length_s, NoteOff(pitch))
        return start_s + (len(pitches) - 1) * step_s + length_s

    @property
    def turn(self):
        return self.session.snapshot().turn

    @property
    def counters(self):
        return self.session.ledger.counters

    def ons(self, part="model"):
        return [(d.due_s, d.event) for d in self.out if d.part == part and isinstance(d.event, NoteOn)]

    def stuck(self):
        """Pitches of the model that began and did not end, in the order in which events came out."""
        sounding = []
        for due in self.out:
            if due.part == "model":
                if isinstance(due.event, NoteOn):
                    assert due.event.pitch not in sounding, "struck while it sounds"
                    sounding.append(due.event.pitch)
                elif due.event.pitch in sounding:
                    sounding.remove(due.event.pitch)
                else:
                    raise AssertionError("ended without having begun")
        return sounding


@pytest.fixture(scope="session")
def toy():
    return Toy


@pytest.fixture(scope="session")
def room():
    return Room
