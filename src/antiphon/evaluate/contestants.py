"""Who takes part in a comparison: models, and folders of MIDI files by whatever system wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from antiphon.chords import ChordCodec
from antiphon.corpus.store import Corpus
from antiphon.engine.bundle import CARD, DRAWER, ENCODER, FILLER, META, Bundle, find, open_bundle, size
from antiphon.errors import ModelError
from antiphon.files import READERS
from antiphon.rolls import RollCodec


class Kind(StrEnum):
    """What a contestant is, which says what of it can be measured."""

    FOLDER = "folder"  # of music
    NOTES = "notes"  # a model that goes from note to note
    FILLING = "filling"  # one that fills what is masked, whose likelihood is known by a bound
    CHORDS = "chords"
    FRAMES = "frames"  # of piano rolls
    PHRASES = "phrases"  # drawn whole
    MELODIES = "melodies"  # of some bars, from places of a latent space
    ANSWERS = "answers"  # to passages that it hears


WITHOUT_LIKELIHOOD = {  # of the notes of whole pieces, and why
    Kind.CHORDS: "it writes chords, whose likelihood is no comparison with that of notes",
    Kind.FRAMES: "it writes piano rolls, so its likelihood is of frames, none of notes",
    Kind.PHRASES: "no likelihood: it draws whole phrases of noise and cannot say how likely a given one is",
    Kind.MELODIES: "it writes melodies of some bars, here one after another, and only of those knows a bound",
}
NOT_WHOLE = "it answers or varies passages and writes no whole pieces"


@dataclass(frozen=True)
class Contestant:
    """A model or a folder of music."""

    name: str  # what stands in tables; no two are equal
    path: Path
    hash: str  # of all that it plays or holds
    given: str  # the name or path by which it was asked for
    bundle: Bundle | None = None  # of a model

    @property
    def kind(self) -> Kind:
        """What it is, by the files of its bundle."""
        if self.bundle is None:
            return Kind.FOLDER
        files, rows = self.bundle.meta["files"], self.bundle.rows
        if ENCODER in files:
            return Kind.MELODIES if self.bundle.meta["family"] == "vae" else Kind.ANSWERS
        known = (
            (FILLER in files, Kind.FILLING),
            (DRAWER in files, Kind.PHRASES),
            (isinstance(rows, ChordCodec), Kind.CHORDS),
            (isinstance(rows, RollCodec), Kind.FRAMES),
        )
        return next((kind for told, kind in known if told), Kind.NOTES)

    @property
    def whole(self) -> bool:
        """Whether it writes, or holds, whole pieces: folders do, and all models but those of answers."""
        return self.kind != Kind.ANSWERS

    @property
    def predicts(self) -> bool:
        """Whether it says how likely whole pieces are, note by note, exactly or by a bound."""
        return self.kind in (Kind.NOTES, Kind.FILLING)

    @property
    def otherwise(self) -> bool:
        """Whether its likelihood is of something else than the notes of whole pieces."""
        return self.kind in (Kind.CHORDS, Kind.FRAMES, Kind.MELODIES, Kind.ANSWERS)

    def facts(self) -> dict[str, Any]:
        """What is known without measuring."""
        if self.bundle is None:
            return {"kind": "folder", "given": self.given, "files": len(_files(self.path)), "hash": self.hash}
        meta = self.bundle.meta
        known = {
            "kind": "model",
            "given": self.given,
            "family": meta["family"],
            "parameters": meta["parameters"],
            "bytes": size(self.path, meta),
            "licence": meta["licence"]["name"],
            "learned_from": [source["name"] for source in meta["data"].get("sources", ())],
            "hash": self.hash,
        }
        if why := WITHOUT_LIKELIHOOD.get(self.kind):
            known |= {"no_likelihood": why}
        if not self.whole:
            known |= {"refused": NOT_WHOLE}
        return known if self.predicts else known | {"measured": meta["measured"]}

    def card(self) -> str:
        """The model's card, in Markdown; nothing for a folder."""
        return self.bundle.read(CARD).decode() if self.bundle else ""


def open_contestants(names: Sequence[str]) -> list[Contestant]:
    """Models by name or path, and folders of music; ModelError for what is neither."""
    found: list[Contestant] = []
    for name in names:
        one = _open(name)
        if any(one.path.resolve() == other.path.resolve() for other in found):
            raise ModelError(f"{name} is named twice; name each model or folder once")
        taken = {other.name for other in found}
        if one.name in taken:  # two folders of one name: the path tells them apart
            one = replace(one, name=str(one.path))
        found.append(one)
    return found


def corpus_hash(corpus: Corpus) -> str:
    """Of a corpus's music and splits."""
    files = corpus.manifest["files"]
    return hashlib.sha256("".join(files[name]["sha256"] for name in sorted(files)).encode()).hexdigest()


def _open(name: str) -> Contestant:
    path = Path(name)
    if path.is_dir() and not (path / META).is_file() and _files(path):
        digest = hashlib.sha256()
        for file in _files(path):
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
            digest.update(hashlib.sha256(file.read_bytes()).digest())
        return Contestant(path.resolve().name, path, digest.hexdigest(), name)
    try:
        bundle = open_bundle(find(name))
    except ModelError as error:
        also = f"{name} is a file: name its folder" if path.is_file() else "A folder of MIDI files works too"
        raise ModelError(f"{error} {also}.") from error
    digest = hashlib.sha256((bundle.path / META).read_bytes())  # which holds the hashes of all its other files
    return Contestant(bundle.name, bundle.path, digest.hexdigest(), name, bundle)


def _files(path: Path) -> list[Path]:
    return [file for file in sorted(path.rglob("*")) if file.suffix.lower() in READERS and file.is_file()]
