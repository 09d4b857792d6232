import { describe, expect, it } from "vitest";
import * as edit from "./edit";
import { History } from "./history";
import { note, type Note } from "./note";

const make = (onset_s: number, pitch: number, duration_s = 0.5): Note =>
  note({ onset_s, duration_s, pitch, velocity: 80, program: 0, author: "you" });
const all = (notes: readonly Note[]): Set<number> => new Set(notes.map((one) => one.id));

describe("editing", () => {
  it("moves notes as one body and stops at the ends of the keyboard and of time", () => {
    const notes = [make(1, 60), make(1.5, 126)];
    const moved = edit.move(notes, all(notes), -3, 12);
    expect(moved.map((one) => [one.onset_s, one.pitch])).toEqual([[0, 61], [0.5, 127]]);
  });

  it("keeps the order after a move", () => {
    const notes = [make(0, 60), make(1, 62)];
    const moved = edit.move(notes, new Set([notes[0]!.id]), 2, 0);
    expect(moved.map((one) => one.pitch)).toEqual([62, 60]);
  });

  it("never makes a note shorter than the grid of time", () => {
    const notes = [make(0, 60)];
    expect(edit.resize(notes, all(notes), -9)[0]!.duration_s).toBe(0.01);
  });

  it("bounds velocities", () => {
    const notes = [make(0, 60)];
    expect(edit.louder(notes, all(notes), 300)[0]!.velocity).toBe(127);
    expect(edit.loudness(notes, all(notes), -4)[0]!.velocity).toBe(1);
  });

  it("quantises a share of the way", () => {
    const notes = [make(0.3, 60)];
    expect(edit.quantise(notes, all(notes), 0.25)[0]!.onset_s).toBeCloseTo(0.25);
    expect(edit.quantise(notes, all(notes), 0.25, 0.5)[0]!.onset_s).toBeCloseTo(0.275);
  });

  it("knows the passage of a selection, and none without one", () => {
    const notes = [make(1, 60, 2), make(2, 64, 0.5), make(5, 67)];
    expect(edit.span(notes, new Set([notes[0]!.id, notes[1]!.id]))).toEqual({ from_s: 1, to_s: 3 });
    expect(edit.span(notes, new Set())).toBeUndefined();
    expect(edit.span(notes, new Set([notes[0]!.id])), "what follows is not part of it").toEqual({ from_s: 1, to_s: 2 });
  });

  it("replaces a passage and says which notes are new", () => {
    const notes = [make(0, 60), make(1, 62)];
    const { notes: after, ids } = edit.replace(notes, new Set([notes[0]!.id]), [
      { onset_s: 2, duration_s: 1, pitch: 70, velocity: 60, program: 0, author: "model" },
    ]);
    expect(after.map((one) => one.pitch)).toEqual([62, 70]);
    expect([...ids]).toEqual([after[1]!.id]);
  });
});

describe("history", () => {
  it("goes back and forth, and forgets what was undone after another change", () => {
    const history = new History<number>();
    history.keep(1);
    history.keep(2);
    expect(history.undo(3)).toBe(2);
    expect(history.redo(2)).toBe(3);
    expect(history.undo(3)).toBe(2);
    history.keep(2);
    expect(history.canRedo).toBe(false);
    expect(history.undo(9)).toBe(2);
    expect(history.undo(2)).toBe(1);
    expect(history.undo(1)).toBeUndefined();
  });
});
