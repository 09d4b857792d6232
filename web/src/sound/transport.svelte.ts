/** Plays the piece: a little ahead of the ear, on the clock of the sound card. */

import { end_s, type Note } from "../music/note";
import type { Piece } from "../state/piece.svelte";
import { events, longest_s, soundingAt } from "./schedule";
import type { Synth } from "./synth";

const AHEAD_S = 0.12; // planned so far; less than this is lost when someone stops
const EVERY_MS = 40;

export class Transport {
  playing = $state(false);
  loop = $state(false);
  position_s = $state(0); // when standing still; while playing ask now()

  private timer = 0;
  private origin_s = 0; // of the piece's time 0, on the sound card's clock
  private planned_s = 0; // in the piece
  private readonly held = new Map<number, { note: Note; until_s: number }>(); // by identity
  private span: { from_s: number; to_s: number } | undefined;

  constructor(
    private readonly piece: Piece,
    private readonly synth: () => Synth,
    private readonly out: (on: boolean, note: Note, at_s: number) => void,
  ) {}

  /** Where the playhead is. */
  now(): number {
    if (!this.playing) return this.position_s;
    return Math.max(this.span?.from_s ?? 0, this.synth().now_s - this.origin_s);
  }

  async toggle(): Promise<void> {
    if (this.playing) this.pause();
    else await this.play();
  }

  /** Plays from the playhead, or only a passage. */
  async play(span?: { from_s: number; to_s: number }): Promise<void> {
    const synth = this.synth();
    await synth.wake();
    await synth.whenReady();
    if (this.playing) this.pause();
    if (!span && this.position_s >= this.piece.length_s - 0.02) this.position_s = 0;
    this.span = span;
    this.start(span?.from_s ?? this.position_s);
  }

  private start(from_s: number): void {
    this.origin_s = this.synth().now_s + 0.04 - from_s;
    this.planned_s = from_s;
    this.playing = true;
    for (const note of soundingAt(this.piece.notes, from_s, longest_s(this.piece.notes))) {
      if (note.onset_s < from_s && end_s(note) > from_s + 0.05) this.send(true, note, from_s);
    }
    this.advance();
    this.timer = window.setInterval(() => this.advance(), EVERY_MS);
  }

  pause(): void {
    if (!this.playing) return;
    const at_s = this.now();
    this.playing = false;
    window.clearInterval(this.timer);
    this.position_s = this.span ? this.span.from_s : Math.min(at_s, this.piece.length_s);
    this.release();
  }

  stop(): void {
    this.pause();
    this.position_s = 0;
  }

  seek(time_s: number): void {
    const playing = this.playing;
    if (playing) this.pause();
    this.position_s = Math.max(0, time_s);
    if (playing) void this.play();
  }

  private advance(): void {
    const now_s = this.now();
    const finish_s = this.span?.to_s ?? this.piece.length_s;
    const until_s = Math.min(now_s + AHEAD_S, finish_s + 0.001);
    if (until_s > this.planned_s) {
      const longest = longest_s(this.piece.notes);
      for (const event of events(this.piece.notes, this.planned_s, until_s, longest)) {
        this.send(event.on, event.note, event.at_s);
      }
      this.planned_s = until_s;
    }
    for (const [id, { until_s: over_s }] of this.held) if (over_s < now_s) this.held.delete(id);
    if (now_s < finish_s) return;
    if (this.loop && finish_s > 0.05) {
      this.release();
      window.clearInterval(this.timer);
      this.start(this.span?.from_s ?? 0);
    } else {
      this.pause();
      if (!this.span) this.position_s = 0;
    }
  }

  private send(on: boolean, note: Note, at_s: number): void {
    const synth = this.synth();
    const channel = synth.channelOf(note.program);
    const time_s = this.origin_s + at_s;
    if (on) {
      synth.on(channel, note.pitch, note.velocity, time_s);
      this.held.set(note.id, { note, until_s: end_s(note) });
    } else if (this.held.has(note.id)) synth.off(channel, note.pitch, time_s);
    this.out(on, note, time_s);
  }

  /** Ends what sounds and what is planned already. */
  private release(): void {
    const synth = this.synth();
    for (const { note } of this.held.values()) {
      const channel = synth.channelOf(note.program);
      const begins_s = this.origin_s + note.onset_s;
      synth.off(channel, note.pitch);
      if (begins_s > synth.now_s) synth.off(channel, note.pitch, begins_s + 0.01); // it cannot be called back
      this.out(false, note, synth.now_s);
    }
    this.held.clear();
  }
}
