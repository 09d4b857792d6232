import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from antiphon.corpus.fetch import fetch, install
from antiphon.corpus.sources import SOURCES, local
from antiphon.errors import CorpusError, FileError

CONTENT = bytes(range(256)) * 4096  # 1 MiB


class Server(ThreadingHTTPServer):
    """Serves CONTENT as its switches say, and notes what it was asked for."""

    daemon_threads = True
    content = CONTENT
    ranges = True  # whether it knows them
    cut: int | None = None  # bytes after which it hangs up
    cuts = 10**9  # times that it does so
    status = 0  # an error to answer with
    wait_s = 0.0  # after each piece

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        server = self.server
        server.asked.append(self.headers.get("Range"))
        first = int(re.search(r"\d+", self.headers["Range"])[0]) if server.ranges and "Range" in self.headers else 0
        if server.status or first >= len(server.content):
            return self.send_error(server.status or 416)
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(server.content) - first))
        self.end_headers()
        return self.send(server.content[first:])

    def send(self, body):
        server = self.server
        if server.cut is not None and server.cuts > 0:
            server.cuts -= 1
            body = body[: server.cut]
        with suppress(ConnectionError):  # who asked may hang up
            for i in range(0, len(body), 1 << 16):
                self.wfile.write(body[i : i + (1 << 16)])
                self.wfile.flush()
                time.sleep(server.wait_s)

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    with Server() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def source(server):
    return replace(
        SOURCES["maestro-v2.0.0"],
        url=f"http://127.0.0.1:{server.server_port}/music.zip",
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        bytes=len(CONTENT),
    )


def get(source, folder, **options):
    return fetch(source, folder, pause_s=0, **options)


def left_in(folder):
    return sorted(path.name for path in folder.iterdir())


def test_what_comes_is_what_was_sent(source, tmp_path):
    told = []
    path = get(source, tmp_path, progress=lambda done, total: told.append((done, total)))
    assert path == tmp_path / "music.zip" == local(source, tmp_path)
    assert path.read_bytes() == CONTENT
    assert left_in(tmp_path) == ["music.zip"]
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert told == sorted(told)


def test_what_is_here_is_not_fetched_again(source, server, tmp_path):
    assert get(source, tmp_path) == get(source, tmp_path)
    assert len(server.asked) == 1


def test_it_goes_where_prepare_looks(source):
    assert get(source, None) == local(source)


def test_a_broken_connection_is_taken_up(source, server, tmp_path):
    server.cut = 400_000
    assert get(source, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=400000-", "bytes=800000-"]


def test_the_next_run_goes_on(source, server, tmp_path):
    (tmp_path / ".music.zip.part").write_bytes(CONTENT[:300_000])
    assert get(source, tmp_path).read_bytes() == CONTENT
    assert server.asked == ["bytes=300000-"]


def test_a_server_that_knows_no_ranges(source, server, tmp_path):
    server.ranges, server.cut, server.cuts = False, 500_000, 1
    assert get(source, tmp_path).read_bytes() == CONTENT
    assert server.asked == [None, "bytes=500000-"]


def test_a_server_that_never_finishes_is_given_up(source, server, tmp_path):
    server.cut, server.cuts = 0, 10**9
    (tmp_path / ".music.zip.part").write_bytes(CONTENT[:1000])
    with pytest.raises(CorpusError, match=r"1,000 of 1,048,576 bytes are here: run it again"):
        get(source, tmp_path)
    assert left_in(tmp_path) == [".music.zip.part"]


def test_the_wrong_bytes_are_refused_and_removed(source, server, tmp_path):
    server.content = b"x" + CONTENT[1:]
    with pytest.raises(CorpusError, match=f"SHA-256 {hashlib.sha256(server.content).hexdigest()} .*{source.sha256}"):
        get(source, tmp_path)
    assert left_in(tmp_path) == []


def test_a_part_of_something_else_is_removed(source, server, tmp_path):
    (tmp_path / ".music.zip.part").write_bytes(b"x" * 1000)
    with pytest.raises(CorpusError, match="SHA-256"):
        get(source, tmp_path)
    assert get(source, tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("content", [b"<html>please log in</html>", CONTENT * 2])
def test_another_size_is_refused_at_once(source, server, tmp_path, content):
    server.content = content
    with pytest.raises(CorpusError, match=f"has {len(content):,} bytes instead of 1,048,576"):
        get(source, tmp_path)
    assert left_in(tmp_path) == []
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [403, 404])
def test_a_refusal_is_said(source, server, tmp_path, status):
    server.status = status
    with pytest.raises(CorpusError, match=f"the server says {status}"):
        get(source, tmp_path)
    assert len(server.asked) == 1


def test_a_server_in_trouble_is_asked_again(source, server, tmp_path):
    server.status = 503
    with pytest.raises(CorpusError, match="503"):
        get(source, tmp_path)
    assert len(server.asked) == 5


def test_a_range_that_cannot_be_is_dropped(source, server, tmp_path):
    (tmp_path / ".music.zip.part").write_bytes(CONTENT[:900])
    server.status = 416
    with pytest.raises(CorpusError, match="416"):
        get(source, tmp_path)
    assert server.asked == ["bytes=900-", None, None, None, None]


def test_no_network(source, server, tmp_path):
    server.shutdown()
    server.server_close()
    with pytest.raises(CorpusError, match=r"refused.*--from FILE"):
        get(source, tmp_path)
    assert left_in(tmp_path) == []


def test_no_name_server(source, tmp_path):
    with pytest.raises(CorpusError, match=r"cannot fetch http://nowhere\.invalid/music\.zip"):
        get(replace(source, url="http://nowhere.invalid/music.zip"), tmp_path)


def test_a_full_disk(source, tmp_path, full_disk):
    with full_disk(200_000), pytest.raises(FileError, match="make room and run it again"):
        get(source, tmp_path)
    assert left_in(tmp_path) == [".music.zip.part"]


def test_a_full_disk_for_a_copy(source, tmp_path, full_disk):
    copy = tmp_path / "download.zip"
    copy.write_bytes(CONTENT)
    with full_disk(200_000), pytest.raises(FileError, match="cannot copy"):
        install(source, copy, tmp_path / "here")
    assert left_in(tmp_path / "here") == []


def test_ctrl_c(source, server, tmp_path):
    server.wait_s = 0.1
    program = (
        "import sys; from dataclasses import replace; from antiphon.corpus import sources\n"
        "sources.SOURCES['maestro-v2.0.0'] = replace(sources.SOURCES['maestro-v2.0.0'], "
        f"url={source.url!r}, sha256={source.sha256!r}, bytes={source.bytes})\n"
        f"from antiphon.cli.main import main; sys.exit(main(['fetch', 'maestro-v2.0.0', '-o', {str(tmp_path)!r}]))"
    )
    process = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.PIPE, text=True)
    part, end = tmp_path / ".music.zip.part", time.monotonic() + 30
    while not (part.exists() and part.stat().st_size):
        assert time.monotonic() < end, "it never began"
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=10)[1] == "antiphon fetch: interrupted\n"
    assert process.returncode == 130
    assert left_in(tmp_path) == [".music.zip.part"]
    server.wait_s = 0
    assert get(source, tmp_path).read_bytes() == CONTENT
    assert server.asked[-1] != "bytes=0-"


def test_a_copy_on_disk_is_checked_and_put_there(source, tmp_path):
    copy = tmp_path / "download.zip"
    copy.write_bytes(CONTENT)
    path = install(source, copy, tmp_path / "here")
    assert path == local(source, tmp_path / "here")
    assert path.read_bytes() == copy.read_bytes() == CONTENT


def test_a_copy_of_something_else(source, tmp_path):
    copy = tmp_path / "download.zip"
    copy.write_bytes(CONTENT[:-1])
    with pytest.raises(CorpusError, match=r"download\.zip is not music\.zip: it has 1,048,575 bytes"):
        install(source, copy, tmp_path / "here")
    assert left_in(tmp_path / "here") == []


def test_a_copy_that_is_not_there(source, tmp_path):
    with pytest.raises(FileError, match="there is no file"):
        install(source, tmp_path / "download.zip", tmp_path)


def test_a_folder_that_cannot_be_made(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot make the folder"):
        get(source, tmp_path / "file" / "here")
