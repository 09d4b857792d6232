"""Pieces that come note by note, and what chooses among pieces or keeps them from copying."""

import json

import pytest
from tests.tiny import corpus

from antiphon.client import StudioError

__all__ = ["corpus"]
LINES = {"accept": "application/x-ndjson"}


def streamed(api, options, seed=5):
    with api.stream("POST", "generate", json={"seed": seed, "options": options}, headers=LINES) as answer:
        assert answer.headers["content-type"] == "application/x-ndjson"
        head, *notes, last = [json.loads(line) for line in answer.iter_lines()]
    return head, [line["note"] for line in notes], last


@pytest.mark.parametrize(
    "options",
    [{"notes": 40}, {"seconds": 6, "key": "D minor", "temperature": "0.9"}, {"notes": 20, "density": "low", "heed": 3}],
)
def test_the_notes_are_those_of_the_whole_piece(api, options):
    head, notes, last = streamed(api, options)
    whole = api.post("generate", json={"seed": 5, "options": options}).json()
    assert (head["seed"], head["model"], head["licence"]) == (5, whole["model"], whole["licence"])
    assert last == {"written": len(notes)}
    theirs = whole["pieces"][0]["music"]["notes"]
    assert sorted((round(n[0], 2), n[2], n[3]) for n in notes) == sorted((round(n[0], 2), n[2], n[3]) for n in theirs)


def test_the_first_note_comes_long_before_the_last(api):
    with api.stream("POST", "generate", json={"seed": 1, "options": {"notes": 3000}}, headers=LINES) as answer:
        lines = answer.iter_lines()
        next(lines)
        next(lines)
        jobs = api.get("health").json()["jobs"]
        answer.close()
    assert jobs >= 1, "it is being written while its notes come"


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"options": {"tempo": 90, "notes": 9}}, "tempo is for whole pieces"),
        ({"options": {"best-of": 3, "notes": 9}}, "best-of is for whole pieces"),
        ({"count": 2}, "a stream is one new piece"),
        ({"music": {"melody": "C4"}}, "a stream is one new piece"),
        ({"model": "nobody"}, "unknown model"),
    ],
)
def test_what_cannot_be_streamed(api, body, said):
    answer = api.post("generate", json=body, headers=LINES)
    assert answer.status_code in (404, 422)
    assert said in answer.json()["error"]["message"]


def test_a_measure_chooses_among_pieces(api):
    options = {"notes": 40, "best-of": 6}
    density = {}
    for wanted in ("density=3", "density=20"):
        answer = api.post("generate", json={"seed": 2, "options": {**options, "best-by": wanted}}).json()
        notes = answer["pieces"][0]["music"]["notes"]
        density[wanted] = len(notes) / (notes[-1][0] - notes[0][0])
    assert density["density=3"] < density["density=20"]
    answer = api.post("generate", json={"options": {**options, "best-by": "nonsense"}})
    assert (answer.status_code, "unknown measure" in answer.text) == (422, True)


def test_copies_are_avoided_of_a_corpus(start, corpus):
    api = start("--corpora", str(corpus.parent)).api
    options = {"notes": 30, "avoid-copies": 8}
    answer = api.post("generate", json={"seed": 4, "corpus": corpus.name, "options": options})
    assert answer.json()["report"]["bans"]
    for body in ({"options": options}, {"corpus": corpus.name}):
        refused = api.post("generate", json=body)
        assert (refused.status_code, "avoid-copies needs" in refused.text) == (422, True)
    assert api.post("generate", json={"corpus": "../x", "options": options}).status_code in (404, 422)


def test_the_client_hears_notes_as_they_come_and_sees_a_score(client):
    notes = list(client.stream({"notes": 12}, seed=9))
    piece = client.generate({"notes": 12}, seed=9).pieces[0]
    assert sorted(note.pitch for note in notes) == sorted(piece.notes["pitch"].tolist())
    with pytest.raises(StudioError, match="tempo is for whole pieces"):
        next(client.stream({"tempo": 90}))
    pytest.importorskip("verovio")
    svg, pages = client.score(piece)
    assert (svg.lstrip().startswith("<svg"), pages) == (True, 1)
