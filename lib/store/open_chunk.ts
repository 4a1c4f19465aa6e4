/** A chunk of whatever form, to be read. */
import { type ChunkEntries, ChunkLines } from "./chunk.ts";
import { isRaw, RawChunk } from "./raw_chunk.ts";

/** @param first sequence of its first entry @throws SyntaxError, TypeError when it is not what was written */
export function openChunk(body: Uint8Array, first: number): ChunkEntries {
  return isRaw(body) ? new RawChunk(body, first) : new ChunkLines(new TextDecoder().decode(body), first);
}
