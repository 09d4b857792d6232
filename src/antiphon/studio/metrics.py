"""What Prometheus is told: counters, gauges and histograms, as text."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable

BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)
HELP = {
    "antiphon_requests_total": "requests, by route and status",
    "antiphon_request_seconds": "from a request to the end of its answer, by route",
    "antiphon_jobs_total": "jobs that are over, by kind and state",
    "antiphon_job_seconds": "work on a job, without its waiting",
    "antiphon_sessions_total": "websocket sessions that were begun",
    "antiphon_notes_total": "notes of sessions, by part",
    "antiphon_step_seconds": "one step of a session: hearing, composing, what is due",
    "antiphon_sessions": "websocket sessions now",
    "antiphon_jobs": "jobs that wait or run now",
    "antiphon_tasks": "tasks of the server's loop now",
    "antiphon_memory_bytes": "of the server's process that are in memory; 0 where the system does not say",
    "antiphon_closed_total": "websockets that the server closed, by code",
}
Labels = tuple[tuple[str, str], ...]


class Metrics:
    """The numbers of one server."""

    def __init__(self) -> None:
        self._counters: dict[str, dict[Labels, float]] = {}
        self._histograms: dict[str, dict[Labels, tuple[list[int], list[float]]]] = {}
        self._gauges: dict[str, Callable[[], float]] = {}

    def count(self, name: str, number: float = 1, **labels: str) -> None:
        """So many more."""
        series = self._counters.setdefault(name, {})
        key = tuple(sorted(labels.items()))
        series[key] = series.get(key, 0) + number

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        """One time of a histogram."""
        series = self._histograms.setdefault(name, {})
        buckets, total = series.setdefault(tuple(sorted(labels.items())), ([0] * (len(BUCKETS_S) + 1), [0.0]))
        buckets[bisect_left(BUCKETS_S, seconds)] += 1
        total[0] += seconds

    def gauge(self, name: str, read: Callable[[], float]) -> None:
        """A value that is read when somebody asks."""
        self._gauges[name] = read

    def text(self) -> str:
        """All of it in Prometheus's text format."""
        lines: list[str] = []
        for name, series in sorted(self._counters.items()):
            lines += _head(name, "counter")
            lines += [f"{name}{_labels(key)} {value:g}" for key, value in sorted(series.items())]
        for name, read in sorted(self._gauges.items()):
            lines += [*_head(name, "gauge"), f"{name} {read():g}"]
        for name, histograms in sorted(self._histograms.items()):
            lines += _head(name, "histogram")
            for key, (buckets, total) in sorted(histograms.items()):
                lines += _histogram(name, key, buckets, total[0])
        return "\n".join(lines) + "\n"


def _head(name: str, kind: str) -> list[str]:
    return [f"# HELP {name} {HELP[name]}", f"# TYPE {name} {kind}"]


def _histogram(name: str, key: Labels, buckets: list[int], total: float) -> list[str]:
    lines, below = [], 0
    for edge, number in zip((*BUCKETS_S, float("inf")), buckets, strict=True):
        below += number
        limit = "+Inf" if edge == float("inf") else f"{edge:g}"
        lines.append(f"{name}_bucket{_labels((*key, ('le', limit)))} {below}")
    return [*lines, f"{name}_sum{_labels(key)} {total:g}", f"{name}_count{_labels(key)} {below}"]


def _labels(key: Labels) -> str:
    return "{" + ",".join(f'{name}="{value}"' for name, value in key) + "}" if key else ""
