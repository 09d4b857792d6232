import io
import re
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from antiphon.errors import FileError
from antiphon.files import read_music, read_music_bytes
from antiphon.files.abc import read_abc
from antiphon.files.musicxml import read_musicxml_bytes
from antiphon.files.musicxml_writer import musicxml_bytes, write_musicxml
from antiphon.files.spelling import Key, key_of
from antiphon.notes import NOTE, score

DATA = Path(__file__).parents[1] / "data"


def note(step="C", octave=4, duration=4, more="", before=""):
    return (
        f"<note>{before}<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
        f"<duration>{duration}</duration>{more}</note>"
    )


def document(*measures, attributes="", parts=""):
    first = f"<attributes><divisions>4</divisions>{attributes}</attributes>"
    body = "".join(f'<measure number="{i}">{first if i == 0 else ""}{m}</measure>' for i, m in enumerate(measures))
    listed = parts or '<score-part id="P1"><part-name>Flute</part-name></score-part>'
    return (
        f'<?xml version="1.0"?>\n<score-partwise version="4.0"><part-list>{listed}</part-list>\n'
        f'<part id="P1">{body}</part></score-partwise>'
    ).encode()


def read(*measures, **options):
    return read_musicxml_bytes(document(*measures, **options), "a.musicxml")


def notes(music):
    """(onset, length, pitch), times in quarters."""
    return [(int(n["onset"]) / 1920, int(n["duration"]) / 1920, int(n["pitch"])) for n in music.notes]


def pitches(music):
    return [pitch for _, _, pitch in notes(music)]


def test_notes_chords_rests_and_going_back():
    music = read(
        note() + note("E", before="<chord/>") + "<note><rest/><duration>2</duration></note>" + note("G", 5, 2)
        + "<backup><duration>8</duration></backup><forward><duration>4</duration></forward>" + note("A", 2)
    )  # fmt: skip
    assert notes(music) == [(0, 1, 60), (0, 1, 64), (1, 1, 45), (1.5, 0.5, 79)]
    assert music.tracks == ("Flute",)


def test_ties_over_bars_are_one_note():
    tie = '<tie type="start"/>'
    assert notes(read(note(duration=16, more=tie), note(duration=8) + note())) == [(0, 6, 60), (6, 1, 60)]


def test_graces_and_cues_are_silent():
    grace = "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>"
    cue = note("F", before="<cue/>")
    assert notes(read(grace + note() + cue + note("G"))) == [(0, 1, 60), (2, 1, 67)]


def test_transposing_instruments_sound_where_they_do():
    clarinet = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    octave = "<transpose><chromatic>0</chromatic><octave-change>-1</octave-change></transpose>"
    assert pitches(read(note("D"), attributes=clarinet)) == [60]
    assert pitches(read(note("D"), attributes=octave)) == [50]


def test_alterations_and_instruments():
    flat = "<note><pitch><step>B</step><alter>-1</alter><octave>3</octave></pitch><duration>4</duration></note>"
    parts = (
        '<score-part id="P1"><part-name>Viola</part-name><midi-instrument id="I1"><midi-program>42</midi-program>'
        "</midi-instrument></score-part>"
    )
    music = read(flat, parts=parts)
    assert pitches(music) == [58]
    assert music.notes["program"].tolist() == [41]


def test_drums_are_those_that_the_instruments_name():
    parts = (
        '<score-part id="P1"><part-name>Kit</part-name><midi-instrument id="K"><midi-channel>10</midi-channel>'
        "<midi-unpitched>37</midi-unpitched></midi-instrument></score-part>"
    )
    hit = '<note><unpitched/><duration>4</duration><instrument id="K"/></note>'
    music = read(hit, parts=parts)
    assert (pitches(music), music.notes["program"].tolist()) == ([36], [128])


def test_tempi_and_metres():
    dotted = (
        "<direction><direction-type><metronome><beat-unit>quarter</beat-unit><beat-unit-dot/>"
        "<per-minute>c. 60</per-minute></metronome></direction-type></direction>"
    )
    three = "<attributes><time><beats>3+3</beats><beat-type>8</beat-type></time></attributes>"
    time = "<time><beats>4</beats><beat-type>4</beat-type></time>"
    music = read(dotted + note(duration=16), '<sound tempo="100.5"/>' + three + note(duration=12), attributes=time)
    assert music.tempos.tolist() == [(0, 666_667), (7680, 597_015)]
    assert music.metres.tolist() == [(0, 4, 4), (7680, 6, 8)]


def test_dynamics_hold_until_the_next():
    forte = "<direction><direction-type><dynamics><f/></dynamics></direction-type></direction>"
    said = '<direction><direction-type><dynamics><p/></dynamics></direction-type><sound dynamics="50"/></direction>'
    music = read(note() + forte + note() + note() + said + note())
    assert music.notes["velocity"].tolist() == [80, 96, 96, 45]


def bar(pitch, left="", right=""):
    return f'<barline location="left">{left}</barline>{note(pitch, duration=16)}<barline>{right}</barline>'


def test_repeats_endings_and_the_way_back():
    again = '<repeat direction="backward"/>'
    first, second = '<ending number="1" type="start"/>', '<ending number="2" type="start"/>'
    stop = '<ending number="1" type="stop"/>'
    music = read(
        bar("C"), bar("D", first, stop + again), bar("E", second, stop), bar("F") + '<sound fine="yes"/>',
        bar("G") + '<sound dacapo="yes"/>',
    )  # fmt: skip
    assert "".join("CDEFG"[[60, 62, 64, 65, 67].index(p)] for p in pitches(music)) == "CDCEFGCEF"


def test_timewise_scores_are_read():
    text = (
        '<score-timewise><part-list><score-part id="P1"/></part-list><measure number="1"><part id="P1">'
        f"<attributes><divisions>4</divisions></attributes>{note()}</part></measure></score-timewise>"
    )
    assert notes(read_musicxml_bytes(text.encode(), "t.xml")) == [(0, 1, 60)]


def zipped(content, container='<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", container)
        archive.writestr("a.xml", content)
    return data.getvalue()


def test_zipped_scores_and_utf_16():
    text = document(note()).decode().replace('version="1.0"', 'version="1.0" encoding="UTF-16"')
    assert notes(read_music_bytes(zipped(text.encode("utf-16")), "a.mxl")) == [(0, 1, 60)]


def test_the_first_bytes_tell_where_the_name_does_not(tmp_path):
    assert len(read_music_bytes(document(note()), "the file")) == 1
    assert len(read_music_bytes(b"X:1\nK:C\nCDE", "the file")) == 3
    (tmp_path / "score").write_bytes(document(note()))
    assert len(read_music(tmp_path / "score")) == 1


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<score-partwise>&b;</score-partwise>'


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"<score-partwise>\n<part>\n</score-partwise>", "line 3 is no XML (mismatched tag)"),
        (b"<html/>", "its outermost element is <html>"),
        (LAUGHS.encode(), "line 1 declares the entity 'a'"),
        (b"<score-partwise>" + b"<part>" * 200, "or 100 inside one another"),
        (document("<note><rest/></note>"), "line 3 has a note, backup or forward without a duration"),
        (document(note(step="H")), "line 3 has a pitch without a step"),
        (document(note(duration="x")), "line 3 has 'x' in <duration>"),
        (document(note(duration="-1")), "line 3 says -1 in <duration>"),
        (document(note(duration="9" * 9) * 300), "it lasts longer than"),
        (document(note(), attributes="<time><beats>4</beats><beat-type>3</beat-type></time>"), "has the metre '4'/3"),
        (document('<sound tempo="1"/>' + note()), "has a tempo of 1"),
        (zipped("x", "<container/>"), "its container names no score"),
        (zipped("x", '<container><rootfiles><rootfile full-path="../b"/></rootfiles></container>'), "has no '../b'"),
        (zipped(" " * 50_000_100), "unpacked it is larger than 50 MB"),
        (b"PK\x03\x04 no zip", "the archive is damaged"),
    ],
)
def test_what_is_wrong_is_said(data, what):
    with pytest.raises(FileError, match=re.escape(what)):
        read_musicxml_bytes(data, "bad.musicxml")


def test_a_score_without_notes_is_refused_with_its_name(tmp_path):
    (tmp_path / "a.musicxml").write_bytes(document("<note><rest/><duration>4</duration></note>"))
    with pytest.raises(FileError, match=r"a\.musicxml has no notes"):
        read_music(tmp_path / "a.musicxml")


@settings(max_examples=30)
@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(data):
    for text in (data, document(note()) + data, zipped(data)):
        with suppress(FileError):
            read_musicxml_bytes(text, "any.xml")


# Writing.


@st.composite
def quantised(draw):
    """Polyphony on a grid of 32nds, for one keyboard, at 100 bpm in three quarters."""
    rows = draw(
        st.lists(st.tuples(st.integers(0, 120), st.integers(1, 20), st.integers(30, 95)), min_size=1, max_size=25)
    )
    table = [(240 * on, 240 * length, pitch, 60, 0, 0) for on, length, pitch in rows]
    return score(np.array(table, NOTE), [(0, 600_000)], [(0, 3, 4)])


@settings(max_examples=30)
@given(quantised())
def test_beginnings_pitches_and_bars_are_read_again(music):
    again = read_musicxml_bytes(musicxml_bytes(music), "again.musicxml")
    assert {(on, p) for on, _, p in notes(again)} == {(on, p) for on, _, p in notes(music)}
    assert again.metres.tolist() == music.metres.tolist()
    assert again.tempos.tolist() == music.tempos.tolist()
    assert set(again.notes["velocity"].tolist()) == {60}


def test_a_fixture_is_read_again_in_full(tmp_path):
    music = read_abc(DATA / "notation/upbeat.abc")
    write_musicxml(music, tmp_path / "a.musicxml", ["how & why"])
    again = read_music(tmp_path / "a.musicxml")
    assert notes(again) == notes(music)
    assert again.metres.tolist() == music.metres.tolist()
    text = (tmp_path / "a.musicxml").read_text()
    assert "how &amp; why" in text
    assert text.count('<tuplet type="start"') == text.count('<tuplet type="stop"') == 2
    assert 'number="0" implicit="yes"' in text


def test_a_keyboard_has_two_staves_with_a_hand_on_each():
    rows = [(0, 1920, p, 80, 0, 0) for p in (40, 47, 64, 67, 72)] + [(1920, 1920, p, 80, 0, 0) for p in (43, 76)]
    text = musicxml_bytes(score(np.array(rows, NOTE))).decode()
    hands = [re.findall(rf"<octave>(\d)</octave>(?:(?!</note>).)*<staff>{staff}</staff>", text) for staff in (1, 2)]
    assert "<staves>2</staves>" in text
    assert hands == [["4", "4", "5", "5"], ["2", "2", "2"]]


def test_beams_join_what_is_in_a_beat():
    music = read_music_bytes(b"X:1\nM:4/4\nL:1/8\nK:C\nCD E/F/G z C CD/E//F//|", "a.abc")
    beams = re.findall(r"<beam number=.(\d).>([a-z ]+)<", musicxml_bytes(music).decode())
    assert beams == [
        ("1", "begin"), ("1", "end"),
        ("1", "begin"), ("2", "begin"), ("1", "continue"), ("2", "end"), ("1", "end"),
        ("1", "begin"), ("1", "continue"), ("2", "begin"), ("1", "continue"), ("2", "continue"), ("3", "begin"),
        ("1", "end"), ("2", "end"), ("3", "end"),
    ]  # fmt: skip


def test_drums_and_instruments_are_read_again():
    rows = [(0, 960, 36, 90, 128, 0), (960, 960, 42, 70, 128, 0), (0, 1920, 60, 80, 40, 1)]
    music = score(np.array(rows, NOTE), tracks=("Kit", "Violin"))
    again = read_musicxml_bytes(musicxml_bytes(music), "again.musicxml")
    assert again == music


@pytest.mark.parametrize(
    ("pitches_of", "key"),
    [
        ([60, 64, 67, 65, 69, 60, 62, 67, 71, 60], Key(0, "major")),
        ([57, 60, 64, 62, 57, 56, 59, 64, 57, 57], Key(0, "minor")),
        ([61, 65, 68, 66, 70, 61, 63, 68, 72, 61], Key(-5, "major")),
        ([62, 66, 69, 67, 71, 62, 64, 69, 73, 62], Key(2, "major")),
    ],
)
def test_the_key_is_that_of_the_notes(pitches_of, key):
    rows = [(1920 * i, 1920, p, 80, 0, 0) for i, p in enumerate(pitches_of)]
    assert key_of(score(np.array(rows, NOTE))) == key


@pytest.mark.parametrize(
    ("key", "names"),
    [
        (Key(0, "major"), "C C# D Eb E F F# G G# A Bb B"),
        (Key(0, "minor"), "C C# D D# E F F# G G# A Bb B"),
        (Key(-4, "minor"), "C Db D Eb E F Gb G Ab A Bb B"),
        (Key(4, "major"), "B# C# D D# E E# F# G G# A A# B"),
    ],
)
def test_pitches_are_spelled_as_in_their_key(key, names):
    spelled = [key.spell(pitch) for pitch in range(60, 72)]
    assert " ".join(step + "#" * alter + "b" * -alter for step, alter, _ in spelled) == names


@settings(max_examples=50)
@given(st.integers(-5, 6), st.integers(0, 127))
def test_spelled_pitches_sound_the_same(fifths, pitch):
    step, alter, octave = Key(fifths, "major").spell(pitch)
    assert {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}[step] + alter + 12 * (octave + 1) == pitch
    assert abs(alter) <= 2
