"""Antiphon: an instrument and a laboratory for symbolic (MIDI) music. You play, it answers."""

__version__ = "0.1.0"

DEFAULT_MODEL = "piano"  # plays unless another is asked for; told here, where help finds it without NumPy
