/** What an OTLP receiver answers: ExportTraceServiceResponse on success, google.rpc.Status otherwise, in either encoding. */
import { WireWriter } from "./wire_writer.ts";

export type Encoding = "json" | "protobuf";

/** The media type of each encoding. */
export const MEDIA_TYPE: Readonly<Record<Encoding, string>> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};

export interface PartialSuccess {
  /** Spans refused; 0 with a message is a warning. */
  readonly rejectedSpans: number;
  /** English, for the operator of the sender. */
  readonly errorMessage: string;
}

const utf8 = new TextEncoder();

/** An empty body (`{}` in JSON) unless there is something to say. */
export function encodeTracesResponse(partial: PartialSuccess | null, encoding: Encoding): Uint8Array<ArrayBuffer> {
  const said = partial !== null && (partial.rejectedSpans > 0 || partial.errorMessage !== "");
  if (encoding === "json") {
    const rejectedSpans = said && partial.rejectedSpans > 0 ? String(partial.rejectedSpans) : undefined;
    return utf8.encode(
      JSON.stringify(said ? { partialSuccess: { rejectedSpans, errorMessage: partial.errorMessage } } : {}),
    );
  }
  const writer = new WireWriter();
  if (said) {
    writer.message(1, (inner) => {
      if (partial.rejectedSpans > 0) inner.varint(1, partial.rejectedSpans);
      if (partial.errorMessage !== "") inner.string(2, partial.errorMessage);
    });
  }
  return writer.finish();
}

export interface RpcStatus {
  /** google.rpc.Code; 3 is INVALID_ARGUMENT. */
  readonly code?: number;
  readonly message: string;
  /** What in the request is wrong: travels as google.rpc.BadRequest. */
  readonly violation?: { readonly field: string; readonly description: string };
}

const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";

export function encodeStatus(status: RpcStatus, encoding: Encoding): Uint8Array<ArrayBuffer> {
  const { code, message, violation } = status;
  if (encoding === "json") {
    const details = violation && [{ "@type": BAD_REQUEST, fieldViolations: [violation] }];
    return utf8.encode(JSON.stringify({ code: code || undefined, message, details }));
  }
  const writer = new WireWriter();
  if (code) writer.varint(1, code);
  writer.string(2, message);
  if (violation !== undefined) {
    writer.message(3, (any) => {
      any.string(1, BAD_REQUEST);
      any.message(2, (badRequest) => {
        badRequest.message(1, (inner) => {
          inner.string(1, violation.field);
          inner.string(2, violation.description);
        });
      });
    });
  }
  return writer.finish();
}
