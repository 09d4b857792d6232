/** Everything of the page that is not a picture, put together once. */

import { inOrder, note, type Author } from "../music/note";
import type { Grid } from "../music/grid";
import { step_s } from "../music/grid";
import first from "../first.json";
import { LiveSession } from "../live/session.svelte";
import { Midi } from "../live/midi.svelte";
import * as api from "../service/api";
import { fromMusic, tempoOf, toMusic } from "../service/music";
import { fromFragment } from "../service/share";
import { gallery, keep, NOW, recall } from "../service/storage";
import type { Model, Music, Preset } from "../service/types";
import { CHANNELS, type Loading, Synth } from "../sound/synth";
import { Transport } from "../sound/transport.svelte";
import type { Tool } from "../roll/gestures";
import { Messages } from "./messages.svelte";
import { Piece } from "./piece.svelte";
import { PLAIN, type Wishes } from "./wishes";
import { Writer } from "./writer.svelte";

export type Panel = "compose" | "play" | "see";
export type Theme = "auto" | "light" | "dark";
const DEFAULT_BPM = 120; // of the grid, where nobody set a tempo
const SAVE_AFTER_MS = 600;

export class Studio {
  readonly piece = new Piece();
  readonly messages = new Messages();
  readonly transport = new Transport(this.piece, () => this.synth(), (on, one, at_s) => {
    this.midi.send(on, one.pitch, one.velocity, at_s - this.synth().now_s);
  });
  readonly writer = new Writer(this.piece, () => this.wishes, () => this.filler, (text, alert) => this.messages.say(text, alert));
  readonly live = new LiveSession({
    piece: this.piece,
    synth: () => this.synth(),
    programs: () => ({ you: this.programs.you, model: this.programs.model }),
    model: () => this.liveModel,
    say: (text, alert) => this.messages.say(text, alert),
    sent: (on, _part, pitch, velocity, in_s) => this.midi.send(on, pitch, velocity, in_s),
  });
  readonly midi = new Midi({
    press: (pitch, velocity) => this.play(pitch, velocity),
    release: (pitch) => this.live.release(pitch),
    pedal: (down) => this.live.pedal(down),
    gone: () => this.live.letGo(),
    say: (text, alert) => this.messages.say(text, alert),
  });

  wishes = $state<Wishes>({ ...PLAIN });
  models = $state.raw<readonly Model[]>([]);
  presets = $state.raw<readonly Preset[]>([]);
  instruments = $state.raw<readonly string[]>([]);
  formats = $state.raw<readonly string[]>(["mid"]); // that can be exported
  programs = $state({ you: 0, model: 0 });
  panel = $state<Panel>("compose");
  tool = $state<Tool>("select");
  grid = $state<Grid>("off");
  bpm = $state(0); // of the piece; 0: free time
  metres = $state.raw<NonNullable<Music["metres"]>>([]); // of a piece from a file; the score has its bar lines
  theme = $state<Theme>("auto");
  sound = $state<Loading>("waiting");
  soundShare = $state(0);
  volume = $state(0.9);
  reverb = $state(0.3);
  service = $state<"waiting" | "there" | "gone">("waiting");
  octave = $state(48); // the C of the computer keyboard's lower row
  hints = $state({ open: true, heard: false, played: false, rewritten: false });

  readonly step_s = $derived(step_s(this.grid, this.bpm || DEFAULT_BPM));
  /** Who harmonises and revoices: the model that was chosen where it can, else another; empty where none can. */
  readonly filler = $derived(nameOf(this.models, this.wishes.model, (one) => one.fills));
  /** Who plays along. */
  readonly liveModel = $derived(nameOf(this.models, this.wishes.model, (one) => one.live));
  private player: Synth | undefined;
  private saver = 0;

  synth(): Synth {
    this.player ??= new Synth("/api/soundfont", (state, share) => {
      this.sound = state;
      this.soundShare = share;
      if (state === "ready") this.applySound();
    });
    return this.player;
  }

  /** What happens when the page opens. */
  async open(): Promise<void> {
    this.restoreSettings();
    this.piece.load(fromMusic(first as unknown as Music, (track) => (track === 0 ? "you" : "model")), first.title);
    this.bpm = 0;
    this.synth();
    await Promise.all([this.fetchLists(), this.restore()]);
    if (this.service === "there") this.live.start();
  }

  async fetchLists(): Promise<void> {
    try {
      const [{ models, default: standard }, presets, instruments, formats] = await Promise.all([
        api.models(),
        api.presets(),
        api.instruments(),
        api.formats(),
      ]);
      this.formats = formats;
      this.models = models;
      this.presets = presets;
      this.instruments = instruments;
      if (!models.some((one) => one.name === this.wishes.model)) this.wishes.model = standard;
      this.service = "there";
    } catch (error) {
      this.service = "gone";
      this.messages.say(error instanceof Error ? error.message : String(error), true);
    }
  }

  /** A piece from a link, or the one that was there when the page was left. */
  private async restore(): Promise<void> {
    try {
      const shared = await fromFragment(location.hash);
      if (shared) {
        Object.assign(this.wishes, shared.wishes);
        this.bpm = shared.tempo;
        history.replaceState(null, "", location.pathname + location.search);
        this.metres = shared.music?.metres ?? [];
        if (shared.music) this.piece.load(fromMusic(shared.music, authorOf), shared.title);
        else if (await this.writer.compose(false)) this.piece.title = shared.title;
        return;
      }
    } catch {
      this.messages.say("This link is incomplete: ask for it again.", true);
    }
    const kept = await recall(NOW).catch(() => undefined);
    if (!kept?.music.notes.length) return;
    this.piece.load(fromMusic(kept.music, authorOf), kept.title);
    this.bpm = kept.tempo;
    this.metres = kept.music.metres ?? [];
  }

  /** Opens music of a file. */
  async openFile(file: File): Promise<void> {
    try {
      const music = await api.read(file);
      await this.archive();
      const written = music.tracks?.[1] === "Antiphon";
      this.piece.open(fromMusic(music, written ? authorOf : "you"), file.name.replace(/\.[^.]+$/, ""));
      const steady = (music.tempos?.length ?? 0) === 1;
      this.bpm = steady && tempoOf(music) !== 120 ? tempoOf(music) : 0;
      this.metres = steady ? (music.metres ?? []) : [];
      this.transport.stop();
      this.messages.say(`${music.notes.length.toLocaleString("en")} notes from ${file.name}.`);
    } catch (error) {
      this.messages.say(`${file.name}: ${error instanceof Error ? error.message : String(error)}`, true);
    }
  }

  /** Opens what a model has written, and plays it. */
  async hear(music: Music, title: string): Promise<void> {
    this.transport.pause();
    await this.archive();
    this.piece.open(fromMusic(music, "model"), title);
    this.bpm = 0;
    this.metres = [];
    this.transport.stop();
    await this.transport.play();
  }

  /** An empty roll; what was there goes into the gallery. */
  async clear(): Promise<void> {
    await this.archive();
    this.transport.stop();
    this.piece.open([], "Untitled");
    this.bpm = 0;
    this.metres = [];
  }

  async archive(): Promise<void> {
    if (!this.piece.notes.length) return;
    await keep({ ...this.snapshot(), id: String(Date.now()) }).catch(() => undefined);
  }

  /** Keeps the piece at hand, soon. */
  saveSoon(): void {
    window.clearTimeout(this.saver);
    this.saver = window.setTimeout(() => void keep(this.snapshot()).catch(() => undefined), SAVE_AFTER_MS);
  }

  gallery = gallery;

  private snapshot(): { id: string; title: string; kept: number; tempo: number; music: Music } {
    return { id: NOW, title: this.piece.title, kept: Date.now(), tempo: this.bpm, music: this.music() };
  }

  music(): Music {
    return toMusic(this.piece.notes, this.bpm, 0, this.metres);
  }

  /** The person strikes a key, on whatever keyboard. */
  play(pitch: number, velocity: number): void {
    if (this.transport.playing) this.transport.pause();
    this.hints.played = true;
    this.live.press(pitch, velocity);
  }

  panic(): void {
    this.transport.pause();
    this.live.silence();
    this.synth().silence();
    this.midi.silence();
    this.messages.say("Everything is silent.");
  }

  /** Strikes a pitch for a moment, to hear what is under the pointer. */
  audition(pitch: number, velocity: number): void {
    const synth = this.synth();
    void synth.wake();
    const channel = synth.channelOf(this.programs.you);
    synth.on(channel, pitch, velocity);
    synth.off(channel, pitch, synth.now_s + 0.25);
  }

  /** Another model was chosen: it plays along too where it can. */
  playWith(): void {
    this.live.setModel(this.liveModel);
  }

  setProgram(author: Author, program: number): void {
    this.programs[author] = program;
    this.synth().setProgram(author === "you" ? CHANNELS.you : CHANNELS.model, program);
    this.live.set(author === "you" ? { played_program: program } : { program });
    this.piece.change((notes) =>
      inOrder(notes.map((one) => (one.author === author && one.program < 128 ? { ...one, program } : one))),
    );
  }

  applySound(): void {
    const synth = this.synth();
    synth.volume = this.volume;
    synth.reverb = this.reverb;
  }

  saveSettings(): void {
    const { wishes, theme, volume, reverb, octave, hints, grid } = this;
    try {
      localStorage.setItem("antiphon", JSON.stringify({ wishes, theme, volume, reverb, octave, hints, grid }));
    } catch {
      // a browser that keeps nothing still plays
    }
  }

  private restoreSettings(): void {
    try {
      const kept = JSON.parse(localStorage.getItem("antiphon") ?? "{}") as Partial<Studio>;
      Object.assign(this.wishes, kept.wishes);
      this.theme = kept.theme ?? this.theme;
      this.volume = kept.volume ?? this.volume;
      this.reverb = kept.reverb ?? this.reverb;
      this.octave = kept.octave ?? this.octave;
      this.grid = kept.grid ?? this.grid;
      Object.assign(this.hints, kept.hints);
    } catch {
      // settings of another version: the defaults are good
    }
  }

  sketchNote(onset_s: number, duration_s: number, pitch: number): ReturnType<typeof note> {
    return note({ onset_s, duration_s, pitch, velocity: 80, program: this.programs.you, author: "you" });
  }
}

/** The chosen one of models that can do something, else the first of them. */
function nameOf(models: readonly Model[], chosen: string, can: (one: Model) => boolean): string {
  const able = models.filter(can);
  return (able.find((one) => one.name === chosen) ?? able[0])?.name ?? "";
}

const authorOf = (track: number): Author => (track === 1 ? "model" : "you");

export const studio = new Studio();
