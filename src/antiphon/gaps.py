"""What a masked step may be told by a model that fills gaps: the time that is left for it and the others, as codes.

Where a passage lies between notes that stay, the steps in it, and that of the note after it, have a time together that
is known. Untold, as where nothing follows, is 0.
"""

from __future__ import annotations

import numpy as np

from antiphon.bins import STEP_BINS

HINTS = 3  # the time that is left, the steps that share it, and the time for each of them
MOST_STEPS = 64  # more of them are told as so many
SIZES = (STEP_BINS.size + 1, MOST_STEPS + 1, STEP_BINS.size + 1)  # codes of each hint


def hints(left: int, steps: int) -> np.ndarray:
    """(HINTS,) int64 codes of ``left`` cells of 10 ms for ``steps`` masked steps, at least one."""
    whole, each = STEP_BINS.index(np.array([left, left // steps])).tolist()
    return np.array([1 + whole, min(steps, MOST_STEPS), 1 + each], np.int64)
