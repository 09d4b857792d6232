/** What of a piece sounds in a stretch of time: the plan of the transport, without clock or sound of its own. */

import { end_s, firstAt, type Note } from "../music/note";

export interface Sounding {
  readonly at_s: number; // in the piece
  readonly on: boolean;
  readonly note: Note;
}

/** Beginnings and ends in [from_s, to_s), in order of time, ends first. Notes must be in order. */
export function events(notes: readonly Note[], from_s: number, to_s: number, longest_s: number): Sounding[] {
  const found: Sounding[] = [];
  for (let i = firstAt(notes, from_s - longest_s); i < notes.length; i++) {
    const note = notes[i]!;
    if (note.onset_s >= to_s) break;
    const stop_s = end_s(note);
    if (note.onset_s >= from_s) found.push({ at_s: note.onset_s, on: true, note });
    if (stop_s >= from_s && stop_s < to_s) found.push({ at_s: stop_s, on: false, note });
  }
  return found.sort((a, b) => a.at_s - b.at_s || Number(a.on) - Number(b.on));
}

/** The notes that sound at a time. */
export function soundingAt(notes: readonly Note[], time_s: number, longest_s: number): Note[] {
  const found: Note[] = [];
  for (let i = firstAt(notes, time_s - longest_s); i < notes.length; i++) {
    const note = notes[i]!;
    if (note.onset_s > time_s) break;
    if (end_s(note) > time_s) found.push(note);
  }
  return found;
}

export function longest_s(notes: readonly Note[]): number {
  let longest = 0;
  for (const one of notes) longest = Math.max(longest, one.duration_s);
  return longest;
}
