"""Search finds what it says, on models so small that every piece can be counted."""

import itertools

import numpy as np
import pytest
from tests.generate.conftest import Toy

from antiphon.errors import OptionError
from antiphon.generate.beams import Beams
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.length import Ending, Length
from antiphon.generate.pieces import write_pieces
from antiphon.generate.sampling import Sampling
from antiphon.generate.search import Search
from antiphon.generate.voice import Voices

CODES = ((10, 20), (60, 64, 67), (16,), (9, 30))  # of step, pitch, velocity and duration: all that Small ever plays


class Small(Toy):
    """Twelve different notes, so that two of them make 144 pieces; the likeliest first note leads to unlikely ones."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(19)  # of few seeds a beam of 12 beats one of 2, which beats greed
        for table, codes in zip(self.tables, CODES, strict=True):
            table[:] = -np.inf
            table[:, codes] = 2 * rng.standard_normal((13, len(codes)))

    def step(self, rows, state):
        return super().step(np.where(rows == self.codec.start_row, 0, rows), state)  # the same for codes of any sizes


def every_piece(toy, length):
    """The log-probability of each piece, by its notes."""
    notes = [np.array(codes) for codes in itertools.product(*CODES)]
    found = {}
    for piece in itertools.product(notes, repeat=length):
        state, total = toy.start(1), 0.0
        heard = toy.codec.start_row
        for row in piece:
            features, state = toy.step(heard[None], state)
            for i, code in enumerate(row):
                logits = toy.logits(i, features, row[None])[0].astype(float)
                total += logits[code] - np.log(np.exp(logits).sum())
            heard = row
        found[tuple(map(tuple, piece))] = total
    return found


def search(method, width, length=2, seed=(1,), **options):
    """The ways that a search ends with, as rows, and their scores."""
    control = Control(search=Search(method=method, width=width, **options))
    beams, rows = Beams(Small(), seed, control), []
    for _ in range(length):
        new, parents = beams.next()
        rows = [
            [*rows[p], tuple(map(int, row))] if rows else [tuple(map(int, row))]
            for p, row in zip(parents, new, strict=True)
        ]
    return [tuple(way) for way in rows], beams.score, beams.best


@pytest.fixture(scope="module")
def pieces():
    return every_piece(Small(), 2)


def test_the_toy_is_a_distribution(pieces):
    assert len(pieces) == 144
    assert np.exp(list(pieces.values())).sum() == pytest.approx(1)


def test_a_wide_beam_finds_the_optimum(pieces):
    ways, score, best = search("beam", 144)
    optimum = max(pieces, key=pieces.get)
    assert ways[best] == optimum
    assert score[best] == pytest.approx(pieces[optimum])
    assert sorted(ways) == sorted(pieces)


def test_a_beam_is_better_than_greed(pieces):
    control = Control(sampling=Sampling(greedy=True))
    voices = Voices(Small(), [(1,)], control)
    greedy = pieces[tuple(tuple(map(int, voices.next()[0])) for _ in range(2))]
    narrow, wide = (max(search("beam", width)[1]) for width in (2, 12))
    assert greedy == pytest.approx(max(search("beam", 1)[1]))
    assert greedy <= narrow <= wide
    assert greedy < wide


def test_a_beams_score_is_the_log_probability(pieces):
    ways, score, _ = search("beam", 8)
    assert score == pytest.approx([pieces[way] for way in ways])
    assert len(set(ways)) == 8


def test_stochastic_beams_draw_without_putting_back(pieces):
    found = [search("stochastic", 3, seed=(i,)) for i in range(300)]
    assert all(len(set(ways)) == 3 for ways, _, _ in found)
    assert all(score == pytest.approx([pieces[way] for way in ways]) for ways, score, _ in found)
    # The beam with the most noise comes first, and is a sample of the model: Kool et al., section 4.
    first = [ways[0] for ways, _, _ in found]
    for note in {way[0] for way in pieces}:
        expected = sum(np.exp(p) for way, p in pieces.items() if way[0] == note)
        assert np.mean([way[0] == note for way in first]) == pytest.approx(expected, abs=0.08)


def test_stochastic_beams_of_one_seed_are_the_same():
    assert search("stochastic", 4, seed=(3,))[0] == search("stochastic", 4, seed=(3,))[0]
    assert search("stochastic", 4, seed=(3,))[0] != search("stochastic", 4, seed=(4,))[0]


def test_diverse_beams_differ_more():
    def different(**options):
        ways, _, _ = search(width=4, length=3, **options)
        return np.mean(
            [
                a != b
                for x, y in itertools.combinations(ways, 2)
                for m, n in zip(x, y, strict=True)
                for a, b in zip(m, n, strict=True)
            ]
        )

    assert different(method="diverse", groups=4, diversity=5.0) > different(method="beam")
    assert different(method="diverse", groups=4, diversity=0.0) == 0  # all groups then do the same


def test_more_beams_than_ways_are_empty():
    ways, score, best = search("beam", 20, length=1)
    assert np.isfinite(score).sum() == 12
    assert ways[best] in [way for way, s in zip(ways, score, strict=True) if np.isfinite(s)]


def test_a_deadline_that_has_passed_stops_branching(pieces):
    ways, _, best = search("beam", 144, deadline_ms=1e-6)
    assert len(set(ways)) == 1  # no way ever branched: all is greedy
    assert pieces[ways[best]] < max(pieces.values())


def test_pieces_of_other_lengths_are_compared_by_the_note():
    c = Constraints(step_max_s=2.0, tempo=120)
    control = Control(
        search=Search(method="beam", width=6), length=Length(seconds=4), ending=Ending(hold_s=1), constraints=c
    )
    pieces = write_pieces(Toy(), None, [(1,)], control=control)
    assert pieces.scores[0].length_s == pytest.approx(4, abs=0.011)
    assert len(pieces.log_prob) == 1


def test_a_whole_piece_is_searched_for(pieces):
    control = Control(search=Search(method="beam", width=144), length=Length(notes=2))
    made = write_pieces(Small(), None, [(1,), (2,)], control=control)
    optimum = max(pieces, key=pieces.get)
    assert made.log_prob == pytest.approx([max(pieces.values())] * 2)
    assert made.scores[0].notes["pitch"].tolist() == [row[1] for row in optimum]


def test_the_best_of_several_is_kept():
    def best(count, **options):
        return write_pieces(Toy(), Length(notes=10), [(1,)], control=Control(search=Search(best_of=count)), **options)

    def highest(score):
        return float(score.notes["pitch"].max())

    each = [write_pieces(Toy(), Length(notes=10), [(1, i) if i else (1,)]).scores[0] for i in range(8)]
    assert best(8, measure=highest).scores[0] == max(each, key=highest)
    assert best(8).log_prob[0] >= max(best(n).log_prob[0] for n in (2, 4))
    assert best(1).scores[0] == each[0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "beem"}, "unknown search 'beem'; did you mean 'beam'"),
        ({"width": 0}, r"a search's width\) 0 is out of range"),
        ({"best_of": 0}, "best-of 0 is out"),
        ({"diversity": -1}, "diversity -1"),
        ({"length_power": 3}, "length_power 3"),
        ({"deadline_ms": 0}, "a deadline of 0 ms"),
        ({"method": "diverse", "width": 5, "groups": 2}, "5 beams cannot be parted into 2"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        Search(**options)
