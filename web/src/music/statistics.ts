/** What the pictures of a piece count: shares that add up to 1, so that a piece and a corpus can lie over each other. */

import { DRUMS, type Note } from "./note";

export interface Bins {
  readonly edges: readonly number[]; // one more than bins
  readonly label: (value: number) => string;
}

const seconds = (value: number): string => (value < 1 ? `${Math.round(value * 1000)} ms` : `${+value.toFixed(1)} s`);

export const STEP_EDGES = [0, 0.02, 0.05, 0.08, 0.12, 0.17, 0.23, 0.3, 0.4, 0.55, 0.75, 1, 1.5, 2, 4, Infinity];
export const DURATION_EDGES = [0, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.55, 0.75, 1, 1.5, 2, 3, 4, 6, Infinity];
export const PITCH_EDGES = Array.from({ length: 23 }, (_, i) => 20 + i * 4); // the piano, four semitones a bin
export const VELOCITY_EDGES = Array.from({ length: 17 }, (_, i) => i * 8);

export const describeSeconds = seconds;

/** Times from each note's onset to the next one's. */
export function steps(notes: readonly Note[]): number[] {
  return notes.slice(1).map((one, i) => one.onset_s - notes[i]!.onset_s);
}

/** The share of values in each bin; all 0 without values. */
export function histogram(values: readonly number[], edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const value of values) {
    let bin = 0;
    while (bin < counts.length - 1 && value >= edges[bin + 1]!) bin++;
    counts[bin]! += 1;
  }
  const all = values.length || 1;
  return counts.map((count) => count / all);
}

/** The share of sounding time of each pitch class; drums have none. */
export function pitchClasses(notes: readonly Note[]): number[] {
  const weights = new Array<number>(12).fill(0);
  let all = 0;
  for (const one of notes) {
    if (one.program === DRUMS) continue;
    weights[one.pitch % 12]! += one.duration_s;
    all += one.duration_s;
  }
  return weights.map((weight) => weight / (all || 1));
}

/** Notes a second, from the first onset to the last; 0 for fewer than two. */
export function density(notes: readonly Note[]): number {
  const first = notes[0];
  const last = notes.at(-1);
  if (!first || !last || last.onset_s <= first.onset_s) return 0;
  return (notes.length - 1) / (last.onset_s - first.onset_s);
}
