"""A bundle: the folder a trained model lives in, checked on opening and never trusted.

``meta.json`` says what the model is and lists every other file with its size and SHA-256; ``weights.safetensors`` holds
the weights for fine-tuning, ``engine.onnx`` (a step of the backbone) and ``heads.onnx`` what plays, ``card.md`` what a
person should know. A model that hears whole passages at once has ``encoder.onnx`` too; one that fills what is masked
has ``filler.onnx`` instead of steps and heads, one that draws whole phrases ``drawer.onnx``. An install may leave out
weights of which ``meta.json`` says so: such a model plays, and cannot be trained further. Nothing in a bundle is
executed and no pickle is read.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from antiphon import DEFAULT_MODEL
from antiphon.chords import NAME as CHORDS
from antiphon.chords import ChordCodec, rows_from_spec
from antiphon.codec import NoteCodec
from antiphon.conditions import Conditions
from antiphon.engine.packages import FAMILIES, HOW, Packages, packages
from antiphon.errors import ModelError, unknown
from antiphon.files.paths import written_folder
from antiphon.rolls import NAME as FRAMES
from antiphon.rolls import RollCodec

FORMAT = 1
META = "meta.json"
WEIGHTS, ENGINE, HEADS, CARD = "weights.safetensors", "engine.onnx", "heads.onnx", "card.md"
FILES = (WEIGHTS, ENGINE, HEADS, CARD)
ENCODER, FILLER, DRAWER = "encoder.onnx", "filler.onnx", "drawer.onnx"
OPTIONAL = (ENCODER,)
# What a model has, beside OPTIONAL ones: it steps, it fills, or it draws.
KINDS = (FILES, (WEIGHTS, FILLER, CARD), (WEIGHTS, DRAWER, CARD))
PLACE = ("mean", "log_deviation")  # the encoder's outputs where there is a latent space; else parts of a state
_KEYS = {
    "format": int, "name": str, "family": str, "config": dict, "codec": dict, "state": list, "parameters": int,
    "licence": dict, "data": dict, "recipe": dict, "measured": dict, "antiphon": str, "files": dict,
}  # fmt: skip
_LARGEST = 1 << 30  # bytes of one file


class NoNotesError(ModelError, AttributeError):
    """Rows that are no notes; an AttributeError too, so that an engine of chords is no protocol with a codec."""


@dataclass(frozen=True)
class Bundle:
    """An opened and checked bundle."""

    path: Path
    meta: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What the model is called."""
        return str(self.meta["name"])

    @cached_property
    def rows(self) -> NoteCodec | ChordCodec | RollCodec:
        """How the model's rows become music, whatever a row is."""
        return rows_from_spec(self.meta["codec"])

    @property
    def codec(self) -> NoteCodec:
        """How the rows of a model of notes become music; ModelError for one of chords."""
        if isinstance(self.rows, ChordCodec):
            raise NoNotesError(
                f"the model {self.name} writes chords, not notes: `antiphon generate --model` and `--chords model:…` "
                "know it; choose a model of notes here"
            )
        if isinstance(self.rows, RollCodec):
            raise NoNotesError(
                f"the model {self.name} writes frames of a piano roll, not notes: `antiphon generate --model` knows "
                "it; choose a model of notes here"
            )
        return self.rows

    @cached_property
    def conditions(self) -> Conditions | None:
        """What the model may be asked for, if it knows any conditions."""
        config = self.meta["config"]
        return Conditions(tuple(config.get("composers", ()))) if config.get("conditions") else None

    def has(self, file: str) -> bool:
        """Whether a file is there: one of the OPTIONAL ones, or the weights, without which a model only plays."""
        return file in self.meta["files"] and (self.path / file).exists()

    def read(self, file: str) -> bytes:
        """The bytes of one of the bundle's files; ModelError for weights that were left out."""
        if file == WEIGHTS and not self.has(file):
            raise ModelError(
                f"the model {self.name} is installed to play: its {file}, which training goes on from, is left out. "
                f"Its {CARD} says how to train it again, and Antiphon's repository may have it; or begin with another"
            )
        return (self.path / file).read_bytes()


def folders() -> list[Path]:
    """Where models are looked up by name: those that ship with Antiphon, then the user's own."""
    import platformdirs  # here, so that training needs no more than torch and its companions

    return [Path(__file__).parent.parent / "pretrained", platformdirs.user_data_path("antiphon") / "models"]


class Packaged(NamedTuple):
    """The models of other installed packages."""

    models: dict[str, Path]  # by name
    owners: dict[Path, str]  # by the folder of each model, the name of its package
    problems: tuple[str, ...]  # a line about each package or model that cannot be used


def available() -> dict[str, Path]:
    """The models that are here, by name; of two of one name the first: shipped, the user's own, a package's."""
    return {**packaged().models, **_nearest()}


def playing() -> list[str]:
    """The names of those that go from note to note, as playing in time needs."""
    return [name for name, path in sorted(available().items()) if _plays(path)]


def _plays(path: Path) -> bool:
    try:
        return plays(read_meta(path))
    except ModelError:
        return False


def plays(meta: Mapping[str, Any]) -> bool:
    """Whether the model of a ``meta.json`` goes from note to note: one of chords, say, does not."""
    return meta["codec"].get("name") not in (CHORDS, FRAMES) and not {FILLER, DRAWER} & set(meta["files"])


def packaged() -> Packaged:
    """The models of other packages, which are looked for once; those that cannot be used are left out."""
    return _packaged(packages())


@lru_cache(1)
def _packaged(installed: Packages) -> Packaged:
    models: dict[str, Path] = {}
    owners: dict[Path, str] = {}
    problems = list(installed.problems)
    for package in installed.found:
        paths = [path.parent for path in sorted(package.folder.glob(f"*/{META}"))]
        if not paths:
            problems.append(f"the package {package.name} has no models in {package.folder}; install it again")
        for path in paths:
            try:
                read_meta(path)
            except ModelError as error:
                problems.append(f"a model of the package {package.name} is left out: {error}")
            else:
                owners[path] = package.name
                models.setdefault(path.name, path)
    return Packaged(models, owners, tuple(problems))


def _nearest() -> dict[str, Path]:
    """The models in Antiphon's and the user's own folders, by name."""
    found = [path.parent for folder in folders() if folder.is_dir() for path in sorted(folder.glob(f"*/{META}"))]
    return {path.name: path for path in reversed(found)}


def find(name_or_path: str | Path) -> Path:
    """The folder of a model given by name or path; ModelError listing what there is, or how to get more."""
    path, name = Path(name_or_path), str(name_or_path)
    if (path / META).is_file():
        return path
    models = _nearest()
    if name not in models:
        models = available()  # other packages too; looking for them takes time that no common start should take
    if name in models:
        return models[name]
    if path.is_dir():
        raise ModelError(
            f"{path} is not a model: it has no {META}. A model is what `antiphon train … -o {path}` writes."
        )
    raise ModelError(unknown("model", name, models) + " The path of a model's folder works too." + more())


def more() -> str:
    """What to add where a model is not found: how to get the package of the families, and what is wrong with others."""
    _, owners, problems = packaged()
    how = [] if FAMILIES in owners.values() else [f"more models come with {FAMILIES}: {HOW}"]
    return "".join(f" {line[0].upper()}{line[1:]}." for line in (*how, *problems))


def read_meta(name_or_path: str | Path) -> dict[str, Any]:
    """A model's ``meta.json``, checked in itself but not against the other files."""
    path = find(name_or_path)
    try:
        meta = json.loads((path / META).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ModelError(f"{path / META} is damaged: {error}") from error
    except OSError as error:
        raise ModelError(f"cannot read {path / META}: {error.strerror}") from error
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        found = meta.get("format") if isinstance(meta, dict) else None
        raise ModelError(f"{path} has format {found!r}; this version of Antiphon knows format {FORMAT}")
    for key, kind in _KEYS.items():
        if not isinstance(meta.get(key), kind):
            raise ModelError(f"{path / META} is damaged: {key!r} should be of type {kind.__name__}")
    if not isinstance(meta["licence"].get("name"), str):
        raise ModelError(f"{path / META} is damaged: it names no licence")
    extra = sorted(set(meta) - set(_KEYS))
    if extra:
        raise ModelError(f"{path / META} has a key this version does not know: {extra[0]!r}")
    return meta


def size(path: Path, meta: Mapping[str, Any]) -> int:
    """Bytes of a model's files that are here, its ``meta.json`` aside."""
    return sum((path / file).stat().st_size for file in meta["files"] if (path / file).is_file())


def open_bundle(name_or_path: str | Path = DEFAULT_MODEL) -> Bundle:
    """The one way to a model: found by name or path, every file checked for size and hash; ModelError otherwise."""
    path = find(name_or_path)
    meta = read_meta(path)
    if set(meta["files"]) - set(OPTIONAL) not in map(set, KINDS):
        kinds = " or ".join(str(sorted(kind)) for kind in KINDS)
        raise ModelError(f"{path} lists the files {sorted(meta['files'])}; a model has {kinds}")
    for name, entry in meta["files"].items():
        if not isinstance(entry, dict):
            raise ModelError(f"{path / META} is damaged: it gives no size and hash of {name}")
        if (path / name).exists() or not (name == WEIGHTS and entry.get("may_be_left_out")):
            _check(path / name, entry)
    return Bundle(path, meta)


def _check(file: Path, entry: Mapping[str, Any]) -> None:
    """Raise ModelError unless the file is there with the size and hash that ``meta.json`` gives."""
    if file.is_symlink() or not file.is_file():
        raise ModelError(f"{file} is missing; copy the model's whole folder again")
    size = file.stat().st_size
    if size != entry.get("bytes") or size > _LARGEST:
        raise ModelError(f"{file} has {size:,} bytes instead of {entry.get('bytes')}; copy the model again")
    if hashlib.sha256(file.read_bytes()).hexdigest() != entry.get("sha256"):
        raise ModelError(f"{file} was changed: its SHA-256 is not the one in {META}; copy the model again")


def write_bundle(path: Path, meta: Mapping[str, Any], make: Callable[[Path], None], *, needed: bool = True) -> None:
    """Write a bundle whole or not at all: ``make`` writes into a temporary folder; sizes and hashes are added.

    A copy of it may leave out weights that are not ``needed``.
    """
    with written_folder(path) as folder:
        make(folder)
        known = dict.fromkeys(name for kind in (*KINDS, OPTIONAL) for name in kind)
        names = [name for name in known if (folder / name).exists()]
        files = {name: (folder / name).read_bytes() for name in names}
        listed: dict[str, dict[str, Any]]
        listed = {n: {"bytes": len(b), "sha256": hashlib.sha256(b).hexdigest()} for n, b in files.items()}
        if not needed:
            listed[WEIGHTS]["may_be_left_out"] = True
        whole = {"format": FORMAT, "name": path.name, **meta, "files": listed}
        (folder / META).write_text(json.dumps(whole, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
