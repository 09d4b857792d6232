"""A tiny corpus and bundle for these tests."""

from tests.tiny import bundle, corpus

__all__ = ["bundle", "corpus"]
