"""Moving a prompt to where a model is at home, and what the model then writes back again."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from antiphon import theory
from antiphon.engine.base import Engine
from antiphon.errors import OptionError
from antiphon.generate.constraints import Constraints
from antiphon.generate.control import Control
from antiphon.generate.likely import log_probs
from antiphon.generate.stream import prompt_rows
from antiphon.notes import DRUMS, Score

REACH = 12  # semitones that are tried in each direction
HEARD = 256  # notes of the prompt, its last, by which a model judges


def comfortable(engine: Engine, prompt: Score) -> int:
    """The shift, within an octave up or down, at which the model finds the prompt likeliest; of equals the smallest.

    Only shifts that keep every note on the keyboard are tried.
    """
    pitch = prompt.notes["pitch"][prompt.notes["program"] != DRUMS].astype(int)
    low, high = int(pitch.min(initial=127)), int(pitch.max(initial=0))
    shifts = [k for k in sorted(range(-REACH, REACH + 1), key=abs) if low + k >= 0 and high + k <= 127]
    rows = np.stack([prompt_rows(engine.codec, prompt.transpose(k))[-HEARD:] for k in shifts])
    return shifts[int(log_probs(engine, rows).sum(-1).argmax())]


def semitones(text: str, engine: Engine, prompt: Score) -> int:
    """What ``"auto"``, ``"-3"`` or ``"+12"`` means for a prompt. Raises OptionError."""
    if text == "auto":
        return comfortable(engine, prompt)
    if not re.fullmatch(r"[+-]?\d{1,2}", text) or abs(int(text)) > 48:
        raise OptionError(f"transpose {text!r} is out of range: auto, or -48 to 48 semitones")
    if len(prompt.transpose(int(text))) < len(prompt):
        raise OptionError(f"transpose {text} moves notes of the prompt off the keyboard; take fewer semitones")
    return int(text)


def transposed(control: Control, by: int) -> Control:
    """What a control asks for, for a model that plays ``by`` semitones higher than it will sound."""
    if by == 0:
        return control
    ending = control.ending
    if ending is not None and ending.cadence is not None:
        ending = replace(ending, cadence=_class(ending.cadence, by))
    return replace(control, constraints=_constraints(control.constraints, by), ending=ending)


def _constraints(wanted: Constraints, by: int) -> Constraints:
    return replace(
        wanted,
        key=None if wanted.key is None else _key(wanted.key, by),
        chords=None if wanted.chords is None else _chords(wanted.chords, by),
        pitch_low=min(max(wanted.pitch_low + by, 0), 127) if wanted.pitch_low > 0 else max(by, 0),
        pitch_high=max(min(wanted.pitch_high + by, 127), 0) if wanted.pitch_high < 127 else min(127 + by, 127),
        forbidden=tuple(p + by for p in wanted.forbidden if 0 <= p + by <= 127),
        drone=tuple(_on_keyboard(p, by) for p in wanted.drone),
    )


def _on_keyboard(pitch: int, by: int) -> int:
    if not 0 <= pitch + by <= 127:
        raise OptionError(f"the drone {theory.pitch_name(pitch)} cannot be moved by {by} semitones with the prompt")
    return pitch + by


def _class(name: str, by: int) -> str:
    return theory.PITCH_CLASSES[(theory.pitch_class(name) + by) % 12]


def _key(key: str, by: int) -> str:
    """A key by its pitch classes, the tonic first; one alone is said twice, as a bare letter is a major key."""
    scale = theory.scale(key)
    classes = sorted(scale.pitch_classes, key=lambda c: (c - scale.tonic) % 12)
    names = [theory.PITCH_CLASSES[(c + by) % 12] for c in classes]
    return " ".join(names if len(names) > 1 else names * 2)


def _chords(chords: str, by: int) -> str:
    return " ".join(f"{_chord(chord.name, by)}:{chord.length:g}" for chord in theory.progression(chords))


def _chord(name: str, by: int) -> str:
    body, slash, bass = name.partition("/")
    root = re.match(r"[A-G][#♯b♭]?", body)
    assert root
    return _class(root[0], by) + body[root.end() :] + (f"/{_class(bass, by)}" if slash else "")
