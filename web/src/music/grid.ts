/** The grid over the roll: beats of a tempo, and their parts. */

export const GRIDS = ["off", "1/4", "1/8", "1/8t", "1/16", "1/16t", "1/32"] as const;
export type Grid = (typeof GRIDS)[number];

/** Seconds of a grid step; 0 where it is off. */
export function step_s(grid: Grid, bpm: number): number {
  if (grid === "off") return 0;
  const [, denominator, triplet] = /^1\/(\d+)(t?)$/.exec(grid) ?? [];
  const quarters = 4 / Number(denominator);
  return (60 / bpm) * quarters * (triplet ? 2 / 3 : 1);
}

export function snap(time_s: number, step: number): number {
  return step > 0 ? Math.round(time_s / step) * step : time_s;
}

export function snapDown(time_s: number, step: number): number {
  return step > 0 ? Math.floor(time_s / step + 1e-6) * step : time_s;
}
