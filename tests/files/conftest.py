"""What the tests of files share: the notes another library finds, and the check that nothing is lost on the way."""

from collections import defaultdict, deque
from io import BytesIO

import mido
import pytest

from antiphon.files.midi import midi_bytes, read_midi_bytes


def notes_by_mido(data: bytes) -> list[tuple[int, int, int, int]]:
    """(onset, end, pitch, velocity) of every note, paired first in, first out in each track, in the file's ticks."""
    found = []
    for track in mido.MidiFile(file=BytesIO(data)).tracks:
        now, sounding = 0, defaultdict(deque)
        for message in track:
            now += message.time
            if message.type not in ("note_on", "note_off"):
                continue
            queue = sounding[message.channel, message.note]
            if message.type == "note_on" and message.velocity:
                queue.append((now, message.velocity))
            elif queue:
                onset, velocity = queue.popleft()
                found.append((onset, now, message.note, velocity))
    return sorted(found)


def check_there_and_back(music):
    """Written and read a score is the same, and so are its bytes the second time."""
    written = midi_bytes(music)
    again = read_midi_bytes(written, "again.mid")
    assert again == music
    assert midi_bytes(again) == written


@pytest.fixture(scope="session")
def by_mido():
    return notes_by_mido


@pytest.fixture(scope="session")
def same_there_and_back():
    return check_there_and_back
