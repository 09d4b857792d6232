"""``antiphon evaluate``: how well a model predicts a corpus, or how like it a folder of MIDI files is."""

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from antiphon.cli.output import emit, resumable
from antiphon.cli.progress import progress

if TYPE_CHECKING:
    from antiphon.evaluate.comparison import Comparison

EXAMPLE = "antiphon evaluate piano --corpus corpora/maestro --split validation"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", metavar="MODEL", help="a model's name or folder, or a folder of MIDI files")
    parser.add_argument("--corpus", type=Path, required=True, metavar="CORPUS", help="a folder that `prepare` wrote")
    parser.add_argument("--split", default="validation", metavar="NAME", help="train, validation (default) or test")
    parser.add_argument(
        "--pieces", type=int, default=0, metavar="N", help="hear N pieces of the split, evenly spread (default: all)"
    )
    parser.add_argument("--fresh", action="store_true", help="measure everything again, whatever is known already")


def run(args: argparse.Namespace) -> None:
    from antiphon.corpus.store import open_corpus
    from antiphon.evaluate.cache import Cache
    from antiphon.evaluate.comparison import Comparison, Study, cache_folder
    from antiphon.evaluate.contestants import Kind, open_contestants

    study = Study(split=args.split, pieces=args.pieces)
    cache = Cache(cache_folder(), args.fresh)
    comparison = Comparison(open_contestants([args.model]), open_corpus(args.corpus), study, cache)
    began = time.monotonic()
    (one,) = comparison.contestants
    measure, text = {
        Kind.FOLDER: (_compared, _folder_text),
        Kind.NOTES: (_predicted, _text),
        Kind.FILLING: (_bound, _other_text),
        Kind.PHRASES: (_drawn, _drawn_text),
    }.get(one.kind, (_otherwise, _other_text))
    about = {"model" if one.bundle else "folder": one.name, "corpus": str(args.corpus), "split": args.split}
    with resumable():
        found = measure(comparison)
    result = {**about, **found, "elapsed_s": time.monotonic() - began}
    emit(args, result, text(result))


def _otherwise(comparison: "Comparison") -> dict[str, Any]:
    """The likelihood of chords, frames, answers or melodies, and what it counts."""
    from antiphon.errors import CorpusError

    (one,) = comparison.contestants
    with progress("listening") as show:
        found = comparison.other_likelihood(one, show)
    if "refused" in found:
        raise CorpusError(f"{one.name} cannot be measured on {comparison.corpus.path}: {found['refused']}")
    return found


def _bound(comparison: "Comparison") -> dict[str, Any]:
    """The bound on the likelihood of a model that fills what is masked."""
    (one,) = comparison.contestants
    with progress("filling") as show:
        found = comparison.likelihood(one, show)["summary"]
    about = {"bound": True, "nats": found["nats_per_note"], "unit": "note", "of": "whole pieces, estimated by lot"}
    return {**about, **found}


def _drawn(comparison: "Comparison") -> dict[str, Any]:
    """What a model that draws phrases, and has no likelihood, draws beside the phrases of the split."""
    from antiphon.errors import OptionError
    from antiphon.evaluate.contestants import WITHOUT_LIKELIHOOD

    if comparison.study.pieces:
        raise OptionError(
            f"--pieces {comparison.study.pieces} is about likelihood, and this model has none: leave it out"
        )
    (one,) = comparison.contestants
    with progress("drawing, and looking for copies") as show:
        found = comparison.phrases(one, show)
    return {"no_likelihood": WITHOUT_LIKELIHOOD[one.kind], **found}


def _predicted(comparison: "Comparison") -> dict[str, Any]:
    """A model's predictions of the split, summed up."""
    (one,) = comparison.contestants
    with progress("listening") as show:
        found = comparison.likelihood(one, show)
    return {**found["summary"], **found["details"]}


def _compared(comparison: "Comparison") -> dict[str, Any]:
    """What a folder's music is like beside real music; there is no model that could predict any."""
    for title, work in comparison.steps():
        with progress(title) as show:
            work(show)
    (numbers,) = comparison.results()["contestants"].values()
    return dict(numbers)


def _text(result: dict[str, Any]) -> str:
    """Three blocks: likelihoods, single predictions, and how likelihood changes with what was heard."""
    counted = f"{result['pieces']} {result['split']} pieces, {result['notes']:,} notes; {result['kind']}"
    few = result["intervals_95"]["nats_per_note"][0] is None
    return "\n".join(
        [
            f"{result['model']} on {counted}{'' if few else ', with 95 % intervals over pieces'}",
            "",
            _row(result, "nats a note", "nats_per_note", f"{result['bits_per_note']:.3f} bits"),
            *(_row(result, f"  {name}", f"nats_per_note_{name}") for name in result["nats_per_note_by_attribute"]),
            _row(result, "  without velocity", "nats_per_note_pitch_step_duration"),
            _row(result, "nats a second", "nats_per_second"),
            _row(result, "nats a MIDI-like token", "nats_per_midi_token", "whole pieces"),
            _row(result, "", "nats_per_midi_token_segments", "all forgotten every 2,048 tokens"),
            "",
            _row(result, "right pitch at once", "pitch_top1"),
            _row(result, "among the five likeliest", "pitch_top5"),
            _row(result, "perplexity of pitch", "pitch_perplexity"),
            *(
                _row(
                    result,
                    f"error of {name}, ms",
                    f"{name}_error_mean_ms",
                    f"median {result[f'{name}_error_median_ms']:.0f}",
                )
                for name in ("step", "duration")
            ),
            *(_plain(f"calibration error, {name}", gap) for name, gap in result["calibration_error"].items()),
            "",
            _by_notes("notes into the piece", {"nats a note": "nats_per_note"}, result["over_time"]),
            "",
            _by_notes(
                "notes since a reset",
                {"nats a note": "nats_per_note", "with the whole past": "whole_piece"},
                result["over_history"],
            ),
        ]
    )


def _other_text(result: dict[str, Any]) -> str:
    """What was counted, whether the number is a bound, and the number, by attribute where it has them."""
    bound, unit = result["kind"] == "bound", result["unit"]
    counted = [f"{result[what]:,} {what}" for what in ("passages", "notes", "chords", "frames") if what in result]
    heard = f"{result['pieces']} {result['split']} pieces" if "pieces" in result else f"the {result['split']} split"
    lines = [
        f"{result['model']} on {heard}, {', '.join(counted)}",
        f"{'a bound, its likelihood is that or better' if bound else 'exact'}: {result['of']}",
        "",
        _plain(f"nats a {unit}{', at most' * bound}", result["nats"]),
        *(_plain(f"  {name}", nats) for name, nats in result.get("nats_per_note_by_attribute", {}).items()),
    ]
    more = {"  without velocity": "nats_per_note_pitch_step_duration", "nats a chord": "nats_per_chord"}
    lines += [_plain(title, result[key]) for title, key in more.items() if key in result]
    return "\n".join(lines)


def _drawn_text(result: dict[str, Any]) -> str:
    from antiphon.evaluate.phrases import table

    title = f"{result['phrases']} phrases of {result['bars']} bars each"
    rows = [(title, "drawn", result["split"]), *table(result)]
    lines = [f"{what:<46}{made:>10}{real:>12}".rstrip() for what, made, real in rows]
    return "\n".join([f"{result['model']}: {result['no_likelihood']}", "", *lines])


def _row(result: dict[str, Any], title: str, key: str, more: str = "") -> str:
    """A number, its interval where there is one, and what else is to be said."""
    value = result[key] if key in result else result["nats_per_note_by_attribute"][key.removeprefix("nats_per_note_")]
    low, high = result["intervals_95"].get(key, (None, None))
    interval = "" if low is None else f"{low:.3f} to {high:.3f}"
    return f"{_plain(title, value)}   {interval:<20}{more}".rstrip()


def _plain(title: str, value: float) -> str:
    return f"{title:<28}{value:>9.3f}"


def _by_notes(title: str, lines: dict[str, str], rows: list[dict[str, Any]]) -> str:
    """How likelihood changes with what was heard, a column a span."""
    spans = [f"{r['from_note']}+" if r["to_note"] is None else f"{r['from_note']}-{r['to_note'] - 1}" for r in rows]
    table = [[title, *spans], *([name, *(f"{r[key]:.3f}" for r in rows)] for name, key in lines.items())]
    return "\n".join(f"{cells[0]:<28}" + "".join(f"{cell:>11}" for cell in cells[1:]) for cells in table)


def _folder_text(result: dict[str, Any]) -> str:
    """What was found of a folder: where it differs from real music most, and what it copies."""
    frechet, told, copies = result["frechet"], result["two_sample"], result.get("copies")
    lines = [f"{result['folder']}: {result['files']} files, {result['samples']} samples"]
    lines += [f"left out: {reason}" for reason in result.get("left_out", ())]
    lines.append(
        f"Fréchet distance to the {result['split']} split: {frechet['ratio']:.2f} times that of real from real "
        f"({frechet['ratio_low']:.2f} to {frechet['ratio_high']:.2f})"
        if "ratio" in frechet
        else f"no Fréchet distance: {frechet['refused']}"
    )
    lines.append(
        f"a classifier tells it from real music with an area under the curve of {told['auc']:.3f} "
        f"({told['auc_low']:.3f} to {told['auc_high']:.3f}; real from real {told['control']['auc']:.3f})"
        if "auc" in told
        else f"no classifier: {told['refused']}"
    )
    if copies:
        lines.append(
            f"longest run of notes that the training split has too: {copies['written']['longest_median']:.0f} in the "
            f"median, {copies['written']['longest_max']} at most; in real music that is held out "
            f"{copies['real']['longest_median']:.0f} and {copies['real']['longest_max']}"
        )
    return "\n".join(lines)
