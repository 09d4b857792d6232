"""Take the pictures of the studio again: ``python web/pictures.py runs/chord-songs runs/families/diffusion``.

The models named are there beside those that ship: one of chords and one that fills, for the picture that shows both.
Look at what it writes to ``docs/pictures`` before it is committed: what a model plays is new each time.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
PICTURES = ROOT / "docs" / "pictures"
SONG = ROOT / "tests" / "data" / "cc0-openscore-lc6067798.mid"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_MS = 90_000
DESK: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "color_scheme": "light"}
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
    "device_scale_factor": 2,
}
PHRASE = "zcbmnbcxzcbmnbvc"


def main() -> None:
    """Start a studio, visit it once for each picture."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("models", nargs="*", type=Path, help="bundles that the studio finds beside those that ship")
    parser.add_argument("--only", choices=sorted(TAKEN), help="one picture")
    parser.add_argument("-o", "--output", type=Path, default=PICTURES, help="folder (default: docs/pictures)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        process, address = studio(Path(home), args.models)
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            for name in [args.only] if args.only else TAKEN:
                options, prepare = TAKEN[name]
                take(browser, address, options, prepare, args.output / f"studio-{name}.png")
        finally:
            browser.close()
            process.terminate()
            process.wait()


def studio(home: Path, models: list[Path]) -> tuple[subprocess.Popen[str], str]:
    """A studio that knows some models more, and its address."""
    folder = home / "antiphon" / "models"
    folder.mkdir(parents=True)
    for model in models:
        (folder / model.name).symlink_to(model.resolve())
    command = [sys.executable, "-m", "antiphon", "studio", "--json", "--no-browser", "--port", "0"]
    environment = {**os.environ, "XDG_DATA_HOME": str(home)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True)
    assert process.stdout is not None
    printed = ""
    while not printed.rstrip().endswith("}"):
        printed += process.stdout.readline()
    return process, json.loads(printed)["address"]


def take(browser: Browser, address: str, options: dict[str, Any], prepare: Callable[[Page], None], to: Path) -> None:
    """One visit, one picture."""
    context = browser.new_context(**options)
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    page.goto(address)
    expect(page.get_by_text("ready", exact=True)).to_be_visible()
    prepare(page)
    page.screenshot(path=to)
    context.close()
    sys.stdout.write(f"{to}\n")


def _first(page: Page) -> None:
    """As it opens."""


def _takes(page: Page) -> None:
    _quiet(page)
    _box(page, 0.24, 0.6)
    page.get_by_role("button", name="Rewrite", exact=True).click()
    some = page.get_by_role("group", name="Takes").get_by_role("listitem")
    expect(some).to_have_count(4)
    some.nth(2).get_by_role("button").click()
    page.wait_for_timeout(2500)  # a moment of it is heard


def _chords(page: Page) -> None:
    _quiet(page)
    page.get_by_role("button", name="Propose chords").click()
    expect(page.get_by_role("list", name="The chords").get_by_role("listitem").first).to_be_visible()
    page.get_by_role("list", name="The chords").scroll_into_view_if_needed()
    _box(page, 0.45, 0.95)
    page.mouse.move(5, 5)


def _dark(page: Page) -> None:
    _quiet(page)
    page.get_by_role("tab", name="Play").click()
    page.get_by_role("slider", name="Plans ahead", exact=True).first.fill("4")
    page.get_by_role("tabpanel").evaluate("(panel) => panel.scrollTo(0, 0)")
    for key in PHRASE:
        page.keyboard.down(key)
        page.wait_for_timeout(170)
        page.keyboard.up(key)
    page.keyboard.press("Enter")
    expect(page.locator(".ghost").nth(5)).to_be_visible()
    page.keyboard.press("PageDown")
    page.keyboard.press("End")
    page.wait_for_timeout(1200)  # some of the answer has sounded


def _see(page: Page) -> None:
    _quiet(page)
    page.get_by_role("tab", name="See").click()
    expect(page.get_by_text("nats a note", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="how surprised the model was")).to_be_visible()
    page.wait_for_timeout(500)  # until it is painted


def _score(page: Page) -> None:
    _quiet(page)
    before = page.get_by_role("application").get_attribute("aria-label") or ""
    page.locator("input[type=file]").set_input_files(SONG)
    expect(page.get_by_role("application")).not_to_have_attribute("aria-label", before)
    page.get_by_label("Title of the piece").fill("A song")
    page.get_by_role("button", name="Score", exact=True).click()
    picture = page.get_by_role("dialog").get_by_role("img")
    expect(picture).to_be_visible()
    picture.evaluate("(image) => image.decode()")
    _unsaid(page)


def _phone(page: Page) -> None:
    page.get_by_role("button", name="Play", exact=True).tap()
    page.wait_for_timeout(4000)


TAKEN: dict[str, tuple[dict[str, Any], Callable[[Page], None]]] = {
    "first": (DESK, _first),
    "takes": (DESK, _takes),
    "chords": (DESK, _chords),
    "dark": ({**DESK, "color_scheme": "dark"}, _dark),
    "see": (DESK, _see),
    "score": (DESK, _score),
    "phone": (PHONE, _phone),
}


def _quiet(page: Page) -> None:
    page.get_by_role("button", name="Close the hints").click()


def _unsaid(page: Page) -> None:
    """Waits until no message is shown."""
    expect(_lines(page)).to_have_count(0)


def _lines(page: Page) -> Locator:
    return page.locator(".messages .line")


def _box(page: Page, left: float, right: float) -> None:
    """A box around all notes between two shares of the roll's width."""
    field = page.get_by_role("application").bounding_box()
    assert field is not None
    x, y, width, height = field["x"] + 44, field["y"] + 26, field["width"] - 44, field["height"] - 28
    page.mouse.move(x + left * width, y)
    page.mouse.down()
    page.mouse.move(x + left * width + 20, y + 40)
    page.mouse.move(x + right * width, y + height)
    page.mouse.up()


if __name__ == "__main__":
    main()
