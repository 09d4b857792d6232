/** Keys of the whole page: the piano of two rows, and what is done without a mouse. */

import { pitchOf } from "./live/keys";
import { clamp } from "./music/note";
import { studio } from "./state/studio.svelte";

const VELOCITY = 80;
const ACCENT = 30; // that Shift adds
const down = new Map<string, number>(); // keys of the computer, and what each plays
let unused: Element | null = null; // what had the focus when the last of them was struck

/** Does what a key asks of the page; answers whether it did. */
export function shortcut(event: KeyboardEvent): boolean {
  const command = event.ctrlKey || event.metaKey;
  const { piece, transport, live } = studio;
  if (command && event.code === "KeyZ") return done(event.shiftKey ? () => piece.redo() : () => piece.undo());
  if (command && event.code === "KeyY") return done(() => piece.redo());
  if (command && event.code === "KeyA") {
    return done(() => (piece.selection = new Set(piece.notes.map((one) => one.id))));
  }
  if (command || event.altKey) return false;
  if (event.code === "Space" && !pressable(event.target)) return done(() => void transport.toggle());
  if (event.code === "Enter" && !pressable(event.target)) return done(() => live.handOver());
  if (event.code === "Escape" && event.shiftKey) return done(() => studio.panic());
  if (event.code === "PageDown") return toPlanned();
  if (event.code === "BracketLeft") return done(() => (studio.octave = clamp(studio.octave - 12, 12, 84)));
  if (event.code === "BracketRight") return done(() => (studio.octave = clamp(studio.octave + 12, 12, 84)));
  return false;
}

/** To the notes that the model has planned, where there are any. */
function toPlanned(): boolean {
  const stop = document.querySelector<HTMLElement>(".ghost .body[tabindex='0']");
  stop?.focus({ preventScroll: true });
  return stop !== null;
}

function done(how: () => unknown): true {
  how();
  return true;
}

/** Whether Space and Enter already mean something there: not what was clicked before the keyboard became a piano. */
function pressable(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement) || target === unused) return false;
  return target instanceof HTMLButtonElement || target instanceof HTMLAnchorElement || target instanceof HTMLInputElement;
}

/** A key of the piano goes down; answers whether it was one. */
export function struck(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const pitch = pitchOf(event.code, studio.octave);
  if (pitch === undefined) return false;
  if (event.repeat || down.has(event.code)) return true;
  down.set(event.code, pitch);
  unused = document.activeElement?.closest(".ghost") ? null : document.activeElement; // a planned note is chosen to be kept
  studio.play(pitch, VELOCITY + (event.shiftKey ? ACCENT : 0));
  return true;
}

export function released(event: KeyboardEvent): void {
  const pitch = down.get(event.code);
  if (pitch === undefined) return;
  down.delete(event.code);
  if (![...down.values()].includes(pitch)) studio.live.release(pitch);
}
