"""What a written file says of how it was made, so that the same bytes can be written again.

A MIDI file carries a Record as its first text event, in ASCII: ``antiphon`` and a JSON object. The same object, with
the hash of the MIDI file, is the sidecar. Nothing in it depends on when or where a file was written, only on what made
it; the path of a prompt or corpus is said as it was given if it is relative, without its folders otherwise.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

from antiphon import __version__
from antiphon.engine.bundle import META, Bundle, available, open_bundle
from antiphon.errors import FileError, ModelError, OptionError
from antiphon.files.midi import read_texts
from antiphon.generate.options import Value, checked
from antiphon.generate.prompt import Prompt, read_prompt

MARK = "antiphon "  # what the text event begins with
COMMANDS = ("generate", "continue", "vary", "accompany", "infill", "harmonise", "revoice")


def _runtime() -> dict[str, str]:
    """What the arithmetic depends on beside the model."""
    return {"machine": platform.machine(), "numpy": version("numpy"), "onnxruntime": version("onnxruntime")}


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that the bytes of one piece depend on."""

    command: str  # one of COMMANDS
    seed: int
    index: int  # of the piece among those that one command wrote
    options: Mapping[str, Value]  # those that were given, by the preset too; the others are this version's defaults
    model: str
    model_sha256: str
    prompt: str | None = None  # its path, or the melody as typed
    prompt_sha256: str | None = None
    corpus: str | None = None  # the path of the music that is not to be copied
    corpus_sha256: str | None = None
    antiphon: str = __version__
    runtime: Mapping[str, str] = field(default_factory=_runtime)

    def text(self) -> str:
        """The text event."""
        return MARK + json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"))

    def to_dict(self) -> dict[str, Any]:
        """What JSON holds; a prompt that there is not is left out."""
        values = {name: value for name, value in vars(self).items() if value is not None}
        return {**values, "options": dict(self.options), "runtime": dict(self.runtime)}


def record(
    bundle: Bundle,
    command: str,
    seed: int,
    index: int,
    options: Mapping[str, Value],
    prompt: Prompt | None,
    corpus: tuple[Path, str] | None = None,
) -> Record:
    """The record of a piece that is being written here and now; ``corpus`` is a path, and a hash."""
    return Record(
        command=command,
        seed=seed,
        index=index,
        options=dict(options),
        model=bundle.name,
        model_sha256=_hash(bundle.path),
        prompt=None if prompt is None else prompt.source if prompt.typed else _said(Path(prompt.source)),
        prompt_sha256=None if prompt is None else prompt.sha256,
        corpus=None if corpus is None else _said(corpus[0]),
        corpus_sha256=None if corpus is None else corpus[1],
    )


def read_record(path: Path) -> tuple[Record, str]:
    """The record that a MIDI file or a sidecar carries, and the SHA-256 of the MIDI file's bytes.

    Raises FileError for a file that has none, or whose record this version cannot read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}; give a file that `generate` wrote") from error
    if path.suffix.lower() == ".json":
        whole = _json(data, path)
        digest = whole.pop("sha256", None)
        for unused in ("changes", "file"):
            whole.pop(unused, None)
        if not isinstance(digest, str):
            raise FileError(f"{path} is no sidecar of ours: it says no SHA-256; give what `generate --sidecar` wrote")
        return _record(whole, path), digest
    texts = [text for text in read_texts(path) if text.startswith(MARK + "{")]
    if not texts:
        raise FileError(
            f"{path} does not say how it was made: no text event of Antiphon is in it; give a MIDI file or a sidecar "
            "that `generate` wrote and nothing else has changed"
        )
    return _record(_json(texts[0][len(MARK) :].encode(), path), path), hashlib.sha256(data).hexdigest()


def sidecar(record: Record, midi: bytes, changes: Iterable[object]) -> str:
    """The JSON beside a piece: its record, the hash of its MIDI file, and what the steps after the model changed."""
    whole = {**record.to_dict(), "sha256": hashlib.sha256(midi).hexdigest(), "changes": list(changes)}
    return json.dumps(whole, sort_keys=True, indent=1) + "\n"


def find_model(record: Record, given: str | None = None) -> Bundle:
    """The model that a record names: the one given, or that of its name, or any here of its hash.

    Raises ModelError saying which is missing.
    """
    if given is None:
        models = available()
        first = sorted(models, key=lambda name: name != record.model)
        given = next((str(models[name]) for name in first if _hash(models[name]) == record.model_sha256), None)
        if given is None:
            has = "is here, but is another one" if record.model in models else "is not here"
            raise ModelError(
                f"the model {record.model!r} {has}: its {META} should have the SHA-256 {record.model_sha256}; "
                "give its folder with --model"
            )
    bundle = open_bundle(given)
    if _hash(bundle.path) != record.model_sha256:
        raise ModelError(
            f"{given} is another model: the SHA-256 of its {META} is {_hash(bundle.path)}, not {record.model_sha256}"
        )
    return bundle


def find_prompt(record: Record, beside: Path, given: str | None = None, **which: Any) -> Prompt | None:
    """The prompt that a record names: the one given, or at its path from here, or beside the file ``beside``.

    ``which`` is passed on to :func:`antiphon.generate.prompt.read_prompt`. Raises OptionError or FileError where it is
    missing, or is another one.
    """
    if record.prompt is None or record.prompt_sha256 is None:
        return None
    typed = hashlib.sha256(record.prompt.encode()).hexdigest() == record.prompt_sha256
    places = [given] if given else [record.prompt, str(beside.parent / Path(record.prompt).name)]
    for place in places:
        if typed or Path(place).exists():
            prompt = read_prompt(record.prompt if typed else place, **which)
            if prompt.sha256 == record.prompt_sha256:
                return prompt
    if given:
        raise OptionError(f"{given} is another prompt: its SHA-256 is not {record.prompt_sha256}")
    raise FileError(
        f"the prompt {record.prompt!r} is neither here nor beside {beside} (or is another one: its SHA-256 should be "
        f"{record.prompt_sha256}); give it with --prompt"
    )


def differences(record: Record) -> str:
    """What is not here as it was when the file was written, in words; empty where all that is known is the same."""
    here, then = {"antiphon": __version__, **_runtime()}, {"antiphon": record.antiphon, **record.runtime}
    other = [name for name in sorted({*here, *then}) if here.get(name) != then.get(name)]
    return "; ".join(f"{name} {then.get(name, 'unknown')}, here {here.get(name, 'none')}" for name in other)


def _hash(folder: Path) -> str:
    """The SHA-256 of a model: of its ``meta.json``, which lists the hashes of all else."""
    return hashlib.sha256((folder / META).read_bytes()).hexdigest()


def _said(path: Path) -> str:
    return path.name if path.is_absolute() else str(path)


def _json(data: bytes, path: Path) -> dict[str, Any]:
    try:
        whole = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise FileError(f"{path}: what it says of how it was made is damaged ({error}); get another copy") from error
    if not isinstance(whole, dict):
        raise FileError(f"{path}: what it says of how it was made is damaged; get another copy")
    return whole


_KINDS: Mapping[str, type] = {
    "command": str, "seed": int, "index": int, "options": dict, "model": str, "model_sha256": str, "antiphon": str,
    "runtime": dict,
}  # fmt: skip
_OPTIONAL = ("prompt", "prompt_sha256", "corpus", "corpus_sha256")


def _record(values: dict[str, Any], path: Path) -> Record:
    """A checked record: it comes from a file that anybody may have written."""
    version_there = values.get("antiphon", "?")
    for name, kind in _KINDS.items():
        if not isinstance(values.get(name), kind):
            raise FileError(f"{path}: its record is damaged: {name!r} should be of type {kind.__name__}")
    for name in _OPTIONAL:
        if not isinstance(values.get(name, ""), str):
            raise FileError(f"{path}: its record is damaged: {name!r} should be of type str")
    extra = sorted(set(values) - set(_KINDS) - set(_OPTIONAL))
    if extra or values["command"] not in COMMANDS or values["seed"] < 0 or values["index"] < 0:
        raise FileError(
            f"{path} was written by Antiphon {version_there}, and this version does not know what it says "
            f"({', '.join(extra) or values['command']}); install that one"
        )
    checked(values["options"], str(path))
    return Record(**values)
