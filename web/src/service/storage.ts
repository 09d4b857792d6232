/** Pieces in the browser's own storage: the one at hand, and a gallery of those before it. */

import type { Music } from "./types";

export interface Kept {
  readonly id: string; // of the piece; "now" for the one at hand
  readonly title: string;
  readonly kept: number; // milliseconds since 1970
  readonly tempo: number;
  readonly music: Music;
  readonly wishes?: unknown;
}

const NAME = "antiphon";
const STORE = "pieces";
export const NOW = "now";
const MOST = 60;

function database(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("the browser keeps nothing"));
  });
}

async function within<T>(mode: IDBTransactionMode, how: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const opened = await database();
  try {
    return await new Promise<T>((resolve, reject) => {
      const request = how(opened.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("the browser keeps nothing"));
    });
  } finally {
    opened.close();
  }
}

export const keep = (piece: Kept): Promise<unknown> => within("readwrite", (store) => store.put(piece));
export const forget = (id: string): Promise<unknown> => within("readwrite", (store) => store.delete(id));
export const recall = (id: string): Promise<Kept | undefined> =>
  within("readonly", (store) => store.get(id) as IDBRequest<Kept | undefined>);

/** The gallery, the latest first; older ones than MOST are forgotten. */
export async function gallery(): Promise<Kept[]> {
  const all = await within("readonly", (store) => store.getAll() as IDBRequest<Kept[]>);
  const pieces = all.filter((one) => one.id !== NOW).sort((a, b) => b.kept - a.kept);
  for (const old of pieces.slice(MOST)) await forget(old.id);
  return pieces.slice(0, MOST);
}
