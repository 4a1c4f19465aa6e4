/** Which kernel signals near a trace were joined with its spans, and why the others were not. */
import { correlate, type Match } from "../../correlate/correlate.ts";
import { sinceNs, type SpanSubject } from "../../correlate/subject.ts";
import { distance } from "../../correlate/nearness.ts";
import { TIER_RULES } from "../../correlate/tiers.ts";
import type { JoinView, RejectedView, SignalView } from "../../model/answers.ts";
import type { ProbeEvent, ProbeEventV1Alpha2 } from "../../model/probe_event.ts";
import type { Span } from "../../model/span.ts";
import { ENRICH_FROM, isWritten } from "../collector/evidence.ts";
import { Places } from "../collector/places.ts";
import { probeSignal, ProbeSubject } from "../collector/probe_signal.ts";
import type { Neighbourhood } from "./neighbourhood.ts";

const FAN_OUT = 3;
const MOST_SHOWN = 10;
/** Of one trace; a long one on a busy machine has very many, the surest come first. */
const MOST_JOINS = 500;

export interface Candidates {
  readonly joins: readonly JoinView[];
  readonly rejected: {
    readonly total: number;
    readonly because: Readonly<Record<string, number>>;
    readonly nearest: readonly RejectedView[];
  };
}

/** In the order they are shown: what was nearly joined tells more than what was never near. */
const KINDS = ["too far in time", "joined with another request", "of another trace", "of another process"] as const;

/** @param originNs offsets are counted from it */
export function candidates(
  { own, spans, probes }: Neighbourhood,
  traceId: string,
  windowMs: number,
  originNs: bigint,
): Candidates {
  const places = new Places();
  const kept = probes.flatMap((probe) => {
    const signal = probeSignal(probe, originNs);
    return signal === null ? [] : [{ probe, subject: new ProbeSubject(probe, signal, places.learn(probe)) }];
  });
  const subjects = spans.map((span) => places.spanSubject(span, originNs));
  const mine = new Set(own.map(({ spanId }) => spanId));
  const isMine = (span: Span) => span.traceId === traceId && mine.has(span.spanId);
  const matches = correlate(subjects, kept.map(({ subject }) => subject), { windowMs });
  const bySignal = Map.groupBy(matches, ({ signal }) => signal);

  const joins: { readonly match: Match; readonly view: Omit<JoinView, "enriches"> }[] = [];
  const rejected: { readonly kind: typeof KINDS[number]; readonly farNs: number; readonly view: RejectedView }[] = [];
  const ownSubjects = subjects.filter((_, i) => isMine(spans[i]!));
  kept.forEach(({ probe, subject }, i) => {
    const found = bySignal.get(i) ?? [];
    const view = signalView(probe, originNs);
    const own = found.filter(({ span }) => isMine(spans[span]!));
    for (const match of own) {
      const span = spans[match.span]!;
      const { tier, confidence, k, reason } = match;
      const service = String(span.resource["service.name"] ?? "");
      joins.push({
        match,
        view: { ...view, span_id: span.spanId, span_name: span.name, service, tier, confidence, k, reason },
      });
    }
    if (own.length > 0) return;
    const farNs = Math.min(Infinity, ...ownSubjects.map((span) => distance(span, subject.tsNs)));
    const [first] = found;
    rejected.push({
      farNs,
      ...rejection(view, subject, ownSubjects, first && { match: first, span: spans[first.span]! }, traceId),
    });
  });

  const best = (a: Match, b: Match) =>
    b.confidence - a.confidence || a.distanceNs - b.distanceNs || a.signal - b.signal;
  joins.sort((a, b) => best(a.match, b.match));
  const written = new Map<number, number>();
  return {
    joins: joins.slice(0, MOST_JOINS).map(({ match, view }) => {
      const taken = written.get(match.span) ?? 0;
      const enriches = match.confidence >= ENRICH_FROM && taken < FAN_OUT && isWritten(view.signal);
      if (enriches) written.set(match.span, taken + 1);
      return { ...view, enriches };
    }),
    rejected: {
      total: rejected.length,
      because: Object.fromEntries(
        KINDS.map((kind) => [kind, rejected.filter((one) => one.kind === kind).length] as const).filter(([, n]) =>
          n > 0
        ),
      ),
      nearest: rejected.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.farNs - b.farNs)
        .slice(0, MOST_SHOWN).map(({ view }) => view),
    },
  };
}

function rejection(
  view: SignalView,
  subject: ProbeSubject,
  own: readonly SpanSubject[],
  other: { readonly match: Match; readonly span: Span } | undefined,
  traceId: string,
): { readonly kind: typeof KINDS[number]; readonly view: RejectedView } {
  if (other !== undefined) {
    const { match, span } = other;
    const why = `joined with ${span.name} of trace ${span.traceId} by ${match.tier}, confidence ${
      match.confidence.toFixed(2)
    }`;
    return { kind: "joined with another request", view: { ...view, why } };
  }
  if (subject.traceId !== "" && subject.traceId !== traceId) {
    return {
      kind: "of another trace",
      view: { ...view, why: `it names trace ${subject.traceId}, of which no span near it is held` },
    };
  }
  for (const { tier, windowMs, because, first, second } of TIER_RULES) {
    const key = (one: SpanSubject | ProbeSubject) => `${first(one)}\0${second === null ? "" : second(one)}`;
    const lacks = first(subject) === "" || second !== null && !second(subject);
    if (lacks) continue;
    const near = own.filter((span) => key(span) === key(subject)).map((span) => distance(span, subject.tsNs));
    if (near.length === 0) continue;
    const reach = windowMs === null ? "the window" : `${windowMs} ms`;
    const why = `${because}, but ${
      (Math.min(...near) / 1e6).toFixed(0)
    } ms from the nearest span; ${tier} reaches ${reach}`;
    return { kind: "too far in time", view: { ...view, why } };
  }
  return {
    kind: "of another process",
    view: { ...view, why: "neither trace, process, connection nor node and service are the same" },
  };
}

function signalView(probe: ProbeEvent, originNs: bigint): SignalView {
  const { process, attributes } = probe as ProbeEventV1Alpha2;
  const said = (attributes ?? {}) as Readonly<Record<string, unknown>>;
  const { conn_tuple: conn } = probe;
  const peer = conn === undefined ? "" : `${conn.dst_ip}:${conn.dst_port}`;
  return {
    signal: probe.signal,
    value: probe.value,
    unit: probe.unit,
    at_ms: sinceNs(originNs, probe.ts_unix_nano) / 1e6,
    node: probe.node,
    pod: probe.pod,
    pid: probe.pid,
    comm: process?.comm ?? "",
    about: [said.query_name, said.peer_name ?? peer].filter((part) => typeof part === "string" && part !== "").join(
      " ",
    ),
  };
}
