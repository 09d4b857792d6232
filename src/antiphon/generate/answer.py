"""What a prompt is to models that are no plain continuation: a call to be answered; and how long they write unasked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from antiphon.corpus.melodies import CLOSING, SIXTEENTH_MS
from antiphon.engine.base import Calling, Engine, Latent
from antiphon.engine.begun import called
from antiphon.errors import OptionError
from antiphon.generate.finish import Works
from antiphon.generate.options import LENGTHS, Value
from antiphon.generate.prompt import joined
from antiphon.generate.stream import prompt_rows
from antiphon.notes import Score

_TEMPO = 60_000 / (4 * SIXTEENTH_MS)  # beats a minute at which sixteenths are those of passages

Write = Callable[[Engine, Mapping[str, Value]], Works]


def with_length(engine: Engine, options: Mapping[str, Value], prompt: Score | None) -> Mapping[str, Value]:
    """The options, with the model's own length where none is given: a passage on its grid, or as long as the call."""
    if any(name in options for name in LENGTHS):
        return options
    if isinstance(engine, Latent):
        return {"tempo": _TEMPO, "grid": "1/16", **options, "bars": engine.bars}
    if isinstance(engine, Calling) and prompt is not None:
        return {**options, "seconds": max(prompt.length_s, 1.0)}
    return options


def closed(works: Works) -> Works:
    """Passages without their closing row, and without what follows it: a model may close before the end."""
    pieces = []
    for piece in works.pieces:
        notes = piece.music.notes
        closes = notes["onset"][notes["pitch"] == CLOSING]
        music = piece.music.select(notes["onset"] < closes.min()) if len(closes) else piece.music
        pieces.append(replace(piece, music=music, notes=len(music)))
    return replace(works, pieces=pieces)


def answered(engine: Engine, options: Mapping[str, Value], call: Score, *, keeps_call: bool, write: Write) -> Works:
    """Answers to a call, which ``write`` makes of an engine that has heard it.

    Where the call is kept, answers sound together with it or begin where it ends, as the model was trained.
    """
    if not isinstance(engine, Calling):
        raise OptionError("this model answers no calls; choose one of the family seq2seq")
    if str(options.get("transpose", "0")) != "0":
        raise OptionError("a model that answers hears its call as it is, in any key: leave --transpose out")
    plain = {name: value for name, value in options.items() if name not in ("continue", "transpose")}
    works = write(called(engine, prompt_rows(engine.codec, call)), plain)
    if not keeps_call:
        return works
    at_s = 0.0 if engine.together else call.length_s
    return replace(works, pieces=[replace(piece, music=joined(call, piece.music, at_s)) for piece in works.pieces])
