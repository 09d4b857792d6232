"""``antiphon reconstruct``: melodies through a model's latent space and back, and what was lost on the way."""

import argparse
from pathlib import Path
from typing import Any

from antiphon.cli.output import emit, say
from antiphon.cli.progress import progress
from antiphon.cli.writing import SOURCE, writer

EXAMPLE = """antiphon reconstruct song.mid --tracks melody --model vae -o again.mid
  antiphon reconstruct --corpus corpora/melodies --split test --model vae"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="MUSIC", nargs="?", help=SOURCE)
    parser.add_argument("--corpus", type=Path, metavar="CORPUS", help="instead, the passages of a corpus: numbers only")
    parser.add_argument("--split", default="validation", metavar="NAME", help="train, validation (default) or test")
    parser.add_argument("--tracks", metavar="TRACKS", help="only these tracks: 1,3, or by name")
    parser.add_argument("--model", required=True, metavar="M", help="a model with a latent space, by name or folder")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="of what is drawn (default 0)")
    parser.add_argument(
        "-o", "--output", type=Path, action="append", default=[], metavar="OUT",
        help="what came back, by ending: .mid; .wav .flac .ogg .mp3; .svg .png .pdf. May be repeated",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    from antiphon.errors import OptionError

    if args.seed < 0:
        raise OptionError(f"--seed {args.seed} is out of range: it must be 0 or more")
    if (args.file is None) == (args.corpus is None):
        raise OptionError("give either music to reconstruct, or a corpus with --corpus")
    if args.corpus is None:
        _one(args)
    elif args.output or args.tracks:
        raise OptionError("of a corpus there are numbers only: leave -o and --tracks out")
    else:
        _many(args)


def _one(args: argparse.Namespace) -> None:
    """A piece there and back."""
    from antiphon.engine import open_bundle, open_engine
    from antiphon.generate.latent import reconstructed
    from antiphon.generate.prompt import read_prompt

    writers = {path: writer(path) for path in args.output}
    prompt = read_prompt(args.file, tracks=args.tracks)
    bundle = open_bundle(args.model)
    found = reconstructed(open_engine(bundle), prompt.music, args.seed)
    for path, write in writers.items():
        say(f"writing {path} …")
        write(found.music, path, ())
    result = {"files": [str(path) for path in args.output], "model": bundle.name, **found.report}
    emit(args, result, "\n".join([*result["files"], _text(result)]))


def _many(args: argparse.Namespace) -> None:
    """All passages of a split."""
    from antiphon.corpus.store import open_corpus
    from antiphon.engine import open_bundle, open_engine
    from antiphon.engine.encoding import LatentEngine
    from antiphon.errors import ModelError
    from antiphon.evaluate.latent import split_report

    corpus, bundle = open_corpus(args.corpus), open_bundle(args.model)
    engine = open_engine(bundle)
    if not isinstance(engine, LatentEngine):
        raise ModelError(f"{bundle.name} has no latent space; choose a model of the family vae")
    with progress("there and back") as show:
        found = split_report(engine, corpus, args.split, args.seed, show)
    result = {"model": bundle.name, "corpus": str(args.corpus), "split": args.split, **found}
    emit(args, result, _table(result))


def _text(result: dict[str, Any]) -> str:
    return (
        f"{result['passages']} passages of {result['bars']} bars, {result['notes']} notes, through {result['model']}:\n"
        f"  {result['drawn']:.1%} of the sixteenths come back when notes are drawn, {result['greedy']:.1%} when the "
        f"likeliest is taken\n"
        f"  {result['notes_right']:.1%} of the notes are the likeliest when all before them are right\n"
        f"  {result['kl_nats_per_bar']:.2f} nats a bar tell where they lie"
    )


def _table(result: dict[str, Any]) -> str:
    forced, sampled = result["teacher_forced"], result["sampled"]
    rows = {
        "sixteenths that come back, drawn": f"{sampled['drawn']:.1%}",
        "  the likeliest notes": f"{sampled['greedy']:.1%}",
        "  of another passage": f"{sampled['by_chance']:.1%}",
        "notes right, those before given": f"{forced['all']:.1%}",
        **{f"  {name}": f"{forced[name]:.1%}" for name in ("step", "pitch", "duration")},
        "divergence, nats a bar": f"{result['kl_nats_per_bar']:.2f}",
        "bound, nats a note": f"{result['bound_nats_per_note']:.3f}",
        f"  over {result['weighted_bound_places']} places": f"{result['weighted_bound_nats_per_note']:.3f}",
    }
    about = f"{result['model']} on {result['passages']:,} {result['split']} passages of {result['bars']} bars"
    return "\n".join([about, *(f"{name:<34}{value:>10}" for name, value in rows.items())])
