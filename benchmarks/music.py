"""The codes of a corpus, for the benchmarks that count in them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from antiphon.codec import NoteCodec
from antiphon.corpus.store import Corpus
from antiphon.corpus.windows import NOTE_COLUMNS, columns_for


def pieces(codec: NoteCodec, corpus: Corpus, split: str) -> Iterator[np.ndarray]:
    """(N, A) rows of each piece of a split."""
    columns, spans = columns_for(codec, corpus.columns(), corpus.split(split))
    for span in spans:
        onset_ms, duration_ms, pitch, velocity, program = (
            columns[name][span.first : span.first + span.count] for name in NOTE_COLUMNS
        )
        yield codec.encode_ms(onset_ms, duration_ms, pitch, velocity, program)
