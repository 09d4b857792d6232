/** The page's notes as the service's music, and back. */

import type { Author, Note, Sketch } from "../music/note";
import type { Music, WireNote } from "./types";

const rounded = (value: number): number => Math.round(value * 1e4) / 1e4;

/**
 * Notes as they are sent. Each author is a track, so that a file keeps who wrote what; where Antiphon wrote nothing the
 * tracks have no names, and a score shows the instruments'.
 */
export function toMusic(notes: readonly Note[], tempo = 0, from_s = 0, metres: Music["metres"] = []): Music {
  const wire = notes.map((one): WireNote => [
    rounded(one.onset_s - from_s),
    rounded(one.duration_s),
    one.pitch,
    one.velocity,
    one.program,
    one.author === "you" ? 0 : 1,
  ]);
  const tracks = notes.some((one) => one.author === "model") ? ["you", "Antiphon"] : ["", ""];
  const music: Music = { notes: wire, tracks };
  if (tempo > 0) music.tempos = [[0, Math.round(60e6 / tempo)]];
  if (metres.length) music.metres = metres;
  return music;
}

/** Notes as they came; an author for all, or for each as its track says. */
export function fromMusic(music: Music, author: Author | ((track: number) => Author), at_s = 0): Sketch[] {
  return music.notes.map(([onset_s, duration_s, pitch, velocity, program = 0, track = 0]) => ({
    onset_s: onset_s + at_s,
    duration_s,
    pitch,
    velocity,
    program,
    author: typeof author === "string" ? author : author(track),
  }));
}

/** Beats a minute at the beginning, 0 where nothing is said but the default of files. */
export function tempoOf(music: Music): number {
  const first = music.tempos?.[0];
  return first ? Math.round((60e6 / first[1]) * 10) / 10 : 0;
}
