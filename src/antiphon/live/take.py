"""A take on disk: what both played as a MIDI file, a track each, and the ledger beside it as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from antiphon.errors import FileError
from antiphon.files.midi import write_midi
from antiphon.files.paths import check_writable, written
from antiphon.live.events import Played
from antiphon.live.recording import TRACKS, Recording
from antiphon.notes import Score, join, score

GAP_S = 1.0  # between what a resumed take had and what was added


def default_path(now: datetime) -> Path:
    """Where takes go when nobody says where: a file named after the time, in the user's data folder, which is made."""
    import platformdirs

    folder = platformdirs.user_data_path("antiphon") / "sessions"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {folder}: {error.strerror}; say where with --save FILE.mid") from error
    return folder / f"{now:%Y-%m-%d %H.%M.%S}.mid"


class Takes:
    """The takes of one session, one after another: ``song.mid``, ``song-2.mid``, …; hand :meth:`add` to the session."""

    def __init__(self, path: Path, before: Score | None = None) -> None:
        check_writable(path)
        self._path, self._before = path, None if before is None else _as_take(before)
        self._recording, self._number = Recording(), 1
        self.saved: list[Path] = []

    def add(self, note: Played) -> None:
        """A note that has ended."""
        self._recording.add(note)

    def __len__(self) -> int:
        return len(self._recording)

    def score(self, programs: tuple[int, int]) -> Score:
        """What was played in this take, behind what it resumed."""
        new = self._recording.score(programs)
        if self._before is None or not len(self._before):
            return new
        return join([self._before, new], GAP_S) if len(new) else self._before

    def save(self, programs: tuple[int, int], ledger: Mapping[str, Any]) -> Path | None:
        """Write this take, and begin the next; None where nothing was played. Raises FileError."""
        if not len(self):
            return None
        path = self._path if self._number == 1 else self._path.with_stem(f"{self._path.stem}-{self._number}")
        write_midi(self.score(programs), path)
        with written(ledger_path(path)) as temporary:
            temporary.write_text(json.dumps(ledger, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        self.saved.append(path)
        self._recording, self._before, self._number = Recording(), None, self._number + 1
        return path


def _as_take(music: Score) -> Score:
    """With the tracks of a take: the model's notes by the name of their track, all others the player's."""
    own = np.array([TRACKS.index(name) if name in TRACKS else 0 for name in music.tracks], "<u2")
    notes = music.notes.copy()
    notes["track"] = own[notes["track"]]
    return score(notes, music.tempos, music.metres, TRACKS)


def ledger_path(path: Path) -> Path:
    """The ledger beside a take: ``song.mid`` → ``song.json``."""
    return path.with_suffix(".json")


def read_ledger(path: Path) -> dict[str, Any]:
    """A ledger from its file, or from the take's beside it; raises FileError for what is none."""
    path = path if path.suffix == ".json" else ledger_path(path)
    try:
        ledger = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"cannot read the ledger {path}: {error.strerror}; give the .json beside a take") from error
    except ValueError as error:
        raise FileError(f"cannot read the ledger {path}: it is no JSON ({error})") from error
    if not isinstance(ledger, dict) or ledger.get("format") != 1 or not {"stages", "counters"} <= ledger.keys():
        raise FileError(f"{path} is no ledger of a session; give the .json beside a take")
    return ledger
