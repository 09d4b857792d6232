import pytest

from antiphon.errors import OptionError
from antiphon.generate.melody import read_melody
from antiphon.generate.tempos import paced, read_tempo_map

PIECE = read_melody("120bpm 3/4 C4 D4 E4 F4 G4 A4 B4 C5 D5")  # three bars, a beat half a second


def test_bars_are_played_at_the_tempi_of_the_map_and_ticks_stay():
    slower = paced(PIECE, read_tempo_map("1:60 2:120, 3:30"))
    assert slower.notes.tolist() == PIECE.notes.tolist()
    assert slower.onset_s.tolist() == [0, 1, 2, 3, 3.5, 4, 4.5, 6.5, 8.5]
    assert slower.metres.tolist() == PIECE.metres.tolist()


def test_a_map_may_begin_late_and_within_a_bar_and_come_off_again():
    later = paced(PIECE, read_tempo_map("2.5:60"))
    assert later.tempos.tolist() == [(0, 500_000), (8640, 1_000_000)]
    assert paced(later, [(1, 120)]) == PIECE


def test_a_beat_is_the_metres_lower_number():
    piece = read_melody("120bpm 6/8 C4 D4 E4")
    assert paced(piece, read_tempo_map("1:120")).tempos["tempo"].tolist() == [1_000_000]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a tempo-map of 0 points is out of range"),
        ("1:96 8", "not understood at '8'; write bar:tempo"),
        ("1:fast", "tempo-map tempo: 'fast' is no number"),
        ("0:96", "tempo-map 0:96 is out of range: bars from 1"),
        ("1:5", "tempo-map 1:5 is out of range"),
        ("4:96 2:60", "the bars must rise"),
    ],
)
def test_what_is_no_map(text, message):
    with pytest.raises(OptionError, match=message):
        read_tempo_map(text)
