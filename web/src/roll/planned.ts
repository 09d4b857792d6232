/** Which planned note is meant by one at a keyboard: notes come and go while they walk among them. */

import type { Ghost } from "./overlay";

const HAND_S = 1; // what sounds sooner is over before a hand has reached it
const SAME_S = 0.03; // a note that was moved comes back on the server's milliseconds

/** Where Tab and Page Down lead: the first with time enough left, else the last. */
export function entrance(ghosts: readonly Ghost[], now_s: number): Ghost | undefined {
  return ghosts.find((one) => one.onset_s >= now_s + HAND_S) ?? ghosts.at(-1);
}

/** The neighbour in time; the note itself at either end. */
export function beside(ghosts: readonly Ghost[], one: Ghost, by: number): Ghost {
  return ghosts[ghosts.findIndex((other) => other.id === one.id) + by] ?? one;
}

/** Who is at the cursor once a note has sounded, was vetoed or was moved to `wanted`: that, else the next in time. */
export function heir(ghosts: readonly Ghost[], gone: Ghost, wanted?: { onset_s: number; pitch: number }): Ghost | undefined {
  const moved =
    wanted && ghosts.find((one) => one.pitch === wanted.pitch && Math.abs(one.onset_s - wanted.onset_s) < SAME_S);
  return moved ?? ghosts.find((one) => one.onset_s >= gone.onset_s) ?? ghosts.at(-1);
}
