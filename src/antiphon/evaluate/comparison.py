"""A comparison: every contestant measured in the same way, against the same real music, a step at a time.

Steps are kept by what they depend on, so a run that was stopped goes on after the last finished step, and a second run
takes seconds. ``report/`` makes a page of the result.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from antiphon.corpus.store import Corpus, Piece
from antiphon.engine import open_engine
from antiphon.engine.base import Drawing, Filling
from antiphon.errors import CorpusError, OptionError
from antiphon.evaluate import distances, filling, memorisation, samples
from antiphon.evaluate.cache import Arrays, Cache, Keep
from antiphon.evaluate.contestants import Contestant, Kind, corpus_hash
from antiphon.evaluate.groups import Progress, in_groups, told_of_notes
from antiphon.evaluate.measures import MEASURES
from antiphon.evaluate.otherwise import other_likelihood
from antiphon.evaluate.phrases import phrase_report
from antiphon.evaluate.prediction_report import details, summary
from antiphon.evaluate.predictions import Predictions, join, predict
from antiphon.evaluate.samples import Samples
from antiphon.evaluate.two_sample import check_installed, two_sample
from antiphon.generate.task import perform

SPEED_NOTES = 200  # of the piece whose writing is timed,
SPEED_ROUNDS = 3  # so many times, of which the fastest counts: other work only slows
COPIES_PIECES = 400  # real samples that are searched for copies, at most

Item = TypeVar("Item")
Step = tuple[str, Callable[[Progress], object]]  # what is done, and the doing, which tells its share done


@dataclass(frozen=True, kw_only=True)
class Study:
    """What is compared, and how much of it."""

    split: str = "validation"  # the real music; memorisation looks at the training split
    pieces: int = 0  # of the split, evenly spread, on which likelihood is measured; 0: all
    samples: int = 64  # pieces that each model writes
    notes: int = 500  # of a sample
    each: int = 2  # samples of every real piece
    covered: int = memorisation.COVERED  # notes of a match that counts as a copy

    def __post_init__(self) -> None:
        for name, low, high in (
            ("pieces", 0, 10**6), ("samples", 1, 10**4), ("notes", 16, 10**5), ("each", 1, 1000), ("covered", 4, 256),
        ):  # fmt: skip
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"{name} {value} is out of range: {low} to {high:,}")


class Comparison:
    """Contestants, a corpus and a cache; :meth:`steps` does the work and :meth:`results` tells it."""

    def __init__(self, contestants: Sequence[Contestant], corpus: Corpus, study: Study, cache: Cache) -> None:
        self.contestants, self.corpus, self.study, self.cache = list(contestants), corpus, study, cache
        self._corpus_hash = corpus_hash(corpus)
        self._pieces = corpus.split(study.split)
        if not self._pieces:
            raise CorpusError(f"{corpus.path} has no {study.split} pieces; prepare it with a split")

    def steps(self) -> Iterator[Step]:
        """The work in order; each step leaves its result in the cache. MissingExtraError without scikit-learn."""
        check_installed()
        yield "reading real music", lambda show: self._show_all(show, self.real, self.real_measures)
        if self._trained:
            yield "indexing the training set", lambda show: self._show_all(show, self.index)
        for one in self.contestants:
            if one.predicts:
                yield f"{one.name}: likelihood", partial(self.likelihood, one)
            if one.otherwise:
                yield f"{one.name}: another likelihood", partial(self.other_likelihood, one)
            if not one.whole:
                continue
            if one.bundle:
                yield f"{one.name}: speed", partial(self.speed, one)
            yield f"{one.name}: samples", partial(self.samples, one)
            yield f"{one.name}: measures", partial(self.measures, one)
            yield f"{one.name}: distances", partial(self.distances, one)
            if self._trained:
                yield f"{one.name}: copies", partial(self.copies, one)

    def results(self) -> dict[str, Any]:
        """All numbers, by contestant; call it after the steps."""
        return {
            "corpus": self._about_corpus(),
            "study": asdict(self.study),
            "real": {"samples": len(self.real()), "measures": _spread(self.real_measures())},
            "contestants": {one.name: self._numbers(one) for one in self.contestants},
        }

    def _numbers(self, one: Contestant) -> dict[str, Any]:
        known: dict[str, Any] = one.facts()
        if one.predicts:
            known["likelihood"] = self.likelihood(one)["summary"]
        if one.otherwise:
            known["other_likelihood"] = self.other_likelihood(one)
        if not one.whole:
            return known
        if one.bundle:
            known["speed"] = self.speed(one)
        drawn = self.samples(one)
        known |= {"samples": len(drawn), "measures": _spread(self.measures(one)), **self.distances(one)}
        if drawn.left_out:
            known["left_out"] = list(drawn.left_out)
        if self._trained:
            known["copies"] = self.copies(one)
        return known

    def details(self) -> dict[str, Any]:
        """What the pictures of each model's predictions are drawn from."""
        return {one.name: self.likelihood(one)["details"] for one in self.contestants if one.kind == Kind.NOTES}

    @cached_property
    def _heard(self) -> list[Piece]:
        """The pieces on which likelihood is measured."""
        return spread_evenly(self._pieces, self.study.pieces)

    @property
    def writers(self) -> list[Contestant]:
        """Those who write, or hold, whole pieces; the others stand in the results with what they say of themselves."""
        return [one for one in self.contestants if one.whole]

    def real(self) -> Samples:
        """Samples of the real music."""
        return self._real

    @cached_property
    def _real(self) -> Samples:
        return samples.real(self.corpus, self._pieces, self.study.notes, self.study.each)

    def real_measures(self) -> dict[str, np.ndarray]:
        """(R,) every measure of the real samples."""
        key = self._cut_key("real measures", split=self.study.split, each=self.study.each)
        return self.cache.arrays(key, lambda: samples.measured(self.real()))

    def index(self) -> memorisation.CopyIndex:
        """The training set, to be searched for copies."""
        return self._index

    @cached_property
    def _index(self) -> memorisation.CopyIndex:
        return memorisation.training_index(self.corpus)

    def likelihood(self, one: Contestant, progress: Progress = lambda share: None) -> dict[str, Any]:
        """Summary and details of a model's predictions of the real pieces; of a bound no details."""
        heard = [p.sha256 for p in self._heard]
        key = self._key("likelihood", model=one.hash, split=self.study.split, pieces=heard)
        measure = self._bound if one.kind == Kind.FILLING else self._predicted
        return dict(self.cache.in_parts(key, partial(measure, one, progress)))

    def _predicted(self, one: Contestant, progress: Progress, keep: Keep) -> dict[str, Any]:
        groups = in_groups(self._heard, partial(self._predict, one), keep, progress, times=2)
        whole = join([Predictions.of_arrays(group) for group in groups])
        self._check_heard(one, len(whole.rows))
        return {"summary": summary(whole), "details": details(whole)}

    def _predict(self, one: Contestant, group: Sequence[Piece], heard: Callable[[int], None]) -> Arrays:
        return predict(_engine(one), self.corpus, group, heard).to_arrays()

    def _bound(self, one: Contestant, progress: Progress, keep: Keep) -> dict[str, Any]:
        engine, told = _engine(one), told_of_notes(progress, sum(p.count for p in self._heard))
        assert isinstance(engine, Filling)
        found = filling.filling_bound(engine, self.corpus, self._heard, told, keep=keep)
        self._check_heard(one, len(found.notes))
        return {"summary": filling.summary(found), "details": {}}

    def _check_heard(self, one: Contestant, count: int) -> None:
        if not count:
            raise CorpusError(
                f"the {self.study.split} pieces of {self.corpus.path} have no notes that {one.name} hears: drums are "
                "none; choose another split or corpus"
            )

    def other_likelihood(self, one: Contestant, progress: Progress = lambda share: None) -> dict[str, Any]:
        """What a model is measured by that does not predict whole pieces note by note, or why it is not."""
        heard = [p.sha256 for p in self._heard]
        key = self._key("likelihood of something else", model=one.hash, split=self.study.split, pieces=heard)

        def make(keep: Keep) -> dict[str, Any]:
            try:
                return other_likelihood(_engine(one), self.corpus, self._heard, progress, keep)
            except CorpusError as error:
                return {"refused": str(error)}

        return dict(self.cache.in_parts(key, make))

    def phrases(self, one: Contestant, progress: Progress = lambda share: None) -> dict[str, Any]:
        """What a model that draws phrases draws, beside the phrases of the split; no step of a comparison."""
        engine, split = _engine(one), self.study.split
        assert isinstance(engine, Drawing)
        key = self._key("phrases", model=one.hash, split=split)
        return dict(self.cache.json(key, lambda: phrase_report(engine, self.corpus, split, progress=progress)))

    def speed(self, one: Contestant, progress: Progress = lambda share: None) -> dict[str, float]:
        """Notes a second of processor time, and the milliseconds to the first: one piece, one thread, the fastest."""
        key = self._key("speed", model=one.hash, notes=SPEED_NOTES, rounds=SPEED_ROUNDS, of="processor")
        return dict(self.cache.json(key, lambda: _speed(one)))

    def samples(self, one: Contestant, progress: Progress = lambda share: None) -> Samples:
        """What a model writes, or what a folder holds, cut to samples."""
        count = self.study.samples if one.bundle else self.study.each
        key = self._cut_key("samples", of=one.hash, count=count)
        made = self.cache.in_parts(key, lambda keep: self._draw(one, progress, keep).to_arrays(), as_arrays=True)
        return Samples.of_arrays(made)

    def _draw(self, one: Contestant, progress: Progress, keep: Keep) -> Samples:
        if one.bundle is None:
            return samples.folder(one.path, self.study.notes, self.study.each, progress)
        return samples.written(_engine(one), self.study.samples, self.study.notes, progress, keep)

    def measures(self, one: Contestant, progress: Progress = lambda share: None) -> dict[str, np.ndarray]:
        """(S,) every measure of a contestant's samples."""
        drawn = self.samples(one)
        key = self._cut_key("measures", of=one.hash, count=len(drawn), names=list(MEASURES))
        return self.cache.arrays(key, lambda: samples.measured(drawn, progress))

    def distances(self, one: Contestant, progress: Progress = lambda share: None) -> dict[str, Any]:
        """How far a contestant's samples are from real ones, each with its floor."""
        ours, real, groups = self.measures(one), self.real_measures(), self.real().groups
        size = {"count": len(ours["density"]), "real": len(groups), "each": self.study.each}
        key = self._cut_key("distances", of=one.hash, split=self.study.split, **size)

        def make() -> dict[str, Any]:
            return {
                "distances": distances.by_measure(ours, real, groups),
                "frechet": distances.frechet_ratio(ours, real, groups),
                "two_sample": two_sample(ours, real, groups, progress=progress),
            }

        return dict(self.cache.json(key, make))

    def copies(self, one: Contestant, progress: Progress = lambda share: None) -> dict[str, Any]:
        """What a contestant's samples share with the training set, beside real music."""
        drawn, real = self.samples(one), self.real()
        chosen = spread_evenly(real.scores, COPIES_PIECES)
        size = {"count": len(drawn), "real": len(chosen), "each": self.study.each, "covered": self.study.covered}
        key = self._cut_key("copies", of=one.hash, split=self.study.split, **size)
        return dict(
            self.cache.json(
                key, lambda: memorisation.report(self.index(), drawn.scores, drawn.names, chosen, self.study.covered)
            )
        )

    @property
    def _trained(self) -> bool:
        return "train" in self.corpus.manifest["splits"]

    def _key(self, what: str, **rest: Any) -> dict[str, Any]:
        return {"what": what, "corpus": self._corpus_hash, **rest}

    def _cut_key(self, what: str, **rest: Any) -> dict[str, Any]:
        """The key of what depends on how samples are cut."""
        return self._key(what, cut=samples.CUT, notes=self.study.notes, **rest)

    def _about_corpus(self) -> dict[str, Any]:
        return {
            "name": self.corpus.path.name,
            "path": str(self.corpus.path),
            "hash": self._corpus_hash,
            "sources": [{k: s.get(k) for k in ("name", "licence")} for s in self.corpus.manifest["sources"]],
            "split": self.study.split,
            "pieces": len(self._pieces),
            "notes": sum(p.count for p in self._pieces),
        }

    def _show_all(self, show: Progress, *work: Callable[[], object]) -> None:
        for i, part in enumerate(work):
            part()
            show((i + 1) / len(work))


def cache_folder() -> Path:
    """Where comparisons keep what they measured."""
    import platformdirs

    return platformdirs.user_cache_path("antiphon") / "laboratory"


def _engine(one: Contestant) -> Any:
    assert one.bundle is not None
    return open_engine(one.bundle)


def _speed(one: Contestant) -> dict[str, float]:
    began = time.perf_counter()
    engine = _engine(one)
    opened_s = time.perf_counter() - began
    spent_s, first_s = [], []
    for _ in range(SPEED_ROUNDS):
        before = time.process_time()
        works = perform(engine, "generate", {"notes": SPEED_NOTES, "no-guard": True}, [(0, 0)])
        spent_s.append((time.process_time() - before) / works.notes)
        first_s.append(works.first_note_s)
    return {
        "notes_per_second": 1 / min(spent_s),
        "first_note_ms": min(first_s) * 1000,
        "open_ms": opened_s * 1000,
    }


def spread_evenly(items: Sequence[Item], count: int) -> list[Item]:
    """So many of the items, at even distances; all if there are no more, or with a count of 0."""
    if not count or count >= len(items):
        return list(items)
    return [items[i] for i in np.linspace(0, len(items) - 1, count).round().astype(int)]


def _spread(measures: dict[str, np.ndarray]) -> dict[str, dict[str, float]]:
    """What a table shows of each measure."""
    return {
        name: {
            "mean": float(values.mean()),
            "median": float(np.median(values)),
            "from_5": float(np.quantile(values, 0.05)),
            "to_95": float(np.quantile(values, 0.95)),
        }
        for name, values in measures.items()
    }
