/** Messages of the websocket, as docs/studio-protocol.md has them. */

import type { Ghost } from "../roll/overlay";

export const PROTOCOL = 1;

export interface Control {
  name: string;
  field: string;
  what: string;
  kind: "dial" | "switch";
  low?: number;
  high?: number;
  step?: number;
  multiplies?: boolean;
  zero?: string;
  whole?: boolean;
  values?: string[];
  free?: boolean;
}

export type Settings = Record<string, string | number | boolean>;
export type Turn = "rest" | "listen" | "answer" | "both";
export type Part = "player" | "model" | "click";

export interface Event {
  on: boolean;
  part: Part;
  pitch: number;
  velocity?: number;
  at_s: number;
}

export interface Played {
  part: Part;
  onset_s: number;
  duration_s: number | null;
  pitch: number;
  velocity: number;
}

export type WireGhost = Omit<Ghost, "duration_s"> & { duration_s: number | null; velocity: number };

export interface State {
  now_s: number;
  turn: Turn;
  bpm: number | null;
  beat_s: number | null;
  chord: string;
  phrase_ends_s: number | null;
  planned: WireGhost[];
  counters: Record<string, number>;
}

export type Message =
  | {
      type: "welcome";
      now_s: number;
      model: string;
      models: string[];
      settings: Settings;
      controls: Control[];
    }
  | { type: "pong"; t: number; now_s: number }
  | { type: "due"; now_s: number; events: Event[] }
  | ({ type: "state" } & State)
  | { type: "played"; notes: Played[] }
  | { type: "settings"; settings: Settings }
  | { type: "model"; name: string }
  | { type: "meters"; stages: Record<string, Record<string, number>>; queued: number }
  | { type: "error"; kind: string; message: string; n?: number }
  | { type: "bye"; reason: string };
