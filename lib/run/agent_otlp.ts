/** The agent to an OTLP receiver: probe events as log records, and what it says of itself as metrics: its heartbeat. */
import type { AgentMetrics, AgentSources } from "../export/agent_metrics.ts";
import { metricPoints } from "../export/metric_points.ts";
import { openOtlpExporter, type OtlpDestination, type OtlpExporter } from "../export/otlp_exporter.ts";
import { probeEventLog } from "../export/probe_event_log.ts";
import type { Drops } from "../model/agent_drops.ts";
import type { LogRecord } from "../model/log_record.ts";
import type { MetricPoint } from "../model/metric_point.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { SignalName } from "../model/signals.ts";
import type { Attributes } from "../model/span.ts";
import { encodeLogs, encodeMetrics } from "../otlp/mod.ts";
import { count, plural } from "../report/format.ts";

/** The collector takes an agent for gone after a minute without one. */
const HEARTBEAT_MS = 10_000;
/** By then the probes are attached. */
const FIRST_MS = 1_000;
/** Metrics that could not be sent are told again by the next: little of them is kept. */
const METRICS_BYTES = 1024 * 1024;

export interface AgentOtlpOptions {
  readonly destination: OtlpDestination;
  /** Also every event, not only the heartbeat. */
  readonly events: boolean;
  readonly metrics: AgentMetrics;
  readonly sources: AgentSources;
  /** Name of the machine. */
  readonly host: string;
  readonly spool: string | undefined;
  readonly spoolBytes: number;
  readonly onTrouble: (words: string) => void;
}

export interface AgentOtlp extends AsyncDisposable {
  readonly drops: Drops;
  event(event: ProbeEvent): void;
  /** Sends what is left for at most `drainMs`. What became of the events, in words ("" when none are sent), and how many are lost. */
  close(drainMs: number): Promise<OtlpEnd>;
}

export interface OtlpEnd {
  readonly words: string;
  /** Scheme, host and port of the receiver. */
  readonly shown: string;
  readonly lost: number;
}

/** @throws UsageError for an endpoint that is none; IoError when the spool cannot be opened. */
export async function openAgentOtlp(options: AgentOtlpOptions): Promise<AgentOtlp> {
  const { destination, events, spool, spoolBytes, onTrouble } = options;
  await using undo = new AsyncDisposableStack();
  const logs = !events ? null : undo.use(
    await openOtlpExporter<LogRecord>({
      ...destination,
      signal: "logs",
      encode: (records) => encodeLogs(records, "protobuf"),
      onTrouble,
      ...(spool === undefined ? {} : { spoolDirectory: `${spool}/logs`, spoolBytes }),
    }),
  );
  const metrics = undo.use(
    await openOtlpExporter<MetricPoint>({
      ...destination,
      signal: "metrics",
      encode: (points) => encodeMetrics(points),
      // One word about a receiver that is down is enough.
      onTrouble: events ? () => {} : onTrouble,
      spoolBytes: METRICS_BYTES,
    }),
  );
  undo.move();
  return new Sender(options, logs, metrics);
}

class Sender implements AgentOtlp {
  readonly #resource: Attributes;
  readonly #startNs = BigInt(Date.now()) * 1_000_000n;
  #timer: ReturnType<typeof setTimeout>;
  #closed: Promise<OtlpEnd> | undefined;

  constructor(
    private readonly options: AgentOtlpOptions,
    private readonly logs: OtlpExporter<LogRecord> | null,
    private readonly metrics: OtlpExporter<MetricPoint>,
  ) {
    const { host, sources: { node } } = options;
    this.#resource = {
      "service.name": "sloctl-agent",
      "host.name": host,
      ...(node === host ? {} : { "k8s.node.name": node }),
    };
    this.#timer = setTimeout(() => this.#turn(), FIRST_MS);
  }

  get drops(): Drops {
    if (this.logs === null) return {};
    const { dropped, refused, rejected } = this.logs.state;
    return {
      queue_full: dropped.queue_full,
      spool_full: dropped.spool_full,
      too_large: dropped.too_large,
      sink_failed: dropped.disk + dropped.damaged,
      shutdown: dropped.shutdown,
      refused,
      rejected,
    };
  }

  event(event: ProbeEvent): void {
    this.logs?.offer([probeEventLog(event, this.#resource, BigInt(Date.now()) * 1_000_000n)]);
  }

  close(drainMs: number): Promise<OtlpEnd> {
    return this.#closed ??= this.#close(drainMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  #turn(): void {
    this.#timer = setTimeout(() => this.#turn(), HEARTBEAT_MS);
    void this.#beat();
  }

  async #beat(): Promise<void> {
    const { metrics, sources } = this.options;
    const off = sources.off();
    const points = await metricPoints(metrics.registry, {
      resource: this.#resource,
      startNs: this.#startNs,
      timeNs: BigInt(Date.now()) * 1_000_000n,
    });
    this.metrics.offer(points.map((point) => withReason(point, off)));
  }

  async #close(drainMs: number): Promise<OtlpEnd> {
    clearTimeout(this.#timer);
    await this.#beat(); // the last word: what a short run has counted
    const { logs, metrics } = this;
    await Promise.all([logs?.drain(drainMs), metrics.drain(Math.min(drainMs, 1_000))]);
    await Promise.all([logs?.close(Math.min(drainMs, 1_000)), metrics.close(Math.min(drainMs, 1_000))]);
    if (logs === null) return { words: "", shown: "", lost: 0 };
    const { sent, shown, spool } = logs.state;
    const kept = this.options.spool === undefined ? 0 : spool.items;
    const lost = Object.values(this.drops).reduce((sum, one) => sum + one, 0);
    const words = [
      `${plural(sent, "event")} -> ${shown}`,
      kept > 0 && `${count(kept)} wait in ${this.options.spool}`,
      lost > 0 &&
      `${count(lost)} LOST: ${
        Object.entries(this.drops).filter(([, n]) => n > 0).map(([reason, n]) => `${reason} ${n}`).join(", ")
      }`,
    ].filter(Boolean).join("; ");
    return { words, shown, lost };
  }
}

/** Why a signal is off has no place among the labels of a time series, but the collector tells it. */
function withReason(point: MetricPoint, off: ReadonlyMap<SignalName, string>): MetricPoint {
  if (point.metric.name !== "llm_slo_agent_signal_enabled") return point;
  const reason = off.get(point.attributes.signal as SignalName);
  return reason === undefined ? point : { ...point, attributes: { ...point.attributes, reason } };
}
