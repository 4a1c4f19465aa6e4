/** Spans to an OTLP/HTTP receiver, in protobuf. */
import { IoError, UsageError } from "../model/errors.ts";
import type { Span } from "../model/span.ts";
import { encodeTraces, MEDIA_TYPE } from "../otlp/mod.ts";

/** An endpoint without a path is a base to which v1/traces is added. @throws UsageError when it is no http URL. */
export function tracesUrl(endpoint: string): string {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`Cannot send to "${endpoint}": it is no http URL`, "Give one such as http://127.0.0.1:4318");
  }
  if (url.pathname === "/") url.pathname = "/v1/traces";
  return url.href;
}

/** Answers that mean: the same again, later. */
const RETRY = [429, 502, 503, 504];
const TRIES = 4;
const FIRST_WAIT_MS = 250;

export interface PostOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** One ExportTraceServiceRequest; tried again, with longer waits, while the receiver asks for it or cannot be reached. @throws IoError */
export async function postTraces(url: string, spans: readonly Span[], options: PostOptions = {}): Promise<void> {
  const body = encodeTraces(spans, "protobuf");
  let state = "";
  for (let attempt = 0; attempt < TRIES; attempt++) {
    if (attempt > 0) await delay(FIRST_WAIT_MS * 2 ** (attempt - 1));
    options.signal?.throwIfAborted();
    try {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? 10_000);
      const response = await fetch(url, {
        method: "POST",
        headers: { "content-type": MEDIA_TYPE.protobuf },
        body,
        signal: options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]),
      });
      await response.body?.cancel();
      if (response.ok) return;
      state = `it answered ${response.status}`;
      if (!RETRY.includes(response.status)) break;
    } catch (error) {
      options.signal?.throwIfAborted();
      state = (error as Error).name === "TimeoutError" ? "it did not answer in time" : "it cannot be reached";
    }
  }
  throw new IoError(
    `Cannot send spans to "${url}": ${state}`,
    "Start a collector there: sloctl collector --listen 127.0.0.1:4318",
  );
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
