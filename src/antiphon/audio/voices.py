"""Who plays what: the notes of a piece dealt out to presets of a bank and to channels of a renderer.

On one channel a note-off ends every note of its pitch, so notes of one pitch that overlap get channels of their own; a
renderer has only so many channels and so many voices, so a full piece takes several passes, which are mixed. No note is
left out and none cuts another short.
"""

from __future__ import annotations

import heapq
from typing import NamedTuple, Protocol

import numpy as np

from antiphon import instruments
from antiphon.notes import DRUMS, Score
from antiphon.soundfont import DRUM_BANK, SMALL_BANK, Bank, Preset

DRUM_CHANNEL = 9  # of each sixteen


class Voice(NamedTuple):
    """What one channel plays."""

    preset: Preset
    events: np.ndarray  # (2N, 4) int64: frame, 0 for off and 1 for on, pitch, velocity; N offs, then the N ons they end


Pass = dict[int, Voice]  # the voices by their channel


class Limits(Protocol):
    """What a renderer can do at once."""

    @property
    def rate(self) -> int:
        """Frames a second."""

    @property
    def channels(self) -> int:
        """A multiple of 16; the tenth of every sixteen is for drums."""

    @property
    def polyphony(self) -> int:
        """Samples that may sound at once; a note sounds one or more of them."""


def passes(score: Score, bank: Bank, limits: Limits) -> list[Pass]:
    """Every note of the piece on some channel of some pass; no pass for a piece of drums in a bank that has none."""
    melodic = [c for c in range(limits.channels) if c % 16 != DRUM_CHANNEL]
    drums = [c for c in range(limits.channels) if c % 16 == DRUM_CHANNEL]
    found: list[Pass] = []
    for voices in _groups(score, bank, limits):
        kits = [v for v in voices if v.preset[0] == DRUM_BANK]
        others = [v for v in voices if v.preset[0] != DRUM_BANK]
        for i in range(max(-(-len(kits) // len(drums)), -(-len(others) // len(melodic)))):
            some = zip(melodic, others[i * len(melodic) :], strict=False)
            found.append(dict(some) | dict(zip(drums, kits[i * len(drums) :], strict=False)))
    return found


def halved(part: Pass) -> tuple[Pass, Pass] | None:
    """Every other note, and the rest, on the channels they were on; None for a single note."""
    if sum(len(voice.events) for voice in part.values()) <= 2:
        return None
    halves: tuple[Pass, Pass] = ({}, {})
    turn = 0
    for channel, (preset, events) in part.items():
        own = np.arange(len(events) // 2) + turn
        turn += len(own)
        for k, half in enumerate(halves):
            chosen = np.tile(own % 2 == k, 2)
            if chosen.any():
                half[channel] = Voice(preset, events[chosen])
    return halves


def in_order(part: Pass) -> list[list[int]]:
    """The events of a pass in time, each [frame, on, pitch, velocity, channel].

    Offs come first, so that a key struck again at once ends before it sounds.
    """
    table = np.concatenate([np.insert(voice.events, 4, channel, axis=1) for channel, voice in part.items()])
    ordered: list[list[int]] = table[np.lexsort([table[:, 1], table[:, 0]])].tolist()
    return ordered


def substitutions(score: Score, bank: Bank) -> list[str]:
    """A sentence for each instrument of the piece that the bank lacks: what plays it instead."""
    where = "the small sound bank" if bank.path == SMALL_BANK else bank.path.name
    sentences = []
    for program in np.unique(score.notes["program"]).tolist():
        preset = _preset(program, bank)
        if preset is None:
            sentences.append(f"{instruments.name(program)} is not in {where}: left out")
        elif program != DRUMS and preset != (0, program):
            sentences.append(f"{instruments.name(program)} is not in {where}: using {instruments.name(preset[1])}")
    return sentences


def _preset(program: int, bank: Bank) -> Preset | None:
    """The preset that plays a program: its own, the nearest there is, or None where there is nothing of the kind."""
    if program == DRUMS:
        return (DRUM_BANK, bank.kits[0]) if bank.kits else None
    return (0, instruments.nearest(program, bank.programs)) if bank.programs else None


def _groups(score: Score, bank: Bank, limits: Limits) -> list[list[Voice]]:
    """The notes as voices, in groups of which none asks for more samples at once than the renderer's polyphony."""
    onset = np.rint(score.onset_s * limits.rate).astype(np.int64)
    end = np.maximum(np.rint(score.end_s * limits.rate).astype(np.int64), onset + 1)
    presets = {program: _preset(program, bank) for program in np.unique(score.notes["program"]).tolist()}
    weights = {preset: bank.voices(preset) for preset in presets.values() if preset is not None}
    groups: list[_Group] = []
    for i, (program, pitch) in enumerate(score.notes[["program", "pitch"]].tolist()):
        preset = presets[program]
        if preset is None:
            continue
        start, stop = int(onset[i]), int(end[i])
        group = next((g for g in groups if g.load(start) + weights[preset] <= limits.polyphony), None)
        if group is None:
            group = _Group()
            groups.append(group)
        group.add(i, preset, pitch, start, stop)
        heapq.heappush(group.sounding, (stop + limits.rate // 2, weights[preset]))  # half a second of release
    return [
        [Voice(preset, _events(onset[own], end[own], score.notes[own])) for (preset, _), own in group.notes.items()]
        for group in groups
    ]


class _Group:
    """Notes of one pass, taken in order of onset."""

    def __init__(self) -> None:
        self.notes: dict[tuple[Preset, int], list[int]] = {}  # rows of the table, by preset and lane
        self.sounding: list[tuple[int, int]] = []  # a heap of (frame it is silent from, samples it sounds)
        self._ends: dict[tuple[Preset, int], list[int]] = {}  # by preset and pitch, of the last note in each lane

    def load(self, frame: int) -> int:
        """How many samples sound at ``frame``."""
        while self.sounding and self.sounding[0][0] <= frame:
            heapq.heappop(self.sounding)
        return sum(weight for _, weight in self.sounding)

    def add(self, row: int, preset: Preset, pitch: int, start: int, stop: int) -> None:
        """Put a note in the first lane where its pitch has ended."""
        lanes = self._ends.setdefault((preset, pitch), [])
        lane = next((k for k, end in enumerate(lanes) if end <= start), len(lanes))
        lanes[lane : lane + 1] = [stop]
        self.notes.setdefault((preset, lane), []).append(row)


def _events(onset: np.ndarray, end: np.ndarray, notes: np.ndarray) -> np.ndarray:
    on = np.column_stack([onset, np.ones_like(onset), notes["pitch"], notes["velocity"]])
    off = np.column_stack([end, np.zeros_like(end), notes["pitch"], np.zeros_like(end)])
    return np.concatenate([off, on]).astype(np.int64)
