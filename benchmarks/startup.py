"""What a user waits for before anything happens, and what an install weighs.

Commands start as new processes, in turns, with a warm disk cache; wall-clock and processor time, median and worst of
the runs. The base install goes into a fresh virtual environment from this checkout with ``constraints.txt``; sizes are
the blocks on disk of its packages, without pip.
"""

from __future__ import annotations

import importlib.metadata
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from record import ROOT, Value, parser, save

COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "python -c 'import antiphon'": ("-c", "import antiphon"),
    "antiphon --help": ("-m", "antiphon", "--help"),
    "antiphon generate --help": ("-m", "antiphon", "generate", "--help"),
}
SMALL_MB = 1.0  # packages below this share a row
INSTALLERS = ("pip", "setuptools", "wheel")


def main() -> None:
    """Time the commands, then weigh an install."""
    options = parser(__doc__ or "", "python benchmarks/startup.py")
    options.add_argument("--runs", type=int, default=20, help="of each command (default: 20)")
    options.add_argument("--no-install", action="store_true", help="leave out the install, which takes a minute")
    args = options.parse_args()
    save(args, start_times(args.runs), ("antiphon",))
    if not args.no_install:
        with tempfile.TemporaryDirectory() as folder:
            save(args, install_size(Path(folder) / "venv"), ("antiphon",), "install")


def start_times(runs: int) -> list[dict[str, Value]]:
    """A row for each command."""
    spent: dict[str, list[tuple[float, float]]] = {name: [] for name in COMMANDS}
    for turn in range(runs + 1):
        for name, words in COMMANDS.items():
            cost = _timed([sys.executable, *words])
            if turn:  # the first fills the disk cache
                spent[name].append(cost)
    return [_row(name, np.array(costs) * 1000) for name, costs in spent.items()]


def _row(name: str, ms: np.ndarray) -> dict[str, Value]:
    median, worst = np.median(ms, axis=0), ms.max(axis=0)
    return {
        "command": name,
        "wall ms, median": float(median[0]),
        "wall ms, worst": float(worst[0]),
        "CPU ms, median": float(median[1]),
    }


def _timed(words: list[str]) -> tuple[float, float]:
    """Wall-clock and processor seconds of a process."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def install_size(venv: Path) -> list[dict[str, Value]]:
    """A row for each package of the base install, the largest first, and their sum."""
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--quiet", "--disable-pip-version-check", "install"]
    subprocess.run([*pip, "--constraint", str(ROOT / "constraints.txt"), str(ROOT)], check=True)
    site = next(venv.glob("lib/python*/site-packages"))
    sizes = {d.name: _megabytes(d) for d in importlib.metadata.distributions(path=[str(site)])}
    sizes = {name: mb for name, mb in sizes.items() if name.lower() not in INSTALLERS}
    large = sorted((item for item in sizes.items() if item[1] >= SMALL_MB), key=lambda item: -item[1])
    rest = sum(sizes.values()) - sum(mb for _, mb in large)
    rows = [*large, (f"{len(sizes) - len(large)} smaller packages", rest), ("in all", sum(sizes.values()))]
    return [{"package": name, "MB": mb} for name, mb in rows]


def _megabytes(package: importlib.metadata.Distribution) -> float:
    """Blocks on disk, in units of 2**20 bytes, of the files that an install wrote for one package."""
    paths = {Path(str(package.locate_file(f))) for f in package.files or ()}
    return sum(p.stat().st_blocks * 512 for p in paths if p.is_file()) / 2**20


if __name__ == "__main__":
    main()
