"""The voice of a live model by itself."""

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.generate.sampling import Sampling
from antiphon.live.voice import LiveVoice

PITCH = NoteCodec().column["pitch"]


def free(name, row):
    return None


def test_what_is_drawn_after_going_back_is_drawn_anew(toy):
    voice = LiveVoice(toy(), (1,))
    mark = voice.mark()
    first = [voice.draw(Sampling(), free, {})[0] for _ in range(8)]
    voice.rewind(mark)
    again = [voice.draw(Sampling(), free, {})[0] for _ in range(8)]
    assert not np.array_equal(first, again)  # the same numbers would make an echo of what was taken back
    voice.rewind(mark)
    other = LiveVoice(toy(), (1,))
    for row in first:
        voice.listen(row[None])
        other.listen(row[None])
    assert all(np.array_equal(a, b) for a, b in zip(voice.state, other.state, strict=True))


def test_the_same_seed_writes_the_same(toy):
    rows = [[LiveVoice(toy(), (seed,)).draw(Sampling(), free, {})[0].tolist() for _ in range(1)] for seed in (4, 4, 5)]
    assert rows[0] == rows[1] != rows[2]


def test_what_is_given_stands_and_what_is_wished_is_kept(toy):
    voice = LiveVoice(toy(), (2,))

    def low(name, row):
        return np.arange(128) < 50 if name == "pitch" else None

    for _ in range(50):
        row, cells = voice.draw(Sampling(), low, {"step": 7})
        assert row[0] == 7
        assert row[PITCH] < 50
        assert cells > 0


def test_a_wish_that_the_codec_refuses_gives_way_but_a_step_keeps_the_wish(toy):
    voice = LiveVoice(toy(), (2,))
    voice.listen(np.array([[0, 100, 10, 10]]))

    def below(name, row):
        return np.arange(128) < 50 if name == "pitch" else None

    row, _ = voice.draw(Sampling(), below, {"step": 0})
    assert row[PITCH] >= 100  # notes of a chord rise


class Stubborn:
    """An engine that nearly always wants the same note."""

    def __init__(self):
        self.codec, self.chunk = NoteCodec(), 1

    def start(self, batch):
        return (np.zeros((batch, 1)),)

    def step(self, rows, state):
        return np.zeros((len(rows), 1), np.float32), state

    def hear(self, rows, state):
        return np.zeros((*rows.shape[:2], 1), np.float32), state

    def logits(self, index, features, rows):
        logits = np.zeros((1, self.codec.attributes[index].size), np.float32)
        logits[0, 20] = 12 if index == PITCH else 40
        return logits


def test_where_the_writing_breaks_down_the_temperature_rises():
    voice = LiveVoice(Stubborn(), (3,))
    other = [i for i in range(400) if voice.draw(Sampling(), free, {})[0][PITCH] != 20]
    runs = np.diff(other) - 1
    assert set(runs[:4]) == {8}  # of one pitch, until the guard breaks them
    assert min(runs[10:]) < 8  # later the temperature, too
    assert voice.report[0]["hottest"] > 1.3
