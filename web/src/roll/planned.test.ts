import { expect, test } from "vitest";
import type { Ghost } from "./overlay";
import { beside, entrance, heir } from "./planned";

const ghost = (onset_s: number, pitch = 60): Ghost => ({ id: `${onset_s}-${pitch}`, onset_s, duration_s: 0.2, pitch, locked: false });
const [soon, later, last] = [ghost(10.1), ghost(11.5), ghost(12)] as const;
const planned = [soon, later, last];

test("the way in is a note that a hand can still reach", () => {
  expect(entrance(planned, 10)).toBe(later);
  expect(entrance(planned, 11.9)).toBe(last);
  expect(entrance([], 10)).toBeUndefined();
});

test("walking goes from note to note and stays at the ends", () => {
  expect(beside(planned, soon, 1)).toBe(later);
  expect(beside(planned, soon, -1)).toBe(soon);
  expect(beside(planned, last, 1)).toBe(last);
});

test("what has sounded hands the cursor to the next, what was moved keeps it", () => {
  expect(heir([later, last], soon)).toBe(later);
  expect(heir([soon], last)).toBe(soon);
  expect(heir([], last)).toBeUndefined();
  const moved = ghost(11.02, 63);
  expect(heir([soon, moved, later], ghost(11, 60), { onset_s: 11, pitch: 63 })).toBe(moved);
});
