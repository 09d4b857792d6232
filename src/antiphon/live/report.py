"""A session's ledger as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COLUMNS = ("count", "p50 ms", "p95 ms", "p99 ms", "max ms")


def report(ledger: Mapping[str, Any]) -> str:
    """Times of each stage, then what was counted, each with what it means."""
    lines = [f"{'':<10} {'count':>7} {'p50 ms':>9} {'p95 ms':>9} {'p99 ms':>9} {'max ms':>9}"]
    for name, stage in ledger["stages"].items():
        count, *times = (stage.get(column, 0) for column in COLUMNS)
        shown = " ".join(f"{value:9.2f}" for value in times) if count else " ".join(["        -"] * len(times))
        lines.append(f"{name:<10} {count:>7} {shown}  {stage.get('what', '')}")
    lines.append("")
    meanings = ledger.get("what", {})
    lines += [f"{name:<12} {number:>7}  {meanings.get(name, '')}" for name, number in ledger["counters"].items()]
    output = ledger.get("output") or {}
    if output:
        lines += ["", ", ".join(f"{name} {value}" for name, value in output.items())]
    return "\n".join(line.rstrip() for line in lines)
