"""A piece while it is written, a line of JSON a note: what ``Accept: application/x-ndjson`` asks for."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence

from antiphon.engine.base import Calling, Drawing, Engine, Filling, Latent
from antiphon.engine.encoding import ChordEngine
from antiphon.errors import OptionError
from antiphon.generate.finish import finish
from antiphon.generate.options import GROUPS, Value, control
from antiphon.generate.stream import stream

NDJSON = "application/x-ndjson"
STREAMED = frozenset(("notes", "seconds", "key", "range", "forbid", "guard", "no-guard", "instrument")).union(
    GROUPS["wishes"][1], GROUPS["sampling"][1]
)  # what needs no whole piece, and no clock but the codec's


def check(options: Mapping[str, Value]) -> None:
    """Raise OptionError for options that only a whole piece can have."""
    whole = sorted(set(options) - STREAMED)
    if whole:
        raise OptionError(
            f"{whole[0]} is for whole pieces: leave it out, or accept application/json. While music is written these "
            f"can be asked for: {', '.join(sorted(STREAMED))}"
        )


def notes_as_written(engine: Engine, options: Mapping[str, Value], seed: Sequence[int]) -> Iterator[bytes]:
    """A line for each note, ``{"note": [onset_s, duration_s, pitch, velocity, program, track]}``.

    They are those of the whole piece with the same options and seed. Raises OptionError at the first for a model that
    does not go from note to note.
    """
    if isinstance(engine, Drawing | Filling | Latent | Calling | ChordEngine):
        raise OptionError("this model does not write from note to note: accept application/json, or take another")
    wanted = control(dict(options))
    assert wanted.length is not None
    most, end_s = wanted.length.notes or math.inf, wanted.length.seconds or math.inf
    program, reader = finish(dict(options)).program, engine.codec.reader()
    for count, row in enumerate(stream(engine, tuple(seed), control=wanted)):
        if not count:
            row = row.copy()
            row[engine.codec.column["step"]] = 0  # a piece begins with its first note
        note = reader.push(row)
        onset_s = note.onset_ms / 1000
        if count >= most or onset_s >= end_s:
            return
        duration_s = None if note.duration_ms is None else round(min(note.duration_ms / 1000, end_s - onset_s), 3)
        played = note.program if engine.codec.programs else program
        yield json.dumps({"note": [onset_s, duration_s, note.pitch, note.velocity, played, 0]}).encode() + b"\n"
