"""An adapted model as a bundle: like the one it came from, and saying so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from antiphon import __version__
from antiphon.engine.bundle import Bundle, write_bundle
from antiphon.models.base import Model, count_parameters
from antiphon.training.export import state_spec, write_files

SOURCE = {"name": "a player's own sessions", "licence": "the player's own"}

_CARD = """# {name}

{base}, adapted to one player: its heads learned from {learned:,} notes of that player's own, the rest is as it was.
To go back, play with {base}.

## Licence of the weights

{licence}: {because}.

What was learned from the player's own playing is the player's; keep that in mind before you give this model away,
because it may repeat what was played.

## What it is

- family: {family}
- parameters: {parameters:,}
- adapted from: {base}

## Data

{data}

## Measured

On {held_out:,} of the player's notes that it did not learn from, in passages heard from their beginning, {engine}
engine, 10 ms grid, in nats a note:

| | |
|---|---|
| {base} | {before} |
| {name} | {after} |

How well it still predicts other people's music was not measured.

## Recipe

`antiphon adapt SESSIONS --from {base} -o {name}`: {steps} steps in {minutes:.1f} minutes.
"""


def write_adapted(model: Model, bundle: Bundle, out: Path, how: Mapping[str, Any], measured: Mapping[str, Any]) -> None:
    """Write the bundle of ``model``, which came from ``bundle`` in the way that ``how`` states."""
    base = bundle.meta
    meta = {
        "family": base["family"],
        "config": dict(base["config"]),
        "codec": bundle.codec.spec(),
        "state": state_spec(model),
        "parameters": count_parameters(model),
        "licence": dict(base["licence"]),
        "data": {**base["data"], "sources": [*base["data"]["sources"], SOURCE]},
        "recipe": {
            "name": "adapt",
            "start_from": bundle.name,
            "about": f"{bundle.name}, adapted to one player.",
            **how,
        },
        "measured": dict(measured),
        "antiphon": __version__,
    }
    int8 = measured["engine"] == "int8"
    write_bundle(out, meta, lambda folder: write_files(model, folder, card(out.name, meta), int8=int8))


def card(name: str, meta: Mapping[str, Any]) -> str:
    """The card of an adapted model, from what its ``meta.json`` says and nothing else."""
    measured = meta["measured"]
    nats = {when: f"{value:.3f}" for when, value in measured["nats_per_note"].items()}
    return _CARD.format(
        name=name,
        base=measured["from"],
        learned=measured["learned_notes"],
        held_out=measured["held_out_notes"],
        licence=meta["licence"]["name"],
        because=meta["licence"]["because"],
        family=meta["family"],
        parameters=meta["parameters"],
        data="\n".join(f"- {source['name']}; licence {source['licence']}" for source in meta["data"]["sources"]),
        engine=measured["engine"],
        before=nats.get("before", ""),
        after=nats.get("after", ""),
        steps=measured["steps"],
        minutes=measured["minutes"],
    )
