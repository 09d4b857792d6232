"""A ban is kept, counted, and gives way to nothing but constraints that leave nothing else."""

import numpy as np
import pytest
from tests.generate.conftest import Toy

from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.length import Length
from antiphon.generate.pieces import write_pieces
from antiphon.generate.search import Search
from antiphon.generate.voice import Voices


class Steps:
    """Bans any note of the pitch class that the onset, counted in cells, gives; so it knows where notes stand."""

    def __init__(self):
        self.onset, self.heard = None, ()

    def hear(self, step, pitch):
        self.onset = 0 if self.onset is None else self.onset + step
        self.heard += ((self.onset, pitch),)

    def banned(self, step):
        if self.onset is None or step == 0:
            return None
        return np.arange(128) % 12 == (self.onset + step) % 12


CONTROLS = [
    Control(),
    Control(constraints=Constraints(step_min_s=0.05)),
    Control(constraints=Constraints(tempo=97, grid="1/16")),
    Control(search=Search(method="beam", width=3)),
]


def violations(score):
    cells = np.rint(score.onset_s * 100).astype(int)
    apart = np.diff(cells, prepend=cells[0]) > 0
    return int((apart & (score.notes["pitch"] % 12 == cells % 12)).sum())


@pytest.mark.parametrize("control", CONTROLS, ids=["free", "constrained", "on a grid", "searched"])
def test_what_is_banned_is_not_written(control):
    free = write_pieces(Toy(), Length(notes=60), [(1,), (2,)], control=control)
    assert sum(map(violations, free.scores)) > 0 or control.search.method == "beam"
    assert free.bans == []
    made = write_pieces(Toy(), Length(notes=60), [(1,), (2,)], control=control, ban=Steps)
    assert [violations(score) for score in made.scores] == [0, 0]
    assert all(told["avoided"] > 20 and told["unavoidable"] == 0 for told in made.bans)


def test_voices_of_a_batch_and_those_rewound_have_bans_of_their_own():
    together = Voices(Toy(), [(1,), (2,)], ban=Steps)
    alone = Voices(Toy(), [(2,)], ban=Steps)
    for _ in range(10):
        assert (together.next()[1] == alone.next()[0]).all()
    mark, once = alone.mark(), [alone.next().tolist() for _ in range(5)]
    counts = alone.bans.report(0)
    alone.rewind(mark)
    assert [alone.next().tolist() for _ in range(5)] == once
    assert alone.bans.report(0) == counts
    assert len(alone.bans.of[0].heard) == 15


def test_constraints_come_first():
    control = Control(constraints=Constraints(pitch_low=60, pitch_high=60, step_min_s=0.05))
    made = write_pieces(Toy(), Length(notes=100), [(1,)], control=control, ban=Steps)
    assert set(made.scores[0].notes["pitch"].tolist()) == {60}
    assert made.bans[0]["unavoidable"] == violations(made.scores[0]) > 0


@pytest.mark.parametrize("kept", [True, False])
def test_a_prompt_is_told_to_a_ban_only_where_it_is_part_of_the_piece(kept):
    prompt = np.array([[0, 60, 16, 20], [30, 62, 16, 20]])
    voices = Voices(Toy(), [(1,)], prompt=prompt, kept=kept, ban=Steps)
    assert voices.bans.of[0].heard == (((0, 60), (30, 62)) if kept else ())
