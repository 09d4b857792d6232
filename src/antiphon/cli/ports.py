"""``antiphon ports``: what there is to play with and to sound through."""

import argparse
from collections.abc import Callable
from typing import TypeVar

from antiphon.cli.output import emit

EXAMPLE = "antiphon ports"
T = TypeVar("T")


def configure(parser: argparse.ArgumentParser) -> None:
    pass


def run(args: argparse.Namespace) -> None:
    from antiphon.live import midi_ports, sound

    names, midi = _asked(midi_ports.names)
    devices, audio = _asked(sound.outputs)
    inputs, outputs = names or ([], [])
    result = {
        "midi_inputs": inputs,
        "midi_outputs": outputs,
        "sound_devices": devices or [],
        "problems": [problem for problem in (midi, audio) if problem],
    }
    lines = [_list("MIDI inputs", inputs, midi), _list("MIDI outputs", outputs, midi)]
    lines.append(_list("sound devices", devices or [], audio))
    lines.append("everywhere: virtual (but on Windows), tcp:PORT and tcp:HOST:PORT; see docs/playing.md")
    emit(args, result, "\n".join(lines))


def _asked(ask: Callable[[], T]) -> tuple[T | None, str]:
    """What a system says it has, or why it cannot say."""
    from antiphon.errors import AntiphonError

    try:
        return ask(), ""
    except AntiphonError as error:
        return None, str(error)


def _list(title: str, names: list[str], problem: str) -> str:
    return "\n".join([f"{title}:", *(f"  {name}" for name in names or [problem or "none"])])
