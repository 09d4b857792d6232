/** Colours of the canvas. Who wrote a note is its hue, how loud it is its lightness, as in the other pictures. */

import type { Author } from "../music/note";

export interface Palette {
  readonly paper: string;
  readonly blackRow: string;
  readonly beat: string;
  readonly bar: string;
  readonly octave: string;
  readonly muted: string;
  readonly ink: string;
  readonly whiteKey: string;
  readonly blackKey: string;
  readonly keyEdge: string;
  readonly playhead: string;
  readonly chosen: string;
  readonly wash: string; // over a selected stretch
  readonly ghost: string;
  readonly locked: string;
  readonly notes: Record<Author, readonly string[]>; // SHADES of each, soft to loud
  readonly strong: Record<Author, string>;
  readonly surprise: readonly string[]; // calm to startling
}

export const SHADES = 12;
const HUES: Record<Author, number> = { you: 55, model: 262 };

export const shade = (velocity: number): number => Math.min((velocity * SHADES) >> 7, SHADES - 1);

function ramp(hue: number, soft: number, loud: number): string[] {
  return Array.from({ length: SHADES }, (_, i) => {
    const share = i / (SHADES - 1);
    const chroma = 0.05 + 0.085 * Math.sin(Math.PI * (0.15 + 0.7 * share));
    return `oklch(${(soft + (loud - soft) * share).toFixed(3)} ${chroma.toFixed(3)} ${hue})`;
  });
}

function surprise(low: number, high: number): string[] {
  return Array.from({ length: SHADES }, (_, i) => {
    const share = i / (SHADES - 1);
    return `oklch(${(low + (high - low) * share).toFixed(3)} ${(0.01 + 0.17 * share * share).toFixed(3)} ${(300 + 75 * share).toFixed(0)})`;
  });
}

export const LIGHT: Palette = {
  paper: "#fffefb",
  blackRow: "#f7f5f0",
  beat: "#f0ede6",
  bar: "#dedad0",
  octave: "#e2ded4",
  muted: "#6f6a60",
  ink: "#26231e",
  whiteKey: "#fffefb",
  blackKey: "#39352e",
  keyEdge: "#d9d4c8",
  playhead: "#b3261e",
  chosen: "#26231e",
  wash: "rgb(60 90 160 / 0.07)",
  ghost: "oklch(0.53 0.14 262)",
  locked: "oklch(0.5 0.14 262)",
  notes: { you: ramp(HUES.you, 0.88, 0.45), model: ramp(HUES.model, 0.86, 0.35) },
  strong: { you: "oklch(0.6 0.15 55)", model: "oklch(0.52 0.15 262)" },
  surprise: surprise(0.94, 0.58),
};

export const DARK: Palette = {
  paper: "#17161a",
  blackRow: "#1c1b20",
  beat: "#232228",
  bar: "#33313a",
  octave: "#2c2a32",
  muted: "#9d98a4",
  ink: "#eeebe6",
  whiteKey: "#d9d5cd",
  blackKey: "#242228",
  keyEdge: "#a39e94",
  playhead: "#ff8a7a",
  chosen: "#fffaf0",
  wash: "rgb(140 170 255 / 0.10)",
  ghost: "oklch(0.78 0.11 262)",
  locked: "oklch(0.78 0.12 262)",
  notes: { you: ramp(HUES.you, 0.42, 0.93), model: ramp(HUES.model, 0.42, 0.92) },
  strong: { you: "oklch(0.78 0.13 60)", model: "oklch(0.74 0.12 262)" },
  surprise: surprise(0.26, 0.72),
};
