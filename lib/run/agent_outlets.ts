/** What an agent tells beside its lines: metrics and health on a port, events and a heartbeat to an OTLP receiver. */
import { AgentMetrics, type ToldEvent } from "../export/agent_metrics.ts";
import { type Drops, sumOfDrops } from "../model/agent_drops.ts";
import { IoError } from "../model/errors.ts";
import type { Io } from "../model/io.ts";
import type { ProbeEvent } from "../model/probe_event.ts";
import { plural } from "../report/format.ts";
import type { Health } from "./agent_health.ts";
import { type AgentOtlp, openAgentOtlp, type OtlpEnd } from "./agent_otlp.ts";
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

/** For a run that ends by itself: what it could not deliver is its failure. @throws IoError */
export function refuseLostEvents(end: OtlpEnd | null): void {
  if (end === null || end.lost === 0) return;
  throw new IoError(
    `Cannot send "${plural(end.lost, "event")}" to "${end.shown}": the receiver did not take them`,
    "Look at what it answered, above; --spool DIR keeps what could not be sent for another run",
  );
}

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
    this.count(event);
    this.#otlp?.event(event);
  }

  /** One event that goes nowhere else but into the metrics. */
  count(event: ToldEvent): void {
    this.#told++;
    this.#metrics.told(event);
  }

  /** Sends what is left, says what became of the events sent over OTLP, and closes the port. */
  async close(io: Pick<Io, "err">): Promise<OtlpEnd | null> {
    const end = await this.#otlp?.close(LEAVE_MS) ?? null;
    await this.#stack.disposeAsync();
    if (end !== null && end.words !== "") io.err(`sloctl: ${end.words}\n`);
    return end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
