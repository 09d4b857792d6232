"""``antiphon evaluate``: how well a model predicts a corpus."""

import argparse
import time
from pathlib import Path
from typing import Any

from antiphon.cli.output import emit
from antiphon.cli.progress import progress

EXAMPLE = "antiphon evaluate lstm-piano --corpus corpora/maestro --split validation"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model's name or folder")
    parser.add_argument("--corpus", type=Path, required=True, metavar="CORPUS", help="a folder that `prepare` wrote")
    parser.add_argument("--split", default="validation", metavar="NAME", help="train, validation (default) or test")


def run(args: argparse.Namespace) -> None:
    from antiphon.corpus.store import open_corpus
    from antiphon.engine import open_bundle, open_engine
    from antiphon.evaluate.likelihood import corpus_likelihood

    bundle, corpus = open_bundle(args.model), open_corpus(args.corpus)
    pieces = corpus.split(args.split)
    done, began = 0, time.monotonic()
    with progress("listening", sum(p.count for p in pieces)) as show:

        def heard(notes: int) -> None:
            nonlocal done
            done += notes
            show(done)

        found = corpus_likelihood(open_engine(bundle), corpus, pieces, heard).report()
    elapsed_s = time.monotonic() - began
    result = {"model": bundle.name, "corpus": str(args.corpus), "split": args.split, **found, "elapsed_s": elapsed_s}
    emit(args, result, _text(result))


def _text(result: dict[str, Any]) -> str:
    by_attribute = ", ".join(f"{name} {nats:.3f}" for name, nats in result["nats_per_note_by_attribute"].items())
    return (
        f"{result['model']} on {result['pieces']} {result['split']} pieces, {result['notes']:,} notes:\n"
        f"  {result['nats_per_note']:.3f} nats a note ({result['bits_per_note']:.3f} bits): {by_attribute}\n"
        f"  {result['nats_per_note_pitch_step_duration']:.3f} for pitch, step and duration alone\n"
        f"  {result['nats_per_midi_token']:.3f} nats a MIDI-like token"
    )
