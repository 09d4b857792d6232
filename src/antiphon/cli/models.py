"""``antiphon models``: the models that are here."""

import argparse
from pathlib import Path
from typing import Any

from antiphon import DEFAULT_MODEL
from antiphon.cli.output import emit, say

EXAMPLE = "antiphon models"


def configure(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> None:
    from antiphon.engine.bundle import available, packaged

    models, (_, owners, problems) = available(), packaged()
    hidden = [
        f"the model {path.name} of {package} is hidden by {models[path.name]}; its path works: {path}"
        for path, package in owners.items()
        if models[path.name] != path
    ]
    for line in (*problems, *hidden):
        say(line)
    rows = [_row(path, owners.get(path)) for _, path in sorted(models.items())]
    text = "\n".join(_line(row) for row in rows)
    emit(args, {"models": rows}, text or "No models are here. Train one: antiphon train lstm --corpus CORPUS -o MODEL")


def _line(row: dict[str, Any]) -> str:
    named = f"{row['name']}{' (default)' * row['default']}: {row['family']}, {row['parameters'] / 1e6:.1f} M parameters"
    facts = [named, _likelihood(row), f"{row['bytes'] / 1e6:.1f} MB"]
    facts += [] if row["trainable"] else ["to play only"]
    facts += [f"learned from {', '.join(row['learned_from'])}"] if row["learned_from"] else []
    facts += [f"licence {row['licence']}"]
    facts += [f"of {row['package']}"] if row["package"] else []
    return ", ".join(facts)


def _likelihood(row: dict[str, Any]) -> str:
    if row["draws"]:
        return "no likelihood"
    if row["nats_per_frame"] is not None:
        return f"{row['nats_per_frame']} nats a frame"
    return f"{'at most ' * row['bound']}{row['nats_per_note']} nats a note{row['of']}"


def _row(path: Path, package: str | None) -> dict[str, Any]:
    from antiphon.engine.bundle import DRAWER, WEIGHTS, read_meta, size

    meta = read_meta(path)
    found = meta["measured"].get("validation", {})
    nats = found.get("nats_per_note")
    return {
        "name": path.name,
        "family": meta["family"],
        "parameters": meta["parameters"],
        "nats_per_note": None if nats is None else round(nats, 3),
        "nats_per_frame": round(found["nats_per_frame"], 3) if "nats_per_frame" in found else None,  # of a piano roll
        "of": _of(meta),
        "bound": bool({"bound", "latent"} & set(meta["measured"])),  # the likelihood is that or better
        "draws": DRAWER in meta["files"],  # whole phrases, which have no likelihood
        "bytes": size(path, meta),
        "trainable": (path / WEIGHTS).is_file(),  # else its weights were left out
        "learned_from": [source["name"] for source in meta["data"]["sources"]],  # likelihoods of other music differ
        "licence": meta["licence"]["name"],
        "package": package,  # that brings it; null for Antiphon itself and for the user's own
        "default": path.name == DEFAULT_MODEL,
    }


def _of(meta: dict[str, Any]) -> str:
    """What the notes belong to where they are not those of whole pieces."""
    from antiphon.engine.bundle import ENCODER

    named = meta["measured"].get("validation", {}).get("of")
    if named is None and ENCODER in meta["files"]:
        named = "melodies" if "latent" in meta["measured"] else "answers"
    return f" of its {named}" if named else ""
