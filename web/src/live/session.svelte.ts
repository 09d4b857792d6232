/** The live session: what the person plays goes to the model, what the model answers sounds and is written down. */

import type { Author, Sketch } from "../music/note";
import { add } from "../music/edit";
import type { Bar, Ghost } from "../roll/overlay";
import { CHANNELS, type Synth } from "../sound/synth";
import type { Piece } from "../state/piece.svelte";
import { toMusic } from "../service/music";
import { Clock } from "./clock";
import { Connection, type Status } from "./connection";
import type { Control, Event, Message, Part, Played, Settings, State, Turn } from "./protocol";
import { Tape } from "./tape";

const PROMPT_NOTES = 300; // of the piece, its last, that the model hears first
const PING_MS = 2000;
const CLICK = { strong: 76, velocity: 90 }; // a wood block

export interface Around {
  readonly piece: Piece;
  synth(): Synth;
  programs(): { you: number; model: number };
  model(): string;
  say(text: string, alert?: boolean): void;
  sent(on: boolean, part: Part, pitch: number, velocity: number, at_s: number): void;
}

export class LiveSession {
  status = $state<Status>("off");
  turn = $state<Turn>("rest");
  bpm = $state<number | null>(null);
  chord = $state("");
  phraseEnds_s = $state<number | null>(null); // the server's clock
  ghosts = $state.raw<readonly Ghost[]>([]);
  settings = $state.raw<Settings>({ mode: "answer" });
  controls = $state.raw<readonly Control[]>([]);
  keysDown = $state.raw<ReadonlyMap<number, Author>>(new Map());
  answerMs = $state<number | null>(null); // from the decision to play to the first note of the answer

  private readonly clock = new Clock();
  private readonly connection: Connection;
  private tape: Tape | undefined;
  private readonly growing = new Map<string, { author: Author; pitch: number; from_s: number }>();
  private readonly modelNotes = new Set<number>(); // pitches that sound on the model's channels
  private pinger = 0;
  private recording = false; // notes went into the piece and are not one change yet
  private changed: Settings = {}; // what the person set, said again after a reconnection

  constructor(private readonly around: Around) {
    this.connection = new Connection({
      hello: () => this.hello(),
      status: (status, detail) => this.became(status, detail),
      message: (message) => this.hear(message),
    });
  }

  /** Now, on the server's clock. */
  now_s(): number {
    return performance.now() / 1000 + this.clock.offset_s;
  }

  /** Where the tape is on the roll; undefined where there is none. */
  head_s(): number | undefined {
    return this.tape?.head(this.now_s());
  }

  get active(): boolean {
    return this.growing.size > 0 || this.ghosts.length > 0 || (this.status === "on" && this.turn !== "rest");
  }

  start(): void {
    this.connection.open();
  }

  end(): void {
    this.hush();
    this.connection.close();
    this.finish();
    this.tape = undefined;
  }

  /** Another piece is on the roll: where a session waits for the first note, it hears that piece instead. */
  renew(): void {
    if (this.status !== "on" || this.active || this.tape) return;
    this.connection.close();
    this.connection.open();
  }

  press(pitch: number, velocity: number): void {
    this.start();
    const synth = this.around.synth();
    void synth.wake();
    synth.on(CHANNELS.you, pitch, velocity);
    this.keysDown = new Map(this.keysDown).set(pitch, "you");
    this.say({ type: "note_on", pitch, velocity });
    if (this.status === "on") this.grow("player", pitch, this.now_s());
  }

  release(pitch: number): void {
    this.around.synth().off(CHANNELS.you, pitch);
    this.lift(pitch, "you");
    this.say({ type: "note_off", pitch });
  }

  pedal(down: boolean): void {
    this.around.synth().pedal(CHANNELS.you, down);
    this.say({ type: "pedal", down });
  }

  handOver(): void {
    this.start();
    this.connection.send({ type: "hand_over" });
  }

  /** All keys up, as when the page is left. */
  letGo(): void {
    for (const [pitch, author] of this.keysDown) if (author === "you") this.around.synth().off(CHANNELS.you, pitch);
    this.keysDown = new Map([...this.keysDown].filter(([, author]) => author !== "you"));
    if (this.status === "on") this.connection.send({ type: "released" });
  }

  /** Panic. */
  silence(): void {
    if (this.status === "on") this.connection.send({ type: "silence" });
    this.hush();
  }

  set(changes: Settings): void {
    this.changed = { ...this.changed, ...changes };
    this.settings = { ...this.settings, ...changes };
    this.connection.send({ type: "settings", changes }); // after welcome where that is awaited: hello may be gone
  }

  setModel(name: string): void {
    this.connection.send({ type: "model", name });
  }

  veto(id: string): void {
    this.connection.send({ type: "veto", id });
    this.ghosts = this.ghosts.filter((one) => one.id !== id);
  }

  lock(id: string, locked: boolean): void {
    this.connection.send({ type: "lock", id, locked });
    this.ghosts = this.ghosts.map((one) => (one.id === id ? { ...one, locked } : one));
  }

  move(id: string, by_s: number, semitones: number): void {
    const ghost = this.ghosts.find((one) => one.id === id);
    if (!ghost || !this.tape) return;
    const onset_s = ghost.onset_s - this.tape.place(0) + by_s;
    this.connection.send({ type: "move", id, pitch: ghost.pitch + semitones, onset_s });
  }

  /** Notes that sound now, as they grow on the roll. */
  growingBars(): (Bar & { author: Author })[] {
    const now_s = this.now_s();
    return [...this.growing.values()].map(({ author, pitch, from_s }) => ({
      author,
      pitch,
      onset_s: this.tape?.place(from_s) ?? 0,
      duration_s: Math.max(now_s - from_s, 0),
    }));
  }

  private say(message: object): void {
    this.connection.send(this.status === "on" ? { ...message, at_s: this.now_s() } : message);
  }

  private hello(): { model?: string; settings: Settings; prompt?: { notes: unknown[] } } {
    const notes = this.around.piece.notes.slice(-PROMPT_NOTES);
    const model = this.around.model();
    return {
      ...(model ? { model } : {}),
      settings: this.changed,
      ...(notes.length ? { prompt: { notes: toMusic(notes, 0, notes[0]!.onset_s).notes } } : {}),
    };
  }

  private became(status: Status, detail: string): void {
    const before = this.status;
    this.status = status;
    window.clearInterval(this.pinger);
    if (status === "on") {
      this.ping();
      this.pinger = window.setInterval(() => this.ping(), PING_MS);
      if (before !== "on") for (const pitch of this.keysDown.keys()) this.grow("player", pitch, this.now_s());
    } else {
      this.hush();
      this.ghosts = [];
      this.turn = "rest";
      this.phraseEnds_s = null;
      this.tape = undefined;
      this.finish();
    }
    if (detail) this.around.say(detail, true);
  }

  private ping(): void {
    this.connection.send({ type: "ping", t: performance.now() / 1000 });
  }

  private hear(message: Message): void {
    switch (message.type) {
      case "welcome":
        this.clock.sample(performance.now() / 1000, performance.now() / 1000, message.now_s);
        this.settings = message.settings;
        this.controls = message.controls;
        break;
      case "pong":
        this.clock.sample(message.t, performance.now() / 1000, message.now_s);
        break;
      case "due":
        for (const event of message.events) this.sound(event);
        break;
      case "state":
        this.show(message);
        break;
      case "played":
        this.write(message.notes);
        break;
      case "settings":
        this.settings = message.settings;
        break;
      case "meters": {
        const handOver = message.stages["hand-over"];
        if (handOver?.["count"]) this.answerMs = handOver["p50 ms"] ?? null;
        break;
      }
      case "error":
        this.around.say(message.message, true);
        break;
      case "model":
      case "bye":
        break;
    }
  }

  private sound(event: Event): void {
    const synth = this.around.synth();
    const late_s = Math.max(event.at_s - this.now_s(), 0);
    const at_s = synth.now_s + late_s;
    if (event.part === "click") {
      if (event.on) synth.on(CHANNELS.click, CLICK.strong, event.velocity ?? CLICK.velocity, at_s);
      return;
    }
    if (event.on) {
      synth.on(CHANNELS.model, event.pitch, event.velocity ?? 64, at_s);
      this.modelNotes.add(event.pitch);
      this.keysDown = new Map(this.keysDown).set(event.pitch, "model");
      this.grow("model", event.pitch, event.at_s);
    } else {
      synth.off(CHANNELS.model, event.pitch, at_s);
      this.modelNotes.delete(event.pitch);
      this.lift(event.pitch, "model");
      this.growing.delete(`model:${event.pitch}`);
    }
    this.around.sent(event.on, event.part, event.pitch, event.velocity ?? 0, late_s);
  }

  private grow(part: Part, pitch: number, from_s: number): void {
    this.tape ??= new Tape(this.around.piece.length_s, from_s);
    this.tape.begin(from_s);
    this.growing.set(`${part}:${pitch}`, { author: part === "model" ? "model" : "you", pitch, from_s });
  }

  private lift(pitch: number, author: Author): void {
    if (this.keysDown.get(pitch) !== author) return;
    const rest = new Map(this.keysDown);
    rest.delete(pitch);
    this.keysDown = rest;
  }

  private show(state: State): void {
    this.turn = state.turn;
    this.bpm = state.bpm;
    this.chord = state.chord;
    this.phraseEnds_s = state.phrase_ends_s;
    const now_s = this.now_s();
    this.ghosts = state.planned.map((one) => ({
      id: one.id,
      pitch: one.pitch,
      locked: one.locked,
      onset_s: this.tape?.place(one.onset_s) ?? 0,
      duration_s: one.duration_s ?? Math.max(now_s - one.onset_s, 0.3),
    }));
    if (state.turn === "rest" && !this.growing.size) this.finish();
  }

  /** Notes that have ended go into the piece. */
  private write(played: readonly Played[]): void {
    const programs = this.around.programs();
    const sketches = played
      .filter((one) => one.part !== "click")
      .map((one): Sketch => {
        const author: Author = one.part === "model" ? "model" : "you";
        this.tape ??= new Tape(this.around.piece.length_s, one.onset_s);
        this.tape.until(one.onset_s + (one.duration_s ?? 0.1));
        const { pitch, velocity } = one;
        const onset_s = this.tape.place(one.onset_s);
        return { onset_s, duration_s: one.duration_s ?? 0.1, pitch, velocity, program: programs[author], author };
      });
    for (const one of played) this.growing.delete(`${one.part}:${one.pitch}`);
    if (!sketches.length) return;
    const { piece } = this.around;
    this.recording = true;
    piece.begin();
    piece.preview(add(piece.notes, sketches).notes);
  }

  /** What was played since the last rest is one change. */
  private finish(): void {
    if (this.recording) this.around.piece.commit();
    this.recording = false;
  }

  /** Ends every note of the session that sounds here. */
  private hush(): void {
    const synth = this.around.synth();
    for (const pitch of this.modelNotes) {
      synth.off(CHANNELS.model, pitch);
      this.around.sent(false, "model", pitch, 0, 0);
    }
    for (const [pitch, author] of this.keysDown) if (author === "you") synth.off(CHANNELS.you, pitch);
    this.modelNotes.clear();
    this.growing.clear();
    this.keysDown = new Map();
  }
}

