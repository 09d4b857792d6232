/** The service's REST routes. Errors become a ServiceError whose message is for people. */

import type {
  Candidates, Copies, Evaluation, Job, Model, ModelCard, Music, Options, Preset, Progression, Report, Run, ScorePage, Training, Verb,
  WritingRequest, Written,
} from "./types";

export class ServiceError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const UNREACHABLE = "Antiphon's server does not answer. Is “antiphon studio” still running?";

async function ask(path: string, init: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(`/api/${path}`, { credentials: "same-origin", ...init });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ServiceError(UNREACHABLE, 0);
  }
  if (answer.ok) return answer;
  throw new ServiceError(await explanation(answer), answer.status);
}

async function explanation(answer: Response): Promise<string> {
  try {
    const body = (await answer.json()) as { error?: { message?: string } };
    if (body.error?.message) return body.error.message;
  } catch {
    // no JSON: the status has to do
  }
  return `the server answered ${answer.status}`;
}

function posted(body: unknown, signal?: AbortSignal): RequestInit {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  };
}

async function json<T>(path: string, init?: RequestInit): Promise<T> {
  return (await (await ask(path, init)).json()) as T;
}

export interface Health {
  version: string;
  soundfont: string;
}

export const health = (): Promise<Health> => json("health");
export const models = (): Promise<{ default: string; models: Model[] }> => json("models");
export const model = (name: string): Promise<ModelCard> => json(`models/${encodeURIComponent(name)}`);
export const architecture = (name: string): string => `/api/models/${encodeURIComponent(name)}/architecture`;
export const presets = async (): Promise<Preset[]> => (await json<{ presets: Preset[] }>("presets")).presets;
export const instruments = async (): Promise<string[]> =>
  (await json<{ instruments: string[] }>("instruments")).instruments;

export const formats = async (): Promise<string[]> => (await json<{ formats: string[] }>("options")).formats;

export function evaluate(music: Music, name: string, signal?: AbortSignal): Promise<Evaluation> {
  return json("evaluate", posted({ music, model: name }, signal));
}

export function candidates(music: Music, name: string, options: Options, signal?: AbortSignal): Promise<Candidates> {
  return json("candidates", posted({ music, model: name, count: 8, options }, signal));
}

/** Chords that a model of chords proposes for a piece with these options. */
export function chords(options: Options, seed: number, model: string, signal: AbortSignal): Promise<Progression> {
  const asked = { options, ...(seed ? { seed } : {}), ...(model ? { model } : {}) };
  return worked("chords", asked, () => undefined, signal);
}

export function read(file: Blob): Promise<Music> {
  return json("read", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: file });
}

export async function exported(music: Music, format: string, name: string): Promise<Blob> {
  return (await ask("export", posted({ music, format, name }))).blob();
}

export function score(music: Music, page: number, width: number, signal?: AbortSignal): Promise<ScorePage> {
  return json("score", posted({ music, page, width }, signal));
}

export const report = (): Promise<Report> => json("report");
export const REPORT_PAGE = "/api/report/page";

/** Whether music stands in a corpus; the first question indexes it, for a minute, so it is asked as a job. */
export function copies(music: Music, corpus: string, progress: Progress, signal: AbortSignal): Promise<Copies> {
  return worked("copies", { music, corpus }, progress, signal);
}

export function sample(run: string, progress: Progress, signal: AbortSignal): Promise<{ seed: number; music: Music }> {
  return worked(`train/${encodeURIComponent(run)}/sample`, {}, progress, signal);
}

export const training = (): Promise<Training> => json("train");
export const beginRun = (name: string, recipe: string, corpus: string, set: string[]): Promise<Run> =>
  json("train", posted({ name, recipe, corpus, set }));
export const runTo = (name: string, verb: "stop" | "resume"): Promise<Run> =>
  json(`train/${encodeURIComponent(name)}/${verb}`, { method: "POST" });

const POLL_MS = 150;

type Progress = (share: number | null, waiting: number) => void;

/** Has music written as a job, so that its progress shows; aborting cancels it. */
export function write(verb: Verb, request: WritingRequest, progress: Progress, signal: AbortSignal): Promise<Written> {
  return worked(verb, request, progress, signal);
}

async function worked<T>(route: string, request: unknown, progress: Progress, signal: AbortSignal): Promise<T> {
  let job = await json<Job>(`${route}?wait=false`, posted(request));
  const cancel = (): void => void fetch(`/api/jobs/${job.id}`, { method: "DELETE" }).catch(() => undefined);
  signal.addEventListener("abort", cancel);
  try {
    while (job.state === "queued" || job.state === "running") {
      progress(job.state === "queued" ? null : job.progress, job.waiting);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      signal.throwIfAborted();
      job = await json<Job>(`jobs/${job.id}`, { signal });
    }
    if (job.state !== "done") throw new ServiceError(job.error?.message ?? `the work was ${job.state}`, 500);
    return await json<T>(`jobs/${job.id}/result`, { signal });
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}
