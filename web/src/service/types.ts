/** The service's forms, as docs/studio-protocol.md describes them. */

export type WireNote = [onset_s: number, duration_s: number, pitch: number, velocity: number, program?: number, track?: number];

export interface Music {
  notes: WireNote[];
  tempos?: [tick: number, microseconds: number][];
  metres?: [tick: number, numerator: number, denominator: number][];
  tracks?: string[];
  length_s?: number;
}

export interface Model {
  name: string;
  family: string;
  parameters: number;
  bytes: number;
  licence: string;
  nats_per_note: number | null;
  writes: "notes" | "chords" | "frames";
  fills: boolean; // it fills in notes among others: harmonise, revoice
  live: boolean; // one can play with it
  programs: boolean;
  asks: string[];
}

export interface ModelCard extends Model {
  card: string;
}

export interface Preset {
  name: string;
  about: string;
  options: Record<string, OptionValue>;
  own: boolean;
}

export type OptionValue = string | number | boolean;
export type Options = Record<string, OptionValue>;
export type Verb = "generate" | "continue" | "vary" | "accompany" | "infill" | "harmonise" | "revoice";

export interface WritingRequest {
  model?: string;
  seed?: number;
  count?: number;
  preset?: string;
  options?: Options;
  music?: Music;
}

export interface Progression {
  model: string;
  seed: number;
  chords: string;
}

export interface Written {
  command: string;
  model: string;
  licence: string;
  seed: number;
  options: Options;
  pieces: { music: Music; written: number; record: string }[];
  elapsed_s: number;
  notes_per_second: number;
}

export interface Evaluation {
  attributes: string[];
  notes: number[];
  nats: number[][];
  nats_per_note: number;
  measures: Record<string, { value: number | null; title: string; unit: string }>;
}

export interface Candidates {
  pitches: { pitch: number; probability: number; step_s: number; duration_s: number; velocity: number }[];
}

export interface ScorePage {
  page: number;
  pages: number;
  svg: string;
}

export interface Copies {
  longest: number;
  flagged: boolean;
  flag_above_notes: number | null;
  training_notes: number;
}

export interface Report {
  available: boolean;
  why: string;
  command?: string;
  date?: string;
  machine?: string;
  page?: boolean;
  columns: { title: string; unit: string; about: string; better: number }[];
  rows: { name: string; values: string[] }[];
}

export interface Job {
  id: string;
  state: "queued" | "running" | "done" | "failed" | "cancelled";
  progress: number | null;
  waiting: number;
  error: { message: string } | null;
}

export interface Run {
  name: string;
  recipe: string;
  corpus: string;
  state: "running" | "stopping" | "stopped" | "done" | "failed";
  step: number;
  steps: number | null;
  left_s: number | null;
  losses: [step: number, nats: number][];
  validation: [step: number, nats: number][];
  last_line: string;
  model: string | null;
}

export interface Training {
  available: boolean;
  why: string;
  corpora: { name: string; pieces?: number; notes?: number; licence: string }[];
  recipes: { name: string; about: string; family: string }[];
  runs: Run[];
}
