import { describe, expect, it } from "vitest";
import { PLAIN, surprise, temperatureWord, toOptions } from "./wishes";

describe("wishes", () => {
  it("leaves out what is as the model likes it", () => {
    expect(toOptions({ ...PLAIN, topP: 1 })).toEqual({ seconds: 20 });
    expect(toOptions({ ...PLAIN, topP: 1 }, false)).toEqual({});
  });

  it("says the rest in the options of the command line", () => {
    const options = toOptions({
      ...PLAIN, unit: "notes", notes: 50, temperature: 0.9, density: 5, softest: 20, loudest: 70, lowest: 49, highest: 82,
      key: "D minor", chords: " Am F ", program: 6, guard: false,
    });
    expect(options).toEqual({
      notes: 50, temperature: "0.9", "top-p": 0.98, "notes-per-second": "4..6", velocity: "20..70", range: "C#3..Bb5",
      key: "D minor", chords: "Am F", tempo: 100, instrument: "6", "no-guard": true,
    });
  });

  it("lets a preset have its own way where nobody said otherwise", () => {
    expect(toOptions({ ...PLAIN, preset: "careful" })).toEqual({ seconds: 20 });
    expect(toOptions({ ...PLAIN, preset: "careful", topP: 0.9 })).toEqual({ seconds: 20, "top-p": 0.9 });
  });

  it("surprises within bounds", () => {
    let state = 7;
    const random = (): number => (state = (state * 16807) % 2147483647) / 2147483647;
    for (let i = 0; i < 200; i++) {
      const wishes = surprise(PLAIN, random);
      expect(wishes.lowest).toBeLessThan(wishes.highest - 11);
      expect(wishes.temperature).toBeGreaterThanOrEqual(0.8);
      expect(wishes.temperature).toBeLessThanOrEqual(1.2);
      expect(wishes.seed).toBeGreaterThan(0);
    }
  });

  it("has a word for every temperature", () => {
    expect(temperatureWord(0.5)).toBe("predictable");
    expect(temperatureWord(1)).toBe("natural");
    expect(temperatureWord(3)).toBe("wild");
  });
});
