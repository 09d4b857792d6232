"""What the commands that write music share: their options, and the way from those to files."""

import argparse
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antiphon import DEFAULT_MODEL
from antiphon.cli.chords import chords
from antiphon.cli.output import emit, say
from antiphon.cli.progress import progress
from antiphon.generate.options import GROUPS, LENGTHS, OPTIONS, Value, checked, over

if TYPE_CHECKING:
    from antiphon.engine.bundle import Bundle
    from antiphon.generate.finish import Work, Works
    from antiphon.generate.replay import Record
    from antiphon.notes import Score

LEAST_COST = 0.005  # nats a note that are worth a line: it would be rounded to nothing
SOURCE = "a file of music, or a melody such as 'C4 E4 G4:2 r A4'"
PASSAGE = {  # what two options are to commands that change a passage, and keep the rest of the music
    "from": "the passage that is changed begins here: 10s, 1:30 …",
    "to": "… and ends before this",
}
_ALIASES = {"key": ("--scale",)}
_OUTPUT = (
    "by ending: .mid .musicxml .abc; .wav .flac .ogg .mp3; .svg .png .pdf. "
    "May be repeated; several pieces number themselves"
)


def add_files(parser: argparse.ArgumentParser, model: str = DEFAULT_MODEL) -> None:
    """Which model, how many pieces, and where to."""
    parser.add_argument("--model", default=None, metavar="M", help=f"a model's name or folder (default: {model})")
    parser.add_argument("--preset", metavar="NAME", help="a named set of options, see `antiphon presets`")
    parser.add_argument("--seed", type=int, metavar="S", help="same seed, same music (default: a new one, printed)")
    parser.add_argument("-n", "--count", type=int, default=1, metavar="COUNT", help="how many pieces (default: 1)")
    parser.add_argument("-o", "--output", type=Path, action="append", required=True, metavar="OUT", help=_OUTPUT)
    parser.add_argument(
        "--sidecar", action="store_true", help="beside each piece, OUT.json: how it was made, for `antiphon replay`"
    )


def add_options(
    parser: argparse.ArgumentParser,
    groups: Sequence[str],
    without: Iterable[str] = (),
    helps: Mapping[str, str] = {},
) -> None:
    """The options of some groups, each group under its title; one that is not given stays None.

    ``helps`` is what some of them do in this command, where that is something else.
    """
    left_out = set(without)
    for group in groups:
        title, options = GROUPS[group]
        section = parser.add_argument_group(title)
        length = section.add_mutually_exclusive_group() if group == "length" else section
        for name, option in options.items():
            if name in left_out:
                continue
            place = length if name in LENGTHS else section
            names, text = (f"--{name}", *_ALIASES.get(name, ())), helps.get(name, option.help)
            if name == "avoid-copies":
                section.add_argument("--corpus", type=Path, metavar="CORPUS", help="a folder that `prepare` wrote")
            if option.kind is bool:
                place.add_argument(*names, dest=_dest(name), action="store_const", const=True, help=text)
            else:
                place.add_argument(*names, dest=_dest(name), type=option.kind, metavar=option.metavar, help=text)


def _dest(name: str) -> str:
    return f"option {name}"  # no option's own attribute can be called so


def given(args: argparse.Namespace) -> dict[str, Value]:
    """The options of a command line laid over those of its preset, of which a command takes what it has."""
    from antiphon.generate.presets import preset

    has = [name for name in OPTIONS if hasattr(args, _dest(name))]
    typed = {name: getattr(args, _dest(name)) for name in has if getattr(args, _dest(name)) is not None}
    below = {} if args.preset is None else preset(args.preset).options
    options = over({name: value for name, value in below.items() if name in has}, typed)
    return checked(options, "the command line")


def write(args: argparse.Namespace, command: str, source: str | None) -> None:
    """Run one of the commands of :func:`antiphon.generate.task.perform` and write its pieces; print what was done."""
    from antiphon.cli.performing import check, performed, training
    from antiphon.engine import open_bundle
    from antiphon.errors import OptionError
    from antiphon.generate.finish import finish
    from antiphon.generate.options import control
    from antiphon.generate.prompt import read_prompt
    from antiphon.generate.replay import record
    from antiphon.generate.task import which

    if not 1 <= args.count <= 1000:
        raise OptionError(f"-n {args.count} is out of range: 1 to 1000 pieces")
    if args.seed is not None and args.seed < 0:
        raise OptionError(f"--seed {args.seed} is out of range: it must be 0 or more")
    options, seed = given(args), secrets.randbits(32) if args.seed is None else args.seed
    if "chords" in options:  # found now, so that what is recorded is the chords
        options["chords"] = chords(str(options["chords"]), options, seed)
    alone = [name for name in GROUPS["prompt"][1] if name in options and source is None]
    if alone:
        raise OptionError(f"--{alone[0]} is about a prompt, and there is none: give one with --prompt, or leave it out")
    finish(options)
    control(options, endless=command not in ("generate", "continue"))  # what is wrong is said before any work
    check(options)
    corpus = training(getattr(args, "corpus", None), options)
    writers = {path: writer(path) for path in args.output}
    _spare(args, source)
    prompt = None if source is None else read_prompt(source, **which(command, options))
    bundle = open_bundle(args.model or DEFAULT_MODEL)
    with progress("writing") as show:
        music = None if prompt is None else prompt.music
        seeds = [(seed, i) for i in range(args.count)]
        works = performed(bundle, command, options, seeds, music, show, corpus)
    banned = None if corpus is None else (args.corpus, corpus.sha256)
    records = [record(bundle, command, seed, i, options, prompt, banned) for i in range(args.count)]
    files = _written(args, works, records, writers)
    result = _result(bundle, seed, options, works, files)
    emit(args, result, _text(result))


def _spare(args: argparse.Namespace, source: str | None) -> None:
    """Raise OptionError where a piece would be written over the music that it is made from."""
    from antiphon.errors import OptionError

    for path in args.output:
        for i in range(args.count):
            file = _numbered(path, i, args.count)
            if source and file.exists() and Path(source).exists() and file.samefile(source):
                raise OptionError(
                    f"-o {file} is the music that is read, and would be lost: give the output another name"
                )


Writer = Callable[["Score", Path, Sequence[str]], Any]


def writer(path: Path) -> Writer:
    """The function that writes this kind of file; an error now if it cannot be written at all."""
    from antiphon import audio, files, pictures
    from antiphon.errors import OptionError
    from antiphon.files.paths import check_writable

    ending = path.suffix.lower()
    check_writable(path)
    if of_notes := files.writer(path):
        return of_notes
    if ending in audio.ENDINGS:
        return lambda score, file, texts: audio.render_file(score, file)
    if ending in pictures.ENDINGS:
        pictures.check(path)
        return lambda score, file, texts: pictures.draw(score, file, title=file.stem)
    allowed = ", ".join([*files.WRITERS, *audio.ENDINGS, *pictures.ENDINGS])
    raise OptionError(f"{path}: the ending {path.suffix!r} is not known; it may be {allowed}")


def _written(
    args: argparse.Namespace, works: "Works", records: Sequence["Record"], writers: dict[Path, Writer]
) -> dict[str, list[str]]:
    """Write all pieces in all forms; the names of the files, numbered where there are several pieces."""
    files, sidecars = [], []
    for i, (work, record) in enumerate(zip(works.pieces, records, strict=True)):
        for path in args.output:
            file = _numbered(path, i, args.count)
            say(f"writing {file} …")
            writers[path](work.music, file, [record.text()])
            files.append(str(file))
        if args.sidecar:
            sidecars.append(str(_beside(_numbered(args.output[0], i, args.count), work, record)))
    return {"files": files, "sidecars": sidecars}


def _beside(file: Path, work: "Work", record: "Record") -> Path:
    """Write the sidecar of a piece, beside its first file."""
    from antiphon.files.midi import midi_bytes
    from antiphon.files.paths import written
    from antiphon.generate.replay import sidecar

    beside = file.with_name(f"{file.name}.json")
    changes = [change.to_list() for change in work.changes]
    with written(beside) as temporary:
        text = sidecar(record, midi_bytes(work.music, [record.text()]), changes)
        temporary.write_text(text, encoding="utf-8")
    return beside


def _numbered(path: Path, index: int, count: int) -> Path:
    digits = len(str(count))
    return path if count == 1 else path.with_name(f"{path.stem}-{index + 1:0{digits}}{path.suffix}")


def _result(
    bundle: "Bundle", seed: int, options: dict[str, Value], works: "Works", files: dict[str, list[str]]
) -> dict[str, Any]:
    return {
        **files,
        "model": bundle.name,
        "licence": bundle.meta["licence"]["name"],
        "seed": seed,
        "notes": works.notes,
        "seconds": round(sum(piece.music.length_s for piece in works.pieces), 3),
        "notes_per_second": round(works.notes_per_second, 1),
        "first_note_ms": round(works.first_note_s * 1000, 1),
        "options": options,
        "report": works.report,
    }


def _text(result: dict[str, Any]) -> str:
    files = "\n".join([*result["files"], *result["sidecars"]])
    return (
        f"{files}\n{result['notes']:,} notes, {result['seconds']:.1f} s of music, by {result['model']} "
        f"(weights: {result['licence']}), seed {result['seed']}\n"
        f"{result['notes_per_second']:,.0f} notes/s, first note after {result['first_note_ms']:.0f} ms"
        + "".join(f"\n{line}" for line in told(result["report"]))
    )


def told(report: dict[str, Any]) -> list[str]:
    """What people want to know of a report, each in a sentence; nothing of what did not happen."""
    lines = []
    if report.get("transposed"):
        lines.append(f"the model heard it {report['transposed']:+d} semitones from where it sounds")
    costs = report.get("cost_nats_per_note", [])
    if costs and (mean := sum(costs) / len(costs)) >= LEAST_COST:
        lines.append(f"the constraints cost {mean:.2f} nats a note")
    helped = [piece for piece in report.get("guard", []) if any(piece[key] for key in _HELP)]
    if helped:
        numbers = ", ".join(f"{sum(p[key] for p in helped)} {what}" for key, what in _HELP.items())
        lines.append(f"the guard stepped in ({numbers}); --no-guard leaves the model alone")
    avoided = sum(piece["avoided"] for piece in report.get("bans", []))
    if avoided:
        lines.append(f"at {avoided:,} notes what would have made a copy was left out")
    if "changed_notes" in report:
        lines.append(f"{sum(report['changed_notes']):,} notes were drawn anew")
    return lines


_HELP = {"heated_notes": "notes drawn hotter", "blocked_notes": "loops blocked", "shortened_silences": "silences cut"}
