"""The page's sections as HTML: what is said, and the tables."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from antiphon.evaluate.report.figures import inks as colours
from antiphon.evaluate.results import LEADERBOARD, OTHERWISE, Column, at, interval_of, otherwise, remarks

Results = Mapping[str, Any]


@dataclass(frozen=True)
class Section:
    """A part of the page; one without a body is left out."""

    id: str
    short: str  # in the navigation
    title: str
    intro: str
    body: str

    def html(self) -> str:
        """The whole section."""
        return (
            f'<section id="{self.id}"><h2>{escape(self.title)}</h2><p>{escape(self.intro)}</p>\n{self.body}</section>'
        )


@dataclass(frozen=True)
class Clip:
    """Something to hear: whose it is, MP3 in base64, and its picture."""

    id: str
    by: str
    name: str
    sound: str
    picture: str


def lead(results: Results) -> str:
    """What was compared, in two sentences."""
    corpus, study = results["corpus"], results["study"]
    heard = min(study["pieces"] or corpus["pieces"], corpus["pieces"])
    return (
        f"Measured on {corpus['name']}, {corpus['split']} split: likelihood on {heard:,} of {corpus['pieces']:,} "
        f"pieces, samples of {study['notes']} notes against {results['real']['samples']:,} passages of real music."
    )


def legend(entries: Sequence[tuple[str, str]]) -> str:
    """Names with their colours."""
    return "".join(f'<li><i class="{colour}"></i>{escape(name)}</li>' for name, colour in entries)


def leaderboard(results: Results) -> Section:
    """Everyone in one sortable table, and real music for what it can be measured by."""
    rows = results["contestants"]
    columns = [c for c in LEADERBOARD if any(at(numbers, c.key) is not None for numbers in rows.values())]
    heads = "".join(
        f'<th scope="col" data-better="{c.better}"><button type="button" title="{escape(c.about)}">'
        f"{escape(c.title)}</button></th>"
        for c in columns
    )
    inks = colours(list(rows))
    body = "".join(
        f'<tr><th scope="row" data-value="{escape(name)}"><i class="{inks[name]}"></i>{escape(name)}</th>'
        + "".join(_cell(rows, name, column) for column in columns)
        + "</tr>"
        for name in rows
    )
    body += _real_row(results, columns)
    table = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Leaderboard"><table class="sortable"><thead><tr>'
        f'<th scope="col"><button type="button">contestant</button></th>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
    terms = "".join(f"<dt><b>{escape(c.title)}</b></dt><dd>{escape(c.about)}</dd>" for c in columns)
    about = f"<details><summary>What the columns mean</summary><dl>{terms}</dl></details>"
    intro = (
        "Choose a heading to sort. Small figures are 95 % intervals over pieces; the best of each column is bold. "
        "Likelihoods are exact but for those with ≤, which are bounds: the model needs that many nats at most."
    )
    said = "".join(f"<li><b>{escape(names)}</b>: {escape(sentence)}.</li>" for names, sentence in remarks(results))
    said = f'<ul class="note">{said}</ul>' if said else ""
    return Section("leaderboard", "Leaderboard", "Leaderboard", intro, table + said + _otherwise(results) + about)


def _otherwise(results: Results) -> str:
    """Likelihoods that are of something else, in a table of their own."""
    rows = otherwise(results)
    if not rows:
        return ""
    heads = "".join(f'<th scope="col">{escape(title)}</th>' for title in OTHERWISE)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
        for name, *cells in rows
    )
    return (
        "<h3>Likelihoods of something else</h3><p>Of the same split, but not of the notes of whole pieces: these "
        'numbers compare with none above.</p><div class="scroll" tabindex="0" role="region" '
        f'aria-label="Likelihoods of something else"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def listening(clips: Sequence[Clip]) -> Section:
    """Players, each with its piano roll."""
    players = "".join(
        f'<figure>{clip.picture}<audio id="clip-{escape(clip.id)}" controls preload="none" '
        f'aria-label="{escape(clip.by)}, {escape(clip.name)}" src="data:audio/mpeg;base64,{clip.sound}"></audio>'
        f"<figcaption><b>{escape(clip.by)}</b> · {escape(clip.name)}</figcaption></figure>"
        for clip in clips
    )
    intro = "The first 20 seconds of samples that nobody picked: a model's first seeds, real music at even distances."
    return Section("listen", "Listen", "Listen", intro, f'<div class="grid small">{players}</div>' if players else "")


def blind(clips: Sequence[Clip], report: str) -> Section:
    """Two clips without names, a vote, and the tally."""
    body = f"""<div class="blind" id="blind-test" data-report="{escape(report)}" tabindex="-1">
<div class="pair"><div><b>A</b><audio id="a" controls aria-label="Clip A"></audio></div>
<div><b>B</b><audio id="b" controls aria-label="Clip B"></audio></div></div>
<div class="votes"><button type="button" class="main" data-vote="a">A is better <kbd>A</kbd></button>
<button type="button" class="main" data-vote="b">B is better <kbd>B</kbd></button>
<button type="button" data-vote="neither">No difference <kbd>0</kbd></button>
<button type="button" id="skip-pair">Another pair</button></div>
<p class="note" id="said" role="status" aria-live="polite">Who plays is told after the vote.</p>
<details><summary>Tally: <span id="count">0 votes</span></summary>
<div class="scroll"><table><thead><tr><th scope="col">by</th><th scope="col">won</th><th scope="col">heard</th>
<th scope="col">share</th></tr></thead><tbody id="tally"></tbody></table></div>
<div class="votes"><button type="button" id="export">Save votes as JSON</button>
<button type="button" id="clear">Forget them</button></div></details></div>"""
    intro = "Two clips of two sources in random order. Votes are kept in this browser only; save them to share them."
    return Section("blind", "Blind test", "Blind test", intro, body if len({c.by for c in clips}) > 1 else "")


def rolls(rows: Sequence[tuple[str, Sequence[str]]]) -> Section:
    """Small multiples of piano rolls."""
    body = "".join(
        f'<h3>{escape(name)}</h3><div class="grid small">{"".join(f"<figure>{p}</figure>" for p in pictures)}</div>'
        for name, pictures in rows
    )
    intro = "All on one scale: 20 seconds across, the piano's 88 keys up, louder notes in stronger colour."
    return Section("rolls", "Piano rolls", "What it looks like", intro, body)


def predictions(shared: Sequence[str], confusions: Sequence[str], excerpts: Sequence[str]) -> Section:
    """What models make of real music, note by note."""
    grid = "".join(f"<figure>{p}</figure>" for p in (*shared, *confusions))
    strips = "".join(f'<figure class="wide" tabindex="0">{p}</figure>' for p in excerpts)
    title = "<h3>The first notes of one real piece</h3>"
    body = f'<div class="grid">{grid}</div>{title}<div class="strips">{strips}</div>' if grid else ""
    intro = (
        "Models hear real pieces and predict every note from those before it. Calibrated models lie on the diagonal; "
        "in the squares, the diagonal is a right guess and the lines beside it are octaves."
    )
    return Section("predictions", "Predictions", "True against predicted", intro, body)


def copies(results: Results) -> Section:
    """Memorisation beside real music."""
    found = {n: c["copies"] for n, c in results["contestants"].items() if "copies" in c}
    if not found:
        return Section("copies", "Copies", "Copies of training music", "", "")
    first = next(iter(found.values()))
    rows = [("real music, held out", first["real"], "")]
    rows += [(name, c["written"], str(len(c["flagged"]))) for name, c in found.items()]
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(f"<td>{_share(shares, key)}</td>" for key in _COPY_KEYS)
        + f"<td>{flagged or '–'}</td></tr>"
        for name, shares, flagged in rows
    )
    heads = "".join(f'<th scope="col">{t}</th>' for t in ("", *_COPY_KEYS.values(), "flagged"))
    flagged = "".join(_flagged(name, c["flagged"]) for name, c in found.items() if c["flagged"])
    intro = (
        f"The longest run of notes that stands in the {first['training_notes']:,} notes of the training set in any key "
        f"and tempo, and the share of notes in runs of {first['covered_notes']} or more. Flagged is what matches "
        "longer than 99 of 100 passages of real music that the model never saw."
    )
    table = (
        f'<div class="scroll" tabindex="0"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'
    )
    return Section("copies", "Copies", "Copies of training music", intro, table + flagged)


def speed(results: Results) -> Section:
    """How fast models write, and how large they are."""
    rows = {name: c for name, c in results["contestants"].items() if "speed" in c}
    body = "".join(
        f'<tr><th scope="row" data-value="{escape(name)}">{escape(name)}</th>'
        + "".join(f'<td data-value="{at(c, key)}">{at(c, key) or 0:,.{digits}f}</td>' for key, _, digits in _SPEEDS)
        + f'<td data-value="{escape(c["family"])}">{escape(c["family"])}</td>'
        f'<td data-value="{escape(c["licence"])}">{escape(c["licence"])}</td></tr>'
        for name, c in rows.items()
    )
    titles = ("model", *(title for _, title, _ in _SPEEDS), "family", "licence of weights")
    heads = "".join(f'<th scope="col"><button type="button">{t}</button></th>' for t in titles)
    table = (
        '<div class="scroll" tabindex="0" role="region" aria-label="Speed"><table class="sortable"><thead><tr>'
        f"{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )
    intro = (
        f"One piece written on one thread of this machine: {results['machine']}. The fastest of three times: notes by "
        "the processor's clock, milliseconds by the wall's, which other work may have slowed."
    )
    return Section("speed", "Speed", "Speed and size", intro, table if rows else "")


_SPEEDS = (  # path in a model's results, title, digits
    ("speed.notes_per_second", "notes a second", 0),
    ("speed.first_note_ms", "ms to the first note", 1),
    ("speed.open_ms", "ms to open", 0),
    ("parameters", "parameters", 0),
    ("bytes", "bytes on disk", 0),
)


def models(pictures: Sequence[str], training: Sequence[str], cards: Sequence[tuple[str, str]]) -> Section:
    """Architecture, training curves and cards."""
    grid = "".join(f"<figure>{p}</figure>" for p in (*pictures, *training))
    shown = "".join(
        f'<details><summary>Card of {escape(name)}</summary><pre class="card">{escape(card)}</pre></details>'
        for name, card in cards
    )
    intro = "Drawn from the models' own modules: each with its parameters, and which head sees what."
    return Section(
        "models", "Models", "Models", intro, f'<div class="grid">{grid}</div><h3>Cards</h3>{shown}' if cards else ""
    )


def commands(results: Results) -> Section:
    """How to repeat it."""
    study, corpus = results["study"], results["corpus"]
    lines = [results["command"]]
    some = f" --pieces {study['pieces']}" if study["pieces"] else ""
    for numbers in results["contestants"].values():
        if numbers["kind"] == "model":
            given, music = shlex.quote(numbers["given"]), shlex.quote(corpus["path"])
            counted = some if "likelihood" in numbers or "other_likelihood" in numbers else ""
            lines.append(f"antiphon evaluate {given} --corpus {music} --split {corpus['split']}{counted}")
            if "measures" in numbers:
                lines.append(
                    f"antiphon generate --model {given} --no-guard --notes {study['notes']} --seed 0 -o sample.mid"
                )
    versions = ", ".join(f"{k} {v}" for k, v in results["versions"].items())
    body = (
        f"<pre>{escape(chr(10).join(lines))}</pre>"
        f'<p class="note">{escape(versions)}. {escape(results["machine"])}. {escape(results["date"])}. All '
        'numbers are in <a href="results.json">results.json</a> and <a href="results.csv">results.csv</a> beside '
        "this page.</p>"
    )
    return Section("commands", "Commands", "How to repeat it", "The first line made this page.", body)


def footer(results: Results) -> str:
    """Sources and licences of the music, as they ask."""
    music = "; ".join(f"{s['name']} ({s['licence']})" for s in results["corpus"]["sources"])
    return f"Made by Antiphon {results['versions']['antiphon']} on {results['date']}. Real music: {music}."


_COPY_KEYS = {
    "longest_median": "longest run, median",
    "longest_95": "95th of 100",
    "longest_max": "longest of all",
    "coverage_mean": "notes in runs",
    "samples": "samples",
}


def _cell(rows: Mapping[str, Any], name: str, column: Column) -> str:
    value = at(rows[name], column.key)
    if value is None:
        return '<td class="none" data-value="">–</td>'
    values = [v for numbers in rows.values() if (v := at(numbers, column.key)) is not None]
    best = column.better and len(values) > 1 and value == (max(values) if column.better > 0 else min(values))
    interval = interval_of(rows[name], column.key)
    ends = [column.text(end).removesuffix(f" {column.unit}") for end in interval or ()]
    small = f"<small>{'–'.join(ends)}</small>" if ends else ""
    kind = ' class="best"' if best else ""
    return f'<td{kind} data-value="{value}">{column.shown(rows[name])}{small}</td>'


def _real_row(results: Results, columns: Sequence[Column]) -> str:
    """Real music in the columns in which it can stand: against other real music."""
    drawn = [numbers for numbers in results["contestants"].values() if "measures" in numbers]

    def first(key: str) -> float | None:
        """Of the first contestant that has it: who gave too few samples has none."""
        return next((value for numbers in drawn if (value := at(numbers, key)) is not None), None)

    known = {
        "frechet.ratio": 1.0 if first("frechet.ratio") is not None else None,
        "two_sample.auc": first("two_sample.control.auc"),
        "copies.written.longest_95": first("copies.real.longest_95"),
    }
    cells = ""
    for column in columns:
        value = known.get(column.key)
        text = "–" if value is None else column.text(value)
        cells += f'<td class="none" data-value="{"" if value is None else value}">{text}</td>'
    return f'<tr class="real"><th scope="row" data-value="real music"><i class="z4"></i>real music</th>{cells}</tr>'


def _share(shares: Mapping[str, Any], key: str) -> str:
    value = shares.get(key)
    if value is None:
        return "–"
    return f"{100 * value:.1f} %" if key.startswith("coverage") else f"{value:.0f}"


def _flagged(name: str, found: Sequence[Mapping[str, Any]]) -> str:
    items = "".join(
        f"<li>{escape(str(f['sample']))}: {f['longest']} notes from note {f['first']}, as in "
        f"{escape(str(f['source']))} from note {f['source_note']}</li>"
        for f in found[:20]
    )
    return f"<details><summary>Flagged samples of {escape(name)}</summary><ul>{items}</ul></details>"
