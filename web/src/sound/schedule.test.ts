import { expect, it } from "vitest";
import { inOrder, note, type Note } from "../music/note";
import { events, longest_s, soundingAt } from "./schedule";

const make = (onset_s: number, duration_s: number): Note =>
  note({ onset_s, duration_s, pitch: 60, velocity: 80, program: 0, author: "you" });

it("plans every beginning and every end once, whatever the stretches", () => {
  const notes = inOrder(Array.from({ length: 200 }, (_, i) => make((i * 37) % 19, 0.05 + ((i * 13) % 40) / 10)));
  const longest = longest_s(notes);
  const found = [];
  for (let at_s = 0; at_s < 25; at_s += 0.07) found.push(...events(notes, at_s, at_s + 0.07, longest));
  expect(found.filter((one) => one.on)).toHaveLength(200);
  expect(found.filter((one) => !one.on)).toHaveLength(200);
});

it("ends a note before the same key begins again", () => {
  const notes = [make(0, 1), make(1, 1)];
  expect(events(notes, 0.5, 1.5, 1).map((one) => one.on)).toEqual([false, true]);
});

it("knows what sounds in the middle", () => {
  const notes = [make(0, 3), make(1, 0.5)];
  expect(soundingAt(notes, 1.2, 3)).toHaveLength(2);
  expect(soundingAt(notes, 1.6, 3)).toEqual([notes[0]]);
});
