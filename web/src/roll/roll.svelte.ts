/** What the roll shows: shared by the roll, the lanes under it and the bar of a selection. */

import type { Note } from "../music/note";
import { LIGHT, type Palette } from "./palette";
import { fit, type Size, type View } from "./view";

class Roll {
  view = $state.raw<View>({ left_s: 0, perSecond: 60, top: 90, row: 8 });
  size = $state.raw<Size>({ width: 0, height: 0 });
  palette = $state.raw<Palette>(LIGHT);
  focus = $state.raw<Note | undefined>(undefined); // the keyboard's cursor
  following = $state(true); // the page turns with the playhead
  head_s = 0; // of the latest frame

  /** Shows all of the notes. */
  showAll(notes: readonly Note[]): void {
    if (this.size.width) this.view = fit(notes, this.size);
    this.following = true;
  }
}

export const roll = new Roll();
