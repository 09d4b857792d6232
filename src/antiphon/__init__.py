"""Antiphon: an instrument and a laboratory for symbolic (MIDI) music. You play, it answers."""

__version__ = "0.1.0"
