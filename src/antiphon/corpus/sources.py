"""The one table of named sources of music, and where their copies lie on this machine."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import CorpusError, unknown

_MAESTRO = "https://storage.googleapis.com/magentadata/datasets/maestro"
_MAESTRO_CITATION = (
    "Hawthorne et al., Enabling Factorized Piano Music Modeling and Generation with the MAESTRO Dataset, ICLR 2019"
)


@dataclass(frozen=True, kw_only=True)
class Source:
    """A collection of music that anyone can download."""

    name: str
    title: str
    url: str
    sha256: str  # of the download
    bytes: int
    licence: str  # SPDX
    licence_url: str
    citation: str
    table: str  # the official split: a CSV, by its path inside the archive
    table_sha256: str  # of that CSV, by which a folder of unpacked files is recognised; its lines end in LF

    @property
    def file_name(self) -> str:
        """What its archive is called on disk."""
        return self.url.rsplit("/", 1)[-1]


SOURCES = {
    source.name: source
    for source in (
        Source(
            name="maestro-v2.0.0",
            title="MAESTRO v2.0.0: 1,282 performances of piano music, 201 h",
            url=f"{_MAESTRO}/v2.0.0/maestro-v2.0.0-midi.zip",
            sha256="ec2cc9d94886c6b376db1eaa2b8ad1ce62ff9f0a28b3744782b13163295dadf3",
            bytes=59_243_107,
            licence="CC-BY-NC-SA-4.0",
            licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
            citation=_MAESTRO_CITATION,
            table="maestro-v2.0.0/maestro-v2.0.0.csv",
            table_sha256="b29131ce89a49df044c54974d11d9977dc7bc53d35aeb39b4d3747f59a34092d",
        ),
        Source(
            name="maestro-v3.0.0",
            title="MAESTRO v3.0.0: 1,276 performances of piano music, 199 h",
            url=f"{_MAESTRO}/v3.0.0/maestro-v3.0.0-midi.zip",
            sha256="70470ee253295c8d2c71e6d9d4a815189e35c89624b76d22fce5a019d5dde12c",
            bytes=58_416_533,
            licence="CC-BY-NC-SA-4.0",
            licence_url="https://creativecommons.org/licenses/by-nc-sa/4.0/",
            citation=_MAESTRO_CITATION,
            table="maestro-v3.0.0/maestro-v3.0.0.csv",
            table_sha256="cb88a64a12971a995dd41852aa3a33879501cf70d01b9a6feb637f4ad8d8ddff",
        ),
        Source(
            name="groove-v1.0.0",
            title="Groove MIDI Dataset 1.0.0: 1,150 drum performances, 13.6 h",
            url="https://storage.googleapis.com/magentadata/datasets/groove/groove-v1.0.0-midionly.zip",
            sha256="651cbc524ffb891be1a3e46d89dc82a1cecb09a57c748c7b45b844c4841dcc1e",
            bytes=3_260_318,
            licence="CC-BY-4.0",
            licence_url="https://creativecommons.org/licenses/by/4.0/",
            citation="Gillick et al., Learning to Groove with Inverse Sequence Transformations, ICML 2019",
            table="groove/info.csv",
            table_sha256="8aef4c159fea8236c2b30fc4a653acc4ffe1aef1c36c633e5c558f866f306d15",
        ),
    )
}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where the music of a corpus comes from: a path, and the named source that it is a copy of, if any."""

    path: Path
    source: Source | None = None
    licence: str = ""  # what the person says of music that no named source is known for
    url: str = ""

    @property
    def name(self) -> str:
        """What the manifest calls it: never a whole path, so that a corpus does not tell whose machine made it."""
        return self.source.name if self.source else self.path.resolve().name

    def about(self) -> dict[str, str]:
        """For the manifest."""
        source = self.source
        if source is None:
            licence = self.licence or "not stated"
            return {"name": self.name, "licence": licence, "licence_url": "", "url": self.url, "citation": ""}
        return {
            "name": self.name, "licence": source.licence, "licence_url": source.licence_url, "url": source.url,
            "citation": source.citation,
        }  # fmt: skip


def data_dir() -> Path:
    """The folder of fetched sources."""
    from platformdirs import user_data_path

    return user_data_path("antiphon") / "corpora"


def find_source(name: str) -> Source:
    """The source of a name; raises CorpusError for one that is not in the table."""
    if name not in SOURCES:
        raise CorpusError(unknown("source", name, SOURCES))
    return SOURCES[name]


def local(source: Source, folder: Path | None = None) -> Path | None:
    """The fetched archive of a source, or None where it is not here; it was checked when it was fetched."""
    path = (folder or data_dir()) / source.file_name
    return path if path.is_file() else None


def origin(named: Path | str) -> Origin:
    """What a person named: a path that exists, or a fetched source. Raises CorpusError for neither."""
    path = Path(named)
    if path.exists():
        return Origin(path=path)
    source = SOURCES.get(str(named))
    if source is None:
        raise CorpusError(f"there is no file or folder {path}, and {unknown('source', str(named), SOURCES)}")
    archive = local(source)
    if archive is None:
        raise CorpusError(f"{source.name} is not here; download it first: antiphon fetch {source.name}")
    return Origin(path=archive, source=source)


def own_table(folder: Path) -> Path | None:
    """The official table of a known source in a folder that holds its files, or None."""
    for source in SOURCES.values():
        inside = Path(source.table)
        for path in (folder / inside, folder / inside.name):
            if path.is_file() and source_of(path) is source:
                return path
    return None


def source_of(table: Path) -> Source | None:
    """The source whose official table a file is, by its content; line ends do not matter.

    Raises CorpusError for a table that cannot be read.
    """
    try:
        content = table.read_bytes()
    except OSError as error:
        raise CorpusError(f"cannot read the table {table} ({error.strerror}); give a CSV file") from error
    digest = hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()
    return next((source for source in SOURCES.values() if source.table_sha256 == digest), None)
