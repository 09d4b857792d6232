"""The steps after the model: its notes on their instruments, at their tempo, quantised, humanised, paced."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from antiphon import instruments
from antiphon.errors import OptionError
from antiphon.generate.humanise import Changes, humanise, quantise, read_humanise, read_quantise
from antiphon.generate.options import Value
from antiphon.generate.parts import read_parts, share_out
from antiphon.generate.prompt import retimed
from antiphon.generate.tempos import paced, read_tempo_map
from antiphon.notes import Score

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Work:
    """A finished piece."""

    music: Score
    notes: int  # that the model wrote
    changes: tuple[Changes, ...] = ()  # of the steps after the model, the first one first


@dataclass(frozen=True)
class Works:
    """The pieces of a task, and how it went."""

    pieces: list[Work]
    first_note_s: float
    elapsed_s: float
    report: Mapping[str, Any] = field(default_factory=dict)  # what the guard did, what constraints cost, …

    @property
    def notes(self) -> int:
        """All notes that the model wrote."""
        return sum(piece.notes for piece in self.pieces)

    @property
    def notes_per_second(self) -> float:
        """Notes written a second, after the first of each piece; of all where none is there before the last."""
        if self.first_note_s >= self.elapsed_s:
            return self.notes / max(self.elapsed_s, 1e-9)
        return (self.notes - len(self.pieces)) / (self.elapsed_s - self.first_note_s)


@dataclass(frozen=True, kw_only=True)
class Finish:
    """The steps after the model."""

    program: int = 0
    options: Mapping[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises OptionError now for what could not be done at the end."""
        given = self.options
        if "instrument" in given and "parts" in given:
            raise OptionError("an instrument and parts were given; the parts name their own instruments: leave one out")
        if "parts" in given:
            read_parts(str(given["parts"]))
        if "humanise" in given:
            read_humanise(str(given["humanise"]))
        if "quantise" in given:
            read_quantise(str(given["quantise"]))
        if "tempo-map" in given:
            read_tempo_map(str(given["tempo-map"]))
            if "tempo" not in given:
                raise OptionError(
                    f"tempo-map {given['tempo-map']} needs the tempo at which the music is written: give one"
                )

    def part(self, new: Score) -> Score:
        """What the model wrote, on its instruments."""
        return share_out(new, read_parts(str(self.options["parts"]))) if "parts" in self.options else new

    def piece(self, music: Score, seed: Sequence[int], notes: int, *, first_track: int = 0) -> Work:
        """The whole piece at its tempo, quantised, humanised, under its tempo map; ``notes`` of it are the model's.

        Notes on tracks before ``first_track`` are neither quantised nor humanised.
        """
        given, changes = self.options, []
        if "tempo" in given:
            music = retimed(music, float(given["tempo"]), str(given.get("metre", "4/4")))
        if "quantise" in given:
            how = read_quantise(str(given["quantise"]), float(given.get("swing", 0.5)))
            music, change = quantise(music, how, music.notes["track"] >= first_track)
            changes.append(change)
        if "humanise" in given:
            only = music.notes["track"] >= first_track
            music, change = humanise(music, read_humanise(str(given["humanise"])), seed, only)
            changes.append(change)
        if "tempo-map" in given:
            music = paced(music, read_tempo_map(str(given["tempo-map"])))
        return Work(music, notes, tuple(changes))


def finish(options: Mapping[str, Value]) -> Finish:
    """The steps that options ask for, checked."""
    return Finish(program=instruments.program(str(options.get("instrument", "0"))), options=options)
