"""What every test stands on: nothing of the user's is touched, and hypothesis tries the same examples every time."""

import os
import resource
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A machine that tests for everybody must not fail by chance or by being slow; HYPOTHESIS_PROFILE=explore looks further.
SLOW = {"suppress_health_check": [HealthCheck.too_slow]}  # a busy machine is no fault of the test
settings.register_profile("ci", derandomize=True, deadline=None, max_examples=50, database=None, **SLOW)
settings.register_profile("explore", deadline=None, max_examples=2_000, print_blob=True, **SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

# Numerical libraries on one thread: small models are faster so, and results do not depend on the machine's cores.
# Set here, before any test imports one of them; commands run by tests inherit it.
for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# The models of antiphon-families are not here, installed or not: first on the path is one of its name without any.
EMPTY = str(Path(__file__).parent / "data" / "packages")
sys.path.insert(0, EMPTY)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (EMPTY, os.environ.get("PYTHONPATH"))))

# A shell that starts the tests in the background lets them ignore Ctrl-C, and with them every command they run.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home of its own for every test, and for the commands it runs: no cache, setting or corpus of the user's."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("USERPROFILE", str(home))
    for variable in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(variable, str(home / variable.lower()))
    for variable in [name for name in os.environ if name.startswith("ANTIPHON_")]:
        monkeypatch.delenv(variable)


@pytest.fixture
def full_disk() -> Callable[[int], AbstractContextManager[None]]:
    """A block in which no file of this process may grow beyond so many bytes; the test's own log may, once it ends."""

    @contextmanager
    def limited(most: int) -> Iterator[None]:
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)

    return limited


@pytest.fixture
def data() -> Path:
    """The folder of small, licensed MIDI files that tests read."""
    return Path(__file__).parent / "data"
