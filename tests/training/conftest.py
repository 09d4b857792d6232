"""A tiny corpus and bundle for these tests."""

from tests.tiny import at_step, bundle, corpus

__all__ = ["at_step", "bundle", "corpus"]
