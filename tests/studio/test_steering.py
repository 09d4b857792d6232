"""The plan of a live session changed by hand: nothing is left sounding, and the model remembers what is played."""

import pytest
from tests.live.conftest import Toy

from antiphon.errors import OptionError
from antiphon.live.events import HandOver, NoteOff, NoteOn
from antiphon.live.session import Session
from antiphon.live.settings import LiveSettings
from antiphon.studio.metrics import Metrics
from antiphon.studio.said import Change, Key, Silence, Steer, Swap
from antiphon.studio.seat import Seat
from antiphon.studio.steering import Steering


class Room:
    """A steered session with a fake clock."""

    def __init__(self, **settings):
        self.session = Session(Toy(), LiveSettings(entrance="now", **settings), seed=(1,), timer=lambda: 0.0)
        self.steering = Steering(self.session)
        self.now_s, self.out = 0.0, []

    def at(self, now_s):
        while self.now_s < now_s - 1e-9:
            self.now_s = round(min(self.now_s + 0.01, now_s), 6)
            self.out += self.session.due(self.now_s)
        return self

    def answer(self):
        """A phrase, and the model's turn with notes planned."""
        for i, pitch in enumerate((60, 64, 67)):
            self.at(0.3 * i)
            self.session.hear(NoteOn(pitch, 80), self.now_s)
            self.at(0.3 * i + 0.2)
            self.session.hear(NoteOff(pitch), self.now_s)
        while not self.steering.ghosts():
            self.at(self.now_s + 0.01)
        return self

    def sounded(self):
        return [(round(due.due_s, 3), due.event.pitch) for due in self.out
                if due.part == "model" and isinstance(due.event, NoteOn)]  # fmt: skip

    def stuck(self):
        sounding = set()
        for due in self.out:
            if isinstance(due.event, NoteOn):
                sounding.add(due.event.pitch)
            else:
                sounding.discard(due.event.pitch)
        return sounding


def ghost(room, place=-1):
    found = room.steering.ghosts()[place]
    return found["id"], (round(found["onset_s"], 3), found["pitch"])


def test_a_vetoed_note_does_not_sound():
    room = Room(ahead_s=2).answer()
    name, note = ghost(room)
    room.steering.veto(name)
    room.at(8)
    assert note not in room.sounded()
    assert room.sounded()
    assert room.stuck() == set()


def test_a_vetoed_note_is_not_written_again():
    room = Room(mode="continue", ahead_s=2, lowest=60, highest=62)  # of three pitches the same one would soon come back
    room.session.hear(HandOver(), 0.0)
    vetoed = []
    for _ in range(60):
        room.at(room.now_s + 0.3)
        name, note = ghost(room)
        room.steering.veto(name)
        vetoed.append(note)
    sounded = room.at(room.now_s + 3).sounded()
    assert len(sounded) > 60
    assert not [note for note in sounded if any(abs(note[0] - at) <= 0.1 and note[1] == pitch for at, pitch in vetoed)]


def test_a_locked_note_sounds_although_the_player_plays():
    kept, forgotten = Room(ahead_s=2).answer(), Room(ahead_s=2).answer()
    name, note = ghost(kept)
    assert ghost(forgotten) == (name, note)
    kept.steering.lock(name, True)
    assert kept.steering.ghosts()[-1]["locked"]
    for room in (kept, forgotten):
        room.session.hear(NoteOn(48, 80), room.now_s)
        room.session.hear(NoteOff(48), room.now_s + 0.01)
        room.at(note[0] + 0.05)
    assert note in kept.sounded()
    assert note not in forgotten.sounded()
    assert [g for g in forgotten.steering.ghosts() if g["locked"]] == []


def test_an_unlocked_note_is_forgotten_again():
    room = Room(ahead_s=2).answer()
    name, _ = ghost(room)
    room.steering.lock(name, True)
    room.steering.lock(name, False)
    room.session.hear(NoteOn(48, 80), room.now_s)
    assert room.steering.ghosts() == []


def test_a_moved_note_sounds_where_it_was_put():
    room = Room(ahead_s=2).answer()
    name, note = ghost(room)
    room.steering.move(name, pitch=100, onset_s=note[0] + 0.5)
    assert room.steering.ghosts()[-1]["pitch"] == 100
    room.at(note[0] + 2)
    assert (round(note[0] + 0.5, 3), 100) in room.sounded()
    assert note not in room.sounded()
    assert room.at(12).stuck() == set()


def test_a_note_moved_into_the_past_comes_at_once():
    room = Room(ahead_s=2).answer()
    name, _ = ghost(room)
    moved_s = room.now_s
    room.steering.move(name, pitch=101, onset_s=0.0)
    room.at(moved_s + 0.05)
    assert 101 in [pitch for _, pitch in room.sounded()]


def test_silence_forgets_what_is_locked():
    room = Room(ahead_s=2).answer()
    room.steering.lock(ghost(room)[0], True)
    room.out += room.session.silence()
    assert room.steering.ghosts() == []
    assert room.at(room.now_s + 3).stuck() == set()


@pytest.mark.parametrize("verb", ["veto", "lock", "move"])
def test_a_note_that_is_not_planned(verb):
    room = Room().answer()
    with pytest.raises(OptionError, match="no such planned note"):
        getattr(room.steering, verb)(*(["1-1", True] if verb == "lock" else ["1-1"]))


def test_two_notes_cannot_be_one():
    room = Room(ahead_s=2).answer()
    ghosts = room.steering.ghosts()
    with pytest.raises(OptionError, match="already"):
        room.steering.move(ghosts[-1]["id"], pitch=ghosts[0]["pitch"], onset_s=ghosts[0]["onset_s"])


def test_the_model_remembers_what_will_sound():
    """After all those changes its memory is what a fresh one would have that heard just these notes."""
    room = Room(ahead_s=2).answer()
    room.steering.veto(ghost(room, 0)[0])
    room.steering.move(ghost(room)[0], pitch=90)
    room.at(room.now_s + 0.02)
    memory = room.session._memory
    memory.settle(10**6)
    rows = memory.rows
    fresh = Toy()
    _, state = fresh.hear(rows[None], fresh.hear(fresh.codec.start_row[None, None], fresh.start(1))[1])
    assert memory._voice.state[1].tolist() == state[0].tolist()


def seat(**settings):
    changed = LiveSettings(entrance="now", **settings)
    return Seat(
        lambda name, wishes: Toy(), "toy", changed, seed=1, lead_s=0.02, prompt=None, metrics=Metrics(), now_s=0.0
    )


def test_a_seat_tells_every_note_and_its_end():
    owner, out, now_s = seat(), [], 0.0
    keys = {0.1: NoteOn(60, 80), 0.3: NoteOff(60), 0.5: NoteOn(64, 80), 0.6: NoteOff(64)}
    while now_s < 6:
        said = [(now_s, {}, Key(event, None)) for at_s, event in keys.items() if now_s - 0.01 < at_s <= now_s]
        out += owner.step(said, now_s)[0]
        now_s = round(now_s + 0.01, 3)
    out += owner.step([(now_s, {}, Silence())], now_s)[0]
    events = [event for message in out if message["type"] == "due" for event in message["events"]]
    begun = [event["pitch"] for event in events if event["on"]]
    assert begun
    assert sorted(begun) == sorted(event["pitch"] for event in events if not event["on"])
    played = [note for message in out if message["type"] == "played" for note in message["notes"]]
    assert {note["part"] for note in played} == {"player", "model"}
    turns = [message["turn"] for message in out if message["type"] == "state"]
    assert turns.index("listen") < turns.index("answer") < len(turns) - turns[::-1].index("rest")


def test_a_seat_says_what_it_could_not_do():
    owner = seat()
    wrong = [(0.0, {"n": 7}, Change({"temperature": 99})), (0.0, {}, Steer("veto", "1-1"))]
    errors = [message for message in owner.step(wrong, 0.0)[0] if message["type"] == "error"]
    assert [error.get("n") for error in errors] == [7, None]
    assert "temperature" in errors[0]["message"]
    (changed,) = owner.step([(0.0, {}, Change({"temperature": 0.5}))], 0.0)[0]
    assert changed["settings"]["temperature"] == 0.5


def test_a_seat_asks_the_model_for_what_is_wished_and_keeps_all_where_it_cannot_be_asked():
    asked, sparse = [], {"density": "sparse", "heed": 4.0}

    def opened(name, wishes):
        if "composer" in wishes:
            raise OptionError("it knows no composers")
        asked.append((name, dict(wishes)))
        return Toy()

    owner = Seat(opened, "toy", LiveSettings(), seed=1, lead_s=0.02, prompt=None, metrics=Metrics(), now_s=0.0)
    changes = ({"density": "sparse"}, {"density": 4, "temperature": 0.5}, {"composer": "chopin", "volume": 2})
    told = [message for changed in changes for message in owner.step([(0.0, {}, Change(changed))], 0.0)[0]]
    assert [message["type"] for message in told] == ["settings", "settings", "error"]
    assert asked == [("toy", {}), ("toy", sparse)]  # the model is opened anew where it is asked for something else
    found = owner.settings
    assert [found[name] for name in ("wished_density", "density", "composer", "volume")] == ["sparse", 4, "", 1]
    owner.step([(0.0, {}, Swap("other"))], 0.0)
    assert asked[2:] == [("other", sparse)]


def test_a_seat_hears_a_key_when_it_was_struck():
    owner, out = seat(), []
    owner.step([], 1.0)
    owner.step([(2.0, {}, Key(NoteOn(60, 80), 1.8)), (2.0, {}, Key(NoteOn(62, 80), 0.0))], 2.0)
    out = owner.step([(2.5, {}, Key(NoteOff(60), 99.0)), (2.5, {}, Key(NoteOff(62), None))], 2.5)[0]
    onsets = {
        note["pitch"]: note["onset_s"] for message in out if message["type"] == "played" for note in message["notes"]
    }
    assert onsets == {60: pytest.approx(1.8, abs=0.002), 62: pytest.approx(1.3, abs=0.002)}
