"""A comparison's numbers outside: as JSON, as CSV, and against those of an earlier comparison."""

from __future__ import annotations

import csv
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from antiphon import __version__
from antiphon.errors import FileError
from antiphon.files.paths import written

FORMAT = 1
PACKAGES = ("numpy", "onnxruntime", "scikit-learn")
JSON, CSV, MARKDOWN = "results.json", "results.csv", "leaderboard.md"
REAL = "real music"


@dataclass(frozen=True)
class Column:
    """A number that stands in the leaderboard."""

    key: str  # its path in a contestant's results
    title: str
    unit: str
    better: int  # 1: more is better, -1: less, 0: neither
    digits: int
    about: str  # one sentence for who does not know it

    def text(self, value: float) -> str:
        """A value as the table shows it; of millions, what is next to none in full."""
        if self.unit == "M" and value < 50_000:
            return f"{value:,.0f}"
        scaled = value * {"%": 100.0, "M": 1e-6}.get(self.unit, 1.0)
        suffix = f" {self.unit}" if self.unit in ("%", "M", "×") else ""
        return f"{scaled:,.{self.digits}f}{suffix}"

    def shown(self, numbers: Mapping[str, Any]) -> str:
        """What stands in a contestant's cell: a bound is marked as one, and a dash where there is no number."""
        value = at(numbers, self.key)
        if value is None:
            return "–"
        group = numbers.get(self.key.partition(".")[0])
        bound = isinstance(group, Mapping) and group.get("kind") == "bound"
        return f"{'≤ ' * bound}{self.text(value)}"


LEADERBOARD = (
    Column("likelihood.nats_per_note", "nats a note", "nats", -1, 3,
           "How surprised the model is by real notes, all attributes, on the 10 ms grid: less is better."),
    Column("likelihood.nats_per_note_pitch_step_duration", "no velocity", "nats", -1, 3,
           "The same without velocity, which the classic notebooks leave out."),
    Column("likelihood.nats_per_midi_token", "a token", "nats", -1, 3,
           "The same for each MIDI-like token, the unit of published tables; whole pieces."),
    Column("likelihood.nats_per_midi_token_segments", "a token, reset", "nats", -1, 3,
           "The same, but the model forgets all every 2,048 tokens, as published figures do."),
    Column("likelihood.pitch_top1", "right pitch", "%", 1, 1, "How often the likeliest pitch was the one played."),
    Column("likelihood.pitch_top5", "pitch in 5", "%", 1, 1, "How often it was among the five likeliest."),
    Column("frechet.ratio", "Fréchet ratio", "×", -1, 2,
           "Distance of what it writes from real music, over that of real from real: 1 is as good as real."),
    Column("two_sample.auc", "told apart", "", -1, 3,
           "How well a classifier tells it from real music: 0.5 is not at all, 1 is always."),
    Column("copies.written.longest_95", "longest copy", "notes", 0, 0,
           "Notes in a row that stand in the training set, in the 95th of 100 samples; compare with real music's."),
    Column("speed.notes_per_second", "notes/s", "", 1, 0,
           "How fast it writes one piece, in processor time of one thread here."),
    Column("parameters", "size", "M", 0, 1, "Trained numbers, in millions."),
)  # fmt: skip


def origin(command: str) -> dict[str, Any]:
    """What it took to make the numbers: command, versions, machine and date."""
    found = {package: _version(package) for package in PACKAGES}
    return {
        "format": FORMAT,
        "command": command,
        "date": date.today().isoformat(),
        "machine": f"{_cpu()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}",
        "versions": {"antiphon": __version__, **{k: v for k, v in found.items() if v}},
    }


def write(results: Mapping[str, Any], folder: Path) -> None:
    """Write results.json; results.csv, a number a line; and the leaderboard as a table in Markdown."""
    with written(folder / JSON) as temporary:
        text = json.dumps(results, indent=1, ensure_ascii=False, allow_nan=False)
        temporary.write_text(text + "\n", encoding="utf-8")
    with written(folder / CSV) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["contestant", "key", "value"])
        for name, numbers in (*results["contestants"].items(), (REAL, results["real"])):
            writer.writerows((name, key, value) for key, value in flat(numbers))
    with written(folder / MARKDOWN) as temporary:
        temporary.write_text(markdown(results), encoding="utf-8")


def leaderboard(results: Mapping[str, Any]) -> list[list[str]]:
    """A row of titles, then one for each contestant; a dash where it has no such number, no column where none has."""
    contestants = results["contestants"]
    columns = [c for c in LEADERBOARD if any(at(numbers, c.key) is not None for numbers in contestants.values())]
    rows = [["", *(column.title for column in columns)]]
    for name, numbers in contestants.items():
        rows.append([name, *(column.shown(numbers) for column in columns)])
    return rows


OTHERWISE = ("contestant", "nats", "for each", "what is counted")


def otherwise(results: Mapping[str, Any]) -> list[list[str]]:
    """A row for each contestant whose likelihood is of something else than the notes of whole pieces."""
    rows = []
    for name, numbers in results["contestants"].items():
        found = numbers.get("other_likelihood")
        if found and "refused" in found:
            rows.append([name, "–", "", found["refused"]])
        elif found:
            nats = f"{'≤ ' * (found['kind'] == 'bound')}{found['nats']:.3f}"
            rows.append([name, nats, found["unit"], found["of"]])
    return rows


def remarks(results: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Who, and why a column is empty there or what else is to be known; those with the same reason together."""
    found: dict[str, list[str]] = {}
    music = {source["name"] for source in results["corpus"]["sources"]}
    for name, numbers in results["contestants"].items():
        said = [str(numbers[key]) for key in ("refused", "no_likelihood") if key in numbers]
        learned = numbers.get("learned_from", [])
        if learned and not music & set(learned):
            said.append(f"it learned from other music than this: {', '.join(learned)}")
        for key, what in (("frechet", "Fréchet ratio"), ("two_sample", "classifier")):
            if "refused" in numbers.get(key, {}):
                said.append(f"no {what}: {numbers[key]['refused']}")
        if left_out := numbers.get("left_out"):
            said.append(f"{len(left_out)} of {numbers['files']} files left out: {left_out[0]}")
        for sentence in said:
            found.setdefault(sentence, []).append(name)
    return [(", ".join(names), sentence) for sentence, names in found.items()]


def markdown(results: Mapping[str, Any]) -> str:
    """The leaderboard for a page, with the command that made it, what is measured otherwise, and remarks."""
    head, *rows = leaderboard(results)
    head[0] = "contestant"
    table = _piped([head, ["---", *["---:"] * (len(head) - 1)], *rows])
    if others := otherwise(results):
        table += f"\n\n{_piped([list(OTHERWISE), ['---', '---:', '---', '---'], *others])}"
    if said := remarks(results):
        table += "\n\n" + "\n".join(f"- {names}: {sentence}." for names, sentence in said)
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    return f"```\n{results['command']}\n```\n\n{table}\n\n*{results['machine']}. {versions}. {results['date']}.*\n"


def _piped(rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def read(path: Path) -> dict[str, Any]:
    """An earlier comparison's results.json; FileError for what is none."""
    wanted = f"give the {JSON} of an earlier comparison"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror}; {wanted}") from error
    except ValueError as error:  # no JSON, or not even text
        raise FileError(f"{path} is no JSON ({error}); {wanted}") from error
    if not isinstance(found, dict) or found.get("format") != FORMAT or not isinstance(found.get("contestants"), dict):
        raise FileError(f"{path} is not what this version's `compare` writes; {wanted}")
    return found


def flat(numbers: Any, prefix: str = "") -> Iterator[tuple[str, float]]:
    """All numbers inside, each with the path to it: ``likelihood.nats_per_note``."""
    if isinstance(numbers, Mapping):
        for name, value in numbers.items():
            yield from flat(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(numbers, list):
        for i, value in enumerate(numbers):
            yield from flat(value, f"{prefix}.{i}")
    elif isinstance(numbers, int | float) and not isinstance(numbers, bool):
        yield prefix, numbers


def at(numbers: Mapping[str, Any], key: str) -> float | None:
    """The number at a path, or None where there is none."""
    value: Any = numbers
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value if isinstance(value, int | float) else None


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What differs between two comparisons in the leaderboard's columns, and who came or went.

    ``clear`` says that the new value lies outside the old one's 95 % interval, where that has one.
    """
    old, new = before["contestants"], after["contestants"]
    rows: list[dict[str, Any]] = [{"contestant": n, "change": "new"} for n in new if n not in old]
    rows += [{"contestant": n, "change": "gone"} for n in old if n not in new]
    for name in new:
        for column in LEADERBOARD if name in old else ():
            was, now = at(old[name], column.key), at(new[name], column.key)
            if was is None or now is None or was == now:
                continue
            better = None if not column.better else (now > was) == (column.better > 0)
            clear = _outside(old[name], column.key, now)
            rows.append(
                {"contestant": name, "change": "changed", "key": column.key, "before": was, "after": now,
                 "better": better, "clear": clear}
            )  # fmt: skip
    return rows


def comparable(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two comparisons measured the same music in the same way, so that what differs is the contestants'."""
    return all(
        before.get(group, {}).get(key) == after[group][key]
        for group, keys in (("corpus", ("hash", "split")), ("study", after["study"]))
        for key in keys
    )


def _outside(numbers: Mapping[str, Any], key: str, value: float) -> bool | None:
    interval = interval_of(numbers, key)
    return None if interval is None else not interval[0] <= value <= interval[1]


def interval_of(numbers: Mapping[str, Any], key: str) -> tuple[float, float] | None:
    """The 95 % interval that belongs to a key, wherever the results keep it."""
    group, _, name = key.rpartition(".")
    inside: Any = numbers.get(group, {}) if group else {}
    if not isinstance(inside, Mapping):
        return None
    found = inside.get("intervals_95", {}).get(name) or [inside.get(f"{name}_low"), inside.get(f"{name}_high")]
    return None if None in found else (float(found[0]), float(found[1]))


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None
