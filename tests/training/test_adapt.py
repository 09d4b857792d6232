"""Learning from one player: what is learned, what is held out, and what is refused."""

import json

import numpy as np
import pytest
import torch
from tests.tiny import CONFIGS, tiny_model, write_model

from antiphon.codec import NoteCodec
from antiphon.engine import open_bundle, open_engine
from antiphon.engine.torch_engine import load_model
from antiphon.errors import FileError, ModelError, OptionError
from antiphon.files import read_music
from antiphon.files.midi import write_midi
from antiphon.models.base import Batch
from antiphon.notes import from_seconds
from antiphon.training.adapt import LEAST, Adaptation, adapt, deal, held_out_nats
from antiphon.training.sessions import PASSAGE, batch_of, midi_files, passages, passages_of

QUICK = Adaptation(learning_rate=3e-2, check_every=5, patience=1)


def habit(notes=2000, seed=0):
    """A player of few habits: three pitches, one step, one loudness, now and then a rest."""
    rng = np.random.default_rng(seed)
    step_s = np.where(np.arange(notes) % 40 == 0, 1.0, 0.2)
    return from_seconds(np.cumsum(step_s), np.full(notes, 0.15), rng.choice([60, 64, 67], notes), np.full(notes, 80))


def session(notes=600):
    """A recorded session: the model plays low between the notes of the player."""
    onset_s = np.arange(notes) * 0.2
    model = np.arange(notes) % 2
    return from_seconds(
        onset_s,
        np.full(notes, 0.1),
        np.where(model, 40, 72),
        np.full(notes, 80),
        track=model,
        tracks=("player", "model"),
    )


@pytest.fixture
def base(tmp_path):
    return open_bundle(write_model(tmp_path / "base", tiny_model(ends=4)))


@pytest.mark.parametrize(
    ("family", "size", "ends"), [("lstm", "small", 0), ("lstm", "small", 4), ("transformer", "told", 4)]
)
def test_a_model_learns_a_players_habits_and_its_network_stays(family, size, ends, tmp_path):
    config = CONFIGS[family][size]
    base = open_bundle(write_model(tmp_path / "base", tiny_model(family, config, ends=ends), family, config))
    played = passages_of(habit(), base.codec)
    shares = []
    measured = adapt(base, played, tmp_path / "mine", QUICK, shares.append)
    assert measured["nats_per_note"]["after"] < measured["nats_per_note"]["before"] - 1
    assert measured["learned_notes"] + measured["held_out_notes"] < 2000  # some decide when to stop
    assert shares[0] < 0.05
    assert max(shares) < 1
    made = open_bundle(tmp_path / "mine")
    assert held_out_nats(open_engine(made), deal(played).judges) == pytest.approx(measured["nats_per_note"]["after"])
    before, after = load_model(base).state_dict(), load_model(made).state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert all(name.startswith("heads.") for name in changed)
    assert open_bundle(base.path).meta == base.meta  # and opening it checked every hash


def test_the_model_says_what_it_was_adapted_from(base, tmp_path):
    adapt(base, passages_of(habit(), base.codec), tmp_path / "mine", QUICK)
    made = open_bundle(tmp_path / "mine")
    assert made.meta["recipe"]["start_from"] == made.meta["measured"]["from"] == "base"
    assert made.meta["licence"] == base.meta["licence"]
    assert made.meta["data"]["sources"][-1]["name"] == "a player's own sessions"
    card = made.read("card.md").decode()
    assert card.startswith("# mine\n\nbase, adapted to one player")
    assert f"| mine | {made.meta['measured']['nats_per_note']['after']:.3f} |" in card
    assert json.loads((tmp_path / "mine" / "meta.json").read_text())["name"] == "mine"


def test_the_same_seed_gives_the_same_model(base, tmp_path):
    played = passages_of(habit(1500), base.codec)
    for name in ("a", "b"):
        adapt(base, played, tmp_path / name, Adaptation(learning_rate=3e-2, check_every=2, patience=1))
    assert (tmp_path / "a" / "weights.safetensors").read_bytes() == (
        tmp_path / "b" / "weights.safetensors"
    ).read_bytes()


def test_what_is_no_better_is_refused_and_leaves_nothing(base, tmp_path):
    wild = Adaptation(learning_rate=100.0, check_every=1, patience=2)
    with pytest.raises(ModelError, match=r"refused: on \d+ notes of yours .* nothing was written"):
        adapt(base, passages_of(habit(1500), base.codec), tmp_path / "mine", wild)
    assert [path.name for path in tmp_path.iterdir()] == ["base"]


def test_it_ends_when_the_time_is_over(base, tmp_path):
    how = Adaptation(minutes=0.01, check_every=1, patience=10**6, learning_rate=1e-2)
    assert adapt(base, passages_of(habit(1500), base.codec), tmp_path / "mine", how)["minutes"] < 0.1


def test_of_a_session_only_the_players_notes_are_learned():
    codec = NoteCodec()
    played = passages_of(session(), codec)
    assert sum(len(p.mine) for p in played) == 600
    batch = batch_of(played, codec)
    pitch = batch.targets[..., codec.column["pitch"]]
    assert set(pitch[batch.weight > 0].tolist()) == {72}
    assert isinstance(batch, Batch)
    alone = session().select(session().notes["track"] == 1)
    assert not passages_of(alone, codec)  # the model by itself teaches nothing


def test_a_session_that_was_saved_is_told_from_other_files(tmp_path):
    write_midi(session(), tmp_path / "take.mid")
    write_midi(habit(150), tmp_path / "other.MID")
    found = passages(midi_files([tmp_path]), NoteCodec())
    assert sum(int(p.mine.sum()) for p in found) == 300 + 150
    assert read_music(tmp_path / "take.mid").tracks == ("player", "model")


def test_passages_end_at_rests_and_are_never_long():
    codec = NoteCodec()
    lengths = [len(p.mine) for p in passages_of(habit(1000), codec)]
    assert set(lengths[:-1]) == {120}  # the first rest after a hundred notes
    restless = from_seconds(np.arange(1000) * 0.1, np.full(1000, 0.1), np.full(1000, 60), np.full(1000, 80))
    assert [len(p.mine) for p in passages_of(restless, codec)] == [2 * PASSAGE] * 5
    assert passages_of(restless.select(np.zeros(1000, bool)), codec) == []


@pytest.mark.parametrize("ends", [0, 8])
def test_variations_keep_whose_notes_are_whose(ends):
    codec = NoteCodec(ends=ends)
    [first, *_] = passages_of(session(), codec)
    rng = np.random.default_rng(0)
    for _ in range(20):
        batch = batch_of([first.varied(Adaptation().augment, rng)], codec, Adaptation().augment, rng)
        assert set(batch.targets[0, :, 1][batch.weight[0] > 0].tolist()) == {72}


def test_too_little_music_is_refused(base, tmp_path):
    with pytest.raises(OptionError, match=r"600 notes in 5 passages are too few .* add sessions"):
        adapt(base, passages_of(habit(600), base.codec), tmp_path / "mine")
    assert len(deal(passages_of(habit(120 * LEAST), base.codec)).judges) == 2
    with pytest.raises(FileError, match="no MIDI files"):
        midi_files([tmp_path / "base"])


def test_a_model_without_trained_heads_cannot_adapt(tmp_path):
    bundle = open_bundle(
        write_model(
            tmp_path / "counts",
            tiny_model("markov", {"order": 1, "places": 400}),
            "markov",
            {"order": 1, "places": 400},
        )
    )
    with pytest.raises(ModelError, match="counts instead of learning"):
        adapt(bundle, passages_of(habit(1500), bundle.codec), tmp_path / "mine")


@pytest.mark.parametrize("bad", [{"minutes": 0.0}, {"minutes": float("nan")}, {"seed": -1}])
def test_options_out_of_range_are_refused(bad):
    with pytest.raises(OptionError, match="is out of range"):
        Adaptation(**bad)
