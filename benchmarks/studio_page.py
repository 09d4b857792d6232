"""The studio's page in a real Chromium: how soon it is ready, and how long a note takes from the server to it.

Ready is: painted, the piece on the roll, the models known, the live session open, so that a key that is struck is heard
and answered; counted from the start of the navigation, in a browser that was never there and in one that was. A note's
way is from the beginning of the server's step that hands it out, which may compose others, to the page; the clocks are
matched by the shortest of many pings, half a round trip off at most.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Page, expect, sync_playwright

from record import Value

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
PATIENCE_S = 60
PHRASE = "zcbmbc"
PHRASE_EVERY_S = 10
KEY_S = 0.15
PINGS = 40

# Watches the page from outside: when it shows what, and when the messages of its websocket came and were dealt with.
WATCH = """
window.seen = { due: [], pongs: [] };
const now_s = () => performance.now() / 1000;
const Plain = window.WebSocket;
window.WebSocket = class extends Plain {
  constructor(...given) {
    super(...given);
    window.socket = this;
    this.addEventListener("message", (event) => {
      const came_s = now_s(), message = JSON.parse(event.data);
      this.last = undefined;
      if (message.type === "pong") seen.pongs.push([message.t, came_s, message.now_s]);
      if (message.type !== "due" || !message.events.some((one) => one.on)) return;
      const one = (this.last = { sent_s: message.now_s, came_s });
      seen.due.push(one);
      requestAnimationFrame(() => {
        const after = new MessageChannel();
        after.port1.onmessage = () => (one.painted_s = now_s());
        after.port2.postMessage(0);
      });
    });
  }
  set onmessage(how) {
    super.onmessage = how;
    this.addEventListener("message", () => { if (this.last) this.last.handled_s = now_s(); });
  }
};
new MutationObserver(() => {
  const label = document.querySelector("[role=application]")?.getAttribute("aria-label") ?? "";
  const turn = document.querySelector(".turn")?.textContent.trim();
  if (/: [1-9]\\d* notes/.test(label) && turn === "ready") seen.ready_s ??= now_s();
  if (seen.ready_s && !document.querySelector(".state")) seen.sounds_s ??= now_s();
}).observe(document, { subtree: true, childList: true, attributes: true });
"""
PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime / 1000"


def visits(address: str, count: int) -> list[dict[str, Value]]:
    """How soon the page is ready, in seconds: ``count`` first visits, and as many that find it in the cache."""
    found: dict[tuple[str, str], list[float]] = {}
    with _chromium() as browser:
        for i in range(count + 1):
            context = browser.new_context()
            context.add_init_script(WATCH)
            page = context.new_page()
            for visit in ("first visit", "again"):
                page.goto(address)
                times = _ready(page)
                if i:  # the first fills the disk's cache
                    for what, value in times.items():
                        found.setdefault((visit, what), []).append(value)
            context.close()
    return [
        {"visit": visit, "what": what, "median s": float(np.median(values)), "worst s": max(values), "visits": count}
        for (visit, what), values in found.items()
    ]


def way(address: str, seconds: float) -> list[dict[str, Value]]:
    """From the server to the page, in milliseconds: the messages with notes of a session that plays so long."""
    with _chromium() as browser:
        page = browser.new_context().new_page()
        page.add_init_script(WATCH)
        page.goto(address)
        _ready(page)
        page.get_by_role("tab", name="Play").click()
        mode = page.get_by_role("button", name="Continue It goes on")
        mode.click()
        expect(mode).to_have_attribute("aria-pressed", "true")
        _ping(page)
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            _phrase(page)
            page.wait_for_timeout(PHRASE_EVERY_S * 1000)
        seen = page.evaluate("seen")
    sent_s, back_s, server_s = min(seen["pongs"], key=lambda pong: pong[1] - pong[0])
    zero_s = (sent_s + back_s) / 2 - server_s  # the page's time at which the session's clock began
    stages = {"at the page": "came_s", "given to the synthesiser": "handled_s", "painted": "painted_s"}
    return [
        _row(
            f"a note, server to page: {name}", [one[key] - one["sent_s"] - zero_s for one in seen["due"] if key in one]
        )
        for name, key in stages.items()
    ]


@contextmanager
def _chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def _ready(page: Page) -> dict[str, float]:
    until_s = time.monotonic() + PATIENCE_S
    while not page.evaluate("Boolean(seen.sounds_s)"):  # the page's policy forbids to ask within it
        if time.monotonic() > until_s:
            raise TimeoutError("the page is not ready: " + page.inner_text("body")[:500])
        page.wait_for_timeout(100)
    seen: dict[str, Any] = page.evaluate("seen")
    return {"painted": page.evaluate(PAINTED), "ready": seen["ready_s"], "sounds loaded": seen["sounds_s"]}


def _ping(page: Page) -> None:
    """Asks for the session's clock more often than the page does; the page takes the answers for its own."""
    for _ in range(PINGS):
        page.evaluate("socket.send(JSON.stringify({ type: 'ping', t: performance.now() / 1000 }))")
        page.wait_for_timeout(20)


def _phrase(page: Page) -> None:
    for key in PHRASE:
        page.keyboard.down(key)
        page.wait_for_timeout(KEY_S * 1000)
        page.keyboard.up(key)


def _row(what: str, seconds: list[float]) -> dict[str, Value]:
    ms = np.array(seconds or [0.0]) * 1000
    p50, p95, p99 = (float(np.percentile(ms, share)) for share in (50, 95, 99))
    return {"what": what, "count": len(seconds), "p50 ms": p50, "p95 ms": p95, "p99 ms": p99, "max ms": float(ms.max())}
