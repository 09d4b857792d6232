"""Passages of real pieces written again: by a model that fills, seeing both sides, and by one that only goes on.

Each passage lies in the middle of an excerpt of the validation split. All ways get the same passages and seeds, and are
measured alike, the real passage and one from another piece beside them:

- `after`: nats a note of the next 64 notes, by the model that only goes on, which has heard all before them. Its own
  candidates are chosen by this number; `after (judge)` is by a model that had no part in it.
- `classes`: cosine of the seconds that pitch classes sound inside and in the 4 s on each side.
- `notes`: notes inside, as a share of those in the 4 s on each side, a second.
- `off`: the mean distance of its logarithm from that of the real passage.
- `silence`: the longest time inside without an onset, both seams counted, in s.
- `loudness`: mean distance of the mean velocity inside from that around, in MIDI velocity.
- `s`: seconds that a passage took on one core.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from antiphon.codec import milliseconds
from antiphon.corpus.store import Corpus, open_corpus
from antiphon.engine import Engine, open_bundle, open_engine
from antiphon.generate.likely import log_probs
from antiphon.generate.task import perform
from antiphon.notes import Score, from_seconds
from antiphon.pictures import draw
from record import Value, parser, save

AROUND_S = 16.0  # of an excerpt on each side of the passage
NEAR_S = 4.0
FOLLOWING = 64  # notes
SEED = 1
PICTURED: Mapping[str, Value] = {"candidates": 1, "passes": 64}


class Case(NamedTuple):
    """An excerpt, and where its passage lies."""

    music: Score
    from_s: float
    to_s: float
    other: Score  # an excerpt of the same length from another piece


def main() -> None:
    """A row for each way of writing, averaged over the passages."""
    options = parser(__doc__ or "", "python benchmarks/infill.py diffusion --judge gru --corpus corpora/maestro")
    options.add_argument("model", help="one that fills, by name or folder")
    options.add_argument("--against", default="lstm-piano", help="one that goes on (default: lstm-piano)")
    options.add_argument("--judge", required=True, help="another that goes on and takes no part")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--passages", type=int, default=40, help="how many (default 40)")
    options.add_argument("--seconds", type=float, default=4.0, help="their length (default 4)")
    options.add_argument("--picture", type=Path, help="where to draw an excerpt that the model has filled")
    args = options.parse_args()
    save(args, [known(name) for name in (args.model, args.against, args.judge)], name="models")
    fills, goes_on, judge = (open_engine(open_bundle(name)) for name in (args.model, args.against, args.judge))
    cases = list(chosen(open_corpus(args.corpus), args.passages, args.seconds))
    judges = {"after": goes_on, "after (judge)": judge}
    real = [measured(case, case.music, judges) for case in cases]
    rows = [_row("the real one", real, real, 0.0)]
    rows.append(_row("one of another piece", [measured(c, swapped(c), judges) for c in cases], real, 0.0))
    for name, engine, how in ways(args.against, goes_on, args.model, fills):
        print(f"{name} …", file=sys.stderr, flush=True)
        began = time.process_time()
        written = [infilled(engine, case, how) for case in cases]
        if args.picture and how == PICTURED:
            draw(written[0], args.picture, title=f"{name}: {cases[0].from_s:g} to {cases[0].to_s:g} s are new")
        spent = (time.process_time() - began) / len(cases)
        found = [measured(case, music, judges) for case, music in zip(cases, written, strict=True)]
        rows.append(_row(name, found, real, spent))
        save(args, rows)


def known(name: str) -> dict[str, Value]:
    """What was measured of a model when it was trained; of one that fills, a bound."""
    bundle = open_bundle(name)
    meta, found = bundle.meta, bundle.meta["measured"]["validation"]
    heard = meta["data"]["splits"]["train"]["notes"] * meta["recipe"]["train"]["passes"]
    return {
        "model": bundle.name,
        "parameters": meta["parameters"],
        "notes heard": round(heard),
        "nats a note": ("≤ " if meta["measured"].get("bound") else "") + f"{found['nats_per_note']:.3f}",
        **{key: round(nats, 3) for key, nats in found["nats_per_note_by_attribute"].items()},
        "MB": sum(entry["bytes"] for entry in meta["files"].values()) / 1e6,
    }


def ways(against: str, goes_on: Engine, model: str, fills: Engine) -> Iterator[tuple[str, Engine, dict[str, Value]]]:
    """Name, engine and options of what is compared."""
    one, other = Path(against).name, Path(model).name
    for candidates in (1, 16):
        yield f"{one}, candidates {candidates}", goes_on, {"candidates": candidates}
    for passes in (4, 16, 64, 1000):
        yield f"{other}, passes {passes}", fills, {"candidates": 1, "passes": passes}
    yield f"{other}, passes 64, temperature 0.9", fills, {"candidates": 1, "passes": 64, "temperature": "0.9"}
    yield f"{other}, passes 64, the most certain first", fills, {"candidates": 1, "passes": 64, "order": "certain"}
    yield f"{other}, passes 64, candidates 4", fills, {"candidates": 4, "passes": 64}


def chosen(corpus: Corpus, count: int, length_s: float) -> Iterator[Case]:
    """Passages evenly spread over the pieces of the validation split, each with notes on both sides and inside."""
    rng, pieces = np.random.default_rng(SEED), corpus.split("validation")
    whole = 2 * AROUND_S + length_s
    scores = [corpus.score(pieces[i]) for i in np.linspace(0, len(pieces) - 1, count).astype(int)]
    starts = [rng.uniform(0, max(music.length_s - whole, 0.1)) for music in scores]
    cut = [music.passage(start, start + whole) for music, start in zip(scores, starts, strict=True)]
    for i, music in enumerate(cut):
        parts = inside(music, AROUND_S, AROUND_S + length_s)
        near = inside(music, AROUND_S - NEAR_S, AROUND_S), inside(music, AROUND_S + length_s, whole)
        if len(parts) and all(map(len, near)):
            yield Case(music, AROUND_S, AROUND_S + length_s, cut[(i + 1) % len(cut)])


def inside(music: Score, from_s: float, to_s: float) -> Score:
    """The notes that begin in a time."""
    return music.select((music.onset_s >= from_s) & (music.onset_s < to_s))


def infilled(engine: Engine, case: Case, how: Mapping[str, Value]) -> Score:
    """An excerpt with its passage written again."""
    options = {"from": f"{case.from_s:g}", "to": f"{case.to_s:g}", "no-guard": True, **how}
    return perform(engine, "infill", options, [(SEED, 0)], case.music).pieces[0].music


def swapped(case: Case) -> Score:
    """An excerpt with the notes of another in its passage."""
    other = inside(case.other, case.from_s, case.to_s)
    around = outside(case.music, case)
    onset_s, end_s = (np.concatenate(pair) for pair in ((around.onset_s, other.onset_s), (around.end_s, other.end_s)))
    notes = np.concatenate([around.notes, other.notes])
    return from_seconds(onset_s, end_s - onset_s, notes["pitch"], notes["velocity"])


def outside(music: Score, case: Case) -> Score:
    """All notes but those of the passage."""
    return music.select((music.onset_s < case.from_s) | (music.onset_s >= case.to_s))


def measured(case: Case, music: Score, judges: Mapping[str, Engine]) -> dict[str, float]:
    """What is said of one passage."""
    new, around = inside(music, case.from_s, case.to_s), outside(case.music, case)
    near = inside(around, case.from_s - NEAR_S, case.to_s + NEAR_S)
    length_s = case.to_s - case.from_s
    return {
        **{name: following(engine, music, case.to_s) for name, engine in judges.items()},
        "classes": cosine(classes(new), classes(near)),
        "notes": (len(new) / length_s) / (len(near) / (2 * NEAR_S)),
        "silence": float(np.diff(seams(music, case)).max()),
        "loudness": abs(loudness(new) - loudness(near)),
    }


def following(engine: Engine, music: Score, to_s: float) -> float:
    """Nats a note of what follows, of all attributes, once all before it has been heard."""
    rows = engine.codec.encode(music).astype(np.int64)
    first = int((milliseconds(music)[0] < round(to_s * 1000)).sum())
    return -float(log_probs(engine, rows[None, first : first + FOLLOWING], rows[None, :first]).mean())


def classes(music: Score) -> np.ndarray:
    """(12,) seconds that each pitch class sounds."""
    return np.bincount(music.notes["pitch"] % 12, music.end_s - music.onset_s, minlength=12)


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    """Of the angle between two vectors; 0 where one is nothing."""
    return float(one @ other / max(float(np.linalg.norm(one) * np.linalg.norm(other)), 1e-9))


def seams(music: Score, case: Case) -> np.ndarray:
    """Onsets inside, with the last before and the first after."""
    onset_s = np.unique(music.onset_s)
    first, last = onset_s.searchsorted([case.from_s, case.to_s])
    return onset_s[first - 1 : last + 1]


def loudness(music: Score) -> float:
    """Mean velocity; 0 without notes."""
    return float(music.notes["velocity"].mean()) if len(music) else 0.0


def _row(
    name: str, found: Sequence[Mapping[str, float]], real: Sequence[Mapping[str, float]], spent_s: float
) -> dict[str, Value]:
    means = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
    off = [abs(np.log(max(a["notes"], 0.01) / max(b["notes"], 0.01))) for a, b in zip(found, real, strict=True)]
    return {"way": name, "passages": len(found), **means, "off": float(np.mean(off)), "s": spent_s}


if __name__ == "__main__":
    main()
