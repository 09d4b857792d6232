"""``python -m antiphon``."""

from antiphon.cli import entry

entry()
