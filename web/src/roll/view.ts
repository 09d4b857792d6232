/** Which part of the music the roll shows, and how large. */

import { clamp, end_s, type Note } from "../music/note";

export const GUTTER = 44; // pixels left of the notes, for the keys
export const RULER = 24; // pixels above them, for the times
const NARROWEST = 0.25; // pixels a second: an hour of music is seen whole
const WIDEST = 1200;
const LOWEST_ROW = 3; // pixels a semitone
const HIGHEST_ROW = 28;

export interface View {
  readonly left_s: number; // at the left edge of the notes
  readonly perSecond: number; // pixels
  readonly top: number; // the pitch whose row begins at the upper edge; fractions are rows half out of sight
  readonly row: number; // pixels a semitone
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export const toX = (view: View, time_s: number): number => GUTTER + (time_s - view.left_s) * view.perSecond;
export const toTime = (view: View, x: number): number => view.left_s + (x - GUTTER) / view.perSecond;
/** The upper edge of a pitch's row. */
export const toY = (view: View, pitch: number): number => RULER + (view.top - pitch) * view.row;
export const toPitch = (view: View, y: number): number => Math.ceil(view.top - (y - RULER) / view.row);
export const shown_s = (view: View, size: Size): number => Math.max(size.width - GUTTER, 1) / view.perSecond;

/** Keeps the view where there is something: from 0, and on the keyboard. */
export function confine(view: View, size: Size): View {
  const row = clamp(view.row, Math.max(LOWEST_ROW, (size.height - RULER) / 128), HIGHEST_ROW);
  const rows = (size.height - RULER) / row;
  return {
    left_s: Math.max(0, view.left_s),
    perSecond: clamp(view.perSecond, NARROWEST, WIDEST),
    top: clamp(view.top, Math.min(rows - 1, 127), 127),
    row,
  };
}

/** Zooms in time around a point that stays where it is. */
export function zoom(view: View, size: Size, factor: number, x: number): View {
  const perSecond = clamp(view.perSecond * factor, NARROWEST, WIDEST);
  const still_s = toTime(view, x);
  return confine({ ...view, perSecond, left_s: still_s - (x - GUTTER) / perSecond }, size);
}

/** Zooms in pitch around a height that stays where it is. */
export function zoomRows(view: View, size: Size, factor: number, y: number): View {
  const row = clamp(view.row * factor, LOWEST_ROW, HIGHEST_ROW);
  const still = view.top - (y - RULER) / view.row;
  return confine({ ...view, row, top: still + (y - RULER) / row }, size);
}

/** All of the notes, with air around them. */
export function fit(notes: readonly Note[], size: Size): View {
  let low = 127;
  let high = 0;
  let last_s = 0;
  for (const one of notes) {
    low = Math.min(low, one.pitch);
    high = Math.max(high, one.pitch);
    last_s = Math.max(last_s, end_s(one));
  }
  if (!notes.length) [low, high, last_s] = [48, 84, 8];
  const rows = Math.max(high - low + 7, 30);
  const row = (size.height - RULER) / rows;
  const middle = (high + low) / 2;
  const view = {
    left_s: 0,
    perSecond: (size.width - GUTTER) / Math.max(last_s * 1.04, 4),
    row,
    top: middle + rows / 2,
  };
  const kept = confine(view, size);
  return confine({ ...kept, top: middle + (size.height - RULER) / kept.row / 2 }, size);
}

/** Moves the view no further than a time needs to be in sight. */
export function reveal(view: View, size: Size, time_s: number): View {
  const width_s = shown_s(view, size);
  if (time_s < view.left_s) return { ...view, left_s: Math.max(0, time_s - width_s * 0.06) };
  if (time_s > view.left_s + width_s * 0.97) return { ...view, left_s: time_s - width_s * 0.9 };
  return view;
}

/** Turns the page when the playhead leaves it, so that the picture stands still in between. */
export function follow(view: View, size: Size, time_s: number): View {
  const width_s = shown_s(view, size);
  if (time_s >= view.left_s && time_s < view.left_s + width_s * 0.94) return view;
  return { ...view, left_s: Math.max(0, time_s - width_s * 0.06) };
}
