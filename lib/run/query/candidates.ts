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
import { Coverage } from "./coverage.ts";
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

/** Spans or signals looked at between two stops. */
const STEP = 256;

/** The tiers behind the exact one reach no further. */
const REACH_MS = 500;

interface Kept {
  readonly probe: ProbeEvent;
  readonly subject: ProbeSubject;
}

/** Stops now and then. @param originNs offsets are counted from it */
export function* candidates(
  { own, spans, probes }: Neighbourhood,
  traceId: string,
  windowMs: number,
  originNs: bigint,
): Generator<void, Candidates> {
  const places = new Places();
  const kept: Kept[] = [];
  for (let i = 0; i < probes.length; i++) {
    if (i % STEP === 0) yield;
    const signal = probeSignal(probes[i]!, originNs);
    if (signal === null) continue;
    kept.push({ probe: probes[i]!, subject: new ProbeSubject(probes[i]!, signal, places.learn(probes[i]!)) });
  }
  const all = new Coverage(windowMs);
  const subjects: SpanSubject[] = [];
  for (let i = 0; i < spans.length; i++) {
    if (i % STEP === 0) yield;
    const subject = places.spanSubject(spans[i]!, originNs);
    subjects.push(subject);
    all.add(subject);
  }
  const mine = new Set(own.map(({ spanId }) => spanId));
  const isMine = (span: Span) => span.traceId === traceId && mine.has(span.spanId);
  const ownSubjects = subjects.filter((_, i) => isMine(spans[i]!));
  const around = new Rivals(spans, subjects, windowMs);
  const nearOwn = new Coverage(windowMs);
  for (const subject of ownSubjects) nearOwn.add(subject);

  const joins: { readonly match: Match; readonly view: Omit<JoinView, "enriches"> }[] = [];
  const joined = new Set<Kept>();
  const near = kept.filter(({ subject }) => nearOwn.mayAnswer(subject));
  yield;
  for (const { match, one, span } of around.matches(near)) {
    if (!isMine(span)) continue;
    joined.add(one);
    const { tier, confidence, k, reason } = match;
    const [view, service] = [signalView(one.probe, originNs), String(span.resource["service.name"] ?? "")];
    joins.push({
      match,
      view: { ...view, span_id: span.spanId, span_name: span.name, service, tier, confidence, k, reason },
    });
  }
  const best = (a: Match, b: Match) =>
    b.confidence - a.confidence || a.distanceNs - b.distanceNs || a.signal - b.signal;
  joins.sort((a, b) => best(a.match, b.match));
  const written = new Map<number, number>();

  const rejected: { readonly one: Kept; readonly kind: typeof KINDS[number]; readonly farNs: number }[] = [];
  for (let i = 0; i < kept.length; i++) {
    if (i % STEP === 0) yield;
    const one = kept[i]!;
    if (joined.has(one)) continue;
    const kind = kindOf(one.subject, all.answers(one.subject), nearOwn, traceId);
    rejected.push({ one, kind, farNs: farFrom(ownSubjects, one.subject.tsNs) });
  }
  yield;
  const because = KINDS.map((kind) => [kind, rejected.filter((one) => one.kind === kind).length] as const);
  const nearest = rejected.sort((a, b) => KINDS.indexOf(a.kind) - KINDS.indexOf(b.kind) || a.farNs - b.farNs)
    .slice(0, MOST_SHOWN);
  const others = Map.groupBy(around.matches(nearest.map(({ one }) => one)), ({ one }) => one);
  return {
    joins: joins.slice(0, MOST_JOINS).map(({ match, view }) => {
      const taken = written.get(match.span) ?? 0;
      const enriches = match.confidence >= ENRICH_FROM && taken < FAN_OUT && isWritten(view.signal);
      if (enriches) written.set(match.span, taken + 1);
      return { ...view, enriches };
    }),
    rejected: {
      total: rejected.length,
      because: Object.fromEntries(because.filter(([, n]) => n > 0)),
      nearest: nearest.map(({ one, kind }) => ({
        ...signalView(one.probe, originNs),
        why: why(kind, one.subject, ownSubjects, others.get(one)?.[0]),
      })),
    },
  };
}

/** From the nearest of them; Infinity where there is none. */
function farFrom(spans: readonly SpanSubject[], atNs: number): number {
  let far = Infinity;
  for (const span of spans) far = Math.min(far, distance(span, atNs));
  return far;
}

interface Found {
  readonly match: Match;
  readonly one: Kept;
  readonly span: Span;
}

/** Joins some signals with all the spans that could compete for them, and leaves the others aside. */
class Rivals {
  constructor(readonly spans: readonly Span[], readonly subjects: readonly SpanSubject[], readonly windowMs: number) {}

  /** In the order of the signals, of each the nearest span first. */
  matches(kept: readonly Kept[]): Found[] {
    if (kept.length === 0) return [];
    const traces = new Set(kept.map(({ subject }) => subject.traceId.toLowerCase()).filter((id) => id !== ""));
    const times = kept.map(({ subject }) => subject.tsNs);
    const fromNs = times.reduce((a, b) => Math.min(a, b)) - REACH_MS * 1e6;
    const toNs = times.reduce((a, b) => Math.max(a, b)) + REACH_MS * 1e6;
    const places = this.subjects.map((_, i) => i).filter((i) => {
      const { startNs, endNs, traceId } = this.subjects[i]!;
      return endNs >= fromNs && startNs <= toNs || traces.has(traceId!.toLowerCase());
    });
    const found = correlate(
      places.map((i) => this.subjects[i]!),
      kept.map(({ subject }) => subject),
      { windowMs: this.windowMs },
    );
    return found.map((match) => ({ match, one: kept[match.signal]!, span: this.spans[places[match.span]!]! }));
  }
}

function kindOf(subject: ProbeSubject, isAnswered: boolean, own: Coverage, traceId: string): typeof KINDS[number] {
  if (isAnswered) return "joined with another request";
  if (subject.traceId !== "" && subject.traceId !== traceId) return "of another trace";
  return own.knows(subject) ? "too far in time" : "of another process";
}

function why(
  kind: typeof KINDS[number],
  subject: ProbeSubject,
  own: readonly SpanSubject[],
  other: Found | undefined,
): string {
  switch (kind) {
    case "joined with another request": {
      if (other === undefined) return "spans that name each other as their parents compete for it";
      const { match, span } = other;
      const worth = match.confidence.toFixed(2);
      return `joined with ${span.name} of trace ${span.traceId} by ${match.tier}, confidence ${worth}`;
    }
    case "of another trace":
      return `it names trace ${subject.traceId}, of which no span near it is held`;
    case "of another process":
      return "neither trace, process, connection nor node and service are the same";
    case "too far in time":
      return tooFar(subject, own);
  }
}

/** By the strongest tier in which they are alike. */
function tooFar(subject: ProbeSubject, own: readonly SpanSubject[]): string {
  for (const { tier, windowMs, because, first, second } of TIER_RULES) {
    const key = (one: SpanSubject | ProbeSubject) => `${first(one)}\0${second === null ? "" : second(one)}`;
    if (first(subject) === "" || second !== null && !second(subject)) continue;
    const near = own.filter((span) => key(span) === key(subject)).map((span) => distance(span, subject.tsNs));
    if (near.length === 0) continue;
    const reach = windowMs === null ? "the window" : `${windowMs} ms`;
    const ms = (Math.min(...near) / 1e6).toFixed(0);
    return `${because}, but ${ms} ms from the nearest span; ${tier} reaches ${reach}`;
  }
  return "it is alike in nothing that tells a process";
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
