/**
 * sloctl as a library: the nouns of the pipeline, and its pure steps, each a function of its arguments. Importing it loads no
 * library, reads no file and starts nothing. Run directly, it is the program (cli/sloctl.ts, which starts faster without it).
 *
 * Every example below is type-checked and run by the tests.
 *
 * Numbers: quantiles, medians, and whether one sample is larger than another.
 *
 * ```ts
 * import { bootstrapCI, mannWhitneyU, median, quantile } from "@llm-slo/sloctl";
 *
 * const before = [180, 195, 201, 188, 192, 199, 185, 190];
 * const after = [240, 251, 238, 262, 249, 255, 244, 247];
 * if (median(before) !== 191) throw new Error("the median lies between 190 and 192");
 * const { p } = mannWhitneyU(after, before, { alternative: "greater" });
 * if (p > 0.001) throw new Error("after is larger beyond doubt");
 * const interval = bootstrapCI(after, (values) => quantile(values, 0.95), { seed: 42 });
 * if (!(interval.low <= interval.estimate)) throw new Error("an estimate lies in its interval");
 * ```
 *
 * OTLP: what an OpenTelemetry exporter sends, decoded, in either encoding.
 *
 * ```ts
 * import { decodeTraces, encodeTraces, type Span, SPAN_KIND } from "@llm-slo/sloctl";
 *
 * const span: Span = {
 *   traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
 *   spanId: "00f067aa0ba902b7",
 *   parentSpanId: "",
 *   name: "chat",
 *   kind: SPAN_KIND.client,
 *   startNs: 1_790_000_000_000_000_000n,
 *   endNs: 1_790_000_000_250_000_000n,
 *   attributes: { "gen_ai.request.model": "small" },
 *   events: [],
 *   statusCode: 1,
 *   statusMessage: "",
 *   resource: { "service.name": "gateway" },
 *   scope: "example",
 * };
 * const { spans, rejected } = decodeTraces(encodeTraces([span], "protobuf"), "protobuf");
 * if (rejected.size !== 0 || spans[0]?.endNs !== span.endNs) throw new Error("nothing is lost on the way");
 * ```
 *
 * Correlation: kernel signals joined with spans by four tiers, each with its confidence.
 *
 * ```ts
 * import { correlate, type SignalSubject, type SpanSubject } from "@llm-slo/sloctl";
 *
 * const spans: SpanSubject[] = [{ traceId: "a".repeat(32), pod: "gw-1", pid: 7, startNs: 0, endNs: 250e6 }];
 * const signals: SignalSubject[] = [
 *   { traceId: "a".repeat(32), tsNs: 40e6, signal: "dns_latency_ms", value: 38 },
 *   { pod: "gw-1", pid: 7, tsNs: 300e6, signal: "connect_latency_ms", value: 12 },
 * ];
 * const tiers = correlate(spans, signals).map((match) => match.tier);
 * if (tiers.join() !== "trace_id_exact,pod_pid_100ms") throw new Error("one by its trace, one by pod and pid");
 * ```
 *
 * Attribution: requests split into where their milliseconds went, and the cause named from the excess over the baseline.
 *
 * ```ts
 * import { attribute, LABELS, type RequestSplit, type Split } from "@llm-slo/sloctl";
 *
 * const request = (i: number, dns: number): RequestSplit => ({
 *   traceId: i.toString(16).padStart(32, "0"),
 *   requestId: `r${i}`,
 *   startNs: i * 1e9,
 *   firstByteNs: i * 1e9 + (150 + dns) * 1e6,
 *   ttftMs: 150 + dns,
 *   split: Object.fromEntries(
 *     LABELS.map((label) => [label, label === "dns" ? dns : label === "provider" ? 150 : 0]),
 *   ) as Split,
 *   cold: true,
 *   tier: "trace_id_exact",
 *   confidence: 1,
 *   path: [],
 *   provider: { statuses: [], chunksPerSecond: null },
 * });
 * const baseline = Array.from({ length: 20 }, (_, i) => request(i, 2 + i % 3));
 * const slow = Array.from({ length: 20 }, (_, i) => request(100 + i, 80 + i % 5));
 * const { domain, excessMs } = attribute(slow, baseline, "seed");
 * if (domain !== "network_dns" || excessMs < 70) throw new Error("the resolver is slow");
 * ```
 *
 * Load: latency by definition id, from when a request was due and from when it left, and goodput over all arrivals.
 *
 * ```ts
 * import { definition, drawSchedule, LOAD_PROFILES, steady } from "@llm-slo/sloctl";
 *
 * const profile = LOAD_PROFILES.chat_short;
 * const stages = [steady(20, 60)];
 * const list = drawSchedule({ gaps: "poisson", shape: 1, stages, most: Infinity, rescale: false, seed: 42, profile });
 * if (Math.abs(list.length - 1200) > 150) throw new Error("20 a second for a minute");
 * if (definition("ttft.content.from_schedule")?.formula !== "t1 - g") throw new Error("from when it was due");
 * ```
 *
 * Watch: everything a collector commits, once and in order, over as many connections as it takes.
 *
 * ```ts
 * import { watchEvents } from "@llm-slo/sloctl";
 *
 * async function opened(url: string, token: string): Promise<string> {
 *   for await (const event of watchEvents({ url, token, kinds: ["incident"] })) {
 *     if (event.kind === "overflow") continue; // so many were lost: event.lost
 *     if (event.document.state === "open") return String(event.document.incident_id);
 *   }
 *   return "";
 * }
 * if (typeof opened !== "function") throw new Error("it starts when it is called");
 * ```
 *
 * @module
 */

// Events and spans: what the kernel, and OpenTelemetry, told.
export * from "./lib/model/kernel_event.ts";
export * from "./lib/model/log_record.ts";
export * from "./lib/model/metric_point.ts";
export * from "./lib/model/probe_event.ts";
export * from "./lib/model/signals.ts";
export * from "./lib/model/slo_event.ts";
export * from "./lib/model/span.ts";
export { type ProbeEventContext, toProbeEvents } from "./lib/export/probe_event.ts";

// Decode: a record of the ring, and OTLP.
export { decodeRecord, type Refusal } from "./lib/decode/record.ts";
export {
  type DecodedLogs,
  type DecodedMetrics,
  type DecodedTraces,
  DecodeError,
  decodeLogs,
  decodeMetrics,
  decodeTraces,
  encodeLogs,
  encodeTraces,
  type Encoding,
  type RejectReason,
  type WarnReason,
} from "./lib/otlp/mod.ts";

// Correlate: kernel signals with spans.
export { correlate, type CorrelateOptions, type Match } from "./lib/correlate/correlate.ts";
export { enrich, type EnrichOptions } from "./lib/correlate/enrich.ts";
export { type SignalSubject, sinceNs, type SpanSubject, type Subject } from "./lib/correlate/subject.ts";
export { TIER_RULES, type TierRule } from "./lib/correlate/tiers.ts";

// Timeline: one request, and where its milliseconds went.
export * from "./lib/model/split.ts";
export { type RequestEvidence, splitRequest } from "./lib/timeline/split.ts";
export { ThreadTrack } from "./lib/timeline/thread_track.ts";

// When did it move, and why.
export { findShift, type Sample, type Shift, type ShiftOptions } from "./lib/slo/shift.ts";
export { attribute, type Attribution } from "./lib/attribute/attribute.ts";
export * from "./lib/model/attribution.ts";

// Watch: everything a collector commits.
export {
  type EventItem,
  type LossItem,
  type WatchedKind,
  watchEvents,
  type WatchEventsOptions,
} from "./lib/net/watch_events.ts";

// Load: what is measured of a request, lists of requests, traces, goodput.
export * from "./lib/model/definitions.ts";
export { LOAD_PROFILES, type LoadProfile } from "./lib/model/load_profile.ts";
export { measure } from "./lib/model/measure.ts";
export { type Outcome, type RequestRecord } from "./lib/model/request_record.ts";
export { type Arrival } from "./lib/load/arrival.ts";
export { type Figure, figures } from "./lib/load/figures.ts";
export { type Criterion, type Goodput, goodput } from "./lib/load/goodput.ts";
export { drawSchedule, type ScheduleOptions, steady } from "./lib/load/schedule.ts";
export { readTrace, type Trace } from "./lib/load/trace/read.ts";
export { type Distortion, replay, type ReplayOptions } from "./lib/load/trace/replay.ts";

// Statistics.
export * from "./lib/stats/mod.ts";

// The diagnosis of a machine.
export { diagnose, Diagnosis, type DiagnosisContext, type DiagnosisOptions } from "./lib/diagnose/diagnosis.ts";
export * from "./lib/model/diagnosis.ts";

// How things fail, and the world as a command sees it.
export * from "./lib/model/errors.ts";
export type { Io } from "./lib/model/io.ts";

if (import.meta.main) await import("./cli/sloctl.ts");
