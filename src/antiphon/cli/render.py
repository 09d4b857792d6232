"""``antiphon render``: a music file to sound."""

import argparse
from pathlib import Path

from antiphon.cli.output import emit, say
from antiphon.cli.progress import progress

EXAMPLE = "antiphon render piece.mid -o piece.mp3 --instrument harpsichord"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the music to play")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="OUT", help=".wav, .flac, .ogg or .mp3")
    parser.add_argument(
        "--soundfont", type=Path, metavar="FILE", help="a sound bank, .sf2 or .sf3 (default: a small one)"
    )
    parser.add_argument("--instrument", metavar="NAME", help="play all but the drums on this General MIDI instrument")
    parser.add_argument(
        "--engine", default="auto", metavar="NAME", help="auto, fluidsynth or midirenderer (default auto)"
    )
    parser.add_argument("--no-pedal", action="store_true", help="notes as the keys were held, without the pedal")
    parser.add_argument("--rate", type=int, default=44100, metavar="HZ", help="frames a second (default 44100)")


def run(args: argparse.Namespace) -> None:
    from antiphon.audio import render_file
    from antiphon.files import read_music
    from antiphon.instruments import program

    instrument = None if args.instrument is None else program(args.instrument)
    score = read_music(args.file, pedal=not args.no_pedal)
    score = score if instrument is None else score.with_program(instrument)
    with progress("rendering") as show:
        info = render_file(
            score, args.output, soundfont=args.soundfont, rate=args.rate, engine=args.engine, progress=show
        )
    for sentence in info.substituted:
        say(sentence)
    text = f"{args.output}: {info.seconds:.1f} s of sound by {info.engine}, {info.realtime_factor:.0f} × real time"
    emit(args, {"path": str(args.output), **vars(info)}, text)
