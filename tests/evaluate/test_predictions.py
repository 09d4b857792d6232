"""Predictions: the same likelihood as the other way, and numbers that can be worked out of a uniform model."""

import json
import math

import numpy as np
import pytest
from tests.evaluate.uniform import Uniform
from tests.tiny import tiny_model, write_model

from antiphon.bins import STEP_BINS
from antiphon.codec import HELD, NoteCodec
from antiphon.corpus.store import open_corpus
from antiphon.engine import open_engine
from antiphon.evaluate.likelihood import corpus_likelihood, log_probs, notes_of, truth_of
from antiphon.evaluate.prediction_report import details, summary
from antiphon.evaluate.predictions import join, pointed, predict

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module", params=[0, 8], ids=["times", "ends"])
def engine(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / f"ends-{request.param}"
    return open_engine(write_model(path, tiny_model(ends=request.param)))


@pytest.fixture(scope="module")
def opened(corpus):
    return open_corpus(corpus)


@pytest.fixture(scope="module")
def found(engine, opened):
    return predict(engine, opened, opened.split("train"))


def test_it_is_the_likelihood_of_the_other_way(engine, opened, found):
    expected = corpus_likelihood(engine, opened, opened.split("train"))
    np.testing.assert_allclose(found.by_piece(found.nats), expected.nats, rtol=1e-5)
    np.testing.assert_array_equal(found.tokens, expected.tokens)
    np.testing.assert_array_equal(np.diff(found.starts), expected.notes)


def test_every_note_is_told_twice_unless_there_is_no_reset(opened):
    told, notes = [], sum(p.count for p in opened.split("train"))
    predict(Uniform(), opened, opened.split("train"), told.append)
    assert sum(told) == 2 * notes
    told.clear()
    alone = predict(Uniform(), opened, opened.split("train"), told.append, reset=False)
    assert sum(told) == notes
    assert len(alone.nats_reset) == 0


def test_before_the_first_reset_nothing_is_forgotten(found):
    first = found.since_reset == np.arange(len(found.rows)) - np.repeat(found.starts[:-1], np.diff(found.starts))
    assert first.any()
    np.testing.assert_allclose(found.nats_reset[first], found.nats[first], atol=1e-4)


def test_groups_of_pieces_join_to_the_whole(opened):
    engine, pieces = Uniform(ends=8), opened.split("train")
    found = predict(engine, opened, pieces)
    parts = join([predict(engine, opened, pieces[:1]), predict(engine, opened, pieces[1:])])
    np.testing.assert_allclose(parts.nats, found.nats, atol=1e-4)
    np.testing.assert_array_equal(parts.starts, found.starts)
    assert parts.attributes == found.attributes


def test_ranks_and_confidence(found):
    right = found.rank == 0
    assert (found.likeliest[right] == found.rows[right]).all()
    assert (found.likeliest[~right] != found.rows[~right]).all()
    assert ((found.confidence > 0) & (found.confidence <= 1)).all()


def test_the_summary_has_stable_keys(found):
    """Others read them."""
    report = summary(found)
    assert list(report) == [
        "pieces", "notes", "nats_per_note", "bits_per_note", "nats_per_note_by_attribute",
        "nats_per_note_pitch_step_duration", "midi_tokens", "nats_per_midi_token", "kind", "seconds", "nats_per_second",
        "nats_per_midi_token_segments", "intervals_95", "pitch_top1", "pitch_top5", "pitch_perplexity",
        "step_error_median_ms", "step_error_mean_ms", "duration_error_median_ms", "duration_error_mean_ms",
        "calibration_error",
    ]  # fmt: skip
    assert list(report["intervals_95"]) == [
        "nats_per_note", "bits_per_note", "nats_per_second", "nats_per_midi_token", "nats_per_note_step",
        "nats_per_note_pitch", "nats_per_note_velocity", "nats_per_note_duration", "nats_per_note_pitch_step_duration",
        "nats_per_midi_token_segments", "pitch_top1", "pitch_top5", "pitch_perplexity", "step_error_mean_ms",
        "duration_error_mean_ms",
    ]  # fmt: skip
    assert json.loads(json.dumps(report, allow_nan=False)) == report
    assert report["intervals_95"]["nats_per_note"] == [None, None]  # three pieces are too few
    assert report["pitch_perplexity"] == pytest.approx(math.exp(report["nats_per_note_by_attribute"]["pitch"]))


def test_the_details_add_up(found):
    shown = details(found)
    assert json.loads(json.dumps(shown, allow_nan=False)) == shown
    notes = len(found.rows)
    for rows in (*shown["calibration"].values(), shown["over_time"], shown["over_history"]):
        assert sum(row["notes"] for row in rows) == notes
    weighted = sum(row["notes"] * row["nats_per_note"] for row in shown["over_time"])
    assert weighted == pytest.approx(found.nats.sum())
    count = np.array(shown["confusion"]["count"])
    assert count.sum() == notes
    column = found.column("pitch")
    assert np.trace(count) == (found.rank[:, column] == 0).sum()
    played = np.bincount(found.rows[:, column])[shown["confusion"]["low"] : shown["confusion"]["high"] + 1]
    np.testing.assert_array_equal(count.sum(1)[: len(played)], played)
    assert shown["excerpt"]["true"][:5] == found.rows[:5, column].tolist()


def test_what_a_uniform_model_predicts(opened):
    """Of equally likely pitches the lowest stands first; the median step is that of the middle code."""
    found = predict(Uniform(), opened, opened.split("validation"))
    report = summary(found)
    assert report["pitch_perplexity"] == pytest.approx(128)
    np.testing.assert_array_equal(found.rank, found.rows)
    assert report["pitch_top1"] == report["pitch_top5"] == 0  # nobody played the five lowest
    (median,) = set(found.step_ms[:, 1])
    assert median in STEP_BINS.middle[STEP_BINS.size // 2 - 1 : STEP_BINS.size // 2 + 1] * 10
    error = np.abs(found.step_ms[:, 0] - median)
    assert report["step_error_mean_ms"] == pytest.approx(error.mean())
    assert report["step_error_median_ms"] == pytest.approx(np.median(error))


def test_times_are_those_that_were_played(opened):
    (piece,) = opened.split("validation")
    found = predict(Uniform(), opened, [piece])
    score = opened.score(piece)
    assert found.step_ms[:, 0].sum() == pytest.approx((score.onset_s[-1] - score.onset_s[0]) * 1000, abs=2)
    assert found.duration_ms[:, 0].sum() == pytest.approx((score.end_s - score.onset_s).sum() * 1000, rel=1e-3)
    assert found.seconds[0] == pytest.approx(score.end_s.max() - score.onset_s.min(), abs=2e-3)


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_lengths_of_ends_are_the_reader_s(opened, split):
    codec = NoteCodec(ends=8)
    for notes in notes_of(codec, opened, opened.split(split)):
        rows = truth_of(codec, notes)[:, :4].astype(np.uint8)
        reader = codec.reader()
        for row, lengths in zip(rows, pointed(codec, rows), strict=True):
            np.testing.assert_array_equal(lengths, reader.lengths(row)[HELD + 1 :])
            reader.push(row)


def test_several_codes_for_one_end_are_added(opened):
    """Under a uniform model a note that ends with k of those before has probability 1/V/width + k/V."""
    codec, pieces = NoteCodec(ends=8), opened.split("train")
    engine = Uniform(ends=8)
    (truth, *_) = [truth_of(codec, notes) for notes in notes_of(codec, opened, pieces)]
    (found,) = log_probs(engine, [truth])
    own, same = truth[:, 4], truth[:, 5:].sum(1)
    size = codec.attributes[3].size
    expected = np.log(np.exp(-codec.log_cells[3][own]) / size + same / size)
    np.testing.assert_allclose(found[:, 3], expected)
    assert (same > 1).any()
    (alone,) = log_probs(engine, [truth[:, :4]])
    assert found[:, 3].sum() > alone[:, 3].sum()
    np.testing.assert_allclose(found[:, :3], alone[:, :3])


def test_the_length_of_a_median_may_be_an_end(opened):
    """With nearly all weight on code HELD + 1 the median is how long the note would last to end with the one before."""
    codec = NoteCodec(ends=8)
    found = predict(Uniform(ends=8, sure=HELD + 1), opened, opened.split("validation"))
    (notes,) = notes_of(codec, opened, opened.split("validation"))
    lengths = pointed(codec, truth_of(codec, notes)[:, :4].astype(np.uint8))[:, 0]
    there = lengths > 0
    assert there.sum() > 20
    np.testing.assert_array_equal(found.duration_ms[there, 1], lengths[there] * 10)
