"""What starting up may load. Who may import whom is import-linter's; this is about what really happens at run time."""

import json
import subprocess
import sys

import pytest

from antiphon.cli.main import COMMANDS
from antiphon.models.registry import FAMILIES

TRAINING = {"torch", "lightning", "tensorboard", "onnx"}  # what no playing command may ever load
SLOW = TRAINING | {"matplotlib", "pyarrow"}  # what no help may load
ALL = SLOW | {"numpy", "onnxruntime", "soundfile", "midirenderer", "fluidsynth", "rich", "platformdirs"}
MUSIC = {"pretty_midi", "mido"}


def loaded(program: str) -> set[str]:
    """Top-level names of all modules in a fresh interpreter after it ran ``program``."""
    tail = "\nimport sys, json\nprint('\\n' + json.dumps(sorted({name.split('.')[0] for name in sys.modules})))"
    done = subprocess.run([sys.executable, "-c", program + tail], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("program", ["import antiphon", "from antiphon.cli.main import main; main([])"])
def test_starting_up_loads_no_library(program):
    assert not loaded(program) & ALL


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_loads_nothing_slow(command):
    program = f"from antiphon.cli.main import build_parser; build_parser({command!r}).format_help()"
    assert not loaded(program) & SLOW


PLAYING = ("notes", "theory", "codec", "files", "engine", "generate", "audio", "svg", "live.session", "studio.server")


@pytest.mark.parametrize("module", [*PLAYING, "cli.generate", "cli.render"])
def test_the_playing_world_never_loads_torch(module):
    assert not loaded(f"import importlib; importlib.import_module('antiphon.{module}')") & TRAINING


@pytest.mark.parametrize("module", sorted({place.partition(":")[0] for place in FAMILIES.values()}))
def test_models_never_see_music(module):
    assert not loaded(f"import importlib; importlib.import_module({module!r})") & MUSIC
