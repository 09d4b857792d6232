"""Who takes part in a comparison: models, and folders of MIDI files by whatever system wrote them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from antiphon.chords import ChordCodec
from antiphon.corpus.store import Corpus
from antiphon.engine.bundle import CARD, DRAWER, FILLER, META, Bundle, find, open_bundle
from antiphon.errors import ModelError
from antiphon.files import READERS
from antiphon.rolls import RollCodec

PASSAGES = "it answers or varies passages and writes no whole pieces"
CHORDS = "it writes chords, whose likelihood is no comparison with that of notes"
FRAMES = "it writes piano rolls, so its likelihood is of frames, none of notes"
NO_LIKELIHOOD = "no likelihood: it draws whole phrases of noise and cannot say how likely a given one is"
_ENCODER = "encoder.onnx"  # a model that has it hears a passage as a whole, to answer it or to find its place


@dataclass(frozen=True)
class Contestant:
    """A model or a folder of music."""

    name: str  # what stands in tables; no two are equal
    path: Path
    hash: str  # of all that it plays or holds
    given: str  # the name or path by which it was asked for
    bundle: Bundle | None = None  # of a model

    @property
    def whole(self) -> bool:
        """Whether it writes, or holds, whole pieces: folders do, and all models but those of passages."""
        return self.bundle is None or _ENCODER not in self.bundle.meta["files"]

    @property
    def chords(self) -> bool:
        """Whether it is a model of chords."""
        return self.bundle is not None and isinstance(self.bundle.rows, ChordCodec)

    @property
    def rolls(self) -> bool:
        """Whether it is a model of piano rolls, which writes whole pieces but has no likelihood of notes."""
        return self.bundle is not None and isinstance(self.bundle.rows, RollCodec)

    @property
    def fills(self) -> bool:
        """Whether it is a model that fills what is masked, whose likelihood is known by a bound."""
        return self.bundle is not None and FILLER in self.bundle.meta["files"]

    @property
    def otherwise(self) -> bool:
        """Whether its likelihood is of something else than the notes of whole pieces."""
        return self.bundle is not None and (not self.whole or self.chords or self.rolls)

    @property
    def predicts(self) -> bool:
        """Whether it says exactly how likely whole pieces are, note by note: folders do not."""
        return self.bundle is not None and not (self.otherwise or self.draws or self.fills)

    @property
    def draws(self) -> bool:
        """Whether it is a model that draws whole phrases, which has no likelihood."""
        return self.bundle is not None and DRAWER in self.bundle.meta["files"]

    def facts(self) -> dict[str, Any]:
        """What is known without measuring."""
        if self.bundle is None:
            return {"kind": "folder", "given": self.given, "files": len(_files(self.path)), "hash": self.hash}
        meta = self.bundle.meta
        return {
            "kind": "model",
            "given": self.given,
            "family": meta["family"],
            "parameters": meta["parameters"],
            "bytes": sum(file["bytes"] for file in meta["files"].values()),
            "licence": meta["licence"]["name"],
            "hash": self.hash,
            **({"no_likelihood": why, "measured": meta["measured"]} if (why := self._without_likelihood()) else {}),
            **({} if self.whole else {"refused": PASSAGES, "measured": meta["measured"]}),
        }

    def _without_likelihood(self) -> str:
        """Why no likelihood of notes stands in its row, of a model that writes whole pieces; nothing where one does."""
        return NO_LIKELIHOOD if self.draws else FRAMES if self.rolls else CHORDS if self.chords else ""

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
        raise ModelError(f"{error} A folder of MIDI files works too.") from error
    digest = hashlib.sha256((bundle.path / META).read_bytes())  # which holds the hashes of all its other files
    return Contestant(bundle.name, bundle.path, digest.hexdigest(), name, bundle)


def _files(path: Path) -> list[Path]:
    return [file for file in sorted(path.rglob("*")) if file.suffix.lower() in READERS and file.is_file()]
