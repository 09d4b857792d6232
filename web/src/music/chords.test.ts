import { expect, it } from "vitest";
import { bars } from "./chords";

it("lays chords out in bars", () => {
  expect(bars("")).toEqual([]);
  expect(bars("| Am | F#m7b5:2,Bb %| ; by the model")).toEqual(["Am", "F♯m7b5", "%", "B♭", "%"]);
  expect(bars("C:0.5 G:x")).toEqual(["C", "G"]);
});
