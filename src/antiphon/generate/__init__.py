"""Writing music with a model."""
