"""What was measured is kept by what it depends on."""

import numpy as np
import pytest

from antiphon.evaluate.cache import Cache

KEY = {"what": "likelihood", "model": "abc"}


@pytest.fixture
def made():
    """A maker that counts how often it was called."""

    class Made:
        times = 0

        def __call__(self):
            self.times += 1
            return {"value": np.float64(1.5), "list": np.arange(3)}

    return Made()


def test_json_is_made_once_and_reads_as_it_was_written(tmp_path, made):
    cache = Cache(tmp_path / "laboratory")
    first = cache.json(KEY, made)
    assert first == cache.json(KEY, made) == Cache(tmp_path / "laboratory").json(KEY, made)
    assert first == {"value": 1.5, "list": [0, 1, 2]}
    assert made.times == 1


@pytest.mark.parametrize("other", [{**KEY, "model": "abd"}, {"what": "likelihood"}])
def test_another_key_is_another_thing(tmp_path, made, other):
    cache = Cache(tmp_path)
    cache.json(KEY, made)
    cache.json(other, made)
    assert made.times == 2


def test_arrays_come_back_with_their_types(tmp_path):
    arrays = {"rows": np.arange(6, dtype=np.uint8).reshape(2, 3), "names": np.array(["a", "é"])}
    cache = Cache(tmp_path)
    for _ in range(2):
        found = cache.arrays(KEY, lambda: arrays)
        assert {name: (a.dtype, a.tolist()) for name, a in found.items()} == {
            name: (a.dtype, a.tolist()) for name, a in arrays.items()
        }


def test_a_file_is_made_once(tmp_path):
    cache, times = Cache(tmp_path), []

    def make(path):
        times.append(path)
        path.write_bytes(b"sound")

    assert cache.file(KEY, ".mp3", make) == cache.file(KEY, ".mp3", make) == b"sound"
    assert len(times) == 1


def test_fresh_believes_only_what_it_made_itself(tmp_path, made):
    Cache(tmp_path).json(KEY, made)
    cache = Cache(tmp_path, fresh=True)
    cache.json(KEY, made)
    cache.json(KEY, made)
    assert made.times == 2


def test_what_failed_half_way_leaves_nothing(tmp_path):
    def fail():
        raise KeyboardInterrupt

    cache = Cache(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        cache.arrays(KEY, fail)
    assert list(tmp_path.iterdir()) == []


def test_parts_are_kept_until_the_whole_is(tmp_path):
    """The third part is interrupted; then the first two are not made again."""
    made, stopped = [], [3]

    def part(number):
        if number in stopped:
            raise KeyboardInterrupt
        made.append(number)
        return {"value": np.array([number / 3])}

    def whole(keep):
        return [keep(number, lambda n=number: part(n))["value"] for number in (1, 2, 3)]

    with pytest.raises(KeyboardInterrupt):
        Cache(tmp_path).in_parts(KEY, whole)
    assert made == [1, 2]
    stopped.clear()
    cache = Cache(tmp_path)
    assert cache.in_parts(KEY, whole) == cache.in_parts(KEY, whole) == [[1 / 3], [2 / 3], [1.0]]
    assert made == [1, 2, 3]
    assert [path.suffix for path in tmp_path.iterdir()] == [".json"]


def test_parts_of_another_whole_are_others(tmp_path):
    found = [
        Cache(tmp_path).in_parts(key, lambda keep, n=n: keep(0, lambda: {"value": np.array(n)})["value"])
        for n, key in enumerate((KEY, {**KEY, "model": "abd"}))
    ]
    assert found == [0, 1]


def test_fresh_believes_no_part_of_an_earlier_run(tmp_path):
    def stopped(keep):
        keep(0, lambda: {"value": np.array(1)})
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Cache(tmp_path).in_parts(KEY, stopped)
    again = Cache(tmp_path, fresh=True).in_parts(KEY, lambda keep: keep(0, lambda: {"value": np.array(2)})["value"])
    assert again == 2


def test_two_at_once_with_the_same_work_do_not_disturb_each_other(tmp_path):
    def part():
        return {"value": np.array(7)}

    def other(keep):
        return keep(0, part)["value"] + 1

    def whole(keep):
        value = keep(0, part)["value"]
        assert Cache(tmp_path).in_parts(KEY, other) == 8  # which ends first, and takes its parts away
        return value + 1

    assert Cache(tmp_path).in_parts(KEY, whole) == 8
    assert len(list(tmp_path.iterdir())) == 1


def test_a_part_that_another_takes_away_is_made_again(tmp_path, monkeypatch):
    cache, known = Cache(tmp_path), Cache._known

    def taken_away(self, path):
        was_there = known(self, path)
        path.unlink(missing_ok=True)
        return was_there

    cache.arrays(KEY, lambda: {"value": np.array(7)})
    monkeypatch.setattr(Cache, "_known", taken_away)
    assert cache.arrays(KEY, lambda: {"value": np.array(7)})["value"] == 7
