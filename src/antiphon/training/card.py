"""The model card: what a person should know before using a model, in Markdown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from antiphon.evaluate.phrases import table as phrase_table

_RECIPE = """`antiphon train {recipe} --corpus CORPUS -o {name}`, which stands for

```json
{json}
```"""

_LIMITS = """The model knows the kind of music it was trained on and nothing of what listeners like. It may repeat
itself, lose the thread over minutes, and now and then come close to a passage of its training data. It hears notes
only: no score, no bars, no keys."""


def card(name: str, meta: Mapping[str, Any]) -> str:
    """The card of a bundle, from what its ``meta.json`` says and nothing else."""
    recipe = meta["recipe"]
    facts = {"family": meta["family"], "parameters": f"{meta['parameters']:,}", **meta["config"]}
    sections = {
        "": recipe["about"] or f"A model of the family `{meta['family']}`.",
        "Licence of the weights": f"{meta['licence']['name']}: {meta['licence']['because']}.",
        "What it is": "\n".join(f"- {key}: {value}" for key, value in facts.items()),
        "Data": "\n".join(_source(source) for source in meta["data"]["sources"]),
        "Measured": _measured(meta["measured"]),
        "Recipe": _RECIPE.format(recipe=_command(recipe), name=name, json=json.dumps(recipe, indent=2)),
        "Limits": _LIMITS,
    }
    return f"# {name}\n" + "".join(
        f"\n## {title}\n\n{text}\n" if title else f"\n{text}\n" for title, text in sections.items()
    )


def _command(recipe: Mapping[str, Any]) -> str:
    return recipe["name"] + (f" --from {recipe['start_from']}" if recipe["start_from"] else "")


def _source(source: Mapping[str, Any]) -> str:
    parts = [f"- {source['name']}", f"licence {source['licence']}"]
    parts += [str(source[key]) for key in ("url", "citation") if source.get(key)]
    return "; ".join(parts)


def _measured(measured: Mapping[str, Any]) -> str:
    """The likelihood on held-out music as a table; of a model without one how like real phrases those are it draws."""
    if "phrases" in measured:
        return _phrases(measured["phrases"])
    if "validation" not in measured:
        return "Nothing yet."
    found = measured["validation"]
    if found.get("of") == "frames":
        return _of_frames(found, measured["engine"])
    rows = {
        "nats a note, at most" if measured.get("bound") else "nats a note": found["nats_per_note"],
        **{f"of these, {name}": nats for name, nats in found["nats_per_note_by_attribute"].items()},
        "pitch, step and duration": found["nats_per_note_pitch_step_duration"],
        **({"nats a MIDI-like token": found["nats_per_midi_token"]} if "nats_per_midi_token" in found else {}),
    }
    table = "\n".join(f"| {name} | {value:.3f} |" for name, value in rows.items()) + _of_chords(found)
    about = f"{found['pieces']} validation pieces, {found['notes']:,} notes, {measured['engine']} engine, 10 ms grid:"
    return f"{about}\n\n| | |\n|---|---|\n{table}" + _latent(measured)


def _of_chords(found: Mapping[str, Any]) -> str:
    """What the likelihood of a model of chords counts, and what not."""
    if found.get("of") != "chords":
        return ""
    return (
        f"\n\nThe notes are those of {found['chords']:,} chords, whose rows are what is counted; not how loud each "
        f"note is beside the others of its chord, nor which comes first, nor {found['dropped_notes']:,} notes without "
        "a place in one. Models of notes pay for all of that: their numbers are no comparison."
    )


def _of_frames(found: Mapping[str, Any], engine: str) -> str:
    """The likelihood of a model of piano rolls, which is none of notes."""
    rows = {
        "nats a frame, all keys together": f"{found['nats_per_frame']:.3f}",
        "frames that are like the one before": f"{found['frames_like_the_one_before']:.1%}",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return (
        f"{found['pieces']} validation pieces, {found['frames']:,} frames with {found['notes']:,} notes, {engine} "
        f"engine; of each piece all frames but the first:\n\n| | |\n|---|---|\n{table}\n\nA frame is a moment, not a "
        "note: these numbers stand beside those of models whose frames are as long, and of no others."
    )


def _phrases(found: Mapping[str, Any]) -> str:
    """Phrases that a model drew beside real ones."""
    rows = "\n".join(f"| {what.strip()} | {made} | {real} |" for what, made, real in phrase_table(found))
    return (
        f"No likelihood: it draws whole phrases of noise. {found['phrases']} of its phrases, {found['bars']} bars "
        "each, beside as many of the validation split; the last line's second number is of other real phrases:\n\n"
        f"| | drawn | real |\n|---|---|---|\n{rows}"
    )


def _latent(measured: Mapping[str, Any]) -> str:
    """What a latent space loses and keeps, where there is one."""
    if "latent" not in measured:
        return ""
    found = measured["latent"]
    forced, sampled = found["teacher_forced"], found["sampled"]
    rows = {
        "sixteenths that come back, notes drawn": f"{sampled['drawn']:.3f}",
        "the same, the likeliest notes": f"{sampled['greedy']:.3f}",
        "the same, of another passage": f"{sampled['by_chance']:.3f}",
        "notes right, all before them given": f"{forced['all']:.3f}",
        "divergence from the prior, nats a bar": f"{found['kl_nats_per_bar']:.2f}",
        "bound on the likelihood, nats a note": f"{found['bound_nats_per_note']:.3f}",
        f"bound weighted over {found['weighted_bound_places']} places": f"{found['weighted_bound_nats_per_note']:.3f}",
    }
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    about = f"There and back through the latent space, {found['passages']} passages of {found['bars']} bars:"
    return f"\n\n{about}\n\n| | |\n|---|---|\n{table}"
