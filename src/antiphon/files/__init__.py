"""Files of music: one module per format, and :func:`read_music`, which finds the right one."""

from collections.abc import Callable
from pathlib import Path

from antiphon.errors import FileError
from antiphon.files.midi import read_midi
from antiphon.notes import Score

READERS: dict[str, Callable[..., Score]] = dict.fromkeys((".mid", ".midi", ".smf", ".kar", ".rmi"), read_midi)


def read_music(path: Path | str, *, pedal: bool = True) -> Score:
    """The music in a file of any format in READERS; of another suffix it must be MIDI, which its header tells.

    Raises FileError for what cannot be read and for a file without notes.
    """
    music = READERS.get(Path(path).suffix.lower(), read_midi)(path, pedal=pedal)
    if not len(music):
        raise FileError(f"{path} has no notes; give a file with at least one")
    return music
