"""The order in which written bars are played: repeats, endings, da capo; and the metre map of what comes out.

Place in the path: between the bars of a written format and its Score. A Score holds music as it sounds, so what is
written once and played twice is unfolded here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from antiphon.errors import FileError

MOST_BARS = 100_000  # that are played: hours of music, and far below what nested repeats could be made to ask for


@dataclass
class Bar:
    """What of a bar decides which bar follows; everything may be left as it is."""

    forward: bool = False  # a repeat begins before it
    passes: int = 0  # a repeat ends after it, and so often in all its passage is played; 0: none ends
    endings: frozenset[int] = frozenset()  # it belongs to these endings only
    jump: str = ""  # after it: "dacapo", "dalsegno", or "fine", which ends the music after a jump
    segno: bool = False
    coda: bool = False
    to_coda: bool = False  # after a jump, the coda follows it


def unfold(bars: Sequence[Bar], name: str) -> Iterator[int]:
    """The indices of the bars in the order they are played; FileError where they are more than MOST_BARS.

    A repeat without a beginning goes back to the end of the one before it. After a jump back, repeats are not taken
    again, and of endings the last is played.
    """
    for played, index in enumerate(_walk(bars)):
        if played == MOST_BARS:
            raise FileError(f"cannot read {name}: its repeats make more than {MOST_BARS:,} bars, which no music needs")
        yield index


def _walk(bars: Sequence[Bar]) -> Iterator[int]:
    i, start, turn, jumped = 0, 0, 1, False
    turns, chosen = _turns(bars)
    while i < len(bars):
        bar = bars[i]
        if bar.forward and i != start:
            start, turn = i, 1
        if chosen[i] and (turns[i] if jumped else turn) not in bar.endings:
            i += 1
            continue
        yield i
        if bar.passes and turn < turns[i] and not jumped:
            i, turn = start, turn + 1
        elif bar.jump and (jumped or bar.jump != "fine"):
            if jumped:  # the fine, or the place where the way back began
                return
            i = start = 0 if bar.jump == "dacapo" else next((k for k, b in enumerate(bars) if b.segno), 0)
            turn, jumped = 1, True
        elif jumped and bar.to_coda and any(b.coda for b in bars[i + 1 :]):
            i = start = next(k for k in range(i + 1, len(bars)) if bars[k].coda)
        else:
            if (bar.passes or bar.endings or bar.jump) and not _more_endings(bars, i):  # a fine ends a section too
                start, turn = i + 1, 1
            i += 1


def _turns(bars: Sequence[Bar]) -> tuple[list[int], list[bool]]:
    """For each bar how often its passage is played, and whether it is for some turns only.

    Endings of a group without a first are played as if they were none.
    """
    turns, chosen = [bar.passes or 1 for bar in bars], [False] * len(bars)
    i = 0
    while i < len(bars):
        last = i
        while _more_endings(bars, last):
            last += 1
        numbers = {number for bar in bars[i : last + 1] for number in bar.endings}
        if numbers:
            first = min(numbers) == 1
            turns[i : last + 1] = [max(numbers) if first else 1] * (last + 1 - i)
            chosen[i : last + 1] = [first] * (last + 1 - i)
        i = last + 1
    return turns, chosen


def _more_endings(bars: Sequence[Bar], i: int) -> bool:
    """Whether the bar after ``i`` is one of the same group of endings."""
    return bool(bars[i].endings) and i + 1 < len(bars) and bool(bars[i + 1].endings) and not bars[i + 1].forward


def metre_map(
    lengths: Sequence[Fraction], metres: Sequence[tuple[int, int]]
) -> tuple[list[Fraction], list[tuple[Fraction, int, int]]]:
    """Where each played bar begins, in quarter notes, and the metre map under which its lines stand there.

    An upbeat is a bar of its own metre, so that the lines after it are where they were written; two bars that make a
    whole one together, as at a repeat after an upbeat, count as one.
    """
    starts, entries = [], []
    now, i = Fraction(0), 0
    while i < len(lengths):
        full = Fraction(4 * metres[i][0], metres[i][1])
        together = i + 1 < len(lengths) and lengths[i] < full and lengths[i] + lengths[i + 1] == full
        length = full if together and metres[i + 1] == metres[i] else lengths[i]
        entries.append((now, *(metres[i] if length == full else _metre_of(length) or metres[i])))
        starts.append(now)
        if length == full and length != lengths[i]:
            starts.append(now + lengths[i])
            i += 1
        now += length
        i += 1
    return starts, entries


def _metre_of(length: Fraction) -> tuple[int, int] | None:
    """A metre whose bars have a length in quarter notes; None for an empty bar and one that no metre fits."""
    for denominator in (4, 8, 16, 32, 64):
        numerator = length * denominator / 4
        if numerator.denominator == 1 and 0 < numerator <= 255:
            return int(numerator), denominator
    return None
