"""From options to finished pieces, for writing and for replaying: what generation takes from the layers above it.

A wish is told to the model, a measure chooses among pieces, and the training music says what would be a copy.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from antiphon.cli.output import say
from antiphon.generate.options import Value

if TYPE_CHECKING:
    from antiphon.corpus.store import Corpus
    from antiphon.engine.bundle import Bundle
    from antiphon.generate.finish import Progress, Works
    from antiphon.generate.task import Seeds
    from antiphon.notes import Score


def training(path: Path | None, options: Mapping[str, Value]) -> "Corpus | None":
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
    from antiphon.corpus.store import open_corpus

    return open_corpus(path)


def check(options: Mapping[str, Value]) -> None:
    """Raise OptionError for what :func:`performed` could not do."""
    if "best-by" in options:
        from antiphon.evaluate.choosing import measure_named

        measure_named(str(options["best-by"]))


def performed(
    bundle: "Bundle",
    command: str,
    options: Mapping[str, Value],
    seeds: "Seeds",
    music: "Score | None",
    show: "Progress",
    corpus: "Corpus | None" = None,
) -> "Works":
    """The pieces that a command writes, one a seed."""
    from antiphon.engine import open_engine
    from antiphon.generate.task import perform
    from antiphon.generate.wishes import wished

    engine = wished(open_engine(bundle), bundle, options)
    measure, ban = None, None
    if "best-by" in options:
        from antiphon.evaluate.choosing import measure_named

        measure = measure_named(str(options["best-by"]))
    if corpus is not None:
        from antiphon.evaluate.choosing import ban_on_copies

        where = corpus.path
        ban = ban_on_copies(
            corpus, int(options["avoid-copies"]), lambda: say(f"indexing the training music in {where}, once …")
        )
    return perform(engine, command, options, seeds, music, show, measure=measure, ban=ban)
