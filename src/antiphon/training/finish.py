"""From the best weights of a run to a bundle: exported, quantised where that costs nothing, measured, described."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from antiphon import __version__
from antiphon.corpus.store import Corpus
from antiphon.corpus.windows import Arrays
from antiphon.engine import Engine, open_engine
from antiphon.engine.base import Drawing, Filling
from antiphon.engine.bundle import write_bundle
from antiphon.engine.encoding import ChordEngine, LatentEngine
from antiphon.engine.rolls import RollEngine
from antiphon.evaluate.answers import answer_likelihood
from antiphon.evaluate.chords import chord_likelihood
from antiphon.evaluate.filling import filling_bound
from antiphon.evaluate.latent import latent_report
from antiphon.evaluate.likelihood import Likelihood, corpus_likelihood
from antiphon.evaluate.phrases import phrase_report
from antiphon.evaluate.rolls import roll_likelihood
from antiphon.models.base import Drawer, Listener, count_parameters
from antiphon.training.card import card
from antiphon.training.cutting import held_out
from antiphon.training.export import state_spec, write_files
from antiphon.training.run import Run, best_model

INT8_COST = 0.005  # the largest loss of likelihood, as a share, for which the faster int8 engine is chosen
DRAWN = 100  # parts of the work on a model that draws
COMPARED_NOTES = 60_000  # of the validation split, on which the two engines are compared

Progress = Callable[[int], None]


def finish(run: Run, folder: Path, out: Path, progress: Progress = lambda notes: None) -> dict[str, Any]:
    """Write the bundle of a finished run to ``out``; what was measured on the whole validation split.

    ``progress`` is called with the notes just measured, of :func:`notes_to_measure` in all.
    """
    best_model(run, folder)
    if isinstance(run.model, Drawer):
        return _drawn(run, folder, out, progress)
    nats = {int8: _measure(run, folder / f"candidate-{int8}", int8, progress) for int8 in (False, True)}
    int8 = nats[True] <= nats[False] * (1 + INT8_COST)
    candidate = folder / f"candidate-{int8}"
    engine = open_engine(candidate)
    whole = _likelihood(run, engine, 1, progress).report()
    measured = {"validation": whole, "engine": "int8" if int8 else "float32", "int8_cost": nats[True] / nats[False] - 1}
    if isinstance(engine, Filling):
        measured["bound"] = True  # no likelihood
    if isinstance(engine, LatentEngine):
        measured["latent"] = latent_report(engine, _passages(run)[:: _every(run)])
    _write(run, out, int8, measured)
    return measured


def preview(run: Run, folder: Path, out: Path) -> None:
    """Write the bundle of a run's best weights so far, for listening: nothing is measured."""
    best_model(run, folder)
    _write(run, out, False, {})


def _drawn(run: Run, folder: Path, out: Path, progress: Progress) -> dict[str, Any]:
    """The same of a model that draws phrases: how like real ones they are."""
    done = 0

    def show(share: float) -> None:
        nonlocal done
        progress(int(share * DRAWN) - done)
        done = int(share * DRAWN)

    candidate = folder / "candidate"
    _write(run, candidate, False, {})
    engine = open_engine(candidate)
    assert isinstance(engine, Drawing)
    measured = {"phrases": phrase_report(engine, run.corpus, "validation", progress=show), "engine": "float32"}
    _write(run, out, False, measured)
    return measured


def notes_to_measure(run: Run) -> int:
    """Notes that :func:`finish` hears; of a model that hears none the parts into which its work is divided."""
    if isinstance(run.model, Drawer):
        return DRAWN
    notes = _notes(run)
    return sum(notes) + 2 * sum(notes[:: _every(run)])


def _notes(run: Run) -> list[int]:
    """Of each piece of the held-out music, or of each batch of its passages."""
    if isinstance(run.model, Listener):
        return [int(batch.weight.sum()) for batch in _passages(run)]
    return [piece.count for piece in run.corpus.split("validation")]


def _every(run: Run) -> int:
    """Of the held-out music every so manieth part is about COMPARED_NOTES."""
    return max(sum(_notes(run)) // COMPARED_NOTES, 1)


def _passages(run: Run) -> list[Arrays]:
    """The held-out music of a model that hears it in passages; of very many the share that the recipe validates on."""
    return held_out(run.recipe, run.corpus, run.codec, run.model, run.recipe.data.validation_share)


def _measure(run: Run, candidate: Path, int8: bool, progress: Progress) -> float:
    """Nats a note, or a frame, of the model exported one way, on a share of the held-out music."""
    _write(run, candidate, int8, {})
    return _likelihood(run, open_engine(candidate), _every(run), progress).mean


def _likelihood(run: Run, engine: Engine, every: int, progress: Progress) -> Likelihood:
    """On every so manieth part of the held-out music: its pieces, or passages for a model that hears those."""
    if isinstance(run.model, Listener):
        return answer_likelihood(engine, _passages(run)[::every], progress)
    if isinstance(engine, ChordEngine):
        return chord_likelihood(engine, run.corpus, run.corpus.split("validation")[::every], progress)
    if isinstance(engine, RollEngine):
        return roll_likelihood(engine, run.corpus, run.corpus.split("validation")[::every], progress)
    if isinstance(engine, Filling):
        return filling_bound(engine, run.corpus, run.corpus.split("validation")[::every], progress)
    return corpus_likelihood(engine, run.corpus, run.corpus.split("validation")[::every], progress)


def _write(run: Run, out: Path, int8: bool, measured: dict[str, Any]) -> None:
    licence, data = _licence(run.corpus), _data(run.corpus)
    meta = {
        "family": run.recipe.family,
        "config": dict(run.recipe.model),
        "codec": run.model.codec.spec(),
        "state": state_spec(run.model),
        "parameters": count_parameters(run.model),
        "licence": licence,
        "data": data,
        "recipe": run.recipe.to_dict(),
        "measured": measured,
        "antiphon": __version__,
    }
    write_bundle(out, meta, lambda folder: write_files(run.model, folder, card(out.name, meta), int8=int8))


def _licence(corpus: Corpus) -> dict[str, str]:
    """The terms of the weights: those of the music, which they were learned from."""
    names = sorted({str(source["licence"]) for source in corpus.manifest["sources"]})
    return {"name": " and ".join(names), "because": "the terms of the music that the model was trained on"}


def _data(corpus: Corpus) -> dict[str, Any]:
    """What the model was trained on."""
    return {"sources": list(corpus.manifest["sources"]), "splits": dict(corpus.manifest["splits"])}
