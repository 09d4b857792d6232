"""A real studio in a process of its own, for all tests of the service; some start one more."""

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager

import httpx
import pytest
from websockets.sync.client import connect

from antiphon.cli.main import main
from antiphon.client import Client

START_S = 60.0  # on a busy machine
HARMONIST = {"notes": 3, "beats": True, "size": 16, "layers": 1, "attention": 4, "head_size": 16}
FILLER = {"size": 64, "layers": 1, "inner": 32, "window": 16}


class Server:
    """A running ``antiphon studio``."""

    def __init__(self, home, *arguments):
        environment = {**os.environ, "HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "OMP_NUM_THREADS": "1"}
        environment["XDG_CONFIG_HOME"] = str(home / "config")
        command = [sys.executable, "-m", "antiphon", "studio", "--json", "--no-browser", "--port", "0", *arguments]
        self.log_path = home / "studio.log"
        with self.log_path.open("wb") as log:
            self.process = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=log, env=environment, cwd=home, text=True
            )
        killer = threading.Timer(START_S, self.process.kill)
        killer.start()
        printed = ""
        while not printed.rstrip().endswith("}"):
            line = self.process.stdout.readline()
            assert line, self.log_path.read_text()
            printed += line
        killer.cancel()
        self.address = json.loads(printed)["address"]
        self.api = httpx.Client(base_url=f"{self.address}api/", timeout=60, trust_env=False)

    @property
    def lines(self):
        return [json.loads(line) for line in self.log_path.read_text().splitlines() if line.startswith("{")]

    @contextmanager
    def socket(self, **options):
        with connect(f"ws{self.address[4:]}api/play", compression=None, **options) as websocket:
            yield websocket

    def play(self, **hello):
        return Client(self.address).play(**hello)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.process.wait(30)

    def close(self):
        self.api.close()
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One studio for all tests that leave it as it was."""
    running = Server(tmp_path_factory.mktemp("studio"))
    yield running
    running.close()


@pytest.fixture
def start(tmp_path):
    """Starts more of them, with options of their own."""
    started = []

    def begin(*arguments):
        started.append(Server(tmp_path, *arguments))
        return started[-1]

    yield begin
    for one in started:
        one.close()


@pytest.fixture
def models(tmp_path):
    """The folder in which a studio of ``start`` finds models by name: one of chords, one that fills; untrained."""
    from tests.tiny import tiny_model, write_model  # torch, which most tests here do without

    folder = tmp_path / "data" / "antiphon" / "models"
    folder.mkdir(parents=True)
    write_model(folder / "harmonist", tiny_model("chord", HARMONIST), "chord", HARMONIST)
    write_model(folder / "filler", tiny_model("diffusion", FILLER), "diffusion", FILLER)
    return folder


@pytest.fixture
def api(server):
    return server.api


@pytest.fixture
def client(server):
    return Client(server.address)


@pytest.fixture
def cli(capsys):
    """Runs a command in this process: its status, and what it printed."""

    def run(*arguments):
        status = main(arguments)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run
