"""``antiphon generate``: new music from a model."""

import argparse
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antiphon.cli.output import emit, say
from antiphon.cli.progress import progress

if TYPE_CHECKING:
    from antiphon.generate.sampling import Sampling
    from antiphon.notes import Score

EXAMPLE = "antiphon generate --seconds 60 --seed 1 -o piece.mid -o piece.wav -o piece.svg"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=None, metavar="M", help="a model's name or folder (default: lstm-piano)")
    parser.add_argument("--prompt", type=Path, metavar="FILE", help="music for the model to continue")
    parser.add_argument("--continue", dest="keep", action="store_true", help="begin the output with the prompt")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--notes", type=int, metavar="N", help="how many notes to write")
    length.add_argument("--seconds", type=float, metavar="S", help="how long to write for (default: 60)")
    parser.add_argument("--temperature", type=float, default=1.0, metavar="T", help="1 is the model's own (default)")
    parser.add_argument(
        "--top-k", type=int, default=0, metavar="K", help="draw only from the K likeliest (default: all)"
    )
    parser.add_argument("--top-p", type=float, default=1.0, metavar="P", help="nucleus sampling (default 1: all)")
    parser.add_argument(
        "--min-p", type=float, default=0.0, metavar="P", help="leave out what is less likely than P times the likeliest"
    )
    parser.add_argument("--seed", type=int, metavar="S", help="same seed, same music (default: a new one, printed)")
    parser.add_argument(
        "--instrument", default="0", metavar="NAME", help="a General MIDI name or number (default: piano)"
    )
    parser.add_argument("-n", "--count", type=int, default=1, metavar="COUNT", help="how many pieces (default: 1)")
    parser.add_argument(
        "-o", "--output", type=Path, action="append", required=True, metavar="OUT",
        help="by ending: .mid; .wav .flac .ogg .mp3; .svg .png .pdf. May be repeated; several pieces number themselves",
    )  # fmt: skip


def run(args: argparse.Namespace) -> None:
    from antiphon import instruments
    from antiphon.engine import DEFAULT, open_bundle, open_engine
    from antiphon.errors import OptionError
    from antiphon.files import read_music
    from antiphon.generate.pieces import Length, write_pieces

    if not 1 <= args.count <= 1000:
        raise OptionError(f"-n {args.count} is out of range: 1 to 1000 pieces")
    if args.seed is not None and args.seed < 0:
        raise OptionError(f"--seed {args.seed} is out of range: it must be 0 or more")
    seconds = 60.0 if args.seconds is None and args.notes is None else args.seconds
    length, sampling = Length(notes=args.notes, seconds=seconds), _sampling(args)
    program, seed = instruments.program(args.instrument), secrets.randbits(32) if args.seed is None else args.seed
    writers = {path: _writer(path) for path in args.output}
    prompt = None if args.prompt is None else read_music(args.prompt)
    bundle = open_bundle(args.model or DEFAULT)
    with progress("writing") as show:
        pieces = write_pieces(
            open_engine(bundle), length, [(seed, i) for i in range(args.count)],
            prompt=prompt, keep_prompt=args.keep, sampling=sampling, program=program, progress=show,
        )  # fmt: skip
    files = [
        _written(path, i, args.count, score, writers[path])
        for i, score in enumerate(pieces.scores)
        for path in args.output
    ]
    result = {
        "files": [str(file) for file in files],
        "model": bundle.name,
        "licence": bundle.meta["licence"]["name"],
        "seed": seed,
        "notes": pieces.notes,
        "seconds": round(sum(s.length_s for s in pieces.scores), 3),
        "notes_per_second": round(pieces.notes_per_second, 1),
        "first_note_ms": round(pieces.first_note_s * 1000, 1),
    }
    emit(args, result, _text(result))


def _sampling(args: argparse.Namespace) -> "Sampling":
    from antiphon.generate.sampling import Sampling

    return Sampling(temperature=args.temperature, top_k=args.top_k, top_p=args.top_p, min_p=args.min_p)


Writer = Callable[["Score", Path], Any]


def _writer(path: Path) -> Writer:
    """The function that writes this kind of file; an error now if it cannot be written at all."""
    from antiphon import audio, pictures
    from antiphon.errors import OptionError
    from antiphon.files.midi import write_midi
    from antiphon.files.paths import check_writable

    ending = path.suffix.lower()
    check_writable(path)
    if ending in (".mid", ".midi"):
        return write_midi
    if ending in audio.ENDINGS:
        return audio.render_file
    if ending in pictures.ENDINGS:
        pictures.check(path)
        return lambda score, file: pictures.draw(score, file, title=file.stem)
    allowed = ", ".join([".mid", *audio.ENDINGS, *pictures.ENDINGS])
    raise OptionError(f"{path}: the ending {path.suffix!r} is not known; it may be {allowed}")


def _written(path: Path, index: int, count: int, score: "Score", write: Writer) -> Path:
    """Write one piece in one form; the file's name, numbered where there are several pieces."""
    digits = len(str(count))
    file = path if count == 1 else path.with_name(f"{path.stem}-{index + 1:0{digits}}{path.suffix}")
    say(f"writing {file} …")
    write(score, file)
    return file


def _text(result: dict[str, Any]) -> str:
    files = "\n".join(result["files"])
    return (
        f"{files}\n{result['notes']:,} notes, {result['seconds']:.1f} s of music, by {result['model']} "
        f"(weights: {result['licence']}), seed {result['seed']}\n"
        f"{result['notes_per_second']:,.0f} notes/s, first note after {result['first_note_ms']:.0f} ms"
    )
