"""Writes what the documents take from the code: docs/cli.md, docs/code.md, and the shorter tree in README.md.

``make docs`` runs it; tests compare what it would write with what is there.
"""

import ast
import os
import re
from argparse import ArgumentParser
from pathlib import Path

from antiphon.cli.main import COMMANDS, build_parser

ROOT = Path(__file__).resolve().parent.parent
WIDTH = "100"  # columns; help is otherwise as wide as whoever asks
HEAD = """# The command line

Written by `make docs` from the commands themselves; do not edit. Results go to stdout, everything else to stderr, so
`antiphon models --json | jq` works. Exit status: 0 done, 1 an error that its one line explains, 2 misuse, 130
interrupted by Ctrl-C.
"""
CODE_HEAD = """# Every file

Written by `make docs` from what each file says of itself; do not edit.
"""
LONGEST = 92  # characters of a line of the tree, after the name; what is longer loses its last clauses
MARK = "<!-- tree -->"
OPENED = {
    "recipes/": "training runs, a file each",
    "tools/": "what makes environments, documents and the shipped files",
}
# Folders that the tree shows as one line, because a file of theirs is told by its name.
CLOSED = {
    "src/antiphon/cli/": "one short module a command",
    "src/antiphon/pretrained/": "the models that come along, each with its card and licence",
    "src/antiphon/sounds/": "the soundfont that comes along, and its licence",
    "src/antiphon/studio/static/": "the page as it is built from web/",
    "packages/": "what is installed apart: models of every family, in a package without code",
    "benchmarks/": "what is timed, and the results with the commands that made them",
    "docs/": "a page for each thing a user or a developer asks",
    "web/": "the source of the studio's page; what is built of it is in src/antiphon/studio/static",
    "tests/": "mirrors the package, file for file",
}


def cli_page() -> str:
    """The whole of docs/cli.md."""
    os.environ["COLUMNS"] = WIDTH
    parts = [HEAD, _block("antiphon", build_parser())]
    parts += [_block(f"antiphon {name}", _command_parser(name)) for name in COMMANDS]
    return "\n".join(parts)


def _block(title: str, parser: ArgumentParser) -> str:
    return f"## {title}\n\n```\n{parser.format_help()}```\n"


def _command_parser(name: str) -> ArgumentParser:
    """The parser of one command, out of the whole."""
    for action in build_parser(name)._actions:
        if isinstance(action.choices, dict):
            parser = action.choices[name]
            assert isinstance(parser, ArgumentParser)
            return parser
    raise AssertionError("the parser has commands")


def readme() -> str:
    """README.md with its tree as it should be."""
    before, _, after = (ROOT / "README.md").read_text(encoding="utf-8").split(MARK)
    rows = ["src/antiphon/", *_rows(ROOT / "src" / "antiphon", 1, deepest=1)]
    rows += [_row(name, about, 0) for name, about in {**OPENED, **CLOSED}.items() if "antiphon" not in name]
    return f"{before}{MARK}\n```\n{_lines(rows)}\n```\n{MARK}{after}"


def code_page() -> str:
    """The whole of docs/code.md: every file a reader may look for, by folder, with what it says of itself."""
    rows = ["src/antiphon/", *_rows(ROOT / "src" / "antiphon", 1)]
    for name in OPENED:
        rows += [name, *_rows(ROOT / name, 1)]
    return f"{CODE_HEAD}\n```\n{_lines(rows)}\n```\n"


def _lines(rows: list[str]) -> str:
    return "\n".join(rows)


def _rows(folder: Path, depth: int, deepest: int = 9) -> list[str]:
    """The lines of one folder: its files first, its folders after them, opened down to a depth."""
    rows = []
    for path in sorted(folder.iterdir(), key=lambda path: (path.is_dir(), path.name)):
        name = path.relative_to(ROOT).as_posix() + "/" * path.is_dir()
        if name in CLOSED:
            rows.append(_row(f"{path.name}/", CLOSED[name], depth))
        elif path.is_dir() and (path / "__init__.py").exists():
            rows.append(_row(f"{path.name}/", _about(path / "__init__.py"), depth))
            rows += _rows(path, depth + 1, deepest) if depth < deepest else []
        elif path.is_file() and path.suffix in {".py", ".toml", ""} and not path.name.startswith(("__", ".")):
            rows.append(_row(path.name, _about(path), depth))
    return rows


def _row(name: str, about: str, depth: int) -> str:
    return f"{'  ' * depth + name:<24} {about}".rstrip()


def _about(path: Path) -> str:
    """The first sentence of a module's docstring, or of the comment a script or recipe begins with."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        words = ast.get_docstring(ast.parse(text)) or ""
    else:
        words = " ".join(re.findall(r"^# (.*)", text.partition("\n\n")[0], flags=re.MULTILINE))
    first = re.split(r"(?<=[.;])\s|\n\n", words, maxsplit=1)[0]
    plain = re.sub(r":\w+:(`[^`]+`)", r"\1", first).replace("`", "")
    about = " ".join(plain.split()).rstrip(".;:")
    while len(about) > LONGEST and re.search("[,:] ", about):
        about = about[: max(about.rfind(", "), about.rfind(": "))]
    return about


def main() -> None:
    """Write all three."""
    (ROOT / "docs" / "code.md").write_text(code_page(), encoding="utf-8")
    (ROOT / "docs" / "cli.md").write_text(cli_page(), encoding="utf-8")
    (ROOT / "README.md").write_text(readme(), encoding="utf-8")


if __name__ == "__main__":
    main()
