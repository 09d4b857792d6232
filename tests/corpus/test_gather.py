import io
import tarfile
import zipfile

import pytest

from antiphon.corpus import gather as module
from antiphon.corpus.gather import gather, unpack
from antiphon.errors import CorpusError

FILES = {
    "top/a.mid": b"a",
    "top/b/c.MIDI": b"c",
    "top/info.csv": b"x,y",
    "top/readme.txt": b"no",
    "__MACOSX/top/._a.mid": b"no",
}


def zipped(path, files=FILES):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def tarred(path, files=FILES):
    with tarfile.open(path, f"w:{path.suffix[1:]}" if path.suffix != ".tar" else "w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def unpacked(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.xz", "x.tar.gz", "x.tar.bz2"])
def test_archives_give_music_and_tables(tmp_path, name):
    archive = (zipped if name.endswith("zip") else tarred)(tmp_path / name)
    found = gather(archive, tmp_path / "scratch")
    assert [(file.name, file.path.read_bytes()) for file in found] == [("top/a.mid", b"a"), ("top/b/c.MIDI", b"c")]
    assert unpacked(tmp_path / "scratch").keys() == {"top/a.mid", "top/b/c.MIDI", "top/info.csv"}


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize("name", ["../out.mid", "/out.mid", "a/../../out.mid", "a\\..\\out.mid"])
def test_nothing_leaves_the_folder(tmp_path, pack, name):
    archive = pack(tmp_path / ("x.zip" if pack is zipped else "x.tar"), {name: b"bad", "good.mid": b"good"})
    unpack(archive, tmp_path / "in" / "scratch")
    assert unpacked(tmp_path / "in") == {"scratch/good.mid": b"good"}
    assert not (tmp_path / "out.mid").exists()


def test_links_stay_inside(tmp_path):
    (tmp_path / "secret.mid").write_bytes(b"secret")
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for kind, name in (
            (tarfile.SYMTYPE, "soft.mid"),
            (tarfile.LNKTYPE, "hard.mid"),
            (tarfile.FIFOTYPE, "pipe.mid"),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, str(tmp_path / "secret.mid")
            archive.addfile(info)
    unpack(tmp_path / "x.tar", tmp_path / "scratch")
    assert unpacked(tmp_path / "scratch") == {}


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_bombs_do_not_go_off(tmp_path, pack, monkeypatch):
    monkeypatch.setattr(module, "MEMBER_BYTES", 1_000_000)
    archive = pack(tmp_path / ("x.zip" if pack is zipped else "x.tar.xz"), {"bomb.mid": bytes(50_000_000)})
    assert archive.stat().st_size < 100_000
    with pytest.raises(CorpusError, match=r"bomb\.mid: it is larger than 1,000,000 bytes"):
        unpack(archive, tmp_path / "scratch")
    assert (tmp_path / "scratch" / "bomb.mid").stat().st_size <= 1_000_000


def test_many_small_ones_are_a_bomb_too(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "TOTAL_BYTES", 10_000)
    archive = zipped(tmp_path / "x.zip", {f"{i}.mid": bytes(3000) for i in range(5)})
    with pytest.raises(CorpusError, match=r"3\.mid: it is larger than 1,000 bytes"):
        unpack(archive, tmp_path / "scratch")


@pytest.mark.parametrize("name", ["x.zip", "x.tar", "x.tar.xz", "x.tar.gz"])
@pytest.mark.parametrize("damage", ["cut", "text", "empty"])
def test_damaged_archives(tmp_path, name, damage):
    content = {f"{i}.mid": bytes(i * j % 251 for j in range(5000)) for i in range(1, 9)}
    archive = (zipped if name.endswith("zip") else tarred)(tmp_path / name, content)
    whole = archive.read_bytes()
    archive.write_bytes({"cut": whole[: len(whole) // 2], "text": b"no archive" * 100, "empty": b""}[damage])
    with pytest.raises(CorpusError, match="cannot unpack"):
        unpack(archive, tmp_path / "scratch")


def test_a_folder_is_walked_in_order_without_hidden_files(tmp_path):
    for name in ("b.mid", "a/z.mid", "a.midi", ".hidden.mid", ".git/x.mid", "x.txt", "K.KAR"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in gather(tmp_path, tmp_path)] == ["K.KAR", "a.midi", "a/z.mid", "b.mid"]


def test_links_in_a_folder_do_not_go_round(tmp_path):
    (tmp_path / "a.mid").write_bytes(b"")
    (tmp_path / "loop").symlink_to(tmp_path)
    assert [file.name for file in gather(tmp_path, tmp_path)] == ["a.mid"]
