"""The documents say what is there: every command, option, recipe and file, and nothing that is not."""

import re
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from itertools import chain
from pathlib import Path
from types import ModuleType

import pytest

from antiphon import __version__
from antiphon.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = README + "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").rglob("*.md")))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
RECIPES = sorted(path.stem for path in (ROOT / "recipes").glob("*.toml"))


@pytest.fixture(scope="module")
def writer() -> ModuleType:
    """tools/docs.py, which writes what the documents take from the code."""
    spec = spec_from_file_location("docs_writer", ROOT / "tools" / "docs.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_docs_cli_is_what_the_commands_say(writer, monkeypatch):
    """Where it differs, `make docs` writes it again."""
    monkeypatch.setenv("COLUMNS", "80")  # the tool sets its own; restored after the test
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == writer.cli_page()


def test_the_trees_have_every_file(writer):
    """Where they have not, `make docs` writes them again."""
    assert writer.readme() == README
    assert (ROOT / "docs" / "code.md").read_text(encoding="utf-8") == writer.code_page()


def test_every_file_says_what_it_is(writer):
    lines = writer.code_page().split("```")[1].strip().splitlines()
    assert len(lines) > 40
    assert [line for line in lines if len(line.split()) < 3 and not line.endswith("/")] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_shows_every_command(command):
    assert f"antiphon {command}" in README


@pytest.mark.parametrize("recipe", RECIPES)
def test_every_recipe_is_in_the_docs(recipe):
    assert f"`{recipe}`" in DOCS or f"{recipe}.toml" in DOCS


def test_there_are_recipes():
    assert {"lstm", "notebook-lstm", "notebook-lstm-ce"} <= set(RECIPES)


def test_options_that_the_readme_uses_exist():
    help_page = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    for line in re.findall(r"^(?:\S*/)?antiphon (.+)$", README, flags=re.MULTILINE):
        command, _, rest = line.partition(" ")
        section = help_page.split(f"## antiphon {command}\n")[1].split("\n## ")[0]
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", rest.partition("#")[0]):
            assert re.search(rf"(?<!\S){option}\b", section), f"antiphon {command} has no {option}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_documents_lead_somewhere(page):
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_changelog_begins_with_this_version():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## (\S+)", changelog, flags=re.MULTILINE).group(1) == __version__


def test_every_dependency_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    names = {re.match(r"[\w-]+", line).group().lower().replace("_", "-") for line in asked} - {"antiphon"}
    pins = re.findall(r"^([\w.-]+)==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert names <= {pin.lower().replace("_", "-") for pin in pins}
