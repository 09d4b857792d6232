"""A task: one command's whole way from options and a prompt to finished pieces; writing and replaying share it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from antiphon import instruments
from antiphon.bins import CELL_MS, STEP_BINS
from antiphon.engine.base import Calling, Engine, Filling, Latent
from antiphon.engine.encoding import ChordEngine
from antiphon.engine.rolls import RollEngine
from antiphon.errors import OptionError
from antiphon.generate.accompany import accompany
from antiphon.generate.answer import answered, closed, with_length
from antiphon.generate.bans import NewBan
from antiphon.generate.chords import write_chords
from antiphon.generate.filled import infill_filled, write_filled
from antiphon.generate.finish import Progress, Works, finish
from antiphon.generate.harmonise import harmonise
from antiphon.generate.infill import infill
from antiphon.generate.latent import vary_latent
from antiphon.generate.options import GROUPS, Value, control
from antiphon.generate.pieces import Pieces, write_pieces
from antiphon.generate.prompt import joined, seconds
from antiphon.generate.revoice import revoice
from antiphon.generate.rolls import write_frames
from antiphon.generate.stream import prompt_rows
from antiphon.generate.transpose import semitones, transposed
from antiphon.generate.vary import vary
from antiphon.notes import DRUMS, Score

Seeds: TypeAlias = Sequence[tuple[int, int]]
Measure: TypeAlias = Callable[[Score], float]
Edit: TypeAlias = Callable[[Engine, Mapping[str, Value], Seeds, Score, Progress], Works]

EDITS: Mapping[str, Edit] = {
    "vary": vary, "accompany": accompany, "infill": infill, "harmonise": harmonise, "revoice": revoice,
}  # fmt: skip
_FILLED: Mapping[str, Edit] = {"infill": infill_filled, "harmonise": harmonise, "revoice": revoice}
# Engines whose rows are no notes, and what writes theirs.
_ROWS: Mapping[type, Callable[..., Works]] = {ChordEngine: write_chords, RollEngine: write_frames}
_SAME_S = 0.004  # below half a cell: two onsets of the codec's grid that are closer are one


def perform(
    engine: Engine,
    command: str,
    options: Mapping[str, Value],
    seeds: Seeds,
    prompt: Score | None = None,
    progress: Progress = lambda share: None,
    *,
    measure: Measure | None = None,
    ban: NewBan | None = None,
) -> Works:
    """One piece a seed, by ``generate``, ``continue`` or one of EDITS.

    ``options`` are those of :mod:`antiphon.generate.options`; ``prompt`` is what is continued or edited. ``measure``
    says which of ``best-of`` pieces is kept, ``ban`` which pitches are banned; edits know neither. What is wished for
    is told to the engine beforehand, see :func:`antiphon.generate.wishes.wished`. Raises OptionError before the first
    note for what cannot be done.
    """
    if prompt is None and command != "generate":
        raise OptionError(f"{command} needs music: give a file, or a melody such as 'C4 E4 G4:2 r A4'")
    if "render" in options and type(engine) not in _ROWS:
        raise OptionError(f"render {options['render']} is about models of chords; this one writes notes: leave it out")
    if prompt is not None and command == "vary" and isinstance(engine, Latent):
        return vary_latent(engine, options, seeds, prompt, progress)
    if isinstance(engine, Filling):
        return _by_filling(engine, command, options, seeds, prompt, progress)
    _refuse_filling(command, options)
    if prompt is not None and command in EDITS:
        return EDITS[command](engine, options, seeds, prompt, progress)
    kept = prompt if command == "continue" or options.get("continue") else None
    if write_rows := _ROWS.get(type(engine)):
        return write_rows(engine, options, seeds, prompt, progress, kept=kept is not None)
    options = with_length(engine, options, prompt)
    if prompt is not None and isinstance(engine, Calling):

        def write(begun: Engine, plain: Mapping[str, Value]) -> Works:
            return _written(begun, plain, seeds, None, None, progress, measure, ban)

        return answered(engine, options, prompt, keeps_call=kept is not None, write=write)
    works = _written(engine, options, seeds, prompt, kept, progress, measure, ban)
    return closed(works) if isinstance(engine, Latent) else works


def _refuse_filling(command: str, options: Mapping[str, Value]) -> None:
    """Raise OptionError for an option of filling where the model goes from note to note."""
    for name in GROUPS["filling"][1]:
        if name in options and command not in ("harmonise", "revoice"):
            raise OptionError(
                f"--{name} is about models that fill what is masked, and this one goes from note to note: leave it "
                "out, or choose a model of the family diffusion"
            )


def _by_filling(
    engine: Engine,
    command: str,
    options: Mapping[str, Value],
    seeds: Seeds,
    prompt: Score | None,
    progress: Progress,
) -> Works:
    """What a model does that fills what is masked."""
    if command in ("generate", "continue"):
        keeps = prompt is not None and (command == "continue" or bool(options.get("continue")))
        return write_filled(engine, options, seeds, prompt, progress, keeps=keeps)
    if command not in _FILLED or prompt is None:
        raise OptionError(
            f"{command} goes from note to note, and this model fills what is masked: take a model of another family, "
            "or one of the commands infill, harmonise and revoice"
        )
    return _FILLED[command](engine, options, seeds, prompt, progress)


def which(command: str, options: Mapping[str, Value]) -> dict[str, Any]:
    """What of its source a command reads: arguments for :func:`antiphon.generate.prompt.read_prompt`.

    To those that change a passage ``from`` and ``to`` say which, so they read all of the piece.
    """
    found: dict[str, Any] = {"tracks": str(options["tracks"])} if "tracks" in options else {}
    if command not in ("vary", "infill", "revoice"):
        found |= {f"{end}_s": seconds(str(options[end]), end) for end in ("from", "to") if end in options}
    return found


def _written(
    engine: Engine,
    options: Mapping[str, Value],
    seeds: Seeds,
    prompt: Score | None,
    kept: Score | None,
    progress: Progress,
    measure: Measure | None,
    ban: NewBan | None,
) -> Works:
    last, wanted = finish(options), control(options)
    shift = 0 if prompt is None else semitones(str(options.get("transpose", "0")), engine, prompt)
    heard = None if prompt is None else prompt.transpose(shift)
    pieces = write_pieces(
        engine, None, seeds, prompt=heard, keep_prompt=kept is not None,
        control=transposed(wanted, shift), program=last.program, progress=progress, measure=measure, ban=ban,
    )  # fmt: skip
    works = []
    for music, seed in zip(pieces.scores, seeds, strict=True):
        if kept is None or heard is None:
            works.append(last.piece(last.part(music.transpose(-shift)), seed, len(music)))
            continue
        new, at_s = _new(engine, music, heard, exact="grid" in options)
        new = replace(new.transpose(-shift), tracks=(instruments.name(last.program),))
        music = joined(kept, last.part(new), at_s)
        works.append(last.piece(music, seed, len(new), first_track=len(kept.tracks)))
    return Works(works, pieces.first_note_s, pieces.elapsed_s, {"transposed": shift, **_report(pieces)})


def _new(engine: Engine, music: Score, heard: Score, *, exact: bool) -> tuple[Score, float]:
    """The notes of ``music`` after those heard, and how much later than there they stand in the piece.

    Long times are rounded to bins, so the model's clock and the prompt's part a little; what is new follows the last
    note of the real prompt, unless it is ``exact``, drawn on the grid of a piece that began with the prompt.
    """
    codec = engine.codec
    rows = prompt_rows(codec, heard)
    end_s = STEP_BINS.middle[rows[:, codec.column["step"]]].sum() * CELL_MS / 1000
    top = int(rows[-1, codec.column["pitch"]])
    onset_s, pitch = music.onset_s, music.notes["pitch"]
    new = (onset_s > end_s + _SAME_S) | ((onset_s > end_s - _SAME_S) & (pitch > top))
    audible_s = heard.onset_s[codec.programs | (heard.notes["program"] != DRUMS)]
    return music.select(new), float(audible_s.min() if exact else audible_s.max() - end_s)


def _report(pieces: Pieces) -> dict[str, Any]:
    """What is told of each piece, where there is something to tell."""
    told = {"guard": pieces.guard, "bans": pieces.bans, "cost_nats_per_note": pieces.cost, "log_prob": pieces.log_prob}
    return {name: values for name, values in told.items() if values}
