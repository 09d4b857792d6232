/** What lies behind the notes: rows, lines of time, and the keys at the left. */

import { isBlack, pitchName } from "../music/names";
import type { Palette } from "./palette";
import { GUTTER, RULER, type Size, shown_s, toPitch, toX, toY, type View } from "./view";

export interface Metre {
  readonly bpm: number; // 0: seconds instead of bars
  readonly beats: number; // in a bar
}

const NICE_S = [0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300];

export function paintField(to: CanvasRenderingContext2D, view: View, size: Size, metre: Metre, colours: Palette): void {
  to.fillStyle = colours.paper;
  to.fillRect(0, 0, size.width, size.height);
  paintRows(to, view, size, colours);
  paintTimes(to, view, size, metre, colours);
}

function paintRows(to: CanvasRenderingContext2D, view: View, size: Size, colours: Palette): void {
  const lowest = Math.max(toPitch(view, size.height) - 1, 0);
  const highest = Math.min(Math.ceil(view.top), 127);
  for (let pitch = lowest; pitch <= highest; pitch++) {
    const y = toY(view, pitch);
    if (isBlack(pitch)) {
      to.fillStyle = colours.blackRow;
      to.fillRect(GUTTER, y, size.width, view.row);
    }
    if (pitch % 12 === 0) {
      to.fillStyle = colours.octave;
      to.fillRect(GUTTER, Math.round(y + view.row), size.width, 1);
    }
  }
}

/** Lines and their names: bars where there is a tempo, else seconds. */
function paintTimes(to: CanvasRenderingContext2D, view: View, size: Size, metre: Metre, colours: Palette): void {
  const beat_s = metre.bpm > 0 ? 60 / metre.bpm : 0;
  const unit_s = beat_s > 0 ? beat_s * metre.beats : (NICE_S.find((s) => s * view.perSecond >= 70) ?? 600);
  const every = beat_s > 0 ? 2 ** Math.max(0, Math.ceil(Math.log2(56 / (unit_s * view.perSecond)))) : 1;
  const until_s = view.left_s + shown_s(view, size);
  if (beat_s * view.perSecond >= 12) {
    to.fillStyle = colours.beat;
    for (let i = Math.floor(view.left_s / beat_s); i * beat_s < until_s; i++) {
      line(to, toX(view, i * beat_s), size);
    }
  }
  to.font = "500 11px Inter, system-ui, sans-serif";
  to.textBaseline = "middle";
  for (let i = Math.floor(view.left_s / unit_s); i * unit_s < until_s; i++) {
    const x = toX(view, i * unit_s);
    if (i % every !== 0 || x < GUTTER - 1) continue;
    to.fillStyle = colours.bar;
    line(to, x, size);
    to.fillStyle = colours.muted;
    to.fillText(beat_s > 0 ? `${i + 1}` : seconds(i * unit_s), x + 5, RULER / 2 + 1);
  }
}

function line(to: CanvasRenderingContext2D, x: number, size: Size): void {
  if (x >= GUTTER) to.fillRect(Math.round(x), RULER, 1, size.height);
}

function seconds(time_s: number): string {
  if (time_s < 60) return `${+time_s.toFixed(1)} s`;
  return `${Math.floor(time_s / 60)}:${String(Math.round(time_s % 60)).padStart(2, "0")}`;
}

/** The keys, over the notes' left edge; those that sound are lit. */
export function paintKeys(
  to: CanvasRenderingContext2D,
  view: View,
  size: Size,
  lit: ReadonlyMap<number, string>,
  colours: Palette,
): void {
  to.fillStyle = colours.paper;
  to.fillRect(0, 0, GUTTER, size.height);
  to.fillRect(0, 0, size.width, 0);
  const lowest = Math.max(toPitch(view, size.height) - 1, 0);
  const highest = Math.min(Math.ceil(view.top), 127);
  to.fillStyle = colours.whiteKey;
  to.fillRect(0, RULER, GUTTER - 4, size.height);
  for (let pitch = lowest; pitch <= highest; pitch++) {
    const y = toY(view, pitch);
    const glow = lit.get(pitch);
    if (isBlack(pitch)) {
      to.fillStyle = glow ?? colours.blackKey;
      to.fillRect(0, y, (GUTTER - 4) * 0.6, view.row);
    } else {
      if (glow) {
        to.fillStyle = glow;
        to.fillRect(0, y, GUTTER - 4, view.row);
      }
      if (pitch % 12 === 0 || pitch % 12 === 5) {
        to.fillStyle = colours.keyEdge;
        to.fillRect(0, Math.round(y + view.row) - 1, GUTTER - 4, 1);
      }
    }
    if (pitch % 12 === 0 && view.row * 12 > 30) name(to, pitch, y + view.row / 2, colours, glow !== undefined);
  }
  to.fillStyle = colours.paper;
  to.fillRect(0, 0, GUTTER, RULER);
  to.fillStyle = colours.bar;
  to.fillRect(GUTTER - 4, RULER, 1, size.height);
}

function name(to: CanvasRenderingContext2D, pitch: number, y: number, colours: Palette, lit: boolean): void {
  to.font = "500 10px Inter, system-ui, sans-serif";
  to.textBaseline = "middle";
  to.textAlign = "right";
  to.fillStyle = lit ? colours.paper : "#5d584e";
  to.fillText(pitchName(pitch), GUTTER - 8, y + 0.5);
  to.textAlign = "left";
}
