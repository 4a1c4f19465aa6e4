/**
 * The demo's client: steady streaming load on the lab's gateway, by the runtime's own HTTP client, as an application would call it.
 * Requests leave on a schedule drawn from a seed, whether or not earlier ones have been answered. Stamps are of this process, on the
 * kernel's clock. (To measure, use lib/load: it has a client of its own.)
 */
import { random } from "../../stats/random.ts";
import { sleep } from "../../host/sleep.ts";

export interface LoadOptions {
  /** Base URL without /v1. */
  readonly url: string;
  readonly requestsPerSecond: number;
  readonly seed: string;
  readonly maxTokens: number;
  readonly timeoutMs: number;
  /** False: no traceparent is sent. */
  readonly traced: boolean;
  readonly headers?: Readonly<Record<string, string>>;
  /** Nanoseconds on the clock the stamps are wanted in. */
  readonly now: () => number;
  readonly onSample: (sample: ClientSample) => void;
  /** No request is sent after it; those in flight are given up. */
  readonly stop: AbortSignal;
}

/** One request as its client saw it. */
export interface ClientSample {
  readonly traceId: string;
  /** When it was sent. */
  readonly atNs: number;
  /** null when no content came. */
  readonly ttftMs: number | null;
  readonly totalMs: number;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** null when the answer was complete. */
  readonly error: string | null;
  readonly chunks: number;
}

const QUESTIONS = [
  "Why does the first token come late?",
  "How is the retrieval index kept fresh?",
  "What does a CPU quota do to a thread?",
  "Which names does the gateway resolve?",
  "How long may a connection stay idle?",
  "What is a run queue?",
];

/** Runs until `stop`; resolves when the last request is over. */
export async function openLoop(options: LoadOptions): Promise<void> {
  const stream = random(options.seed);
  const gapNs = 1e9 / options.requestsPerSecond;
  const start = options.now();
  const open = new Set<Promise<void>>();
  for (let i = 0; !options.stop.aborted; i++) {
    // Half of each gap is fixed, half is drawn: steady, but never in step with a quota's period.
    const due = start + gapNs * (i + 0.5 * stream.float());
    await sleep((due - options.now()) / 1e6, options.stop);
    if (options.stop.aborted) break;
    const hex = (words: number) =>
      Array.from({ length: words }, () => stream.uint32().toString(16).padStart(8, "0")).join("");
    const question = QUESTIONS[stream.below(QUESTIONS.length)]!;
    const request = send(options, hex(4), hex(2), `${question} (${i})`).then(options.onSample);
    open.add(request);
    request.finally(() => open.delete(request));
  }
  await Promise.all(open);
}

async function send(options: LoadOptions, traceId: string, spanId: string, question: string): Promise<ClientSample> {
  const atNs = options.now();
  const since = () => (options.now() - atNs) / 1e6;
  let ttftMs: number | null = null;
  let status = 0;
  let chunks = 0;
  const end = (error: string | null): ClientSample => ({
    traceId,
    atNs,
    ttftMs,
    totalMs: since(),
    status,
    error,
    chunks,
  });
  try {
    const response = await fetch(`${options.url}/v1/chat/completions`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        ...(options.traced ? { traceparent: `00-${traceId}-${spanId}-01` } : {}),
        ...options.headers,
      },
      body: JSON.stringify({
        model: "lab-small",
        stream: true,
        max_tokens: options.maxTokens,
        messages: [{ role: "user", content: question }],
      }),
      signal: AbortSignal.any([options.stop, AbortSignal.timeout(options.timeoutMs)]),
    });
    status = response.status;
    if (!response.ok) {
      await response.body?.cancel();
      return end(`http_${status}`);
    }
    let tail = "";
    for await (const bytes of response.body ?? []) {
      const text = tail + new TextDecoder().decode(bytes);
      if (ttftMs === null && /"content":"[^"]/.test(text)) ttftMs = since();
      chunks++;
      tail = text.slice(-200);
    }
    return end(tail.includes("[DONE]") ? null : "incomplete");
  } catch (error) {
    return end(
      options.stop.aborted ? "cancelled" : (error as Error).name === "TimeoutError" ? "timeout" : "connection",
    );
  }
}
