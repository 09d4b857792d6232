"""Presets: named sets of options, those that come along and a person's own.

The file is TOML, a table a preset; its keys are OPTIONS and ``about``. A preset of one's own hides one of the same name
that comes along.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from antiphon.errors import FileError, OptionError, unknown
from antiphon.generate.options import Value, checked, control

FILE = "presets.toml"


@dataclass(frozen=True)
class Preset:
    """A named set of options."""

    name: str
    about: str
    options: Mapping[str, Value]
    own: bool  # the person's, not one that comes along


def own_file() -> Path:
    """Where a person's own presets are looked for; the file need not exist."""
    import platformdirs

    return platformdirs.user_config_path("antiphon") / FILE


def presets() -> dict[str, Preset]:
    """All presets by name. Raises OptionError for a key or value that is wrong, FileError for what is no TOML."""
    own = own_file()
    found = read_presets(Path(__file__).parents[1] / FILE)
    return {**found, **read_presets(own, own=True)} if own.exists() else found


def preset(name: str) -> Preset:
    """One preset. Raises OptionError with a suggestion where there is none of that name."""
    known = presets()
    if name not in known:
        raise OptionError(f"{unknown('preset', name, known)} Your own go into {own_file()}.")
    return known[name]


def read_presets(path: Path, *, own: bool = False) -> dict[str, Preset]:
    """The presets of one file, each checked as if it were given to ``generate`` alone."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FileError(f"{path} is no TOML: {error}; mend it or move it away") from error
    except OSError as error:
        raise FileError(f"cannot read {path}: {error.strerror or error}") from error
    return {name: _preset(name, table, path, own) for name, table in tables.items()}


def _preset(name: str, table: object, path: Path, own: bool) -> Preset:
    where = f"{path}, preset {name!r}"
    if not isinstance(table, dict):
        raise OptionError(f"{where}: it must be a table, [{name}], with options in it")
    about = table.get("about", "")
    if not isinstance(about, str):
        raise OptionError(f"{where}: about = {about!r} is of the wrong kind; it must be text in quotes")
    options = checked({key: value for key, value in table.items() if key != "about"}, where)
    try:
        control(options)
    except OptionError as error:
        raise OptionError(f"{where}: {error}") from error
    return Preset(name, about, options, own)
