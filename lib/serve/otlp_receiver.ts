/** An export request, whatever carried it, to records in the pipeline and the answer for the sender. */
import type { LogRecord } from "../model/log_record.ts";
import type { MetricPoint } from "../model/metric_point.ts";
import { Overload } from "../model/overload.ts";
import type { Receipt } from "../model/receipt.ts";
import type { Span } from "../model/span.ts";
import {
  type Decoded,
  DecodeError,
  decodeLogs,
  decodeMetrics,
  decodeTraces,
  encodeResponse,
  type Encoding,
  MEDIA_TYPE,
  type PartialSuccess,
  type RpcStatus,
  type Signal,
} from "../otlp/mod.ts";
import { scanTraces, type SpanRequest } from "../otlp/scan_traces.ts";
import { type Draft, Receipts } from "./receipts.ts";
import { SeenSpans } from "./seen_spans.ts";

/**
 * Where records go. A sink that returns (or resolves) has taken the batch, and the sender is told so; one that throws has taken
 * nothing, and the sender is asked to come again (Overload says when). `bytes` is what the batch took, inflated.
 */
export interface OtlpSink {
  /** New spans only: those that came before are left out. */
  readonly spans?: (spans: readonly Span[], bytes: number, receipt?: Receipt) => void | Promise<void>;
  /**
   * As `spans`, a whole request as it came: of all its spans none came before and none is refused. Without it every request is decoded
   * before it is acknowledged.
   */
  readonly request?: (request: SpanRequest, receipt?: Receipt) => Promise<void>;
  readonly logs?: (logs: readonly LogRecord[], bytes: number, receipt?: Receipt) => void | Promise<void>;
  readonly metrics?: (points: readonly MetricPoint[], bytes: number) => void | Promise<void>;
  /** Keeps a receipt where there is nothing to keep with it. */
  readonly receipt?: (receipt: Receipt) => Promise<void>;
  /** What was answered under a key before; null: nothing. Without it keys are not looked at. */
  readonly receiptOf?: (key: string) => Promise<Receipt | null>;
}

export interface ReceiverOptions {
  readonly sink: OtlpSink;
  /** Spans remembered against duplicates. Default 131 072. */
  readonly horizon?: number;
  /** The record as one of the namespace ("": all) of who sent it; null where it is another's. Without it everybody speaks for all. */
  readonly claimed?: <R extends Span | LogRecord | MetricPoint>(record: R, ns: string) => R | null;
  /** Is told of anything a sink threw but Overload. */
  readonly onFault?: (error: unknown) => void;
}

/** Counters of one signal since the start. */
export interface SignalStats {
  requests: number;
  /** Bytes of the bodies, inflated. */
  bytes: number;
  /** Records handed to the sink. */
  taken: number;
  /** Requests the sink could not take. */
  unavailable: number;
  /** Bodies that could not be decoded. */
  undecodable: number;
  /** Requests with records of a namespace that is not their sender's. */
  foreign: number;
  /** Records refused, by reason. */
  readonly rejected: Map<string, number>;
  /** Records kept though odd, by reason. */
  readonly warnings: Map<string, number>;
  /** Spans that had come before, within the horizon. */
  duplicates: number;
}

export type Reply =
  | { readonly taken: true; readonly body: Uint8Array<ArrayBuffer> }
  | {
    readonly taken: false;
    /** HTTP status: 400 what came cannot be read, 403 it belongs to others, 503 it cannot be taken now. */
    readonly status: 400 | 403 | 409 | 503;
    readonly why: RpcStatus;
    readonly retryAfterS?: number;
  };

const NOTHING_ODD: Decoded = { rejected: new Map(), warnings: new Map() };

class Foreign extends Error {
  constructor(ns: string) {
    const whose = ns === "" ? "the collector's own" : `of another than "${ns}", the token's namespace`;
    super(`Cannot take it: there is a record ${whose}`);
  }
}

export class OtlpReceiver {
  readonly stats: Readonly<Record<Signal, SignalStats>> = { traces: noStats(), logs: noStats(), metrics: noStats() };
  readonly horizon: number;
  readonly #seen: SeenSpans;
  readonly #options: ReceiverOptions;
  readonly #receipts: Receipts;
  /** Batches of spans that the sink has not answered for yet. */
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.horizon = options.horizon ?? 131_072;
    this.#seen = new SeenSpans(this.horizon);
    this.#receipts = new Receipts(options.sink.receiptOf ?? (() => Promise.resolve(null)));
  }

  /** Signals that have a sink. */
  get signals(): readonly Signal[] {
    const { spans, logs, metrics } = this.#options.sink;
    const all: [Signal, unknown][] = [["traces", spans], ["logs", logs], ["metrics", metrics]];
    return all.filter(([, sink]) => sink !== undefined).map(([signal]) => signal);
  }

  /** After a restart: spans that were taken before it. @param keys trace and span id of each as one text, oldest first */
  remember(keys: Iterable<string>): void {
    this.#seen.remember(keys);
  }

  /**
   * Never rejects.
   *
   * @param body inflated
   * @param ns all of the records a sender may speak for; "": any
   * @param key under which the same request may come again; "": none
   */
  receive(signal: Signal, encoding: Encoding, body: Uint8Array, ns = "", key = ""): Promise<Reply> {
    const stats = this.stats[signal];
    stats.requests++;
    stats.bytes += body.length;
    if (key === "" || this.#options.sink.receiptOf === undefined) {
      return this.#receive(signal, encoding, body, ns, null);
    }
    return this.#receipts.once(
      { signal, encoding, body, key: `${ns}/${key}` },
      (draft) => this.#receive(signal, encoding, body, ns, draft),
      (error) => this.#refusal(signal, error),
    );
  }

  async #receive(
    signal: Signal,
    encoding: Encoding,
    body: Uint8Array,
    ns: string,
    draft: Draft | null,
  ): Promise<Reply> {
    const stats = this.stats[signal];
    try {
      const decoded = await this.#take(signal, encoding, body, ns, draft);
      for (const [reason, n] of decoded.rejected) count(stats.rejected, reason, n);
      for (const [reason, n] of decoded.warnings) count(stats.warnings, reason, n);
      return { taken: true, body: encodeResponse(signal, partialSuccess(decoded), encoding) };
    } catch (error) {
      return this.#refusal(signal, error);
    }
  }

  #refusal(signal: Signal, error: unknown): Reply {
    const stats = this.stats[signal];
    if (error instanceof DecodeError) {
      stats.undecodable++;
      const violation = { field: error.where, description: error.what };
      return { taken: false, status: 400, why: { code: 3, message: error.message, violation } };
    }
    if (error instanceof Foreign) {
      stats.foreign++;
      return { taken: false, status: 403, why: { code: 7, message: error.message } };
    }
    stats.unavailable++;
    if (!(error instanceof Overload)) this.#options.onFault?.(error);
    const what = error instanceof Overload ? error.what : "the pipeline refused it";
    return {
      taken: false,
      status: 503,
      why: { code: 14, message: `Cannot take "${signal}": ${what}, send again` },
      retryAfterS: error instanceof Overload ? error.retryAfterS : 1,
    };
  }

  async #take(
    signal: Signal,
    encoding: Encoding,
    body: Uint8Array,
    ns: string,
    draft: Draft | null,
  ): Promise<Decoded> {
    const { sink } = this.#options;
    const receiptFor = (decoded: Decoded): Receipt | undefined =>
      draft === null
        ? undefined
        : { ...draft, answer: encodeResponse(signal, partialSuccess(decoded), encoding), type: MEDIA_TYPE[encoding] };
    if (signal === "traces") {
      // Whoever speaks for one namespace is looked at more closely.
      const scanned = sink.request === undefined || ns !== "" ? null : scanTraces(body, encoding);
      if (scanned !== null && this.#seen.all(scanned.ids)) {
        await this.#takeWhole({ encoding, body, scanned }, receiptFor(NOTHING_ODD));
        return NOTHING_ODD;
      }
      const decoded = decodeTraces(body, encoding);
      await this.#takeSpans(this.#claimed(decoded.spans, ns), body.length, receiptFor(decoded));
      return decoded;
    }
    if (signal === "logs") {
      const decoded = decodeLogs(body, encoding);
      const logs = this.#claimed(decoded.logs, ns);
      const receipt = receiptFor(decoded);
      if (logs.length > 0) await sink.logs?.(logs, body.length, receipt);
      else if (receipt !== undefined) await sink.receipt?.(receipt);
      this.stats.logs.taken += logs.length;
      return decoded;
    }
    const decoded = decodeMetrics(body, encoding);
    const points = this.#claimed(decoded.points, ns);
    if (points.length > 0) await sink.metrics?.(points, body.length);
    const receipt = receiptFor(decoded);
    if (receipt !== undefined) await sink.receipt?.(receipt);
    this.stats.metrics.taken += points.length;
    return decoded;
  }

  /** What is in it is found out later, and by others. */
  async #takeWhole(request: SpanRequest, receipt: Receipt | undefined): Promise<void> {
    const { scanned } = request;
    try {
      await this.#track(this.#options.sink.request!(request, receipt));
    } catch (error) {
      this.#seen.forgetAll(scanned.ids);
      throw error;
    }
    this.stats.traces.taken += scanned.spans;
  }

  /** All of a request or nothing of it: who sends for others by mistake finds out at once. @throws Foreign */
  #claimed<R extends Span | LogRecord | MetricPoint>(records: readonly R[], ns: string): readonly R[] {
    const { claimed } = this.#options;
    if (claimed === undefined) return records;
    return records.map((record) => {
      const own = claimed(record, ns);
      if (own === null) throw new Foreign(ns);
      return own;
    });
  }

  async #takeSpans(spans: readonly Span[], bytes: number, receipt: Receipt | undefined): Promise<void> {
    const fresh = this.#seen.fresh(spans);
    const again = spans.length - fresh.length;
    try {
      // A span seen before may be one whose fate is still open: who sends it again waits with who sent it first.
      if (again > 0) await Promise.all(this.#underWay);
      if (fresh.length > 0) await this.#hand(fresh, bytes, receipt);
      else if (receipt !== undefined) await this.#options.sink.receipt?.(receipt);
    } catch (error) {
      this.#seen.forget(fresh);
      throw error;
    }
    this.stats.traces.taken += fresh.length;
    this.stats.traces.duplicates += again;
  }

  async #hand(spans: readonly Span[], bytes: number, receipt: Receipt | undefined): Promise<void> {
    await this.#track(Promise.resolve().then(() => this.#options.sink.spans?.(spans, bytes, receipt)));
  }

  async #track(batch: Promise<void>): Promise<void> {
    this.#underWay.add(batch);
    try {
      await batch;
    } finally {
      this.#underWay.delete(batch);
    }
  }
}

export function noStats(): SignalStats {
  return {
    requests: 0,
    bytes: 0,
    taken: 0,
    unavailable: 0,
    undecodable: 0,
    foreign: 0,
    rejected: new Map(),
    warnings: new Map(),
    duplicates: 0,
  };
}

/** What the sender should know: how many records were refused and why, or a warning when a payload looks misspelt. */
function partialSuccess({ rejected, warnings }: Decoded): PartialSuccess | null {
  const sum = [...rejected.values()].reduce((total, n) => total + n, 0);
  const reasons = [...rejected].map(([reason, n]) => `${n} with a bad ${reason}`);
  if (warnings.has("snake_case_key")) reasons.push("members in snake_case are ignored, use lowerCamelCase");
  return reasons.length === 0 ? null : { rejected: sum, errorMessage: reasons.join("; ") };
}

function count<K>(counters: Map<K, number>, key: K, n: number): void {
  counters.set(key, (counters.get(key) ?? 0) + n);
}
