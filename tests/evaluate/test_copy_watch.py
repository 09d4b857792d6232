"""The watch bans just those pitches that would complete a match, as the index would find it afterwards."""

import copy

import numpy as np
import pytest
from tests.evaluate.pieces import INDEX, TRAINING, score

from antiphon.errors import OptionError
from antiphon.evaluate.copy_watch import CopyWatch, Passages
from antiphon.evaluate.suffixes import DEPTH

PASSAGES = Passages(INDEX)
CELLS = 10


def steps_of(onset_ms: np.ndarray) -> list[int]:
    return np.diff(onset_ms // CELLS, prepend=onset_ms[0] // CELLS).tolist()


@pytest.mark.parametrize("notes", [4, 8, 16])
def test_a_copy_is_stopped_at_its_nth_note(notes):
    onset_ms, pitch = (x[30:80] for x in TRAINING[2])
    watch = CopyWatch(PASSAGES, notes)
    banned_at = []
    for i, (step, p) in enumerate(zip(steps_of(onset_ms), pitch.tolist(), strict=True)):
        banned = watch.banned(step)
        if banned is not None and banned[p]:
            banned_at.append(i)
        watch.hear(step, p)
    assert banned_at[0] in (notes - 1, notes)  # the first step of a passage has nothing to be compared with
    assert banned_at[-20:] == list(range(30, 50))


def test_what_it_lets_pass_is_no_match():
    """A writer that copies wherever it may never gets a match of so many notes; and gets close to it."""
    notes, onset_ms, pitch = 6, *TRAINING[1]
    watch, written = CopyWatch(PASSAGES, notes), []
    for step, wanted in zip(steps_of(onset_ms), pitch.tolist(), strict=True):
        banned = watch.banned(step)
        lowest = written[-1] if step == 0 and written else 0
        order = [wanted, *range(40, 128)]
        p = next(q for q in order if q >= lowest and (banned is None or not banned[q]))
        watch.hear(step, p)
        written.append(p)
    assert INDEX.copied(score(onset_ms, np.array(written))).longest == notes - 1


def test_in_another_key_too():
    onset_ms, pitch = (x[:20] for x in TRAINING[0])
    watch = CopyWatch(PASSAGES, 5)
    for step, p in zip(steps_of(onset_ms)[:19], pitch.tolist()[:19], strict=True):
        watch.hear(step, p + 7)
    banned = watch.banned(steps_of(onset_ms)[19])
    assert banned is not None
    assert banned[pitch[19] + 7]
    assert not banned[pitch[19] + 8]


def test_forks_go_their_own_ways():
    onset_ms, pitch = (x[:12] for x in TRAINING[0])
    watch = CopyWatch(PASSAGES, 5)
    for step, p in zip(steps_of(onset_ms), pitch.tolist(), strict=True):
        watch.hear(step, p)
    fork = copy.copy(watch)
    step = steps_of(TRAINING[0][0][:13])[12]
    before = watch.banned(step)
    fork.hear(1, 1)
    assert fork.banned(step) is None
    np.testing.assert_array_equal(watch.banned(step), before)


def test_music_that_is_nobodys_is_free():
    watch = CopyWatch(PASSAGES, 4)
    for pitch in (0, 127, 0, 127, 0):
        watch.hear(20, pitch)
    assert watch.banned(20) is None


@pytest.mark.parametrize("notes", [3, DEPTH + 1])
def test_so_many_notes_cannot_be_avoided(notes):
    with pytest.raises(OptionError, match=f"copies of {notes} notes cannot be avoided: give 4 to {DEPTH}"):
        CopyWatch(PASSAGES, notes)
