"""The piano roll: time to the right in seconds, pitch upwards, velocity as colour, drums in lanes of their own.

A piece of more than a minute is broken into systems, like lines of a page, so that a note stays wide enough to see.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

import numpy as np

from antiphon.charts import colour
from antiphon.charts.drawing import Bars, Diamonds, Drawing, Text, box, clock, line, nice
from antiphon.charts.legend import add_header, add_velocity_legend, part_names
from antiphon.notes import DRUMS, Score
from antiphon.theory import drum_name, is_black_key, pitch_name

SYSTEM_S = 60.0  # a minute across a page leaves a semiquaver at 120 bpm three pixels
MOST_SYSTEMS = 12  # an hour of music still fits one picture, only denser
TICKS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 3600)
LEFT, RIGHT, TOP = 52.0, 24.0, 76.0
DRUM_LEFT = 108.0  # names of drums are longer than those of pitches
TICK_ROOM, SYSTEM_GAP = 20.0, 22.0
LANE = 13.0  # height of a drum's lane


@dataclass(frozen=True)
class Layout:
    """Where everything stands; all in pixels but the pitches and what ends in ``_s``."""

    left: float
    width: float  # of the time axis
    span_s: float  # seconds across it
    length_s: float  # of the piece, rounded up to a label; the last system ends there
    tick_s: float  # seconds between labels
    systems: int
    low: int  # the lowest pitch shown; high below low where there are only drums
    high: int
    row: float  # height of a semitone
    drums: tuple[int, ...]  # the drums in use, the lowest lane first

    @property
    def keys_height(self) -> float:
        """Height of all semitones."""
        return (self.high - self.low + 1) * self.row

    @property
    def drums_top(self) -> float:
        """From the top of a system to its drum lanes."""
        return self.keys_height + (8.0 if self.drums and self.keys_height else 0.0)

    @property
    def system_height(self) -> float:
        """From the top of a system to its time axis."""
        return self.drums_top + LANE * len(self.drums)

    def top(self, system: int) -> float:
        """The top edge of a system."""
        return TOP + system * (self.system_height + TICK_ROOM + SYSTEM_GAP)

    def pitch_y(self, pitch: np.ndarray | int) -> np.ndarray:
        """The middle of a pitch's row, from the top of its system."""
        return (self.high - np.asarray(pitch, float) + 0.5) * self.row

    def drum_y(self, pitch: np.ndarray | int) -> np.ndarray:
        """The middle of a drum's lane, from the top of its system."""
        lane = np.searchsorted(self.drums, pitch)
        return self.drums_top + (len(self.drums) - lane - 0.5) * LANE


def roll(score: Score, title: str | None = None) -> Drawing:
    """The piano roll of a score."""
    layout = lay_out(score)
    width = float(ceil(layout.left + layout.width + RIGHT))  # whole pixels, or the paper's edge shows a seam
    height = float(ceil(layout.top(layout.systems) - SYSTEM_GAP + 6))
    drawing = Drawing(width, height, title or "piano roll")
    drawing.add(box("paper", 0, 0, width, height))
    names = part_names(score)
    add_header(drawing, title, _subtitle(score), layout.left)
    add_velocity_legend(drawing, names, layout.left)
    for system in range(layout.systems):
        _add_field(drawing, layout, system)
    drawing.add(*_notes(score, layout, list(names)))
    return drawing


def lay_out(score: Score) -> Layout:
    """Sizes that keep notes legible: wider and higher for little music, more systems for much."""
    drum = score.notes["program"] == DRUMS
    drums = tuple(int(p) for p in np.unique(score.notes["pitch"][drum]))
    low, high = _pitches(score.notes["pitch"][~drum], bool(drums))
    length_s = max(score.length_s, 1.0)
    systems = min(ceil(length_s / SYSTEM_S), MOST_SYSTEMS)
    width = 1440.0 if systems > 1 else min(max(length_s * 32, 600.0), 1440.0)
    tick_s = nice(length_s / systems / width * 72, TICKS_S)  # at least 72 pixels from label to label
    tick_s *= max(ceil(length_s / systems / width * 72 / tick_s), 1)  # more than a day: whole hours
    span_s = ceil(round(length_s / systems / tick_s, 6)) * tick_s
    systems = ceil(round(length_s / span_s, 6))
    end_s = ceil(round(length_s / tick_s, 6)) * tick_s
    row = 4.0 if systems > 1 else min(max(420 / max(high - low + 1, 1), 4.5), 11.0)
    left = DRUM_LEFT if drums else LEFT
    return Layout(left, width, span_s, end_s, tick_s, systems, low, high, row, drums)


def _pitches(pitch: np.ndarray, drums: bool) -> tuple[int, int]:
    """The lowest and highest pitch to show: a margin of two semitones, and two octaves at least."""
    if not len(pitch):
        return (0, -1) if drums else (48, 84)
    low, high = int(pitch.min()) - 2, int(pitch.max()) + 2
    missing = max(24 - (high - low), 0)
    low = max(low - missing // 2, 0)
    return low, min(max(high, low + 24), 127)


def _subtitle(score: Score) -> str:
    notes = f"{len(score):,} note" + ("" if len(score) == 1 else "s")
    return f"{notes} · {clock(score.length_s)}" if len(score) else "no notes"


def _add_field(drawing: Drawing, layout: Layout, system: int) -> None:
    """What stands behind the notes of one system: rows, lanes and time lines, with their names."""
    top, left = layout.top(system), layout.left
    shown_s = min(layout.length_s - system * layout.span_s, layout.span_s)
    width = layout.width * shown_s / layout.span_s
    right, bottom = left + width, top + layout.system_height
    if layout.keys_height:
        drawing.add(box("field", left, top, width, layout.keys_height))
    for pitch in range(layout.low, layout.high + 1):
        middle = top + float(layout.pitch_y(pitch))
        if is_black_key(pitch):
            drawing.add(box("key", left, middle - layout.row / 2, width, layout.row))
        if pitch % 12 == 0:
            edge = middle + layout.row / 2
            drawing.add(line("octave", (left, edge), (right, edge)))
            drawing.add(Text("muted", left - 8, middle + 4, pitch_name(pitch), "end"))
    for lane, pitch in enumerate(layout.drums):
        middle = top + float(layout.drum_y(pitch))
        drawing.add(box("key" if lane % 2 else "field", left, middle - LANE / 2, width, LANE))
        drawing.add(Text("muted", left - 8, middle + 3.5, drum_name(pitch), "end", size=10))
    for tick in range(round(shown_s / layout.tick_s) + 1):
        x = left + tick * layout.tick_s / layout.span_s * layout.width
        drawing.add(line("grid", (x, top), (x, bottom)))
        label = _time_label(system * layout.span_s + tick * layout.tick_s, layout.tick_s)
        drawing.add(Text("muted", x, bottom + 15, label, "middle"))
    drawing.add(line("octave", (left, bottom), (right, bottom)))


def _time_label(seconds: float, tick_s: float) -> str:
    return clock(seconds) if tick_s >= 1 else f"{seconds:.1f} s"


def _notes(score: Score, layout: Layout, parts: list[tuple[int, int]]) -> Iterator[Bars | Diamonds]:
    """The notes, a shape for each part and shade, soft ones first so that loud ones lie on top."""
    notes, shades = score.notes, colour.shade(score.notes["velocity"])
    drum = notes["program"] == DRUMS
    onset_s, end_s = score.onset_s, score.end_s
    ramps = [colour.part_ramp(i, len(parts), program == DRUMS) for i, (_, program) in enumerate(parts)]
    part = np.zeros(len(notes), int)
    for index, (track, program) in enumerate(parts):
        part[(notes["track"] == track) & (notes["program"] == program)] = index
    for shade in range(colour.SHADES):
        for index, ramp in enumerate(ramps):
            mine = (shades == shade) & (part == index)
            if (mine & ~drum).any():
                where = mine & ~drum
                bars = _bars(layout, onset_s[where], end_s[where], notes["pitch"][where])
                yield Bars(f"{ramp}{shade}", layout.row - (0.5 if layout.row < 6 else 1.0), bars)
            if (mine & drum).any():
                where = mine & drum
                yield Diamonds(f"{ramp}{shade}", 4.5, _hits(layout, onset_s[where], notes["pitch"][where]))


def _bars(layout: Layout, onset_s: np.ndarray, end_s: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(M, 3) left, middle, length; a note that runs over the end of a system goes on in the next."""
    scale = layout.width / layout.span_s
    first = np.minimum(onset_s // layout.span_s, layout.systems - 1).astype(int)
    last = np.minimum(np.ceil(end_s / layout.span_s).astype(int) - 1, layout.systems - 1)
    pieces = []
    for system in range(layout.systems):
        here = (first <= system) & (np.maximum(last, first) >= system)
        start = np.maximum(onset_s[here] - system * layout.span_s, 0.0) * scale
        stop = np.minimum(end_s[here] - system * layout.span_s, layout.span_s) * scale
        y = layout.top(system) + layout.pitch_y(pitch[here])
        # Half a pixel of air keeps repeated notes apart; a pixel and a half at least keeps the shortest visible.
        pieces.append(np.column_stack([layout.left + start, y, np.maximum(stop - start - 0.5, 1.5)]))
    return np.concatenate(pieces)


def _hits(layout: Layout, onset_s: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    """(M, 2) the middle of each drum hit."""
    system = np.minimum(onset_s // layout.span_s, layout.systems - 1).astype(int)
    x = layout.left + (onset_s - system * layout.span_s) * layout.width / layout.span_s
    tops = np.array([layout.top(s) for s in range(layout.systems)])
    return np.column_stack([x, tops[system] + layout.drum_y(pitch)])
