/** What is sent on: enriched spans over OTLP, incidents to a webhook. It never makes the one who gives them wait. */
import { openOtlpExporter, type OtlpExporter, type OtlpExporterState } from "../export/otlp_exporter.ts";
import { openWebhook, type WebhookSender, type WebhookState } from "../export/webhook_sender.ts";
import { IoError, UsageError } from "../model/errors.ts";
import type { IncidentAttribution } from "../model/incident_attribution.ts";
import type { Io } from "../model/io.ts";
import type { Span } from "../model/span.ts";
import { encodeTraces } from "../otlp/mod.ts";
import { count, plural } from "../report/format.ts";
import type { SendOptions } from "./send_options.ts";

export interface Sending extends AsyncDisposable {
  /** null where nothing is sent there. For /metrics and /v1/health. */
  readonly state: { readonly otlp: OtlpExporterState | null; readonly webhook: WebhookState | null };
  spans(spans: readonly Span[]): void;
  /** Spans given since the start that there was room for, and how many of them, the first, are in the spool or beyond. */
  readonly onward: { readonly given: number; readonly safe: number };
  incident(incident: IncidentAttribution): void;
  /** What somebody should know: a receiver that does not take, losses, dead letters. Empty when all is well. */
  warnings(): string[];
  /**
   * Sends what is left for at most `drainMs`, or until `stop` fires, then ends and says on stderr what became of everything. Returns
   * what is lost for good.
   */
  close(drainMs: number, stop?: AbortSignal): Promise<Losses>;
}

export interface Losses {
  readonly spans: number;
  readonly incidents: number;
}

/** @throws UsageError, IoError */
export async function openSending(options: SendOptions, io: Pick<Io, "err">): Promise<Sending> {
  const { otlp, webhook, spool, spoolBytes } = options;
  const onTrouble = (words: string) => io.err(`sloctl: ${words}\n`);
  await using undo = new AsyncDisposableStack();
  const exporter = otlp === undefined ? null : undo.use(
    await openOtlpExporter<Span>({
      ...otlp,
      signal: "traces",
      encode: (spans) => encodeTraces(spans, "protobuf"),
      onTrouble,
      ...(spool === undefined ? {} : { spoolDirectory: `${spool}/traces`, spoolBytes }),
    }),
  );
  const sender = webhook === undefined ? null : undo.use(
    await openWebhook({ ...webhook, onTrouble, ...(spool === undefined ? {} : { directory: `${spool}/webhook` }) }),
  );
  undo.move();
  return new Senders(exporter, sender, spool, io);
}

/** A collector that sends its spans to itself receives them for ever. @throws UsageError */
export function refuseLoop(
  { otlp }: SendOptions,
  own: { readonly hostname: string; readonly port: number },
): void {
  if (otlp === undefined) return;
  const { protocol, hostname, port } = new URL(otlp.endpoint);
  const theirPort = Number(port) || (protocol === "https:" ? 443 : 80);
  const local = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", own.hostname, `[${own.hostname}]`];
  if (theirPort !== own.port || !local.includes(hostname)) return;
  throw new UsageError(
    `Cannot send spans to "${hostname}:${port}": that is this collector itself`,
    "Give another --otlp-endpoint, or listen on another port",
  );
}

class Senders implements Sending {
  #closed: Promise<Losses> | undefined;

  constructor(
    private readonly exporter: OtlpExporter<Span> | null,
    private readonly webhook: WebhookSender | null,
    private readonly spool: string | undefined,
    private readonly io: Pick<Io, "err">,
  ) {}

  get state(): Sending["state"] {
    return { otlp: this.exporter?.state ?? null, webhook: this.webhook?.state ?? null };
  }

  get onward(): Sending["onward"] {
    if (this.exporter === null) return { given: 0, safe: 0 };
    const { offered, gathering, dropped } = this.exporter.state;
    const given = offered - dropped.queue_full;
    return { given, safe: given - gathering };
  }

  spans(spans: readonly Span[]): void {
    this.exporter?.offer(spans);
  }

  incident(incident: IncidentAttribution): void {
    this.webhook?.offer(incident);
  }

  warnings(): string[] {
    const { otlp, webhook } = this.state;
    const warnings: string[] = [];
    if (otlp !== null) {
      if (otlp.failing > 0) warnings.push(`${otlp.shown} takes no spans: ${otlp.trouble}; ${otlp.spool.items} wait`);
      const lost = lostSpans(otlp);
      if (lost !== "") warnings.push(`spans that ${otlp.shown} will never see: ${lost}`);
    }
    if (webhook !== null) {
      if (webhook.waiting > 0 && webhook.trouble !== "") {
        warnings.push(`${webhook.shown} takes no incidents: ${webhook.trouble}; ${webhook.waiting} wait`);
      }
      if (webhook.dead.length > 0) {
        const ids = webhook.dead.slice(-3).map(({ key, state }) => `${key} (${state})`).join(", ");
        warnings.push(`${plural(webhook.dead.length, "incident message")} could not be delivered, the last: ${ids}`);
      }
    }
    return warnings;
  }

  close(drainMs: number, stop?: AbortSignal): Promise<Losses> {
    return this.#closed ??= this.#close(drainMs, stop);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close(0);
  }

  async #close(drainMs: number, stop?: AbortSignal): Promise<Losses> {
    const { exporter, webhook, spool } = this;
    await Promise.all([exporter?.drain(drainMs, stop), webhook?.drain(drainMs, stop)]);
    await Promise.all([exporter?.close(Math.min(drainMs, 1_000)), webhook?.close()]);
    const { otlp, webhook: letters } = this.state;
    const kept = spool === undefined ? 0 : otlp?.spool.items ?? 0;
    if (otlp !== null && otlp.offered + otlp.sent + kept > 0) {
      const rest = [kept > 0 && `${count(kept)} wait in ${spool} for the next start`, lostSpans(otlp)];
      this.io.err(`sloctl: ${[`${plural(otlp.sent, "span")} -> ${otlp.shown}`, ...rest.filter(Boolean)].join("; ")}\n`);
    }
    if (letters !== null && letters.offered + letters.sent + letters.waiting > 0) {
      const { sent, waiting, dead, shown, repeated } = letters;
      const rest = [
        repeated > 0 && `${count(repeated)} known already`,
        waiting > 0 && (spool === undefined ? `${count(waiting)} not delivered` : `${count(waiting)} wait in ${spool}`),
        dead.length > 0 && `${plural(dead.length, "dead letter")}`,
      ];
      this.io.err(
        `sloctl: ${[`${plural(sent, "incident message")} -> ${shown}`, ...rest.filter(Boolean)].join("; ")}\n`,
      );
    }
    const lost = (state: OtlpExporterState) =>
      Object.values(state.dropped).reduce((sum, one) => sum + one, state.refused + state.rejected);
    return {
      spans: otlp === null ? 0 : lost(otlp),
      incidents: letters === null || spool !== undefined ? 0 : letters.waiting + letters.dead.length,
    };
  }
}

/** For a run that ends by itself: what it could not deliver is its failure. @throws IoError */
export function refuseLosses({ spans, incidents }: Losses): void {
  if (spans + incidents === 0) return;
  const what = [spans > 0 && plural(spans, "span"), incidents > 0 && plural(incidents, "incident message")].filter(
    Boolean,
  );
  throw new IoError(
    `Cannot send "${what.join(" and ")}": the receiver did not take them`,
    "Look at what it answered, above; --spool DIR keeps what could not be sent for another run",
  );
}

/** By reason; "" when none is. */
function lostSpans({ dropped, refused, rejected }: OtlpExporterState): string {
  const rows = [...Object.entries(dropped), ["refused", refused], ["rejected", rejected]] as [string, number][];
  const lost = rows.filter(([, n]) => n > 0).map(([reason, n]) => `${count(n)} ${reason}`);
  return lost.length === 0 ? "" : `lost ${lost.join(", ")}`;
}
