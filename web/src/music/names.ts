/** Names of pitches and times, as musicians write them. */

export const PITCH_CLASSES = ["C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B"] as const;
const SPOKEN = ["C", "C sharp", "D", "E flat", "E", "F", "F sharp", "G", "A flat", "A", "B flat", "B"] as const;
const BLACK = new Set([1, 3, 6, 8, 10]);

/** 60 → "C4". */
export function pitchName(pitch: number): string {
  return `${PITCH_CLASSES[pitch % 12]}${octave(pitch)}`;
}

/** 61 → "C sharp 4", for screen readers. */
export function spokenPitch(pitch: number): string {
  return `${SPOKEN[pitch % 12]} ${octave(pitch)}`;
}

/** 61 → "C#4", as the service reads it. */
export function plainPitch(pitch: number): string {
  return pitchName(pitch).replace("♯", "#").replace("♭", "b");
}

function octave(pitch: number): number {
  return Math.floor(pitch / 12) - 1;
}

export function isBlack(pitch: number): boolean {
  return BLACK.has(pitch % 12);
}

/** 83.25 → "1:23"; with tenths "1:23.2". */
export function clock(time_s: number, tenths = false): string {
  const scale = tenths ? 10 : 1;
  const whole = Math.floor(time_s * scale + 1e-6) / scale;
  const minutes = Math.floor(whole / 60);
  const seconds = (whole - minutes * 60).toFixed(tenths ? 1 : 0);
  return `${minutes}:${seconds.padStart(tenths ? 4 : 2, "0")}`;
}
