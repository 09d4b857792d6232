"""Numbers outside: JSON, CSV, Markdown, and what changed since."""

import csv
import json

import pytest

from antiphon.errors import FileError
from antiphon.evaluate.results import (
    FORMAT,
    LEADERBOARD,
    at,
    changes,
    flat,
    interval_of,
    leaderboard,
    markdown,
    origin,
    read,
    remarks,
    write,
)


def numbers(nats: float, ratio: float | None = None) -> dict:
    found = {
        "kind": "model",
        "parameters": 5_000_000,
        "likelihood": {"nats_per_note": nats, "intervals_95": {"nats_per_note": [nats - 0.1, nats + 0.1]}},
        "frechet": {"refused": "too few samples"},
        "speed": {"notes_per_second": 1234.5},
    }
    return found | ({"frechet": {"ratio": ratio, "ratio_low": 1.0, "ratio_high": 2.0}} if ratio else {})


def results(**contestants: dict) -> dict:
    corpus = {"sources": [{"name": "maestro"}, {"name": "scores"}]}
    return {**origin("antiphon compare"), "corpus": corpus, "real": {"samples": 2}, "contestants": contestants}


def test_a_path_leads_to_a_number():
    assert at(numbers(10.0), "likelihood.nats_per_note") == 10.0
    assert at(numbers(10.0), "frechet.ratio") is None
    assert at(numbers(10.0), "likelihood") is None


def test_intervals_wherever_they_are_kept():
    assert interval_of(numbers(10.0), "likelihood.nats_per_note") == (9.9, 10.1)
    assert interval_of(numbers(10.0, 1.5), "frechet.ratio") == (1.0, 2.0)
    assert interval_of(numbers(10.0), "frechet.ratio") is None
    assert interval_of(numbers(10.0), "parameters") is None


def test_flat_is_every_number_with_its_path():
    nested = {"a": 1, "b": {"c": 2.5, "d": [3, {"e": 4}]}, "words": "x", "yes": True, "none": None}
    assert list(flat(nested)) == [("a", 1), ("b.c", 2.5), ("b.d.0", 3), ("b.d.1.e", 4)]


def test_why_a_column_is_empty_is_said_once_for_all_who_have_the_reason():
    drawing = {"no_likelihood": "it draws", "learned_from": ["songs"], "two_sample": {"refused": "few"}}
    found = results(
        ours=numbers(9.0, 1.5) | {"learned_from": ["scores"]},
        theirs=numbers(10.0) | {"learned_from": []},
        others=drawing | {"frechet": {"refused": "too few samples"}},
    )
    assert remarks(found) == [
        ("theirs, others", "no Fréchet ratio: too few samples"),
        ("others", "it draws"),
        ("others", "it learned from other music than this: songs"),
        ("others", "no classifier: few"),
    ]
    assert "- theirs, others: no Fréchet ratio: too few samples.\n" in markdown(found)


def test_what_is_written_is_read_again(tmp_path):
    found = results(ours=numbers(10.0, 1.5), theirs=numbers(9.0))
    write(found, tmp_path)
    assert read(tmp_path / "results.json") == json.loads(json.dumps(found))
    with (tmp_path / "results.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {"contestant": "ours", "key": "likelihood.nats_per_note", "value": "10.0"} in rows
    assert {"contestant": "real music", "key": "samples", "value": "2"} in rows
    markdown = (tmp_path / "leaderboard.md").read_text()
    assert "| contestant | nats a note |" in markdown
    assert "| theirs | 9.000 |" in markdown
    assert markdown.startswith("```\nantiphon compare\n```")


def test_no_number_that_json_does_not_know(tmp_path):
    with pytest.raises(ValueError, match="JSON compliant"):
        write(results(ours=numbers(float("nan"))), tmp_path)


def test_a_column_that_nobody_has_is_left_out():
    head, *rows = leaderboard(results(ours=numbers(10.0), theirs={"kind": "folder"}))
    assert head == ["", "nats a note", "notes/s", "size"]
    assert rows == [["ours", "10.000", "1,234", "5.0 M"], ["theirs", "–", "–", "–"]]


def test_the_keys_of_the_leaderboard_are_stable():
    """Others read them: a change here is a change of FORMAT."""
    assert FORMAT == 1
    assert [column.key for column in LEADERBOARD] == [
        "likelihood.nats_per_note", "likelihood.nats_per_note_pitch_step_duration", "likelihood.nats_per_midi_token",
        "likelihood.nats_per_midi_token_segments", "likelihood.pitch_top1", "likelihood.pitch_top5", "frechet.ratio",
        "two_sample.auc", "copies.written.longest_95", "speed.notes_per_second", "parameters",
    ]  # fmt: skip


def test_what_changed():
    before = results(ours=numbers(10.0), gone=numbers(9.0))
    after = results(ours=numbers(9.95), new=numbers(8.0))
    rows = changes(before, after)
    assert {"contestant": "new", "change": "new"} in rows
    assert {"contestant": "gone", "change": "gone"} in rows
    (changed,) = [row for row in rows if row["change"] == "changed"]
    assert changed == {
        "contestant": "ours", "change": "changed", "key": "likelihood.nats_per_note", "before": 10.0, "after": 9.95,
        "better": True, "clear": False,
    }  # fmt: skip


def test_a_change_beyond_the_interval_is_clear():
    (changed,) = changes(results(ours=numbers(10.0)), results(ours=numbers(10.5)))
    assert (changed["better"], changed["clear"]) == (False, True)


def test_nothing_changed():
    assert changes(results(ours=numbers(10.0)), results(ours=numbers(10.0))) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot read .*: No such file"),
        ("{", "is no JSON"),
        ("[]", "is not what this version.s `compare` writes; give the results.json of an earlier comparison"),
        (
            '{"format": 0, "contestants": {}}',
            "is not what this version.s `compare` writes; give the results.json of an earlier comparison",
        ),
    ],
)
def test_what_is_no_baseline(content, message, tmp_path):
    path = tmp_path / "baseline.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(FileError, match=message):
        read(path)
