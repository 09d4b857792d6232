"""Names for harmony: chords are found again as what they are, bar by bar; a model proposes one for every bar."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.tiny import tiny_model, write_model

from antiphon import theory
from antiphon.engine import open_engine
from antiphon.errors import OptionError
from antiphon.generate.harmony import QUALITIES, ROOTS, bar_lines, harmony, named, proposed, written
from antiphon.notes import DRUMS, NOTE, TICKS_PER_QUARTER, score

pytestmark = pytest.mark.torch
BAR = 4 * TICKS_PER_QUARTER


def played(*notes, metres=((0, 4, 4),)):
    """(bar, bars, pitch) as a Score."""
    table = np.zeros(len(notes), NOTE)
    for row, (bar, bars, pitch) in zip(table, notes, strict=True):
        row["onset"], row["duration"], row["pitch"], row["velocity"] = round(bar * BAR), round(bars * BAR), pitch, 64
    return score(table, metres=metres)


def tones(name):
    return theory.chord(name).pitch_classes


@pytest.mark.parametrize("name", [root + quality for root in ROOTS for quality in QUALITIES])
def test_every_chord_is_named_by_its_own_tones(name):
    chord = theory.chord(name)
    weights = np.isin(np.arange(12), list(chord.pitch_classes)).astype(float)
    found = named(weights, chord.root)
    assert tones(found) == chord.pitch_classes
    assert theory.chord(found).root == chord.root


@given(st.lists(st.floats(0.01, 9), min_size=12, max_size=12), st.none() | st.integers(0, 11))
def test_any_weights_have_a_name_that_can_be_read(weights, bass):
    assert theory.progression(named(np.array(weights), bass))


def test_passing_notes_do_not_change_the_chord():
    music = played(*[(0, 1, p) for p in (48, 64, 67, 72)], (0.25, 0.1, 74), (0.5, 0.1, 69))
    assert harmony(music) == ["C"]


def test_there_is_a_chord_for_every_bar_and_silence_goes_on():
    music = played(*[(1, 1, p) for p in (57, 60, 64)], *[(4, 0.5, p) for p in (53, 57, 60)])
    assert harmony(music) == ["Am", "Am", "Am", "Am", "F"]
    assert harmony(music, 2) == ["Am", "Am", "F"]
    assert harmony(music, 0.5) == ["Am"] * 8 + ["F", "F"]


def test_what_is_held_over_the_bar_line_counts_there():
    assert harmony(played((0, 2, 48), (0, 1, 64), (0, 1, 67), (1, 1, 63), (1, 1, 67))) == ["C", "Cm"]


def test_of_equal_tones_the_lowest_note_is_the_root():
    assert harmony(played(*[(0, 1, p) for p in (48, 52, 56)])) == ["Caug"]
    assert harmony(played(*[(0, 1, p) for p in (52, 56, 60)])) == ["Eaug"]


def test_bars_follow_the_metre():
    music = played((0, 3, 60), metres=[(0, 3, 4), (2 * 3 * TICKS_PER_QUARTER, 2, 4)])
    assert (bar_lines(music, BAR * 3) / TICKS_PER_QUARTER).tolist() == [0, 3, 6, 8, 10, 12]


def test_drums_have_no_harmony():
    music = played((0, 1, 38))
    music.notes["program"] = DRUMS
    with pytest.raises(OptionError, match="no notes but those of drums"):
        harmony(music)


def test_chords_are_written_as_they_are_read():
    names = ["Am", "F#m7", "F#m7", *["C"] * 70]
    assert written(names) == "Am F#m7:2 C:64 C:6"
    assert sum(chord.length for chord in theory.progression(written(names))) == len(names)


@pytest.fixture(scope="module", params=[False, True], ids=["performances", "scores"])
def engine(request, tmp_path_factory):
    config = {"notes": 4, "beats": request.param, "size": 16, "layers": 1, "attention": 4, "head_size": 16}
    path = tmp_path_factory.mktemp("chord") / "m"
    return open_engine(write_model(path, tiny_model("chord", config), "chord", config))


@pytest.mark.parametrize(
    ("options", "count"),
    [
        ({"bars": 7}, 7),
        ({"bars": 7, "bars-per-chord": 2.0}, 4),
        ({"bars": 3, "bars-per-chord": 0.5}, 6),
        ({"seconds": 12.0}, 6),
        ({"seconds": 12.0, "metre": "3/4"}, 8),
        ({"notes": 100}, 16),
    ],
)
def test_a_model_proposes_a_chord_for_every_bar(engine, options, count):
    names = proposed(engine, {"tempo": 120.0, **options}, (5, 0))
    assert len(names) == count
    assert names == proposed(engine, {"tempo": 120.0, **options}, (5, 0))
    assert theory.progression(written(names))


def test_chords_over_time_need_a_tempo(engine):
    with pytest.raises(OptionError, match="need a tempo"):
        proposed(engine, {"bars": 4}, (0, 0))
