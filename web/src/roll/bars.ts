/** The notes themselves: sorted into one path a colour, so that thousands cost a dozen fills. */

import { end_s, type Note } from "../music/note";
import { type Palette, SHADES, shade } from "./palette";
import { GUTTER, RULER, type Size, shown_s, toX, toY, type View } from "./view";

const ROUND_UP_TO = 1200; // visible notes; beyond, corners are too small to see and too many to draw
const AUTHORS = ["you", "model"] as const;

type Buckets = readonly (readonly Note[])[];
const sorted = new WeakMap<readonly Note[], Buckets>();

/** Notes by author and shade, soft ones first: worked out once for each array. */
export function buckets(notes: readonly Note[]): Buckets {
  const known = sorted.get(notes);
  if (known) return known;
  const fresh: Note[][] = Array.from({ length: 2 * SHADES }, () => []);
  for (const one of notes) fresh[shade(one.velocity) * 2 + (one.author === "you" ? 0 : 1)]!.push(one);
  sorted.set(notes, fresh);
  return fresh;
}

/** Paints the notes in sight; answers how many those were. */
export function paintNotes(
  to: CanvasRenderingContext2D,
  notes: readonly Note[],
  view: View,
  size: Size,
  colours: Palette,
  round: boolean,
): number {
  const until_s = view.left_s + shown_s(view, size);
  const height = Math.max(view.row - (view.row < 6 ? 0.5 : 1.5), 2);
  const inset = (view.row - height) / 2;
  let seen = 0;
  buckets(notes).forEach((some, index) => {
    if (!some.length) return;
    to.beginPath();
    for (const one of some) {
      if (one.onset_s > until_s || end_s(one) < view.left_s) continue;
      const y = toY(view, one.pitch) + inset;
      if (y + height < RULER || y > size.height) continue;
      const x = Math.max(toX(view, one.onset_s), GUTTER - 4);
      const width = Math.max(toX(view, end_s(one)) - x - 0.75, 2);
      if (round) to.roundRect(x, y, width, height, Math.min(3, width / 2, height / 2));
      else to.rect(x, y, width, height);
      seen++;
    }
    to.fillStyle = bucketColour(index, colours);
    to.fill();
  });
  return seen;
}

export const bucketColour = (index: number, colours: Palette): string =>
  colours.notes[AUTHORS[index % 2]!][index >> 1]!;

export const roundIs = (seen: number): boolean => seen <= ROUND_UP_TO;

/** Outlines of some notes. */
export function outline(
  to: CanvasRenderingContext2D,
  notes: Iterable<Pick<Note, "onset_s" | "duration_s" | "pitch">>,
  view: View,
  style: { stroke: string; width: number; dash?: readonly number[]; fill?: string },
): void {
  const height = Math.max(view.row - (view.row < 6 ? 0.5 : 1.5), 2);
  const inset = (view.row - height) / 2;
  to.save();
  to.beginPath();
  for (const one of notes) {
    const x = toX(view, one.onset_s);
    const width = Math.max(toX(view, end_s(one)) - x - 0.75, 2);
    to.roundRect(x, toY(view, one.pitch) + inset, width, height, Math.min(3, width / 2, height / 2));
  }
  if (style.fill) {
    to.fillStyle = style.fill;
    to.fill();
  }
  to.setLineDash([...(style.dash ?? [])]);
  to.lineWidth = style.width;
  to.strokeStyle = style.stroke;
  to.stroke();
  to.restore();
}

/** The note under a point, the one that is drawn on top; undefined for none. */
export function hit(notes: readonly Note[], view: View, x: number, y: number): Note | undefined {
  if (x < GUTTER - 4 || y < RULER) return undefined;
  const pitch = Math.ceil(view.top - (y - RULER) / view.row);
  const slack_s = 3 / view.perSecond;
  const time_s = view.left_s + (x - GUTTER) / view.perSecond;
  let best: Note | undefined;
  for (const one of notes) {
    if (one.onset_s > time_s + slack_s) break;
    if (one.pitch !== pitch || end_s(one) < time_s - slack_s) continue;
    if (!best || one.velocity >= best.velocity) best = one;
  }
  return best;
}
