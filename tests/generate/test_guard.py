"""The guard steps in where the writing has broken down, and nowhere else."""

import numpy as np
import pytest
from tests.generate.conftest import Toy

from antiphon.codec import Note, NoteCodec
from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Length
from antiphon.generate.pieces import write_pieces
from antiphon.generate.sampling import Sampling
from antiphon.generate.voice import Voices
from antiphon.generate.watch import Watch


class Stuck(Toy):
    """A model that always likes the same best, by a margin that sampling does not overcome."""

    def __init__(self, step=10, pitch=60, duration=10, margin=60.0):
        super().__init__()
        for table, code in zip(self.tables, (step, pitch, 16, duration), strict=True):
            table[:] = np.random.default_rng(2).standard_normal(table.shape)
            table[:, code] += margin


class Loop(Stuck):
    """A model that plays the same three notes for ever."""

    def logits(self, index, features, rows):
        logits = super().logits(index, features, rows)
        if index == 1:
            last = self.heard[-1][:, 1]
            for i, pitch in enumerate(last):
                logits[i, {60: 64, 64: 67}.get(int(pitch), 60)] += 100
        return logits


def rows(engine, control, count=80, voices=2):
    made = Voices(engine, [(1, i) for i in range(voices)], control)
    return np.array([made.next() for _ in range(count)]), made.report


def longest_run(pitches):
    changes = np.flatnonzero(np.diff(np.concatenate([[-1], pitches, [-1]])))
    return int(np.diff(changes).max())


def test_one_pitch_is_not_struck_for_ever():
    free, report = rows(Stuck(), Control())
    assert longest_run(free[:, 0, 1]) == 80
    assert report == []
    guarded, report = rows(Stuck(), Control(guard=Guard(same_pitch=5)))
    assert longest_run(guarded[:, 0, 1]) == 5
    assert all(told["blocked_notes"] >= 10 for told in report)


def test_a_block_of_notes_is_not_repeated_for_ever():
    guard = Guard(repeats=3, entropy=0)
    loop, report = rows(Loop(), Control(guard=guard), count=60, voices=1)
    blocks = ["".join(map(str, loop[i : i + 12, 0, 1])) for i in range(48)]
    assert not any(block == (block[:6] * 4) for block in blocks)
    assert report[0]["blocked_notes"] > 0
    free, _ = rows(Loop(), Control(), count=60, voices=1)
    assert free[3:, 0, 1].tolist() == free[:-3, 0, 1].tolist()


def test_silence_does_not_last():
    free, _ = rows(Stuck(step=110), Control(), count=20)
    made = Voices(Stuck(step=110), [(1,)], Control(guard=Guard(silence_s=2.0)))
    end_ms, gaps = 0, []
    for _ in range(20):
        made.next()
        note = made.notes[0]
        gaps.append(note.onset_ms - end_ms)
        end_ms = max(end_ms, note.onset_ms + note.duration_ms)
    assert max(gaps[1:]) <= 2000
    assert made.report[0]["shortened_silences"] > 0
    assert (free[:, 0, 0] == 110).all()


def test_the_temperature_rises_where_nothing_surprises_and_falls_again():
    guard = Guard(window=10, entropy=1.0, hottest=3.0, same_pitch=1000, repeats=100)
    control = Control(guard=guard)
    cold = Voices(Stuck(), [(1,)], control)
    for _ in range(9):
        cold.next()
    assert cold.report[0]["hottest"] == 1.0
    for _ in range(3):
        cold.next()
    assert cold.report[0]["hottest"] == pytest.approx(3.0, abs=0.01)
    assert cold.report[0]["heated_notes"] == 2


class Round(Toy):
    """A model that plays three pitches round and round, never in the same rhythm, so that no block of notes returns."""

    def logits(self, index, features, rows):
        logits = super().logits(index, features, rows)
        if index == 1:
            logits[np.arange(len(rows)), 60 + self.heard[-1][:, 1] % 3] += 100
        return logits


def test_the_temperature_rises_where_the_same_pitches_return_in_any_rhythm():
    bounds = {"entropy": 0, "repeats": 100, "same_pitch": 1000, "silence_s": 60}
    _, report = rows(Round(), Control(guard=Guard(**bounds, repeated=0.5, hottest=3.0)))
    assert all(told["hottest"] > 2 and told["heated_notes"] > 20 for told in report)
    _, report = rows(Round(), Control(guard=Guard(**bounds, repeated=1)))
    assert all(told["hottest"] == 1 for told in report)


def test_a_model_that_is_well_is_left_alone():
    control = Control(guard=Guard())
    free, _ = rows(Toy(), Control(guard=Guard(silence_s=60)))
    guarded, report = rows(Toy(spread=1.0), Control(guard=Guard(silence_s=60)))
    plain, _ = rows(Toy(spread=1.0), Control())
    assert (guarded == plain).all()
    assert report == [{"heated_notes": 0, "hottest": 1.0, "blocked_notes": 0, "shortened_silences": 0}] * 2
    assert free.shape == guarded.shape
    assert control.guard == Guard()


def test_constraints_come_before_the_guard():
    c = Constraints(pitch_low=60, pitch_high=60)
    control = Control(constraints=c, guard=Guard(same_pitch=2))
    only, report = rows(Toy(), control, count=30)
    assert (only[:, :, 1] == 60).all()
    assert report[0]["blocked_notes"] == 0


def test_the_guard_minds_no_neighbours():
    control = Control(guard=Guard(same_pitch=3), sampling=Sampling(temperature=0.4))
    together, told = rows(Stuck(margin=4.0), control, voices=4)
    for i in range(4):
        made = Voices(Stuck(margin=4.0), [(1, i)], control)
        assert (np.array([made.next()[0] for _ in range(80)]) == together[:, i]).all()
        assert made.report == [told[i]]


def test_pieces_tell_what_the_guard_did():
    pieces = write_pieces(Stuck(), Length(notes=40), [(1,), (2,)], control=Control(guard=Guard(same_pitch=4)))
    assert [told["blocked_notes"] > 0 for told in pieces.guard] == [True, True]
    assert write_pieces(Stuck(), Length(notes=4), [(1,)]).guard == []


@pytest.mark.parametrize(
    "options",
    [
        {"window": 2},
        {"repeats": 1},
        {"longest_block": 1},
        {"same_pitch": 0},
        {"entropy": -1},
        {"repeated": 1.5},
        {"hottest": 0.5},
        {"silence_s": 0},
    ],
)
def test_options_out_of_range_are_refused(options):
    with pytest.raises(OptionError, match=f"the guard's {next(iter(options))} .* is out of range"):
        Guard(**options)


def looping(played, guard):
    """The pitches that would go on with a loop, by the definition: all that was played, oldest first."""
    found, pitches = set(), [pitch for _, pitch, _ in played]
    if len(pitches) >= guard.same_pitch and len(set(pitches[-guard.same_pitch :])) == 1:
        found.add(pitches[-1])
    for block in range(2, guard.longest_block + 1):
        same = [a == b for a, b in zip(played[block:], played, strict=False)]
        most = block * (guard.repeats - 1)
        if len(same) >= most and all(same[-most:]):
            found.add(pitches[-block])
    return found


def heat(played, chances, guard):
    """The factor of the temperature, by the definition."""
    if len(chances) < guard.window:
        return 1.0
    pitches = [0, 0, 0, *(pitch for _, pitch, _ in played)]
    runs = [tuple(pitches[i : i + 4]) for i in range(len(played))]
    stale = [run in runs[max(i - guard.window, 0) : i] for i, run in enumerate(runs)][-guard.window :]
    dull = 1 + np.log(chances[-guard.window :]).mean() / guard.entropy
    return 1 + np.clip(max(dull, (np.mean(stale) - guard.repeated) / (1 - guard.repeated)), 0, 1) * (guard.hottest - 1)


@pytest.mark.parametrize("seed", range(6))
def test_loops_and_heat_are_what_the_definitions_say(seed):
    rng = np.random.default_rng(seed)
    guard = Guard(window=int(rng.integers(8, 30)), repeats=3, same_pitch=5, longest_block=4, entropy=1.5, repeated=0.4)
    few = np.stack([rng.integers(0, size, 4) for size in (5, 128, 32, 20)], 1)
    watch, played, chances = Watch(guard, NoteCodec(), 1), [], []
    for i in range(150):
        row = few[i % 3 if i % 40 < 25 else rng.integers(0, 4)]
        chances.append(float(rng.random() ** 2))
        played.append((int(row[0]), int(row[1]), int(row[3])))
        watch.after(row[None], (Note(0, 100, int(row[1]), 64, 0),), np.array([chances[-1]]))
        allowed = watch.limit("pitch", np.zeros((1, 128), np.float32), None)
        blocked = set() if allowed is None else set(np.flatnonzero(~allowed[0]).tolist())
        assert blocked == looping(played, guard)
        assert watch.heat.item() == pytest.approx(heat(played, chances, guard))
        assert watch.hot == (watch.heat.item() > 1)
