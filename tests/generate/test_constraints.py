"""Constraints are guarantees: whatever is asked for, either two options contradict, or no note breaks any."""

import itertools
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.generate.conftest import Toy
from tests.generate.obeys import complaints

from antiphon.bins import STEP_BINS
from antiphon.codec import NoteCodec
from antiphon.engine import open_engine
from antiphon.errors import OptionError
from antiphon.generate.constraints import GRIDS, Constraints
from antiphon.generate.control import Control
from antiphon.generate.guard import Guard
from antiphon.generate.length import Ending, Length
from antiphon.generate.pieces import write_pieces
from antiphon.generate.rules import Rules
from antiphon.generate.sampling import Sampling
from antiphon.generate.search import Search
from antiphon.generate.stream import streams
from antiphon.notes import from_seconds

MELODY = from_seconds(np.arange(8) * 0.37, np.full(8, 0.4), 60 + np.arange(8), np.full(8, 80))


class Ends(Toy):
    """A toy whose durations may point to the ends of notes before."""

    def __init__(self, programs=False):
        super().__init__(programs)
        self.codec = NoteCodec(programs, 4)
        rng = np.random.default_rng(1)
        self.tables = [2 * rng.standard_normal((13, a.size)) for a in self.codec.attributes]


def some(**options):
    """Each option with its values, or left out."""
    return st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in options.items()})


def merged(first, second):
    """What both say, in one dictionary."""
    return st.builds(lambda one, other: one | other, first, second)


PITCHES = some(
    key=["D minor", "C lydian", "C E G", "A blues"], pitch_low=[0, 36, 60], pitch_high=[66, 84, 127],
    forbidden=[(60,), tuple(range(0, 128, 5))], drone=[(38,), (43, 31)], drone_s=[0.5, 2.0, 5.0],
    velocity_low=[30, 66], velocity_high=[66, 90],
)  # fmt: skip
TIMES = some(
    polyphony=[1, 2, 3, 5], step_min_s=[0.01, 0.2, 0.5], step_max_s=[0.1, 0.5, 1.0, 3.0],
    duration_min_s=[0.02, 0.5, 3.0], duration_max_s=[0.1, 0.5, 2.0], density_low=[0.3, 1.0, 3.0],
    density_high=[0.5, 3.0, 8.0], density_window_s=[1.0, 4.0, 8.0],
)  # fmt: skip
METRE = st.builds(dict, tempo=st.sampled_from([40, 60, 97.3, 120, 200]), metre=st.sampled_from(["4/4", "3/4", "6/8"]))
CHORDS = some(
    chords=["Am F C G", "Dm7:2 G7 Cmaj7", "Dm/A Bb5:0.5"], bars_per_chord=[0.5, 2.0], passing=[True]
)  # fmt: skip
EVEN = st.builds(dict, grid=st.sampled_from(GRIDS))
SWUNG = st.builds(dict, grid=st.sampled_from(["1/8", "1/16", "1/8t", "1/32"]), swing=st.sampled_from([0.6, 0.667]))
CLOCKS = {"none": st.just({}), "bars": METRE, "even": merged(METRE, EVEN), "swung": merged(METRE, SWUNG)}
LENGTHS = st.sampled_from(
    [Length(notes=40), Length(notes=1), Length(seconds=6.5), Length(seconds=2.0), Length(bars=1), Length(bars=3)]
)
ENDINGS = st.none() | st.builds(
    Ending, cadence=st.sampled_from([None, "D", "G"]), hold_s=st.sampled_from([None, 0.5, 3.0])
)


@st.composite
def controls(draw):
    """A control that contradicts itself nowhere."""
    options = draw(PITCHES) | draw(TIMES)
    clock = draw(st.sampled_from(sorted(CLOCKS)))
    options |= draw(CLOCKS[clock]) | ({} if clock == "none" else draw(CHORDS))
    length = draw(LENGTHS)
    assume(length.bars is None or "tempo" in options)
    sampling = Sampling(temperature=draw(st.sampled_from([0.5, 1.0, 4.0])), top_p=draw(st.sampled_from([0.9, 1.0])))
    return Control(constraints=Constraints(**options), length=length, ending=draw(ENDINGS), sampling=sampling)


def obeys(engine, control, voices=2, **options):
    """Notes written; 0 where the control contradicts itself, which is then said before the first note."""
    if said := contradiction(engine, control):
        assert "contradict each other" in said
        return 0
    pieces = write_pieces(engine, None, [(1, i) for i in range(voices)], control=control, **options)
    assert [problem for score in pieces.scores for problem in complaints(score, control)] == []
    return pieces.notes


def contradiction(engine, control):
    try:
        Rules.of(control, engine.codec)
    except OptionError as error:
        return str(error)
    return ""


def test_no_note_breaks_any_constraint_in_ten_thousand():
    # Some wish for what is forbidden with all their might: a chance of e to the minus hundred.
    toys, written, tried = [Toy(), Ends(), Toy(programs=True), Toy(spread=60)], [], set()

    @settings(max_examples=110)
    @given(toy=st.sampled_from(toys), control=controls())
    def obeyed(toy, control):
        written.append(obeys(toy, control, voices=16))
        if written[-1]:
            tried.update(asked(control))

    obeyed()
    assert sum(written) > 10_000
    assert sum(notes > 0 for notes in written) > 30  # sets of constraints that can be satisfied
    assert tried == {field.name for field in fields(Constraints)}


def asked(control):
    """The names of the constraints that ask for something."""
    return {field.name for field in fields(Constraints) if getattr(control.constraints, field.name) != field.default}


BROKEN = [  # what a model that obeys nothing breaks
    {"key": "C E G"}, {"pitch_low": 60}, {"pitch_high": 60}, {"forbidden": tuple(range(0, 128, 5))},
    {"polyphony": 1}, {"step_min_s": 0.2}, {"step_max_s": 0.1}, {"duration_min_s": 0.5}, {"duration_max_s": 0.1},
    {"velocity_low": 66}, {"velocity_high": 66}, {"density_low": 8.0}, {"density_high": 1.0},
    {"density_high": 3.0, "density_window_s": 1.0}, {"tempo": 97.3, "grid": "1/8"},
    {"tempo": 97.3, "grid": "1/8", "swing": 0.6}, {"tempo": 120, "chords": "Am"},
    {"tempo": 120, "chords": "Am F#", "bars_per_chord": 0.5, "metre": "3/4"},
    {"tempo": 120, "chords": "Am", "passing": True}, {"drone": (38,)}, {"drone": (38,), "drone_s": 0.5},
]  # fmt: skip


@pytest.mark.parametrize("options", BROKEN, ids=str)
def test_a_constraint_that_were_broken_would_be_noticed(options):
    control = Control(constraints=Constraints(**options), length=Length(notes=100))
    free = write_pieces(Toy(), Length(notes=100), [(1,)]).scores[0]
    assert complaints(free, control)
    assert obeys(Toy(), control)
    assert set().union(*BROKEN) == {field.name for field in fields(Constraints)}


@settings(max_examples=8)
@given(control=controls())
def test_nor_with_a_guard_and_a_repetition_penalty(control):
    sampling = Sampling(temperature=0.3, repetition=1.5)
    obeys(Toy(), Control(constraints=control.constraints, length=control.length, guard=Guard(), sampling=sampling))


@settings(max_examples=6)
@given(control=controls(), method=st.sampled_from(["beam", "stochastic", "diverse"]))
def test_nor_in_a_search(control, method):
    control = Control(
        constraints=control.constraints, ending=control.ending, search=Search(method=method, width=4),
        length=Length(notes=20) if control.length.notes else control.length,
    )  # fmt: skip
    obeys(Ends(), control)


@settings(max_examples=6)
@given(control=controls())
def test_nor_after_a_prompt(control):
    obeys(Toy(), control, prompt=MELODY)


def test_after_a_prompt_that_is_kept_the_music_goes_on_in_its_time():
    c = Constraints(tempo=120, grid="1/8", chords="C G", bars_per_chord=1, polyphony=2, pitch_low=40)
    control = Control(constraints=c, length=Length(notes=40))
    for score in write_pieces(Toy(), None, [(1,), (2,)], control=control, prompt=MELODY, keep_prompt=True).scores:
        assert len(score) == 48
        assert score.onset_s[:8] == pytest.approx(MELODY.onset_s, abs=0.01)
        new = score.select(np.arange(48) >= 8)
        assert complaints(new, Control(constraints=c, length=Length(notes=40))) == []
        assert new.notes["onset"][0] >= score.notes["onset"][7]


def test_constraints_ask_for_no_company():
    c = Constraints(key="D minor", tempo=90, grid="1/16", polyphony=3, density_high=6, drone=(38,))
    control = Control(constraints=c, length=Length(notes=40), guard=Guard())
    together = write_pieces(Toy(), None, [(9, i) for i in range(5)], control=control)
    for i, score in enumerate(together.scores):
        alone = write_pieces(Toy(), None, [(9, i)], control=control)
        assert alone.scores[0] == score
        assert alone.cost == [together.cost[i]]


def test_on_a_grid_nothing_drifts():
    c = Constraints(tempo=97, grid="1/16t", swing=0.6, polyphony=3)
    control = Control(constraints=c, length=Length(bars=60), ending=Ending())
    score = write_pieces(Toy(), None, [(1,)], control=control).scores[0]
    assert complaints(score, control) == []
    assert score.length_s == pytest.approx(60 * 4 * 60 / 97, abs=1e-3)
    assert score.tempos["tempo"].tolist() == [round(60e6 / 97)]


def test_a_grid_takes_each_time_to_the_nearest_line_and_changes_neither_tempo_nor_rhythm():
    toy, sixteenth = Toy(), 480  # ticks; 12.5 cells at 120 beats a minute
    toy.tables[0][:] = -30
    steps = [1, 8, 9, 10, 11, int(STEP_BINS.index(np.array(75)))]  # in cells, of which only the last holds a line
    toy.tables[0][:, steps] = 0.0
    control = Control(constraints=Constraints(tempo=120, grid="1/16"), length=Length(notes=300))
    pieces = write_pieces(toy, None, [(1,), (2,)], control=control)
    found = np.concatenate([np.diff(score.notes["onset"]) for score in pieces.scores]) / sixteenth
    assert found.mean() == pytest.approx(STEP_BINS.middle[steps].mean() / 12.5, rel=0.1)
    assert set(found.tolist()) == {0, 1, 6, 7}
    assert pieces.cost == pytest.approx([0, 0], abs=0.05)  # but that no pitch begins twice at once


def test_what_the_model_hears_is_never_half_a_line_from_what_is_written():
    toy = Toy()
    control = Control(constraints=Constraints(tempo=97, grid="1/8", pitch_low=30), length=Length(notes=200))
    score = write_pieces(toy, None, [(4,)], control=control).scores[0]
    heard = np.concatenate(toy.heard)[2 : len(score) + 1]
    played_s = np.cumsum(STEP_BINS.middle[heard[:, 0]]) / 100
    away_s = np.sort(played_s) - score.onset_s[1 : len(played_s) + 1]
    assert np.abs(away_s).max() <= 60 / 97 / 4 + 0.02  # a tick of rounding a note


@settings(max_examples=20)
@given(control=controls())
def test_no_pitch_begins_twice_at_once(control):
    assume(not contradiction(Toy(), control) and not control.constraints.drone)
    for score in write_pieces(Toy(), None, [(1,), (2,)], control=control).scores:
        keys = score.notes["onset"].astype(np.int64) * 128 + score.notes["pitch"]
        assert len(np.unique(keys)) == len(keys)


def test_the_cost_of_constraints_is_the_mass_they_take():
    toy = Toy()
    for table in toy.tables:
        table[:] = 0.0  # every code is as likely
    half = Control(constraints=Constraints(pitch_low=64), length=Length(notes=100))
    cost = write_pieces(toy, None, [(1,)], control=half).cost[0]
    assert np.log(2) * 0.95 < cost < np.log(2) + 0.1  # chords leave less, and more of it
    free = Control(constraints=Constraints(tempo=120), length=Length(notes=20))
    assert write_pieces(toy, None, [(1,)], control=free).cost[0] < 0.05
    assert write_pieces(toy, Length(notes=20), [(1,)]).cost == []


def test_chords_change_with_the_bars():
    control = Control(constraints=Constraints(tempo=120, chords="C:2 F#", step_max_s=0.4), length=Length(seconds=24.0))
    score = write_pieces(Toy(), None, [(1,)], control=control).scores[0]
    bars = score.onset_s / 2 % 3
    sharp = np.isin(score.notes["pitch"] % 12, [6, 10, 1])
    clear = np.abs(bars - np.rint(bars)) > 0.01
    assert (sharp == (bars >= 2))[clear].all()
    assert sharp.any()
    assert not sharp.all()


def test_a_drone_sounds_from_beginning_to_end():
    control = Control(constraints=Constraints(drone=(36, 43), drone_s=3), length=Length(seconds=30), ending=Ending())
    score = write_pieces(Toy(), None, [(1,)], control=control).scores[0]
    drone = score.select(np.isin(score.notes["pitch"], [36, 43]))
    assert len(drone) >= 10
    lasting = sum(drone.end_s - drone.onset_s)
    assert lasting == pytest.approx(60, abs=0.1)


def test_a_stream_ends_with_the_close():
    control = Control(constraints=Constraints(key="C"), length=Length(notes=12), ending=Ending())
    rows = list(itertools.islice(streams(Toy(), [(1,), (2,)], control=control), 100))
    assert len(rows) == 12
    assert (rows[-1][:, 1] % 12 == 0).all()


@pytest.mark.torch
def test_a_real_engine_obeys(bundle):
    engine = open_engine(bundle)
    c = Constraints(
        key="D minor", tempo=96, grid="1/16", swing=0.6, chords="Dm Bb F C", polyphony=4, density_low=1, density_high=8
    )
    control = Control(constraints=c, length=Length(bars=8), ending=Ending())
    assert obeys(engine, control) > 0


CONTRADICTIONS = [
    ({"key": "C major", "pitch_low": 61, "pitch_high": 61}, "the key C major and the pitches from C♯4 to C♯4"),
    ({"forbidden": (60, 61), "pitch_low": 60, "pitch_high": 61}, "the forbidden pitches and the pitches from C4"),
    ({"key": "C major", "tempo": 90, "chords": "C F#5"}, "the chord F#5 and the key C major"),
    ({"tempo": 90, "chords": "C", "pitch_low": 61, "pitch_high": 63}, "the chord C and the pitches from C♯4 to E♭4"),
    ({"drone": (61,), "key": "C major"}, "the drone C♯4 and the key C major"),
    ({"drone": (61,), "forbidden": (61,)}, "the drone C♯4 and the forbidden pitch C♯4"),
    ({"drone": (30,), "pitch_low": 40}, "the drone F♯1 and the pitches from E2"),
    ({"drone": (72,), "tempo": 90, "chords": "C", "pitch_high": 72}, "the drone C5 and the chord C, which has no tone"),
    ({"drone": (40, 47), "polyphony": 2}, "a polyphony of 2 and a drone of 2"),
    ({"step_min_s": 1.0, "step_max_s": 0.5}, "a shortest step of 1 s and a longest step of 0.5 s"),
    ({"step_max_s": 0.1, "density_high": 5}, "at most 5 notes a second and a longest step of 0.1 s"),
    ({"step_min_s": 1.0, "density_low": 2}, "a shortest step of 1 s and at least 2 notes a second"),
    ({"density_low": 3, "density_high": 2}, "at most 2 notes a second and at least 3 notes a second"),
    ({"density_high": 0.1}, "at most 0.1 notes a second and a window of 4 seconds"),
    ({"duration_min_s": 2.0, "duration_max_s": 1.0}, "a shortest duration of 2.0 s and a longest duration of 1.0 s"),
    (
        {"polyphony": 1, "duration_min_s": 2.0, "step_max_s": 1.0},
        "a polyphony of 1 with a shortest duration of 2 s and a",
    ),
    (
        {"tempo": 60, "grid": "1/4", "step_max_s": 0.5},
        "the grid 1/4, whose steps take 1 s, and a longest step of 0.5 s",
    ),
    ({"tempo": 60, "grid": "1/4", "duration_max_s": 0.5}, "may have to last 1 s, and a longest duration of 0.5 s"),
    ({"tempo": 60, "grid": "1/2", "metre": "3/4"}, "the grid 1/2 and the metre 3/4"),
    ({"tempo": 60, "grid": "1/4", "metre": "3/4", "swing": 0.6}, "the grid 1/4 with swing 0.6 and the metre 3/4"),
]


@pytest.mark.parametrize(("options", "message"), CONTRADICTIONS, ids=[m[:40] for _, m in CONTRADICTIONS])
def test_contradictions_name_the_two_options(options, message):
    with pytest.raises(OptionError) as raised:
        next(streams(Toy(), [(1,)], control=Control(constraints=Constraints(**options))))
    assert message in str(raised.value)
    assert "contradict each other: " in str(raised.value)


@pytest.mark.parametrize(
    ("options", "ending", "message"),
    [
        ({"key": "C major"}, {"cadence": "F#"}, "the cadence on F♯ and the key C major"),
        ({"pitch_low": 61, "pitch_high": 63}, {"cadence": "C"}, "the cadence on C and the pitches from C♯4 to E♭4"),
        ({}, {"hold_s": 5}, "a length of 4 s and a closing note held for 5 s"),
    ],
)
def test_a_close_that_cannot_be_is_refused(options, ending, message):
    control = Control(constraints=Constraints(**options), length=Length(seconds=4), ending=Ending(**ending))
    with pytest.raises(OptionError, match=message):
        next(streams(Toy(), [(1,)], control=control))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"key": "H minor"}, "no key"),
        ({"key": "D minr"}, "did you mean 'minor'"),
        ({"pitch_low": 70, "pitch_high": 60}, "pitches from 70 to 60 are out of range"),
        ({"pitch_high": 128}, "0 to 127"),
        ({"velocity_low": 0}, "velocities from 0"),
        ({"forbidden": (200,)}, "forbidden pitch 200 is out of range"),
        ({"drone": (-1,)}, "drone -1 is out of range"),
        ({"drone": tuple(range(40, 50))}, "a drone of 10 notes"),
        ({"drone": (40,), "drone_s": 0.1}, "every 0.1 seconds"),
        ({"polyphony": 0}, "a polyphony of 0 is out of range"),
        ({"step_min_s": -1}, "a shortest step of -1 seconds"),
        ({"step_max_s": 0}, "a longest step of 0 seconds"),
        ({"duration_max_s": 31}, "a longest duration of 31 seconds"),
        ({"density_low": 0}, "a lowest density of 0"),
        ({"density_high": float("nan")}, "a highest density of nan"),
        ({"density_window_s": 0.1}, "a density window of 0.1 seconds"),
        ({"tempo": 5}, "tempo 5 is out of range"),
        ({"tempo": 90, "metre": "4/5"}, "unknown metre '4/5'"),
        ({"tempo": 90, "grid": "1/15"}, "unknown grid '1/15'"),
        ({"grid": "1/16"}, "needs a tempo"),
        ({"chords": "Am"}, "needs a tempo"),
        ({"tempo": 90, "grid": "1/16", "swing": 0.9}, "swing 0.9 is out of range"),
        ({"tempo": 90, "swing": 0.6}, "swing 0.6 needs a grid"),
        ({"tempo": 90, "chords": "Am Hm"}, "'Hm' is no chord"),
        ({"tempo": 90, "chords": "Am", "bars_per_chord": 0.1}, "0.1 bars a chord"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        Constraints(**options)
