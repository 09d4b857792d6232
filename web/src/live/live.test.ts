import { describe, expect, it } from "vitest";
import { Clock } from "./clock";
import { pitchOf, printedFor } from "./keys";
import { Tape } from "./tape";

describe("clock", () => {
  it("believes the quickest answer", () => {
    const clock = new Clock();
    clock.sample(10, 10.2, 5.15); // half a trip of 100 ms, 50 ms astray
    clock.sample(11, 11.01, 6.005);
    expect(clock.offset_s).toBeCloseTo(-5);
  });

  it("forgets old answers", () => {
    const clock = new Clock();
    clock.sample(0, 0.001, 100);
    for (let i = 0; i < 12; i++) clock.sample(i, i + 0.1, i + 0.05);
    expect(clock.offset_s).toBeCloseTo(0);
  });
});

describe("tape", () => {
  it("begins after what is written and keeps time while someone plays", () => {
    const tape = new Tape(20, 100);
    expect(tape.begin(100)).toBeCloseTo(21.5);
    expect(tape.begin(101)).toBeCloseTo(22.5);
  });

  it("cuts a long silence out", () => {
    const tape = new Tape(0, 5);
    tape.begin(5);
    tape.until(6);
    expect(tape.begin(60)).toBeCloseTo(3);
  });

  it("waits with its head while nobody plays", () => {
    const tape = new Tape(0, 0);
    tape.begin(0);
    tape.until(1);
    expect(tape.head(2)).toBeCloseTo(2.5);
    expect(tape.head(100)).toBeCloseTo(4.5);
  });
});

describe("computer keyboard", () => {
  it("has two rows that meet in an octave", () => {
    expect(pitchOf("KeyZ", 48)).toBe(48);
    expect(pitchOf("Comma", 48)).toBe(pitchOf("KeyQ", 48));
    expect(pitchOf("KeyS", 48)).toBe(49);
    expect(pitchOf("KeyA", 48)).toBeUndefined();
    expect(pitchOf("KeyP", 120)).toBeUndefined();
    expect(printedFor(52, 48)).toBe("C");
    expect(printedFor(49, 48)).toBe("S");
  });
});
