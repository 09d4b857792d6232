/** The computer's keyboard as a piano of two rows, as in the terminal: keys where they lie, whatever is printed there. */

const LOWER = "KeyZ KeyS KeyX KeyD KeyC KeyV KeyG KeyB KeyH KeyN KeyJ KeyM Comma KeyL Period Semicolon Slash";
const UPPER = "KeyQ Digit2 KeyW Digit3 KeyE KeyR Digit5 KeyT Digit6 KeyY Digit7 KeyU KeyI Digit9 KeyO Digit0 KeyP";
const SEMITONES = new Map<string, number>([
  ...LOWER.split(" ").map((code, i): [string, number] => [code, i]),
  ...UPPER.split(" ").map((code, i): [string, number] => [code, i + 12]),
]);
const SIGNS: Record<string, string> = { Comma: ",", Period: ".", Semicolon: ";", Slash: "/" };

/** The pitch that a key plays, `base` being the C of the lower row; undefined for a key that plays nothing. */
export function pitchOf(code: string, base: number): number | undefined {
  const semitone = SEMITONES.get(code);
  if (semitone === undefined) return undefined;
  const pitch = base + semitone;
  return pitch <= 127 ? pitch : undefined;
}

const PRINTED = new Map<number, string>();
for (const [code, semitone] of SEMITONES) PRINTED.set(semitone, SIGNS[code] ?? code.replace(/^(Key|Digit)/, ""));

/** What is printed, on most keyboards, on the key that plays a pitch; empty for none. */
export function printedFor(pitch: number, base: number): string {
  return PRINTED.get(pitch - base) ?? "";
}
