/** The piece on the roll, its selection, and what can be undone. */

import * as edit from "../music/edit";
import { History } from "../music/history";
import { inOrder, length_s, type Note, note, type Sketch } from "../music/note";

interface Moment {
  readonly notes: readonly Note[];
  readonly title: string;
}

export class Piece {
  notes = $state.raw<readonly Note[]>([]);
  selection = $state.raw<edit.Selection>(new Set());
  title = $state("Untitled");
  canUndo = $state(false);
  canRedo = $state(false);
  version = $state(0); // counts changes
  opened = $state(0); // counts pieces

  readonly length_s = $derived(length_s(this.notes));
  readonly chosen = $derived(this.notes.filter((one) => this.selection.has(one.id)));
  readonly span = $derived(edit.span(this.notes, this.selection));

  private readonly history = new History<Moment>();
  private before: Moment | undefined; // while a gesture goes on

  /** Another piece altogether; what was there can come back. */
  open(sketches: readonly Sketch[], title: string): void {
    this.change(() => inOrder(sketches.map(note)));
    this.title = title;
    this.selection = new Set();
    this.opened++;
  }

  /** What is there when the page opens: nothing before it can come back. */
  load(sketches: readonly Sketch[], title: string): void {
    this.history.clear();
    this.notes = inOrder(sketches.map(note));
    this.title = title;
    this.selection = new Set();
    this.opened++;
    this.touched();
  }

  /** One change, undone as one. */
  change(how: (notes: readonly Note[]) => readonly Note[]): void {
    const before = this.moment();
    this.notes = how(this.notes);
    this.history.keep(before);
    this.touched();
  }

  /** Several changes that are undone as one: a drag, a take that is being recorded. */
  begin(): void {
    this.before ??= this.moment();
  }

  preview(notes: readonly Note[]): void {
    this.notes = notes;
    this.version++;
  }

  /** Other notes in the place of some, of what was there before; for looking, until it is committed. */
  show(original: readonly Note[], removed: edit.Selection, sketches: readonly Sketch[]): void {
    const { notes, ids } = edit.replace(original, removed, sketches);
    this.preview(notes);
    this.selection = ids;
  }

  commit(): void {
    const before = this.before;
    this.before = undefined;
    if (before && before.notes !== this.notes) {
      this.history.keep(before);
      this.touched();
    }
  }

  rollback(): void {
    if (this.before) this.notes = this.before.notes;
    this.before = undefined;
    this.selectThere();
    this.version++;
  }

  /** Adds notes and selects them. */
  add(sketches: readonly Sketch[]): void {
    const { notes, ids } = edit.add(this.notes, sketches);
    this.change(() => notes);
    this.selection = ids;
  }

  /** Puts other notes in the place of some. */
  replace(chosen: edit.Selection, sketches: readonly Sketch[]): void {
    const { notes, ids } = edit.replace(this.notes, chosen, sketches);
    this.change(() => notes);
    this.selection = ids;
  }

  removeChosen(): void {
    if (!this.selection.size) return;
    this.change((notes) => edit.remove(notes, this.selection));
    this.selection = new Set();
  }

  undo(): void {
    this.commit();
    this.recall(this.history.undo(this.moment()));
  }

  redo(): void {
    this.commit();
    this.recall(this.history.redo(this.moment()));
  }

  private moment(): Moment {
    return { notes: this.notes, title: this.title };
  }

  private recall(moment: Moment | undefined): void {
    if (!moment) return;
    this.notes = moment.notes;
    this.title = moment.title;
    this.selectThere();
    this.touched();
  }

  /** Selects nothing that is not there. */
  private selectThere(): void {
    const there = new Set(this.notes.map((one) => one.id));
    this.selection = new Set([...this.selection].filter((id) => there.has(id)));
  }

  private touched(): void {
    this.canUndo = this.history.canUndo;
    this.canRedo = this.history.canRedo;
    this.version++;
  }
}
