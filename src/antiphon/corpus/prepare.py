"""From files of music to a corpus: read each in a worker, split, drop duplicates, write.

What was read lies in a folder of parts beside the corpus until it is whole, so a run that was killed goes on where it
was. Two runs over the same files write the same bytes.
"""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple

from antiphon import __version__
from antiphon.corpus import pool
from antiphon.corpus.gather import Found, gather
from antiphon.corpus.sources import Origin, origin, own_table, source_of
from antiphon.corpus.split import Facts, Table, assign, merged, normalised, piece_keys
from antiphon.corpus.store import SPLITS, Corpus, Entry, is_corpus, open_corpus, write_corpus
from antiphon.corpus.worker import load_part
from antiphon.errors import CorpusError, FileError, OptionError
from antiphon.files.paths import alone, check_writable, written_folder
from antiphon.instruments import family

# Of pieces with the same notes the first in this order stays, so nothing that is held out is trained on.
KEEP = ("test", "validation", "train")

Progress = Callable[[int, int], None]  # files done, files in all


class File(NamedTuple):
    """A file with what its source's table says of it."""

    path: Path
    name: str
    facts: Facts


def prepare(
    sources: Sequence[Path | str],
    out: Path | str,
    *,
    split_csv: Path | str | None = None,
    pedal: bool = True,
    instruments: Sequence[str] = (),
    workers: int | None = None,
    seed: int = 0,
    licence: str | Sequence[str] = "",
    url: str | Sequence[str] = "",
    progress: Progress | None = None,
    reader: str = pool.READER,
    time_limit_s: float = pool.TIME_LIMIT_S,
) -> Corpus:
    """Make a corpus of folders, files, archives and fetched sources; an older corpus in ``out`` is replaced at the end.

    ``split_csv`` names a table with a column of file names and one of splits; files that it does not list are left out.
    Without it a fetched source brings its own, and other files are split by title, 90 : 5 : 5, with ``seed``. Of the
    notes those of ``instruments``, families of General MIDI, are kept; without any, all. ``licence`` and ``url`` are
    written down for music that no named source is known for: one for all, or one for each source. Raises CorpusError
    where nothing could be read, FileError where ``out`` cannot be written.
    """
    out = Path(out)
    _check_out(out)
    programs = [number for name in instruments for number in family(name)]
    licences, urls = _each("licence", licence, sources), _each("url", url, sources)
    origins = [replace(origin(source), licence=licences[i], url=urls[i]) for i, source in enumerate(sources)]
    with _parts(out) as parts:
        files, left_out, about = _files(origins, parts, Path(split_csv) if split_csv else None)
        done, quarantined = _read(
            files, parts, progress, pedal=pedal, programs=programs, workers=workers, reader=reader,
            time_limit_s=time_limit_s,
        )  # fmt: skip
        entries, duplicates = _without_copies(_entries(files, done, seed))
        if not entries:
            raise CorpusError(f"none of {len(files):,} files could be read; the first: {quarantined[0]['why']}")
        manifest = {
            "created_by": f"antiphon {__version__}",
            "sources": about,
            "pedal": pedal,
            **({"instruments": list(instruments)} if instruments else {}),
            "seed": seed,
            **_counts(entries),
            "quarantined": quarantined,
            "duplicates": duplicates,
            "left_out": left_out,
        }
        with written_folder(out) as folder:
            write_corpus(folder, entries, manifest)
    return open_corpus(out)


def _each(what: str, said: str | Sequence[str], sources: Sequence[Path | str]) -> Sequence[str]:
    """What was said of each source, where it was said once for all of them or once for each."""
    if isinstance(said, str) or len(said) == 1:
        return [said if isinstance(said, str) else said[0]] * len(sources)
    if said and len(said) != len(sources):
        raise OptionError(
            f"{len(said)} times {what} for {len(sources)} sources; give it once, or once for each of them"
        )
    return said or [""] * len(sources)


def _check_out(out: Path) -> None:
    """Refuse, before any work, a place that cannot be written or holds something else."""
    check_writable(out, folder=True)
    if out.exists() and not (out.is_dir() and (is_corpus(out) or not any(out.iterdir()))):
        raise FileError(f"cannot write {out}: it is there and not a corpus; give another name, or remove it")


@contextmanager
def _parts(out: Path) -> Iterator[Path]:
    """The folder of parts, which stays where a run ends early; one run at a time, which the system sees to."""
    parts = out.with_name(f".{out.name}.parts")
    parts.mkdir(exist_ok=True)
    busy = CorpusError(f"another prepare is writing {out}; wait for it, or give another name")
    with alone(out, busy):
        for stale in out.parent.glob(f".{escape(out.name)}.*.part"):  # of a run that was killed while it wrote
            shutil.rmtree(stale)
        yield parts
        shutil.rmtree(parts)


def _files(
    origins: Sequence[Origin], parts: Path, split_csv: Path | None
) -> tuple[list[File], list[str], list[dict[str, str]]]:
    """All files with their rows of the tables, the names that no table lists, and what the sources are."""
    files: list[File] = []
    left_out: list[str] = []
    about = []
    for i, one in enumerate(origins):
        unpacked = parts / f"unpacked-{i}"
        found = gather(one.path, unpacked)
        path = split_csv or own_table(unpacked if unpacked.is_dir() else one.path)
        one = replace(one, source=one.source or (source_of(path) if path else None))
        about.append(one.about())
        prefix = f"{one.path.name}/" if len(origins) > 1 else ""
        _match(found, Table(path) if path else None, prefix, files, left_out)
    if not files:
        raise CorpusError(f"the table lists none of the {len(left_out):,} files; give the one that belongs to them")
    return sorted(files, key=lambda file: file.name), sorted(left_out), about


def _match(found: Sequence[Found], table: Table | None, prefix: str, files: list[File], left_out: list[str]) -> None:
    """Sort files into those that are used, with their facts, and those that the table leaves out."""
    for file in found:
        facts = table.find(file.name) if table else Facts()
        if facts is None:
            left_out.append(prefix + file.name)
        else:
            files.append(File(file.path, prefix + file.name, facts))


def _read(
    files: Sequence[File], parts: Path, progress: Progress | None, **how: Any
) -> tuple[dict[str, Path], list[dict[str, str]]]:
    """The part of each file that could be read, by name, and why the others could not."""
    done: dict[str, Path] = {}
    quarantined = []
    jobs = [pool.Job(file.path, file.name) for file in files]
    for count, outcome in enumerate(pool.read_all(jobs, parts, **how), start=1):
        if outcome.part:
            done[outcome.job.name] = parts / outcome.part
        else:
            quarantined.append({"name": outcome.job.name, "why": outcome.error})
        if progress:
            progress(count, len(jobs))
    return done, sorted(quarantined, key=lambda one: one["name"])


def _entries(files: Sequence[File], done: Mapping[str, Path], seed: int) -> list[Entry]:
    """The pieces that were read, train first, by name within a split."""
    parts = {file: load_part(done[file.name]) for file in files if file.name in done}
    splits = _splits(list(parts), {file.name: part.content for file, part in parts.items()}, seed)
    entries = [
        Entry(
            name=file.name, split=splits[file.name], composer=file.facts.composer, title=file.facts.title,
            **part._asdict(),
        )
        for file, part in parts.items()
    ]  # fmt: skip
    return sorted(entries, key=lambda entry: (SPLITS.index(entry.split), entry.name))


def _splits(files: Sequence[File], contents: Mapping[str, str], seed: int) -> dict[str, str]:
    """The split of every file: what its table says, or by what the piece is called."""
    unsaid = [file for file in files if not file.facts.split]
    keys = piece_keys([file.name for file in unsaid])
    for file in unsaid:
        if file.facts.title:
            keys[file.name] = normalised(f"{file.facts.composer} {file.facts.title}")
    keys = merged(keys, contents)
    placed = assign(keys.values(), seed)
    return {file.name: file.facts.split or placed[keys[file.name]] for file in files}


def _without_copies(entries: Sequence[Entry]) -> tuple[list[Entry], list[dict[str, str]]]:
    """Each content once, and what was dropped as a copy of what."""
    first: dict[str, Entry] = {}
    for entry in sorted(entries, key=lambda entry: (KEEP.index(entry.split), entry.name)):
        first.setdefault(entry.content, entry)
    kept = [entry for entry in entries if first[entry.content] is entry]
    copies = [
        {"name": entry.name, "split": entry.split, "copy_of": first[entry.content].name}
        for entry in entries
        if first[entry.content] is not entry
    ]
    return kept, copies


def _counts(entries: Sequence[Entry]) -> dict[str, Any]:
    """Pieces, notes and hours, in all and by split."""
    notes, pieces = Counter[str](), Counter[str]()
    seconds: defaultdict[str, float] = defaultdict(float)
    for entry in entries:
        pieces[entry.split] += 1
        notes[entry.split] += len(entry.rows)
        seconds[entry.split] += entry.length_s
    splits = {
        name: {"pieces": pieces[name], "notes": notes[name], "hours": round(seconds[name] / 3600, 3)}
        for name in SPLITS
        if pieces[name]
    }
    total = {"pieces": len(entries), "notes": notes.total(), "hours": round(sum(seconds.values()) / 3600, 3)}
    return {"splits": splits, "totals": total}
