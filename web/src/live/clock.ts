/** The server's clock on the page's: the sample of the shortest round trip counts, and old samples fade. */

const KEPT = 12;

export class Clock {
  private samples: { offset_s: number; trip_s: number }[] = [];

  /** A pong: when the ping left and came back on the page's clock, and what the server's said in between. */
  sample(sent_s: number, back_s: number, server_s: number): void {
    const trip_s = back_s - sent_s;
    this.samples.push({ offset_s: server_s + trip_s / 2 - back_s, trip_s });
    if (this.samples.length > KEPT) this.samples.shift();
  }

  /** Seconds to add to the page's clock. */
  get offset_s(): number {
    let best = this.samples[0];
    for (const one of this.samples) if (best && one.trip_s < best.trip_s) best = one;
    return best?.offset_s ?? 0;
  }

  get trip_s(): number {
    return this.samples.reduce((least, one) => Math.min(least, one.trip_s), Infinity);
  }
}
