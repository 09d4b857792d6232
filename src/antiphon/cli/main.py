"""``antiphon COMMAND …``: finds the command, runs it, and turns a user's error into one line.

A command module has ``EXAMPLE``, ``configure(parser)`` and ``run(args)``. Results go to stdout, talk to stderr. Exit
status: 0 done, 1 an error the message explains, 2 misuse, 130 interrupted.
"""

import argparse
import importlib
import os
import select
import signal
import sys
from collections.abc import Sequence
from keyword import iskeyword
from types import ModuleType

from antiphon import __version__
from antiphon.errors import AntiphonError, unknown

COMMANDS = {
    "play": "play with a model: it listens and answers, in time",
    "ports": "list what there is to play with and to sound through",
    "calibrate": "measure how long sound takes from the program to the ear",
    "generate": "write new music with a model",
    "continue": "go on from where a piece ends",
    "vary": "draw some notes of a piece anew",
    "accompany": "write a left hand for a melody",
    "interpolate": "go from one melody to another through a model's latent space",
    "reconstruct": "send a melody through a model's latent space and back",
    "infill": "write a passage of a piece again",
    "harmonise": "add notes below a melody",
    "revoice": "draw other pitches below the top line of a piece",
    "presets": "list the named sets of options",
    "replay": "make a written piece again, byte for byte",
    "render": "turn a MIDI file into sound",
    "plot": "draw a MIDI file: piano roll or histograms",
    "info": "describe a MIDI file, a model or a corpus",
    "models": "list the models that are here, with their licences",
    "corpora": "list the named sources of music",
    "fetch": "download a named source of music",
    "prepare": "turn folders of MIDI files into a corpus",
    "pack": "pack a corpus into one small file that travels",
    "train": "train a model from a recipe",
    "adapt": "let a model learn from your own playing",
    "evaluate": "measure how well a model predicts a corpus",
    "compare": "compare models and folders of MIDI files: tables, and a page to look at",
    "studio": "open a page in the browser where music is made with the model",
}


class Help(argparse.RawDescriptionHelpFormatter):
    """Keeps our line breaks, and writes ``-o, --out FILE`` as Python 3.13 does: one docs/cli.md for all versions."""

    def _format_action_invocation(self, action: argparse.Action) -> str:
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"


def build_parser(command: str | None = None) -> argparse.ArgumentParser:
    """The whole parser; only ``command``'s own module is imported, the others show their one line of help."""
    parser = argparse.ArgumentParser(
        prog="antiphon",
        description="An instrument and a laboratory for symbolic (MIDI) music. You play, it answers.",
        epilog="example:\n  antiphon generate --seconds 60 --seed 1 -o piece.wav",
        formatter_class=Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"antiphon {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, line in COMMANDS.items():
        about = line[0].upper() + line[1:] + "."
        sub = commands.add_parser(name, help=line, description=about, formatter_class=Help, allow_abbrev=False)
        if name == command:
            _configure(sub, _load(name))
    return parser


def _configure(parser: argparse.ArgumentParser, module: ModuleType) -> None:
    """Give a command's parser its own options, its example and ``--json``."""
    module.configure(parser)
    parser.epilog = f"example:\n  {module.EXAMPLE}"
    parser.add_argument("--json", action="store_true", help="print the result as JSON, for machines")


def _load(command: str) -> ModuleType:
    return importlib.import_module(f"antiphon.cli.{command}{'_' * iskeyword(command)}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status; misuse and ``--help`` raise SystemExit, as argparse does."""
    argv = list(sys.argv[1:] if argv is None else argv)
    named = next((a for a in argv if not a.startswith("-")), None)
    try:
        _run(argv, named)
        sys.stdout.flush()  # here, not at exit, where a failure would be a traceback
    except AntiphonError as error:
        return _fail(named, str(error), 1)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a second Ctrl-C ends even the cleaning up, without a traceback
        return _fail(named, "interrupted", 130)
    except BrokenPipeError:
        if not _reader_left():
            raise
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # closing it at exit is then quiet
    return 0


def _run(argv: list[str], named: str | None) -> None:
    parser = build_parser(named)
    if named is not None and named not in COMMANDS:
        parser.error(unknown("command", named, COMMANDS))
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help()
        return
    _load(args.command).run(args)


def _fail(command: str | None, message: str, status: int) -> int:
    print(" ".join(filter(None, ["antiphon", command])) + f": {message}", file=sys.stderr)
    return status


def _reader_left() -> bool:
    """Whether who reads our stdout went away, as `| head` does; any other broken pipe is an error of ours."""
    if not hasattr(select, "poll"):  # Windows, where a broken pipe is nothing else
        return True
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # no event asked for: errors and hang-ups are always told
    return bool(poll.poll(0))
