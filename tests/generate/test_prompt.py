import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import FileError, OptionError
from antiphon.files.midi import write_midi
from antiphon.generate.melody import read_melody
from antiphon.generate.prompt import joined, passage, pick, read_prompt, retimed, seconds
from antiphon.notes import score

SONG = read_melody("120bpm 3/4 C4 D4 E4:2 60bpm F4 G4:2 ; C3:4 G2:2")


def test_a_file_or_a_melody(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_midi(SONG, tmp_path / "song.mid")
    write_midi(SONG, tmp_path / "C4")
    file, melody, named = read_prompt("song.mid"), read_prompt("C4 E4"), read_prompt("C4")
    assert file.music == SONG
    assert file.sha256 == hashlib.sha256((tmp_path / "song.mid").read_bytes()).hexdigest()
    assert (melody.typed, melody.sha256) == (True, hashlib.sha256(b"C4 E4").hexdigest())
    assert (file.typed, named.typed, len(named.music)) == (False, False, len(SONG))


@pytest.mark.parametrize("source", ["", "  "])
def test_nothing_is_no_music(source):
    with pytest.raises(OptionError, match="the music has no name: give a file of music, or a melody such as"):
        read_prompt(source)


@pytest.mark.parametrize("source", ["none.mid", "no melody", "\0", "x" * 5000])
def test_what_is_neither_says_what_to_give(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match="give a file of music, or a melody such as 'C4 E4 G4:2 r A4'"):
        read_prompt(source)


@pytest.mark.parametrize(("text", "value"), [("10", 10), ("2.5s", 2.5), ("1:30", 90), ("0:07.25s", 7.25), (" 3s ", 3)])
def test_times(text, value):
    assert seconds(text, "from") == value


@pytest.mark.parametrize("text", ["", "s", "-1", "1h", "1:2:3", "1e3", "ten"])
def test_what_is_no_time(text):
    with pytest.raises(OptionError, match="is no time; write seconds or minutes"):
        seconds(text, "from")


@given(st.floats(0, 5), st.floats(0.1, 6))
def test_a_passage_is_the_notes_that_begin_there(start_s, length_s):
    inside = (SONG.onset_s >= start_s) & (SONG.onset_s < start_s + length_s)
    if not inside.any():
        with pytest.raises(OptionError, match="no note begins from"):
            passage(SONG, start_s, start_s + length_s)
        return
    found = passage(SONG, start_s, start_s + length_s)
    assert found.notes["pitch"].tolist() == SONG.notes["pitch"][inside].tolist()
    np.testing.assert_allclose(found.onset_s, SONG.onset_s[inside] - start_s, atol=0.002)
    np.testing.assert_allclose(found.end_s - found.onset_s, (SONG.end_s - SONG.onset_s)[inside], atol=0.002)
    assert found.metres["numerator"].tolist() == [3]


def test_tracks_by_number_and_name():
    named = score(SONG.notes, SONG.tempos, SONG.metres, ["right", "left"])
    assert pick(named, "2") == pick(named, "left")
    assert len(pick(named, "1,left")) == len(named)
    for tracks in ("3", "0", "middle", ""):
        with pytest.raises(OptionError, match="unknown track"):
            pick(named, tracks)


def test_what_follows_stands_behind_the_prompt_on_its_own_track():
    after = read_melody("C5 D5")
    whole = joined(SONG, after, SONG.length_s)
    mine = whole.notes["track"] < 2
    assert whole.select(mine).notes.tolist() == SONG.notes.tolist()
    assert whole.tempos.tolist() == SONG.tempos.tolist()
    assert set(whole.notes["track"][~mine].tolist()) == {2}
    np.testing.assert_allclose(whole.onset_s[~mine], after.onset_s + SONG.length_s, atol=1e-3)
    np.testing.assert_allclose(whole.end_s[~mine], after.end_s + SONG.length_s, atol=1e-3)


@given(st.integers(10, 400), st.sampled_from(["4/4", "3/4", "6/8", "2/2"]))
def test_another_tempo_moves_nothing_in_seconds(tempo, metre):
    found = retimed(SONG, tempo, metre)
    np.testing.assert_allclose(found.onset_s, SONG.onset_s, atol=0.002)
    np.testing.assert_allclose(found.end_s, SONG.end_s, atol=0.002)
    beat_s = found.seconds([0, 4 * 1920 // int(metre.split("/")[1])])[1]
    assert beat_s == pytest.approx(60 / tempo, rel=1e-5)
