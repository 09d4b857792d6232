"""``antiphon replay``: the same bytes again, from what a file says of how it was made."""

import argparse
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from antiphon.cli.output import emit, say
from antiphon.cli.progress import progress
from antiphon.cli.writing import writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from antiphon.corpus.store import Corpus
    from antiphon.engine.bundle import Bundle
    from antiphon.generate.finish import Progress
    from antiphon.generate.options import Value
    from antiphon.generate.prompt import Prompt
    from antiphon.generate.replay import Record
    from antiphon.notes import Score

EXAMPLE = """antiphon replay piece.mid
  antiphon replay piece.mid.json -o again.mid -o again.wav"""

STEPS = ("quantise", "humanise", "tempo-map")  # options of the steps after the model that can be undone


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="a MIDI file of ours, or the sidecar of a piece")
    parser.add_argument(
        "-o", "--output", type=Path, action="append", default=[], metavar="OUT",
        help="write the piece again, by ending; without, it is only made again and compared",
    )  # fmt: skip
    parser.add_argument("--model", metavar="M", help="where the model is, if not in its usual place")
    parser.add_argument("--prompt", metavar="FILE", help="where the prompt is, if not at its path or beside FILE")
    parser.add_argument("--corpus", type=Path, metavar="CORPUS", help="where the music is that was not to be copied")
    parser.add_argument(
        "--plain", action="store_true", help="write it without --quantise, --humanise and --tempo-map, as the model did"
    )


def run(args: argparse.Namespace) -> None:
    from antiphon.errors import FileError
    from antiphon.files.midi import midi_bytes
    from antiphon.generate.replay import differences, find_model, find_prompt, read_record
    from antiphon.generate.task import which

    writers = {path: writer(path) for path in args.output}
    record, digest = read_record(args.file)
    bundle = find_model(record, args.model)
    prompt = find_prompt(record, args.file, args.prompt, **which(record.command, record.options))
    corpus = _corpus(record, args.corpus)
    with progress("writing") as show:
        music = _again(record, bundle, prompt, corpus, record.options, show)
    text = record.text()
    if hashlib.sha256(midi_bytes(music, [text])).hexdigest() != digest:
        why = differences(record) or "all that it names is here, so FILE was changed after it was written"
        raise FileError(f"the bytes of {args.file} do not come out again: {why}")
    if args.plain:
        plain = {name: value for name, value in record.options.items() if name not in STEPS}
        music, text = _again(record, bundle, prompt, corpus, plain), replace(record, options=plain).text()
    for path, write in writers.items():
        say(f"writing {path} …")
        write(music, path, [text])
    files = [str(path) for path in args.output]
    result = {"file": str(args.file), "same": True, "sha256": digest, "files": files, "record": record.to_dict()}
    said = f"{args.file}: the same bytes come out again, by {record.model}, seed {record.seed}"
    emit(args, result, "\n".join([*files, said]))


def _again(
    record: "Record",
    bundle: "Bundle",
    prompt: "Prompt | None",
    corpus: "Corpus | None",
    options: "Mapping[str, Value]",
    show: "Progress" = lambda share: None,
) -> "Score":
    """The piece, made again."""
    from antiphon.cli.performing import performed

    music = None if prompt is None else prompt.music
    works = performed(bundle, record.command, options, [(record.seed, record.index)], music, show, corpus)
    return works.pieces[0].music


def _corpus(record: "Record", given: Path | None) -> "Corpus | None":
    """The corpus that a record names. Raises FileError where it is missing, or is another one."""
    from antiphon.cli.performing import training
    from antiphon.corpus.store import is_corpus
    from antiphon.errors import FileError

    if record.corpus is None:
        return training(given, record.options)
    path = given or Path(record.corpus)
    found = training(path, record.options) if is_corpus(path) else None
    if found is None or found.sha256 != record.corpus_sha256:
        state = "is another one" if found else "is not here"
        raise FileError(
            f"the corpus {str(path)!r}, whose music was not to be copied, {state}: its manifest should have the "
            f"SHA-256 {record.corpus_sha256}; give it with --corpus"
        )
    return found
