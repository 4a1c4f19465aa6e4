/**
 * What has to be known of a request with spans before it may be acknowledged, without decoding it: that nothing in it would be refused or
 * warned of, and which spans it holds. Whatever is out of the ordinary is left to `decodeTraces`, which decides: so the two cannot disagree.
 */
import { scanTracesJson } from "./scan_traces_json.ts";
import { scanTracesProtobuf } from "./scan_traces_protobuf.ts";
import type { Encoding } from "./response.ts";
import type { ScannedTraces } from "./span_ids.ts";

export { ID_WORDS, type ScannedTraces } from "./span_ids.ts";

/** An export request as it came, every span of which is to be kept. */
export interface SpanRequest {
  readonly encoding: Encoding;
  /** Nobody changes it any more. */
  readonly body: Uint8Array;
  readonly scanned: ScannedTraces;
}

/** Larger bodies are not scanned: they are to be cut into pieces, for which they have to be decoded. */
export const SCAN_MOST_BYTES = 1 << 20;

/** Null: it has to be decoded to be judged. */
export function scanTraces(body: Uint8Array, encoding: Encoding): ScannedTraces | null {
  if (body.length > SCAN_MOST_BYTES) return null;
  return encoding === "json" ? scanTracesJson(body) : scanTracesProtobuf(body);
}
