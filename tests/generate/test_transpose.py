import numpy as np
import pytest

from antiphon import theory
from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.length import Ending, Length
from antiphon.generate.likely import log_probs
from antiphon.generate.melody import read_melody
from antiphon.generate.stream import prompt_rows
from antiphon.generate.transpose import comfortable, semitones, transposed


class HighPlayer:
    """An engine that knows nothing but that pitches lie near 72."""

    def __init__(self, toy):
        self.codec, self.chunk, self._toy = toy.codec, 1, toy

    def start(self, batch):
        return self._toy.start(batch)

    def hear(self, rows, state):
        return self._toy.hear(rows, state)

    def step(self, rows, state):
        return self._toy.step(rows, state)

    def logits(self, index, features, rows):
        attribute = self.codec.attributes[index]
        logits = np.zeros((len(features), attribute.size), np.float32)
        return logits - np.abs(np.arange(attribute.size) - 72) if attribute.name == "pitch" else logits


@pytest.mark.parametrize(("melody", "shift"), [("C4 C4", 12), ("A4 A4", 3), ("C5", 0), ("C3", 12), ("C6+C6", -12)])
def test_it_moves_to_where_the_model_is_at_home(melody, shift, toy):
    assert comfortable(HighPlayer(toy), read_melody(melody)) == shift


def test_the_keyboard_is_not_left(toy):
    assert comfortable(HighPlayer(toy), read_melody("C4 C4 E9")) == 3  # G9 is the last key
    assert comfortable(HighPlayer(toy), read_melody("C-1 G9")) == 0


def test_as_it_is_typed(toy):
    melody = read_melody("C4 G9")
    assert [semitones(text, toy, melody) for text in ("0", "-12", "+0")] == [0, -12, 0]
    for text, message in (("far", "auto, or -48 to 48"), ("49", "out of range"), ("+1", "off the keyboard")):
        with pytest.raises(OptionError, match=message):
            semitones(text, toy, melody)


def test_log_probs_are_those_of_stepping(toy):
    rows = prompt_rows(toy.codec, read_melody("C4 E4+G4 C5:2 B4")).astype(np.int64)
    whole = log_probs(toy, rows[None])[0]
    later = log_probs(toy, rows[None, 2:], rows[None, :2])[0]
    np.testing.assert_allclose(later, whole[2:])
    codes = log_probs(toy, np.array([[[step, 60, 5, 9]] for step in range(toy.codec.attributes[0].size)]))[:, 0]
    assert np.exp(codes).sum() < 1  # one pitch, velocity and duration of many
    assert np.isfinite(whole).all()


@pytest.mark.parametrize("by", [-14, -5, 0, 3, 12])
def test_all_that_is_asked_of_pitches_moves_along(by):
    control = Control(
        constraints=Constraints(
            key="D minor", pitch_low=36, pitch_high=84, forbidden=(60,), drone=(38, 45), tempo=90, chords="Am F#7/C:2 %"
        ),
        length=Length(seconds=3),
        ending=Ending(cadence="B"),
    )
    moved = transposed(control, by)
    wanted = moved.constraints
    assert (wanted.pitch_low, wanted.pitch_high) == (36 + by, 84 + by)
    assert (wanted.forbidden, wanted.drone) == ((60 + by,), (38 + by, 45 + by))
    scale = theory.scale("D minor")
    assert theory.scale(wanted.key) == ((2 + by) % 12, frozenset((c + by) % 12 for c in scale.pitch_classes))
    before, after = theory.progression("Am F#7/C:2 %"), theory.progression(wanted.chords)
    assert [c.pitch_classes for c in after] == [frozenset((p + by) % 12 for p in c.pitch_classes) for c in before]
    assert [c.length for c in after] == [c.length for c in before]
    assert theory.pitch_class(moved.ending.cadence) == (11 + by) % 12
    assert wanted.tempo == 90


def test_a_bare_letter_and_a_single_pitch_class_stay_what_they_are():
    for key in ("C", "C C", "Am", "C chromatic"):
        moved = transposed(Control(constraints=Constraints(key=key)), 2).constraints.key
        scale = theory.scale(key)
        assert theory.scale(moved) == ((scale.tonic + 2) % 12, frozenset((c + 2) % 12 for c in scale.pitch_classes))


def test_a_drone_that_would_leave_the_keyboard_is_an_error():
    with pytest.raises(OptionError, match="the drone C-1 cannot be moved by -1 semitones"):
        transposed(Control(constraints=Constraints(drone=(0,))), -1)
