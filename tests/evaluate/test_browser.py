"""The report in a real browser: sorted by keys, voted in, read on a phone and in the dark, asking for nothing else."""

import json

import pytest
from playwright.sync_api import expect
from tests.evaluate.test_comparison import comparison, html, results, theirs
from tests.studio.page.conftest import launched

__all__ = ["chromium", "comparison", "html", "results", "theirs"]
pytestmark = [pytest.mark.torch, pytest.mark.realtime]


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture
def report(chromium, html, tmp_path):
    """Opens the page from its file; what it complains of, or asks of anybody, fails the test."""
    complaints, contexts = [], []
    (tmp_path / "index.html").write_text(html, encoding="utf-8")

    def opened(**options):
        contexts.append(chromium.new_context(accept_downloads=True, **options))
        page = contexts[-1].new_page()
        page.on("console", lambda said: said.type in ("error", "warning") and complaints.append(said.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda one: one.url.startswith(("file:", "data:", "blob:")) or complaints.append(one.url))
        page.goto((tmp_path / "index.html").as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def test_on_a_phone_in_the_dark_nothing_overflows(report):
    page = report(viewport={"width": 360, "height": 740}, color_scheme="dark", is_mobile=True)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    shades = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
    assert max(page.evaluate(shades)) < 64
    page.get_by_role("button", name="Colours").click()  # as the system, then light
    assert min(page.evaluate(shades)) > 192


def test_keys_sort_the_leaderboard(report):
    page = report()
    heading = page.get_by_role("region", name="Leaderboard").get_by_role("columnheader", name="contestant")
    first = page.locator("#leaderboard tbody th").first
    heading.get_by_role("button").focus()
    for order, name in (("ascending", "real music"), ("descending", "tiny")):
        page.keyboard.press("Enter")
        expect(heading).to_have_attribute("aria-sort", order)
        expect(first).to_contain_text(name)


def test_a_blind_vote_is_kept_counted_and_saved(report):
    page = report()
    page.locator("#blind-test").focus()
    page.keyboard.press("a")
    expect(page.get_by_role("status")).to_contain_text("Kept. It was ")
    page.reload()
    expect(page.locator("#count")).to_have_text("1 vote")
    page.get_by_text("Tally").click()
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save votes").click()
    (vote,) = json.loads(saved.value.path().read_text())["votes"]
    assert vote["winner"] == "a"
    assert {vote["a"], vote["b"]} < {"real music", "tiny", "theirs"}
