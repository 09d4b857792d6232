import { expect, it } from "vitest";
import { note } from "../music/note";
import { hit } from "./bars";
import { confine, fit, follow, reveal, shown_s, toPitch, toTime, toX, toY, zoom } from "./view";

const size = { width: 1044, height: 624 };
const view = { left_s: 10, perSecond: 100, top: 90, row: 10 };

it("goes from music to pixels and back", () => {
  expect(toTime(view, toX(view, 12.34))).toBeCloseTo(12.34);
  expect(toPitch(view, toY(view, 60) + 5)).toBe(60);
});

it("zooms around the pointer", () => {
  const zoomed = zoom(view, size, 2, 500);
  expect(toTime(zoomed, 500)).toBeCloseTo(toTime(view, 500));
  expect(zoomed.perSecond).toBe(200);
});

it("stays where there is music", () => {
  const lost = confine({ left_s: -5, perSecond: 1e9, top: 400, row: 0.1 }, size);
  expect(lost.left_s).toBe(0);
  expect(lost.top).toBeLessThanOrEqual(127);
  expect(lost.row * 128).toBeGreaterThanOrEqual(size.height - 24);
});

it("shows a whole piece", () => {
  const notes = [21, 60, 108].map((pitch, i) =>
    note({ onset_s: i * 10, duration_s: 1, pitch, velocity: 80, program: 0, author: "you" }),
  );
  const whole = fit(notes, size);
  for (const one of notes) {
    expect(toX(whole, one.onset_s + 1)).toBeLessThanOrEqual(size.width);
    expect(toY(whole, one.pitch)).toBeGreaterThanOrEqual(0);
    expect(toY(whole, one.pitch) + whole.row).toBeLessThanOrEqual(size.height);
    expect(hit(notes, whole, toX(whole, one.onset_s + 0.5), toY(whole, one.pitch) + whole.row / 2)).toBe(one);
  }
});

it("turns the page only when the playhead leaves it", () => {
  expect(follow(view, size, 15)).toBe(view);
  expect(follow(view, size, 25).left_s).toBeGreaterThan(20);
});

it("shows all of an hour, and goes no further than to what is looked for", () => {
  const last = note({ onset_s: 3599, duration_s: 1, pitch: 60, velocity: 80, program: 0, author: "you" });
  expect(shown_s(fit([last], size), size)).toBeGreaterThan(3600);
  expect(reveal(view, size, 15)).toBe(view);
  for (const time_s of [2, 30]) {
    const { left_s } = reveal(view, size, time_s);
    expect(time_s - left_s).toBeGreaterThan(0);
    expect(time_s - left_s).toBeLessThan(shown_s(view, size));
  }
});
