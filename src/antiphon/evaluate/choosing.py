"""What generation takes from the laboratory: a measure that chooses among pieces, and a ban on copying."""

from __future__ import annotations

from collections.abc import Callable

from antiphon.corpus.store import Corpus
from antiphon.errors import OptionError, unknown
from antiphon.evaluate.copy_watch import CopyWatch, Passages
from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.memorisation import training_index
from antiphon.generate.bans import NewBan
from antiphon.generate.options import number
from antiphon.generate.task import Measure


def measure_named(text: str) -> Measure:
    """``"novelty"``: the higher the better; ``"density=8"``: the nearer to 8 the better. Raises OptionError."""
    name, equals, value = (part.strip() for part in text.partition("="))
    if name not in MEASURES:
        raise OptionError(unknown("measure", name, MEASURES))
    measure, wanted = MEASURES[name], number(value, f"best-by {name}") if equals else None
    return measure if wanted is None else lambda score: -abs(measure(score) - wanted)


def ban_on_copies(corpus: Corpus, notes: int, indexing: Callable[[], None] = lambda: None) -> NewBan:
    """Makes watches that ban what would complete ``notes`` notes in a row as in the corpus's training music.

    ``indexing`` is called before that music is indexed, once, for a minute. Raises OptionError.
    """
    passages = Passages(training_index(corpus, indexing))
    CopyWatch(passages, notes)  # an error now, not in the middle of a piece
    return lambda: CopyWatch(passages, notes)
