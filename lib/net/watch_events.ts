/** A collector's event stream as values, resumed by itself when the connection breaks. */
import { IoError, UsageError } from "../model/errors.ts";
import { readSse } from "./sse.ts";

export interface WatchEventsOptions {
  /** Of the collector: http://127.0.0.1:4318 */
  readonly url: string;
  readonly token?: string;
  readonly kinds?: readonly string[];
  readonly service?: string;
  readonly severity?: "ok" | "warning" | "error";
  /** Behind this commit sequence, 0 from the first that is kept on; without it from now on. */
  readonly after?: number;
  /** Ends the watching quietly. */
  readonly signal?: AbortSignal;
  /** Of a collector with a certificate of its own authority: `Deno.createHttpClient({ caCerts })`. */
  readonly client?: Deno.HttpClient;
  /** The first wait before another try; it doubles up to 30 s. Default 500 ms. */
  readonly retryMs?: number;
}

export type WatchedKind = "span" | "log" | "probe" | "slo" | "incident";

export interface EventItem {
  readonly kind: WatchedKind;
  readonly commitSeq: number;
  /** Lower-case hex, or "". */
  readonly traceId: string;
  readonly spanId: string;
  /** As the schema of its kind has it; integers beyond 2^53 are bigint. */
  readonly document: Readonly<Record<string, unknown>>;
}

/** Events were lost to this watcher: they are no longer kept, or the collector's store is another than before. */
export interface LossItem {
  readonly kind: "overflow";
  readonly reason: string;
  /** Where it goes on. */
  readonly commitSeq: number;
  readonly lost: number;
}

const LONGEST_MS = 30_000;

/**
 * Every event once, in order of `commitSeq`, over as many connections as it takes. What cannot be had any more comes as an `overflow`.
 *
 * @throws UsageError when the URL is none; IoError when the collector refuses: a bad filter, a token that is not good
 */
export async function* watchEvents(options: WatchEventsOptions): AsyncGenerator<EventItem | LossItem, void> {
  const { signal, retryMs = 500 } = options;
  const url = streamUrl(options);
  let last = options.after === undefined ? null : String(options.after);
  let waitMs = retryMs;
  while (!signal?.aborted) {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (options.token !== undefined) headers.authorization = `Bearer ${options.token}`;
    if (last !== null) headers["last-event-id"] = last;
    const answer = await open(url, headers, options);
    if (answer !== null) {
      waitMs = retryMs;
      try {
        for await (const { name, data } of readSse(answer, (id) => last = id, signal)) {
          const item = itemOf(name, data);
          if (item !== null) yield item;
        }
      } catch (error) {
        if (error instanceof RangeError) throw new IoError(`Cannot watch "${url.origin}": ${error.message}`);
        // The connection broke: on to the next.
      }
    }
    await pause(waitMs, signal);
    waitMs = Math.min(waitMs * 2, LONGEST_MS);
  }
}

function streamUrl({ url, kinds, service, severity }: WatchEventsOptions): URL {
  const base = URL.canParse(url) ? new URL(url) : null;
  if (base === null || !["http:", "https:"].includes(base.protocol)) {
    throw new UsageError(`Cannot watch "${url}": it is no http or https URL`, "Write http://127.0.0.1:4318");
  }
  const stream = new URL(`${base.href.replace(/\/+$/, "")}/v1/events/stream`);
  if (kinds !== undefined && kinds.length > 0) stream.searchParams.set("kind", kinds.join(","));
  if (service !== undefined) stream.searchParams.set("service", service);
  if (severity !== undefined) stream.searchParams.set("severity", severity);
  return stream;
}

/** null: not now, try again. @throws IoError when another try would end the same */
async function open(url: URL, headers: Record<string, string>, { signal, client }: WatchEventsOptions) {
  let response: Response;
  try {
    response = await fetch(url, { headers, redirect: "error", signal: signal ?? null, ...(client && { client }) });
  } catch {
    return null; // nobody listens, or the caller has had enough
  }
  if (response.status === 200) return response.body;
  const text = await response.text().catch(() => "");
  if (response.status === 429 || response.status >= 500) return null;
  const message = (() => {
    try {
      return String(JSON.parse(text).message);
    } catch {
      return `it answers ${response.status}`;
    }
  })();
  throw new IoError(`Cannot watch "${url.origin}": ${message}`, "Is the filter right, and the token good?");
}

function itemOf(name: string, data: string): EventItem | LossItem | null {
  const { commit_seq, trace_id = "", span_id = "", document, reason, lost } = parsed(data);
  if (name === "overflow") {
    return lost === 0 && reason === "slow" ? null : { kind: name, reason, commitSeq: commit_seq, lost };
  }
  return { kind: name as WatchedKind, commitSeq: commit_seq, traceId: trace_id, spanId: span_id, document };
}

/** The third argument of a reviver (ES2025) carries the digits as they stood in the text. */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;
// deno-lint-ignore no-explicit-any -- JSON of a collector, whose schema is watch-event/v1
const parseWithSource = JSON.parse as (text: string, reviver?: SourceReviver) => any;

function parsed(text: string) {
  if (!/\d{16}/.test(text)) return parseWithSource(text);
  return parseWithSource(
    text,
    (_key, value, { source }) =>
      typeof value === "number" && !Number.isSafeInteger(value) && /^-?\d+$/.test(source ?? "")
        ? BigInt(source!)
        : value,
  );
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const timer = setTimeout(settle, ms);
    signal?.addEventListener("abort", settle);
    function settle() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", settle);
      resolve();
    }
  });
}
