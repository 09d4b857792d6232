/** Notes as the page keeps them: the service's form, with an identity and an author. */

export type Author = "you" | "model";

export const DRUMS = 128;

export interface Note {
  readonly id: number;
  readonly onset_s: number;
  readonly duration_s: number;
  readonly pitch: number; // 0 to 127
  readonly velocity: number; // 1 to 127
  readonly program: number; // 0 to 127, or DRUMS
  readonly author: Author;
}

/** A note without an identity, as it comes from the service, a file or a hand. */
export type Sketch = Omit<Note, "id">;

let last = 0;

/** A note of its own identity, with every value in range. */
export function note(sketch: Sketch): Note {
  return {
    id: ++last,
    onset_s: Math.max(0, sketch.onset_s),
    duration_s: Math.max(SHORTEST_S, sketch.duration_s),
    pitch: clamp(Math.round(sketch.pitch), 0, 127),
    velocity: clamp(Math.round(sketch.velocity), 1, 127),
    program: clamp(Math.round(sketch.program), 0, DRUMS),
    author: sketch.author,
  };
}

export const SHORTEST_S = 0.01;

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** By onset, then pitch: the order of a Score. */
export function inOrder(notes: readonly Note[]): Note[] {
  return [...notes].sort((a, b) => a.onset_s - b.onset_s || a.pitch - b.pitch || a.id - b.id);
}

export function end_s(one: Pick<Note, "onset_s" | "duration_s">): number {
  return one.onset_s + one.duration_s;
}

/** When the last note ends; 0 without notes. */
export function length_s(notes: readonly Note[]): number {
  let latest = 0;
  for (const one of notes) latest = Math.max(latest, end_s(one));
  return latest;
}

/** Index of the first note at or after a time, of notes in order. */
export function firstAt(notes: readonly Note[], time_s: number): number {
  let low = 0;
  let high = notes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (notes[middle]!.onset_s < time_s) low = middle + 1;
    else high = middle;
  }
  return low;
}
