"""What a worker does: each task takes its arguments as JSON and gives a media type and bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from antiphon.engine import Bundle, Engine, open_bundle, open_engine
from antiphon.generate.prompt import Prompt
from antiphon.notes import Score
from antiphon.studio.music import music_of, score_of
from antiphon.studio.worker import answer

Progress = Callable[[float], None]
Answer = tuple[str, bytes]
OPEN = 2  # models that a worker keeps open


@lru_cache(OPEN)
def engine_of(path: str) -> tuple[Bundle, Engine]:
    """A model by the path that the server looked up."""
    bundle = open_bundle(path)
    return bundle, open_engine(bundle)


def source(given: Mapping[str, Any]) -> Score:
    """The music of a request: what the reader has read, or a melody."""
    from antiphon.generate.melody import read_melody

    return read_melody(given["melody"]) if given.get("melody") is not None else score_of(dict(given))


def write(content: bytes, progress: Progress) -> Answer:
    """``generate``, ``continue`` and the edits."""
    from antiphon.generate.task import perform
    from antiphon.generate.wishes import wished

    asked = json.loads(content)
    bundle, engine = engine_of(asked["model"])
    command, options, seed = asked["command"], asked["options"], asked["seed"]
    if asked["chords_by"] is not None:
        options = {**options, "chords": _proposal(asked["chords_by"], options, seed)}
    prompt = None if asked["music"] is None else _prompt(command, options, asked["music"])
    seeds = [(seed, index) for index in range(asked["count"])]
    alone = asked["as"] != "json"
    share = 0.6 if asked["as"] in ("wav", "flac", "ogg", "mp3") else 1.0  # the rest of the time is rendering
    engine = wished(engine, bundle, options)
    music = None if prompt is None else prompt.music
    works = perform(
        engine, command, options, seeds, music, lambda done: progress(share * done), **_chosen(options, asked["corpus"])
    )
    records = [_record(bundle, command, seed, index, options, prompt) for index in range(len(works.pieces))]
    if alone:
        texts = [record for record in records if record]
        return _as(asked["as"], works.pieces[0].music, texts, lambda done: progress(share + (1 - share) * done))
    pieces = [
        {"music": music_of(work.music), "written": work.notes, "record": record}
        for work, record in zip(works.pieces, records, strict=True)
    ]
    return answer(
        {
            "command": command,
            "model": bundle.name,
            "licence": bundle.meta["licence"]["name"],
            "seed": seed,
            "options": options,
            "pieces": pieces,
            "first_note_s": works.first_note_s,
            "elapsed_s": works.elapsed_s,
            "notes_per_second": works.notes_per_second,
            "report": dict(works.report),
        }
    )


def _proposal(path: str, options: Mapping[str, Any], seed: int) -> str:
    from antiphon.generate.harmony import proposal

    bundle, engine = engine_of(path)
    return proposal(engine, bundle.name, options, seed)


def chords(content: bytes, progress: Progress) -> Answer:
    """Chords of a model by their names."""
    asked = json.loads(content)
    bundle, _ = engine_of(asked["model"])
    names = _proposal(asked["model"], asked["options"], asked["seed"]).partition(" ;")[0]
    licence = bundle.meta["licence"]["name"]
    return answer({"model": bundle.name, "licence": licence, "seed": asked["seed"], "chords": names})


def _chosen(options: Mapping[str, Any], corpus: str | None) -> dict[str, Any]:
    """What ``best-by`` and ``avoid-copies`` need of the laboratory."""
    from antiphon.corpus.store import open_corpus
    from antiphon.evaluate.choosing import ban_on_copies, measure_named

    found: dict[str, Any] = {}
    if "best-by" in options:
        found["measure"] = measure_named(str(options["best-by"]))
    if "avoid-copies" in options and corpus is not None:
        found["ban"] = ban_on_copies(open_corpus(corpus), int(options["avoid-copies"]))
    return found


def stream(content: bytes, progress: Progress) -> tuple[str, Iterator[bytes]]:
    """A piece in parts, a line a note as it is written; the first line says what it is."""
    from antiphon.generate.wishes import wished
    from antiphon.studio.streaming import NDJSON, notes_as_written

    asked = json.loads(content)
    bundle, engine = engine_of(asked["model"])
    options, seed = asked["options"], asked["seed"]
    about = {"model": bundle.name, "licence": bundle.meta["licence"]["name"], "seed": seed, "options": options}
    notes = notes_as_written(wished(engine, bundle, options), options, (seed, 0))

    def lines() -> Iterator[bytes]:
        first = next(notes, b"")  # what cannot be done is said before anything is sent
        yield json.dumps(about).encode() + b"\n" + first
        written = 1
        for line in notes:
            written += 1
            yield line
        yield json.dumps({"written": written}).encode() + b"\n"

    return NDJSON, lines()


def engrave(content: bytes, progress: Progress) -> Answer:
    """A page of notation."""
    from antiphon.studio.score import engraved

    asked = json.loads(content)
    return answer(engraved(source(asked["music"]), asked["page"], asked["width"]))


def sample(content: bytes, progress: Progress) -> Answer:
    """Something to hear of a run: its best weights so far write a few seconds."""
    from antiphon.generate.task import perform
    from antiphon.studio.sampling import opened

    asked = json.loads(content)
    with opened(asked["run"], asked["corpus"]) as engine:
        progress(0.7)
        works = perform(engine, "generate", {"seconds": asked["seconds"]}, [(asked["seed"], 0)], None, progress)
    return answer({"seed": asked["seed"], "music": music_of(works.pieces[0].music)})


def _prompt(command: str, options: Mapping[str, Any], given: Mapping[str, Any]) -> Prompt:
    """What is continued or edited, and what a record says of it."""
    import hashlib

    from antiphon.generate.prompt import passage, pick
    from antiphon.generate.task import which

    music, limits = source(given), which(command, options)
    if "tracks" in limits:
        music = pick(music, limits["tracks"])
    if "from_s" in limits or "to_s" in limits:
        music = passage(music, limits.get("from_s") or 0.0, limits.get("to_s"))
    melody = given.get("melody")
    if melody is not None:
        return Prompt(melody, hashlib.sha256(melody.encode()).hexdigest(), True, music)
    return Prompt(given.get("name", ""), given.get("sha256", ""), False, music)


def _record(
    bundle: Bundle, command: str, seed: int, index: int, options: Mapping[str, Any], prompt: Prompt | None
) -> str | None:
    """How the piece was made; None where the prompt is no file and no melody that could be given again."""
    from antiphon.generate.replay import record

    if prompt is not None and not prompt.sha256:
        return None
    return record(bundle, command, seed, index, options, prompt).text()


def evaluate(content: bytes, progress: Progress) -> Answer:
    """How surprised a model is by each note."""
    from antiphon.studio.listening import surprise

    asked = json.loads(content)
    return answer(surprise(*engine_of(asked["model"]), source(asked["music"]), progress))


def candidates(content: bytes, progress: Progress) -> Answer:
    """What would come next."""
    from antiphon.generate.options import control
    from antiphon.studio.listening import following

    asked = json.loads(content)
    bundle, engine = engine_of(asked["model"])
    music = None if asked["music"] is None else source(asked["music"])
    sampling = control(asked["options"], endless=True).sampling
    return answer({"model": bundle.name, **following(engine, music, sampling, asked["count"])})


def export(content: bytes, progress: Progress) -> Answer:
    """Music as a file of some format."""
    from antiphon.instruments import program

    asked = json.loads(content)
    music = source(asked["music"])
    if asked.get("instrument") is not None:
        music = music.with_program(program(asked["instrument"]))
    return _as(asked["as"], music, (), progress, asked.get("rate", 44100))


def _as(kind: str, music: Score, texts: Any, progress: Progress, rate: int = 44100) -> Answer:
    from antiphon.studio.forms import formed

    return formed(kind, music, texts, progress, rate)


def histograms(content: bytes, progress: Progress) -> Answer:
    """Histograms of music and of a corpus."""
    from antiphon.studio.comparing import panels

    asked = json.loads(content)
    return answer(panels(None if asked["music"] is None else source(asked["music"]), asked["corpus"]))


def copies(content: bytes, progress: Progress) -> Answer:
    """What music shares with a corpus."""
    from antiphon.studio.comparing import copied

    asked = json.loads(content)
    return answer(copied(source(asked["music"]), asked["corpus"], progress))


TASKS = {
    "write": write,
    "chords": chords,
    "evaluate": evaluate,
    "candidates": candidates,
    "histograms": histograms,
    "copies": copies,
    "export": export,
    "stream": stream,
    "engrave": engrave,
    "sample": sample,
}
