/** Objectives that burn, as incidents a person hears of: opened once, told again when they are over, stored like any other. */
import { toIso } from "../../model/clock.ts";
import type { IncidentAttribution } from "../../model/incident_attribution.ts";
import { type BurnChange, type BurnIncident, BurnWatch } from "../../slo/burn_watch.ts";
import { durationText } from "../../slo/duration.ts";
import type { SloTracker } from "../../slo/tracker.ts";
import type { Slo } from "../../slo/slo.ts";
import { incidentEntry } from "../../store/entries.ts";
import type { Entry, Store } from "../../store/store.ts";
import { burnCause } from "./burn_cause.ts";
import type { JudgedTrace } from "./judge.ts";

export interface BurnDeskOptions {
  readonly store: Store;
  readonly tracker: SloTracker;
  /** Unix ms. */
  readonly nowMs: () => number;
  readonly cluster: string;
  readonly namespace: string;
  /** Up to when an incident by its requests told of a service, Unix ms; Infinity: it still does. */
  readonly heardMs: (service: string) => number;
  /** Is told of each incident as it opens and as it closes, after it was stored. */
  readonly onIncident?: (incident: IncidentAttribution) => void;
  readonly onFault?: (error: unknown) => void;
}

interface Broken {
  readonly traceId: string;
  readonly spanId: string;
  /** When it ended, Unix ms. */
  readonly atMs: number;
}

const TURN_MS = 5_000;
/** Of each SLO, the latest requests that broke it: so many are known, and so many are told. */
const MOST_BROKEN = 1_000;
const MOST_IDS = 100;
/** Entries looked at to find a cause. */
const MOST_ENTRIES = 60_000;
/** What a request looked up and opened was told long before it ended. */
const LONGEST_REQUEST_MS = 30_000;
const DOCUMENT_BYTES = 4_000;

export class BurnDesk {
  readonly #options: BurnDeskOptions;
  readonly #watch: BurnWatch;
  readonly #broken = new Map<string, Broken[]>();
  #nextMs = -Infinity;
  #opened = 0;

  constructor(options: BurnDeskOptions) {
    this.#options = options;
    this.#watch = new BurnWatch(options.tracker);
  }

  get open(): number {
    return this.#watch.open;
  }

  /** Since the start. */
  get opened(): number {
    return this.#opened;
  }

  /** One that an earlier process left open goes on under its id. False when it is none of these, or its objective is gone. */
  resume({ alert: told, service, slo_impact: impact, evidence, timestamp }: IncidentAttribution): boolean {
    const { tracker, nowMs } = this.#options;
    const slo = tracker.file.slos.find(({ name }) => name === impact.sli);
    const alert = slo?.alerts.find(({ level, longS, shortS }) =>
      level === told?.level && durationText(longS) === told.long && durationText(shortS) === told.short
    );
    if (slo === undefined || alert === undefined || service !== slo.service) return false;
    const errorRatio = evidence.find(({ signal }) => signal === "error_ratio")?.value ?? 0;
    const incident = { slo, alert, errorRatio, burnRate: impact.burn_rate, openedMs: Date.parse(timestamp) };
    return this.#watch.resume(incident, nowMs());
  }

  observe({ events }: JudgedTrace): void {
    let last = "";
    for (const { labels, request_id: spanId, trace_id: traceId = "", timestamp } of events) {
      if (labels?.slo_bad === undefined || spanId === last) continue;
      last = spanId; // the events of one request stand together, and say the same
      for (const name of labels.slo_bad.split(",")) {
        const list = this.#broken.get(name) ?? [];
        list.push({ traceId, spanId, atMs: Date.parse(timestamp) });
        if (list.length > MOST_BROKEN) list.shift();
        this.#broken.set(name, list);
      }
    }
  }

  /** Call it a few times a second. Never rejects. */
  async turn(): Promise<void> {
    const { tracker, nowMs, heardMs, store, onIncident, onFault } = this.#options;
    const now = nowMs();
    if (now < this.#nextMs) return;
    this.#nextMs = now + TURN_MS;
    try {
      for (const change of this.#watch.turn(now, heardMs(tracker.file.service))) {
        if (change.kind === "opened") this.#opened++;
        const document = await this.#document(change);
        await store.append([incidentEntry(document, DOCUMENT_BYTES)]);
        onIncident?.(document);
      }
    } catch (error) {
      onFault?.(error);
    }
  }

  async #document(change: BurnChange): Promise<IncidentAttribution> {
    const { incident } = change;
    const { slo, alert, errorRatio, burnRate, openedMs } = incident;
    const { cluster, namespace } = this.#options;
    const broken = (this.#broken.get(slo.name) ?? []).toReversed();
    const told = broken.slice(0, MOST_IDS);
    const { evidence, ...cause } = await this.#cause(slo, broken);
    return {
      schema: "incident_attribution/v1.1",
      incident_id: incidentId(incident),
      timestamp: iso(openedMs),
      cluster,
      ...(namespace === "" ? {} : { namespace }),
      service: slo.service,
      ...cause,
      evidence: [{ signal: "error_ratio", value: errorRatio, source: "otel" }, ...evidence],
      slo_impact: { sli: slo.name, burn_rate: burnRate, window_minutes: Math.max(1, Math.round(alert.longS / 60)) },
      alert: { level: alert.level, long: durationText(alert.longS), short: durationText(alert.shortS) },
      trace_ids: told.map(({ traceId }) => traceId),
      request_ids: told.map(({ spanId }) => spanId),
      state: change.kind === "closed" ? "closed" : "open",
      ...(change.kind === "closed" ? { closed_at: iso(change.atMs), closed_because: change.because } : {}),
    };
  }

  /** @param broken newest first */
  async #cause(slo: Slo, broken: readonly Broken[]) {
    const firstMs = broken.reduce((least, { atMs }) => Math.min(least, atMs), this.#options.nowMs());
    const sinceNs = BigInt(firstMs) * 1_000_000n;
    const entries: Entry[] = [];
    const filter = { kinds: ["span", "probe"], sinceNs: sinceNs - BigInt(LONGEST_REQUEST_MS) * 1_000_000n } as const;
    await this.#options.store.eachNewest(MOST_ENTRIES, filter, (entry) => entries.push(entry));
    const spans = entries.flatMap((entry) => entry.kind === "span" ? [entry.document] : []).reverse();
    const marked = (mark: "synthetic" | "replay") => spans.some(({ resource }) => resource[mark] === true);
    const cause = burnCause({
      slo,
      broken: new Set(broken.map(({ traceId }) => traceId)),
      sinceNs,
      epochNs: sinceNs,
      spans,
      probes: entries.flatMap((entry) => entry.kind === "probe" ? [entry.document] : []).reverse(),
    });
    return {
      ...cause,
      ...(marked("synthetic") ? { synthetic: true as const } : {}),
      ...(marked("replay") ? { replay: true as const } : {}),
    };
  }
}

function iso(unixMs: number): string {
  return toIso({ monotonicNs: 0, unixNs: BigInt(Math.round(unixMs)) * 1_000_000n }, 0);
}

/** `inc-20260102030405678-rag-gateway-availability-page`: beside the incident of the requests themselves. */
function incidentId({ slo, alert, openedMs }: BurnIncident): string {
  const at = new Date(openedMs).toISOString().replace(/[^0-9]/g, "");
  const words = [slo.service.slice(0, 64), slo.name.slice(0, 64), alert.level];
  return `inc-${at}-${words.join(" ").replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "")}`;
}
