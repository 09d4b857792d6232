import { expect, it } from "vitest";
import { note } from "../music/note";
import { density, histogram, pitchClasses, steps } from "../music/statistics";
import { fromMusic, tempoOf, toMusic } from "./music";
import { fromFragment, toFragment } from "./share";

const notes = [60, 64, 67].map((pitch, i) =>
  note({ onset_s: i / 2, duration_s: 0.4, pitch, velocity: 70 + i, program: 0, author: i % 2 ? "model" : "you" }),
);

it("keeps who wrote what on its way to the service and back", () => {
  const music = toMusic(notes, 90);
  expect(tempoOf(music)).toBe(90);
  const back = fromMusic(music, (track) => (track === 1 ? "model" : "you"));
  expect(back).toEqual(notes.map(({ id: _, ...sketch }) => sketch));
});

it("names no tracks where Antiphon wrote nothing, so that a score shows the instruments", () => {
  expect(toMusic(notes).tracks).toEqual(["you", "Antiphon"]);
  expect(toMusic(notes.filter((one) => one.author === "you")).tracks).toEqual(["", ""]);
});

it("puts a whole piece into a link and takes it out again", async () => {
  const shared = { v: 1 as const, title: "Ein Stück ♪", tempo: 0, wishes: { seed: 3 }, music: toMusic(notes) };
  const fragment = await toFragment(shared);
  expect(fragment).toMatch(/^#piece=[\w-]+$/);
  expect(await fromFragment(fragment)).toEqual(shared);
  expect(await fromFragment("#other")).toBeUndefined();
  await expect(fromFragment(fragment.slice(0, -9))).rejects.toThrow();
});

it("counts in shares", () => {
  expect(histogram([1, 2, 2, 99], [0, 2, 4])).toEqual([0.25, 0.75]);
  expect(steps(notes)).toEqual([0.5, 0.5]);
  expect(density(notes)).toBeCloseTo(2);
  expect(density(notes.slice(0, 1))).toBe(0);
  expect(pitchClasses(notes)[4]).toBeCloseTo(1 / 3);
});
