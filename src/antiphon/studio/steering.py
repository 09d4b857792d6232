"""A live session's planned notes by name, so that a page can veto, lock and move them before they sound."""

from __future__ import annotations

from typing import Any

from antiphon.errors import OptionError
from antiphon.live.memory import Note
from antiphon.live.session import Session


class Steering:
    """Names for the planned notes of a session: their onset and pitch, see :meth:`ghosts`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def ghosts(self) -> list[dict[str, Any]]:
        """The planned notes, on the caller's clock."""
        return [
            {
                "id": _id(planned.note),
                "onset_s": round(planned.onset_s, 4),
                "duration_s": planned.duration_s,
                "pitch": planned.note.pitch,
                "velocity": planned.note.velocity,
                "locked": planned.locked,
            }
            for planned in self._session.planned()
        ]

    def veto(self, name: str) -> None:
        """A planned note shall not sound. Raises OptionError where there is none of that name."""
        self._session.veto(self._found(name))

    def lock(self, name: str, locked: bool) -> None:
        """A planned note stays whatever the player plays, or no longer does. Raises OptionError."""
        self._session.lock(self._found(name), locked)

    def move(self, name: str, pitch: int | None = None, onset_s: float | None = None) -> None:
        """A planned note at another pitch or time. Raises OptionError where it is gone, or another stands there."""
        self._session.move(self._found(name), pitch, onset_s)

    def _found(self, name: str) -> Note:
        for planned in self._session.planned():
            if _id(planned.note) == name:
                return planned.note
        raise OptionError("there is no such planned note any more")


def _id(note: Note) -> str:
    return f"{note.onset_ms}-{note.pitch}"
