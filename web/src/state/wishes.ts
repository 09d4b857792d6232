/** What is asked of the model when it writes, as the sliders say it; and the options that the service takes. */

import { plainPitch } from "../music/names";
import type { OptionValue, Options } from "../service/types";

export interface Wishes {
  model: string;
  seed: number; // 0: drawn anew each time
  unit: "seconds" | "notes";
  seconds: number;
  notes: number;
  temperature: number;
  topP: number;
  density: number; // notes a second; 0: as the model likes
  softest: number;
  loudest: number;
  lowest: number;
  highest: number;
  key: string;
  chords: string;
  tempo: number; // 0: free
  program: number;
  guard: boolean;
  preset: string;
}

export const PIANO_LOW = 21;
export const PIANO_HIGH = 108;

export const PLAIN: Wishes = {
  model: "",
  seed: 0,
  unit: "seconds",
  seconds: 20,
  notes: 120,
  temperature: 1,
  topP: 1,
  density: 0,
  softest: 1,
  loudest: 127,
  lowest: PIANO_LOW,
  highest: PIANO_HIGH,
  key: "",
  chords: "",
  tempo: 0,
  program: 0,
  guard: true,
  preset: "",
};

/** Options as `generate` takes them; what stands where the model likes it is left out. */
export function toOptions(wishes: Wishes, length = true): Options {
  const options: Record<string, OptionValue> = {};
  if (length) options[wishes.unit] = wishes[wishes.unit];
  if (wishes.temperature !== 1) options["temperature"] = String(wishes.temperature);
  if (wishes.topP < 1) options["top-p"] = wishes.topP;
  if (wishes.density > 0) options["notes-per-second"] = densityRange(wishes.density);
  if (wishes.softest > 1 || wishes.loudest < 127) options["velocity"] = `${wishes.softest}..${wishes.loudest}`;
  if (wishes.lowest > PIANO_LOW || wishes.highest < PIANO_HIGH) {
    options["range"] = `${plainPitch(wishes.lowest)}..${plainPitch(wishes.highest)}`;
  }
  if (wishes.key) options["key"] = wishes.key;
  if (wishes.chords.trim()) options["chords"] = wishes.chords.trim();
  if (wishes.tempo > 0) options["tempo"] = wishes.tempo;
  if (wishes.chords.trim() && wishes.tempo === 0) options["tempo"] = CHORD_TEMPO;
  if (wishes.program !== 0) options["instrument"] = String(wishes.program);
  if (!wishes.guard) options["no-guard"] = true;
  return options;
}

export const CHORD_TEMPO = 100; // chords lie on bars, so they need one
const BEATS = 4; // in a bar
const MOST_BARS = 16; // of chords that are proposed: they are played over and over

/** What chords are proposed for: as many bars as the piece has, in fours. */
export function toProgression(wishes: Wishes): Options {
  const tempo = wishes.tempo || CHORD_TEMPO;
  const bars = wishes.unit === "seconds" ? (wishes.seconds * tempo) / 60 / BEATS : MOST_BARS / 2;
  return {
    tempo,
    bars: Math.min(Math.ceil(bars / 4) * 4, MOST_BARS),
    ...(wishes.key ? { key: wishes.key } : {}),
  };
}

/** What a model takes that fills in notes among others, in any order: nothing about time. */
export function toFilling(wishes: Wishes, loudness: boolean): Options {
  const all = toOptions({ ...wishes, guard: true }, false);
  const known = ["temperature", "top-p", "range", "key", ...(loudness ? ["velocity", "instrument"] : [])];
  return Object.fromEntries(Object.entries(all).filter(([name]) => known.includes(name)));
}

/** A tenth to either side: a bound that music can keep. */
export function densityRange(density: number): string {
  const round = (value: number): number => Math.round(value * 10) / 10;
  return `${Math.max(round(density * 0.8), 0.1)}..${round(density * 1.2)}`;
}

// What the values mean, in a word or two, as an expression mark says it.
type Words = readonly (readonly [upTo: number, word: string])[];

const word = (words: Words, value: number): string => (words.find(([upTo]) => value <= upTo) ?? words.at(-1)!)[1];

export const temperatureWord = (value: number): string =>
  word([[0.7, "predictable"], [0.88, "careful"], [1.04, "natural"], [1.18, "daring"], [9, "wild"]], value);
export const topPWord = (value: number): string =>
  word([[0.85, "only the likely"], [0.93, "mostly the likely"], [0.985, "without the oddest"], [1, "everything"]], value);
export const densityWord = (value: number): string =>
  word([[0, "as it likes"], [2.5, "sparse"], [5, "flowing"], [9, "busy"], [99, "torrent"]], value);

export const aheadWord = (seconds: number): string =>
  word([[0.7, "quick to react"], [2, "a glance ahead"], [99, "time to change it"]], seconds);

const DYNAMICS: Words = [
  [16, "ppp"], [32, "pp"], [48, "p"], [64, "mp"], [80, "mf"], [96, "f"], [112, "ff"], [127, "fff"],
];
export const dynamicWord = (velocity: number): string => word(DYNAMICS, velocity);
export const tempoWord = (bpm: number): string =>
  word(
    [[0, "free"], [59, "largo"], [75, "adagio"], [107, "andante"], [119, "moderato"], [155, "allegro"],
     [175, "vivace"], [400, "presto"]],
    bpm,
  );

/** Other wishes, within taste: for the person who wants to be surprised. */
export function surprise(wishes: Wishes, random: () => number): Wishes {
  const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!;
  const low = PIANO_LOW + Math.floor(random() * 30);
  return {
    ...wishes,
    seed: 1 + Math.floor(random() * 99_999),
    temperature: Math.round((0.8 + random() * 0.4) * 20) / 20,
    topP: pick([0.92, 0.95, 0.98, 1]),
    density: pick([0, 0, 1.5, 3, 5, 8, 12]),
    ...pick([{ softest: 1, loudest: 127 }, { softest: 16, loudest: 64 }, { softest: 48, loudest: 127 }]),
    lowest: low,
    highest: Math.min(low + 36 + Math.floor(random() * 40), PIANO_HIGH),
    key: pick(["", "C major", "D minor", "F# minor", "Eb major", "A harmonic minor", "G dorian", "E major pentatonic"]),
    chords: "",
    preset: "",
  };
}
