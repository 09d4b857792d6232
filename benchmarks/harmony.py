"""How often the chords named in songs are those that POP909's authors annotated, themselves by a program.

Each annotated stretch is named from all notes that sound in it, melody and all. *Root*: the root is the same; *and
third*: it is major or minor as well, where the annotation says so. Songs 1 to 60 served to choose the numbers in
`generate/harmony.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from antiphon import theory
from antiphon.files import read_music
from antiphon.generate.harmony import chord_of
from record import Value, parser, save

_MAJOR, _MINOR = ("maj", "7", "aug"), ("min", "dim", "hdim")  # how an annotated quality begins


def main() -> None:
    """Name the chords of two parts of the songs, print the table, write the CSV."""
    options = parser(__doc__ or "", "benchmarks/harmony.py POP909")
    options.add_argument("songs", type=Path, help="the data set's folder, a folder a song inside")
    options.add_argument("--chosen", type=int, default=60, help="songs by which the numbers were chosen")
    options.add_argument("--others", type=int, default=39, help="songs after those")
    args = options.parse_args()
    songs = sorted(path.parent for path in args.songs.glob("*/chord_midi.txt"))[: args.chosen + args.others]
    save(args, [_row("chosen by", songs[: args.chosen]), _row("others", songs[args.chosen :])], ("antiphon", "numpy"))


def _row(which: str, songs: list[Path]) -> dict[str, Value]:
    found = np.array([judged for song in songs for judged in _judged(song)], float)
    root, third = found[:, 0], found[:, 1][~np.isnan(found[:, 1])]
    return {
        "songs": which,
        "count": len(songs),
        "chords": len(found),
        "root": round(float(root.mean()), 3),
        "and third": round(float(third.mean()), 3),
    }


def _judged(song: Path) -> Iterator[tuple[bool, float]]:
    """Of each annotated chord, whether its root is found, and whether root and third are; nan where none is said."""
    music = read_music(song / f"{song.name}.mid")
    onset_s, end_s, pitch = music.onset_s, music.end_s, music.notes["pitch"].astype(np.int64)
    for line in (song / "chord_midi.txt").read_text().splitlines():
        start, stop, label = line.split()
        name = None if label == "N" else chord_of(onset_s, end_s, pitch, float(start), float(stop))
        if name is None:
            continue
        root, _, quality = label.partition(":")
        found = theory.chord(name)
        same = found.root == theory.pitch_class(root)
        third = 4 if quality.startswith(_MAJOR) else 3 if quality.startswith(_MINOR) else None
        yield same, np.nan if third is None else same and (found.root + third) % 12 in found.pitch_classes


if __name__ == "__main__":
    main()
