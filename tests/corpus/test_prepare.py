import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from antiphon.corpus import prepare as module
from antiphon.corpus.prepare import prepare
from antiphon.errors import CorpusError, FileError, OptionError
from antiphon.files.midi import read_midi, write_midi
from antiphon.notes import NOTE, score

READER = """
import os, signal, time
from antiphon.files.midi import read_midi_bytes
def read(data, name, *, pedal=True):
    print("readers may talk", flush=True)
    with open(os.environ["READ_LOG"], "a") as log:
        log.write(name + "\\n")
    if b"CRASH" in data:
        os.kill(os.getpid(), signal.SIGSEGV)
    if b"HANG" in data:
        time.sleep(600)
    if b"BUG" in data:
        raise RuntimeError("a bug of the reader")
    if b"GREEDY" in data:
        bytearray(1 << 40)
    time.sleep(float(os.environ.get("READ_S", 0)))
    return read_midi_bytes(data, name, pedal=pedal)
"""


@pytest.fixture
def log(tmp_path, monkeypatch):
    """A reader that fails as natively written ones do, and the list of files that it was given."""
    (tmp_path / "failing_reader.py").write_text(READER)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("READ_LOG", str(tmp_path / "log"))
    return tmp_path / "log"


def files_of(path):
    return {file.name: file.read_bytes() for file in path.iterdir()}


def names_of(corpus):
    return sorted(piece.name for piece in corpus.pieces)


def test_two_runs_write_the_same_bytes(folder, tmp_path):
    music = folder(*[f"{name}/1.mid" for name in "abcdef"], "bad.mid")
    (music / "bad.mid").write_text("no music")
    one = prepare([music], tmp_path / "one", workers=2)
    two = prepare([music], tmp_path / "two", workers=1)
    assert len(one.pieces) == 6
    assert files_of(one.path) == files_of(two.path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["music", "one", "two"]


def test_what_fails_is_put_aside_with_the_reason(folder, tmp_path, log):
    bad = {"crash.mid": "CRASH", "hang.mid": "HANG", "bug.mid": "BUG", "greedy.mid": "GREEDY", "text.mid": "text"}
    music = folder("a.mid", "m.mid", "z.mid", *bad)
    for name, text in bad.items():
        (music / name).write_text(text)
    write_midi(score([]), music / "silent.mid")
    told = []
    corpus = prepare(
        [music], tmp_path / "corpus", workers=2, reader="failing_reader:read", time_limit_s=2,
        progress=lambda done, total: told.append((done, total)),
    )  # fmt: skip
    assert names_of(corpus) == ["a.mid", "m.mid", "z.mid"]
    why = {one["name"]: one["why"] for one in corpus.manifest["quarantined"]}
    assert why.keys() == {*bad, "silent.mid"}
    assert "signal SIGSEGV" in why["crash.mid"]
    assert "longer than 2 s" in why["hang.mid"]
    assert "RuntimeError: a bug of the reader" in why["bug.mid"]
    assert "too much memory" in why["greedy.mid"]
    assert "no notes" in why["silent.mid"]
    assert "text.mid" in why["text.mid"]
    assert told == [(done, 9) for done in range(1, 10)]


def test_a_file_without_permission_is_put_aside(folder, tmp_path, monkeypatch):
    music = folder("a.mid", "b.mid")
    (music / "b.mid").unlink()
    (music / "b.mid").symlink_to(tmp_path / "nowhere")  # root may read what nobody may, so: a link to nothing
    corpus = prepare([music], tmp_path / "corpus", workers=1)
    assert [one["name"] for one in corpus.manifest["quarantined"]] == ["b.mid"]


def test_nothing_readable_is_an_error(folder, tmp_path):
    music = folder("a.mid")
    (music / "a.mid").write_bytes(b"")
    with pytest.raises(CorpusError, match="none of 1 files could be read"):
        prepare([music], tmp_path / "corpus", workers=1)
    assert not (tmp_path / "corpus").exists()


def test_a_run_that_was_killed_goes_on(folder, tmp_path, log, monkeypatch):
    music = folder(*[f"piece {i}.mid" for i in range(12)])
    whole = prepare([music], tmp_path / "whole", workers=1)
    program = (
        "from antiphon.corpus.prepare import prepare\n"
        f"prepare([{str(music)!r}], {str(tmp_path / 'out')!r}, workers=1, reader='failing_reader:read')"
    )
    environment = {**os.environ, "READ_S": "0.1", "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment)
    wait_for(lambda: log.exists() and len(log.read_text().splitlines()) >= 4)
    process.kill()
    process.wait()
    assert not (tmp_path / "out").exists()
    time.sleep(0.5)  # the worker ends by itself after the file it has
    before = log.read_text().splitlines()
    corpus = prepare([music], tmp_path / "out", workers=1, reader="failing_reader:read")
    again = log.read_text().splitlines()[len(before) :]
    assert len(before) < 12
    assert sorted(before + again) == sorted(names_of(whole))  # none was read twice
    assert files_of(corpus.path) == files_of(whole.path)
    assert sorted(path.name for path in tmp_path.glob(".*")) == []


def wait_for(condition, limit_s=30):
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)


def test_ctrl_c_ends_it_clean_with_130(folder, tmp_path, log):
    music = folder(*[f"piece {i}.mid" for i in range(50)])
    program = (
        "import sys; from antiphon.corpus import pool; pool.READER = 'failing_reader:read'\n"
        "from antiphon.corpus.prepare import prepare; prepare.__kwdefaults__['reader'] = pool.READER\n"
        "from antiphon.cli.main import main\n"
        f"sys.exit(main(['prepare', {str(music)!r}, '-o', {str(tmp_path / 'out')!r}]))"
    )
    environment = {**os.environ, "READ_S": "0.2", "PYTHONPATH": str(tmp_path)}
    process = subprocess.Popen([sys.executable, "-c", program], env=environment, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: log.exists() and len(log.read_text().splitlines()) >= 2)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[1] == "antiphon prepare: interrupted\n"
    assert process.returncode == 130
    assert not (tmp_path / "out").exists()
    count = len(log.read_text().splitlines())
    time.sleep(0.5)
    assert len(log.read_text().splitlines()) == count  # no worker lives on


def test_a_full_disk_is_an_error_and_not_the_files_fault(folder, tmp_path, monkeypatch):
    music = folder("a.mid", "b.mid")
    (tmp_path / "full_reader.py").write_text(
        "import resource, signal\nfrom antiphon.files.midi import read_midi_bytes\n"
        "def read(data, name, *, pedal):\n"
        "    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "    return read_midi_bytes(data, name, pedal=pedal)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(FileError, match="cannot write in"):
        prepare([music], tmp_path / "out", workers=1, reader="full_reader:read")
    assert not (tmp_path / "out").exists()


def test_copies_are_dropped_and_the_held_out_one_stays(folder, tmp_path):
    names = ["a.mid", "b.mid", "c.mid", "d.mid", "e.mid"]
    music = folder(*names, same=("a.mid", "b.mid", "c.mid"))
    table = tmp_path / "table.csv"
    splits = ["train", "test", "validation", "train", "validation"]
    table.write_text("file,split\n" + "".join(f"{n},{s}\n" for n, s in zip(names, splits, strict=True)))
    corpus = prepare([music], tmp_path / "corpus", split_csv=table, workers=1)
    assert {piece.name: piece.split for piece in corpus.pieces} == {
        "b.mid": "test", "d.mid": "train", "e.mid": "validation"
    }  # fmt: skip
    assert corpus.manifest["duplicates"] == [
        {"name": "a.mid", "split": "train", "copy_of": "b.mid"},
        {"name": "c.mid", "split": "validation", "copy_of": "b.mid"},
    ]


def test_a_copy_in_another_layout_is_a_copy(tmp_path, music):
    """Other tracks, another start: it sounds the same."""
    base = music()
    moved = base.notes.copy()
    moved["onset"] += 1920
    moved["track"] = 3
    (tmp_path / "music").mkdir()
    write_midi(base, tmp_path / "music" / "a.mid")
    write_midi(score(moved, base.tempos), tmp_path / "music" / "b.mid")
    corpus = prepare([tmp_path / "music"], tmp_path / "corpus", workers=1)
    assert names_of(corpus) == ["a.mid"]


def test_files_that_the_table_does_not_list_are_left_out_and_said(folder, tmp_path):
    music = folder("2004/a.mid", "2004/b.mid", "2006/c.mid")
    table = tmp_path / "table.csv"
    table.write_text(
        "canonical_composer,canonical_title,split,midi_filename\n"
        "Bach,Air,train,2004/a.mid\nBach,Aria,validation,2006/c.mid\nBach,Lost,test,2006/lost.mid\n"
    )
    corpus = prepare([music], tmp_path / "corpus", split_csv=table, workers=1)
    assert [(p.name, p.split, p.composer, p.title) for p in corpus.pieces] == [
        ("2004/a.mid", "train", "Bach", "Air"),
        ("2006/c.mid", "validation", "Bach", "Aria"),
    ]
    assert corpus.manifest["left_out"] == ["2004/b.mid"]
    assert list(corpus.manifest["splits"]) == ["train", "validation"]


def test_a_table_of_other_files(folder, tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("file,split\nother.mid,train\n")
    with pytest.raises(CorpusError, match="lists none of the 1 files"):
        prepare([folder("a.mid")], tmp_path / "corpus", split_csv=table)


def test_performances_of_a_piece_stay_together(folder, tmp_path):
    music = folder(*[f"piece {i}/take {j}.mid" for i in range(8) for j in range(3)])
    corpus = prepare([music], tmp_path / "corpus", workers=1)
    sides = {(piece.name.split("/")[0], piece.split) for piece in corpus.pieces}
    assert len(sides) == 8
    assert {split for _, split in sides} == {"train", "validation", "test"}


def test_a_title_in_the_table_keeps_performances_together(folder, tmp_path):
    names = [f"{i:02}.mid" for i in range(20)]
    table = tmp_path / "table.csv"
    table.write_text("file,composer,title\n" + "".join(f"{n},Bach,Air {i // 2}\n" for i, n in enumerate(names)))
    corpus = prepare([folder(*names)], tmp_path / "corpus", split_csv=table, workers=1)
    assert len({(piece.title, piece.split) for piece in corpus.pieces}) == 10


def test_the_pedal_can_be_left_out(tmp_path):
    pressed = bytes.fromhex("00b0407f 00903c40 60803c40 8740b04000 00903e40 60803e40 00ff2f00")
    midi = b"MThd" + bytes.fromhex("00000006 0000 0001 01e0") + b"MTrk" + len(pressed).to_bytes(4, "big") + pressed
    (tmp_path / "a.mid").write_bytes(midi)
    kept = prepare([tmp_path / "a.mid"], tmp_path / "pedal", workers=1)
    keys = prepare([tmp_path / "a.mid"], tmp_path / "keys", workers=1, pedal=False)
    assert kept.manifest["pedal"] is True
    assert keys.manifest["pedal"] is False
    assert kept.score(kept.pieces[0]) == read_midi(tmp_path / "a.mid")
    assert keys.score(keys.pieces[0]) == read_midi(tmp_path / "a.mid", pedal=False)
    assert kept.columns()["duration_ms"][0] > keys.columns()["duration_ms"][0]


def test_several_sources_keep_their_names_apart(folder, tmp_path, music):
    one, two = folder("a.mid", "b.mid", root="one"), folder("c.mid", root="two")
    write_midi(music(77), two / "a.mid")
    corpus = prepare([one, two], tmp_path / "corpus", workers=1)
    assert names_of(corpus) == ["one/a.mid", "one/b.mid", "two/a.mid"]
    assert [source["name"] for source in corpus.manifest["sources"]] == ["one", "two"]
    assert [one["name"] for one in corpus.manifest["duplicates"]] == ["two/c.mid"]


def test_the_licence_of_ones_own_music_is_written_down(folder, tmp_path):
    music = folder("a.mid")
    said = [prepare([music], tmp_path / f"corpus{name}", workers=1, licence=name) for name in ("", "CC0-1.0")]
    assert [corpus.manifest["sources"][0]["licence"] for corpus in said] == ["not stated", "CC0-1.0"]
    assert said[1].summary()["licence"] == ["CC0-1.0"]


def test_each_source_may_have_a_licence_of_its_own(folder, tmp_path):
    sources = [folder("a.mid", root="one"), folder("b.mid", "c.mid", root="two")]
    corpus = prepare(sources, tmp_path / "corpus", workers=1, licence=["CC0-1.0", "MIT"], url="https://example.org")
    assert [source["licence"] for source in corpus.manifest["sources"]] == ["CC0-1.0", "MIT"]
    assert {source["url"] for source in corpus.manifest["sources"]} == {"https://example.org"}
    with pytest.raises(OptionError, match="3 times licence for 2 sources"):
        prepare(sources, tmp_path / "corpus", licence=["CC0-1.0", "MIT", "MIT"])


def test_notes_of_some_instruments_only(tmp_path):
    notes = np.zeros(3, NOTE)
    notes["onset"], notes["duration"], notes["velocity"] = [0, 0, 480], 480, 80
    notes["pitch"], notes["program"] = [60, 72, 64], [0, 68, 6]
    song = score(notes)
    (tmp_path / "music").mkdir()
    write_midi(song, tmp_path / "music" / "song.mid")
    write_midi(song.select(song.notes["program"] == 68), tmp_path / "music" / "voice.mid")
    corpus = prepare([tmp_path / "music"], tmp_path / "corpus", workers=1, instruments=["piano"])
    assert corpus.columns()["pitch"].tolist() == [60, 64]
    assert corpus.manifest["instruments"] == ["piano"]
    assert [(one["name"], one["why"]) for one in corpus.manifest["quarantined"]] == [
        ("voice.mid", "it has no notes of the instruments asked for")
    ]
    with pytest.raises(OptionError, match="did you mean 'piano'"):
        prepare([tmp_path / "music"], tmp_path / "corpus", instruments=["pino"])


def test_a_single_file(folder, tmp_path):
    corpus = prepare([folder("a.mid") / "a.mid"], tmp_path / "corpus", workers=1)
    assert [(piece.name, piece.split) for piece in corpus.pieces] == [("a.mid", "train")]


def test_names_that_are_not_utf_8(folder, tmp_path):
    music = folder("a.mid")
    (music / "a.mid").rename(music / os.fsdecode(b"\xe9tude.mid"))
    corpus = prepare([music], tmp_path / "corpus", workers=1)
    assert names_of(corpus) == ["\\xe9tude.mid"]


def test_an_older_corpus_is_replaced(folder, tmp_path):
    music = folder("a.mid", "b.mid")
    prepare([music], tmp_path / "corpus", workers=1)
    (music / "b.mid").unlink()
    assert names_of(prepare([music], tmp_path / "corpus", workers=1)) == ["a.mid"]


def test_other_folders_are_never_replaced(folder, tmp_path):
    music = folder("a.mid")
    with pytest.raises(FileError, match="not a corpus"):
        prepare([music], music, workers=1)
    assert (music / "a.mid").exists()


def test_no_folder_to_write_in(folder, tmp_path):
    with pytest.raises(FileError, match="does not exist"):
        prepare([folder("a.mid")], tmp_path / "no" / "corpus")


@pytest.mark.parametrize(
    ("source", "message"),
    [("nowhere", "unknown source 'nowhere'"), ("maestro-v2.0.1", "did you mean 'maestro-v2.0.0'")],
)
def test_sources_that_are_not_there(tmp_path, source, message):
    with pytest.raises(CorpusError, match=message):
        prepare([source], tmp_path / "corpus")


def test_a_source_that_is_not_fetched(tmp_path):
    with pytest.raises(CorpusError, match=r"antiphon fetch maestro-v2\.0\.0"):
        prepare(["maestro-v2.0.0"], tmp_path / "corpus")


def test_a_folder_without_music(tmp_path):
    (tmp_path / "empty").mkdir()
    with pytest.raises(CorpusError, match="holds no file of music"):
        prepare([tmp_path / "empty"], tmp_path / "corpus")


def test_one_prepare_at_a_time(folder, tmp_path):
    music = folder("a.mid")
    with module._parts(tmp_path / "corpus"), pytest.raises(CorpusError, match="another prepare is writing"):
        prepare([music], tmp_path / "corpus")


def test_a_table_that_is_not_there_is_refused(folder, tmp_path):
    with pytest.raises(CorpusError, match=r"cannot read the table .*nowhere\.csv \(No such file"):
        prepare([folder("a.mid")], tmp_path / "corpus", split_csv=tmp_path / "nowhere.csv", workers=1)
    assert not (tmp_path / "corpus").exists()
