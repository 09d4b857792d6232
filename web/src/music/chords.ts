/** Chords as they are typed: "Am F:2 | C %". What they mean the service knows; here they are only laid out. */

const MOST = 64; // bars that one chord is shown to last

/** What stands in each bar; % where the chord goes on. A chord that lasts a part of a bar has a place of its own. */
export function bars(text: string): string[] {
  const words = text
    .split("\n")
    .map((line) => line.split(";")[0])
    .join(" ")
    .split(/[\s|,]+/)
    .filter(Boolean);
  return words.flatMap((word) => {
    const [name = "", times = "1"] = word.split(":");
    const more = Math.min(Math.max(Math.round(Number(times) || 1), 1), MOST) - 1;
    return [written(name), ...Array<string>(more).fill("%")];
  });
}

/** With the signs that musicians write. */
const written = (name: string): string => name.replace(/^([A-G])b/, "$1♭").replaceAll("#", "♯");
