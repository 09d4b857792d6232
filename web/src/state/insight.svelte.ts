/** What the model thinks of the piece: asked when someone looks, and no more than needed. */

import type { Note } from "../music/note";
import * as api from "../service/api";
import { toMusic } from "../service/music";
import type { Candidates, Evaluation } from "../service/types";

const NATS_FULL = 22; // a note that surprised the model so much has the strongest colour
const NATS_NONE = 5;

class Insight {
  surprise = $state.raw<ReadonlyMap<number, number>>(new Map()); // by identity: 0 calm to 1 startling
  evaluation = $state.raw<Evaluation | undefined>(undefined);
  candidates = $state.raw<Candidates | undefined>(undefined);
  busy = $state(false);
  error = $state("");
  of = $state.raw<readonly Note[] | undefined>(undefined); // the notes that were looked at
  private control: AbortController | undefined;

  /** Has the model hear the piece; an older question is dropped. */
  async look(notes: readonly Note[], model: string, at_s: number): Promise<void> {
    this.control?.abort();
    const control = (this.control = new AbortController());
    this.busy = true;
    this.error = "";
    try {
      const heard = notes.filter((one) => one.onset_s < at_s);
      const [evaluation, candidates] = await Promise.all([
        api.evaluate(toMusic(notes), model, control.signal),
        api.candidates(toMusic(heard.length ? heard : notes), model, {}, control.signal),
      ]);
      this.evaluation = evaluation;
      this.candidates = candidates;
      this.of = notes;
      this.surprise = new Map(
        evaluation.notes.flatMap((index, i): [number, number][] => {
          const one = notes[index];
          const nats = evaluation.nats[i]?.reduce((sum, part) => sum + part, 0) ?? 0;
          return one ? [[one.id, Math.min(Math.max((nats - NATS_NONE) / (NATS_FULL - NATS_NONE), 0), 0.999)]] : [];
        }),
      );
    } catch (error) {
      if (!control.signal.aborted) this.error = error instanceof Error ? error.message : String(error);
    } finally {
      if (this.control === control) this.busy = false;
    }
  }

  clear(): void {
    this.surprise = new Map();
    this.evaluation = undefined;
    this.candidates = undefined;
  }
}

export const insight = new Insight();
