"""What calibration found, kept by the name of the sound device: latency beyond what the system itself reports."""

from __future__ import annotations

import json
import math
from pathlib import Path

from antiphon.errors import FileError
from antiphon.files.paths import written


def default_path() -> Path:
    """The user's file."""
    import platformdirs

    return platformdirs.user_config_path("antiphon") / "latencies.json"


def extra_ms(path: Path | None, device: str) -> float:
    """What is kept for a device, in ms, below 0 where the system reports too much; 0 where nothing is."""
    return read(path).get(device, 0.0) if path and path.exists() else 0.0


def keep(path: Path, device: str, ms: float) -> None:
    """Keep this for a device; what was kept for it before is forgotten."""
    kept = read(path) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with written(path) as temporary:
        temporary.write_text(json.dumps(kept | {device: round(ms, 1)}, indent=1, ensure_ascii=False) + "\n", "utf-8")


def read(path: Path) -> dict[str, float]:
    """All that is kept; raises FileError for a file that makes no sense."""
    try:
        kept = {str(name): float(ms) for name, ms in json.loads(path.read_text(encoding="utf-8")).items()}
        if not all(math.isfinite(ms) and abs(ms) < 2000 for ms in kept.values()):
            raise ValueError("a latency is out of range: -2000 to 2000 ms")
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise FileError(f"cannot read the latencies in {path}: {error}; mend the file, or remove it") from error
    return kept
