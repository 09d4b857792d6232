"""Names of instruments, and what stands in for one that a bank lacks."""

import pytest

from antiphon import instruments
from antiphon.errors import OptionError
from antiphon.notes import DRUMS


def test_every_name_and_number_is_its_own_program() -> None:
    assert len(instruments.NAMES) == len(set(instruments.NAMES)) == 128
    for number, known in enumerate(instruments.NAMES):
        assert instruments.program(known) == number, known
        assert instruments.program(known.upper().replace(" ", "-")) == number, known
        assert instruments.program(str(number)) == number
        assert instruments.name(number) == known
    assert instruments.name(DRUMS) == "Drums"


@pytest.mark.parametrize(
    ("said", "meant"),
    [("grand piano", 0), ("acoustic-grand-piano", 0), (" Violin ", 40), ("steel guitar", 25), ("flute", 73),
     ("organ", 16), ("DRUMS", DRUMS), ("drum kit", DRUMS), ("synth drum", 118), ("piano 2", 5)],
)  # fmt: skip
def test_tolerant_of_how_people_say_it(said: str, meant: int) -> None:
    assert instruments.program(said) == meant


@pytest.mark.parametrize("said", ["", "128", "-1", "²", "kazoo", "violin violon"])
def test_what_names_no_instrument(said: str) -> None:
    with pytest.raises(OptionError, match="unknown instrument"):
        instruments.program(said)


def test_a_misspelling_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(OptionError, match="did you mean 'Violin'"):
        instruments.program("violn")


def test_families_hold_each_program_once() -> None:
    programs = [number for name in instruments.FAMILIES for number in instruments.family(name)]
    assert programs == list(range(128))
    assert instruments.family(" Chromatic  Percussion ") == tuple(range(8, 16))
    assert instruments.family("drums") == (DRUMS,)
    with pytest.raises(OptionError, match="did you mean 'organ'"):
        instruments.family("organs")


def test_nearest_is_itself_its_like_or_its_family() -> None:
    assert instruments.nearest(40, {0, 40}) == 40
    assert instruments.nearest(105, {0, 25}) == 25  # banjo: steel guitar
    assert instruments.nearest(85, {52, 80}) == 52  # the voice lead: choir, though the square lead is its neighbour
    assert instruments.nearest(33, {0, 38}) == 38  # any bass before a piano
    for wanted in range(128):
        assert instruments.nearest(wanted, {127}) == 127
