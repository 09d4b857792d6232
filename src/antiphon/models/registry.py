"""The list of model families, loaded on demand. To add one: its file in this folder, its line here, a recipe."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from antiphon.chords import ChordCodec
from antiphon.codec import NoteCodec
from antiphon.errors import ModelError, unknown
from antiphon.models.base import Model
from antiphon.rolls import RollCodec

FAMILIES = {
    "lstm": "antiphon.models.recurrent:LSTM",
    "gru": "antiphon.models.recurrent:GRU",
    "rnn": "antiphon.models.recurrent:RNN",
    "autoregressive": "antiphon.models.autoregressive:Autoregressive",
    "markov": "antiphon.models.markov:Markov",
    "cnn": "antiphon.models.cnn:CNN",
    "transformer": "antiphon.models.transformer:Transformer",
    "seq2seq": "antiphon.models.seq2seq:Seq2Seq",
    "vae": "antiphon.models.vae:VAE",
    "chord": "antiphon.models.chord:Chord",
    "diffusion": "antiphon.models.diffusion:Diffusion",
    "roll": "antiphon.models.roll:Roll",
    "gan": "antiphon.models.gan:GAN",
}


def family(name: str) -> type[Model]:
    """The class of a family; ModelError with a suggestion if there is none of that name."""
    if name not in FAMILIES:
        raise ModelError(unknown("model family", name, FAMILIES))
    module, _, cls = FAMILIES[name].partition(":")
    return getattr(importlib.import_module(module), cls)


def build(name: str, config: Mapping[str, Any], codec: NoteCodec | ChordCodec | RollCodec) -> Model:
    """An untrained model of a family from its configuration's keys."""
    cls = family(name)
    return cls(cls.Config(**config), codec)
