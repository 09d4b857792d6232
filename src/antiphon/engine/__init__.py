"""Opening a model for inference."""

from __future__ import annotations

from pathlib import Path

from antiphon import DEFAULT_MODEL
from antiphon.engine.asked import asked
from antiphon.engine.base import Engine
from antiphon.engine.bundle import Bundle, open_bundle

__all__ = ["Bundle", "Engine", "asked", "open_bundle", "open_engine"]


def open_engine(model: Bundle | str | Path = DEFAULT_MODEL, *, threads: int = 1) -> Engine:
    """The engine of a bundle, or of the model of that name or path, on ONNX Runtime."""
    from antiphon.engine.encoding import make_engine

    bundle = model if isinstance(model, Bundle) else open_bundle(model)
    return make_engine(bundle, threads)
