"""How well MusicXML and ABC are read and written: against music21, and there and back.

python benchmarks/notation.py abc irish.abc nottingham/*.abc --every 6       bars as written, against music21
python benchmarks/notation.py musicxml --every 8                             music21's own corpus, repeats played
python benchmarks/notation.py again irish.abc --every 5                      written as MusicXML and ABC, and read again
"""

from __future__ import annotations

import argparse
import signal
import warnings
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from antiphon.errors import FileError
from antiphon.files import read_music, read_music_bytes
from antiphon.files.abc import tunes
from antiphon.files.abc_fields import signature
from antiphon.files.abc_writer import abc_text
from antiphon.files.musicxml_writer import musicxml_bytes
from antiphon.files.spelling import key_of
from antiphon.notes import Score

PATIENCE_S = 20  # for music21, which unfolds some repeats for minutes
LARGEST = 60_000  # bytes of a score of music21's corpus

Rows = Counter[tuple[float, float, int]]


def rows(music: Score) -> Rows:
    """(onset, length, pitch) of every note, in quarters to the hundredth."""
    columns = (music.notes["onset"] / 1920, music.notes["duration"] / 1920, music.notes["pitch"])
    return Counter((round(float(a), 2), round(float(b), 2), int(c)) for a, b, c in zip(*columns, strict=True))


def theirs(stream: Any) -> Rows:
    """The same of a stream of music21's."""
    notes = [(n, p) for part in stream.stripTies().parts for n in part.flatten().notes for p in n.pitches
             if not n.duration.isGrace and "ChordSymbol" not in type(n).__name__]  # fmt: skip
    return Counter((round(float(n.offset), 2), round(float(n.quarterLength), 2), p.midi) for n, p in notes)


def chosen(paths: list[Path], every: int, start: int) -> Iterator[tuple[str, str]]:
    """Tunes of the files: what they are called, and their text."""
    found = [(f"{path.name} {tune.number}", tune) for path in paths for tune in tunes(path.read_bytes(), path.name)]
    print(f"{len(found):,} tunes in all")
    for name, tune in found[start::every]:
        yield name, "\n".join(line for _, line in tune.lines)


def against(name: str, ours: Rows, parse: Any) -> str:
    """What comparing gives; a difference is printed."""
    signal.alarm(PATIENCE_S)
    try:
        other = theirs(parse())
    except Exception as error:  # noqa: BLE001  whatever goes wrong in there
        return f"music21: {type(error).__name__}"
    finally:
        signal.alarm(0)
    if ours == other:
        return "the same"
    print(f"{name}: {ours.total()} notes, music21 {other.total()}; only here {min(ours - other, default=None)}, "
          f"only there {min(other - ours, default=None)}")  # fmt: skip
    return "different"


def abc(args: argparse.Namespace) -> Iterator[str]:
    """Bars as they are written, since music21 plays repeats without a beginning from the tune's."""
    import music21

    for name, text in chosen(args.files, args.every, args.start):
        try:
            with patch("antiphon.files.played.unfold", lambda bars, name: range(len(bars))):
                ours = rows(read_music_bytes(text.encode(), f"{name}.abc"))
        except FileError as error:
            print(error)
            yield "not read"
            continue
        # Without the line ends of old files, which music21 takes ill.
        plain = "\n".join(line.removesuffix("!") for line in text.splitlines())
        yield against(name, ours, partial(music21.converter.parseData, plain, format="abc"))


def musicxml(args: argparse.Namespace) -> Iterator[str]:
    """The scores that come with music21."""
    import music21

    def parse(path: Path) -> Any:
        found = music21.converter.parse(path, forceSource=True)
        repeats = list(found.recurse().getElementsByClass("RepeatMark"))
        return (found.expandRepeats() if repeats else found).toSoundingPitch()

    folder = Path(music21.__file__).parent / "corpus"
    files = sorted([*folder.rglob("*.mxl"), *folder.rglob("*.xml"), *folder.rglob("*.musicxml")])
    for path in [path for path in files if path.stat().st_size < LARGEST][args.start :: args.every]:
        yield against(path.relative_to(folder).as_posix(), rows(read_music(path)), partial(parse, path))


def again(args: argparse.Namespace) -> Iterator[str]:
    """Written and read again."""
    for name, text in chosen(args.files, args.every, args.start):
        try:
            music = read_music_bytes(text.encode(), f"{name}.abc")
        except FileError:
            continue
        back = read_music_bytes(musicxml_bytes(music), "a.musicxml")
        whole = rows(back) == rows(music) and back.metres.tolist() == music.metres.tolist()
        yield "MusicXML the same" if whole else "MusicXML different"
        tune = read_music_bytes(abc_text(music).encode(), "a.abc")
        yield "ABC the same" if rows(tune) == rows(music) else "ABC different"
        key = next(line[2:].strip() for line in text.splitlines() if line.startswith("K:"))
        yield "signature found" if signature(key) == key_of(music).signs() else "signature not found"


def main() -> None:
    """Count what comes of each, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("abc", "musicxml", "again"))
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--start", type=int, default=0)
    args = parser.parse_args()
    warnings.simplefilter("ignore")
    signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(TimeoutError()))
    print(dict(Counter({"abc": abc, "musicxml": musicxml, "again": again}[args.what](args))))


if __name__ == "__main__":
    main()
