"""What a request wants written: its options, checked, and no more than one request may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from antiphon.errors import OptionError
from antiphon.generate.control import Control
from antiphon.generate.finish import finish
from antiphon.generate.harmonise import VOICES
from antiphon.generate.options import OPTIONS, Value, checked, control, over
from antiphon.generate.presets import preset
from antiphon.generate.unmask import PASSES
from antiphon.studio.options import Limits
from antiphon.studio.requests import Writing

MOST_WAYS = 64  # ways that one note may be looked at: candidates, beams, best-of
MOST_PASSES = 512  # in which masked notes are filled; of much music, fewer
CHORDS_BY = "model:"  # before the name of a model of chords


def given(options: Mapping[str, Any]) -> dict[str, Value]:
    """The options of a request, known and of their kinds; a number where text is meant becomes text."""
    known = checked(options, "the request")
    return {name: str(value) if OPTIONS[name].kind is str else value for name, value in known.items()}


def options_of(asked: Writing, command: str) -> dict[str, Value]:
    """The options of a request over those of its preset, checked. Raises OptionError."""
    below = {} if asked.preset is None else preset(asked.preset).options
    options = over(below, given(asked.options))
    if "best-by" in options:
        from antiphon.evaluate.choosing import measure_named  # the laboratory is opened by those who ask for it

        measure_named(str(options["best-by"]))
    if ("avoid-copies" in options) != (asked.corpus is not None):
        raise OptionError(
            "avoid-copies needs the music that the model was trained on: give the name of a corpus as well, one of "
            "those that /api/train lists; a corpus alone does nothing"
        )
    finish(options)
    _control(options, command)
    return options


def _control(options: Mapping[str, Value], command: str) -> Control:
    """What options ask for; chords that a model has yet to propose stand as one chord."""
    if proposer(options) is not None:
        if "tempo" not in options:
            raise OptionError("chords over time need a tempo: give one, such as 96")
        options = {**options, "chords": "C"}
    return control(options, endless=command not in ("generate", "continue"))


def proposer(options: Mapping[str, Value]) -> str | None:
    """The name of the model that is asked for chords; None where they are typed, or there are none."""
    chords = str(options.get("chords", ""))
    return chords.removeprefix(CHORDS_BY) if chords.startswith(CHORDS_BY) else None


def check_amount(options: Mapping[str, Value], command: str, count: int, edited: int, limits: Limits) -> None:
    """Raise OptionError for more than one request may ask for: ``count`` pieces, of ``edited`` notes that it sends."""
    wanted = _control(options, command)
    ways = max(wanted.search.best_of, wanted.search.width if wanted.search.method != "none" else 1)
    ways = max(ways, int(options.get("candidates", 1)))
    if ways > MOST_WAYS:
        raise OptionError(f"{ways} beams, candidates or best-of are too many for a service: at most {MOST_WAYS}")
    pieces = count * ways
    if command == "harmonise":
        edited *= 1 + int(options.get("voices", VOICES))
    notes, seconds = edited * pieces, 0.0
    if wanted.length is not None:
        notes = (wanted.length.notes or 0) * pieces
        seconds = (wanted.length.seconds or 0.0) * pieces
        if wanted.length.bars is not None:
            tempo, metre = wanted.constraints.tempo or 1.0, wanted.constraints.metre
            seconds = wanted.length.bars * int(metre.split("/")[0]) * 60 / tempo * pieces
    if notes > limits.written_notes:
        raise OptionError(
            f"{notes:,} notes in {pieces} ways are too many for one request: {limits.written_notes:,} in all"
        )
    if seconds > limits.seconds:
        raise OptionError(f"{seconds:g} s of music are too many for one request: {limits.seconds:g} in all")
    _check_passes(int(options.get("passes", PASSES)), max(notes / limits.written_notes, seconds / limits.seconds))


def _check_passes(passes: int, share: float) -> None:
    """Raise OptionError for more passes than a share of all that one request may ask for leaves."""
    most = MOST_PASSES if share * MOST_PASSES <= PASSES else int(PASSES / share)
    if passes > most:
        raise OptionError(f"{passes} passes are too many for so much music in one request: at most {most}")
