/** What moves over the notes: playhead, what sounds, what is planned, what is selected. */

import type { Note } from "../music/note";
import { outline } from "./bars";
import type { Box } from "./gestures";
import type { Palette } from "./palette";
import { GUTTER, RULER, type Size, toX, toY, type View } from "./view";

export interface Bar {
  readonly onset_s: number;
  readonly duration_s: number;
  readonly pitch: number;
}

export interface Ghost extends Bar {
  readonly id: string;
  readonly locked: boolean;
}

export interface Moving {
  readonly playhead_s: number;
  readonly chosen: readonly Note[];
  readonly span: { from_s: number; to_s: number } | undefined;
  readonly sounding: readonly Bar[]; // of the piece, while it plays
  readonly growing: readonly (Bar & { author: Note["author"] })[]; // of the session: keys that are down
  readonly ghosts: readonly Ghost[];
  readonly box: Box | undefined;
  readonly focus: Note | undefined; // of the keyboard's cursor
}

export function paintOverlay(
  to: CanvasRenderingContext2D,
  view: View,
  size: Size,
  moving: Moving,
  colours: Palette,
): void {
  to.clearRect(0, 0, size.width, size.height);
  to.save();
  to.beginPath();
  to.rect(GUTTER - 3, 0, size.width, size.height);
  to.clip();
  if (moving.span && moving.chosen.length > 1) {
    to.fillStyle = colours.wash;
    const x = toX(view, moving.span.from_s);
    to.fillRect(x, RULER, toX(view, moving.span.to_s) - x, size.height);
  }
  for (const one of moving.growing) grow(to, one, view, colours);
  const loose = moving.ghosts.filter((one) => !one.locked);
  outline(to, loose, view, { stroke: colours.ghost, width: 1.25, dash: [3, 2] });
  const kept = moving.ghosts.filter((one) => one.locked);
  outline(to, kept, view, { stroke: colours.locked, width: 1.75, fill: colours.wash });
  outline(to, moving.chosen, view, { stroke: colours.chosen, width: 1.5 });
  outline(to, moving.sounding, view, { stroke: colours.playhead, width: 1.75 });
  if (moving.focus) outline(to, [moving.focus], view, { stroke: colours.locked, width: 3 });
  if (moving.box) paintBox(to, moving.box, colours);
  paintHead(to, toX(view, moving.playhead_s), size, colours);
  to.restore();
}

function grow(to: CanvasRenderingContext2D, one: Bar & { author: Note["author"] }, view: View, colours: Palette): void {
  const x = toX(view, one.onset_s);
  const height = Math.max(view.row - 1.5, 2);
  to.fillStyle = colours.strong[one.author];
  to.beginPath();
  const width = Math.max(one.duration_s * view.perSecond, 3);
  to.roundRect(x, toY(view, one.pitch) + (view.row - height) / 2, width, height, Math.min(3, height / 2));
  to.fill();
}

function paintBox(to: CanvasRenderingContext2D, box: Box, colours: Palette): void {
  to.fillStyle = colours.wash;
  to.strokeStyle = colours.ghost;
  to.fillRect(box.x0, box.y0, box.x1 - box.x0, box.y1 - box.y0);
  to.strokeRect(box.x0 + 0.5, box.y0 + 0.5, box.x1 - box.x0, box.y1 - box.y0);
}

function paintHead(to: CanvasRenderingContext2D, x: number, size: Size, colours: Palette): void {
  if (x < GUTTER - 3) return;
  to.fillStyle = colours.playhead;
  to.fillRect(Math.round(x), RULER - 7, 1.5, size.height);
  to.beginPath();
  to.moveTo(x - 5, RULER - 12);
  to.lineTo(x + 6.5, RULER - 12);
  to.lineTo(x + 0.75, RULER - 4);
  to.fill();
}
