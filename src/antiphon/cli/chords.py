"""What may stand for the chords of ``--chords``: the chords themselves, a file of them, music, or a model of chords."""

from collections.abc import Mapping
from pathlib import Path

from antiphon.cli.output import say
from antiphon.generate.options import Value

MODEL = "model:"


def chords(text: str, options: Mapping[str, Value], seed: int) -> str:
    """The chords as a text that is recorded: of music and of models their names, with where they are from behind ``;``.

    ``options`` are those of the piece that they are for. Raises FileError, ModelError or OptionError.
    """
    if text.startswith(MODEL):
        return _proposed(text.removeprefix(MODEL), options, seed)
    _check_folder(text)
    path = _file(text)
    _check_missing(text, path)
    if path is not None and path.suffix.lower() in _music():
        return _named(path, options)
    return _read(text, path)


def _file(text: str) -> Path | None:
    try:
        return path if (path := Path(text)).is_file() else None
    except (OSError, ValueError):  # chords that are too long for the name of a file
        return None


def _check_folder(text: str) -> None:
    """A model without the word before it is an error that says so."""
    from antiphon.engine.bundle import META
    from antiphon.errors import OptionError

    if _file(f"{text}/{META}"):
        raise OptionError(f"{text} is the folder of a model; for chords of a model write --chords {MODEL}{text}")


def _check_missing(text: str, path: Path | None) -> None:
    """The name of a file that is not there is no chord, and should not be called a wrong one."""
    from antiphon.errors import FileError

    ending = Path(text).suffix.lower()
    if path is None and " " not in text and (ending in _music() or ending == ".txt"):
        raise FileError(
            f"cannot read {text}: there is no such file; give one of chords or music, or chords: 'Am F C G'"
        )


def _music() -> frozenset[str]:
    from antiphon.files import READERS

    return frozenset(READERS)


def _read(text: str, path: Path | None) -> str:
    """The chords in a text file, or those of the text itself, without comments."""
    from antiphon.errors import FileError

    try:
        lines = [text] if path is None else path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise FileError(f"cannot read the chords in {text}: {error}") from error
    return " ".join(" ".join(line.partition(";")[0] for line in lines).split())


def _named(path: Path, options: Mapping[str, Value]) -> str:
    """The chords of a file of music, bar by bar."""
    from antiphon.files import read_music
    from antiphon.generate.harmony import harmony, written

    names = written(harmony(read_music(path), float(options.get("bars-per-chord", 1))))
    return _said(f"{names} ; named in {path.name}")


def _proposed(model: str, options: Mapping[str, Value], seed: int) -> str:
    """The chords that a model writes for the piece."""
    from antiphon.engine import open_bundle, open_engine
    from antiphon.generate.harmony import proposal

    bundle = open_bundle(model)
    return _said(proposal(open_engine(bundle), bundle.name, options, seed))


def _said(text: str) -> str:
    say(f"chords: {text.partition(' ;')[0]}")
    return text
