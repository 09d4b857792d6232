"""The report: one HTML page that needs no network, made of a comparison's results."""

from __future__ import annotations

import base64
import csv
import json
import re
from collections.abc import Iterator, Mapping
from functools import partial
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from antiphon import audio, svg
from antiphon.charts.colour import PARTS, PLAIN, SHADES, colour
from antiphon.charts.drawing import Drawing
from antiphon.charts.histograms import PANELS
from antiphon.evaluate.comparison import Comparison, Step
from antiphon.evaluate.contestants import Contestant
from antiphon.evaluate.groups import Progress
from antiphon.evaluate.report import distances, figures, sections
from antiphon.evaluate.report.architecture import architecture
from antiphon.evaluate.report.frame import REAL as GREY
from antiphon.evaluate.report.rolls import SHOWN_S, small_roll
from antiphon.evaluate.report.sections import Clip
from antiphon.evaluate.results import REAL
from antiphon.evaluate.samples import Samples
from antiphon.files.paths import written
from antiphon.notes import Score

NAMED = 3  # contestants that a title names; more are counted
INDEX = "index.html"
ROLLS = 4  # of each contestant, after those to hear
_STYLE = re.compile(r"<style>.*?</style>\n?", re.DOTALL)


class Page:
    """The page of a comparison, with so many clips to hear of each contestant and of real music.

    Training curves come from the logs in ``runs``, where the run of a model's recipe is found there.
    """

    def __init__(self, comparison: Comparison, clips: int, runs: Path = Path("runs")) -> None:
        self._runs = runs
        self._comparison, self._clips = comparison, clips
        self._inks = figures.inks([one.name for one in comparison.contestants])

    def steps(self) -> Iterator[Step]:
        """The work that the page needs beyond the comparison's: rendering sound."""
        for name, drawn in self._sources() if self._clips else ():
            yield f"{name}: sound", partial(self._render, name, drawn)

    def write(self, results: Mapping[str, Any], folder: Path) -> None:
        """Write index.html into a folder."""
        with written(folder / INDEX) as temporary:
            temporary.write_text(self.html(results), encoding="utf-8")

    def html(self, results: Mapping[str, Any]) -> str:
        """The whole page as text."""
        names = list(results["contestants"])
        clips = [clip for name, drawn in self._sources() for clip in self._made(name, drawn)] if self._clips else []
        parts = [
            sections.leaderboard(results),
            sections.listening(clips),
            sections.blind(clips, str(results["corpus"]["hash"])[:12] + "-" + "-".join(names)),
            sections.rolls([(name, self._rolls(name, drawn)) for name, drawn in self._sources()]),
            self._predictions(),
            self._measures(results),
            sections.copies(results),
            sections.speed(results),
            self._models(),
            sections.commands(results),
        ]
        shown = [part for part in parts if part.body]
        return _filled(
            _read("template.html"),
            title=escape(" against ".join(names) if len(names) <= NAMED else f"{len(names)} compared"),
            lead=escape(sections.lead(results)),
            style=_filled(_read("style.css"), colours=_colours()),
            nav="".join(f'<a href="#{part.id}">{escape(part.short)}</a>' for part in shown),
            legend=sections.legend([(REAL, GREY), *self._inks.items()]),
            sections="\n".join(part.html() for part in shown),
            footer=escape(sections.footer(results)),
            clips=json.dumps([{"id": clip.id, "by": clip.by} for clip in clips]).replace("<", "\\u003c"),
            script=_read("script.js"),
        )

    def _sources(self) -> list[tuple[str, Samples]]:
        """Real music, then every contestant, with what they are heard by."""
        comparison = self._comparison
        return [
            (REAL, comparison.real()),
            *((one.name, comparison.samples(one)) for one in comparison.writers),
        ]

    def _render(self, name: str, drawn: Samples, progress: Progress) -> None:
        chosen = _chosen(drawn, self._clips)
        for i, index in enumerate(chosen):
            self._sound(drawn.scores[index])
            progress((i + 1) / len(chosen))

    def _made(self, name: str, drawn: Samples) -> list[Clip]:
        return [
            Clip(
                f"{name}-{i}".replace(" ", "-"),
                name,
                drawn.names[index],
                base64.b64encode(self._sound(drawn.scores[index])).decode(),
                figure(small_roll(drawn.scores[index], drawn.names[index])),
            )
            for i, index in enumerate(_chosen(drawn, self._clips))
        ]

    def _sound(self, score: Score) -> bytes:
        """The first seconds of a piece as MP3, which all browsers play."""
        short = score.until(SHOWN_S)
        notes = {name: short.notes[name].tobytes().hex() for name in ("onset", "duration", "pitch", "velocity")}
        key = {"what": "sound", "seconds": SHOWN_S, **notes}
        return self._comparison.cache.file(key, ".mp3", lambda path: _write_sound(short, path))

    def _rolls(self, name: str, drawn: Samples) -> list[str]:
        return [
            figure(small_roll(drawn.scores[i], drawn.names[i]))
            for i in _chosen(drawn, self._clips + ROLLS)[self._clips :]
        ]

    def _predictions(self) -> sections.Section:
        details = self._comparison.details()
        if not details:
            return sections.predictions([], [], [])
        shared = [make(details, self._inks) for make in (figures.over_time, figures.over_history, figures.calibration)]
        return sections.predictions(
            [figure(d) for d in shared],
            [figure(figures.confusion(name, found["confusion"])) for name, found in details.items()],
            [figure(figures.excerpt(name, found["excerpt"])) for name, found in details.items()],
        )

    def _measures(self, results: Mapping[str, Any]) -> sections.Section:
        real = self._comparison.real_measures()
        theirs = {one.name: self._comparison.measures(one) for one in self._comparison.writers}
        drawn = {
            name: figure(
                figures.density(name, real[name], {who: found[name] for who, found in theirs.items()}, self._inks)
            )
            for name in real
            if np.ptp(real[name]) > 0
        }
        return distances.measures(results, drawn, self._histograms())

    def _histograms(self) -> list[str]:
        """Of pitches, steps, durations and velocities, note by note."""
        written = {one.name: self._comparison.samples(one).scores for one in self._comparison.writers}
        return [
            figure(figures.histogram(panel, self._comparison.real().scores, written, self._inks)) for panel in PANELS
        ]

    def _models(self) -> sections.Section:
        models = [one for one in self._comparison.contestants if one.bundle is not None]
        curves = {one.name: found for one in models if (found := training_curves(one, self._runs))}
        training = [figure(figures.training(curves, self._inks))] if curves else []
        pictures = [figure(architecture(one.bundle)) for one in models if one.bundle is not None]
        return sections.models(pictures, training, [(one.name, one.card()) for one in models])


def figure(drawing: Drawing) -> str:
    """A drawing as SVG that takes its colours from the page."""
    return _STYLE.sub("", svg.paint(drawing))


def training_curves(one: Contestant, runs: Path) -> dict[str, list[tuple[float, float]]]:
    """Loss and validation by step, from the logs that a run keeps; empty where no run had the model's recipe."""
    assert one.bundle is not None
    recipe = _named(one.bundle.meta["recipe"])
    known = [path.parent for path in sorted(runs.rglob("*.run/recipe.json")) if recipe and _read_recipe(path) == recipe]
    found: dict[str, list[tuple[float, float]]] = {}
    for file in sorted(known[0].glob("logs/*/metrics.csv")) if known else ():
        with file.open(encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                for name in ("loss", "validation"):
                    if row.get(name) and row.get("step"):
                        found.setdefault(name, []).append((float(row["step"]), float(row[name])))
    return {name: sorted(points) for name, points in found.items()}


def _named(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """A recipe but for the model it began from, which may have moved since."""
    return {key: value for key, value in recipe.items() if key != "start_from"}


def _read_recipe(path: Path) -> dict[str, Any]:
    return _named(json.loads(path.read_text(encoding="utf-8")))


def _chosen(drawn: Samples, count: int) -> list[int]:
    """The first samples of a model, which nobody picked, and of others as many at even distances."""
    groups = np.unique(drawn.groups)
    firsts = [int(np.flatnonzero(drawn.groups == group)[0]) for group in groups]
    if drawn.names[0].startswith("seed "):
        return firsts[:count]
    places = np.linspace(0, len(firsts) - 1, min(count, len(firsts)) + 2).round().astype(int)[1:-1]
    return [firsts[i] for i in dict.fromkeys(places.tolist())]


def _write_sound(score: Score, path: Path) -> None:
    samples = audio.render(score)
    audio.write_audio(samples[: int((SHOWN_S + 1.5) * audio.RATE)], path)


def _read(name: str) -> str:
    return (files("antiphon.evaluate.report") / name).read_text(encoding="utf-8")


def _filled(template: str, **slots: str) -> str:
    """The template with every ``{{slot}}`` filled, in one pass, so that no slot's text is taken for another's."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: slots[found[1]], template)


def _colours() -> str:
    """Every colour of the drawings and of the page, for light and for dark, by the system's wish or the reader's."""
    names = [*PLAIN, *(f"{ramp}{shade}" for ramp in f"a{PARTS}z" for shade in range(SHADES))]
    blocks = []
    for index, selector in enumerate((":root", ":root[data-theme=dark]")):
        plain = "".join(f"--{name}:{PLAIN[name][index]};" for name in PLAIN)
        accents = (
            f"--accent:{colour('b9')[index]};--on-accent:{('#fff', '#10131a')[index]};--warn:{colour('c8')[index]};"
        )
        ramps = "".join(f"{selector} .{name}{{color:{colour(name)[index]}}}" for name in names)
        blocks.append((f"{selector}{{{plain}{accents}}}", ramps))
    light, dark = ("".join(block) for block in blocks)
    as_system = dark.replace(":root[data-theme=dark]", ":root:not([data-theme=light])")
    return f"{light}{dark}@media(prefers-color-scheme:dark){{{as_system}}}"
