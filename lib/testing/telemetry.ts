/** A made-up run as an agent and an SDK would tell it: a gateway that looks a name up, then waits for its provider. */
import { toJson } from "../model/json.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { type Span, SPAN_KIND } from "../model/span.ts";
import { encodeTraces } from "../otlp/mod.ts";

const T0 = 1_767_225_600_000_000_000n;
const PID = 900;
const MS = 1_000_000n;

export interface MadeRun {
  readonly probes: readonly ProbeEvent[];
  readonly spans: readonly Span[];
  /** Both as lines. */
  readonly probeLines: string;
  readonly spanLines: string;
}

/** Five requests a second for `seconds`; from `slowFrom` on, seconds, every look-up takes `slowMs`. */
export function madeRun({ seconds = 60, slowFrom = 30, slowMs = 150 } = {}): MadeRun {
  const probes: ProbeEvent[] = [];
  const spans: Span[] = [];
  for (let i = 0; i < seconds * 5; i++) {
    const start = T0 + BigInt(i) * 200n * MS;
    const dns = i >= slowFrom * 5 ? slowMs + i % 7 : 2;
    const provider = 60 + i % 11;
    const at = (ms: number) => start + BigInt(Math.round(ms * 1e6));
    const traceId = (i + 1).toString(16).padStart(32, "0");
    const [entry, chat] = [`a${i.toString(16).padStart(15, "0")}`, `b${i.toString(16).padStart(15, "0")}`];
    const total = 1 + dns + 1 + provider + 1;
    const common = {
      node: "n1",
      namespace: "",
      pod: "",
      container: "",
      pid: PID,
      tid: PID,
      unit: "ms",
      status: "ok",
    } as const;
    const v2 = { schema: "probe_event/v1alpha2", process: { comm: "gateway" }, cgroup: "/gateway" } as const;
    const tuple = { src_ip: "10.0.0.2", dst_ip: "10.0.0.9", src_port: 20_000 + i, dst_port: 8000, protocol: "tcp" };
    probes.push(
      {
        ...common,
        ...v2,
        ts_unix_nano: at(1 + dns),
        signal: "dns_latency_ms",
        value: dns,
        attributes: { query_name: "provider", rcode: 0, query_id: i },
      },
      {
        ...common,
        ...v2,
        ts_unix_nano: at(2 + dns),
        signal: "connect_latency_ms",
        value: 0.1,
        conn_tuple: tuple,
        attributes: { cookie: `c${i}` },
      },
      {
        ...common,
        ...v2,
        ts_unix_nano: at(2 + dns + provider),
        signal: "stream_ttft_ms",
        value: provider,
        conn_tuple: tuple,
        trace_id: traceId,
        span_id: chat,
        attributes: { role: "client", turn: 0, cookie: `c${i}` },
      },
      {
        ...common,
        ...v2,
        ts_unix_nano: at(total),
        signal: "stream_ttft_ms",
        value: total,
        trace_id: traceId,
        span_id: "00000000000000ff",
        attributes: { role: "server", turn: 0, cookie: `s${i}` },
      },
    );
    const resource = { "service.name": "gw", "process.pid": BigInt(PID), "host.name": "n1" };
    const base = { traceId, events: [], statusCode: 0, statusMessage: "", resource, scope: "" };
    spans.push(
      {
        ...base,
        spanId: entry,
        parentSpanId: "",
        name: "POST",
        kind: SPAN_KIND.server,
        startNs: start,
        endNs: at(total + 100),
        attributes: { "http.response.status_code": 200n, "llm.slo.ttft_ms": total + 3 },
      },
      {
        ...base,
        spanId: chat,
        parentSpanId: entry,
        name: "chat",
        kind: SPAN_KIND.client,
        startNs: at(0.5),
        endNs: at(total + 90),
        attributes: {
          "gen_ai.operation.name": "chat",
          "gen_ai.usage.output_tokens": 16n,
          "gen_ai.response.time_to_first_chunk": (total - 0.5) / 1000,
        },
      },
    );
  }
  return {
    probes,
    spans,
    probeLines: probes.map((probe) => `${toJson(probe)}\n`).join(""),
    spanLines: new TextDecoder().decode(encodeTraces(spans, "json")) + "\n",
  };
}
