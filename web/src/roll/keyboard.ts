/** The roll without a pointer: a cursor that walks from note to note. */

import * as edit from "../music/edit";
import { firstAt, type Note } from "../music/note";
import type { Stage } from "./gestures";

export const NUDGE_S = 0.05; // where no grid is on

/** Does what a key asks; answers whether it asked for something. `walk` is told where the cursor goes. */
export function keyboard(
  event: KeyboardEvent,
  stage: Stage,
  focus: Note | undefined,
  walk: (to: Note | undefined) => void,
): boolean {
  const [across, up] = ARROWS[event.key] ?? [0, 0];
  if (across || up) {
    if (event.altKey) move(stage, event.shiftKey, across, up);
    else if (!event.ctrlKey && !event.metaKey) step(stage, focus, across, up, event.shiftKey, walk);
    else return false;
    if (event.altKey) walk(stage.piece.notes.find((one) => one.id === focus?.id));
    return true;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  switch (event.key) {
    case "Delete":
    case "Backspace":
      stage.piece.removeChosen();
      walk(undefined);
      return true;
    case "Escape":
      stage.piece.selection = new Set();
      return true;
    case "+":
    case "-":
      stage.piece.change((notes) => edit.louder(notes, stage.piece.selection, event.key === "+" ? 8 : -8));
      return true;
    case "Home":
      return step(stage, undefined, 1, 0, false, walk);
    case "End": {
      const last = stage.piece.notes.at(-1);
      choose(stage, last, false, walk);
      return true;
    }
    default:
      return false;
  }
}

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** Alt moves the selection; Alt and Shift change its lengths. */
function move(stage: Stage, lengths: boolean, across: number, up: number): void {
  const by_s = across * (stage.step_s || NUDGE_S);
  const { piece } = stage;
  piece.change((notes) =>
    lengths && across ? edit.resize(notes, piece.selection, by_s) : edit.move(notes, piece.selection, by_s, up),
  );
}

function step(
  stage: Stage,
  focus: Note | undefined,
  across: number,
  up: number,
  adding: boolean,
  walk: (to: Note | undefined) => void,
): boolean {
  const { notes } = stage.piece;
  const at = focus ? notes.findIndex((one) => one.id === focus.id) : -1;
  const next = up ? neighbour(notes, at, up) : notes[at + across] ?? notes[at];
  choose(stage, next ?? notes[0], adding, walk);
  return true;
}

/** The note nearest in time among those above or below. */
function neighbour(notes: readonly Note[], at: number, up: number): Note | undefined {
  const from = notes[at];
  if (!from) return undefined;
  const around = notes.slice(firstAt(notes, from.onset_s - 2), firstAt(notes, from.onset_s + 2));
  const cost = (one: Note): number => Math.abs(one.onset_s - from.onset_s) * 12 + Math.abs(one.pitch - from.pitch);
  return around
    .filter((one) => (one.pitch - from.pitch) * up > 0)
    .reduce<Note | undefined>((best, one) => (!best || cost(one) < cost(best) ? one : best), undefined);
}

function choose(stage: Stage, one: Note | undefined, adding: boolean, walk: (to: Note | undefined) => void): void {
  if (!one) return;
  stage.piece.selection = new Set(adding ? [...stage.piece.selection, one.id] : [one.id]);
  stage.audition(one.pitch, one.velocity);
  walk(one);
}
