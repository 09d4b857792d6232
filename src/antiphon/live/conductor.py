"""When turns begin and end: the phrase, the pulse and the settings, read together. It decides nothing by itself."""

from __future__ import annotations

from antiphon.live.pulse import Beat, Pulse
from antiphon.live.settings import LiveSettings
from antiphon.live.turns import Cue, Phrase, State, follow

LEAD_MS = 150  # a note for a bar line is decided so long before it
BAR_BEATS = 1.25  # of silence before a bar line end a phrase there: someone who plays on every beat is not interrupted
ALONE_S = 4.0  # a model that plays along stops when the player has been silent for so long
LEAST_ANSWER_MS, MOST_ANSWER_MS = 1000, 30_000
FREE_ANSWER_MS = 8000  # an answer to nothing


class Conductor:
    """Times are milliseconds of the session."""

    def __init__(self, settings: LiveSettings) -> None:
        self.settings = settings
        self.pulse, self.phrase = Pulse(), Phrase()
        self.turn: State = "rest"
        self.bars_ms: int | None = None  # when trading: the bar line at which the present turn ends
        self.silenced = False  # stopped by hand: a model that begins by itself waits to be asked

    def cue(self, cue: Cue) -> None:
        """Something happened that turns depend on."""
        self.turn = follow(self.settings.mode, self.turn, cue)

    def reset(self, silenced: bool) -> None:
        """Nobody's turn."""
        self.turn, self.silenced, self.bars_ms = "rest", silenced, None
        self.phrase.restart()

    def press(self, now_ms: int) -> State:
        """A key goes down; whose turn it was before."""
        before, now_s = self.turn, now_ms / 1000
        self.cue("key")
        self.silenced = False
        if self.turn != before:
            self.phrase.restart()
        if before == "rest" and self.settings.mode == "trade":
            self.bars_ms = self._bar_near(now_ms) + self.bars_length_ms(now_ms)
        self.pulse.onset(now_s)
        if self.phrase.start_s is None and not self.settings.clicks:
            self.pulse.phrase(now_s)
        self.phrase.onset(now_s)
        return before

    def beat(self, now_ms: int) -> Beat | None:
        """The beat, where there is one."""
        return self.pulse.beat(now_ms / 1000, self.settings.bpm)

    def begins(self) -> bool:
        """Whether the model begins by itself."""
        return self.turn == "rest" and self.settings.mode == "continue" and not self.silenced

    def ends_ms(self, now_ms: int, keys_down: bool, played_out: bool) -> int | None:
        """When the present turn ends if nothing more happens; None: not by itself."""
        mode = self.settings.mode
        if self.turn == "listen":
            return self._phrase_ends_ms(now_ms, keys_down)
        if self.turn == "answer" and mode == "trade":
            return self.bars_ms
        if self.turn == "answer" and played_out:
            return now_ms
        if self.turn == "both" and not keys_down and not (mode == "follow" and self.settings.chords):
            return round((self.phrase.last_s + ALONE_S) * 1000)
        return None

    def take_bars(self, now_ms: int) -> tuple[int, int]:
        """The model's bars when trading: their beginning and end."""
        length_ms = self.bars_length_ms(now_ms)
        first_ms = self._bar_near(now_ms + LEAD_MS) if self.bars_ms is None else self.bars_ms
        if first_ms < now_ms:  # asked for in the middle of a bar
            first_ms += length_ms // self.settings.bars
        self.bars_ms = first_ms + length_ms
        return first_ms, self.bars_ms

    def answer_ms(self) -> int | None:
        """The length of an answer; None: endless."""
        if self.settings.mode != "answer":
            return None
        if self.settings.answer_s:
            return round(self.settings.answer_s * 1000)
        if self.phrase.start_s is None:
            return FREE_ANSWER_MS
        length_ms = round((self.phrase.last_s - self.phrase.start_s) * 1000)
        return min(max(length_ms, LEAST_ANSWER_MS), MOST_ANSWER_MS)

    def entrance_ms(self, now_ms: int) -> int | None:
        """When the model begins; None, only beside the player: when it likes."""
        settings, beat = self.settings, self.beat(now_ms)
        if beat is None or settings.entrance == "now":
            return None if self.turn == "both" else now_ms
        bar = settings.entrance == "bar" or (settings.ending == "bar" and self.turn == "answer")
        return round(beat.after(now_ms / 1000, settings.beats if bar else 1) * 1000)

    def bars_length_ms(self, now_ms: int) -> int:
        """The length of a traded turn."""
        beat = self.beat(now_ms)
        assert beat
        return round(beat.period_s * self.settings.beats * self.settings.bars * 1000)

    def _bar_near(self, now_ms: int) -> int:
        """The bar line nearest to a time."""
        beat = self.beat(now_ms)
        assert beat
        half_s = beat.period_s * self.settings.beats / 2
        return round(beat.after(now_ms / 1000 - half_s, self.settings.beats) * 1000)

    def _phrase_ends_ms(self, now_ms: int, keys_down: bool) -> int | None:
        settings = self.settings
        if settings.mode == "trade":
            return None if self.bars_ms is None else self.bars_ms - LEAD_MS
        if settings.ending in ("pedal", "key"):
            return None
        beat = self.beat(now_ms)
        if settings.ending == "bar" and beat:
            bar_s = beat.after(self.phrase.onset_s + BAR_BEATS * beat.period_s, settings.beats)
            return round(bar_s * 1000) - LEAD_MS
        return round(self.phrase.ends_s(settings.silence_s, keys_down) * 1000)
