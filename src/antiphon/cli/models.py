"""``antiphon models``: the models that are here."""

import argparse
from typing import Any

from antiphon import DEFAULT_MODEL
from antiphon.cli.output import emit

EXAMPLE = "antiphon models"


def configure(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> None:
    from antiphon.engine.bundle import available, read_meta

    models = {name: read_meta(path) for name, path in sorted(available().items())}
    rows = [_row(name, meta, name == DEFAULT_MODEL) for name, meta in models.items()]
    text = "\n".join(
        f"{r['name']}{' (default)' if r['default'] else ''}: {r['family']}, {r['parameters'] / 1e6:.1f} M parameters, "
        f"{_likelihood(r)}, {r['bytes'] / 1e6:.1f} MB, licence {r['licence']}"
        for r in rows
    )
    emit(args, {"models": rows}, text or "No models are here. Train one: antiphon train lstm --corpus CORPUS -o MODEL")


def _likelihood(row: dict[str, Any]) -> str:
    if row["draws"]:
        return "no likelihood"
    if row["nats_per_frame"] is not None:
        return f"{row['nats_per_frame']} nats a frame"
    return f"{'at most ' * row['bound']}{row['nats_per_note']} nats a note{row['of']}"


def _row(name: str, meta: dict[str, Any], default: bool) -> dict[str, Any]:
    from antiphon.engine.bundle import DRAWER

    found = meta["measured"].get("validation", {})
    nats = found.get("nats_per_note")
    return {
        "name": name,
        "family": meta["family"],
        "parameters": meta["parameters"],
        "nats_per_note": None if nats is None else round(nats, 3),
        "nats_per_frame": round(found["nats_per_frame"], 3) if "nats_per_frame" in found else None,  # of a piano roll
        "of": f" of its {found['of']}" if "of" in found else "",
        "bound": bool(meta["measured"].get("bound")),  # the likelihood is that or better
        "draws": DRAWER in meta["files"],  # whole phrases, which have no likelihood
        "bytes": sum(file["bytes"] for file in meta["files"].values()),
        "licence": meta["licence"]["name"],
        "default": default,
    }
