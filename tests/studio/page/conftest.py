"""A real Chromium, and visits to the page in it: nothing is mocked but the devices this machine lacks."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright
from tests.studio.page.driver import PATIENCE_MS, TAP, Person

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip


@contextmanager
def launched():
    """A browser; closed before other tests run, as it brings an event loop that no second one may stand beside."""
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture
def visit(chromium, server):
    """Opens the page as a first visitor does; what it complains of, or asks of other hosts, fails the test."""
    complaints, contexts = [], []

    def opened(address=server.address, *, scripts=(TAP,), hints=False, expected=(), **options):
        options = {"viewport": {"width": 1280, "height": 800}, "accept_downloads": True, **options}
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.set_default_navigation_timeout(PATIENCE_MS)
        for script in scripts:
            page.add_init_script(script)

        def console(message):
            if message.type in ("error", "warning") and not any(one in message.text for one in expected):
                complaints.append(message.text)

        host = address.partition("#")[0]
        page.on("console", console)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: request.url.startswith((host, "blob:")) or complaints.append(request.url))
        page.goto(address)
        person = Person(page)
        person.opened()
        if not hints:
            person.clicks("Close the hints")
        return person

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []
