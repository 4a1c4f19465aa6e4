/**
 * Pairs cut from a live run. The truth comes from the ids that the load generator sent: they stand on the wire of every call, and were
 * read there. To see what is joined without them, they are taken off the signals.
 */
import { toMonotonicNs, toUnixNs } from "../../lib/model/clock.ts";
import type { ExchangeEvent } from "../../lib/model/kernel_event.ts";
import { type Span, SPAN_KIND } from "../../lib/model/span.ts";
import type { RunData } from "../../lib/run/demo/run_data.ts";
import { EventIndex } from "../../lib/run/event_index.ts";
import { type Pair, type Side, timeText } from "./pairs.ts";

export type Run = Pick<RunData, "events" | "spans" | "anchor">;

const SERVICE = "rag-gateway";
/** How far around a signal spans are its rivals: the reach of the tier that is looked at. */
const REACH_MS = { live_process: 100, live_connection: 250 } as const;

export interface CutOptions {
  readonly name: string;
  /** How many signals of each kind. */
  readonly most: number;
}

/** Calls of the gateway and what it served, with their spans. */
export function livePairs(run: Run, { name, most }: CutOptions): Pair[] {
  const index = new EventIndex(run.events);
  const ours = run.spans.filter((span) => span.resource["service.name"] === SERVICE);
  const clients = ours.filter(({ kind }) => kind === SPAN_KIND.client);
  const servers = ours.filter(({ kind }) => kind === SPAN_KIND.server);
  const turns = index.turns.filter((turn) => turn.traceId !== null);
  const sent = turns.filter((turn) => turn.role === "client" && clients.some((span) => isOf(span, turn)));
  const served = turns.filter((turn) =>
    turn.role === "server" && servers.some(({ traceId }) => traceId === turn.traceId)
  );
  return [
    ...pairsOf(run, index, `${name}_trace`, spread(sent, most), clients, true),
    ...pairsOf(run, index, `${name}_process`, together(sent, most), clients, false),
    ...pairsOf(run, index, `${name}_connection`, together(served, most), servers, false),
  ];
}

function isOf({ traceId, spanId }: Span, turn: ExchangeEvent): boolean {
  return traceId === turn.traceId && (turn.role === "server" || spanId === turn.spanId);
}

/** Evenly over the run. */
function spread<T>(list: readonly T[], most: number): T[] {
  const step = Math.max(1, Math.floor(list.length / most));
  return list.filter((_, i) => i % step === 0).slice(0, most);
}

/** One after the other, from the middle of the run. */
function together<T>(list: readonly T[], most: number): T[] {
  const from = Math.max(0, Math.floor((list.length - most) / 2));
  return list.slice(from, from + most);
}

function pairsOf(
  run: Run,
  index: EventIndex,
  subset: string,
  turns: readonly ExchangeEvent[],
  spans: readonly Span[],
  traced: boolean,
): Pair[] {
  const connection = subset.endsWith("_connection");
  const [reachMs, tier] = traced
    ? [0, "trace_id_exact"]
    : connection
    ? [REACH_MS.live_connection, "pod_conn_250ms"]
    : [REACH_MS.live_process, "pod_pid_100ms"];
  return turns.flatMap((turn, n) => {
    const atNs = turn.requestEnd.ns;
    const near = spans.filter((span) =>
      isOf(span, turn) ||
      toMonotonicNs(run.anchor, span.startNs) - reachMs * 1e6 <= atNs &&
        atNs <= toMonotonicNs(run.anchor, span.endNs) + reachMs * 1e6
    );
    // Of those that are far none competes: one is taken all the same, so that a wrong join could be seen.
    const far = spans[(spans.findIndex((span) => isOf(span, turn)) + 7) % spans.length]!;
    return [...new Set([...near, far])].map((span, i): Pair => ({
      case_id: `${subset}-${n + 1}-${i + 1}`,
      subset,
      group: subset,
      span: spanSide(span, index, connection),
      signal: {
        ...(traced ? { trace_id: turn.traceId! } : {}),
        event_id: `${turn.cookie}/${turn.turn}`,
        pod: index.pod(turn.owner.pid),
        ...(connection ? { conn_tuple: connText(turn) } : { pid: turn.owner.pid }),
        timestamp: timeText(toUnixNs(run.anchor, atNs)),
        signal: "stream_ttft_ms",
        value: turn.responseStart === null ? 0 : Number(((turn.responseStart.ns - atNs) / 1e6).toFixed(3)),
      },
      expected_match: isOf(span, turn),
      expected_tier: isOf(span, turn) ? tier : "",
    }));
  });
}

function spanSide(span: Span, index: EventIndex, connection: boolean): Side {
  const { attributes } = span;
  const pid = Number(span.resource["process.pid"] ?? 0);
  const ends = [
    `${attributes["client.address"]}:${attributes["client.port"]}`,
    `${attributes["server.address"]}:${attributes["server.port"]}`,
  ];
  return {
    trace_id: span.traceId,
    span_id: span.spanId,
    parent_span_id: span.parentSpanId,
    service: SERVICE,
    pod: index.pod(pid),
    ...(connection ? { conn_tuple: ends.join("->") } : { pid }),
    timestamp: timeText(span.startNs),
    end_timestamp: timeText(span.endNs),
  };
}

function connText({ tuple: { srcIp, srcPort, dstIp, dstPort } }: ExchangeEvent): string {
  return `${srcIp}:${srcPort}->${dstIp}:${dstPort}`;
}
