/** What an agent tells beside its lines: metrics and health on a port, events and a heartbeat to an OTLP receiver. */
import { AgentMetrics } from "../export/agent_metrics.ts";
import { type Drops, sumOfDrops } from "../model/agent_drops.ts";
import type { Io } from "../model/io.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import type { Health } from "./agent_health.ts";
import { type AgentOtlp, openAgentOtlp } from "./agent_otlp.ts";
import { type MetricsPort, serveAgent } from "./agent_serve.ts";
import type { SendOptions } from "./send_options.ts";

export interface OutletOptions {
  /** null: no port is opened. */
  readonly metricsPort: MetricsPort | null;
  /** `otlp` undefined: nothing is sent. */
  readonly send: SendOptions;
  /** Every event goes to the OTLP receiver, not the heartbeat alone. */
  readonly otlpEvents: boolean;
}

/** How long what is left is offered to the receiver at the end. */
const LEAVE_MS = 3_000;

export class Outlets implements AsyncDisposable {
  readonly #metrics: AgentMetrics;
  readonly #stack = new AsyncDisposableStack();
  #otlp: AgentOtlp | null = null;
  #told = 0;

  private constructor({ sources }: Health) {
    this.#metrics = new AgentMetrics({ ...sources, dropped: () => sumOfDrops(sources.dropped(), this.drops) });
  }

  /**
   * `health` is asked from now on, also before anything is attached.
   *
   * @throws UsageError for an address or endpoint that is none; IoError when the port or the spool cannot be had
   */
  static async open(options: OutletOptions, health: Health, io: Pick<Io, "err">): Promise<Outlets> {
    const { metricsPort, otlpEvents, send: { otlp, spool, spoolBytes } } = options;
    const outlets = new Outlets(health);
    await using undo = new AsyncDisposableStack();
    undo.use(outlets);
    if (metricsPort !== null) {
      outlets.#stack.use(await serveAgent(metricsPort, outlets.#metrics, health.notReady, io));
    }
    if (otlp !== undefined) {
      outlets.#otlp = outlets.#stack.use(
        await openAgentOtlp({
          destination: otlp,
          events: otlpEvents,
          metrics: outlets.#metrics,
          sources: health.sources,
          host: Deno.hostname(),
          spool,
          spoolBytes,
          onTrouble: (words) => io.err(`sloctl: ${words}\n`),
        }),
      );
    }
    undo.move();
    return outlets;
  }

  /** Events so far. */
  get events(): number {
    return this.#told;
  }

  /** Lost on the way to the OTLP receiver. */
  get drops(): Drops {
    return this.#otlp?.drops ?? {};
  }

  /** One event. Never waits and never throws. */
  told(event: ProbeEvent): void {
    this.#told++;
    this.#metrics.told(event);
    this.#otlp?.event(event);
  }

  /** Sends what is left and closes the port. What became of the events sent over OTLP, in words; "" when none were. */
  async close(): Promise<string> {
    const words = await this.#otlp?.close(LEAVE_MS) ?? "";
    await this.#stack.disposeAsync();
    return words;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
