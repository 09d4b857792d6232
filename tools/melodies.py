"""Makes melodies on a grid of sixteenths of POP909, one MIDI file a song, for `antiphon prepare`.

    python tools/melodies.py POP909 melodies && antiphon prepare melodies -o corpora/melodies
    python tools/melodies.py POP909 songs --tracks PIANO,BRIDGE && antiphon prepare songs -o corpora/songs

The songs were sung: notes lie where the singer put them, and the beats are annotated beside. Each note goes to the
nearest sixteenth between its beats. Songs whose beats do not come in fours are left out.
"""

import argparse
from pathlib import Path

import numpy as np

from antiphon.files import read_music
from antiphon.files.midi import write_midi
from antiphon.notes import NOTE, TICKS_PER_QUARTER, Score, score

TEMPO = 400_000  # microseconds a quarter note: a sixteenth is 100 ms
SIXTEENTH = TICKS_PER_QUARTER // 4


def main() -> None:
    """Write a file for every song in fours; print how many there are."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("songs", type=Path, help="the data set's folder, a folder a song inside")
    parser.add_argument("out", type=Path, help="where the MIDI files go")
    parser.add_argument("--tracks", default="MELODY", help="of MELODY, BRIDGE and PIANO (default: MELODY)")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    songs = sorted(path for path in args.songs.iterdir() if (path / "beat_midi.txt").exists())
    written = [song.name for song in songs if _write(song, args.out, args.tracks.split(","))]
    print(f"{len(written)} of {len(songs)} songs written to {args.out}")


def _write(song: Path, out: Path, tracks: list[str]) -> bool:
    beats = np.loadtxt(song / "beat_midi.txt")
    down = np.flatnonzero(beats[:, 2] == 1)
    if len(down) < 2 or np.mean(np.diff(down) == 4) < 0.9:
        return False
    music = read_music(song / f"{song.name}.mid")
    sung = music.select(np.isin(music.notes["track"], [music.tracks.index(track) for track in tracks]))
    if len(sung):
        write_midi(_on_grid(sung, beats[:, 0], int(down[0])), out / f"{song.name}.mid")
    return bool(len(sung))


def _on_grid(sung: Score, beats_s: np.ndarray, down: int) -> Score:
    """The notes at one tempo, with a bar line on beat ``down``."""
    start, end = (np.rint(4 * _beat(times_s, beats_s)).astype(int) for times_s in (sung.onset_s, sung.end_s))
    notes = sung.notes.astype(NOTE)
    first = 16 * ((start.min() - 4 * down) // 16) + 4 * down  # the last bar line before them
    notes["onset"] = (start - first) * SIXTEENTH
    notes["duration"] = np.maximum(end - start, 1) * SIXTEENTH
    notes["track"] = 0
    return score(notes, [(0, TEMPO)], [(0, 4, 4)], ("melody",))


def _beat(times_s: np.ndarray, beats_s: np.ndarray) -> np.ndarray:
    """Where times lie among beats, 0 on the first, beyond the ends as far as the nearest two say."""
    i = np.clip(np.searchsorted(beats_s, times_s, side="right") - 1, 0, len(beats_s) - 2)
    return i + (times_s - beats_s[i]) / (beats_s[i + 1] - beats_s[i])


if __name__ == "__main__":
    main()
