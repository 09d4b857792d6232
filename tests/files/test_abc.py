import re
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import FileError
from antiphon.files import read_music
from antiphon.files.abc import read_abc, read_abc_bytes, tunes
from antiphon.files.abc_fields import signature, tempo
from antiphon.files.abc_writer import abc_text, write_abc
from antiphon.notes import NOTE, score

DATA = Path(__file__).parents[1] / "data/notation"
HEAD = "X:1\nM:4/4\nL:1/8\nK:C\n"


def read(body, head=HEAD, **options):
    return read_abc_bytes((head + body).encode(), "tune.abc", **options)


def notes(music):
    """(onset, length, pitch) with times in eighths."""
    return [(int(n["onset"]) / 960, int(n["duration"]) / 960, int(n["pitch"])) for n in music.notes]


def pitches(body, head=HEAD):
    return [p for _, _, p in notes(read(body, head))]


def lengths(body):
    return [round(d, 4) for _, d, _ in notes(read(body))]


def test_letters_octaves_and_accidentals():
    assert pitches("C, C c c' ^C _D =F ^^F __B") == [48, 60, 72, 84, 61, 61, 65, 67, 69]


def test_an_accidental_holds_to_the_bar_line_in_its_octave():
    assert pitches("^F F f F | F") == [66, 66, 77, 66, 65]


def test_a_tie_carries_an_accidental_over_the_bar_line():
    assert notes(read("z6 ^F2-|F2 F")) == [(6, 4, 66), (10, 1, 65)]


def test_lengths_as_they_may_be_written():
    assert lengths("A A2 A/ A/2 A// A3/2 A3/ A/4") == [1, 2, 0.5, 0.5, 0.25, 1.5, 1.5, 0.25]


def test_broken_rhythm():
    assert lengths("A>B A<B A>>B [Ac]>d") == [1.5, 0.5, 0.5, 1.5, 1.75, 0.25, 1.5, 1.5, 0.5]


def test_tuplets():
    assert lengths("(3ABc (3:2:4ABcd (2AB") == [round(2 / 3, 4)] * 7 + [1.5, 1.5]


def test_chords_new_and_old():
    assert notes(read("[CE2G]2 +CEG+")) == [(0, 2, 60), (0, 2, 64), (0, 2, 67), (2, 1, 60), (2, 1, 64), (2, 1, 67)]


def test_rests_and_bars_of_rest():
    assert notes(read("C z2 x D4|Z2|E")) == [(0, 1, 60), (4, 4, 62), (24, 1, 64)]


def test_an_overlay_begins_the_bar_again():
    assert notes(read("C4 E4 & G,8|")) == [(0, 8, 55), (0, 4, 60), (4, 4, 64)]


@pytest.mark.parametrize(
    ("body", "played"),
    [
        ("|:C8:|D8|", "CCD"),
        ("C8:|D8:|", "CCDD"),
        ("C8|:D8::E8:|", "CDDEE"),
        ("|:C8|1D8:|2E8|F8|", "CDCEF"),
        ("|:C8|[1 D8:|[2 E8|]", "CDCE"),
        ("|:C8|1,3D8:|2E8:|", "CDCECD"),
        ("|:C8|D8!fine!|E8!D.C.!|", "CDECD"),
        ("C8|!segno!D8|E8!D.S.!|F8", "CDEDE"),
    ],
)
def test_repeats_and_endings(body, played):
    assert pitches(body) == [{"C": 60, "D": 62, "E": 64, "F": 65}[letter] for letter in played]


@pytest.mark.parametrize(
    ("key", "signs"),
    [
        ("D", {"F": 1, "C": 1}),
        ("Bb major", {"B": -1, "E": -1}),
        ("Am", {}),
        ("E dorian", {"F": 1, "C": 1}),
        ("D Mixolydian", {"F": 1}),
        ("F#min", {"F": 1, "C": 1, "G": 1}),
        ("B locrian", {}),
        ("F lydian", {}),
        ("HP", {"F": 1, "C": 1}),
        ("none", {}),
        ("D exp _B ^f", {"B": -1, "F": 1}),
    ],
)
def test_keys_and_modes(key, signs):
    assert signature(key) == signs


@pytest.mark.parametrize(
    ("written", "bpm"), [("1/4=96", 96), ("3/8=60", 90), ('"Allegro" 1/4 = 120', 120), ("120", 60), ("1/4 3/8=40", 100)]
)
def test_tempi(written, bpm):
    assert tempo(written, Fraction(1, 2)) == round(60e6 / bpm)


def test_an_upbeat_is_a_bar_of_its_own():
    assert read("C|D8|E8|").metres.tolist() == [(0, 1, 8), (960, 4, 4)]


def test_a_repeat_after_an_upbeat_keeps_the_bars_whole():
    assert read("|:C|D8|E7:|").metres.tolist() == [(0, 1, 8), (960, 4, 4), (24000, 7, 8)]


def test_metre_and_key_within_the_music():
    music = read("F4 F4|[K:G][M:3/4]F6|")
    assert [p for _, _, p in notes(music)] == [65, 65, 66]
    assert music.metres.tolist() == [(0, 4, 4), (7680, 3, 4)]


def test_voices_are_tracks():
    music = read('V:1 name="Tune"\nV:2 name="Bass" octave=-1\nK:C\nV:1\nC8|D8|\nV:2\nC4E4|G8|\n', "X:1\nL:1/8\nM:4/4\n")
    assert music.tracks == ("Tune", "Bass")
    assert notes(music) == [(0, 4, 48), (0, 8, 60), (4, 4, 52), (8, 8, 55), (8, 8, 62)]


def test_chord_names_sound_only_where_asked():
    body = '"C"C4 "G7/b"D4|"^slowly"E8|'
    assert len(read(body)) == 3
    music = read(body, chords=True)
    chord = music.select(music.notes["track"] == 1)
    assert music.tracks == ("", "chords")
    assert notes(chord)[:3] == [(0, 4, 48), (0, 4, 52), (0, 4, 55)]
    assert {p % 12 for on, _, p in notes(chord) if on == 4} == {7, 11, 2, 5}


def test_what_does_not_sound_is_passed_over():
    assert pitches('~A .B {cd}c !trill!d "^text" (e f) y2 uA % comment\nw: la la la\n') == [69, 71, 72, 74, 76, 77, 69]


def test_a_fixture_in_full():
    music = read_abc(DATA / "upbeat.abc")
    assert notes(music)[:8] == [(0, 1, 69), (1, 2, 74), (3, 1, 73), (4, 1, 71), *notes(music)[4:8]]
    assert music.tempos.tolist() == [(0, 625_000)]
    assert music.length_s == pytest.approx((1 + 8 * 6 - 2 + 12) * 0.625 / 2)


def test_several_tunes_follow_one_another():
    two = b"X:1\nT:One\nK:C\nC8|\n\nX:2\nT:Two\nM:3/4\nQ:1/4=60\nK:G\nF6|\n"
    assert [(t.number, t.title) for t in tunes(two, "two")] == [("1", "One"), ("2", "Two")]
    music = read_abc_bytes(two, "two.abc")
    assert notes(music) == [(0, 8, 60), (8, 6, 66)]
    assert music.metres.tolist() == [(0, 4, 4), (7680, 3, 4)]
    assert music.tempos.tolist() == [(0, 500_000), (7680, 1_000_000)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "has no tune"),
        ("hello", "has no tune"),
        ("X:1\nT:None\nM:4/4\n", "line 1: tune '1' has no key"),
        ("X:1\nK:H\nC", "line 2: the key 'H' is not known"),
        ("X:1\nM:4/3\nK:C\nC", "line 2: the metre '4/3'"),
        ("X:1\nL:1/7\nK:C\nC", "line 2: the unit length '1/7'"),
        ("X:1\nK:C\nC D\nE § F", "line 4: '§ F' is no ABC"),
        ("X:1\nK:C\nC0", "line 3: the length 0 is none"),
        ("X:1\nK:C\nc''''''", "line 3: the note \"c''''''\" is out of range"),
        ("X:1\nK:C\nZ9999", "line 3: 'Z9999' is 9999 bars"),
        ("X:1\nK:C\n(1a", "line 3: '(1' is no tuplet"),
        ("X:1\nK:C\n_^a", "line 3: '_^a' has the accidental '_^'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text, what):
    with pytest.raises(FileError, match=re.escape(what)):
        read_abc_bytes(text.encode(), "bad.abc")


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileError, match=r"cannot read .*gone.abc"):
        read_music(tmp_path / "gone.abc")


@given(st.binary(max_size=300))
def test_no_bytes_make_it_fail_otherwise(data):
    with suppress(FileError):
        read_abc_bytes(b"X:1\nK:C\n" + data, "any.abc")


@given(st.text("ABCabc^_=,'/2348|:[]()<>-z \n\"!&{}+Z1", max_size=80))
def test_no_text_of_its_letters_makes_it_fail_otherwise(text):
    with suppress(FileError):
        read(text)


def melody(steps):
    """A Score of (rest, length, pitch) in triplets of 16ths or 32nds, 120 bpm."""
    rows, now = [], 0
    for rest, length, pitch in steps:
        now += rest
        rows.append((now, length, pitch, 80, 0, 0))
        now += length
    return score(np.array(rows, NOTE))


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(1, 40), st.integers(36, 96)), min_size=1, max_size=30).map(
        lambda steps: melody([(240 * r, 240 * d, p) for r, d, p in steps])
    )
)
def test_what_is_written_is_read_again(music):
    again = read_abc_bytes(abc_text(music).encode(), "again.abc")
    assert notes(again) == notes(music)


def test_triplets_and_an_upbeat_are_written_and_read_again(tmp_path):
    music = read("A|(3ABc d2 [M:3/4]e4|^f6|z2 e'4-|e'2 D,4|")
    write_abc(music, tmp_path / "t.abc", ["how it was made"])
    text = (tmp_path / "t.abc").read_text()
    assert "(3:2:3AB" in text
    assert "N:how it was made" in text
    assert notes(read_abc(tmp_path / "t.abc")) == notes(music)


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([(0, 3840, 48, 80, 0, 0), (960, 960, 60, 80, 0, 0)], "one voice, and note 1 sounds on"),
        ([(0, 960, 48, 80, 0, 0), (960, 960, 60, 80, 0, 1)], "for one track"),
        ([(0, 960, 38, 80, 128, 0)], "drums cannot be written"),
    ],
)
def test_what_is_no_melody_is_refused(rows, what):
    with pytest.raises(FileError, match=what):
        abc_text(score(np.array(rows, NOTE)))
