"""A tiny corpus and bundle for these tests, and a Ctrl-C."""

import os
import signal
import threading

import pytest
from tests.tiny import at_step, bundle, corpus

__all__ = ["at_step", "bundle", "corpus"]


@pytest.fixture(autouse=True)
def _ctrl_c_works_again():
    """An interrupted command leaves Ctrl-C to the system, as it is about to exit; here others follow."""
    handler = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, handler)


@pytest.fixture
def ctrl_c():
    """A function that presses Ctrl-C after so many seconds; without any, at once."""

    def press(after_s=None):
        if after_s is None:
            os.kill(os.getpid(), signal.SIGINT)
        else:
            threading.Timer(after_s, os.kill, (os.getpid(), signal.SIGINT)).start()

    return press
