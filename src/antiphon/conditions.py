"""What a person may ask of a model's music as a whole: whose manner, how dense, how loud, how high.

A model trained with conditions hears them beside every note; each may be left out, and was in part of its training. In
training they are counted from the window at hand, so they are for asking, never for measuring: likelihood is always
that of a model that was told nothing.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from antiphon.errors import OptionError, unknown

# The limits between levels are about MAESTRO's quintiles over 512 notes.
LEVELS: dict[str, tuple[tuple[str, ...], tuple[float, ...]]] = {
    "density": (("sparse", "low", "medium", "high", "dense"), (7.7, 10.4, 12.7, 16.4)),  # onsets a second
    "dynamics": (("softest", "soft", "medium", "loud", "loudest"), (56.8, 62.6, 66.9, 72.4)),  # mean velocity
    "register": (("lowest", "low", "middle", "high", "highest"), (60.5, 63.0, 65.1, 67.9)),  # mean pitch
}
NAMES = ("composer", *LEVELS)
UNSAID = 0  # the code of a condition that is left out


@dataclass(frozen=True)
class Conditions:
    """The conditions a model knows: these composers, and the levels of density, dynamics and register."""

    composers: tuple[str, ...]

    @cached_property
    def words(self) -> dict[str, tuple[str, ...]]:
        """For each condition, what may be asked for; code k stands for word k - 1."""
        return {"composer": self.composers, **{name: words for name, (words, _) in LEVELS.items()}}

    @property
    def sizes(self) -> tuple[int, ...]:
        """For each condition, the number of its codes, UNSAID among them."""
        return tuple(len(words) + 1 for words in self.words.values())

    def ask(self, wishes: Mapping[str, str]) -> np.ndarray:
        """(4,) codes of what a person asks for; OptionError for what the model does not know.

        A composer may be named by any part that only one has: ``chopin``.
        """
        codes = np.full(len(NAMES), UNSAID, np.int64)
        for name, wish in wishes.items():
            if name not in self.words:
                raise OptionError(unknown("condition", name, self.words))
            codes[NAMES.index(name)] = self._code(name, wish)
        return codes

    def _code(self, name: str, wish: str) -> int:
        words = self.words[name]
        meant = [i for i, word in enumerate(words) if plain(wish) == plain(word)]
        if name == "composer":
            meant = meant or [i for i, word in enumerate(words) if plain(wish) in plain(word)]
        if len(meant) != 1:
            raise OptionError(unknown(name, wish, words))
        return meant[0] + 1

    def count(self, onset_ms: np.ndarray, pitch: np.ndarray, velocity: np.ndarray, composer: str) -> np.ndarray:
        """(4,) codes of a window of N notes; density is unsaid where all begin at once."""
        span_s = (int(onset_ms.max()) - int(onset_ms.min())) / 1000 if len(onset_ms) else 0.0
        measured = {
            "density": (len(onset_ms) - 1) / span_s if span_s else None,
            "dynamics": float(np.mean(velocity)) if len(velocity) else None,
            "register": float(np.mean(pitch)) if len(pitch) else None,
        }
        codes = [self.composers.index(composer) + 1 if composer in self.composers else UNSAID]
        for name, value in measured.items():
            codes.append(UNSAID if value is None else int(np.searchsorted(LEVELS[name][1], value, "right")) + 1)
        return np.array(codes, np.uint8)


def forget(codes: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """(4,) codes of which nothing is said in this share of windows; in the others each is left out with this chance."""
    kept = (rng.random(len(codes)) >= share) & (rng.random() >= share)
    return np.where(kept, codes, UNSAID)


def plain(name: str) -> str:
    """A name without case and accents: ``frederic chopin``."""
    return "".join(c for c in unicodedata.normalize("NFKD", name).casefold() if not unicodedata.combining(c))
