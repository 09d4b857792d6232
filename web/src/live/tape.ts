/** Where on the roll the music of a session is written: as it was played, without the long silences in between. */

const REST_S = 3; // so much silence is kept; what is longer is cut
const ENTRY_S = 1.5; // between what is there and what comes after a cut

export class Tape {
  private offset_s: number; // roll's time - session's time
  private end_s: number; // of what is written, on the roll

  constructor(written_s: number, now_s: number) {
    this.end_s = written_s;
    this.offset_s = (written_s > 0 ? written_s + ENTRY_S : 0.5) - now_s;
  }

  /** A note begins at a time of the session: where on the roll. */
  begin(time_s: number): number {
    if (time_s + this.offset_s > this.end_s + REST_S) {
      this.offset_s = this.end_s + (this.end_s > 0 ? ENTRY_S : 0.5) - time_s;
    }
    const at_s = this.place(time_s);
    this.end_s = Math.max(this.end_s, at_s);
    return at_s;
  }

  /** A time of the session on the roll as it lies now. */
  place(time_s: number): number {
    return Math.max(0, time_s + this.offset_s);
  }

  /** Something sounded until then. */
  until(time_s: number): void {
    this.end_s = Math.max(this.end_s, this.place(time_s));
  }

  /** The head: it waits while nothing is played. */
  head(now_s: number): number {
    return Math.min(this.place(now_s), this.end_s + REST_S);
  }
}
