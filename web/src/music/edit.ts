/** Editing as functions from notes to notes; every result is in order. */

import { clamp, end_s, inOrder, type Note, note, SHORTEST_S, type Sketch } from "./note";

const CHORD_S = 0.03; // notes so close together are one chord

export type Selection = ReadonlySet<number>; // of identities

export function add(notes: readonly Note[], sketches: readonly Sketch[]): { notes: Note[]; ids: Set<number> } {
  const added = sketches.map(note);
  return { notes: inOrder([...notes, ...added]), ids: new Set(added.map((one) => one.id)) };
}

/** With a note of its own identity, instead of one that had it. */
export function insert(notes: readonly Note[], one: Note): Note[] {
  return inOrder([...notes.filter((other) => other.id !== one.id), one]);
}

export function remove(notes: readonly Note[], chosen: Selection): Note[] {
  return notes.filter((one) => !chosen.has(one.id));
}

function change(notes: readonly Note[], chosen: Selection, how: (one: Note) => Partial<Note>): Note[] {
  return inOrder(notes.map((one) => (chosen.has(one.id) ? { ...one, ...how(one) } : one)));
}

/** Moves notes as one body: none leaves the keyboard or begins before 0. */
export function move(notes: readonly Note[], chosen: Selection, by_s: number, semitones: number): Note[] {
  const moved = notes.filter((one) => chosen.has(one.id));
  if (!moved.length) return [...notes];
  const low = Math.min(...moved.map((one) => one.pitch));
  const high = Math.max(...moved.map((one) => one.pitch));
  const shift = clamp(Math.round(semitones), -low, 127 - high);
  const later_s = Math.max(by_s, -Math.min(...moved.map((one) => one.onset_s)));
  return change(notes, chosen, (one) => ({ onset_s: one.onset_s + later_s, pitch: one.pitch + shift }));
}

/** Moves the ends. */
export function resize(notes: readonly Note[], chosen: Selection, by_s: number): Note[] {
  return change(notes, chosen, (one) => ({ duration_s: Math.max(SHORTEST_S, one.duration_s + by_s) }));
}

export function louder(notes: readonly Note[], chosen: Selection, by: number): Note[] {
  return change(notes, chosen, (one) => ({ velocity: clamp(Math.round(one.velocity + by), 1, 127) }));
}

export function loudness(notes: readonly Note[], chosen: Selection, velocity: number): Note[] {
  return change(notes, chosen, () => ({ velocity: clamp(Math.round(velocity), 1, 127) }));
}

/** Onsets go onto the grid, `share` of the way; lengths stay. */
export function quantise(notes: readonly Note[], chosen: Selection, step_s: number, share = 1): Note[] {
  return change(notes, chosen, (one) => {
    const target = Math.round(one.onset_s / step_s) * step_s;
    return { onset_s: one.onset_s + (target - one.onset_s) * share };
  });
}

/** Notes that begin from one time up to another. */
export function within(notes: readonly Note[], from_s: number, to_s: number): Note[] {
  return notes.filter((one) => one.onset_s >= from_s && one.onset_s < to_s);
}

/** The passage that a selection covers, up to what begins after it; undefined without a selection. */
export function span(notes: readonly Note[], chosen: Selection): { from_s: number; to_s: number } | undefined {
  let from_s = Infinity;
  let to_s = 0;
  let last_s = 0;
  for (const one of notes) {
    if (!chosen.has(one.id)) continue;
    from_s = Math.min(from_s, one.onset_s);
    last_s = Math.max(last_s, one.onset_s);
    to_s = Math.max(to_s, end_s(one));
  }
  const next = notes.find((one) => one.onset_s > last_s + CHORD_S);
  if (next) to_s = Math.min(to_s, next.onset_s);
  return from_s < to_s ? { from_s, to_s } : undefined;
}

/** Other notes instead of the chosen ones. */
export function replace(
  notes: readonly Note[],
  chosen: Selection,
  sketches: readonly Sketch[],
): { notes: Note[]; ids: Set<number> } {
  return add(remove(notes, chosen), sketches);
}
