"""Reading and encoding MIDI files: ours against pretty_midi, mido and, where it is installed, symusic.

Each contender takes a file from the disk to arrays of its notes (onset, end, pitch, velocity); "ours + encode" goes on
to the codec's rows. Ours applies the sustain pedal and pairs notes per channel; the others are timed for reading only
and do not apply the pedal, except that "pretty_midi + encode" feeds its notes to our codec, so that two of the rows end
with the same thing. Contenders take turns file by file; of the rounds each file's fastest time counts.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.files.midi import read_midi
from antiphon.notes import from_seconds
from record import parser, save

ENDINGS = (".mid", ".midi")
CODEC = NoteCodec()


def ours(path: Path) -> int:
    """Our reader, pedal applied."""
    score = read_midi(path)
    return len(score.onset_s)


def ours_encoded(path: Path) -> int:
    """Our reader and the codec."""
    return len(CODEC.encode(read_midi(path)))


def with_pretty_midi(path: Path) -> np.ndarray:
    """(N, 4) onset, end, pitch and velocity by pretty_midi."""
    import pretty_midi

    music = pretty_midi.PrettyMIDI(str(path))
    notes = [(n.start, n.end, n.pitch, n.velocity) for i in music.instruments for n in i.notes]
    return np.array(notes)


def pretty_midi_read(path: Path) -> int:
    """pretty_midi's notes."""
    return len(with_pretty_midi(path))


def pretty_midi_encoded(path: Path) -> int:
    """pretty_midi's notes through our codec."""
    onset_s, end_s, pitch, velocity = with_pretty_midi(path).T
    return len(CODEC.encode(from_seconds(onset_s, end_s - onset_s, pitch, velocity)))


def mido_read(path: Path) -> int:
    """Notes paired first in, first out from mido's messages, which mido itself lays out in seconds."""
    import mido

    sounding: dict[tuple[int, int], list[tuple[float, int]]] = {}
    notes, now_s = [], 0.0
    for message in mido.MidiFile(str(path)):
        now_s += message.time
        if message.type not in ("note_on", "note_off"):
            continue
        key = message.channel, message.note
        if message.type == "note_on" and message.velocity:
            sounding.setdefault(key, []).append((now_s, message.velocity))
        elif sounding.get(key):
            start_s, velocity = sounding[key].pop(0)
            notes.append((start_s, now_s, message.note, velocity))
    return len(np.array(notes))


def symusic_read(path: Path) -> int:
    """symusic's notes in seconds, as the arrays that it makes itself."""
    from symusic import Score

    arrays = [track.notes.numpy() for track in Score(str(path)).to("second").tracks]
    return sum(len(a["pitch"]) for a in arrays)


CONTENDERS: dict[str, tuple[str, Callable[[Path], int]]] = {
    "antiphon": ("antiphon", ours),
    "antiphon + encode": ("antiphon", ours_encoded),
    "pretty_midi": ("pretty_midi", pretty_midi_read),
    "pretty_midi + encode": ("pretty_midi", pretty_midi_encoded),
    "mido": ("mido", mido_read),
    "symusic": ("symusic", symusic_read),
}


def main() -> None:
    """Time every contender that is installed on the same files."""
    options = parser(__doc__ or "", "python benchmarks/parse.py maestro --files 40")
    options.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="MIDI files, at any depth")
    options.add_argument("--files", type=int, default=40, help="of each folder so many, evenly spaced (default: 40)")
    options.add_argument("--rounds", type=int, default=3, help="times that each file is read (default: 3)")
    args = options.parse_args()
    rows = [row for folder in args.folders for row in measure(folder, args)]
    save(args, rows, ("antiphon", "numpy", "pretty_midi", "mido", "symusic"))


def measure(folder: Path, args: argparse.Namespace) -> list[dict[str, str | int | float]]:
    """A row for each contender on one folder."""
    found = sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS)
    files = [found[i] for i in np.linspace(0, len(found) - 1, min(args.files, len(found))).astype(int)]
    here = {name: read for name, (package, read) in CONTENDERS.items() if importlib.util.find_spec(package)}
    best_s = {name: np.full(len(files), np.inf) for name in here}
    notes = dict.fromkeys(here, 0)
    for read in here.values():
        read(files[0])  # imports are no part of reading
    for turn in range(args.rounds):
        for i, file in enumerate(files):
            for name, read in here.items():
                began = time.perf_counter()
                count = read(file)
                best_s[name][i] = min(best_s[name][i], time.perf_counter() - began)
                notes[name] += count if turn == 0 else 0
    slowest_s = best_s["pretty_midi"].sum()
    return [
        {
            "files": f"{len(files)} of {folder.name}",
            "reader": name,
            "notes": notes[name],
            "notes/s": notes[name] / best_s[name].sum(),
            "files/s": len(files) / best_s[name].sum(),
            "ms a file": best_s[name].mean() * 1000,
            "× pretty_midi": slowest_s / best_s[name].sum(),
        }
        for name in here
    ]


if __name__ == "__main__":
    main()
