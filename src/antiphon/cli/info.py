"""``antiphon info``: what is in a file of music, a model or a corpus."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antiphon.cli.output import emit
from antiphon.errors import FileError

if TYPE_CHECKING:
    import numpy as np

    from antiphon.notes import Score

EXAMPLE = "antiphon info piece.mid"
MANIFEST, META = "manifest.json", "meta.json"  # what makes a folder a corpus, or a model
MOST_LINES = 12  # of one list, such as the files that could not be read


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", metavar="FILE|MODEL|CORPUS", help="a file of music, a model's name or folder, a corpus")
    parser.add_argument("--no-pedal", action="store_true", help="notes as the keys were held, without the pedal")


def run(args: argparse.Namespace) -> None:
    facts = describe(args.path, pedal=not args.no_pedal)
    emit(args, facts, _TEXTS[facts["kind"]](facts))


def describe(name: str, pedal: bool = True) -> dict[str, Any]:
    """The facts about a file, corpus or model as plain JSON values; ``kind`` says which of the three it is."""
    path = Path(name)
    if path.is_dir() and (path / MANIFEST).exists():
        return {**_corpus(path), "kind": "corpus", "path": name}
    if path.is_dir() and not (path / META).exists():
        raise FileError(
            f"{name} is a folder with neither {MANIFEST} nor {META}; give a file of music, a model or a corpus "
            "that `antiphon prepare` wrote"
        )
    if path.exists() and not path.is_dir():
        from antiphon.files import read_music

        return {**describe_score(read_music(path, pedal=pedal)), "kind": "file", "path": name}
    return {**_model(name), "kind": "model"}


def _model(name: str) -> dict[str, Any]:
    from antiphon.engine.bundle import available, find, read_meta
    from antiphon.errors import ModelError

    try:
        path = find(name)
    except ModelError:
        if Path(name).exists():
            raise
        models = ", ".join(available()) or "none is here"
        raise FileError(
            f"there is no file, folder or model {name!r}; give a file of music, a folder that `antiphon prepare` or "
            f"`antiphon train` wrote, or the name of a model ({models})"
        ) from None
    return {**read_meta(path), "path": str(path)}


def _corpus(path: Path) -> dict[str, Any]:
    from antiphon.corpus.store import open_corpus

    corpus = open_corpus(path)
    return {**corpus.summary(), "manifest": dict(corpus.manifest)}


def describe_score(score: Score) -> dict[str, Any]:
    """What there is to say about a score that has notes; times in seconds, tempi in quarter notes a minute."""
    notes, length_s = score.notes, score.length_s
    metres = zip(score.seconds(score.metres["tick"]), score.metres, strict=True)
    tempos = zip(score.seconds(score.tempos["tick"]), score.tempos["tempo"], strict=True)
    return {
        "notes": len(score),
        "length_s": round(length_s, 3),
        "notes_per_s": round(len(score) / length_s, 3),
        "polyphony": round(mean_polyphony(score.onset_s, score.end_s), 3),
        "pitch": _range(notes["pitch"][_with_pitch(score)]),
        "velocity": _range(notes["velocity"]),
        "tracks": [_track(score, track) for track in range(len(score.tracks))],
        "tempos": [{"time_s": round(float(s), 3), "bpm": round(60e6 / int(tempo), 3)} for s, tempo in tempos],
        "metres": [{"time_s": round(float(s), 3), "metre": f"{m['numerator']}/{m['denominator']}"} for s, m in metres],
    }


def mean_polyphony(onset_s: np.ndarray, end_s: np.ndarray) -> float:
    """How many notes sound at once, on average over the time when any does; notes in any order, at least one."""
    import numpy as np

    order = np.argsort(onset_s)
    onset_s, end_s = onset_s[order], end_s[order]
    heard_until_s = np.concatenate([onset_s[:1], np.maximum.accumulate(end_s)[:-1]])
    sounding_s = np.maximum(end_s - np.maximum(onset_s, heard_until_s), 0.0).sum()
    return float((end_s - onset_s).sum() / sounding_s)


def _with_pitch(score: Score) -> np.ndarray:
    from antiphon.notes import DRUMS

    return score.notes["program"] != DRUMS


def _range(values: np.ndarray) -> dict[str, float] | None:
    if not len(values):
        return None
    return {"lowest": int(values.min()), "highest": int(values.max()), "mean": round(float(values.mean()), 2)}


def _track(score: Score, track: int) -> dict[str, Any]:
    import numpy as np

    from antiphon import instruments

    mine = score.notes["track"] == track
    programs = [int(p) for p in np.unique(score.notes["program"][mine])]
    return {
        "name": score.tracks[track],
        "notes": int(mine.sum()),
        "programs": programs,
        "instruments": [instruments.name(program) for program in programs],
    }


def _file_text(facts: Mapping[str, Any]) -> str:
    from antiphon.charts.drawing import clock

    pitch, velocity = facts["pitch"], facts["velocity"]
    rows = [
        ("notes", f"{facts['notes']:,}"),
        ("length", f"{clock(facts['length_s'])} ({facts['length_s']:.1f} s)"),
        ("density", f"{facts['notes_per_s']:.2f} notes/s, {facts['polyphony']:.2f} sounding at once"),
        ("pitch", f"{_pitch(pitch['lowest'])} to {_pitch(pitch['highest'])}" if pitch else "drums only"),
        ("velocity", f"{velocity['lowest']} to {velocity['highest']}, mean {velocity['mean']:.0f}"),
        ("tempo", _tempo(facts["tempos"])),
        ("metre", _metre(facts["metres"])),
    ]
    rows += [(f"track {i}", _track_text(track)) for i, track in enumerate(facts["tracks"], start=1)]
    return _table(str(facts["path"]), rows)


def _pitch(pitch: int) -> str:
    from antiphon.theory import pitch_name

    return f"{pitch_name(pitch)} ({pitch})"


def _tempo(tempos: list[dict[str, float]]) -> str:
    bpm = [entry["bpm"] for entry in tempos]
    if len(bpm) == 1:
        return f"{bpm[0]:g} bpm"
    return f"{min(bpm):g} to {max(bpm):g} bpm, {len(bpm) - 1} change{'' if len(bpm) == 2 else 's'}"


def _metre(metres: list[dict[str, Any]]) -> str:
    names = list(dict.fromkeys(entry["metre"] for entry in metres))  # each once, in the order they come
    return ", ".join(names[:6]) + (", …" if len(names) > 6 else "")


def _track_text(track: Mapping[str, Any]) -> str:
    parts = (
        track["name"].strip(),
        ", ".join(track["instruments"]),
        f"{track['notes']:,} note{'' if track['notes'] == 1 else 's'}",
    )
    return " · ".join(part for part in parts if part)


def _model_text(facts: Mapping[str, Any]) -> str:
    """What a person asks of a model; codec, recipe and hashes are in the JSON."""
    shown = ("family", "parameters", "licence", "data", "measured", "config", "path")
    return _table(str(facts["name"]), _flat({key: facts[key] for key in shown}))


def _corpus_text(facts: Mapping[str, Any]) -> str:
    """The summary, then each file that could not be read and why; the whole manifest is in the JSON."""
    shown = {key: value for key, value in facts.items() if key not in ("kind", "path", "manifest")}
    failed = _listed(facts["manifest"]["quarantined"], "failed") if facts["quarantined"] else ()
    return _table(str(facts["path"]), [*_flat(shown), *failed])


def _flat(record: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    for key, value in record.items():
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from _flat(value, f"{name}: ")
        elif isinstance(value, list):
            yield from _listed(value, name)
        else:
            yield name, _value(value)


def _listed(values: list[Any], name: str) -> Iterable[tuple[str, str]]:
    """A line for each record of a list, as many as one reads; a list of plain values is one line."""
    if not any(isinstance(value, Mapping) for value in values):
        yield name, ", ".join(_value(value) for value in values) or "none"
        return
    for value in values[:MOST_LINES]:
        yield name, " · ".join(f"{key} {_value(item)}" for key, item in value.items() if item is not None)
    if len(values) > MOST_LINES:
        yield name, f"… and {len(values) - MOST_LINES:,} more, all in the JSON"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if isinstance(value, float) else str(value)


def _table(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """Names and values in two columns, as text for a pipe and with bold for a terminal."""
    from io import StringIO
    from sys import stdout

    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(Text(name), Text(value))  # Text: brackets in names are letters, not markup
    terminal, text = stdout.isatty(), StringIO()
    # A pipe has no width: nothing is folded there, so that each row stays one line.
    console = Console(file=text, force_terminal=terminal, width=None if terminal else 10_000)
    console.print(Text(title, style="bold"))
    console.print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())


_TEXTS = {"file": _file_text, "model": _model_text, "corpus": _corpus_text}
