"""What requests look like: the shapes that OpenAPI shows and that are checked before anything else is.

The meaning of options is checked by those who own them (:mod:`antiphon.generate.options`), not here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator

from antiphon.generate.options import OPTIONS
from antiphon.studio.music import LAST_TICK, LONGEST_S, MOST_NOTES

Number = Annotated[float, Field(allow_inf_nan=False, ge=0, le=LONGEST_S)]
Tick = Annotated[int, Field(ge=0, le=LAST_TICK)]
Tempo = tuple[Tick, Annotated[int, Field(ge=1, lt=2**24)]]
Metre = tuple[Tick, Annotated[int, Field(ge=1, le=255)], Annotated[int, Field(ge=1, le=128)]]
Name = Annotated[str, Field(max_length=200)]
Row = Annotated[list[Number], Field(min_length=4, max_length=6)]
Text = Annotated[str, Field(max_length=2000)]
OptionValue = bool | Annotated[int, Field(ge=-(2**53), le=2**53)] | Annotated[float, Field(allow_inf_nan=False)] | Text

_KINDS: dict[Any, dict[str, Any]] = {
    str: {"type": ["string", "number"]},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"const": True},
}
_OPTIONS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "those of the command line, without their dashes",
    "properties": {name: {**_KINDS[option.kind], "description": option.help} for name, option in OPTIONS.items()},
    "additionalProperties": False,
}
Options = Annotated[dict[Name, OptionValue], Field(max_length=100), WithJsonSchema(_OPTIONS_SCHEMA)]
Seed = Annotated[int, Field(ge=0, lt=2**53, description="same seed, same music; drawn where it is left out")]
FORMS = ("notes", "midi", "melody")
MOST_PIECES = 16  # of one request
Format = Literal["mid", "wav", "flac", "ogg", "mp3", "svg", "histograms.svg", "png", "json", "musicxml", "abc"]


class Request(BaseModel):
    """What all have in common: fields that nobody knows are errors, so that a misspelt one is seen."""

    model_config = ConfigDict(extra="forbid")


class Music(BaseModel):
    """Notes with the tempo and metre maps they stand under."""

    model_config = ConfigDict(extra="ignore")

    notes: Annotated[
        list[Row],
        Field(max_length=MOST_NOTES, description="[onset_s, duration_s, pitch, velocity, program, track] each"),
    ]
    tempos: Annotated[list[Tempo], Field(max_length=10_000)] = []
    metres: Annotated[list[Metre], Field(max_length=10_000)] = []
    tracks: Annotated[list[Name], Field(max_length=256)] = []


def _one_of_three(schema: dict[str, Any]) -> None:
    """What the validator of :class:`Source` asks, for those who read the schema."""
    for form in FORMS:
        schema["properties"][form] = {"title": form, **schema["properties"][form]["anyOf"][0]}
    schema["oneOf"] = [{"required": [form]} for form in FORMS]


class Source(Music):
    """Music in one of three forms: as notes, as a file in base64, or typed as a melody."""

    model_config = ConfigDict(extra="ignore", json_schema_extra=_one_of_three)

    notes: Annotated[list[Row], Field(max_length=MOST_NOTES)] | None = None  # type: ignore[assignment]  # may be absent
    midi: Annotated[str, Field(max_length=7_000_000, description="a MIDI, MusicXML or ABC file in base64")] | None = (
        None
    )
    melody: Annotated[str, Field(max_length=10_000, description="such as 'C4 E4 G4:2 r A4'")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Source:
        if sum(form is not None for form in (self.notes, self.midi, self.melody)) != 1:
            raise ValueError("give the music in one form: notes, midi or melody")
        return self


class Writing(Request):
    """New music, or some that goes on from or changes other."""

    model: Name | None = None
    seed: Seed | None = None
    count: Annotated[int, Field(ge=1, le=MOST_PIECES)] = 1
    preset: Name | None = None
    options: Options = {}
    music: Source | None = None
    corpus: Annotated[Name | None, Field(description="of GET /api/train, for the option avoid-copies")] = None


class Progression(Request):
    """Chords to play over."""

    model: Annotated[Name | None, Field(description="a model of chords; by default the first there is")] = None
    seed: Seed | None = None
    options: Annotated[
        Options, Field(description="of the piece; its tempo (needed), metre, key, length and bars-per-chord count")
    ] = {}


class Evaluation(Request):
    """How surprised a model is."""

    model: Name | None = None
    music: Source


class Candidates(Request):
    """What would come next."""

    model: Name | None = None
    music: Source | None = None
    count: Annotated[int, Field(ge=1, le=128)] = 8
    options: Options = {}


class Histograms(Request):
    """What of pitch, step, duration and velocity there is in music, in a corpus, or in both."""

    music: Source | None = None
    corpus: Name | None = None


class Copies(Request):
    """Whether music stands in a corpus already."""

    music: Source
    corpus: Name


class Rendering(Request):
    """Music as sound."""

    music: Source
    instrument: Name | None = None
    rate: Literal[16000, 22050, 24000, 32000, 44100, 48000] = 44100


class Export(Request):
    """Music as a file."""

    music: Source
    format: Format
    name: Annotated[str, Field(max_length=80)] = "antiphon"


class Engraving(Request):
    """Music as a page of notation."""

    music: Source
    page: Annotated[int, Field(ge=1, le=1000)] = 1
    width: Annotated[int, Field(ge=200, le=2400, description="of the page, in dots")] = 900


class Sample(Request):
    """Something to hear of a run that is under way."""

    seconds: Annotated[float, Field(ge=1, le=30)] = 8
    seed: Seed | None = None


class Training(Request):
    """A training run to begin."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,40}$", description="of the model that it makes")]
    recipe: Name
    corpus: Name
    set: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=40)] = []
