"""Latent spaces and calls in generation: the ends of ways are right, seeds decide, and what cannot be is said."""

import numpy as np
import pytest
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.corpus.melodies import BAR, as_score, melody
from antiphon.engine import open_engine
from antiphon.errors import OptionError
from antiphon.generate.answer import closed
from antiphon.generate.beginning import begin
from antiphon.generate.finish import Work, Works
from antiphon.generate.latent import between, interpolated, read, reconstructed, unfolded
from antiphon.generate.task import perform

pytestmark = pytest.mark.torch
SEEDS = [(0, 0), (0, 1), (7, 0)]


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    folder = tmp_path_factory.mktemp("latent")
    found = {}
    for name, config in (("vae", "small"), ("seq2seq", "small"), ("seq2seq", "together")):
        model = tiny_model(name, CONFIGS[name][config])
        found[name, config] = open_engine(write_model(folder / f"{name}-{config}", model, name, CONFIGS[name][config]))
    return found


@pytest.fixture
def vae(engines):
    return engines["vae", "small"]


@pytest.fixture
def tune():
    """Four bars in quarters, at 100 beats a minute."""
    quarters = [np.array([(4 * i, 3, 60 + i) for i in range(8)])] * 2
    return as_score(quarters, 2, 600_000)


def test_each_seed_has_its_place_whatever_the_batch(vae):
    together = begin(vae, SEEDS)[0]
    assert np.array_equal(together[1:2], begin(vae, SEEDS[1:2])[0])
    assert len(np.unique(together[:, 0])) == 3


def test_a_model_without_a_space_begins_as_ever(engines):
    engine = engines["seq2seq", "small"]
    for one, other in zip(begin(engine, SEEDS), engine.start(3), strict=True):
        assert np.array_equal(one, other)


def test_unasked_a_model_imagines_a_passage(vae):
    works = perform(vae, "generate", {}, SEEDS)
    for piece in works.pieces:
        assert piece.music.tempos["tempo"].tolist() == [400_000]
        assert (piece.music.notes["onset"] % 480 == 0).all()
        assert 0 <= piece.music.notes["onset"].max() < 2 * BAR * 480
        assert (piece.music.notes["pitch"] > 0).all()
    again = perform(vae, "generate", {}, SEEDS[1:2])
    assert again.pieces[0].music == works.pieces[1].music
    assert works.pieces[0].music != works.pieces[2].music


def test_a_passage_ends_where_the_model_closes_it(tune):
    music = as_score([np.array([(0, 4, 60), (4, 4, 0), (8, 4, 64)])], 2)
    works = Works([Work(music, 3), Work(tune, len(tune))], 0.1, 0.2)
    cut, whole = closed(works).pieces
    assert (cut.music.notes["pitch"].tolist(), cut.notes) == ([60], 1)
    assert whole.music == tune


def test_between_ends_where_it_should():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 5, 8))
    np.testing.assert_allclose(between(one, other, 0.0), one, atol=1e-9)
    np.testing.assert_allclose(between(one, other, 1.0), other, atol=1e-9)
    np.testing.assert_allclose(between(one, one, 0.3), one, atol=1e-9)
    far = np.linalg.norm(between(one, other, 0.5), axis=-1)
    assert (far > 0.8 * np.minimum(np.linalg.norm(one, axis=-1), np.linalg.norm(other, axis=-1))).all()


def test_passages_unfold_alike_in_any_company(vae):
    places = np.random.default_rng(1).standard_normal((3, 4))
    together = unfolded(vae, places, SEEDS)
    (alone,) = unfolded(vae, places[2:], SEEDS[2:])
    assert np.array_equal(together[2], alone)
    assert all((table[:, 0] < 2 * BAR).all() for table in together)
    one, other = (unfolded(vae, places[:1], [seed], greedy=True)[0] for seed in SEEDS[:2])
    assert np.array_equal(one, other)


def test_a_way_leads_from_one_to_the_other(vae, tune):
    other = tune.transpose(5)
    way = interpolated(vae, tune, other, 5)
    back = interpolated(vae, other, tune, 5)
    assert len(way.alike) == 4
    assert way.alike == back.alike[::-1]
    assert way.music.tempos["tempo"].tolist() == [600_000]
    assert interpolated(vae, tune, other, 5, tempo=120).music.tempos["tempo"].tolist() == [500_000]
    same = interpolated(vae, tune, tune, 3)
    assert same.alike == [1.0, 1.0]


def test_a_reconstruction_says_what_was_lost(vae, tune):
    found = reconstructed(vae, tune)
    assert (found.report["passages"], found.report["bars"], found.report["notes"]) == (2, 2, 16)
    assert found.report["kl_nats_per_bar"] > 0
    assert all(0 <= found.report[name] <= 1 for name in ("drawn", "greedy", "notes_right"))
    greedy = melody(found.music)
    expected = unfolded(vae, *_places(vae, tune), greedy=True)
    assert np.array_equal(greedy, np.concatenate([expected[0], expected[1] + [2 * BAR, 0, 0]]))


def _places(engine, music):
    from antiphon.generate.latent import placed

    tables = read(engine, music)
    return placed(engine, tables)[0], [(0, i) for i in range(len(tables))]


def test_variations_go_from_the_melody_to_the_prior(vae, tune):
    def varied(amount, seeds=SEEDS):
        return [work.music for work in perform(vae, "vary", {"amount": amount, "greedy": True}, seeds, tune).pieces]

    assert varied(0.0)[0] == varied(0.0)[1] == reconstructed(vae, tune).music
    assert varied(1.0)[0] != varied(0.0)[0]
    assert varied(1.0)[1] == varied(1.0, SEEDS[1:2])[0]
    assert varied(1.0)[0] == varied(1.0)[0]


def test_an_amount_out_of_range_is_refused(vae, tune):
    with pytest.raises(OptionError, match=r"amount 1\.5 is out of range"):
        perform(vae, "vary", {"amount": 1.5}, SEEDS, tune)


def test_a_crowded_melody_is_refused(vae):
    crowded = as_score([np.array([(i, 1, 60) for i in range(20)])], 2)
    with pytest.raises(OptionError, match=r"2 bars of it have 20 notes .* and this model hears 12"):
        read(vae, crowded)


def test_music_without_a_melody_is_refused(vae, tune):
    drums = tune.select(np.zeros(len(tune), bool))
    with pytest.raises(OptionError, match="there is no melody in it"):
        read(vae, drums)


def test_other_models_have_no_space(engines, tune):
    with pytest.raises(OptionError, match="this model has no latent space"):
        reconstructed(engines["seq2seq", "small"], tune)


@pytest.mark.parametrize("config", ["small", "together"])
def test_a_prompt_is_the_call(config, engines, tune):
    engine = engines["seq2seq", config]
    sharp = {"temperature": 0.02, "notes": 40}  # an untrained model is nearly indifferent to all it hears
    one, other = (perform(engine, "generate", sharp, SEEDS[:2], call).pieces for call in (tune, tune.transpose(30)))
    assert one[0].music != other[0].music
    assert one[0].music != one[1].music


def test_an_answer_is_as_long_as_its_call(engines, tune):
    (piece,) = perform(engines["seq2seq", "small"], "generate", {}, SEEDS[:1], tune).pieces
    assert piece.music.length_s <= tune.length_s + 1e-6
    assert piece.music.notes["onset"].min() == 0


@pytest.mark.parametrize("config", ["small", "together"])
def test_an_answer_follows_its_call_or_sounds_with_it(config, engines, tune):
    engine = engines["seq2seq", config]
    alone = perform(engine, "generate", {}, SEEDS[:1], tune).pieces[0].music
    (kept,) = perform(engine, "continue", {}, SEEDS[:1], tune).pieces
    count = len(tune)
    assert len(kept.music) == count + len(alone)
    answer = kept.music.onset_s[kept.music.notes["track"] > 0]
    begins_s = 0.0 if engine.together else tune.length_s
    np.testing.assert_allclose(answer, alone.onset_s + begins_s, atol=1e-3)


def test_calls_are_not_transposed(engines, tune):
    with pytest.raises(OptionError, match="leave --transpose out"):
        perform(engines["seq2seq", "small"], "generate", {"transpose": "2"}, SEEDS, tune)


def test_without_a_prompt_an_answer_is_to_nothing(engines):
    (piece,) = perform(engines["seq2seq", "small"], "generate", {"notes": 5}, SEEDS[:1]).pieces
    assert len(piece.music) == 5
