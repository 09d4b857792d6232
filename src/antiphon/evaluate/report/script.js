"use strict";
// Browsers may refuse storage to pages opened from a file; then votes last as long as the page.
const store = {
  memory: {},
  get(key) { try { return localStorage.getItem(key) ?? this.memory[key]; } catch { return this.memory[key]; } },
  set(key, value) { this.memory[key] = value; try { localStorage.setItem(key, value); } catch { /* kept in memory */ } },
};
const $ = (selector) => document.querySelector(selector);

// Colours: as the system, light, dark.
const themes = ["auto", "light", "dark"];
function paint(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  $("#theme").setAttribute("aria-label", `Colours: ${theme === "auto" ? "as the system" : theme}`);
  $("#theme").title = $("#theme").getAttribute("aria-label");
  $("#theme").textContent = { auto: "◐", light: "☀", dark: "☾" }[theme];
}
let theme = store.get("antiphon-theme") ?? "auto";
paint(theme);
$("#theme").onclick = () => {
  theme = themes[(themes.indexOf(theme) + 1) % themes.length];
  store.set("antiphon-theme", theme);
  paint(theme);
};

// Tables: a click on a heading sorts, another turns round; rows without a number stay last.
for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((head, column) => {
    const button = head.querySelector("button");
    if (!button) return;
    button.onclick = () => {
      const first = head.dataset.better === "1" ? "descending" : "ascending";
      const before = head.getAttribute("aria-sort");
      const next = before === first ? (first === "ascending" ? "descending" : "ascending") : first;
      table.querySelectorAll("thead th").forEach((other) => other.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", next);
      const sign = next === "ascending" ? 1 : -1;
      const value = (row) => row.cells[column].dataset.value;
      const rows = [...table.tBodies[0].rows].sort((a, b) => {
        const [x, y] = [value(a), value(b)];
        if (!x || !y) return (x ? 0 : 1) - (y ? 0 : 1);
        return sign * (isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y);
      });
      table.tBodies[0].append(...rows);
    };
  });
}

// The section at hand, marked in the navigation.
const links = new Map([...document.querySelectorAll("nav a")].map((a) => [a.hash.slice(1), a]));
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    const link = links.get(entry.target.id);
    link?.setAttribute("aria-current", "true");
    link?.parentElement.scrollTo({ left: link.offsetLeft - link.parentElement.offsetLeft - 40 });
  }
}, { rootMargin: "-20% 0px -70% 0px" });
document.querySelectorAll("main section[id]").forEach((section) => seen.observe(section));

// One sound at a time.
document.addEventListener("play", (event) => {
  document.querySelectorAll("audio").forEach((other) => { if (other !== event.target) other.pause(); });
}, true);

// Blind listening: two clips of two systems, in random order, without names. Votes stay in this browser.
const blind = $("#blind-test");
if (blind) {
  const clips = JSON.parse($("#clips").textContent);
  const key = `antiphon-votes-${blind.dataset.report}`;
  let votes = [];
  try { votes = JSON.parse(store.get(key) ?? "[]"); } catch { /* a damaged store is an empty one */ }
  let pair = [];
  const pick = (from) => from[Math.floor(Math.random() * from.length)];
  const sound = (id) => document.getElementById(`clip-${id}`).src;

  function next() {
    const first = pick(clips);
    const second = pick(clips.filter((clip) => clip.by !== first.by));
    pair = [first, second];
    pair.forEach((clip, i) => { const player = $(i ? "#b" : "#a"); player.src = sound(clip.id); player.load(); });
  }
  function vote(winner) {
    votes.push({ a: pair[0].by, b: pair[1].by, clip_a: pair[0].id, clip_b: pair[1].id, winner, at: new Date().toISOString() });
    store.set(key, JSON.stringify(votes));
    $("#said").textContent = `Kept. It was ${pair[0].by} (A) against ${pair[1].by} (B).`;
    count();
    next();
  }
  function count() {
    const names = [...new Set(clips.map((clip) => clip.by))];
    const wins = (name) => votes.reduce((sum, v) => {
      if (v.a !== name && v.b !== name) return sum;
      if (v.winner === "neither") return sum + 0.5;
      return sum + (v[v.winner] === name ? 1 : 0);
    }, 0);
    const rows = names.map((name) => ({ name, wins: wins(name), heard: votes.filter((v) => v.a === name || v.b === name).length }));
    rows.sort((x, y) => y.wins / (y.heard || 1) - x.wins / (x.heard || 1));
    $("#tally").replaceChildren(...rows.map((row) => {
      const line = document.createElement("tr");
      const cells = [row.name, row.wins, row.heard, row.heard ? `${Math.round(100 * row.wins / row.heard)} %` : "–"];
      cells.forEach((text, i) => { const cell = document.createElement(i ? "td" : "th"); cell.textContent = text; line.append(cell); });
      return line;
    }));
    $("#count").textContent = `${votes.length} vote${votes.length === 1 ? "" : "s"}`;
  }
  blind.querySelectorAll("[data-vote]").forEach((button) => { button.onclick = () => vote(button.dataset.vote); });
  $("#skip-pair").onclick = next;
  $("#export").onclick = () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([JSON.stringify({ report: blind.dataset.report, votes }, null, 1)], { type: "application/json" }));
    link.download = "antiphon-votes.json";
    link.click();
    URL.revokeObjectURL(link.href);
  };
  $("#clear").onclick = () => { if (confirm("Forget all votes of this page?")) { votes = []; store.set(key, "[]"); count(); } };
  blind.addEventListener("keydown", (event) => {
    const choice = { a: "a", b: "b", "0": "neither" }[event.key.toLowerCase()];
    if (choice && !event.ctrlKey && !event.metaKey && !event.altKey) vote(choice);
  });
  count();
  next();
}
