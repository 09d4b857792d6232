/** What the page says to the person: short lines that go by themselves, and stay for screen readers. */

export interface Line {
  readonly id: number;
  readonly text: string;
  readonly alert: boolean;
}

const SHOWN_MS = 6000;

export class Messages {
  lines = $state.raw<readonly Line[]>([]);
  spoken = $state(""); // for screen readers only: what the keyboard's cursor is on
  private last = 0;

  say(text: string, alert = false): void {
    const line = { id: ++this.last, text, alert };
    this.lines = [...this.lines.filter((one) => one.text !== text), line].slice(-3);
    window.setTimeout(() => this.dismiss(line.id), alert ? 2 * SHOWN_MS : SHOWN_MS);
  }

  dismiss(id: number): void {
    this.lines = this.lines.filter((one) => one.id !== id);
  }

  speak(text: string): void {
    this.spoken = text;
  }
}
