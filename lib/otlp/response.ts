/** What an OTLP receiver answers: Export...ServiceResponse on success, google.rpc.Status otherwise, in either encoding. */
import { WireReader } from "./wire_reader.ts";
import { WireWriter } from "./wire_writer.ts";

export type Encoding = "json" | "protobuf";

export type Signal = "traces" | "logs" | "metrics";

/** The media type of each encoding. */
export const MEDIA_TYPE: Readonly<Record<Encoding, string>> = {
  json: "application/json",
  protobuf: "application/x-protobuf",
};

/** What the count of refused records is called in JSON; in protobuf it is field 1 of each. */
const REJECTED: Readonly<Record<Signal, string>> = {
  traces: "rejectedSpans",
  logs: "rejectedLogRecords",
  metrics: "rejectedDataPoints",
};

export interface PartialSuccess {
  /** Spans, log records or data points refused; 0 with a message is a warning. */
  readonly rejected: number;
  /** English, for the operator of the sender. */
  readonly errorMessage: string;
}

const utf8 = new TextEncoder();

/** An empty body (`{}` in JSON) unless there is something to say. */
export function encodeResponse(
  signal: Signal,
  partial: PartialSuccess | null,
  encoding: Encoding,
): Uint8Array<ArrayBuffer> {
  const said = partial !== null && (partial.rejected > 0 || partial.errorMessage !== "");
  if (encoding === "json") {
    if (!said) return utf8.encode("{}");
    const rejected = partial.rejected > 0 ? { [REJECTED[signal]]: String(partial.rejected) } : {};
    return utf8.encode(JSON.stringify({ partialSuccess: { ...rejected, errorMessage: partial.errorMessage } }));
  }
  if (!said) return new Uint8Array();
  const w = new WireWriter();
  w.message(1, () => {
    if (partial.rejected > 0) w.varint(1, partial.rejected);
    if (partial.errorMessage !== "") w.string(2, partial.errorMessage);
  });
  return w.finish();
}

/**
 * What a receiver says of a request it took, in the encoding its Content-Type names. null when it refused nothing and warns of
 * nothing, or when its words make no sense: the request was taken all the same.
 */
export function decodeResponse(signal: Signal, body: Uint8Array, contentType: string): PartialSuccess | null {
  try {
    const json = contentType.startsWith(MEDIA_TYPE.json);
    const said = json ? responseFromJson(signal, body) : responseFromProtobuf(body);
    return said.rejected > 0 || said.errorMessage !== "" ? said : null;
  } catch {
    return null;
  }
}

function responseFromJson(signal: Signal, body: Uint8Array): PartialSuccess {
  const { partialSuccess: said = {} } = JSON.parse(new TextDecoder().decode(body));
  const rejected = Number(said[REJECTED[signal]] ?? 0);
  return { rejected: rejected > 0 ? rejected : 0, errorMessage: String(said.errorMessage ?? "") };
}

function responseFromProtobuf(body: Uint8Array): PartialSuccess {
  const reader = new WireReader(body);
  let rejected = 0;
  let errorMessage = "";
  while (reader.next()) {
    if (reader.field !== 1) {
      reader.skip();
      continue;
    }
    const outer = reader.enter();
    while (reader.next()) {
      if (reader.field === 1) rejected = Number(reader.int64());
      else if (reader.field === 2) errorMessage = reader.string();
      else reader.skip();
    }
    reader.leave(outer);
  }
  return { rejected: Math.max(0, rejected), errorMessage };
}

export interface RpcStatus {
  /** google.rpc.Code; 3 is INVALID_ARGUMENT. */
  readonly code?: number;
  readonly message: string;
  /** What in the request is wrong: travels as google.rpc.BadRequest. */
  readonly violation?: { readonly field: string; readonly description: string };
  /** Come again after so many seconds: travels as google.rpc.RetryInfo, without which gRPC senders give up on RESOURCE_EXHAUSTED. */
  readonly retryAfterS?: number;
}

const BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest";
const RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo";

export function encodeStatus(status: RpcStatus, encoding: Encoding): Uint8Array<ArrayBuffer> {
  const { code, message, violation, retryAfterS } = status;
  if (encoding === "json") {
    const bad = violation && { "@type": BAD_REQUEST, fieldViolations: [violation] };
    const retry = retryAfterS && { "@type": RETRY_INFO, retryDelay: `${retryAfterS}s` };
    const details = [bad, retry].filter(Boolean);
    return utf8.encode(JSON.stringify({ code: code || undefined, message, details: details[0] && details }));
  }
  const w = new WireWriter();
  if (code) w.varint(1, code);
  w.string(2, message);
  if (violation !== undefined) {
    w.message(3, () => {
      w.string(1, BAD_REQUEST);
      w.message(2, () => {
        w.message(1, () => {
          w.string(1, violation.field);
          w.string(2, violation.description);
        });
      });
    });
  }
  if (retryAfterS) {
    w.message(3, () => {
      w.string(1, RETRY_INFO);
      w.message(2, () => w.message(1, () => w.varint(1, retryAfterS)));
    });
  }
  return w.finish();
}
