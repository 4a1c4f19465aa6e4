/** The OTLP/HTTP receiver: traces in, spans out. Logs and metrics have nowhere to go yet, so it does not take them. */
import { IoError, UsageError } from "../model/errors.ts";
import type { Span } from "../model/span.ts";
import {
  type DecodedTraces,
  DecodeError,
  decodeTraces,
  encodeStatus,
  encodeTracesResponse,
  type Encoding,
  MEDIA_TYPE,
  type PartialSuccess,
  type RpcStatus,
} from "../otlp/mod.ts";
import { BodyError, readBody } from "./read_body.ts";
import { SeenSpans } from "./seen_spans.ts";

export interface OtlpOptions {
  readonly hostname: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** Largest body, raw or inflated, in bytes. Default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Spans remembered against duplicates. Default 131 072. */
  readonly horizon?: number;
  /** Takes the new spans of one request. If it throws, the sender is told to come again (503) and nothing counts as seen. */
  readonly onSpans: (spans: readonly Span[]) => void;
  /** Shuts the receiver down. */
  readonly signal?: AbortSignal;
}

/** Counters since the start. */
export interface OtlpStats {
  /** Answers by HTTP status. */
  readonly answers: Map<number, number>;
  /** Spans handed to `onSpans`. */
  spans: number;
  /** Spans refused, by reason. */
  readonly rejected: Map<string, number>;
  /** Spans kept though odd, by reason. */
  readonly warnings: Map<string, number>;
  /** Spans that had come before, within `horizon`. */
  duplicates: number;
  readonly horizon: number;
}

export interface OtlpReceiver extends AsyncDisposable {
  readonly hostname: string;
  readonly port: number;
  readonly stats: Readonly<OtlpStats>;
  /** Lets requests in flight finish for half a second, then stops listening and cuts what is left. May be called twice. */
  shutdown(): Promise<void>;
}

const GRACE_MS = 500;
const POLL_MS = 20;
/** google.rpc.Code for the HTTP statuses we answer with. */
const RPC_CODE: Readonly<Record<number, number>> = { 400: 3, 404: 12, 405: 12, 413: 8, 415: 3, 500: 13, 503: 14 };

/** @throws IoError when the address is taken or not ours, UsageError when it is no address. */
export function serveOtlp(options: OtlpOptions): Promise<OtlpReceiver> {
  return Promise.resolve().then(() => start(options));
}

function start(options: OtlpOptions): OtlpReceiver {
  const { hostname, port, maxBodyBytes = 64 * 1024 * 1024, horizon = 131_072, onSpans, signal } = options;
  const stats: OtlpStats = {
    answers: new Map(),
    spans: 0,
    rejected: new Map(),
    warnings: new Map(),
    duplicates: 0,
    horizon,
  };
  const seen = new SeenSpans(horizon);
  const cut = new AbortController();
  let inFlight = 0;

  /** Keeps what is new; false when the pipeline could not take it. */
  function take(decoded: DecodedTraces): boolean {
    const fresh = seen.fresh(decoded.spans);
    try {
      if (fresh.length > 0) onSpans(fresh);
    } catch {
      seen.forget(fresh);
      return false;
    }
    stats.spans += fresh.length;
    stats.duplicates += decoded.spans.length - fresh.length;
    for (const [reason, n] of decoded.rejected) count(stats.rejected, reason, n);
    for (const [reason, n] of decoded.warnings) count(stats.warnings, reason, n);
    return true;
  }

  async function handle(request: Request): Promise<Response> {
    const encoding = encodingOf(request.headers.get("content-type"));
    const refuse = (status: number, why: Omit<RpcStatus, "code">, headers?: Record<string, string>) =>
      answer(status, encodeStatus({ code: RPC_CODE[status], ...why }, encoding ?? "json"), encoding ?? "json", headers);
    const path = new URL(request.url).pathname;
    if (path !== "/v1/traces") {
      return refuse(404, { message: `Cannot find "${path.slice(0, 200)}": this receiver takes /v1/traces only` });
    }
    if (request.method !== "POST") {
      return refuse(405, { message: `Cannot ${request.method} "${path}": only POST is allowed` }, { allow: "POST" });
    }
    if (encoding === null) {
      return refuse(415, { message: `Cannot read "content-type": send ${MEDIA_TYPE.protobuf} or ${MEDIA_TYPE.json}` });
    }
    try {
      const decoded = decodeTraces(await readBody(request, maxBodyBytes), encoding);
      if (!take(decoded)) return refuse(503, { message: 'Cannot keep "spans": the pipeline refused them, send again' });
      return answer(200, encodeTracesResponse(partialSuccess(decoded), encoding), encoding);
    } catch (error) {
      if (error instanceof BodyError) return refuse(error.status, { message: error.message });
      if (!(error instanceof DecodeError)) throw error;
      const violation = { field: error.where, description: error.what };
      return refuse(400, { message: error.message, violation });
    }
  }

  function answer(
    status: number,
    body: Uint8Array<ArrayBuffer>,
    encoding: Encoding,
    headers: Record<string, string> = {},
  ): Response {
    count(stats.answers, status, 1);
    return new Response(body, { status, headers: { ...headers, "content-type": MEDIA_TYPE[encoding] } });
  }

  const counted = async (request: Request) => {
    inFlight++;
    try {
      return await handle(request);
    } finally {
      inFlight--;
    }
  };
  const server = listen(hostname, port, cut.signal, counted, () => {
    const body = encodeStatus({ code: RPC_CODE[500], message: "Cannot answer: internal error" }, "json");
    return answer(500, body, "json");
  });
  /** Deno's own graceful shutdown waits for ever on a sender that stalls, so the waiting is done here. */
  async function stop(): Promise<void> {
    signal?.removeEventListener("abort", shutdown);
    for (let waited = 0; inFlight > 0 && waited < GRACE_MS; waited += POLL_MS) await delay(POLL_MS);
    await delay(POLL_MS); // for the last answer to leave
    cut.abort();
    await server.finished;
  }
  let done: Promise<void> | undefined;
  const shutdown = () => done ??= stop();
  signal?.addEventListener("abort", shutdown);
  if (signal?.aborted) shutdown();
  return {
    hostname: server.addr.hostname,
    port: server.addr.port,
    stats,
    shutdown,
    [Symbol.asyncDispose]: shutdown,
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function listen(
  hostname: string,
  port: number,
  signal: AbortSignal,
  handler: (request: Request) => Promise<Response>,
  onError: () => Response,
): Deno.HttpServer<Deno.NetAddr> {
  try {
    return Deno.serve({ hostname, port, signal, onListen: () => {}, onError }, handler);
  } catch (error) {
    const what = `Cannot listen on "${hostname}:${port}"`;
    if (error instanceof Deno.errors.AddrInUse) {
      throw new IoError(`${what}: the port is in use`, "Stop the program that holds it, or choose another port");
    }
    if (error instanceof TypeError || error instanceof RangeError) {
      throw new UsageError(`${what}: ${error.message}`, "Give a host name or address and a port from 0 to 65535");
    }
    const reason = error instanceof Error ? error.message : String(error);
    throw new IoError(`${what}: ${reason}`, "Choose an address of this machine and a port it may use");
  }
}

/** Parsed as a media type: parameters and letter case do not matter. */
function encodingOf(contentType: string | null): Encoding | null {
  const type = (contentType ?? "").split(";", 1)[0]!.trim().toLowerCase();
  return type === MEDIA_TYPE.json ? "json" : type === MEDIA_TYPE.protobuf ? "protobuf" : null;
}

/** What the sender should know: how many spans were refused and why, or a warning when a payload looks misspelt. */
function partialSuccess({ rejected, warnings }: DecodedTraces): PartialSuccess | null {
  const rejectedSpans = [...rejected.values()].reduce((sum, n) => sum + n, 0);
  const reasons = [...rejected].map(([reason, n]) => `${n} with a bad ${reason}`);
  if (warnings.has("snake_case_key")) reasons.push("members in snake_case are ignored, use lowerCamelCase");
  return reasons.length === 0 ? null : { rejectedSpans, errorMessage: reasons.join("; ") };
}

function count<K>(counters: Map<K, number>, key: K, n: number): void {
  counters.set(key, (counters.get(key) ?? 0) + n);
}
