"""Playing with a model, in time: the session, and what stands between it and people."""
