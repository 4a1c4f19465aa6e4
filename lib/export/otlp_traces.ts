/** Spans to an OTLP/HTTP receiver, now: who has something to send all the time takes an exporter (otlp_exporter.ts). */
import { sleep } from "../host/sleep.ts";
import { IoError } from "../model/errors.ts";
import type { Span } from "../model/span.ts";
import { backOffMs } from "../net/back_off.ts";
import { openPoster } from "../net/poster.ts";
import { encodeTraces, MEDIA_TYPE } from "../otlp/mod.ts";
import { otlpVerdict } from "./otlp_verdict.ts";

const TRIES = 4;
const BACK_OFF = { firstMs: 500, mostMs: 4_000 };

export interface PostOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/**
 * One ExportTraceServiceRequest; tried again, with longer waits, while the receiver asks for it or cannot be reached.
 *
 * @param url of the signal, as signalUrl gives it
 * @throws IoError
 */
export async function postTraces(url: string, spans: readonly Span[], options: PostOptions = {}): Promise<void> {
  const { timeoutMs = 10_000, signal = new AbortController().signal } = options;
  using poster = openPoster({ url, headers: { "content-type": MEDIA_TYPE.protobuf }, timeoutMs });
  const body = encodeTraces(spans, "protobuf");
  for (let attempt = 1;; attempt++) {
    signal.throwIfAborted();
    const verdict = otlpVerdict("traces", await poster.post(body, { signal }));
    signal.throwIfAborted();
    if (verdict.kind === "taken") return;
    if (verdict.kind === "never" || attempt === TRIES) {
      throw new IoError(
        `Cannot send spans to "${poster.shown}": ${verdict.state}`,
        "Start a collector there: sloctl collector --listen 127.0.0.1:4318",
      );
    }
    await sleep(verdict.afterMs ?? backOffMs(attempt, Math.random(), BACK_OFF), signal);
  }
}
