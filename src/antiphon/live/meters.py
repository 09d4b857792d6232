"""The meters of the terminal player: how late the sound is, how fast the model, and what went wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.style import Style
from rich.text import Text

from antiphon.charts.colour import colour
from antiphon.live.player import View

GOOD_MS, BAD_MS = 30.0, 100.0  # players call 100 ms and more unusable
FULL_MS = 100.0  # a full bar
BAR = 14
EIGHTHS = " ▏▎▍▌▋▊▉█"
_GOOD, _FAIR, _BAD = "#7fbf7f", "#d9b35a", "#e0705a"
_MUTED = Style(color=colour("muted")[1])


@dataclass(frozen=True)
class Card:
    """The sound card at one moment."""

    latency_ms: float
    load: float  # part of a block's time that filling it takes, the worst of late
    underruns: int


def no_card() -> Card | None:
    """There is no sound card."""
    return None


class Meters:
    """``card`` is asked at every drawing."""

    def __init__(self, card: Callable[[], Card | None] = no_card) -> None:
        self._card = card

    def lines(self, view: View) -> Text:
        """Six lines of at most 46 columns."""
        text, stages, card = Text(no_wrap=True), view.stages, self._card()
        if card:
            _bar(text, "output", card.latency_ms, f"{card.latency_ms:3.0f} ms  load {card.load:3.0%}")
        else:
            text.append(" output      no sound card\n", _MUTED)
        _bar(text, "due→sounded", stages["sounded p99"], f"{stages['sounded p99']:3.0f} ms p99")
        _bar(text, "hand-over", stages["hand-over p99"], f"{stages['hand-over p99']:3.0f} ms p99")
        text.append(f" ahead       {stages['ahead p50']:.0f} ms before its time\n", _MUTED)
        text.append(f" {_troubles(view, card)}\n", _MUTED)
        counters = view.snapshot.counters
        text.append(f" notes       you {counters['heard']}, it {counters['sounded']}", _MUTED)
        return text

    def short(self, view: View) -> str:
        """One line, for narrow screens."""
        card, stages = self._card(), view.stages
        output = f"output {card.latency_ms:.0f} ms" if card else "no sound card"
        return f" {output} · hand-over {stages['hand-over p99']:.0f} ms p99 · {_troubles(view, card)}"


def _troubles(view: View, card: Card | None) -> str:
    counters = view.snapshot.counters
    underruns = f" underruns {card.underruns}" if card else ""
    return f"missed {counters['missed']} late {counters['late']} dropped {counters['dropped']}{underruns}"


def _bar(text: Text, name: str, ms: float, words: str) -> None:
    eighths = round(min(ms / FULL_MS, 1) * BAR * 8)
    bar = "█" * (eighths // 8) + (EIGHTHS[eighths % 8] if eighths % 8 else "")
    ink = _GOOD if ms <= GOOD_MS else _FAIR if ms < BAD_MS else _BAD
    text.append(f" {name:<12}", _MUTED)
    text.append(bar.ljust(BAR), Style(color=ink, bgcolor=colour("key")[1]))
    text.append(f" {words}\n", _MUTED)
