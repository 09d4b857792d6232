"""Models that other installed packages bring along, found by the entry point group ``antiphon.models``.

The value of such an entry point is a folder inside the package, written as a module is: ``antiphon_families``, or
``my_package.pianos``. Each folder in it that has a ``meta.json`` is a model. Nothing of the package is imported, so
nothing in it can fail or run; what cannot be found costs a line, not an error.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from importlib.metadata import Distribution

GROUP = "antiphon.models"
FAMILIES = "antiphon-families"  # the package that Antiphon's own repository has beside it
# Never by the bare name: nobody has published it, so an index may give it to a stranger.
HOW = f"in a checkout of Antiphon, pip install ./packages/{FAMILIES}"


class Package(NamedTuple):
    """An installed package with models."""

    name: str
    folder: Path  # with a folder for each model


class Packages(NamedTuple):
    """All of them, by name, and a line about each that cannot be used."""

    found: tuple[Package, ...]
    problems: tuple[str, ...]


def packages() -> Packages:
    """The installed packages with models; looked for once in a process, as what is installed stays the same."""
    return _packages(tuple(sys.path))


@lru_cache(1)
def _packages(path: tuple[str, ...]) -> Packages:
    from importlib.metadata import distributions  # here: it takes longer than the rest of a start

    found, problems = set(), set()
    for distribution in distributions(path=list(path)):
        for name, value in _entries(distribution):
            folder = _folder(value)
            if folder is None:
                problems.add(
                    f"the package {name} should bring models in {value!r}, which is not there; install it again"
                )
            else:
                found.add(Package(name, folder))
    return Packages(tuple(sorted(found)), tuple(sorted(problems)))


def _entries(distribution: Distribution) -> Iterator[tuple[str, str]]:
    """The package's name and the value of each of its entry points for models.

    They are read as text: one odd line of any installed package would make ``importlib.metadata`` raise for all.
    """
    text = _text(distribution, "entry_points.txt")
    if f"[{GROUP}]" not in text or _hidden(name := _name(distribution), text):
        return
    for line in text.partition(f"[{GROUP}]")[2].partition("\n[")[0].splitlines():
        if "=" in line and not line.lstrip().startswith("#"):
            yield name, line.partition("=")[2].strip()


def _hidden(name: str, entry_points: str) -> bool:
    """Whether another package of the name comes first on the path, which is the one that Python would import."""
    from importlib.metadata import distributions

    first = next(iter(distributions(name=name)), None)
    return first is not None and _text(first, "entry_points.txt") != entry_points


def _name(distribution: Distribution) -> str:
    """What the package calls itself."""
    lines = _text(distribution, "METADATA").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("Name:")), "without a name")


def _text(distribution: Distribution, file: str) -> str:
    """One of a package's files about itself; empty where there is none that could be read."""
    try:
        return distribution.read_text(file) or ""
    except (OSError, UnicodeDecodeError):
        return ""


def _folder(value: str) -> Path | None:
    """The folder that an entry point names; None if there is none."""
    from importlib.util import find_spec

    top, *below = value.split(".")
    if not all(part.isidentifier() for part in (top, *below)):
        return None
    try:
        spec = find_spec(top)  # of a name without dots, so nothing is imported
    except (ImportError, ValueError):
        return None
    places = (spec.submodule_search_locations if spec else None) or ()
    return next((folder for place in places if (folder := Path(place, *below)).is_dir()), None)
