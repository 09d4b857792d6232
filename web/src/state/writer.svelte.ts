/** What the model writes on request: whole pieces, and takes of a passage that wait to be chosen. */

import { within } from "../music/edit";
import type { Note, Sketch } from "../music/note";
import { ServiceError, write } from "../service/api";
import { fromMusic, toMusic } from "../service/music";
import type { Music, Options, Verb, WritingRequest, Written } from "../service/types";
import type { Piece } from "./piece.svelte";
import { toFilling, toOptions, type Wishes } from "./wishes";

export type PassageVerb = "rewrite" | "vary" | "continue" | "accompany" | "harmonise" | "revoice";

export interface Span {
  readonly from_s: number;
  readonly to_s: number;
}

export interface Take {
  readonly sketches: readonly Sketch[];
}

export interface Takes {
  readonly verb: PassageVerb;
  readonly original: readonly Note[]; // the piece before
  readonly removed: ReadonlySet<number>; // what a take stands instead of
  readonly selected: ReadonlySet<number>; // the passage
  readonly from_s: number;
  readonly to_s: number;
  readonly takes: readonly Take[];
}

export class Writer {
  busy = $state("");
  progress = $state<number | null>(null);
  waiting = $state(0);
  takes = $state.raw<Takes | undefined>(undefined);
  chosen = $state(0); // of the takes; -1 is the original
  lastSeed = $state(0);
  speed = $state(0); // notes a second, of the last piece; 0: it was a passage
  count = $state(3); // takes asked for

  private control: AbortController | undefined;

  constructor(
    private readonly piece: Piece,
    private readonly wishes: () => Wishes,
    private readonly filler: () => string, // the model that harmonises and revoices; empty where there is none
    private readonly say: (text: string, alert?: boolean) => void,
  ) {}

  /** A new piece; `from` continues what is on the roll. */
  async compose(fromPiece: boolean): Promise<boolean> {
    const wishes = this.wishes();
    const music = fromPiece && this.piece.notes.length ? toMusic(this.piece.notes, wishes.tempo) : undefined;
    const written = await this.ask(music ? "continue" : "generate", {
      ...this.base(wishes),
      options: toOptions(wishes),
      ...(music ? { music } : {}),
    });
    const answer = written?.pieces[0];
    if (!written || !answer) return false;
    if (music) this.piece.add(added(answer.music, 0));
    else this.piece.open(fromMusic(answer.music, "model"), `${written.model} · ${written.seed}`);
    return true;
  }

  /** Several ways to go on with a passage, held beside the piece until one is kept. */
  async passage(verb: PassageVerb, span: Span): Promise<void> {
    const { notes: original, selection: selected } = this.piece;
    const wishes = this.wishes();
    const below = verb === "harmonise" || verb === "accompany"; // to a melody, which is what was selected
    const sent = below ? this.piece.chosen : original;
    const from_s = below ? span.from_s : 0;
    const written = await this.ask(SERVICE_VERB[verb], {
      ...(FILLED.has(verb) ? { ...this.base({ ...wishes, preset: "" }), model: this.filler() } : this.base(wishes)),
      count: this.count,
      options: passageOptions(verb, wishes, span),
      music: toMusic(sent, wishes.tempo, from_s),
    });
    if (!written) return;
    const takes = written.pieces.map(({ music }) => ({
      sketches: verb === "vary" || verb === "revoice" ? varied(music, original, span) : added(music, from_s),
    }));
    if (!takes.some((take) => take.sketches.length)) {
      this.say(NOTHING[verb], true);
      return;
    }
    const removed = new Set(replaced(verb, original, span).map((one) => one.id));
    this.takes = { verb, original, removed, selected, ...span, takes };
    this.choose(0);
  }

  /** Shows a take in its place; the original for -1. */
  choose(index: number): void {
    const { takes } = this;
    if (!takes) return;
    this.chosen = index;
    const take = takes.takes[index];
    this.piece.begin();
    if (!take) {
      this.piece.preview(takes.original);
      this.piece.selection = takes.removed;
      return;
    }
    this.piece.show(takes.original, takes.removed, take.sketches);
  }

  keep(): void {
    this.takes = undefined;
    this.piece.commit();
  }

  discard(): void {
    const selected = this.takes?.selected;
    this.takes = undefined;
    if (selected) this.piece.selection = selected;
    this.piece.rollback();
  }

  cancel(): void {
    this.control?.abort();
  }

  private base(wishes: Wishes): WritingRequest {
    return {
      ...(wishes.model ? { model: wishes.model } : {}),
      ...(wishes.seed ? { seed: wishes.seed } : {}),
      ...(wishes.preset ? { preset: wishes.preset } : {}),
    };
  }

  private async ask(verb: Verb, request: WritingRequest): Promise<Written | undefined> {
    this.control?.abort();
    const control = new AbortController();
    this.control = control;
    this.busy = verb;
    this.progress = null;
    try {
      const written = await write(
        verb,
        request,
        (share, waiting) => {
          this.progress = share;
          this.waiting = waiting;
        },
        control.signal,
      );
      this.lastSeed = written.seed;
      this.speed = verb === "generate" || verb === "continue" ? written.notes_per_second : 0; // a passage is tried in many ways
      return written;
    } catch (error) {
      if (!control.signal.aborted) this.say(error instanceof ServiceError ? error.message : String(error), true);
      return undefined;
    } finally {
      if (this.control === control) this.busy = "";
    }
  }
}

const SENT_TRACKS = 2; // one an author
const NOTHING: Record<PassageVerb, string> = {
  rewrite: "Nothing came to mind for this passage: select a longer one.",
  vary: "The passage stayed as it was: select more of it.",
  continue: "Nothing followed: make the piece longer under Length.",
  accompany: "There is no room below these notes: select a melody alone.",
  harmonise: "There is no room below these notes: select a melody alone.",
  revoice: "All of it stayed as it was: select more of it.",
};

const FILLED: ReadonlySet<PassageVerb> = new Set(["harmonise", "revoice"]);

const SERVICE_VERB: Record<PassageVerb, Verb> = {
  rewrite: "infill",
  vary: "vary",
  continue: "continue",
  accompany: "accompany",
  harmonise: "harmonise",
  revoice: "revoice",
};

function passageOptions(verb: PassageVerb, wishes: Wishes, span: Span): Options {
  const at = (time_s: number): string => `${time_s.toFixed(3)}s`;
  const options = FILLED.has(verb) ? toFilling(wishes, verb === "harmonise") : toOptions(wishes, verb === "continue");
  if (verb === "continue") return { ...options, to: at(span.to_s) };
  if (verb === "harmonise" || verb === "accompany") return options;
  return { ...options, from: at(span.from_s), to: at(span.to_s) };
}

/** The notes of a piece that a take stands instead of. */
function replaced(verb: PassageVerb, notes: readonly Note[], span: Span): Note[] {
  if (verb === "harmonise" || verb === "accompany") return [];
  return within(notes, span.from_s, verb === "continue" ? Infinity : span.to_s).filter(
    (one) => verb !== "continue" || one.onset_s >= span.to_s,
  );
}

/** What was added stands on tracks after those that were sent. */
function added(music: Music, from_s: number): Sketch[] {
  return fromMusic({ ...music, notes: music.notes.filter((one) => (one[5] ?? 0) >= SENT_TRACKS) }, "model", from_s);
}

/** A variation keeps notes and changes others: those that changed are the model's. */
function varied(music: Music, notes: readonly Note[], span: Span): Sketch[] {
  const passage = fromMusic(music, (track) => (track === 1 ? "model" : "you")).filter(
    (one) => one.onset_s >= span.from_s - 0.02 && one.onset_s < span.to_s - 0.001,
  );
  const kept = (one: Sketch): boolean =>
    notes.some((other) => other.pitch === one.pitch && Math.abs(other.onset_s - one.onset_s) < 0.02);
  return passage.map((one) => (kept(one) ? one : { ...one, author: "model" }));
}
