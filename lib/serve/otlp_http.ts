/** OTLP over HTTP: three paths, two encodings, and for whatever goes wrong a google.rpc.Status in the request's encoding. */
import { encodeStatus, type Encoding, MEDIA_TYPE, type RpcStatus, type Signal } from "../otlp/mod.ts";
import { BodyError, type HttpAnswer, type HttpRequest, type Route } from "./http.ts";
import { checkEncoding, inflate } from "./inflate.ts";
import type { OtlpReceiver } from "./otlp_receiver.ts";
import { keyProblem } from "./receipts.ts";

/** google.rpc.Code for the HTTP statuses we answer with. */
const RPC_CODE: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 12,
  405: 12,
  408: 4,
  409: 10,
  413: 8,
  415: 3,
  429: 8,
  451: 7,
  500: 13,
  501: 12,
  503: 14,
};
const PATHS: Readonly<Record<string, Signal>> = {
  "/v1/traces": "traces",
  "/v1/logs": "logs",
  "/v1/metrics": "metrics",
};

export interface OtlpHttpOptions {
  readonly receiver: OtlpReceiver;
  /** Largest body, raw or inflated, in bytes. Default 64 MiB. */
  readonly maxBodyBytes?: number;
}

/** Answers on the paths of the receiver's signals, and nowhere else. */
export function otlpRoute({ receiver, maxBodyBytes = 64 * 1024 * 1024 }: OtlpHttpOptions): Route {
  return async (request) => {
    const signal = PATHS[request.path];
    if (signal === undefined || !receiver.signals.includes(signal)) return null;
    if (request.method !== "POST") {
      const message = `Cannot ${printed(request.method)} "${request.path}": only POST is allowed`;
      return refuse(request, 405, { message }, { allow: "POST" });
    }
    const encoding = encodingOf(request);
    if (encoding === null) {
      const message = `Cannot read "content-type": send ${MEDIA_TYPE.protobuf} or ${MEDIA_TYPE.json}`;
      return refuse(request, 415, { message });
    }
    const key = request.headers["idempotency-key"];
    const problem = key === undefined ? null : keyProblem(key);
    if (problem !== null) return refuse(request, 400, { message: problem });
    let body: Uint8Array;
    try {
      const compressed = request.headers["content-encoding"];
      checkEncoding(compressed);
      const most = Math.min(maxBodyBytes, request.caller?.maxBytes ?? Infinity);
      body = inflate(await request.read(most), compressed, most);
    } catch (error) {
      if (!(error instanceof BodyError)) throw error;
      const later = error.status === 503 ? { "retry-after": "1" } : undefined;
      return refuse(request, error.status, { message: error.message }, later);
    }
    const reply = await receiver.receive(signal, encoding, body, request.caller?.ns, key);
    if (reply.taken) return { status: 200, headers: { "content-type": MEDIA_TYPE[encoding] }, body: reply.body };
    const later = reply.retryAfterS === undefined ? undefined : { "retry-after": String(reply.retryAfterS) };
    return refuse(request, reply.status, reply.why, later);
  };
}

/** An error in the encoding the request came in, JSON where it came in none we know. */
export function refuse(
  request: HttpRequest,
  status: number,
  why: RpcStatus,
  headers: Readonly<Record<string, string>> = {},
): HttpAnswer {
  const encoding = encodingOf(request) ?? "json";
  const code = why.code ?? RPC_CODE[status] ?? 2;
  const body = encodeStatus({ ...why, code }, encoding);
  return { status, headers: { ...headers, "content-type": MEDIA_TYPE[encoding] }, body };
}

/** Parsed as a media type: parameters and letter case do not matter. */
function encodingOf({ headers }: HttpRequest): Encoding | null {
  const type = (headers["content-type"] ?? "").split(";", 1)[0]!.trim().toLowerCase();
  return type === MEDIA_TYPE.json ? "json" : type === MEDIA_TYPE.protobuf ? "protobuf" : null;
}

/** A word of the request, fit for a message. */
function printed(word: string): string {
  return word.slice(0, 20).replaceAll(/[^\x21-\x7e]/g, "?");
}
