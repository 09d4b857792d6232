/** A piece in a link: all of it in the fragment, which browsers send to nobody. */

import type { Music } from "./types";

export interface Shared {
  readonly v: 1;
  readonly title: string;
  readonly tempo: number;
  readonly wishes: Record<string, unknown>; // with the seed: the same music again, where `music` is left out
  readonly music?: Music;
}

const KEY = "piece=";

async function through(bytes: Uint8Array<ArrayBuffer>, stream: CompressionStream | DecompressionStream): Promise<Uint8Array> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream as ReadableWritablePair<Uint8Array, BufferSource>);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

export async function toFragment(shared: Shared): Promise<string> {
  const packed = await through(new TextEncoder().encode(JSON.stringify(shared)), new CompressionStream("deflate-raw"));
  let binary = "";
  for (const byte of packed) binary += String.fromCharCode(byte);
  return `#${KEY}${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "")}`;
}

/** What a fragment holds; undefined for another kind of fragment, an error for a broken one. */
export async function fromFragment(fragment: string): Promise<Shared | undefined> {
  if (!fragment.startsWith(`#${KEY}`)) return undefined;
  const text = fragment.slice(KEY.length + 1).replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const shared = JSON.parse(
    new TextDecoder().decode(await through(bytes, new DecompressionStream("deflate-raw"))),
  ) as Shared;
  if (shared.v !== 1) throw new Error("the link is of another version of Antiphon");
  return shared;
}
