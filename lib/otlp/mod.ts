/** OTLP traces, protobuf and JSON, both directions. Pure: bytes in, values out. */
import type { Span } from "../model/span.ts";
import { decodeTracesJson } from "./decode_json.ts";
import { decodeTracesProtobuf } from "./decode_protobuf.ts";
import { encodeTracesJson } from "./encode_json.ts";
import { encodeTracesProtobuf } from "./encode_protobuf.ts";
import type { Encoding } from "./response.ts";
import type { DecodedTraces } from "./tally.ts";

export { DecodeError } from "./decode_error.ts";
export { encodeStatus, encodeTracesResponse, MEDIA_TYPE } from "./response.ts";
export type { Encoding, PartialSuccess, RpcStatus } from "./response.ts";
export type { DecodedTraces, RejectReason, WarnReason } from "./tally.ts";

/**
 * An ExportTraceServiceRequest. Bad spans are counted in the result, never thrown.
 * @throws DecodeError when the body as a whole cannot be read; nothing else, whatever the bytes.
 */
export function decodeTraces(body: Uint8Array, encoding: Encoding): DecodedTraces {
  return encoding === "json" ? decodeTracesJson(body) : decodeTracesProtobuf(body);
}

/** An ExportTraceServiceRequest holding the spans. */
export function encodeTraces(spans: Iterable<Span>, encoding: Encoding): Uint8Array<ArrayBuffer> {
  return encoding === "json" ? new TextEncoder().encode(encodeTracesJson(spans)) : encodeTracesProtobuf(spans);
}
