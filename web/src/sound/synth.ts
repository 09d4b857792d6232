/** The sound of the page: spessasynth in an AudioWorklet, with the sound bank that the service ships. */

import processor from "spessasynth_lib/dist/spessasynth_processor.min.js?url";
import { WorkletSynthesizer } from "spessasynth_lib";
import { DRUMS } from "../music/note";

export const CHANNELS = { you: 0, model: 1, click: 9, drums: 9 } as const;
const FREE = [2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15]; // for the parts of a piece
const PEDAL = 64;
const LEVEL = 7;
const REVERB_DEPTH = 91;

export type Loading = "waiting" | "loading" | "ready" | "failed";

export class Synth {
  readonly context: AudioContext;
  readonly output: GainNode;
  private readonly ready: Promise<WorkletSynthesizer>;
  private synth: WorkletSynthesizer | undefined;
  private readonly programs = new Map<number, number>(); // channel → program
  private readonly channels = new Map<number, number>(); // program → channel

  constructor(bank: string, changed: (state: Loading, share: number) => void) {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.output = new GainNode(this.context, { gain: 0.9 });
    this.output.connect(this.context.destination);
    this.ready = this.load(bank, changed);
    this.ready.catch(() => changed("failed", 0));
  }

  private async load(bank: string, changed: (state: Loading, share: number) => void): Promise<WorkletSynthesizer> {
    changed("loading", 0);
    const bytes = fetchBytes(bank, (share) => changed("loading", share));
    await this.context.audioWorklet.addModule(processor);
    const synth = new WorkletSynthesizer(this.context, { eventsEnabled: false });
    synth.connect(this.output);
    await synth.soundBankManager.addSoundBank(await bytes, "antiphon");
    await synth.isReady;
    this.synth = synth;
    for (const [channel, program] of this.programs) synth.programChange(channel, program);
    changed("ready", 1);
    return synth;
  }

  get now_s(): number {
    return this.context.currentTime;
  }

  /** Starts sounding; browsers allow it only within a person's click or key. */
  async wake(): Promise<void> {
    if (this.context.state !== "running") await this.context.resume();
  }

  async whenReady(): Promise<void> {
    await this.ready;
  }

  on(channel: number, pitch: number, velocity: number, at_s?: number): void {
    this.synth?.noteOn(channel, pitch, velocity, when(at_s));
  }

  off(channel: number, pitch: number, at_s?: number): void {
    this.synth?.noteOff(channel, pitch, when(at_s));
  }

  pedal(channel: number, down: boolean): void {
    this.synth?.controllerChange(channel, PEDAL, down ? 127 : 0);
  }

  /** Ends everything on the channels of a piece, or on all. */
  silence(): void {
    this.synth?.stopAll(true);
  }

  setProgram(channel: number, program: number): void {
    if (this.programs.get(channel) === program) return;
    this.programs.set(channel, program);
    this.synth?.programChange(channel, program);
  }

  /** The channel on which a piece's notes of a program sound. */
  channelOf(program: number): number {
    if (program === DRUMS) return CHANNELS.drums;
    const known = this.channels.get(program);
    if (known !== undefined) return known;
    const channel = FREE[this.channels.size % FREE.length]!;
    this.channels.set(program, channel);
    this.setProgram(channel, program);
    return channel;
  }

  set volume(value: number) {
    this.output.gain.setTargetAtTime(value, this.context.currentTime, 0.02);
  }

  set reverb(share: number) {
    for (let channel = 0; channel < 16; channel++) {
      this.synth?.controllerChange(channel, REVERB_DEPTH, Math.round(share * 127));
    }
  }

  /** Volume of one part, 0 to 1. */
  setLevel(channel: number, level: number): void {
    this.synth?.controllerChange(channel, LEVEL, Math.round(level * 127));
  }
}

function when(at_s: number | undefined): { time: number } | undefined {
  return at_s === undefined ? undefined : { time: at_s };
}

/** A file with progress; the share stays 0 where its length is not told. */
async function fetchBytes(url: string, progress: (share: number) => void): Promise<ArrayBuffer> {
  const answer = await fetch(url);
  if (!answer.ok || !answer.body) throw new Error(`the sounds could not be fetched (${answer.status})`);
  const all = Number(answer.headers.get("content-length") ?? 0);
  const parts: Uint8Array[] = [];
  let got = 0;
  const reader = answer.body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    parts.push(piece.value);
    got += piece.value.length;
    if (all) progress(Math.min(got / all, 1));
  }
  const bytes = new Uint8Array(got);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes.buffer;
}
