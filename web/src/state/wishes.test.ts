import { describe, expect, it } from "vitest";
import { PLAIN, surprise, temperatureWord, toFilling, toOptions, toProgression } from "./wishes";

describe("wishes", () => {
  it("leaves out what is as the model likes it", () => {
    expect(toOptions(PLAIN)).toEqual({ seconds: 20 });
    expect(toOptions(PLAIN, false)).toEqual({});
  });

  it("says the rest in the options of the command line", () => {
    const options = toOptions({
      ...PLAIN, unit: "notes", notes: 50, temperature: 0.9, topP: 0.98, density: 5, softest: 20, loudest: 70, lowest: 49, highest: 82,
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

  it("asks for chords in fours, as many as the piece needs", () => {
    expect(toProgression({ ...PLAIN, key: "G major" })).toEqual({ tempo: 100, bars: 12, key: "G major" });
    expect(toProgression({ ...PLAIN, seconds: 4 })).toEqual({ tempo: 100, bars: 4 });
    expect(toProgression({ ...PLAIN, seconds: 180, tempo: 60 })).toEqual({ tempo: 60, bars: 16 });
    expect(toProgression({ ...PLAIN, unit: "notes" })).toEqual({ tempo: 100, bars: 8 });
  });

  it("asks a model that fills for nothing about time", () => {
    const wishes = { ...PLAIN, topP: 0.98, density: 5, softest: 20, chords: "Am F", tempo: 90, key: "C major", program: 6, guard: false };
    expect(toFilling(wishes, true)).toEqual({ "top-p": 0.98, velocity: "20..127", key: "C major", instrument: "6" });
    expect(toFilling(wishes, false)).toEqual({ "top-p": 0.98, key: "C major" });
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
