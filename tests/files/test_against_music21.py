"""Scores as music21 reads them: an independent reader of MusicXML, on the music that comes with it."""

from pathlib import Path

import pytest

from antiphon.files import read_music
from antiphon.files.musicxml_writer import musicxml_bytes

music21 = pytest.importorskip("music21")

DATA = Path(__file__).parents[1] / "data"
CORPUS = Path(music21.__file__).parent / "corpus"
ORACLE = ("bach/bwv414.mxl", "bach/bwv56.5.mxl", "mozart/k545/movement1_exposition.mxl", "bach/bwv66.6.mxl")


def notes(music):
    """(onset, length, pitch), times in quarters."""
    return [(int(n["onset"]) / 1920, int(n["duration"]) / 1920, int(n["pitch"])) for n in music.notes]


def by_music21(path):
    """(onset, length, pitch) of every note as music21 reads it: repeats played, ties joined, graces left out."""
    found = music21.converter.parse(path, forceSource=True)
    if list(found.recurse().getElementsByClass("RepeatMark")):
        found = found.expandRepeats()
    return sorted(
        (round(float(one.offset), 2), round(float(one.quarterLength), 2), pitch.midi)
        for part in found.toSoundingPitch().stripTies().parts
        for one in part.flatten().notes
        if not one.duration.isGrace
        for pitch in one.pitches
    )


@pytest.mark.parametrize("name", ORACLE)
def test_music21_reads_the_same(name):
    music = read_music(CORPUS / name)
    assert sorted((round(a, 2), round(b, 2), p) for a, b, p in notes(music)) == by_music21(CORPUS / name)


def test_music21_reads_what_is_written():
    music = read_music(DATA / "cc0-openscore-lc8702982.mid")
    found = music21.converter.parseData(musicxml_bytes(music).decode(), format="musicxml").stripTies()
    theirs = sorted(
        (round(float(n.offset), 2), p.midi) for s in found.parts for n in s.flatten().notes for p in n.pitches
    )
    assert theirs == sorted((round(round(on * 8) / 8, 2), p) for on, _, p in notes(music))
