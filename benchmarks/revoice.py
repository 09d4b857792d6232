"""What sounds below the top line drawn anew: by a model that fills, and by lot, beside what was there.

Excerpts of the validation split; onsets, durations, loudness and the top line stay. `nats a note` is by a model that
goes on and takes no part, which hears the excerpt from its beginning; `pitch` the part of it that is the pitches'.
`in scale` is the greatest share of notes in one major or minor scale, `kept` the share of pitches that came out as they
were, those of the top line among them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from antiphon.corpus.store import Corpus, open_corpus
from antiphon.engine import Engine, open_bundle, open_engine
from antiphon.engine.filling import FillingEngine
from antiphon.engine.through import Through
from antiphon.errors import ModelError
from antiphon.evaluate.likelihood import log_probs
from antiphon.evaluate.measures import MEASURES
from antiphon.generate.task import perform
from antiphon.notes import Score
from record import Value, parser, save

LENGTH_S = 20.0
SEED = 1


class Lots(Through):
    """A model to which everything is as likely: drawing by lot, under the same rules."""

    def __init__(self, like: FillingEngine) -> None:
        super().__init__(like)
        self.window = like.window

    def fill(self, rows: np.ndarray, hints: np.ndarray) -> list[np.ndarray]:
        """All codes alike."""
        return [np.zeros((*rows.shape[:2], a.size), np.float32) for a in self.codec.attributes]


def main() -> None:
    """A row for each way, averaged over the excerpts."""
    options = parser(__doc__ or "", "python benchmarks/revoice.py diffusion --judge gru --corpus corpora/maestro")
    options.add_argument("model", help="one that fills, by name or folder")
    options.add_argument("--judge", required=True, help="one that goes on")
    options.add_argument("--corpus", type=Path, required=True, help="a folder that `antiphon prepare` wrote")
    options.add_argument("--excerpts", type=int, default=40, help="how many (default 40)")
    args = options.parse_args()
    engine, judge = open_engine(open_bundle(args.model)), open_engine(open_bundle(args.judge))
    if not isinstance(engine, FillingEngine):
        raise ModelError(f"{args.model} fills nothing; choose a model of the family diffusion")
    real = list(excerpts(open_corpus(args.corpus), args.excerpts))
    ways = {"as it was": real, "by lot": [revoiced(Lots(engine), music) for music in real]}
    name = Path(args.model).name
    for temperature in ("1", "0.8"):
        ways[f"{name}, temperature {temperature}"] = [revoiced(engine, music, temperature) for music in real]
    save(args, [row(way, found, real, judge) for way, found in ways.items()])


def excerpts(corpus: Corpus, count: int) -> Iterator[Score]:
    """Evenly spread over the pieces of the validation split."""
    rng, pieces = np.random.default_rng(SEED), corpus.split("validation")
    for i in np.linspace(0, len(pieces) - 1, count).astype(int):
        music = corpus.score(pieces[i])
        start_s = rng.uniform(0, max(music.length_s - LENGTH_S, 0.1))
        yield music.passage(start_s, start_s + LENGTH_S)


def revoiced(engine: Engine, music: Score, temperature: str = "1") -> Score:
    """Other pitches below the top line."""
    options: dict[str, Value] = {"temperature": temperature}
    return perform(engine, "revoice", options, [(SEED, 0)], music).pieces[0].music


def row(way: str, found: Sequence[Score], real: Sequence[Score], judge: Engine) -> dict[str, Value]:
    """Means over notes, and over excerpts."""
    codec = judge.codec
    nats = -np.concatenate(log_probs(judge, [codec.encode(music) for music in found]))
    same = [np.mean(np.sort(a.notes, order="onset")["pitch"] == np.sort(b.notes, order="onset")["pitch"])
            for a, b in zip(found, real, strict=True)]  # fmt: skip
    return {
        "way": way,
        "excerpts": len(found),
        "nats a note": float(nats.sum(1).mean()),
        "pitch": float(nats[:, codec.column["pitch"]].mean()),
        "in scale": float(np.mean([MEASURES["scale_consistency"](music) for music in found])),
        "kept": float(np.mean(same)),
    }


if __name__ == "__main__":
    main()
