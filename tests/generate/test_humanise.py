import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import OptionError
from antiphon.generate.humanise import (
    Changes,
    Humanise,
    Quantise,
    humanise,
    quantise,
    read_humanise,
    read_quantise,
    undo,
)
from antiphon.generate.melody import read_melody
from antiphon.notes import NOTE, score

NOTES = st.lists(
    st.tuples(
        st.integers(0, 20_000), st.integers(1, 9_000), st.integers(58, 62), st.integers(1, 127), st.just(0), st.just(0)
    ),
    max_size=30,
).map(lambda rows: score(np.array(rows, NOTE), [(0, 500_000), (5_000, 700_000)]))


@given(NOTES, st.floats(0, 200), st.floats(0, 40), st.sampled_from(["1/4", "1/16", "1/8t"]), st.floats(0, 1))
def test_both_can_be_undone_exactly(music, timing_ms, velocity, grid, strength):
    moved, first = quantise(music, Quantise(grid=grid, strength=strength))
    human, second = humanise(moved, Humanise(timing_ms=timing_ms, velocity=velocity), (3, 0))
    assert undo(human, second) == moved
    assert undo(undo(human, Changes.from_list(second.to_list())), first) == music


@given(NOTES, st.sampled_from([("1/4", 1920), ("1/16", 480), ("1/8t", 640)]))
def test_quantised_is_on_the_grid_and_nowhere_far(music, grid):
    name, ticks = grid
    found, changes = quantise(music, Quantise(grid=name))
    assert not (found.notes["onset"] % ticks).any()
    assert not (found.notes["duration"] % ticks).any()
    assert (found.notes["duration"] > 0).all()
    assert (np.abs(changes.notes[:, 0]) <= ticks // 2).all()


def test_half_strength_is_half_way_and_swing_delays_the_second():
    music = read_melody("C4:0.3 D4:0.3 E4:0.3")
    onset = music.notes["onset"]
    half = quantise(music, Quantise(grid="1/4", strength=0.5))[0].notes["onset"]
    assert half.tolist() == [0, 288, round(onset[2] + 0.5 * (1920 - onset[2]))]
    swung = quantise(read_melody("C4:0.5 D4:0.5 E4:0.5"), Quantise(grid="1/8", swing=0.6))[0]
    assert swung.notes["onset"].tolist() == [0, 1152, 1920]


def test_humanising_is_as_large_as_asked_and_the_same_for_a_seed():
    music = read_melody(" ".join(["C4:0.5"] * 800))
    found, changes = humanise(music, Humanise(timing_ms=10, velocity=5), (1, 2))
    assert found == humanise(music, Humanise(timing_ms=10, velocity=5), (1, 2))[0]
    assert found != humanise(music, Humanise(timing_ms=10, velocity=5), (1, 3))[0]
    by_ms = changes.notes[:, 0] * 500 / 1920
    assert 8.5 < by_ms.std() < 11
    assert np.abs(by_ms).max() <= 25.3
    assert 4 < changes.notes[:, 2].std() < 6
    assert not changes.notes[:, 1].any()


def test_only_some_notes():
    music = read_melody("C4:0.3 D4:0.3 ; E4:0.3 F4:0.3")
    only = music.notes["track"] == 1
    for found, _ in (quantise(music, Quantise(), only), humanise(music, Humanise(timing_ms=50), (1,), only)):
        kept = found.select(found.notes["track"] == 0)
        assert kept.notes.tolist() == music.select(~only).notes.tolist()
        assert found != music


def test_changes_of_another_score_are_refused():
    with pytest.raises(ValueError, match="2 changes do not fit 3 notes"):
        undo(read_melody("C4 D4 E4"), humanise(read_melody("C4 D4"), Humanise(), (1,))[1])


def test_as_they_are_typed():
    assert read_humanise("timing=10,velocity=5") == Humanise(timing_ms=10, velocity=5)
    assert read_quantise("1/8t, 0.5", 0.6) == Quantise(grid="1/8t", strength=0.5, swing=0.6)
    for text in ("", "timing", "timing=", "timing=-1", "velocity=41"):
        with pytest.raises(OptionError, match="humanise"):
            read_humanise(text)
    for text in ("", "1/5", "1/16,", "1/16,1.5"):
        with pytest.raises(OptionError, match=r"quantise strength|unknown grid"):
            read_quantise(text)
