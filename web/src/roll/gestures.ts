/** What pointers do on the roll: select, move, resize, draw, pan and pinch. One gesture at a time is one object. */

import * as edit from "../music/edit";
import { snap, snapDown } from "../music/grid";
import { clamp, end_s, type Note } from "../music/note";
import type { Piece } from "../state/piece.svelte";
import { hit } from "./bars";
import { confine, GUTTER, RULER, type Size, toPitch, toTime, type View, zoom, zoomRows } from "./view";

export type Tool = "select" | "draw";

export interface Box {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
}

/** What the gestures need of the roll around them. */
export interface Stage {
  readonly piece: Piece;
  view: View;
  readonly size: Size;
  readonly tool: Tool;
  readonly step_s: number; // of the grid, 0 where it is off
  box: Box | undefined; // the marquee
  seek(time_s: number): void;
  audition(pitch: number, velocity: number): void;
  sketch(onset_s: number, duration_s: number, pitch: number): Note;
}

interface Gesture {
  move(x: number, y: number, event: PointerEvent): void;
  end(x: number, y: number): void;
  cancel(): void;
}

const EDGE = 7; // pixels at the end of a note that resize it
const STILL = 4; // pixels a pointer may tremble in a click
const LONG_PRESS_MS = 350; // of a finger, before it draws a box instead of panning

export class Gestures {
  private gesture: Gesture | undefined;
  private readonly touches = new Map<number, { x: number; y: number }>();
  private pressTimer = 0;

  constructor(private readonly stage: Stage) {}

  down(event: PointerEvent, x: number, y: number): void {
    if (event.button !== 0 && event.button !== 1) return;
    if (event.pointerType === "touch") {
      this.touches.set(event.pointerId, { x, y });
      if (this.touches.size === 2) return this.start(pinch(this.stage, this.touches));
      if (this.touches.size > 2) return;
    }
    this.start(this.choose(event, x, y));
  }

  move(event: PointerEvent, x: number, y: number): void {
    if (this.touches.has(event.pointerId)) this.touches.set(event.pointerId, { x, y });
    this.gesture?.move(x, y, event);
  }

  up(event: PointerEvent, x: number, y: number): void {
    this.touches.delete(event.pointerId);
    window.clearTimeout(this.pressTimer);
    this.gesture?.end(x, y);
    this.gesture = undefined;
  }

  cancel(event: PointerEvent): void {
    this.touches.delete(event.pointerId);
    window.clearTimeout(this.pressTimer);
    this.gesture?.cancel();
    this.gesture = undefined;
  }

  /** What a pointer there would do, as the name of a cursor. */
  cursor(x: number, y: number): string {
    if (x < GUTTER) return "pointer";
    if (y < RULER) return "text";
    const under = hit(this.stage.piece.notes, this.stage.view, x, y);
    if (under) return atEnd(this.stage, under, x) ? "ew-resize" : "grab";
    return this.stage.tool === "draw" ? "crosshair" : "default";
  }

  private start(gesture: Gesture): void {
    this.gesture?.cancel();
    this.gesture = gesture;
  }

  private choose(event: PointerEvent, x: number, y: number): Gesture {
    const stage = this.stage;
    if (x < GUTTER) return glide(stage, y);
    if (y < RULER) return scrub(stage, x);
    if (event.button === 1) return pan(stage, x, y);
    const under = hit(stage.piece.notes, stage.view, x, y);
    if (under) return this.onNote(under, event, x, y);
    if (stage.tool === "draw") return draw(stage, x, y);
    if (event.pointerType !== "touch") return marquee(stage, x, y, event.shiftKey);
    this.pressTimer = window.setTimeout(() => this.start(marquee(stage, x, y, false)), LONG_PRESS_MS);
    return pan(stage, x, y, () => window.clearTimeout(this.pressTimer));
  }

  private onNote(under: Note, event: PointerEvent, x: number, y: number): Gesture {
    const { piece } = this.stage;
    if (event.shiftKey) {
      const chosen = new Set(piece.selection);
      if (!chosen.delete(under.id)) chosen.add(under.id);
      piece.selection = chosen;
    } else if (!piece.selection.has(under.id)) {
      piece.selection = new Set([under.id]);
    }
    this.stage.audition(under.pitch, under.velocity);
    return atEnd(this.stage, under, x) ? resize(this.stage, under) : drag(this.stage, under, x, y);
  }
}

function atEnd(stage: Stage, one: Note, x: number): boolean {
  const right = GUTTER + (end_s(one) - stage.view.left_s) * stage.view.perSecond;
  const width = one.duration_s * stage.view.perSecond;
  return right - x < Math.min(EDGE, width / 3);
}

/** The piece's notes follow the pointer and become one change when it is let go. */
function editing(stage: Stage, how: (notes: readonly Note[], x: number, y: number) => readonly Note[]): Gesture {
  const original = stage.piece.notes;
  let begun = false;
  return {
    move(x, y) {
      if (!begun) stage.piece.begin();
      begun = true;
      stage.piece.preview(how(original, x, y));
    },
    end: () => stage.piece.commit(),
    cancel: () => stage.piece.rollback(),
  };
}

function drag(stage: Stage, one: Note, x0: number, y0: number): Gesture {
  let pitch = one.pitch;
  let moved = false;
  const gesture = editing(stage, (notes, x, y) => {
    const by_s = (x - x0) / stage.view.perSecond;
    const later_s = stage.step_s ? snap(one.onset_s + by_s, stage.step_s) - one.onset_s : by_s;
    const semitones = Math.round((y0 - y) / stage.view.row);
    if (one.pitch + semitones !== pitch) {
      pitch = one.pitch + semitones;
      stage.audition(clamp(pitch, 0, 127), one.velocity);
    }
    return edit.move(notes, stage.piece.selection, Math.abs(x - x0) < STILL ? 0 : later_s, semitones);
  });
  return {
    ...gesture,
    move(x, y, event) {
      moved ||= Math.hypot(x - x0, y - y0) > STILL;
      if (moved) gesture.move(x, y, event);
    },
  };
}

function resize(stage: Stage, one: Note): Gesture {
  return editing(stage, (notes, x) => {
    const wanted_s = snap(toTime(stage.view, x), stage.step_s);
    const shortest_s = stage.step_s || 0.02;
    return edit.resize(notes, stage.piece.selection, Math.max(wanted_s - one.onset_s, shortest_s) - one.duration_s);
  });
}

function draw(stage: Stage, x0: number, y0: number): Gesture {
  const onset_s = Math.max(0, snapDown(toTime(stage.view, x0), stage.step_s));
  const length_s = stage.step_s || 0.25;
  const fresh = stage.sketch(onset_s, length_s, toPitch(stage.view, y0));
  stage.audition(fresh.pitch, fresh.velocity);
  const gesture = editing(stage, (notes, x, y) => {
    const pitch = clamp(toPitch(stage.view, y), 0, 127);
    const wanted_s = snap(toTime(stage.view, x), stage.step_s) - onset_s;
    return edit.insert(notes, { ...fresh, pitch, duration_s: Math.max(wanted_s, length_s) });
  });
  gesture.move(x0, y0, new PointerEvent("pointermove"));
  stage.piece.selection = new Set([fresh.id]);
  return gesture;
}

function marquee(stage: Stage, x0: number, y0: number, adding: boolean): Gesture {
  const before = adding ? stage.piece.selection : new Set<number>();
  let moved = false;
  return {
    move(x, y) {
      moved ||= Math.hypot(x - x0, y - y0) > STILL;
      if (!moved) return;
      stage.box = { x0: Math.min(x0, x), y0: Math.min(y0, y), x1: Math.max(x0, x), y1: Math.max(y0, y) };
      const inside = inBox(stage, stage.box);
      stage.piece.selection = new Set([...before, ...inside]);
    },
    end(x) {
      stage.box = undefined;
      if (moved) return;
      stage.piece.selection = before;
      stage.seek(toTime(stage.view, x));
    },
    cancel: () => (stage.box = undefined),
  };
}

function inBox(stage: Stage, box: Box): number[] {
  const from_s = toTime(stage.view, box.x0);
  const to_s = toTime(stage.view, box.x1);
  const high = toPitch(stage.view, box.y0);
  const low = toPitch(stage.view, box.y1);
  return stage.piece.notes
    .filter((one) => one.pitch >= low && one.pitch <= high && one.onset_s < to_s && end_s(one) > from_s)
    .map((one) => one.id);
}

function pan(stage: Stage, x0: number, y0: number, began?: () => void): Gesture {
  const from = stage.view;
  let moved = false;
  return {
    move(x, y) {
      if (!moved && Math.hypot(x - x0, y - y0) <= STILL) return;
      if (!moved) began?.();
      moved = true;
      const left_s = from.left_s - (x - x0) / from.perSecond;
      stage.view = confine({ ...stage.view, left_s, top: from.top + (y - y0) / from.row }, stage.size);
    },
    end(x) {
      if (moved) return;
      stage.piece.selection = new Set();
      stage.seek(toTime(stage.view, x));
    },
    cancel: () => undefined,
  };
}

function pinch(stage: Stage, touches: ReadonlyMap<number, { x: number; y: number }>): Gesture {
  const measure = (): { dx: number; dy: number; x: number; y: number } => {
    const [a, b] = [...touches.values()];
    if (!a || !b) return { dx: 1, dy: 1, x: 0, y: 0 };
    return { dx: Math.abs(a.x - b.x), dy: Math.abs(a.y - b.y), x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  };
  let before = measure();
  return {
    move() {
      const now = measure();
      let view = stage.view;
      const left_s = view.left_s - (now.x - before.x) / view.perSecond;
      view = confine({ ...view, left_s, top: view.top + (now.y - before.y) / view.row }, stage.size);
      if (before.dx > 40 && now.dx > 40) view = zoom(view, stage.size, now.dx / before.dx, now.x);
      if (before.dy > 40 && now.dy > 40) view = zoomRows(view, stage.size, now.dy / before.dy, now.y);
      stage.view = view;
      before = now;
    },
    end: () => undefined,
    cancel: () => undefined,
  };
}

function scrub(stage: Stage, x0: number): Gesture {
  stage.seek(snap(toTime(stage.view, x0), 0));
  return {
    move: (x) => stage.seek(Math.max(0, toTime(stage.view, x))),
    end: () => undefined,
    cancel: () => undefined,
  };
}

function glide(stage: Stage, y0: number): Gesture {
  let pitch = -1;
  const strike = (y: number): void => {
    const under = clamp(toPitch(stage.view, y), 0, 127);
    if (under !== pitch && y >= RULER) stage.audition((pitch = under), 80);
  };
  strike(y0);
  return { move: (_, y) => strike(y), end: () => undefined, cancel: () => undefined };
}
