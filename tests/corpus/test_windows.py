"""Windows: what training sees is what the codec makes of the whole piece, each note once a pass, reproducibly."""

from collections import Counter

import numpy as np
import pytest

from antiphon.codec import HELD, NoteCodec
from antiphon.corpus.augment import NONE, Augmentation
from antiphon.corpus.windows import NOTE_COLUMNS, Place, TrainingWindows, Windows, columns_for, fixed_batches
from antiphon.notes import DRUMS

CODEC = NoteCodec()
COUNTS = (100, 37, 1, 64)  # notes of each piece


@pytest.fixture(scope="module")
def columns():
    """Four pieces one after another; a note's pitch and velocity tell where it stands."""
    total = sum(COUNTS)
    rng = np.random.default_rng(0)
    place = np.arange(total)
    return {
        "onset_ms": np.concatenate([1000 + np.cumsum(rng.integers(0, 300, n)) for n in COUNTS]),
        "duration_ms": rng.integers(10, 4000, total),
        "pitch": (21 + place % 80).astype(np.uint8),
        "velocity": (place // 80 * 4 + 2).astype(np.uint8),
        "program": np.zeros(total, np.uint8),
    }


@pytest.fixture(scope="module")
def pieces():
    return [Place(first, count) for first, count in zip(np.cumsum([0, *COUNTS[:-1]]).tolist(), COUNTS, strict=True)]


def whole(columns, piece):
    """All rows of a piece, and the row before each."""
    rows = slice(piece.first, piece.first + piece.count)
    columns = {name: column[rows] for name, column in columns.items()}
    codes = CODEC.encode_ms(*(columns[name] for name in NOTE_COLUMNS))
    return np.concatenate([CODEC.start_row[None], codes[:-1]]), codes


def training(columns, pieces, **options):
    return TrainingWindows(columns, pieces, CODEC, **{"length": 16, "batch": 3, "seed": 5, **options})


def identity(rows):
    """Which note each row is: pitch and velocity bin name it."""
    return [(int(pitch), int(velocity)) for _, pitch, velocity, _ in rows]


@pytest.mark.parametrize("start", [-15, -3, 0, 1, 2, 3, 50, 90, 99])
def test_a_window_is_a_slice_of_the_whole_piece(columns, pieces, start):
    for piece in pieces[:1]:
        before, codes = whole(columns, piece)
        window = Windows(columns, CODEC, 16).one(piece, start)
        inside = slice(max(start, 0), max(start + 16, 0))
        count = len(codes[inside])
        assert (window.targets[:count] == codes[inside]).all()
        assert (window.inputs[:count] == before[inside]).all()
        assert window.weight.tolist() == [1.0] * count + [0.0] * (16 - count)
        assert not window.targets[count:].any()


def test_an_unchanged_window_is_that_slice_too_when_drawn_for_training(columns, pieces):
    piece = pieces[0]
    before, codes = whole(columns, piece)
    window = Windows(columns, CODEC, 16).one(piece, 40, NONE, (0, 127), np.random.default_rng(0))
    inside = slice(40, 56)
    assert (window.targets[:, 1:3] == codes[inside, 1:3]).all()
    assert (window.inputs[:, 1:3] == before[inside, 1:3]).all()
    # an excerpt begins on the grid, the whole piece may not: a time may fall into the next cell
    assert np.abs(window.targets.astype(int) - codes[inside]).max() <= 1


def test_the_windows_of_a_pass_hold_each_note_once(columns, pieces):
    windows = training(columns, pieces, batch=1)
    for number in range(3):
        seen = Counter()
        for piece, start in np.unique(windows._shuffled(number), axis=0):  # a window may stand in to fill a batch
            window = Windows(columns, CODEC, 16).one(pieces[piece], int(start))
            seen.update(identity(window.targets[window.weight > 0]))
        assert set(seen.values()) == {1}
        assert len(seen) == sum(COUNTS)


def test_over_many_passes_every_note_is_seen_as_often(columns, pieces):
    windows, seen, passes = training(columns, pieces), Counter(), 60
    for index in range(passes * windows.per_pass):
        batch = windows.batch(index)
        seen.update(identity(batch.targets[batch.weight > 0]))
    assert len(seen) == sum(COUNTS)
    assert min(seen.values()) > 0.7 * passes
    assert max(seen.values()) < 1.3 * passes


def test_passes_cut_at_new_places_in_a_new_order(columns, pieces):
    windows = training(columns, pieces)
    assert not np.array_equal(windows._shuffled(0), windows._shuffled(1))
    assert len({int(start) % 16 for number in range(8) for _, start in windows._shuffled(number)}) > 4


def test_a_batch_is_a_function_of_seed_and_index(columns, pieces):
    one, other = training(columns, pieces), training(columns, pieces)
    backwards = [one.batch(i) for i in reversed(range(25))][::-1]
    for i, batch in enumerate(backwards):
        assert all(np.array_equal(a, b) for a, b in zip(batch, other.batch(i), strict=True))
    different = training(columns, pieces, seed=6).batch(0)
    assert not np.array_equal(different.targets, backwards[0].targets)


def test_batches_go_on_without_end_and_are_always_full(columns, pieces):
    windows = training(columns, pieces, batch=5)
    for index in (0, windows.per_pass - 1, windows.per_pass, 10 * windows.per_pass + 3):
        batch = windows.batch(index)
        assert batch.inputs.shape == batch.targets.shape == (5, 16, 4)
        assert batch.weight.shape == (5, 16)
        assert (batch.weight.sum(-1) >= 1).all()


def test_a_batch_larger_than_the_corpus_is_still_full(columns, pieces):
    windows = training(columns, pieces[1:3], batch=8)
    assert windows.batch(0).targets.shape == (8, 16, 4)


def test_a_stride_makes_windows_overlap(columns, pieces):
    windows = training(columns, pieces[:1], stride=1, batch=1)
    starts = sorted({int(start) for _, start in windows._shuffled(0)})
    assert starts == list(range(100))


def test_only_what_is_heard_is_held(columns, pieces):
    windows = training(columns, pieces, augmentation=Augmentation(held=1.0), batch=8)
    batch = windows.batch(0)
    first = (batch.inputs == CODEC.start_row).all(-1)
    heard = (batch.weight > 0) & ~first
    assert heard.any()
    assert (batch.inputs[heard][:, -1] == HELD).all()
    assert (batch.targets[..., -1] < HELD).all()


def test_augmented_windows_keep_the_corpus_pitch_range(columns, pieces):
    windows = training(columns, pieces, augmentation=Augmentation(transpose=60), batch=8)
    for index in range(20):
        batch = windows.batch(index)
        pitch = batch.targets[batch.weight > 0][:, 1]
        assert pitch.min() >= 21
        assert pitch.max() <= 100


def test_validation_hears_each_note_once_in_order_as_it_is(columns, pieces):
    batches = list(fixed_batches(columns, pieces, CODEC, length=16, batch=3))
    rows = np.concatenate([batch.targets[batch.weight > 0] for batch in batches])
    assert (rows == np.concatenate([whole(columns, piece)[1] for piece in pieces])).all()
    again = fixed_batches(columns, pieces, CODEC, length=16, batch=3)
    assert all(np.array_equal(a.inputs, b.inputs) for a, b in zip(batches, again, strict=True))


def test_a_share_of_validation_is_evenly_spread(columns, pieces):
    whole_rows = sum(batch.weight.sum() for batch in fixed_batches(columns, pieces, CODEC, length=4, batch=3))
    half = sum(batch.weight.sum() for batch in fixed_batches(columns, pieces, CODEC, length=4, batch=3, share=0.5))
    assert half == pytest.approx(whole_rows / 2, rel=0.1)


def test_a_codec_without_instruments_hears_no_drums(columns, pieces):
    drummed = {**columns, "program": np.where(np.arange(sum(COUNTS)) % 2 == 0, DRUMS, 0)}
    heard, spans = columns_for(CODEC, drummed, pieces)
    assert [span.count for span in spans] == [50, 18, 1, 32]  # the piece of one note is note 137, no drum
    assert (heard["pitch"] == columns["pitch"][1::2]).all()
    kept, same = columns_for(NoteCodec(programs=True), drummed, pieces)
    assert kept is drummed
    assert same == pieces


def test_a_piece_of_drums_alone_is_left_out(columns, pieces):
    drummed = {**columns, "program": np.where(np.arange(sum(COUNTS)) < 100, DRUMS, 0)}
    _, spans = columns_for(CODEC, drummed, pieces)
    assert [span.count for span in spans] == [37, 1, 64]
