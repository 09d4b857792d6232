"""Makes a MIDI file of each Bach chorale in a JSON grid, a track a voice, and the table of its splits.

    python tools/chorales.py jsb-chorales-16th.json chorales
    antiphon prepare chorales --split-csv chorales/splits.csv -o corpora/chorales

A row of the grid is a sixteenth with a pitch for each voice, the highest voice first, or -1. The grid does not tell a
note that is held from one that is struck again: equal pitches are taken for one note that is held.
"""

import argparse
import csv
import json
from pathlib import Path

import numpy as np

from antiphon.files.midi import write_midi
from antiphon.notes import NOTE, TICKS_PER_QUARTER, Score, score

VOICES = ("soprano", "alto", "tenor", "bass")
TEMPO = 400_000  # microseconds a quarter note: a sixteenth is 100 ms
SIXTEENTH = TICKS_PER_QUARTER // 4
SPLITS = {"train": "train", "valid": "validation", "test": "test"}


def main() -> None:
    """Write all chorales and ``splits.csv``."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("grid", type=Path, help="the JSON file: splits of pieces of rows")
    parser.add_argument("out", type=Path, help="where the MIDI files and the table go")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    rows = [("file", "split")]
    for name, pieces in json.loads(args.grid.read_text()).items():
        for number, grid in enumerate(pieces):
            file = f"{SPLITS[name]}-{number:03}.mid"
            write_midi(_music(np.array(grid)), args.out / file)
            rows.append((file, SPLITS[name]))
    with (args.out / "splits.csv").open("w", newline="") as table:
        csv.writer(table).writerows(rows)
    print(f"{len(rows) - 1} chorales written to {args.out}")


def _music(grid: np.ndarray) -> Score:
    """The notes of (T, 4) pitches."""
    notes = []
    for voice, pitches in enumerate(grid.T):
        new = np.diff(pitches, prepend=-2) != 0
        starts = np.flatnonzero(new)
        for start, end in zip(starts, [*starts[1:], len(pitches)], strict=True):
            if pitches[start] >= 0:
                notes.append((start * SIXTEENTH, (end - start) * SIXTEENTH, pitches[start], 80, 0, voice))
    return score(np.array(notes, NOTE), [(0, TEMPO)], [(0, 4, 4)], VOICES)


if __name__ == "__main__":
    main()
