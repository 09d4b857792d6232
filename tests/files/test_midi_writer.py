"""Writing MIDI: any score comes back the same, and other software finds the same notes in what we write."""

from io import BytesIO
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from antiphon.errors import FileError
from antiphon.files.midi import midi_bytes, read_midi, read_midi_bytes, read_texts, write_midi
from antiphon.notes import DRUMS, NOTE, Score, score

DATA = sorted((Path(__file__).parents[1] / "data").glob("*.mid"))


@st.composite
def scores(draw: st.DrawFn) -> Score:
    """Scores of a few notes, crowded on few pitches so that they overlap in every way."""
    far = draw(st.sampled_from([0, 0, 0, 2**29]))  # beyond the longest delta time
    row = st.tuples(
        st.integers(0, 40).map(lambda tick: tick + far * (tick % 2)),
        st.integers(1, 40),
        st.integers(59, 61),
        st.integers(1, 127),
        st.sampled_from([0, 1, 40, 127, DRUMS]),
        st.integers(0, 3),
    )
    notes = np.array(draw(st.lists(row, max_size=40)), NOTE)
    used, index = np.unique(notes["track"], return_inverse=True)
    notes["track"] = index
    name = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
    names = draw(st.lists(name, min_size=len(used), max_size=len(used)))
    tempos = draw(st.lists(st.tuples(st.integers(0, 2**31 - 2), st.integers(1, 2**24 - 1)), max_size=4))
    below = st.sampled_from([1, 2, 8, 128])
    metres = draw(st.lists(st.tuples(st.integers(0, 99), st.integers(1, 255), below), max_size=4))
    return score(notes, tempos, metres, names)


def parts(programs: list[int]) -> Score:
    """A track for each program, two notes of one pitch in each that overlap, all sounding together."""
    notes = np.zeros(2 * len(programs), NOTE)
    notes["onset"], notes["duration"] = np.tile([0, 100], len(programs)), 150
    notes["pitch"], notes["velocity"] = 60, 64
    notes["track"], notes["program"] = np.repeat(np.arange(len(programs)), 2), np.repeat(programs, 2)
    return score(notes, tracks=[f"part {i}" for i in range(len(programs))])


def heard(music: Score) -> list[mido.Message]:
    """What a synthesiser gets: all tracks merged."""
    return [m for m in mido.merge_tracks(mido.MidiFile(file=BytesIO(midi_bytes(music))).tracks) if not m.is_meta]


@pytest.mark.parametrize("path", DATA, ids=lambda path: path.stem)
def test_a_piece_is_the_same_there_and_back(path, same_there_and_back):
    same_there_and_back(read_midi(path))


@given(music=scores())
def test_any_score_is_the_same_there_and_back(music, same_there_and_back):
    same_there_and_back(music)


@given(music=scores())
def test_mido_finds_the_same_notes_in_what_we_write(music, by_mido):
    end = music.notes["onset"].astype(int) + music.notes["duration"]
    columns = (music.notes["onset"], end, music.notes["pitch"], music.notes["velocity"])
    assert by_mido(midi_bytes(music)) == sorted(zip(*(column.tolist() for column in columns), strict=True))


def test_a_channel_for_each_track_and_the_tenth_for_drums():
    music = parts([5, 5, DRUMS, 7])
    assert {m.channel for m in heard(music) if m.type == "note_on"} == {0, 1, 2, 9}


@pytest.mark.parametrize("programs", [[5] * 20, list(range(20)), [*range(15), *range(15)], [*range(40), DRUMS]])
def test_many_tracks_share_channels_and_each_note_has_its_program(programs, same_there_and_back):
    music = parts(programs)
    same_there_and_back(music)
    playing, sounded = {9: DRUMS}, []
    for message in heard(music):
        if message.type == "program_change":
            playing[message.channel] = message.program
        elif message.type == "note_on":
            sounded.append(playing[message.channel])
    assert sorted(sounded) == sorted([*programs, *programs])


def test_a_track_of_several_programs_stays_one_track(same_there_and_back):
    music = score(np.array([(0, 10, 60, 64, 1, 0), (0, 10, 60, 64, DRUMS, 0), (5, 10, 60, 64, 2, 0)], NOTE))
    assert len(mido.MidiFile(file=BytesIO(midi_bytes(music))).tracks) == 4  # the maps, and one for each program
    same_there_and_back(music)


def test_only_tracks_with_notes_are_written(same_there_and_back):
    music = score(np.array([(0, 10, 60, 64, 0, 1)], NOTE), tracks=["silent", "sounding", "silent too"])
    assert [t.name for t in mido.MidiFile(file=BytesIO(midi_bytes(music))).tracks] == ["", "sounding"]


def test_a_file_is_written_whole_and_read_back(tmp_path):
    music = read_midi(DATA[0])
    write_midi(music, tmp_path / "piece.mid")
    assert read_midi(tmp_path / "piece.mid") == music
    assert [p.name for p in tmp_path.iterdir()] == ["piece.mid"]
    with pytest.raises(FileError, match="does not exist"):
        write_midi(music, tmp_path / "nowhere" / "piece.mid")


@pytest.mark.parametrize(("tempo", "metre"), [((0, 2**24), (0, 4, 4)), ((0, 500_000), (0, 4, 3))])
def test_what_midi_cannot_say_is_not_written(tempo, metre):
    with pytest.raises(ValueError, match="MIDI holds"):
        midi_bytes(score(np.empty(0, NOTE), [tempo], [metre]))


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), max_size=4), scores())
def test_texts_are_carried_and_change_no_note(texts, music):
    written = midi_bytes(music, texts)
    assert read_midi_bytes(written, "with texts") == music
    metas = [m.text for m in mido.MidiFile(file=BytesIO(written), charset="utf-8").tracks[0] if m.type == "text"]
    assert [text for text in metas if text] == [text for text in texts if text]


def test_a_text_as_long_as_a_chapter_comes_back(tmp_path):
    texts = ["x" * 20_000, "", "naïve ♯ MTrk MThd"]
    write_midi(parts([0]), tmp_path / "a.mid", texts)
    assert read_texts(tmp_path / "a.mid") == texts
    write_midi(parts([0]), tmp_path / "b.mid")
    assert read_texts(tmp_path / "b.mid") == []


def test_a_file_without_tracks_has_no_texts(tmp_path):
    (tmp_path / "a.mid").write_bytes(midi_bytes(parts([0]))[:14])
    assert read_texts(tmp_path / "a.mid") == []
    with pytest.raises(FileError, match="give the path of a MIDI file"):
        read_texts(tmp_path / "none.mid")
