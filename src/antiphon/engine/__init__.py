"""Opening a model for inference."""

from __future__ import annotations

from pathlib import Path

from antiphon.engine.asked import asked
from antiphon.engine.base import Engine
from antiphon.engine.bundle import DEFAULT, Bundle, open_bundle

__all__ = ["DEFAULT", "Bundle", "Engine", "asked", "open_bundle", "open_engine"]


def open_engine(model: Bundle | str | Path = DEFAULT, *, threads: int = 1) -> Engine:
    """The engine of a bundle, or of the model of that name or path, on ONNX Runtime."""
    from antiphon.engine.encoding import make_engine

    bundle = model if isinstance(model, Bundle) else open_bundle(model)
    return make_engine(bundle, threads)
