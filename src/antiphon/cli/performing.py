"""From options to finished pieces, for writing and for replaying: what generation takes from the layers above it.

A wish is told to the model, a measure chooses among pieces, and the training music says what would be a copy.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from antiphon.cli.output import say
from antiphon.generate.options import Value, number

if TYPE_CHECKING:
    from antiphon.engine.bundle import Bundle
    from antiphon.evaluate.memorisation import CopyIndex
    from antiphon.generate.bans import NewBan
    from antiphon.generate.finish import Progress, Works
    from antiphon.generate.task import Measure, Seeds
    from antiphon.notes import Score


class Training(NamedTuple):
    """The corpus whose music is not to be copied."""

    path: Path
    sha256: str  # of its manifest, which lists the hashes of all else


def training(path: Path | None, options: Mapping[str, Value]) -> Training | None:
    """The corpus for ``avoid-copies``. Raises OptionError where it is missing, CorpusError where it is none."""
    from antiphon.errors import OptionError

    if "avoid-copies" not in options:
        if path is not None:
            raise OptionError(
                f"--corpus {path} is only looked at with --avoid-copies: give a number of notes, such as 16"
            )
        return None
    if path is None:
        raise OptionError(
            f"--avoid-copies {options['avoid-copies']} needs the music that the model was trained on: give the folder "
            "of its corpus with --corpus"
        )
    from antiphon.corpus.store import MANIFEST, open_corpus

    open_corpus(path)
    return Training(path, hashlib.sha256((path / MANIFEST).read_bytes()).hexdigest())


def measure_named(text: str) -> "Measure":
    """``"novelty"``: the higher the better; ``"density=8"``: the nearer to 8 the better. Raises OptionError."""
    from antiphon.errors import OptionError, unknown
    from antiphon.evaluate.measures import MEASURES

    name, equals, value = (part.strip() for part in text.partition("="))
    if name not in MEASURES:
        raise OptionError(unknown("measure", name, MEASURES))
    measure, wanted = MEASURES[name], number(value, f"best-by {name}") if equals else None
    return measure if wanted is None else lambda score: -abs(measure(score) - wanted)


def check(options: Mapping[str, Value]) -> None:
    """Raise OptionError for what :func:`performed` could not do."""
    if "best-by" in options:
        measure_named(str(options["best-by"]))


def performed(
    bundle: "Bundle",
    command: str,
    options: Mapping[str, Value],
    seeds: "Seeds",
    music: "Score | None",
    show: "Progress",
    corpus: Training | None = None,
) -> "Works":
    """The pieces that a command writes, one a seed."""
    from antiphon.engine import open_engine
    from antiphon.generate.task import perform
    from antiphon.generate.wishes import wished

    engine = wished(open_engine(bundle), bundle, options)
    measure = measure_named(str(options["best-by"])) if "best-by" in options else None
    ban = None if corpus is None else _ban(corpus, int(options["avoid-copies"]))
    return perform(engine, command, options, seeds, music, show, measure=measure, ban=ban)


def _ban(corpus: Training, notes: int) -> "NewBan":
    """Makes watches that ban what would complete ``notes`` notes in a row as in the corpus."""
    from antiphon.evaluate.copy_watch import CopyWatch, Passages

    passages = Passages(_index(corpus))
    CopyWatch(passages, notes)  # an error now, not in the middle of a piece
    return lambda: CopyWatch(passages, notes)


def _index(corpus: Training) -> "CopyIndex":
    """The index of a corpus's training pieces, kept in the person's cache folder: making it takes a minute."""
    import platformdirs

    from antiphon.corpus.store import open_corpus
    from antiphon.evaluate.memorisation import index_corpus, load_index

    folder = platformdirs.user_cache_path("antiphon") / "copies" / corpus.sha256[:32]
    if not folder.exists():
        say(f"indexing the training music in {corpus.path}, once …")
        opened = open_corpus(corpus.path)
        folder.parent.mkdir(parents=True, exist_ok=True)
        index_corpus(opened, opened.split("train")).save(folder)
    return load_index(folder)
