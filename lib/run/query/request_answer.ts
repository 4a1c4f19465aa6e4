/** One trace, explained from what the store holds of its time. */
import type { RequestAnswer, RequestView, SpanView } from "../../model/answers.ts";
import type { SloEvent } from "../../model/slo_event.ts";
import { type Span, SPAN_KIND } from "../../model/span.ts";
import type { RequestSplit } from "../../model/split.ts";
import { indicators, requestSpans } from "../../slo/from_spans.ts";
import { kernelEvents } from "../../source/kernel_from_probes.ts";
import { watchedBy } from "../attributor_telemetry.ts";
import { joinRequests } from "../join.ts";
import { inSlices } from "../../store/slices.ts";
import type { Entry } from "../../store/store.ts";
import { AskedAgain } from "./asked_again.ts";
import { candidates } from "./candidates.ts";
import { mayLack, type Neighbourhood, neighbourhood } from "./neighbourhood.ts";
import { ownEvents } from "./own_events.ts";
import type { Readable } from "./scoped.ts";

/** @param traceId in lower case. Null: nothing is held of it. @param again answers that may stand */
export async function requestAnswer(
  store: Readable,
  traceId: string,
  windowMs: number,
  again = new AskedAgain(),
): Promise<RequestAnswer | null> {
  const incidents = (await store.newest(1000, { kinds: ["incident"] })).filter((entry) =>
    entry.kind === "incident" && entry.document.trace_ids?.includes(traceId)
  );
  const about = (mark: string, firstSeq: number) =>
    `${mark};${incidents.map(({ commitSeq }) => commitSeq).join()};${mayLack(store, firstSeq)}`;
  const known = again.get(traceId);
  if (known !== undefined) {
    const { period, firstSeq, mark, answer } = known;
    if (about(await store.mark(traceId, period), firstSeq) === mark) return answer;
  }
  const near = await neighbourhood(store, traceId, BigInt(Math.round(windowMs * 1e6)));
  if (near === null) return null;
  const answer = await inSlices(made(near, incidents, traceId, windowMs));
  const firstSeq = near.entries[0]!.commitSeq;
  if (near.mark !== "") {
    again.keep(traceId, { period: near.period, firstSeq, mark: about(near.mark, firstSeq), answer });
  }
  return answer;
}

function* made(
  near: Neighbourhood,
  incidents: readonly Entry[],
  traceId: string,
  windowMs: number,
): Generator<void, RequestAnswer> {
  const { own, entries, cut } = near;
  const originNs = own.reduce(
    (least, { startNs }) => startNs < least ? startNs : least,
    own[0]?.startNs ?? entries[0]!.timeNs,
  );
  const slo = entries.flatMap((entry) => entry.kind === "slo" ? [entry.document] : []);
  const requests = requestViews(near, traceId, slo, originNs);
  yield;
  const found = yield* candidates(near, traceId, windowMs, originNs);
  return {
    schema: "request-answer/v1",
    trace_id: traceId,
    requests,
    spans: own.toSorted((a, b) => Number(a.startNs - b.startNs)).map(spanView),
    ...found,
    slo_events: slo,
    incident_ids: [...new Set(incidents.map(({ id }) => id))],
    warnings: [
      ...(cut ? ["the store is bounded: spans or kernel events of that time may be gone, and joins with them"] : []),
      ...(own.length === 0 ? ["no span of this trace is held"] : []),
      ...(near.probes.length === 0 ? ["no kernel event of that time is held: is an agent sending here?"] : []),
    ],
  };
}

function requestViews(near: Neighbourhood, traceId: string, slo: readonly SloEvent[], originNs: bigint): RequestView[] {
  const anchor = { monotonicNs: 0, unixNs: originNs };
  const events = kernelEvents(near.probes, anchor);
  const watched = watchedBy(new Set(near.probes.map(({ signal }) => signal)));
  const splits = new Map<string, RequestSplit | undefined>();
  const splitOf = (service: string) => {
    if (!splits.has(service)) {
      const { requests } = joinRequests({
        events: ownEvents(events, near.spans, service),
        spans: near.spans,
        service,
        anchor,
        watched,
        only: traceId,
      });
      splits.set(service, requests.find((request) => request.traceId === traceId));
    }
    return splits.get(service);
  };
  const requests = requestSpans(near.own);
  const known = new Set(requests.map(({ entry }) => entry));
  // A service that calls no model answers requests too.
  const others = near.own.filter((span) => span.kind === SPAN_KIND.server && !known.has(span));
  return [...requests, ...others.map((entry) => ({ entry, retrieval: [], generation: [], other: [] }))].map(
    (request): RequestView => {
      const { entry } = request;
      const told = slo.find((event) => event.sli_name === "ttft_ms" && event.request_id === entry.spanId);
      const ttft = told?.sli_value ?? indicators(request).ttft_ms;
      const split = entry.kind === SPAN_KIND.server ? splitOf(serviceOf(entry)) : undefined;
      return {
        service: serviceOf(entry),
        span_id: entry.spanId,
        name: entry.name,
        started_at: iso(entry.startNs),
        duration_ms: Number(entry.endNs - entry.startNs) / 1e6,
        status: failed(entry) ? "error" : "ok",
        ttft_ms: ttft,
        ttft_source: ttft === null ? null : told?.labels?.ttft_source === "kernel" ? "kernel" : "application",
        split: split?.split ?? null,
        no_split_because: split !== undefined ? null : noSplit(near, entry),
        cold: split?.cold ?? null,
        tier: split?.tier ?? null,
        confidence: split?.confidence ?? null,
      };
    },
  );
}

function noSplit({ probes }: Neighbourhood, entry: Span): string {
  if (probes.length === 0) return "no kernel event of that time is held";
  if (entry.kind !== SPAN_KIND.server) return "it is no answer to a request from outside";
  if (failed(entry)) return "it failed before a first token";
  const turn = probes.some(({ signal, trace_id }) => signal === "stream_ttft_ms" && trace_id === entry.traceId);
  return turn
    ? "the kernel saw a part of its exchanges, not the one on the service's own socket"
    : "the kernel saw no exchange that carries this trace: TLS hides the header, or the agent did not watch this process";
}

function spanView(span: Span): SpanView {
  return {
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    service: serviceOf(span),
    name: span.name,
    started_at: iso(span.startNs),
    duration_ms: Number(span.endNs - span.startNs) / 1e6,
    status: failed(span) ? "error" : "ok",
  };
}

function failed(span: Span): boolean {
  return span.statusCode === 2 || span.attributes["error.type"] !== undefined ||
    Number(span.attributes["http.response.status_code"] ?? 0) >= 500;
}

function serviceOf({ resource }: Span): string {
  return typeof resource["service.name"] === "string" ? resource["service.name"] : "";
}

/** RFC 3339 with nanoseconds. */
function iso(ns: bigint): string {
  const ms = ns / 1_000_000n;
  return `${new Date(Number(ms)).toISOString().slice(0, -1)}${String(ns % 1_000_000n).padStart(6, "0")}Z`;
}
